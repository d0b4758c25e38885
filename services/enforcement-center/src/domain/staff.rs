//! An officer, and the four units they belong to in four ways: who owns the post, who manages them, who uses
//! them, who assesses them. A secondment changes three of the four for a while; the licence to enforce is the person's
//! and goes where they go.
//!
//! Nothing happens on the day a secondment begins or ends: which relations hold on a day is read from what is recorded.

use decider::Decider;
use ids::Code;
use jiff::civil::Date;
use vocabulary::Officer;
use vocabulary::staff::{Days, Relations};

#[cfg(test)]
mod tests;

/// Secondments of one officer; far more than a career has.
const SECONDMENTS_MAX: usize = 100;

/// As registered: the relations that hold while nothing else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub officer: Officer,
    pub relations: Relations,
    /// Legal powers the person is licensed for.
    pub licence: Vec<Code>,
}

/// From the first day to the last, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secondment {
    pub from: Code,
    pub to: Code,
    pub since: Date,
    /// None: until it is ended.
    pub until: Option<Date>,
    pub reason: String,
}

impl Secondment {
    fn days(&self) -> Days {
        Days { since: self.since, until: self.until }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Registered, or registered anew: the newer fact corrects the older.
    Registered(Box<Registration>),
    Seconded(Box<Secondment>),
    /// The last day of the secondment that held or was to come.
    SecondmentEnded {
        since: Date,
        last_day: Date,
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Register(Box<Registration>),
    Second(Box<Secondment>),
    /// `last_day` of the one that holds then.
    End {
        last_day: Date,
        reason: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub registration: Option<Registration>,
    /// In the order in which they were recorded.
    pub secondments: Vec<Secondment>,
}

impl State {
    /// The secondment that holds on a day.
    #[must_use]
    pub fn seconded_on(&self, day: Date) -> Option<&Secondment> {
        self.secondments.iter().find(|secondment| secondment.days().include(day))
    }

    /// Whose the officer is on a day; none before they are registered.
    #[must_use]
    pub fn relations_on(&self, day: Date) -> Option<Relations> {
        let own = &self.registration.as_ref()?.relations;
        Some(match self.seconded_on(day) {
            None => own.clone(),
            Some(secondment) => own.while_seconded_to(secondment.to.clone()),
        })
    }
}

/// Why nobody is registered or seconded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody is registered under this number")]
    NotRegistered,
    #[error("{used_by} uses this officer, not {from}")]
    NotUsedThere { from: Code, used_by: Code },
    #[error("{0} uses this officer already")]
    UsedThere(Code),
    #[error("this officer is seconded to {to} from {since} on")]
    SecondedAlready { to: Code, since: Date },
    #[error("a secondment cannot end on {until}, before it begins on {since}")]
    EndsBefore { since: Date, until: Date },
    #[error("this officer is not seconded on {0}")]
    NotSeconded(Date),
    #[error("an officer has at most {0} secondments")]
    TooMany(usize),
}

/// The rule book of an officer's relations.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.registration) {
            (Command::Register(new), Some(known)) if **new == *known => Ok(vec![]),
            (Command::Register(new), _) => Ok(vec![Event::Registered(new.clone())]),
            (Command::Second(_) | Command::End { .. }, None) => Err(Refusal::NotRegistered),
            (Command::Second(secondment), Some(known)) => second(state, known, secondment),
            (Command::End { last_day, reason }, Some(_)) => end(state, *last_day, reason),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Registered(registration) => state.registration = Some(Registration::clone(registration)),
            Event::Seconded(secondment) => state.secondments.push(Secondment::clone(secondment)),
            Event::SecondmentEnded { since, last_day, .. } => {
                if let Some(ended) = state.secondments.iter_mut().rev().find(|known| known.since == *since) {
                    ended.until = Some(*last_day);
                }
            }
        }
        state
    }
}

fn second(state: &State, known: &Registration, asked: &Secondment) -> Result<Vec<Event>, Refusal> {
    if state.secondments.contains(asked) {
        return Ok(vec![]);
    }
    if let Some(until) = asked.until.filter(|until| *until < asked.since) {
        return Err(Refusal::EndsBefore { since: asked.since, until });
    }
    if let Some(other) = state.secondments.iter().find(|other| other.days().overlap(asked.days())) {
        return Err(Refusal::SecondedAlready { to: other.to.clone(), since: other.since });
    }
    let used_by = &known.relations.used_by;
    if asked.from != *used_by {
        return Err(Refusal::NotUsedThere { from: asked.from.clone(), used_by: used_by.clone() });
    }
    if asked.to == *used_by {
        return Err(Refusal::UsedThere(asked.to.clone()));
    }
    if state.secondments.len() >= SECONDMENTS_MAX {
        return Err(Refusal::TooMany(SECONDMENTS_MAX));
    }
    Ok(vec![Event::Seconded(Box::new(asked.clone()))])
}

fn end(state: &State, last_day: Date, reason: &str) -> Result<Vec<Event>, Refusal> {
    let held = state.seconded_on(last_day).ok_or(Refusal::NotSeconded(last_day))?;
    if held.until == Some(last_day) {
        return Ok(vec![]);
    }
    Ok(vec![Event::SecondmentEnded { since: held.since, last_day, reason: reason.to_owned() }])
}
