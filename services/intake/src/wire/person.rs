//! What is kept of people, on the wire: that it is, and who read it.

use ids::Owner;
use jiff::Timestamp;
use proto::intake::v1 as wire;
use proto::intake::v1::intake_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use station::Refuse;
use tonic::Code as StatusCode;

use super::optional_case_id;
use crate::domain::person::{Command, Event, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Intake;
    /// Nobody else writes there; each reading is one.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Kept => WireEvent::ContactKept(wire::ContactKept {}),
            Event::Disclosed { case, reason } => WireEvent::ContactDisclosed(wire::ContactDisclosed {
                case_id: case.map(String::from).unwrap_or_default(),
                reason: reason.clone(),
            }),
            Event::Erased { reason } => WireEvent::PersonErased(wire::PersonErased { reason: reason.clone() }),
        };
        AnyEvent { of: Some(Of::Intake(wire::IntakeEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Intake(wire::IntakeEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of intake"));
        };
        match event {
            WireEvent::ContactKept(_) => Ok(Event::Kept),
            WireEvent::ContactDisclosed(fact) => {
                Ok(Event::Disclosed { case: optional_case_id("case_id", &fact.case_id)?, reason: fact.reason.clone() })
            }
            WireEvent::PersonErased(fact) => Ok(Event::Erased { reason: fact.reason.clone() }),
            WireEvent::Received(_)
            | WireEvent::Supplemented(_)
            | WireEvent::WithdrawalAsked(_)
            | WireEvent::ExclusionProposed(_)
            | WireEvent::ExclusionApproved(_)
            | WireEvent::CallerJoined(_)
            | WireEvent::LinkedAsDuplicate(_)
            | WireEvent::PollOpened(_)
            | WireEvent::HouseholdAnswered(_)
            | WireEvent::PollClosed(_)
            | WireEvent::PollAttached(_) => Err(WireError::new("event", "not about what is kept of somebody")),
        }
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Erase { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NotKept => StatusCode::NotFound,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NotKept => "nothing-kept",
        }
    }
}
