//! The enforcement centre of a street runs one joint operation on each comprehensive case: assessed together, on site,
//! with notices that are inspected again when they run out. It also keeps the roster of who sits in the centre, and of
//! every officer whose they are and where they work for a while (`staff.rs`).
//!
//! A case walks `inbox.rs` → `dispatched.rs` (is it the centre's?) → `domain/operation.rs` (the joint work), and what
//! was found on site leaves by `effects.rs` as a case of its own. Open `domain/operation/decide.rs` first.
//!
//! Invariants: nobody goes out before the path was decided; an operation is not concluded while a notice is
//! open or what its breach made mandatory is not done; each deadline of a notice or a called seat is recorded at most
//! once and never early (I7); what a desk is shown as allowed is what the rules take (`domain/operation/allowed.rs`); a related case is submitted under a
//! reference of its own commit, so that it is one case however often that is followed (D11); documents of a centre are
//! numbered without a gap, and none twice (`registers.rs`).

mod centre;
pub mod config;
pub mod dispatched;
mod documents;
pub mod domain;
mod effects;
mod fields;
mod grpc;
mod inbox;
mod registers;
mod staff;
mod wire;

use chassis::{Service, Starting};
use proto::enforcement_center::v1::enforcement_center_service_server::EnforcementCenterServiceServer;
use proto::enforcement_center::v1::staff_service_server::StaffServiceServer;
use station::{Desk, Station};

pub use config::Config;

use domain::{operation, register, roster};

/// Connects, follows dispatch and its own commits, minds the notices, serves the centres.
///
/// # Errors
/// The broker is not reachable or not provisioned.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let station = Station::open(&config.station, service).await?;
    let operations = Desk::<operation::Rules>::open(&station).await?;
    let rosters = Desk::<roster::Rules>::open(&station).await?;

    let officers = Desk::<domain::staff::Rules>::open(&station).await?;
    let registers = registers::Registers::new(Desk::<register::Rules>::open(&station).await?);
    let following = inbox::follow(operations.clone(), registers.clone(), service.stopping());
    service.spawn("follow the record", following);
    service.spawn("mind the deadlines", inbox::mind_deadlines(operations.clone(), rosters.clone(), service.stopping()));
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(StaffServiceServer::new(staff::StaffDoor::new(officers)));
    service.grpc(EnforcementCenterServiceServer::new(grpc::Door::new(operations, rosters, registers)));
    Ok(())
}
