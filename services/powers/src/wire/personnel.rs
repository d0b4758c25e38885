//! Letters on personnel on the wire.

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
    any, from_decided, from_matter, from_secrecy, from_stance, known, to_decided, to_matter, to_secrecy, to_stance,
};
use crate::domain::personnel::{Command, Event, Finding, Letter, Number, Refusal, Reply, Rules, State, Talk};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: forty talks and the few facts of its course.
    const REVISIONS_MAX: u64 = 100;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Sent(letter) => WireEvent::LetterSent(to_letter(letter)),
            Event::Numbered(Number { year, number }) => {
                WireEvent::LetterNumbered(wire::LetterNumbered { year: i32::from(*year), number: *number })
            }
            Event::TalkHeld(talk) => WireEvent::TalkHeld(wire::TalkHeld {
                office: talk.office.to_string(),
                note: talk.note.clone(),
                held_at: Some(talk.at.to_wire()),
            }),
            Event::Replied(reply) => WireEvent::LetterReplied(wire::LetterReplied {
                stance: to_stance(reply.stance),
                text: reply.text.clone(),
                replied_at: Some(reply.at.to_wire()),
            }),
            Event::Expired { due } => WireEvent::ReplyExpired(wire::ReplyExpired { due: Some(due.to_wire()) }),
            Event::Finalised(finding) => WireEvent::LetterFinalised(wire::LetterFinalised {
                decided: to_decided(finding.decided),
                reason: finding.reason.clone(),
                finalised_at: Some(finding.at.to_wire()),
            }),
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about a letter")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::LetterSent(fact) => Event::Sent(Box::new(from_letter(fact)?)),
            WireEvent::LetterNumbered(fact) => Event::Numbered(Number {
                year: i16::try_from(fact.year).map_err(|error| WireError::new("year", error))?,
                number: fact.number,
            }),
            WireEvent::TalkHeld(fact) => Event::TalkHeld(Talk {
                office: shared::code("office", &fact.office)?,
                note: fact.note.clone(),
                at: shared::time("held_at", fact.held_at.as_ref())?,
            }),
            WireEvent::LetterReplied(fact) => Event::Replied(Reply {
                stance: from_stance(fact.stance)?,
                text: fact.text.clone(),
                at: shared::time("replied_at", fact.replied_at.as_ref())?,
            }),
            WireEvent::ReplyExpired(fact) => Event::Expired { due: shared::time("due", fact.due.as_ref())? },
            WireEvent::LetterFinalised(fact) => Event::Finalised(Finding {
                decided: from_decided(fact.decided)?,
                reason: fact.reason.clone(),
                at: shared::time("finalised_at", fact.finalised_at.as_ref())?,
            }),
            _ => return Err(WireError::new("event", "not about a letter on personnel")),
        })
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        state.next_deadline()
    }

    fn is_ending(command: &Command) -> bool {
        match command {
            Command::Number(_) | Command::Reply(_) | Command::Finalise(_) | Command::CheckDeadline { .. } => true,
            Command::Send(_) | Command::Talk(_) => false,
        }
    }
}

fn to_letter(letter: &Letter) -> wire::LetterSent {
    wire::LetterSent {
        department: letter.department.to_string(),
        street: letter.street.to_string(),
        matter: to_matter(letter.matter),
        person: letter.person.clone(),
        unit: shared::text(letter.unit.as_ref()),
        secrecy: to_secrecy(letter.secrecy),
        text: letter.text.clone(),
        talk_with: shared::text(letter.talk_with.as_ref()),
        due: Some(letter.due.to_wire()),
        due_provisional: letter.due_provisional,
        sent_at: Some(letter.sent_at.to_wire()),
    }
}

fn from_letter(fact: &wire::LetterSent) -> Result<Letter, WireError> {
    Ok(Letter {
        department: shared::code("department", &fact.department)?,
        street: shared::code("street", &fact.street)?,
        matter: from_matter(fact.matter)?,
        person: fact.person.clone(),
        unit: shared::optional_code("unit", &fact.unit)?,
        secrecy: from_secrecy(fact.secrecy)?,
        text: fact.text.clone(),
        talk_with: shared::optional_code("talk_with", &fact.talk_with)?,
        due: shared::time("due", fact.due.as_ref())?,
        due_provisional: fact.due_provisional,
        sent_at: shared::time("sent_at", fact.sent_at.as_ref())?,
    })
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchLetter => StatusCode::NotFound,
            Self::LetterExists => StatusCode::AlreadyExists,
            Self::ReplyDueBefore(_) | Self::AgainstObjection | Self::FindingNeedsReason | Self::ReplyNeedsText => {
                StatusCode::InvalidArgument
            }
            Self::TooManyTalks(_) => StatusCode::ResourceExhausted,
            Self::ReplyMissing { .. }
            | Self::TalkMissing(_)
            | Self::RepliedAlready
            | Self::ReplyTooLate(_)
            | Self::Finalised => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchLetter => "no-such-letter",
            Self::LetterExists => "letter-exists",
            Self::ReplyDueBefore(_) => "reply-due-before",
            Self::ReplyMissing { .. } => "reply-missing",
            Self::TalkMissing(_) => "talk-missing",
            Self::AgainstObjection => "against-objection",
            Self::FindingNeedsReason => "finding-needs-reason",
            Self::ReplyNeedsText => "reply-needs-text",
            Self::RepliedAlready => "replied-already",
            Self::ReplyTooLate(_) => "reply-too-late",
            Self::Finalised => "finalised",
            Self::TooManyTalks(_) => "too-many-talks",
        }
    }
}
