//! Suggestions of streets on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::{Refuse, wire as shared};
use tonic::Code as StatusCode;

use super::{any, from_answer, known, to_verdict};
use crate::domain::suggestion::{Command, Event, Refusal, Rules, State, Suggestion};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: twenty addressees who think again a few times.
    const REVISIONS_MAX: u64 = 200;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Made(suggestion) => WireEvent::SuggestionMade(wire::SuggestionMade {
                street: suggestion.street.to_string(),
                title: suggestion.title.clone(),
                text: suggestion.text.clone(),
                addressees: shared::texts(&suggestion.addressees),
                occasion: shared::text(suggestion.occasion.as_ref()),
                made_at: Some(suggestion.made_at.to_wire()),
            }),
            Event::Answered { addressee, answer } => WireEvent::SuggestionAnswered(wire::SuggestionAnswered {
                addressee: addressee.to_string(),
                verdict: to_verdict(answer.verdict),
                reason: answer.reason.clone(),
            }),
            Event::Withdrawn { reason } => {
                WireEvent::SuggestionWithdrawn(wire::SuggestionWithdrawn { reason: reason.clone() })
            }
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about a suggestion")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::SuggestionMade(fact) => Event::Made(Box::new(Suggestion {
                street: shared::code("street", &fact.street)?,
                title: fact.title.clone(),
                text: fact.text.clone(),
                addressees: shared::codes("addressees", &fact.addressees)?,
                occasion: shared::optional_code("occasion", &fact.occasion)?,
                made_at: shared::time("made_at", fact.made_at.as_ref())?,
            })),
            WireEvent::SuggestionAnswered(fact) => Event::Answered {
                addressee: shared::code("addressee", &fact.addressee)?,
                answer: from_answer(fact.verdict, &fact.reason)?,
            },
            WireEvent::SuggestionWithdrawn(fact) => Event::Withdrawn { reason: fact.reason.clone() },
            _ => return Err(WireError::new("event", "not about a suggestion")),
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Withdraw { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchSuggestion => StatusCode::NotFound,
            Self::SuggestionExists => StatusCode::AlreadyExists,
            Self::NotAddressed(_) => StatusCode::PermissionDenied,
            Self::ReasonNeeded => StatusCode::InvalidArgument,
            Self::SuggestionWithdrawn | Self::AnsweredByAll => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchSuggestion => "no-such-suggestion",
            Self::SuggestionExists => "suggestion-exists",
            Self::SuggestionWithdrawn => "suggestion-withdrawn",
            Self::NotAddressed(_) => "not-addressed",
            Self::ReasonNeeded => "reason-needed",
            Self::AnsweredByAll => "answered-by-all",
        }
    }
}
