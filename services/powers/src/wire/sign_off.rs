//! Works that a street signs off, on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::{Refuse, wire as shared};
use tonic::Code as StatusCode;

use super::{any, from_documents, from_gate, known, to_documents, to_gate};
use crate::domain::sign_off::{Command, Event, Refusal, Rules, State, Submission, Work};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: three gates, twenty times submitted and answered.
    const REVISIONS_MAX: u64 = 200;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Opened(Work { department, street, title }) => WireEvent::WorkOpened(wire::WorkOpened {
                department: department.to_string(),
                street: street.to_string(),
                title: title.clone(),
            }),
            Event::Submitted { gate, submission } => WireEvent::GateSubmitted(wire::GateSubmitted {
                gate: to_gate(*gate),
                documents: to_documents(&submission.documents),
                note: submission.note.clone(),
            }),
            Event::Signed { gate, note } => {
                WireEvent::GateSigned(wire::GateSigned { gate: to_gate(*gate), note: note.clone() })
            }
            Event::Refused { gate, reason } => {
                WireEvent::GateRefused(wire::GateRefused { gate: to_gate(*gate), reason: reason.clone() })
            }
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about a work")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::WorkOpened(fact) => Event::Opened(Work {
                department: shared::code("department", &fact.department)?,
                street: shared::code("street", &fact.street)?,
                title: fact.title.clone(),
            }),
            WireEvent::GateSubmitted(fact) => Event::Submitted {
                gate: from_gate(fact.gate)?,
                submission: Submission { documents: from_documents(&fact.documents), note: fact.note.clone() },
            },
            WireEvent::GateSigned(fact) => Event::Signed { gate: from_gate(fact.gate)?, note: fact.note.clone() },
            WireEvent::GateRefused(fact) => Event::Refused { gate: from_gate(fact.gate)?, reason: fact.reason.clone() },
            _ => return Err(WireError::new("event", "not about a work")),
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Sign { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchWork => StatusCode::NotFound,
            Self::WorkExists => StatusCode::AlreadyExists,
            Self::GateBefore(_) | Self::SignedAlready(_) | Self::NotSubmitted(_) | Self::TooManySubmissions(_) => {
                StatusCode::FailedPrecondition
            }
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchWork => "no-such-work",
            Self::WorkExists => "work-exists",
            Self::GateBefore(_) => "gate-before",
            Self::SignedAlready(_) => "signed-already",
            Self::NotSubmitted(_) => "not-submitted",
            Self::TooManySubmissions(_) => "too-many-submissions",
        }
    }
}
