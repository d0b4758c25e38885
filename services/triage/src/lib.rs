//! Triage says what a case is about, how hard it is, and who has to solve it; what its rules are not sure of waits in
//! a queue for a person.
//!
//! A received case walks `inbox.rs` → `reaction.rs` → `grading.rs` (the charter's answer) → `domain/` (what follows) → the record.
//! Open `grading.rs` first.
//!
//! Invariants: no case leaves without a category; a regrade keeps the history; a person's judgement is
//! never overruled by the rules.

pub mod config;
pub mod domain;
pub mod grading;
mod grpc;
mod inbox;
pub mod reaction;
pub mod standing;
mod wire;

use chassis::{Service, Starting};
use proto::triage::v1::triage_service_server::TriageServiceServer;
use station::{Desk, Station};

pub use config::Config;
pub use domain::Rules;

/// Connects, follows what comes in, serves the judgement desk.
///
/// # Errors
/// The broker is not reachable or not provisioned.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let station = Station::open(&config.station, service).await?;
    let desk = Desk::<Rules>::open(&station).await?;

    service.spawn("follow the record", inbox::follow(desk.clone(), service.stopping()));
    service.spawn("mind the deadlines", inbox::mind_deadlines(desk.clone(), service.stopping()));
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(TriageServiceServer::new(grpc::Door::new(desk)));
    Ok(())
}
