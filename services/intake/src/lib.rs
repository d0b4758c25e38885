//! Intake turns whatever comes in, by any channel, into one case, exactly once.
//!
//! A case walks `grpc.rs` or `inbox.rs` (the two doors) → `app.rs` (reference, case id, commit; what makes a repeat is in `content.rs`) → `domain/`
//! (what is accepted); what is said of it afterwards is in `said.rs`. Open `app.rs` first. Two cases become one in `merging.rs`, and `effects.rs` finishes what a crash
//! left half done; a filed case goes on as a new one in `reopening.rs`. What households are asked is in `polls.rs`, how people are reached (D8) in `people.rs`. It keeps no list: cases are read in the casebook.
//!
//! Invariants: an acknowledged submission is in the record exactly once (I1); what is rejected is counted, logged and
//! not recorded; a merged case's caller is on the record of the earlier case first (D11); no telephone, identity or plate number of a free text is recorded (D8).

mod app;
mod callers;
pub mod config;
mod content;
pub mod domain;
pub mod effects;
mod grpc;
mod inbox;
pub mod merging;
mod pauses;
mod people;
mod polls;
mod reopening;
mod said;
mod seal;
mod wire;

use std::num::NonZeroUsize;
use std::sync::Arc;

use archive::Shelf;
use chassis::{Service, Starting};
use proto::intake::v1::intake_service_server::IntakeServiceServer;
use proto::intake::v1::people_service_server::PeopleServiceServer;
use proto::intake::v1::poll_service_server::PollServiceServer;
use station::{Desk, Station};

pub use config::Config;
pub use domain::Rules;

/// Connects, serves both doors.
///
/// # Errors
/// The broker is not reachable or not provisioned.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let station = Station::open(&config.station, service).await?;
    let desk = Desk::<Rules>::open(&station).await?;
    let polls = Desk::<domain::poll::Rules>::open(&station).await?;
    let shelf = Shelf::open(&station.broker, NonZeroUsize::MIN).await?;
    let people = Desk::<domain::person::Rules>::open(&station).await?;
    let people = people::People::open(people, config.reference_key()?, config.seal()?).await?;
    let pauses = pauses::Pauses::open(&station.broker).await?;
    let app = app::App::open(desk, pauses.clone(), people, config.reference_key()?, config.receipt_key()?).await?;
    let app = Arc::new(app);

    service.spawn("know who is paused", pauses.follow(station.broker.clone(), service.stopping()));
    service.spawn("finish merges", inbox::follow(Arc::clone(&app), polls.clone(), service.stopping()));
    service.spawn("mind the deadlines", inbox::mind_deadlines(polls.clone(), service.stopping()));
    service.spawn("answer bridges", inbox::serve(Arc::clone(&app), service.stopping()));
    service.spawn("hear what bridges add", inbox::supplements(Arc::clone(&app), service.stopping()));
    service.spawn("hear what bridges take back", inbox::withdrawals(Arc::clone(&app), service.stopping()));
    service.spawn("look references up", inbox::look_up(Arc::clone(&app), service.stopping()));
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(PeopleServiceServer::new(people::PeopleDoor::new(Arc::clone(&app))));
    service.grpc(PollServiceServer::new(polls::PollDoor::new(Arc::clone(&app), polls)));
    service.grpc(IntakeServiceServer::new(grpc::Door::new(app, shelf)));
    Ok(())
}
