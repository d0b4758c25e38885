//! Projects on which streets are heard, on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::{Refuse, wire as shared};
use tonic::Code as StatusCode;

use super::{
    any, from_advance, from_answer, from_documents, from_phase, known, to_advance, to_documents, to_phase, to_verdict,
};
use crate::domain::consultation::{Advance, Command, Event, Opening, Question, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: fifty rounds of a dozen opinions each, at most.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Opened(opening) => WireEvent::ProjectOpened(wire::ProjectOpened {
                item: opening.item.to_string(),
                title: opening.title.clone(),
                asker: opening.asker.to_string(),
                opened_at: Some(opening.opened_at.to_wire()),
            }),
            Event::Asked { round, phase, question } => WireEvent::StreetsAsked(wire::StreetsAsked {
                round: *round,
                phase: to_phase(*phase),
                streets: shared::texts(&question.streets),
                question: question.text.clone(),
                documents: to_documents(&question.documents),
                due: Some(question.due.to_wire()),
                due_provisional: question.due_provisional,
            }),
            Event::OpinionGiven { round, street, text, at } => WireEvent::OpinionGiven(wire::OpinionGiven {
                round: *round,
                street: street.to_string(),
                text: text.clone(),
                given_at: Some(at.to_wire()),
            }),
            Event::OpinionAnswered { round, street, answer } => WireEvent::OpinionAnswered(wire::OpinionAnswered {
                round: *round,
                street: street.to_string(),
                verdict: to_verdict(answer.verdict),
                reason: answer.reason.clone(),
            }),
            Event::Expired { round, streets, due } => WireEvent::OpinionsExpired(wire::OpinionsExpired {
                round: *round,
                streets: shared::texts(streets),
                due: Some(due.to_wire()),
            }),
            Event::Advanced { from, to, reason } => WireEvent::ProjectAdvanced(wire::ProjectAdvanced {
                from: to_phase(*from),
                to: to_advance(*to),
                reason: reason.clone(),
            }),
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about a project")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::ProjectOpened(fact) => Event::Opened(Box::new(Opening {
                item: shared::code("item", &fact.item)?,
                title: fact.title.clone(),
                asker: shared::code("asker", &fact.asker)?,
                opened_at: shared::time("opened_at", fact.opened_at.as_ref())?,
            })),
            WireEvent::StreetsAsked(fact) => Event::Asked {
                round: fact.round,
                phase: from_phase(fact.phase)?,
                question: Box::new(Question {
                    streets: shared::codes("streets", &fact.streets)?,
                    text: fact.question.clone(),
                    documents: from_documents(&fact.documents),
                    due: shared::time("due", fact.due.as_ref())?,
                    due_provisional: fact.due_provisional,
                }),
            },
            WireEvent::OpinionGiven(fact) => Event::OpinionGiven {
                round: fact.round,
                street: shared::code("street", &fact.street)?,
                text: fact.text.clone(),
                at: shared::time("given_at", fact.given_at.as_ref())?,
            },
            WireEvent::OpinionAnswered(fact) => Event::OpinionAnswered {
                round: fact.round,
                street: shared::code("street", &fact.street)?,
                answer: from_answer(fact.verdict, &fact.reason)?,
            },
            WireEvent::OpinionsExpired(fact) => Event::Expired {
                round: fact.round,
                streets: shared::codes("streets", &fact.streets)?,
                due: shared::time("due", fact.due.as_ref())?,
            },
            WireEvent::ProjectAdvanced(fact) => Event::Advanced {
                from: from_phase(fact.from)?,
                to: from_advance(fact.to)?,
                reason: fact.reason.clone(),
            },
            _ => return Err(WireError::new("event", "not about a project")),
        })
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        state.next_deadline()
    }

    /// What leads out of a full history: its deadlines, the answers still owed, and the end.
    fn is_ending(command: &Command) -> bool {
        match command {
            Command::CheckDeadline { .. } | Command::Answer { .. } => true,
            Command::Advance { to, .. } => matches!(to, Advance::Finished | Advance::Dropped),
            Command::Open(_) | Command::Ask { .. } | Command::GiveOpinion { .. } => false,
        }
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchProject => StatusCode::NotFound,
            Self::ProjectExists => StatusCode::AlreadyExists,
            Self::NotAsked(_) => StatusCode::PermissionDenied,
            Self::ReasonNeeded | Self::DropReasonNeeded | Self::DueBefore(_) => StatusCode::InvalidArgument,
            Self::TooManyRounds(_) => StatusCode::ResourceExhausted,
            Self::ProjectOver(_)
            | Self::NobodyAsked(_)
            | Self::OpinionMissing { .. }
            | Self::OpinionUnanswered(_)
            | Self::NotNext { .. }
            | Self::OpinionTooLate(_)
            | Self::OpinionClosed(_)
            | Self::NoOpinion(_) => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchProject => "no-such-project",
            Self::ProjectExists => "project-exists",
            Self::ProjectOver(_) => "project-over",
            Self::NobodyAsked(_) => "nobody-asked",
            Self::OpinionMissing { .. } => "opinion-missing",
            Self::OpinionUnanswered(_) => "opinion-unanswered",
            Self::NotNext { .. } => "not-next",
            Self::NotAsked(_) => "street-not-asked",
            Self::OpinionTooLate(_) => "opinion-too-late",
            Self::OpinionClosed(_) => "opinion-closed",
            Self::NoOpinion(_) => "no-opinion",
            Self::ReasonNeeded => "reason-needed",
            Self::DropReasonNeeded => "drop-reason-needed",
            Self::DueBefore(_) => "due-before",
            Self::TooManyRounds(_) => "too-many-rounds",
        }
    }
}
