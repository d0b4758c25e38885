//! Dispatch owns every case from its assignment to its end: who has it, who was called, who came, what was done, and
//! that no clock is forgotten.
//!
//! A judged case enters by `inbox.rs`, the desk's commands by `grpc.rs`, departments' answers by `answers.rs`; all end
//! in `domain/`, whose table is the middle of the whole platform: open `domain/mod.rs` first. What a followed commit asks
//! for is in `reaction.rs`, what a commit of our own causes (orders to departments) in `effects.rs`; what was handled
//! where, and so comes back, in `recurrence.rs`; how a case hears that its caller has been helped in another, in `help.rs`.
//!
//! Invariants: a call ends exactly once, and nothing happens on it after (I3); a department gets exactly the calls
//! addressed to it (I5); an answer belongs to the account that sent it (I6); a deadline acts once and never early
//! (I7); dispatch alone ends a case (D11).

pub mod above;
mod answers;
mod app;
pub mod config;
pub mod domain;
mod effects;
mod fields;
mod grpc;
pub mod help;
mod inbox;
pub mod reaction;
mod recurrence;
mod related;
pub mod terms;
mod wire;

use chassis::{Service, Starting};
use proto::dispatch::v1::dispatch_service_server::DispatchServiceServer;
use station::{Desk, Station};

pub use config::Config;
pub use domain::Rules;
pub use grpc::may;
pub use recurrence::write_spots;

/// Connects, follows the others, listens to departments, serves the desk.
///
/// # Errors
/// The broker is not reachable or not provisioned.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let station = Station::open(&config.station, service).await?;
    let app = app::App::open(Desk::<Rules>::open(&station).await?).await?;
    let effects = effects::Effects::open(&station).await?;

    let recurrences = recurrence::Recurrences::open(&station.broker).await?;

    service.spawn("follow the record", inbox::follow(app.clone(), effects, recurrences, service.stopping()));
    service.spawn("mind the deadlines", inbox::mind_deadlines(app.clone(), service.stopping()));
    service.spawn("answer departments", answers::serve(app.clone(), service.stopping()));
    service.spawn("read orders out", answers::read_orders(app.clone(), service.stopping()));
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(DispatchServiceServer::new(grpc::Door::new(app)));
    Ok(())
}
