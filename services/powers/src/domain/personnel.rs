//! A letter by which a department hears the street on somebody posted there (R-91).
//!
//! ```text
//! sent ──▶ numbered            ┌─ replied ─┐
//!   └──── talk with an office ─┤           ├──▶ finalised
//!                              └─ expired ─┘
//! ```
//! Nothing is decided before the street has replied or its time is over, and before the talk, where the letter names one.
//! The street advises: against its objection a department decides only with a reason, which stands on the record.

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::limit::late_from;

#[cfg(test)]
mod tests;

/// Talks on one letter: with each office of a street, and again.
pub const TALKS_MAX: usize = 40;

/// What is to happen to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    Promotion,
    Assessment,
    Reward,
    Punishment,
}

/// Who sees a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Department, street and district.
    Ordinary,
    /// Department and street alone.
    Confidential,
}

/// What the street says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    NoObjection,
    Reservation,
    Objection,
}

/// What the department does in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    AsProposed,
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub department: Code,
    pub street: Code,
    pub matter: Matter,
    /// An opaque reference.
    pub person: String,
    /// The posted unit the person works in.
    pub unit: Option<Code>,
    pub secrecy: Secrecy,
    pub text: String,
    /// Office of the street with which the department talks beside the letter.
    pub talk_with: Option<Code>,
    pub due: Timestamp,
    pub due_provisional: bool,
    pub sent_at: Timestamp,
}

/// A letter's place in the register of its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    pub year: i16,
    pub number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    pub office: Code,
    pub note: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub stance: Stance,
    pub text: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub decided: Decided,
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Sent(Box<Letter>),
    Numbered(Number),
    TalkHeld(Talk),
    Replied(Reply),
    /// The time for a reply is over, and there is none.
    Expired {
        due: Timestamp,
    },
    Finalised(Finding),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Send(Box<Letter>),
    Number(Number),
    Talk(Talk),
    Reply(Reply),
    Finalise(Finding),
    CheckDeadline { now: Timestamp },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub letter: Option<Letter>,
    pub number: Option<Number>,
    pub talks: Vec<Talk>,
    pub reply: Option<Reply>,
    pub expired: bool,
    pub finding: Option<Finding>,
}

impl State {
    /// When the time for a reply is over, while it is waited for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let waits = self.reply.is_none() && !self.expired && self.finding.is_none();
        self.letter.as_ref().filter(|_| waits).map(|letter| late_from(letter.due))
    }

    /// The end of the time for a reply, if it has come and is not on the record.
    fn expiring(&self, now: Timestamp) -> Option<Event> {
        let over = self.next_deadline().is_some_and(|over| over <= now);
        self.letter.as_ref().filter(|_| over).map(|letter| Event::Expired { due: letter.due })
    }
}

/// Why a letter says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such letter")]
    NoSuchLetter,
    #[error("there is a letter of this name already")]
    LetterExists,
    #[error("the street needs time until after {0:.0}")]
    ReplyDueBefore(Timestamp),
    #[error("{street} has not replied, and has time until {due:.0}")]
    ReplyMissing { street: Code, due: Timestamp },
    #[error("the talk with {0} is not on the record")]
    TalkMissing(Code),
    #[error("the street objects: say why it is decided all the same")]
    AgainstObjection,
    #[error("say why it is dropped")]
    FindingNeedsReason,
    #[error("a reservation or an objection says what it is")]
    ReplyNeedsText,
    #[error("the street has replied already")]
    RepliedAlready,
    #[error("the time for a reply was over at {0:.0}")]
    ReplyTooLate(Timestamp),
    #[error("it has been decided")]
    Finalised,
    #[error("a letter has at most {0} talks")]
    TooManyTalks(usize),
}

/// The rule book of a letter on personnel.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.letter, &state.finding) {
            (Command::Send(letter), None, _) if letter.due <= letter.sent_at => {
                Err(Refusal::ReplyDueBefore(letter.sent_at))
            }
            (Command::Send(letter), None, _) => Ok(vec![Event::Sent(letter.clone())]),
            (Command::Send(_), Some(_), _) => Err(Refusal::LetterExists),
            (Command::CheckDeadline { now }, _, _) => Ok(state.expiring(*now).into_iter().collect()),
            (_, None, _) => Err(Refusal::NoSuchLetter),
            // A number never changes, whatever became of the letter.
            (Command::Number(_), Some(_), _) if state.number.is_some() => Ok(vec![]),
            (Command::Number(number), Some(_), _) => Ok(vec![Event::Numbered(*number)]),
            (Command::Finalise(asked), Some(_), Some(known)) if same(asked, known) => Ok(vec![]),
            (_, Some(_), Some(_)) => Err(Refusal::Finalised),
            (Command::Talk(talk), Some(_), None) => hold(state, talk),
            (Command::Reply(reply), Some(letter), None) => answer(state, letter, reply),
            (Command::Finalise(finding), Some(letter), None) => finalise(state, letter, finding),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Sent(letter) => state.letter = Some(Letter::clone(letter)),
            Event::Numbered(number) => state.number = Some(*number),
            Event::TalkHeld(talk) => state.talks.push(talk.clone()),
            Event::Replied(reply) => state.reply = Some(reply.clone()),
            Event::Expired { .. } => state.expired = true,
            Event::Finalised(finding) => state.finding = Some(finding.clone()),
        }
        state
    }
}

/// Said twice is said once, whenever it was said.
fn same(asked: &Finding, known: &Finding) -> bool {
    (asked.decided, &asked.reason) == (known.decided, &known.reason)
}

fn hold(state: &State, talk: &Talk) -> Result<Vec<Event>, Refusal> {
    if state.talks.iter().any(|known| (&known.office, &known.note) == (&talk.office, &talk.note)) {
        return Ok(vec![]);
    }
    if state.talks.len() >= TALKS_MAX {
        return Err(Refusal::TooManyTalks(TALKS_MAX));
    }
    Ok(vec![Event::TalkHeld(talk.clone())])
}

fn answer(state: &State, letter: &Letter, reply: &Reply) -> Result<Vec<Event>, Refusal> {
    match &state.reply {
        Some(known) if (known.stance, &known.text) == (reply.stance, &reply.text) => return Ok(vec![]),
        Some(_) => return Err(Refusal::RepliedAlready),
        None => {}
    }
    if state.expired || late_from(letter.due) <= reply.at {
        return Err(Refusal::ReplyTooLate(letter.due));
    }
    if reply.stance != Stance::NoObjection && reply.text.is_empty() {
        return Err(Refusal::ReplyNeedsText);
    }
    Ok(vec![Event::Replied(reply.clone())])
}

fn finalise(state: &State, letter: &Letter, finding: &Finding) -> Result<Vec<Event>, Refusal> {
    if finding.decided == Decided::Dropped {
        // Nothing happens to anybody: there is nothing to wait for.
        return if finding.reason.is_empty() {
            Err(Refusal::FindingNeedsReason)
        } else {
            Ok(vec![Event::Finalised(finding.clone())])
        };
    }
    let expiring = state.expiring(finding.at);
    if state.reply.is_none() && !state.expired && expiring.is_none() {
        return Err(Refusal::ReplyMissing { street: letter.street.clone(), due: letter.due });
    }
    if let Some(office) = &letter.talk_with
        && !state.talks.iter().any(|talk| talk.office == *office)
    {
        return Err(Refusal::TalkMissing(office.clone()));
    }
    let objects = state.reply.as_ref().is_some_and(|reply| reply.stance == Stance::Objection);
    if objects && finding.reason.is_empty() {
        return Err(Refusal::AgainstObjection);
    }
    Ok(expiring.into_iter().chain([Event::Finalised(finding.clone())]).collect())
}
