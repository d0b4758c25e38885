//! Counts again what was published (I9): from the record and the archive alone, with nothing taken from the publication but up
//! to which position it read and by which version of the charter.

use std::collections::{BTreeMap, HashMap};

use archive::Shelf;
use decider::Decider;
use ids::{Code, Owner, Revision};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use record::{Aggregate, Broker, StoredCommit, WireError};
use rust_decimal::Decimal;
use station::Charters;
use tokio_util::sync::CancellationToken;

use crate::domain::period::text::first_difference;
use crate::domain::period::{self, Publication, Table, TableName, Terms};
use crate::domain::{self, Event, Formula, Part, Score};
use crate::periods::key;
use crate::reading::{Reading, window};
use crate::wire::period::{from_published, sha256_of};

/// Differences of one publication that are told; a formula that was changed makes one of every case.
const TOLD_MAX: usize = 20;

/// What came of counting one publication again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    pub publication: u32,
    /// SHA-256 of the text, as it was published.
    pub sha256: String,
    /// Scores of cases that were computed again as well.
    pub scores: u64,
    /// Empty: the same, to the last byte.
    pub differences: Vec<String>,
}

/// The hash of a table's text, as it is published.
#[must_use]
pub fn sha256(text: &str) -> String {
    sha256_of(text.as_bytes())
}

/// Counts every publication of a period again.
///
/// # Errors
/// The record or the archive cannot be read, or a charter is not there; that something differs is no error.
pub async fn recount(
    broker: &Broker,
    shelf: &Shelf,
    charters: &Charters,
    district: &Code,
    name: TableName,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<Recount>> {
    let history = broker.load_owner(&key(district.clone(), name), Owner::Evaluation).await?;
    let mut recounts = Vec::new();
    let mut marks: BTreeMap<Code, Decimal> = BTreeMap::new();
    let facts = history.iter().flat_map(|stored| stored.commit.facts());
    for event in facts {
        if let Some(EvaluationFact::PeriodPublished(fact)) = event.evaluation() {
            let published = from_published(fact)?;
            let mut recount = count_again(broker, shelf, charters, &published, &marks, stop).await?;
            if sha256_of(published.text().as_bytes()) != fact.sha256 {
                recount.differences.insert(0, format!("the table's hash is not the one published, {}", fact.sha256));
            }
            recount.sha256.clone_from(&fact.sha256);
            recounts.push(recount);
        } else if let period::Event::Imported(import) = period::Rules::from_wire(event)? {
            marks = import.marks;
        }
    }
    Ok(recounts)
}

async fn count_again(
    broker: &Broker,
    shelf: &Shelf,
    charters: &Charters,
    published: &Publication,
    marks: &BTreeMap<Code, Decimal>,
    stop: &CancellationToken,
) -> anyhow::Result<Recount> {
    let charter = charters.version(published.district.as_str(), &published.charter)?;
    let window =
        window(published.name.span, &charter).ok_or_else(|| anyhow::anyhow!("{} has no days", published.name))?;
    let reading = Reading { broker, shelf, district: &published.district, window, until: published.position };
    let mut scores = Scores::new(charters);
    let counted = reading.of(published.name.whose, &charter, stop.clone(), |stored| scores.take(stored)).await?;
    let table = Table::of(&counted, Terms::of(&charter, published.name), marks);
    let (there, here) = (published.text(), Publication { table, ..published.clone() }.text());
    let mut differences = scores.differences;
    if let Some((line, there, here)) = first_difference(&there, &here) {
        differences.insert(0, format!("line {line}: published {there:?}, the record gives {here:?}"));
    }
    differences.truncate(TOLD_MAX);
    Ok(Recount { publication: published.number, sha256: String::new(), scores: scores.computed, differences })
}

/// Every score of a case computed again from what was rated and measured, by the formula of the charter it was decided under.
struct Scores<'c> {
    charters: &'c Charters,
    /// By case: how far it was read, and its state then.
    cases: HashMap<String, (Revision, domain::State)>,
    computed: u64,
    differences: Vec<String>,
}

impl<'c> Scores<'c> {
    fn new(charters: &'c Charters) -> Self {
        Self { charters, cases: HashMap::new(), computed: 0, differences: Vec::new() }
    }

    fn take(&mut self, stored: &StoredCommit) {
        let (key, revision) = (&stored.subject.key, stored.subject.revision);
        let (read, state) = self.cases.entry(key.id.clone()).or_default();
        // A case that is being filed is met twice.
        if *read >= revision {
            return;
        }
        *read = revision;
        let mut state = std::mem::take(state);
        let mut wrong = Vec::new();
        for decision in &stored.commit.decisions {
            let events: Result<Vec<Event>, WireError> = decision.events.iter().map(domain::Rules::from_wire).collect();
            let Ok(events) = events else {
                wrong.push(format!("{}: not a decision about a case", stored.subject));
                continue;
            };
            let (facts, recorded): (Vec<Event>, Vec<Event>) =
                events.into_iter().partition(|event| !matches!(event, Event::Scored(_)));
            state = facts.iter().fold(state, domain::Rules::evolve);
            if !recorded.is_empty() {
                let expected = self.expected(stored, &state);
                self.computed += u64::try_from(recorded.len()).unwrap_or(u64::MAX);
                match expected {
                    Ok(expected) if expected == recorded => {}
                    Ok(expected) => wrong.push(format!(
                        "{}: recorded {}, its facts give {}",
                        stored.subject,
                        told(&recorded),
                        told(&expected)
                    )),
                    Err(missing) => wrong.push(format!("{}: {missing}", stored.subject)),
                }
            }
            state = recorded.iter().fold(state, domain::Rules::evolve);
        }
        self.differences.extend(wrong);
        self.differences.truncate(TOLD_MAX);
        self.cases.insert(key.id.clone(), (revision, state));
    }

    fn expected(&self, stored: &StoredCommit, state: &domain::State) -> anyhow::Result<Vec<Event>> {
        let district = stored.subject.key.district.as_str();
        let charter = self.charters.version(district, &stored.commit.charter_version)?;
        let formula = Formula::from(charter.formula());
        let scores = state.round.as_ref().map(|round| round.scores_due(&formula)).unwrap_or_default();
        Ok(scores.into_iter().map(Event::Scored).collect())
    }
}

fn told(scores: &[Event]) -> String {
    let part = |part: &Part| {
        let rate = part.rate.map_or_else(|| "not rated".to_owned(), |rate| rate.normalize().to_string());
        format!("{} {} × {rate}", part.code, part.weight.normalize())
    };
    let told = |score: &Score| {
        let total = score.total.map_or_else(|| "held back".to_owned(), |total| total.to_string());
        let parts: Vec<String> = score.parts.iter().map(part).collect();
        format!("{} {total} ({})", score.party, parts.join(", "))
    };
    let scores =
        scores.iter().filter_map(|event| if let Event::Scored(score) = event { Some(told(score)) } else { None });
    scores.collect::<Vec<_>>().join(", ")
}
