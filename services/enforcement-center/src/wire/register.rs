//! The register of documents on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::enforcement_center::v1 as wire;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::Refuse;
use tonic::Code as StatusCode;

use super::{any, known};
use crate::domain::register::{Command, Event, Paper, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::EnforcementCenter;
    /// A page has no other owner, and is full long before.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(Event::Numbered { paper, number }: &Event) -> AnyEvent {
        any(WireEvent::DocumentNumbered(wire::DocumentNumbered {
            case_id: paper.case.clone(),
            document: paper.document.clone(),
            number: *number,
        }))
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about a register")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        match known(event)? {
            WireEvent::DocumentNumbered(fact) => Ok(Event::Numbered {
                paper: Paper { case: fact.case_id.clone(), document: fact.document.clone() },
                number: fact.number,
            }),
            _ => Err(WireError::new("event", "not about a register")),
        }
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(_: &Command) -> bool {
        false
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::Full => StatusCode::ResourceExhausted,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::Full => "full",
        }
    }
}
