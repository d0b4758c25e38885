//! The roster on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::enforcement_center::v1 as wire;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;

use super::{any, known, optional_time};
use crate::domain::roster::{self, Entry, SeatKind};

impl Aggregate for roster::Rules {
    const OWNER: Owner = Owner::EnforcementCenter;
    /// A roster has no other owner, so it may fill one load alone: thirty years for a centre whose 22 officers
    /// change every other year.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(event: &roster::Event) -> AnyEvent {
        any(match event {
            roster::Event::OfficerSeated(entry) => WireEvent::OfficerSeated(wire::OfficerSeated {
                party: entry.party.to_string(),
                officer: Some(shared::to_officer(&entry.officer)),
                rank: entry.rank.to_string(),
                kind: to_seat_kind(entry.kind).into(),
                substitute: entry.substitute,
            }),
            roster::Event::OfficerUnseated { party, staff_ref } => WireEvent::OfficerUnseated(wire::OfficerUnseated {
                party: party.to_string(),
                staff_ref: staff_ref.clone(),
            }),
            roster::Event::OfficerAway { party, staff_ref, until } => WireEvent::OfficerAway(wire::OfficerAway {
                party: party.to_string(),
                staff_ref: staff_ref.clone(),
                until: until.map(|until| until.to_wire()),
            }),
        })
    }

    fn from_wire(event: &AnyEvent) -> Result<roster::Event, WireError> {
        match known(event)? {
            WireEvent::OfficerSeated(fact) => Ok(roster::Event::OfficerSeated(Entry {
                party: shared::code("party", &fact.party)?,
                officer: shared::officer(fact.officer.as_ref())?,
                rank: shared::code("rank", &fact.rank)?,
                kind: from_seat_kind(fact.kind)?,
                substitute: fact.substitute,
            })),
            WireEvent::OfficerUnseated(fact) => Ok(roster::Event::OfficerUnseated {
                party: shared::code("party", &fact.party)?,
                staff_ref: fact.staff_ref.clone(),
            }),
            WireEvent::OfficerAway(fact) => Ok(roster::Event::OfficerAway {
                party: shared::code("party", &fact.party)?,
                staff_ref: fact.staff_ref.clone(),
                until: optional_time("until", fact.until.as_ref())?,
            }),
            WireEvent::OperationOpened(_)
            | WireEvent::SeatLapsed(_)
            | WireEvent::SeatEscalated(_)
            | WireEvent::MeetingHeld(_)
            | WireEvent::StopOrdered(_)
            | WireEvent::NextStepTaken(_)
            | WireEvent::SeatCalled(_)
            | WireEvent::SeatTaken(_)
            | WireEvent::PathDecided(_)
            | WireEvent::OnSite(_)
            | WireEvent::NoticeServed(_)
            | WireEvent::ReinspectionDue(_)
            | WireEvent::Reinspected(_)
            | WireEvent::NoticeComplied(_)
            | WireEvent::NoticeBreached(_)
            | WireEvent::RelatedCaseSpawned(_)
            | WireEvent::OperationConcluded(_)
            | WireEvent::OperationCancelled(_)
            | WireEvent::OfficerRegistered(_)
            | WireEvent::OfficerSeconded(_)
            | WireEvent::DocumentNumbered(_)
            | WireEvent::SecondmentEnded(_) => Err(WireError::new("event", "about an operation, not a roster")),
        }
    }

    fn next_deadline(_: &roster::State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &roster::Command) -> bool {
        matches!(command, roster::Command::Unseat { .. })
    }
}

impl Refuse for roster::Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NotSeated { .. } => StatusCode::NotFound,
            Self::Rank { .. }
            | Self::IsResident(_)
            | Self::IsNotResident(_)
            | Self::SitsForAnother { .. }
            | Self::NoSubstituteForResident(_)
            | Self::HasSubstitute { .. } => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::Rank { .. } => "rank",
            Self::IsResident(_) => "is-resident",
            Self::IsNotResident(_) => "is-not-resident",
            Self::SitsForAnother { .. } => "sits-for-another",
            Self::NoSubstituteForResident(_) => "no-substitute-for-resident",
            Self::HasSubstitute { .. } => "has-substitute",
            Self::NotSeated { .. } => "not-seated",
        }
    }
}

pub(crate) fn to_seat_kind(kind: SeatKind) -> wire::SeatKind {
    match kind {
        SeatKind::Resident => wire::SeatKind::Resident,
        SeatKind::OnCall => wire::SeatKind::OnCall,
    }
}

pub(crate) fn from_seat_kind(kind: i32) -> Result<SeatKind, WireError> {
    match wire::SeatKind::try_from(kind) {
        Ok(wire::SeatKind::Unspecified) => Err(WireError::new("kind", "missing: resident or on call")),
        Ok(wire::SeatKind::Resident) => Ok(SeatKind::Resident),
        Ok(wire::SeatKind::OnCall) => Ok(SeatKind::OnCall),
        Err(_) => Err(WireError::new("kind", format!("{kind} is not known here"))),
    }
}
