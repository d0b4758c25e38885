//! The casebook shows cases: lists, queues, statistics, suggestions, and every fact of one case. It decides nothing.
//!
//! A commit walks `record::projection` → `keep.rs` → the file of what it changes (`cases.rs`, `queue.rs`, `callbacks.rs`,
//! `league.rs`, `officers.rs`, `powers.rs`, `open.rs`: each has its table, what a fact does to it, and how it is read). A question walks `grpc.rs`
//! (who may see what) → `tending.rs` (is the copy there, and fresh enough) → the same file. One case is not read from the
//! copy but from the record, and told by `timeline.rs`; what a bridge may pass on of its cases by `changes.rs`. Bridges ask over
//! NATS, too (`inbox.rs`). Open `keep.rs` first.
//!
//! Invariants: the copy can be deleted at any time; every answer says how far it reads; what the asker may not see does
//! not exist here; what a question costs does not grow with the record. A statement (`report.rs`) costs what its period holds.

mod asking;
mod callbacks;
mod cases;
mod catalogue;
mod changes;
mod config;
mod copy;
mod course;
mod grpc;
mod inbox;
mod joined;
mod keep;
mod league;
mod news;
mod officers;
mod open;
mod passages;
mod powers;
mod publications;
mod queue;
mod report;
mod snapshot;
#[doc(hidden)]
pub mod speed;
mod suggesting;
mod tending;
mod timeline;
mod view;
mod watch;

pub use cases::Line;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;

use archive::Shelf;
use chassis::{Service, Starting};
use proto::casebook::v1::casebook_service_server::CasebookServiceServer;
use station::Station;

pub use config::Config;
pub use copy::FORM;

/// Volumes of filed cases kept in memory: the one that is read through, and one for who asks for a case.
const VOLUMES_KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// Connects, keeps the copy level with the record, and answers.
///
/// # Errors
/// The broker is not reachable or not provisioned, or there is no place for the copy.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let station = Station::open(&config.station, service).await?;
    let place = copy::Place::new(config.file.as_deref())?;
    let shelf = Shelf::open(&station.broker, VOLUMES_KEPT).await?;
    let copy = tending::Copy::new(&station.broker, &shelf);
    let gate = service.ready().gate("copy");
    if config.ready_while_behind {
        gate.open();
    }
    service.spawn("publish snapshots", {
        let (broker, projection) = (station.broker.clone(), copy.projection().clone());
        snapshot::publish_every(config.snapshot_every(), broker, place.clone(), projection, service.stopping())
    });
    service.spawn("keep the copy", copy.clone().tend(place, service.stopping(), gate));
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    let door = Arc::new(grpc::Door::new(station, copy, shelf, service.stopping()));
    service.spawn("show bridges a case", inbox::cases(Arc::clone(&door), service.stopping()));
    service.spawn("tell bridges what changed", inbox::changes(Arc::clone(&door), service.stopping()));
    service.grpc(CasebookServiceServer::from_arc(door));
    Ok(())
}
