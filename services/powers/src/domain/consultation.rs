//! A decision or project on which streets must be heard (R-95), in its three phases (R-144).
//!
//! ```text
//! drawn up ──gate──▶ carried out ──gate──▶ finished
//!                        │  ▲
//!                       gate gate
//!                        ▼  │
//!                       changed
//! ```
//! The gate is [`Project::gate`]: in the phase the project leaves, streets were asked, each of them was heard or let its
//! time pass, and each opinion was answered. A project can be dropped at any time: nothing of it is carried out then.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::limit::late_from;

use super::{Answer, Document};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

/// Rounds of one project: each has its own documents, and nobody reads more.
pub const ROUNDS_MAX: usize = 50;

/// A part of a project in which streets are heard anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    DrawnUp,
    CarriedOut,
    Changed,
}

impl Phase {
    const fn as_str(self) -> &'static str {
        match self {
            Self::DrawnUp => "drawn up",
            Self::CarriedOut => "carried out",
            Self::Changed => "changed",
        }
    }
}

/// Where a project goes from its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    CarriedOut,
    Changed,
    Finished,
    Dropped,
}

impl Advance {
    /// What leads where. What was changed is carried out again before it is finished.
    const fn leads_from(self, phase: Phase) -> bool {
        match (phase, self) {
            (_, Self::Dropped)
            | (Phase::DrawnUp | Phase::Changed, Self::CarriedOut)
            | (Phase::CarriedOut, Self::Changed | Self::Finished) => true,
            (Phase::DrawnUp | Phase::Changed, Self::Changed | Self::Finished)
            | (Phase::CarriedOut, Self::CarriedOut) => false,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::CarriedOut => "carried out",
            Self::Changed => "changed",
            Self::Finished => "finished",
            Self::Dropped => "dropped",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Of the charter's list.
    pub item: Code,
    pub title: String,
    /// Whose project it is.
    pub asker: Code,
    pub opened_at: Timestamp,
}

/// What streets are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub streets: Vec<Code>,
    pub text: String,
    pub documents: Vec<Document>,
    pub due: Timestamp,
    pub due_provisional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Opened(Box<Opening>),
    /// `round` counts from 1.
    Asked {
        round: u32,
        phase: Phase,
        question: Box<Question>,
    },
    OpinionGiven {
        round: u32,
        street: Code,
        text: String,
        at: Timestamp,
    },
    OpinionAnswered {
        round: u32,
        street: Code,
        answer: Answer,
    },
    /// The time of a round is over, and these streets have said nothing.
    Expired {
        round: u32,
        streets: Vec<Code>,
        due: Timestamp,
    },
    Advanced {
        from: Phase,
        to: Advance,
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Open(Box<Opening>),
    Ask {
        question: Box<Question>,
        now: Timestamp,
    },
    /// `round`: none for the last one in which the street was asked; so in `Answer`.
    GiveOpinion {
        street: Code,
        round: Option<u32>,
        text: String,
        now: Timestamp,
    },
    Answer {
        street: Code,
        round: Option<u32>,
        answer: Answer,
    },
    Advance {
        to: Advance,
        reason: String,
        now: Timestamp,
    },
    CheckDeadline {
        now: Timestamp,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub project: Option<Project>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub opening: Opening,
    pub phase: Phase,
    /// In order; their numbers count from 1.
    pub rounds: Vec<Round>,
    /// How many there were when the phase began.
    before_phase: usize,
    /// Finished or dropped.
    pub ended: Option<Advance>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    pub phase: Phase,
    pub question: Question,
    pub opinions: BTreeMap<Code, Opinion>,
    /// That its time is over is on the record.
    pub expired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    pub text: String,
    pub at: Timestamp,
    pub answer: Option<Answer>,
}

impl Round {
    /// Streets that have said nothing.
    #[must_use]
    pub fn silent(&self) -> Vec<Code> {
        self.question.streets.iter().filter(|street| !self.opinions.contains_key(*street)).cloned().collect()
    }

    /// An opinion within the second in which the time ends still counts.
    fn is_over(&self, now: Timestamp) -> bool {
        self.expired || late_from(self.question.due) <= now
    }

    /// Whether its end has to be recorded.
    fn expires(&self) -> bool {
        !self.expired && !self.silent().is_empty()
    }
}

impl Project {
    /// Rounds of the phase it is in, with their numbers.
    fn of_phase(&self) -> impl Iterator<Item = (u32, &Round)> {
        (1..).zip(&self.rounds).skip(self.before_phase)
    }

    /// What has run out and is not on the record yet.
    fn expiring(&self, now: Timestamp) -> Vec<Event> {
        let over = (1..).zip(&self.rounds).filter(|(_, round)| round.expires() && round.is_over(now));
        over.map(|(number, round)| Event::Expired { round: number, streets: round.silent(), due: round.question.due })
            .collect()
    }

    /// The gate: why the project cannot leave its phase now.
    fn gate(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.of_phase().next().is_none() {
            return Err(Refusal::NobodyAsked(self.phase.as_str()));
        }
        for (_, round) in self.of_phase() {
            if let Some(street) = round.silent().into_iter().next().filter(|_| !round.is_over(now)) {
                return Err(Refusal::OpinionMissing { street, due: round.question.due });
            }
            if let Some((street, _)) = round.opinions.iter().find(|(_, opinion)| opinion.answer.is_none()) {
                return Err(Refusal::OpinionUnanswered(street.clone()));
            }
        }
        Ok(())
    }

    /// The round a street speaks of.
    fn round_of(&self, street: &Code, named: Option<u32>) -> Result<(u32, &Round), Refusal> {
        let asked = |(_, round): &(u32, &Round)| round.question.streets.contains(street);
        let mut rounds = (1..).zip(&self.rounds).filter(|(number, _)| named.is_none_or(|named| named == *number));
        let found = if named.is_some() { rounds.find(asked) } else { rounds.filter(asked).last() };
        found.ok_or_else(|| Refusal::NotAsked(street.clone()))
    }
}

impl State {
    /// When the earliest round that somebody is silent in runs out.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let project = self.project.as_ref().filter(|project| project.ended.is_none())?;
        let open = project.rounds.iter().filter(|round| round.expires());
        open.map(|round| late_from(round.question.due)).min()
    }
}

/// Why a consultation says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such project")]
    NoSuchProject,
    #[error("there is a project of this name already")]
    ProjectExists,
    #[error("the project is {0}")]
    ProjectOver(&'static str),
    #[error("no street was asked while the project was {0}")]
    NobodyAsked(&'static str),
    #[error("{street} has not been heard, and has time until {due:.0}")]
    OpinionMissing { street: Code, due: Timestamp },
    #[error("nobody has answered the opinion of {0}")]
    OpinionUnanswered(Code),
    #[error("a project that is {from} cannot be {to} next")]
    NotNext { from: &'static str, to: &'static str },
    #[error("{0} was not asked")]
    NotAsked(Code),
    #[error("the time for opinions was over at {0:.0}; make a suggestion instead")]
    OpinionTooLate(Timestamp),
    #[error("the opinion of {0} has been answered; make a suggestion instead")]
    OpinionClosed(Code),
    #[error("{0} has said nothing that could be answered")]
    NoOpinion(Code),
    #[error("say why it is not adopted as it is")]
    ReasonNeeded,
    #[error("say why it is dropped")]
    DropReasonNeeded,
    #[error("streets need time until after {0:.0}")]
    DueBefore(Timestamp),
    #[error("a project has at most {0} rounds")]
    TooManyRounds(usize),
}

/// The rule book of a project on which streets are heard.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.project) {
            (Command::Open(opening), None) => Ok(vec![Event::Opened(opening.clone())]),
            (Command::Open(_), Some(_)) => Err(Refusal::ProjectExists),
            (Command::CheckDeadline { .. }, None) => Ok(vec![]),
            (_, None) => Err(Refusal::NoSuchProject),
            // An answer that comes late is still owed, and changes nothing of what was decided.
            (Command::Answer { street, round, answer }, Some(project)) => reply(project, street, *round, answer),
            (Command::CheckDeadline { .. }, Some(Project { ended: Some(_), .. })) => Ok(vec![]),
            (_, Some(Project { ended: Some(ended), .. })) => Err(Refusal::ProjectOver(ended.as_str())),
            (Command::Ask { question, now }, Some(project)) => ask(project, question, *now),
            (Command::GiveOpinion { street, round, text, now }, Some(project)) => {
                say(project, street, *round, text, *now)
            }
            (Command::Advance { to, reason, now }, Some(project)) => advance(project, *to, reason, *now),
            (Command::CheckDeadline { now }, Some(project)) => Ok(project.expiring(*now)),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        let Some(project) = &mut state.project else {
            if let Event::Opened(opening) = event {
                let opening = Opening::clone(opening);
                let phase = Phase::DrawnUp;
                state.project = Some(Project { opening, phase, rounds: vec![], before_phase: 0, ended: None });
            }
            return state;
        };
        let nth = |round: u32| usize::try_from(round).unwrap_or(usize::MAX).wrapping_sub(1);
        match event {
            Event::Opened(_) => {}
            Event::Asked { phase, question, .. } => project.rounds.push(Round {
                phase: *phase,
                question: Question::clone(question),
                opinions: BTreeMap::new(),
                expired: false,
            }),
            Event::OpinionGiven { round, street, text, at } => {
                if let Some(round) = project.rounds.get_mut(nth(*round)) {
                    round.opinions.insert(street.clone(), Opinion { text: text.clone(), at: *at, answer: None });
                }
            }
            Event::OpinionAnswered { round, street, answer } => {
                let round = project.rounds.get_mut(nth(*round));
                if let Some(opinion) = round.and_then(|round| round.opinions.get_mut(street)) {
                    opinion.answer = Some(answer.clone());
                }
            }
            Event::Expired { round, .. } => {
                if let Some(round) = project.rounds.get_mut(nth(*round)) {
                    round.expired = true;
                }
            }
            Event::Advanced { to, .. } => {
                match to {
                    Advance::CarriedOut => project.phase = Phase::CarriedOut,
                    Advance::Changed => project.phase = Phase::Changed,
                    Advance::Finished | Advance::Dropped => project.ended = Some(*to),
                }
                project.before_phase = project.rounds.len();
            }
        }
        state
    }
}

fn ask(project: &Project, question: &Question, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if question.due <= now {
        return Err(Refusal::DueBefore(now));
    }
    if project.rounds.len() >= ROUNDS_MAX {
        return Err(Refusal::TooManyRounds(ROUNDS_MAX));
    }
    let round = u32::try_from(project.rounds.len()).unwrap_or(u32::MAX).saturating_add(1);
    Ok(vec![Event::Asked { round, phase: project.phase, question: Box::new(question.clone()) }])
}

fn say(
    project: &Project,
    street: &Code,
    named: Option<u32>,
    text: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (number, round) = project.round_of(street, named)?;
    let known = round.opinions.get(street);
    if known.is_some_and(|known| known.text == text) {
        return Ok(vec![]);
    }
    if round.is_over(now) {
        return Err(Refusal::OpinionTooLate(round.question.due));
    }
    if known.is_some_and(|known| known.answer.is_some()) {
        return Err(Refusal::OpinionClosed(street.clone()));
    }
    Ok(vec![Event::OpinionGiven { round: number, street: street.clone(), text: text.to_owned(), at: now }])
}

fn reply(project: &Project, street: &Code, named: Option<u32>, answer: &Answer) -> Result<Vec<Event>, Refusal> {
    let (round, asked) = project.round_of(street, named)?;
    let opinion = asked.opinions.get(street).ok_or_else(|| Refusal::NoOpinion(street.clone()))?;
    if answer.lacks_its_reason() {
        return Err(Refusal::ReasonNeeded);
    }
    if opinion.answer.as_ref() == Some(answer) {
        return Ok(vec![]);
    }
    Ok(vec![Event::OpinionAnswered { round, street: street.clone(), answer: answer.clone() }])
}

fn advance(project: &Project, to: Advance, reason: &str, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if !to.leads_from(project.phase) {
        return Err(Refusal::NotNext { from: project.phase.as_str(), to: to.as_str() });
    }
    if to == Advance::Dropped && reason.is_empty() {
        return Err(Refusal::DropReasonNeeded);
    }
    if to != Advance::Dropped {
        project.gate(now)?;
    }
    // Whoever was not heard stands on the record before what was decided without them.
    let mut events = if to == Advance::Dropped { vec![] } else { project.expiring(now) };
    events.push(Event::Advanced { from: project.phase, to, reason: reason.to_owned() });
    Ok(events)
}
