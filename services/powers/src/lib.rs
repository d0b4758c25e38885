//! The powers that a district has given its streets: they are heard on decisions ([`domain::consultation`]) and on people
//! ([`domain::personnel`]) before these go on, ask for things by themselves ([`domain::suggestion`]),
//! sign what is planned, built and accepted ([`domain::sign_off`]), pool funds ([`domain::funds`]), have their posts counted
//! ([`domain::headcount`]) and assess who is posted to them ([`domain::allowance`]).
//!
//! Each power is a rule book of its own in `domain/`; open the one you look for. `bench.rs` is what all doors share: whether
//! the district has given the power at all, and whose the matter is. `inbox.rs` minds deadlines, and gives letters
//! their numbers (`registers.rs`). It keeps no list: lists are read in the casebook.
//!
//! Invariants: a project leaves a phase, and a letter is decided, only when the street was heard or its time is over; that
//! it is over is on the record before what was decided without it; each deadline is recorded at most once and never
//! early (I7); letters of one district and year are numbered without a gap, and none twice; a confidential letter is
//! shown to its parties alone; no gate of a work is submitted before the one
//! before it is signed; no earmarked fund is pooled and no balance is less than nothing; no more posts are filled than
//! are approved; a power that is not given refuses everything (`power-not-granted`).

mod bench;
pub mod config;
pub mod domain;
mod doors;
mod fields;
mod inbox;
mod registers;
mod wire;

use chassis::Service;
use proto::powers::v1::allowance_service_server::AllowanceServiceServer;
use proto::powers::v1::consultation_service_server::ConsultationServiceServer;
use proto::powers::v1::funds_service_server::FundsServiceServer;
use proto::powers::v1::headcount_service_server::HeadcountServiceServer;
use proto::powers::v1::personnel_service_server::PersonnelServiceServer;
use proto::powers::v1::sign_off_service_server::SignOffServiceServer;
use proto::powers::v1::suggestion_service_server::SuggestionServiceServer;
use station::{Desk, Station};

pub use config::Config;

use domain::{allowance, consultation, funds, headcount, letters, personnel, sign_off, suggestion};

/// Connects, follows its own commits, minds the deadlines, serves departments, streets and the district.
///
/// # Errors
/// The broker is not reachable or not provisioned.
pub async fn start(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let station = Station::open(&config.station, service).await?;
    let consultations = Desk::<consultation::Rules>::open(&station).await?;
    let personnel = Desk::<personnel::Rules>::open(&station).await?;
    let suggestions = Desk::<suggestion::Rules>::open(&station).await?;
    let sign_offs = Desk::<sign_off::Rules>::open(&station).await?;
    let funds = Desk::<funds::Rules>::open(&station).await?;
    let headcounts = Desk::<headcount::Rules>::open(&station).await?;
    let allowances = Desk::<allowance::Rules>::open(&station).await?;
    let registers = registers::Registers::new(Desk::<letters::Rules>::open(&station).await?);

    let inbox = inbox::Inbox { consultations: consultations.clone(), personnel: personnel.clone(), registers };
    service.spawn("follow the record", inbox::follow(inbox.clone(), service.stopping()));
    service.spawn("mind the deadlines", inbox::mind_deadlines(inbox, service.stopping()));
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(ConsultationServiceServer::new(doors::consultations::Door::new(consultations)));
    service.grpc(PersonnelServiceServer::new(doors::personnel::Door::new(personnel)));
    service.grpc(SuggestionServiceServer::new(doors::suggestions::Door::new(suggestions)));
    service.grpc(SignOffServiceServer::new(doors::sign_offs::Door::new(sign_offs)));
    service.grpc(FundsServiceServer::new(doors::funds::Door::new(funds)));
    service.grpc(HeadcountServiceServer::new(doors::headcount::Door::new(headcounts)));
    service.grpc(AllowanceServiceServer::new(doors::allowances::Door::new(allowances)));
    Ok(())
}
