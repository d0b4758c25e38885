//! Polls on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::intake::v1 as wire;
use proto::intake::v1::intake_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;

use super::optional_case_id;
use crate::domain::PollResult;
use crate::domain::poll::{Answer, Command, Event, Opening, Outcome, Refusal, Rules, State, Tally};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Intake;
    /// A poll has no other owner: every household of the largest one on its own day, at most.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Opened(opening) => WireEvent::PollOpened(to_opening(opening)),
            Event::Answered { household, answer } => {
                let answer = wire::HouseholdAnswer { household: household.clone(), answer: to_answer(*answer).into() };
                WireEvent::HouseholdAnswered(wire::HouseholdAnswered { answer: Some(answer) })
            }
            Event::Closed { outcome, tally, at, by_deadline } => WireEvent::PollClosed(wire::PollClosed {
                outcome: to_outcome(*outcome).into(),
                tally: Some(to_tally(*tally)),
                at: Some(at.to_wire()),
                by_deadline: *by_deadline,
            }),
        };
        AnyEvent { of: Some(Of::Intake(wire::IntakeEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Intake(wire::IntakeEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of intake"));
        };
        match event {
            WireEvent::PollOpened(fact) => Ok(Event::Opened(Box::new(from_opening(fact)?))),
            WireEvent::HouseholdAnswered(fact) => {
                let said = fact.answer.clone().unwrap_or_default();
                Ok(Event::Answered { answer: from_answer(said.answer)?, household: said.household })
            }
            WireEvent::PollClosed(fact) => Ok(Event::Closed {
                outcome: from_outcome(fact.outcome())?,
                tally: from_tally(fact.tally.as_ref()),
                at: shared::time("at", fact.at.as_ref())?,
                by_deadline: fact.by_deadline,
            }),
            WireEvent::Received(_)
            | WireEvent::Supplemented(_)
            | WireEvent::WithdrawalAsked(_)
            | WireEvent::ExclusionProposed(_)
            | WireEvent::ExclusionApproved(_)
            | WireEvent::CallerJoined(_)
            | WireEvent::LinkedAsDuplicate(_)
            | WireEvent::PollAttached(_)
            | WireEvent::ContactKept(_)
            | WireEvent::ContactDisclosed(_)
            | WireEvent::PersonErased(_) => Err(WireError::new("event", "about a case or a person, not a poll")),
        }
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        state.next_deadline()
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Close { .. } | Command::CheckDeadline { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchPoll => StatusCode::NotFound,
            Self::PollExists => StatusCode::AlreadyExists,
            Self::AnothersPoll(_) => StatusCode::PermissionDenied,
            Self::NotAsked(_) | Self::ClosesBefore(_) => StatusCode::InvalidArgument,
            Self::PollClosed => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchPoll => "no-such-poll",
            Self::PollExists => "poll-exists",
            Self::PollClosed => "poll-closed",
            Self::AnothersPoll(_) => "anothers-poll",
            Self::NotAsked(_) => "not-asked",
            Self::ClosesBefore(_) => "closes-before",
        }
    }
}

fn to_opening(opening: &Opening) -> wire::PollOpened {
    wire::PollOpened {
        case_id: opening.case.map(String::from).unwrap_or_default(),
        street: opening.street.to_string(),
        question: opening.question.clone(),
        households: opening.households.clone(),
        threshold_percent: opening.threshold_percent,
        quorum_percent: opening.quorum_percent,
        closes_at: Some(opening.closes_at.to_wire()),
        opened_at: Some(opening.opened_at.to_wire()),
    }
}

fn from_opening(fact: &wire::PollOpened) -> Result<Opening, WireError> {
    Ok(Opening {
        case: optional_case_id("case_id", &fact.case_id)?,
        street: shared::code("street", &fact.street)?,
        question: fact.question.clone(),
        households: fact.households.clone(),
        threshold_percent: fact.threshold_percent,
        quorum_percent: fact.quorum_percent,
        closes_at: shared::time("closes_at", fact.closes_at.as_ref())?,
        opened_at: shared::time("opened_at", fact.opened_at.as_ref())?,
    })
}

pub(crate) fn to_attached(result: &PollResult) -> wire::PollAttached {
    wire::PollAttached {
        poll: result.poll.to_string(),
        question: result.question.clone(),
        outcome: to_outcome(result.outcome).into(),
        tally: Some(to_tally(result.tally)),
        threshold_percent: result.threshold_percent,
        opened_at: Some(result.opened_at.to_wire()),
        closed_at: Some(result.closed_at.to_wire()),
        note: result.note.clone(),
    }
}

pub(crate) fn from_attached(fact: &wire::PollAttached) -> Result<PollResult, WireError> {
    Ok(PollResult {
        poll: shared::code("poll", &fact.poll)?,
        question: fact.question.clone(),
        outcome: from_outcome(fact.outcome())?,
        tally: from_tally(fact.tally.as_ref()),
        threshold_percent: fact.threshold_percent,
        opened_at: shared::time("opened_at", fact.opened_at.as_ref())?,
        closed_at: shared::time("closed_at", fact.closed_at.as_ref())?,
        note: fact.note.clone(),
    })
}

pub(crate) fn to_outcome(outcome: Outcome) -> wire::PollOutcome {
    match outcome {
        Outcome::Passed => wire::PollOutcome::Passed,
        Outcome::Failed => wire::PollOutcome::Failed,
        Outcome::NoQuorum => wire::PollOutcome::NoQuorum,
    }
}

fn from_outcome(outcome: wire::PollOutcome) -> Result<Outcome, WireError> {
    match outcome {
        wire::PollOutcome::Passed => Ok(Outcome::Passed),
        wire::PollOutcome::Failed => Ok(Outcome::Failed),
        wire::PollOutcome::NoQuorum => Ok(Outcome::NoQuorum),
        wire::PollOutcome::Unspecified => Err(WireError::new("outcome", "missing")),
    }
}

pub(crate) fn to_tally(tally: Tally) -> wire::PollTally {
    let Tally { households, yes, no, abstained, refused, not_heard } = tally;
    wire::PollTally { households, yes, no, abstained, refused, not_heard }
}

fn from_tally(tally: Option<&wire::PollTally>) -> Tally {
    let wire::PollTally { households, yes, no, abstained, refused, not_heard } = tally.cloned().unwrap_or_default();
    Tally { households, yes, no, abstained, refused, not_heard }
}

fn to_answer(answer: Answer) -> wire::PollAnswer {
    match answer {
        Answer::Yes => wire::PollAnswer::Yes,
        Answer::No => wire::PollAnswer::No,
        Answer::Abstain => wire::PollAnswer::Abstain,
        Answer::Refused => wire::PollAnswer::Refused,
        Answer::NotHome => wire::PollAnswer::NotHome,
    }
}

pub(crate) fn from_answer(answer: i32) -> Result<Answer, WireError> {
    match wire::PollAnswer::try_from(answer) {
        Ok(wire::PollAnswer::Yes) => Ok(Answer::Yes),
        Ok(wire::PollAnswer::No) => Ok(Answer::No),
        Ok(wire::PollAnswer::Abstain) => Ok(Answer::Abstain),
        Ok(wire::PollAnswer::Refused) => Ok(Answer::Refused),
        Ok(wire::PollAnswer::NotHome) => Ok(Answer::NotHome),
        Ok(wire::PollAnswer::Unspecified) => Err(WireError::new("answer", "missing")),
        Err(_) => Err(WireError::new("answer", format!("{answer} is not known here"))),
    }
}
