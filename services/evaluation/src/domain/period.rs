//! A period of evaluation is published once (R-70, R-74): a table that is on the record and never changes. Who finds that
//! something is wrong with it appeals; what is wrong is corrected by another publication that names the one before.
//!
//! ```text
//! open ──its last day is over──▶ countable ──Publish──▶ published ──Appeal──▶ … ──Publish, with a reason──▶ corrected
//! ```
//! A table is about those who were called, or about grid members or those who work in communities, who are appraised from the cases
//! they had ([`TableName`], R-128). What is published is decided here, from what was counted on the record ([`counted`]): nobody hands in a figure. The
//! marks that come from elsewhere (R-71) are imported before, each import replacing the one before it.

pub mod appraisal;
pub mod counted;
pub mod interval;
pub mod span;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text;
pub mod tiers;

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use rust_decimal::Decimal;
use vocabulary::limit::late_from;

pub use counted::{Counted, Sum};
pub use span::{Span, TableName, Whose};
pub use table::{Row, Table, Terms};

/// Marks of one import: more than a district has units of any kind that are assessed.
pub const MARKS_MAX: usize = 500;
/// Decimal places of an imported mark.
pub const MARK_PLACES_MAX: u32 = 4;
/// Appeals against one period: each unit of the largest table against each of its publications, several times over.
pub const APPEALS_MAX: usize = 500;

/// A published table, with everything that it is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub district: Code,
    pub name: TableName,
    /// 1, 2, … within the period; each corrects the one before.
    pub number: u32,
    /// Why it corrects that one; empty: it is the first.
    pub reason: String,
    /// Version of the charter it was made by.
    pub charter: String,
    /// How far the record was read.
    pub position: u64,
    pub table: Table,
    /// Until when it can be appealed.
    pub appeals_until: Timestamp,
}

/// Marks from elsewhere, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Whose marks they are, in the words of whoever brings them.
    pub source: String,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    pub marks: BTreeMap<Code, Decimal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Imported(Import),
    Published(Box<Publication>),
    Appealed { appeal: u32, publication: u32, unit: Code, reason: String },
    AppealAnswered { appeal: u32, upheld: bool, answer: String },
}

/// What a publication is made of, beside what the history has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub district: Code,
    pub name: TableName,
    /// When its last day was over.
    pub over_from: Timestamp,
    /// Why the one before is corrected; empty: there is none.
    pub reason: String,
    pub charter: String,
    pub position: u64,
    pub terms: Terms,
    pub counted: Counted,
    pub appeals_until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Import(Import),
    Publish {
        draft: Box<Draft>,
        now: Timestamp,
    },
    /// Was not to be published when the door asked, before it read the record. Whoever repeats what was done hears of that.
    Decline(Refusal),
    Appeal {
        unit: Code,
        reason: String,
        now: Timestamp,
    },
    AnswerAppeal {
        appeal: u32,
        upheld: bool,
        answer: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub import: Option<Import>,
    pub publications: Vec<Publication>,
    /// By number, from 1.
    pub appeals: Vec<Appeal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    pub publication: u32,
    pub unit: Code,
    pub reason: String,
    /// Whether it was upheld, and why.
    pub answer: Option<(bool, String)>,
}

/// Why a period says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{span} is not over before {over_from:.0}; until then its figures may change")]
    PeriodOpen { span: TableName, over_from: Timestamp },
    #[error("{span} was published already; a correction says why it corrects publication {number}")]
    PublishedAlready { span: TableName, number: u32 },
    #[error("there is no publication of this period that could be corrected: leave the reason out")]
    NothingToCorrect,
    #[error("the record gives the same table as publication {number}: there is nothing to correct")]
    NothingChanged { number: u32 },
    #[error("a year's result has an imported part here, and these have no mark: {}", listed(.units))]
    MarkMissing { units: Vec<Code> },
    #[error("the charter does not say how anybody is appraised: `appraisal` in evaluation.yaml does")]
    NobodyAppraised,
    #[error("this period was not published")]
    NotPublished,
    #[error("{unit} is not in the table of this period")]
    NotInTheTable { unit: Code },
    #[error("the time to appeal is over; it was {until:.0} at the latest")]
    AppealTooLate { until: Timestamp },
    #[error("{unit} has appealed against publication {publication} already")]
    AppealedAlready { unit: Code, publication: u32 },
    #[error("there is no appeal {appeal} against this period")]
    NoSuchAppeal { appeal: u32 },
    #[error("appeal {appeal} was answered already")]
    AppealAnswered { appeal: u32 },
    #[error("{APPEALS_MAX} appeals were made against this period; more are not recorded")]
    AppealsEnough,
}

fn listed(units: &[Code]) -> String {
    let units: Vec<&str> = units.iter().map(Code::as_str).collect();
    units.join(", ")
}

/// The rule book of a period.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Rules {
    /// Whether a period can be published now. The door asks before it reads the record for it, and the decision asks again.
    ///
    /// # Errors
    /// Why not.
    pub fn may_publish(
        state: &State,
        span: TableName,
        over_from: Timestamp,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match (state.publications.last(), reason) {
            _ if now < over_from => Err(Refusal::PeriodOpen { span, over_from }),
            (Some(last), "") => Err(Refusal::PublishedAlready { span, number: last.number }),
            (None, reason) if !reason.is_empty() => Err(Refusal::NothingToCorrect),
            (Some(_) | None, _) => Ok(()),
        }
    }
}

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Import(import) if state.import.as_ref() == Some(import) => Ok(vec![]),
            Command::Import(import) => Ok(vec![Event::Imported(import.clone())]),

            Command::Publish { draft, now } => publish(state, draft, *now),
            Command::Decline(refusal) => Err(refusal.clone()),

            Command::Appeal { unit, reason, now } => appeal(state, unit, reason, *now),

            Command::AnswerAppeal { appeal, upheld, answer } => match state.appeal(*appeal) {
                None => Err(Refusal::NoSuchAppeal { appeal: *appeal }),
                Some(Appeal { answer: Some(_), .. }) => Err(Refusal::AppealAnswered { appeal: *appeal }),
                Some(Appeal { answer: None, .. }) => {
                    Ok(vec![Event::AppealAnswered { appeal: *appeal, upheld: *upheld, answer: answer.clone() }])
                }
            },
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Imported(import) => state.import = Some(import.clone()),
            Event::Published(publication) => state.publications.push(Publication::clone(publication)),
            Event::Appealed { publication, unit, reason, .. } => state.appeals.push(Appeal {
                publication: *publication,
                unit: unit.clone(),
                reason: reason.clone(),
                answer: None,
            }),
            Event::AppealAnswered { appeal, upheld, answer } => {
                if let Some(appealed) = state.appeal_mut(*appeal) {
                    appealed.answer = Some((*upheld, answer.clone()));
                }
            }
        }
        state
    }
}

impl State {
    fn appeal(&self, number: u32) -> Option<&Appeal> {
        self.appeals.get(place(number)?)
    }

    fn appeal_mut(&mut self, number: u32) -> Option<&mut Appeal> {
        self.appeals.get_mut(place(number)?)
    }
}

fn place(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

fn publish(state: &State, draft: &Draft, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    Rules::may_publish(state, draft.name, draft.over_from, &draft.reason, now)?;
    let marks = state.import.as_ref().map(|import| import.marks.clone()).unwrap_or_default();
    let table = Table::of(&draft.counted, draft.terms.clone(), &marks);
    let units = table.without_mark();
    if !units.is_empty() {
        return Err(Refusal::MarkMissing { units });
    }
    let before = state.publications.last();
    if let Some(same) = before.filter(|before| before.table == table) {
        return Err(Refusal::NothingChanged { number: same.number });
    }
    let publication = Publication {
        district: draft.district.clone(),
        name: draft.name,
        number: before.map_or(1, |before| before.number + 1),
        reason: draft.reason.clone(),
        charter: draft.charter.clone(),
        position: draft.position,
        table,
        appeals_until: draft.appeals_until,
    };
    Ok(vec![Event::Published(Box::new(publication))])
}

/// Against the last publication, by a unit that it names, once, within the second in which its time ends.
fn appeal(state: &State, unit: &Code, reason: &str, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Some(last) = state.publications.last() else { return Err(Refusal::NotPublished) };
    let publication = last.number;
    if !last.table.has(unit) && !last.table.excluded.iter().any(|(excluded, _)| excluded == unit) {
        return Err(Refusal::NotInTheTable { unit: unit.clone() });
    }
    if now >= late_from(last.appeals_until) {
        return Err(Refusal::AppealTooLate { until: last.appeals_until });
    }
    if state.appeals.iter().any(|known| known.publication == publication && known.unit == *unit) {
        return Err(Refusal::AppealedAlready { unit: unit.clone(), publication });
    }
    if state.appeals.len() >= APPEALS_MAX {
        return Err(Refusal::AppealsEnough);
    }
    let appeal = u32::try_from(state.appeals.len() + 1).unwrap_or(u32::MAX);
    Ok(vec![Event::Appealed { appeal, publication, unit: unit.clone(), reason: reason.to_owned() }])
}
