//! A street gathers its communities, and each marks departments once (R-76): from below upwards.
//!
//! ```text
//! Unknown ──Open──▶ Open ──Vote, each community once──▶ … ──all have, or time over: Publish──▶ Published ──Appeal──▶ …
//! ```
//! What is marked are the parts of the charter's formula, each from 0 to 1; a deduction needs its reason (R-75), full marks need
//! none. A community that has nothing to say of a unit leaves it out. Comments are evidence: they are kept, and change no figure.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use rust_decimal::Decimal;
use vocabulary::limit::late_from;

use super::Mark;
use super::period::table::mean;

/// Units on one ballot: more than a district has departments.
pub const UNITS_MAX: usize = 200;

/// A ballot as it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub street: Code,
    pub title: String,
    pub units: Vec<Code>,
    pub voters: Vec<Code>,
    /// With their weights in percent, which sum to 100.
    pub parts: Vec<(Code, Decimal)>,
    pub opened_at: Timestamp,
    pub closes_at: Timestamp,
}

impl Opening {
    /// A vote within the second in which the ballot closes still counts.
    fn over_from(&self) -> Timestamp {
        late_from(self.closes_at)
    }
}

/// What one community says of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    pub unit: Code,
    pub parts: Vec<(Code, Mark)>,
    pub comment: String,
}

/// How a unit came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub unit: Code,
    /// Communities that marked it.
    pub votes: u32,
    /// 0 to 100; none: nobody marked it.
    pub score: Option<Decimal>,
    /// Means in percent.
    pub parts: Vec<(Code, Decimal)>,
    pub comments: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Opened(Box<Opening>),
    Voted { voter: Code, marks: Vec<Marks> },
    Published { votes: u32, voters: u32, outcomes: Vec<Outcome>, appeals_until: Timestamp },
    Appealed { appeal: u32, unit: Code, reason: String },
    AppealAnswered { appeal: u32, upheld: bool, answer: String },
}

/// `street`: of whoever asks; the ballot is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Open(Box<Opening>),
    Vote { voter: Code, marks: Vec<Marks>, now: Timestamp },
    Publish { street: Option<Code>, now: Timestamp, appeals_until: Timestamp },
    Appeal { unit: Code, reason: String, now: Timestamp },
    AnswerAppeal { street: Option<Code>, appeal: u32, upheld: bool, answer: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub opening: Option<Opening>,
    /// By community.
    pub votes: BTreeMap<Code, Vec<Marks>>,
    pub published: Option<Published>,
    /// By number, from 1.
    pub appeals: Vec<Appeal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub votes: u32,
    pub voters: u32,
    pub outcomes: Vec<Outcome>,
    pub appeals_until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    pub unit: Code,
    pub reason: String,
    pub answer: Option<(bool, String)>,
}

/// Why a ballot says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such ballot")]
    NoSuchBallot,
    #[error("there is a ballot of this name already")]
    BallotExists,
    #[error("the ballot is one of {0}")]
    AnothersBallot(Code),
    #[error("the ballot is closed")]
    BallotClosed,
    #[error("{0} is not among the communities of this ballot")]
    NotAVoter(Code),
    #[error("{0} has marked already, and a vote is not changed")]
    VotedAlready(Code),
    #[error("{0} is not on this ballot")]
    NotOnTheBallot(Code),
    #[error("{0} is no part of this ballot")]
    PartUnknown(Code),
    #[error("{unit} is marked once for each part: {part} is missing, or there twice")]
    PartMissing { unit: Code, part: Code },
    #[error("{left} communities have not marked, and may until {closes_at:.0}")]
    BallotOpen { left: usize, closes_at: Timestamp },
    #[error("no community has marked anybody: there is nothing to publish")]
    NobodyVoted,
    #[error("the result of this ballot is not published yet")]
    BallotUnpublished,
    #[error("the time to appeal against this ballot is over; it was {until:.0} at the latest")]
    BallotAppealTooLate { until: Timestamp },
    #[error("{0} has appealed against this ballot already")]
    BallotAppealedAlready(Code),
    #[error("there is no appeal {0} against this ballot")]
    NoSuchBallotAppeal(u32),
    #[error("appeal {0} against this ballot was answered already")]
    BallotAppealAnswered(u32),
}

/// The rule book of a ballot.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.opening) {
            (Command::Open(opening), None) => Ok(vec![Event::Opened(opening.clone())]),
            (Command::Open(_), Some(_)) => Err(Refusal::BallotExists),
            (
                Command::Vote { .. } | Command::Publish { .. } | Command::Appeal { .. } | Command::AnswerAppeal { .. },
                None,
            ) => Err(Refusal::NoSuchBallot),
            (Command::Publish { street, .. } | Command::AnswerAppeal { street, .. }, Some(opening))
                if street.as_ref().is_some_and(|street| *street != opening.street) =>
            {
                Err(Refusal::AnothersBallot(opening.street.clone()))
            }
            (Command::Vote { voter, marks, now }, Some(opening)) => vote(state, opening, voter, marks, *now),
            (Command::Publish { now, appeals_until, .. }, Some(opening)) => {
                publish(state, opening, *now, *appeals_until)
            }
            (Command::Appeal { unit, reason, now }, Some(_)) => appeal(state, unit, reason, *now),
            (Command::AnswerAppeal { appeal, upheld, answer, .. }, Some(_)) => match state.appeal(*appeal) {
                None => Err(Refusal::NoSuchBallotAppeal(*appeal)),
                Some(Appeal { answer: Some(_), .. }) => Err(Refusal::BallotAppealAnswered(*appeal)),
                Some(Appeal { answer: None, .. }) => {
                    Ok(vec![Event::AppealAnswered { appeal: *appeal, upheld: *upheld, answer: answer.clone() }])
                }
            },
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Opened(opening) => state.opening = Some(Opening::clone(opening)),
            Event::Voted { voter, marks } => _ = state.votes.insert(voter.clone(), marks.clone()),
            Event::Published { votes, voters, outcomes, appeals_until } => {
                let (votes, voters, outcomes) = (*votes, *voters, outcomes.clone());
                state.published = Some(Published { votes, voters, outcomes, appeals_until: *appeals_until });
            }
            Event::Appealed { unit, reason, .. } => {
                state.appeals.push(Appeal { unit: unit.clone(), reason: reason.clone(), answer: None });
            }
            Event::AppealAnswered { appeal, upheld, answer } => {
                let place = usize::try_from(appeal.saturating_sub(1)).unwrap_or(usize::MAX);
                if let Some(appealed) = state.appeals.get_mut(place) {
                    appealed.answer = Some((*upheld, answer.clone()));
                }
            }
        }
        state
    }
}

impl State {
    fn appeal(&self, number: u32) -> Option<&Appeal> {
        self.appeals.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}

fn vote(
    state: &State,
    opening: &Opening,
    voter: &Code,
    marks: &[Marks],
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !opening.voters.contains(voter) {
        return Err(Refusal::NotAVoter(voter.clone()));
    }
    if state.votes.contains_key(voter) {
        return Err(Refusal::VotedAlready(voter.clone()));
    }
    // Whatever comes when its time is over comes to a closed ballot.
    if state.published.is_some() || now >= opening.over_from() {
        return Err(Refusal::BallotClosed);
    }
    for marked in marks {
        fits(opening, marked)?;
    }
    Ok(vec![Event::Voted { voter: voter.clone(), marks: marks.to_vec() }])
}

/// A unit of the ballot, with a mark for each of its parts and for nothing else.
fn fits(opening: &Opening, marked: &Marks) -> Result<(), Refusal> {
    if !opening.units.contains(&marked.unit) {
        return Err(Refusal::NotOnTheBallot(marked.unit.clone()));
    }
    let known = |part: &Code| opening.parts.iter().any(|(known, _)| known == part);
    if let Some((part, _)) = marked.parts.iter().find(|(part, _)| !known(part)) {
        return Err(Refusal::PartUnknown(part.clone()));
    }
    for (part, _) in &opening.parts {
        if marked.parts.iter().filter(|(marked, _)| marked == part).count() != 1 {
            return Err(Refusal::PartMissing { unit: marked.unit.clone(), part: part.clone() });
        }
    }
    Ok(())
}

fn publish(state: &State, opening: &Opening, now: Timestamp, appeals_until: Timestamp) -> Result<Vec<Event>, Refusal> {
    // Said again, it changes nothing.
    if state.published.is_some() {
        return Ok(vec![]);
    }
    let left = opening.voters.len().saturating_sub(state.votes.len());
    if left > 0 && now < opening.over_from() {
        return Err(Refusal::BallotOpen { left, closes_at: opening.closes_at });
    }
    if state.votes.is_empty() {
        return Err(Refusal::NobodyVoted);
    }
    let units: BTreeSet<&Code> = opening.units.iter().collect();
    let mut outcomes: Vec<Outcome> = units.into_iter().map(|unit| outcome(state, opening, unit)).collect();
    // By code already: what is equal stays so.
    outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.score));
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let (votes, voters) = (count(state.votes.len()), count(opening.voters.len()));
    Ok(vec![Event::Published { votes, voters, outcomes, appeals_until }])
}

/// Means over the communities that marked the unit, in exact decimals: a part's in percent, and the weighted sum of the parts.
fn outcome(state: &State, opening: &Opening, unit: &Code) -> Outcome {
    let votes: Vec<&Marks> = state.votes.values().flatten().filter(|marks| marks.unit == *unit).collect();
    let count = u32::try_from(votes.len()).unwrap_or(u32::MAX);
    let sum = |part: &Code| -> Decimal {
        let marks = votes.iter().flat_map(|marks| &marks.parts);
        marks.filter(|(marked, _)| marked == part).map(|(_, mark)| mark.rate()).sum()
    };
    let weighted: Decimal = opening.parts.iter().map(|(part, weight)| *weight * sum(part)).sum();
    let percent = |(part, _): &(Code, Decimal)| Some((part.clone(), mean(sum(part) * Decimal::ONE_HUNDRED, count)?));
    let comments = votes.iter().filter(|marks| !marks.comment.is_empty()).count();
    Outcome {
        unit: unit.clone(),
        votes: count,
        score: mean(weighted, count),
        parts: opening.parts.iter().filter_map(percent).collect(),
        comments: u32::try_from(comments).unwrap_or(u32::MAX),
    }
}

fn appeal(state: &State, unit: &Code, reason: &str, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Some(published) = &state.published else { return Err(Refusal::BallotUnpublished) };
    if !published.outcomes.iter().any(|outcome| outcome.unit == *unit) {
        return Err(Refusal::NotOnTheBallot(unit.clone()));
    }
    if now >= late_from(published.appeals_until) {
        return Err(Refusal::BallotAppealTooLate { until: published.appeals_until });
    }
    if state.appeals.iter().any(|known| known.unit == *unit) {
        return Err(Refusal::BallotAppealedAlready(unit.clone()));
    }
    let appeal = u32::try_from(state.appeals.len() + 1).unwrap_or(u32::MAX);
    Ok(vec![Event::Appealed { appeal, unit: unit.clone(), reason: reason.to_owned() }])
}
