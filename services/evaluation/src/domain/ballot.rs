//! A street gathers its communities, and each marks departments once (R-76): from below upwards.
//!
//! ```text
//! Unknown ──Open──▶ Open ──Vote, each community once──▶ … ──all have, or time over: Publish──▶ Published ──Appeal──▶ …
//!    … ──AnswerAppeal, upheld──▶ that unit is marked anew ──all have, or time over: Publish──▶ corrected ──Appeal──▶ …
//! ```
//! What is marked are the parts of the charter's formula, each from 0 to 1; a deduction needs its reason (R-75), full marks need
//! none. A community that has nothing to say of a unit leaves it out. Comments are evidence: they are kept, and change no figure.
//!
//! Nobody changes a figure, and an appeal that is upheld does not either: it has the communities mark that unit once more, and
//! what stood of whoever does not stays. What comes of it is another publication, which names the one it corrects and the
//! appeals that it follows. The first one stays as it was.

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
    Voted {
        voter: Code,
        marks: Vec<Marks>,
    },
    Published(Published),
    Appealed {
        appeal: u32,
        publication: u32,
        unit: Code,
        reason: String,
    },
    /// `anew_until`: the unit is marked anew until then; none: it is not.
    AppealAnswered {
        appeal: u32,
        upheld: bool,
        answer: String,
        anew_until: Option<Timestamp>,
    },
}

/// `street`: of whoever asks; the ballot is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Open(Box<Opening>),
    Vote {
        voter: Code,
        marks: Vec<Marks>,
        now: Timestamp,
    },
    Publish {
        street: Option<Code>,
        now: Timestamp,
        appeals_until: Timestamp,
    },
    Appeal {
        unit: Code,
        reason: String,
        now: Timestamp,
    },
    /// `anew_until`: how long the communities have to mark the unit anew, if it is upheld.
    AnswerAppeal {
        street: Option<Code>,
        appeal: u32,
        upheld: bool,
        answer: String,
        anew_until: Timestamp,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub opening: Option<Opening>,
    /// By community.
    pub votes: BTreeMap<Code, Vec<Marks>>,
    /// Each corrects the one before.
    pub publications: Vec<Published>,
    /// By number, from 1.
    pub appeals: Vec<Appeal>,
    /// Units that are marked anew since the last publication.
    pub anew: Vec<Anew>,
}

/// A unit is marked once more, because an appeal of its was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anew {
    pub appeal: u32,
    pub unit: Code,
    pub until: Timestamp,
    /// Communities that have.
    pub voters: BTreeSet<Code>,
}

impl Anew {
    /// A vote within the second in which its time ends still counts.
    fn is_over(&self, now: Timestamp) -> bool {
        now >= late_from(self.until)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// 1, 2, … within the ballot; each corrects the one before.
    pub number: u32,
    /// The upheld appeals that it follows, by number.
    pub follows: Vec<u32>,
    pub votes: u32,
    pub voters: u32,
    pub outcomes: Vec<Outcome>,
    pub appeals_until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    pub publication: u32,
    pub unit: Code,
    pub reason: String,
    pub answer: Option<(bool, String)>,
    pub anew_until: Option<Timestamp>,
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
    #[error("{0} has appealed against this publication of the ballot already")]
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
            (Command::AnswerAppeal { appeal, upheld, answer, anew_until, .. }, Some(_)) => {
                match state.appeal(*appeal) {
                    None => Err(Refusal::NoSuchBallotAppeal(*appeal)),
                    Some(Appeal { answer: Some(_), .. }) => Err(Refusal::BallotAppealAnswered(*appeal)),
                    Some(Appeal { answer: None, .. }) => Ok(vec![Event::AppealAnswered {
                        appeal: *appeal,
                        upheld: *upheld,
                        answer: answer.clone(),
                        anew_until: upheld.then_some(*anew_until),
                    }]),
                }
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Opened(opening) => state.opening = Some(Opening::clone(opening)),
            Event::Voted { voter, marks } => state.take(voter, marks),
            Event::Published(published) => {
                state.publications.push(published.clone());
                state.anew.clear();
            }
            Event::Appealed { publication, unit, reason, .. } => {
                let (publication, unit, reason) = (*publication, unit.clone(), reason.clone());
                state.appeals.push(Appeal { publication, unit, reason, answer: None, anew_until: None });
            }
            Event::AppealAnswered { appeal, upheld, answer, anew_until } => {
                let place = usize::try_from(appeal.saturating_sub(1)).unwrap_or(usize::MAX);
                if let Some(appealed) = state.appeals.get_mut(place) {
                    appealed.answer = Some((*upheld, answer.clone()));
                    appealed.anew_until = *anew_until;
                    let (appeal, unit) = (*appeal, appealed.unit.clone());
                    let anew = anew_until.map(|until| Anew { appeal, unit, until, voters: BTreeSet::new() });
                    state.anew.extend(anew);
                }
            }
        }
        state
    }
}

impl State {
    /// The last publication.
    #[must_use]
    pub fn published(&self) -> Option<&Published> {
        self.publications.last()
    }

    /// What a community says of a unit takes the place of what it had said of it.
    fn take(&mut self, voter: &Code, marks: &[Marks]) {
        let of_voter = self.votes.entry(voter.clone()).or_default();
        of_voter.retain(|known| marks.iter().all(|marks| marks.unit != known.unit));
        of_voter.extend_from_slice(marks);
        for anew in self.anew.iter_mut().filter(|anew| marks.iter().any(|marks| marks.unit == anew.unit)) {
            anew.voters.insert(voter.clone());
        }
    }

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
    if state.published().is_none() {
        if state.votes.contains_key(voter) {
            return Err(Refusal::VotedAlready(voter.clone()));
        }
        // Whatever comes when its time is over comes to a closed ballot.
        if now >= opening.over_from() {
            return Err(Refusal::BallotClosed);
        }
    }
    for marked in marks {
        fits(opening, marked)?;
        if state.published().is_some() {
            is_marked_anew(state, voter, &marked.unit, now)?;
        }
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

/// After the first publication only what an upheld appeal is about is marked, once more by each.
fn is_marked_anew(state: &State, voter: &Code, unit: &Code, now: Timestamp) -> Result<(), Refusal> {
    match state.anew.iter().filter(|anew| anew.unit == *unit).max_by_key(|anew| anew.until) {
        Some(anew) if anew.voters.contains(voter) => Err(Refusal::VotedAlready(voter.clone())),
        Some(anew) if !anew.is_over(now) => Ok(()),
        Some(_) | None => Err(Refusal::BallotClosed),
    }
}

fn publish(state: &State, opening: &Opening, now: Timestamp, appeals_until: Timestamp) -> Result<Vec<Event>, Refusal> {
    let number = state.published().map_or(1, |last| last.number.saturating_add(1));
    let waits = match state.published() {
        None => {
            let left = opening.voters.len().saturating_sub(state.votes.len());
            (left > 0 && now < opening.over_from()).then_some((left, opening.closes_at))
        }
        // Said again, it changes nothing.
        Some(_) if state.anew.is_empty() => return Ok(vec![]),
        Some(_) => {
            let left = |anew: &Anew| (opening.voters.len().saturating_sub(anew.voters.len()), anew.until);
            let open = state.anew.iter().filter(|anew| !anew.is_over(now)).map(left);
            open.filter(|(left, _)| *left > 0).max_by_key(|(_, until)| *until)
        }
    };
    if let Some((left, closes_at)) = waits {
        return Err(Refusal::BallotOpen { left, closes_at });
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
    let follows = state.anew.iter().map(|anew| anew.appeal).collect();
    Ok(vec![Event::Published(Published { number, follows, votes, voters, outcomes, appeals_until })])
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
    let Some(published) = state.published() else { return Err(Refusal::BallotUnpublished) };
    let publication = published.number;
    if !published.outcomes.iter().any(|outcome| outcome.unit == *unit) {
        return Err(Refusal::NotOnTheBallot(unit.clone()));
    }
    if now >= late_from(published.appeals_until) {
        return Err(Refusal::BallotAppealTooLate { until: published.appeals_until });
    }
    if state.appeals.iter().any(|known| known.publication == publication && known.unit == *unit) {
        return Err(Refusal::BallotAppealedAlready(unit.clone()));
    }
    let appeal = u32::try_from(state.appeals.len() + 1).unwrap_or(u32::MAX);
    Ok(vec![Event::Appealed { appeal, publication, unit: unit.clone(), reason: reason.to_owned() }])
}
