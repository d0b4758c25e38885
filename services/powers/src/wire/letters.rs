//! The register of letters on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::{Refuse, wire as shared};
use tonic::Code as StatusCode;

use super::{any, known};
use crate::domain::letters::{Command, Event, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// A page has no other owner, and is full long before.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(Event::Registered { letter, number }: &Event) -> AnyEvent {
        any(WireEvent::LetterRegistered(wire::LetterRegistered { letter: letter.to_string(), number: *number }))
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about the register")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        match known(event)? {
            WireEvent::LetterRegistered(fact) => {
                Ok(Event::Registered { letter: shared::code("letter", &fact.letter)?, number: fact.number })
            }
            _ => Err(WireError::new("event", "not about the register of letters")),
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
