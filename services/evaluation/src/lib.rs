//! Evaluation asks how a resolved case ended: the caller rates the outcome, the calling street rates each department it
//! called, and from both and the clocks every department gets its score (R-70 … R-79).
//!
//! Open `domain/decide.rs` first: it is the whole table of a case. `domain/score.rs` has the arithmetic, `inbox.rs` what we
//! follow, `grpc.rs` who may say what. The other half is the period: `domain/period.rs` has its table, `reading.rs` what it is
//! counted from, `periods.rs` its desk, `audit.rs` whoever counts again. What a street asks its communities is in
//! `domain/ballot.rs`, with its desk in `ballots.rs`. Grid members are appraised by `domain/period/appraisal.rs`, from what
//! `appraising.rs` reads, at the desk in `appraisals.rs`.
//!
//! Invariants: one rating per principal and round; no deduction without a reason; a score comes in the
//! same commit as the fact that completes it, once per party and round, and can be computed again from the record
//! alone (I9); nobody can edit one. What nobody rated stays empty: silence is no mark.

mod appraisals;
mod appraising;
pub mod audit;
mod ballots;
pub mod config;
pub mod domain;
mod grpc;
mod inbox;
mod marks;
mod periods;
pub mod reaction;
pub mod reading;
mod wire;

use chassis::{Service, Starting};
use proto::evaluation::v1::appraisal_service_server::AppraisalServiceServer;
use proto::evaluation::v1::ballot_service_server::BallotServiceServer;
use proto::evaluation::v1::evaluation_service_server::EvaluationServiceServer;
use proto::evaluation::v1::period_service_server::PeriodServiceServer;
use station::{Desk, Station};

pub use config::Config;
pub use domain::Rules;

/// Connects, follows dispatch and itself, answers its alarms, serves gRPC.
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
    service.spawn("answer alarms", inbox::ring(desk.clone(), service.stopping()));
    let periods = Desk::<domain::period::Rules>::open(&station).await?;
    let tables = periods::Tables::open(periods, service.stopping()).await?;
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    let ballots = Desk::<domain::ballot::Rules>::open(&station).await?;
    service.grpc(PeriodServiceServer::new(periods::PeriodDoor(std::sync::Arc::clone(&tables))));
    service.grpc(AppraisalServiceServer::new(appraisals::AppraisalDoor(tables)));
    service.grpc(BallotServiceServer::new(ballots::BallotDoor::new(ballots)));
    let door = grpc::Door::new(desk);
    service.spawn("hear what bridges' callers think", inbox::ratings(door.clone(), service.stopping()));
    service.grpc(EvaluationServiceServer::new(door));
    Ok(())
}
