//! A street asks every household one question before a project (R-28): whom, how many have to agree, until when.
//!
//! ```text
//! Unknown ──Open──▶ Open ──by hand / time over──▶ Closed: passed, failed, or too few answered
//! ```
//! Households are opaque references, never names. A household asked again may answer differently until the poll is
//! closed: the newer answer holds.

use std::collections::BTreeMap;

use decider::Decider;
use ids::{CaseId, Code};
use jiff::Timestamp;
use vocabulary::limit::late_from;

#[cfg(test)]
mod tests;

/// Households of one poll: a large compound, in one commit.
pub const HOUSEHOLDS_MAX: usize = 1000;

/// What a household said, or that there was nobody to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// Asked, and leaves it to the others.
    Abstain,
    /// Does not want to be asked.
    Refused,
    /// Nobody was there: asked again later.
    NotHome,
}

impl Answer {
    /// Whether the household has been heard.
    fn is_heard(self) -> bool {
        match self {
            Self::Yes | Self::No | Self::Abstain | Self::Refused => true,
            Self::NotHome => false,
        }
    }
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// Too few households were heard to say anything.
    NoQuorum,
}

/// A poll as it is opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// The case it is about, on whose record its outcome is put.
    pub case: Option<CaseId>,
    pub street: Code,
    pub question: String,
    pub households: Vec<String>,
    /// Percent of all households that have to say yes, from 1 to 100.
    pub threshold_percent: u32,
    /// Percent of all households that have to be heard, up to 100.
    pub quorum_percent: u32,
    pub closes_at: Timestamp,
    pub opened_at: Timestamp,
}

impl Opening {
    /// An answer in the second in which the poll closes still counts.
    fn over_from(&self) -> Timestamp {
        late_from(self.closes_at)
    }
}

/// How many households said what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub households: u32,
    pub yes: u32,
    pub no: u32,
    pub abstained: u32,
    pub refused: u32,
    /// Nobody was there, or nobody has come yet.
    pub not_heard: u32,
}

impl Tally {
    /// Of all households, not of those who answered: who is not heard has not agreed.
    #[must_use]
    pub fn outcome(&self, threshold_percent: u32, quorum_percent: u32) -> Outcome {
        let reaches =
            |count: u32, percent: u32| u64::from(count) * 100 >= u64::from(percent) * u64::from(self.households);
        if !reaches(self.households - self.not_heard, quorum_percent) {
            Outcome::NoQuorum
        } else if reaches(self.yes, threshold_percent) {
            Outcome::Passed
        } else {
            Outcome::Failed
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Opened(Box<Opening>),
    Answered {
        household: String,
        answer: Answer,
    },
    Closed {
        outcome: Outcome,
        tally: Tally,
        at: Timestamp,
        /// Its time was over; otherwise somebody closed it.
        by_deadline: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Open(Box<Opening>),
    /// `street`: of whoever asks; the poll is its own.
    Answer {
        street: Option<Code>,
        answers: Vec<(String, Answer)>,
        now: Timestamp,
    },
    Close {
        street: Option<Code>,
        now: Timestamp,
    },
    CheckDeadline {
        now: Timestamp,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub opening: Option<Opening>,
    /// By household.
    pub answers: BTreeMap<String, Answer>,
    pub closed: Option<Closing>,
}

/// How and when a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    pub outcome: Outcome,
    pub tally: Tally,
    pub at: Timestamp,
}

impl State {
    #[must_use]
    pub fn tally(&self) -> Tally {
        let households = self.opening.iter().flat_map(|opening| &opening.households);
        let mut tally = Tally::default();
        for household in households {
            tally.households += 1;
            match self.answers.get(household) {
                Some(Answer::Yes) => tally.yes += 1,
                Some(Answer::No) => tally.no += 1,
                Some(Answer::Abstain) => tally.abstained += 1,
                Some(Answer::Refused) => tally.refused += 1,
                Some(Answer::NotHome) | None => tally.not_heard += 1,
            }
        }
        tally
    }

    /// When it closes by itself.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let open = self.opening.as_ref().filter(|_| self.closed.is_none());
        open.map(Opening::over_from)
    }
}

/// Why a poll says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such poll")]
    NoSuchPoll,
    #[error("there is a poll of this name already")]
    PollExists,
    #[error("the poll is closed")]
    PollClosed,
    #[error("the poll is one of {0}")]
    AnothersPoll(Code),
    #[error("{0:?} is not among the households of this poll")]
    NotAsked(String),
    #[error("a poll closes after it is opened, and {0:.0} has passed")]
    ClosesBefore(Timestamp),
}

/// The rule book of a poll.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.opening, &state.closed) {
            (Command::Open(opening), None, _) if opening.closes_at <= opening.opened_at => {
                Err(Refusal::ClosesBefore(opening.closes_at))
            }
            (Command::Open(opening), None, _) => Ok(vec![Event::Opened(opening.clone())]),
            (Command::Open(_), Some(_), _) => Err(Refusal::PollExists),

            // Whatever comes when its time is over comes to a closed poll, even before the alarm has rung.
            (Command::CheckDeadline { now }, Some(opening), None) if opening.over_from() <= *now => {
                Ok(vec![close(state, opening, *now)])
            }
            (Command::CheckDeadline { .. }, _, _) => Ok(vec![]),

            (Command::Answer { .. } | Command::Close { .. }, None, _) => Err(Refusal::NoSuchPoll),
            (Command::Answer { street, .. } | Command::Close { street, .. }, Some(opening), _)
                if street.as_ref().is_some_and(|street| *street != opening.street) =>
            {
                Err(Refusal::AnothersPoll(opening.street.clone()))
            }
            (Command::Answer { .. }, Some(_), Some(_)) => Err(Refusal::PollClosed),
            (Command::Answer { now, .. }, Some(opening), None) if opening.over_from() <= *now => {
                Err(Refusal::PollClosed)
            }
            (Command::Answer { answers, .. }, Some(opening), None) => record(state, opening, answers),
            (Command::Close { .. }, Some(_), Some(_)) => Ok(vec![]),
            (Command::Close { now, .. }, Some(opening), None) => Ok(vec![close(state, opening, *now)]),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Opened(opening) => state.opening = Some(Opening::clone(opening)),
            Event::Answered { household, answer } => _ = state.answers.insert(household.clone(), *answer),
            Event::Closed { outcome, tally, at, .. } => {
                state.closed = Some(Closing { outcome: *outcome, tally: *tally, at: *at });
            }
        }
        state
    }
}

/// All of them or none; what is known already is no news. That nobody is at home takes no answer back.
fn record(state: &State, opening: &Opening, answers: &[(String, Answer)]) -> Result<Vec<Event>, Refusal> {
    let mut known = state.answers.clone();
    let mut events = Vec::new();
    for (household, answer) in answers {
        if !opening.households.contains(household) {
            return Err(Refusal::NotAsked(household.clone()));
        }
        let before = known.insert(household.clone(), *answer);
        match before {
            Some(before) if before == *answer || before.is_heard() && !answer.is_heard() => {
                known.insert(household.clone(), before);
            }
            Some(_) | None => events.push(Event::Answered { household: household.clone(), answer: *answer }),
        }
    }
    Ok(events)
}

fn close(state: &State, opening: &Opening, now: Timestamp) -> Event {
    let tally = state.tally();
    let outcome = tally.outcome(opening.threshold_percent, opening.quorum_percent);
    Event::Closed { outcome, tally, at: now.min(opening.closes_at), by_deadline: opening.over_from() <= now }
}
