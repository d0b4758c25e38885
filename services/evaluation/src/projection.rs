//! The callback queue and the league table: what evaluation's commits make of all cases, in memory. A copy, never a
//! source: it comes back from the record at every start.
//!
//! It holds some hundred bytes per case and scored party. What is shown of a case is its latest resolution: scores of
//! a later round replace those of an earlier one, party by party.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use chassis::Gate;
use ids::{Code, Kind, Owner};
use jiff::Timestamp;
use proto::FromWireTime;
use proto::subjects::CommitSubject;
use record::{Aggregate, Broker, BrokerError, Step, StoredCommit, WireError};
use rust_decimal::{Decimal, RoundingStrategy};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::{Event, Part, Rules};

/// How long a reader waits for the lists to come level with the record.
const LEVEL_WITH_RECORD: Duration = Duration::from_secs(5);
/// Decimal places of a mean.
const MEAN_PLACES: u32 = 4;

#[derive(Clone)]
pub struct Projection {
    table: Arc<RwLock<Table>>,
    position: watch::Sender<u64>,
}

impl Default for Projection {
    fn default() -> Self {
        Self { table: Arc::default(), position: watch::Sender::new(0) }
    }
}

impl Projection {
    /// Follows the record until `stop`; opens `gate` when level with it for the first time.
    pub async fn feed(self, broker: Broker, stop: CancellationToken, gate: Gate) -> anyhow::Result<()> {
        let mut record = broker.replay(vec![filter()], 1, stop);
        while let Some(step) = record.next().await? {
            match step {
                Step::Commit(stored) => {
                    self.table.write().unwrap_or_else(PoisonError::into_inner).add(&stored)?;
                    self.position.send_replace(stored.sequence);
                }
                Step::LevelWithRecord => gate.open(),
            }
        }
        Ok(())
    }

    /// The lists, once they hold everything that was recorded before this call. Lists that lag are better than none:
    /// after a while they are shown as they are.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn read(&self, broker: &Broker) -> Result<RwLockReadGuard<'_, Table>, BrokerError> {
        let last = broker.last_position(&filter()).await?;
        let mut seen = self.position.subscribe();
        let level = tokio::time::timeout(LEVEL_WITH_RECORD, seen.wait_for(|at| *at >= last)).await.is_ok();
        if !level {
            tracing::warn!(last, "the lists lag behind the record and are shown as they are");
        }
        Ok(self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn filter() -> String {
    CommitSubject::all_of(Kind::Case, Owner::Evaluation)
}

#[derive(Default)]
pub struct Table {
    districts: HashMap<Code, District>,
}

#[derive(Default)]
struct District {
    cases: HashMap<String, Line>,
    /// Cases that nobody has rated, by the position at which a rating was asked for.
    unrated: BTreeMap<u64, String>,
}

/// One case.
#[derive(Default)]
struct Line {
    round: u32,
    callbacks: u32,
    /// Its key in [`District::unrated`].
    unrated_since: Option<u64>,
    scores: BTreeMap<Code, Scored>,
}

struct Scored {
    at: Timestamp,
    total: Decimal,
    parts: Vec<Part>,
}

/// A case in the callback queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrated {
    pub case: String,
    pub round: u32,
    pub callbacks: u32,
}

/// One party over a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    cases: u64,
    totals: Decimal,
    /// By component: the sum of its rates, and over how many cases.
    rates: BTreeMap<Code, (Decimal, u64)>,
}

impl Table {
    fn add(&mut self, stored: &StoredCommit) -> Result<(), WireError> {
        let at = stored.commit.at.time().map_err(|error| WireError::new("at", error))?;
        let key = &stored.subject.key;
        let district = self.districts.entry(key.district.clone()).or_default();
        for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
            district.apply(&key.id, stored.sequence, at, Rules::from_wire(event)?);
        }
        Ok(())
    }

    /// Who is to be called back, longest waiting first.
    pub fn unrated(&self, district: &Code, at_most: usize) -> Vec<Unrated> {
        let Some(district) = self.districts.get(district) else { return Vec::new() };
        let waiting = district.unrated.values().filter_map(|case| district.cases.get_key_value(case));
        let unrated = |(case, line): (&String, &Line)| Unrated {
            case: case.clone(),
            round: line.round,
            callbacks: line.callbacks,
        };
        waiting.take(at_most).map(unrated).collect()
    }

    /// Every party scored within a period, by code.
    pub fn standings(&self, district: &Code, within: impl Fn(Timestamp) -> bool) -> BTreeMap<Code, Standing> {
        let mut standings: BTreeMap<Code, Standing> = BTreeMap::new();
        let lines = self.districts.get(district).into_iter().flat_map(|district| district.cases.values());
        for (party, scored) in lines.flat_map(|line| &line.scores).filter(|(_, scored)| within(scored.at)) {
            standings.entry(party.clone()).or_default().add(scored);
        }
        standings
    }
}

impl District {
    fn apply(&mut self, case: &str, position: u64, at: Timestamp, event: Event) {
        let line = self.cases.entry(case.to_owned()).or_default();
        match event {
            Event::RatingRequested(asked) => {
                (line.round, line.callbacks) = (asked.round, 0);
                if let Some(since) = line.unrated_since.replace(position) {
                    self.unrated.remove(&since);
                }
                self.unrated.insert(position, case.to_owned());
            }
            Event::Rated { .. } | Event::RatingLapsed { .. } => {
                if let Some(since) = line.unrated_since.take() {
                    self.unrated.remove(&since);
                }
            }
            Event::CallbackLogged { .. } => line.callbacks += 1,
            Event::PartyRated { .. } => {}
            Event::Scored(score) => {
                line.scores.insert(score.party, Scored { at, total: score.total, parts: score.parts });
            }
        }
    }
}

impl Standing {
    fn add(&mut self, scored: &Scored) {
        self.cases += 1;
        self.totals += scored.total;
        for part in &scored.parts {
            if let Some(rate) = part.rate {
                let (sum, cases) = self.rates.entry(part.code.clone()).or_default();
                *sum += rate;
                *cases += 1;
            }
        }
    }

    pub fn cases(&self) -> u64 {
        self.cases
    }

    /// Mean of the totals, 0 to 100.
    pub fn score(&self) -> String {
        mean(self.totals, self.cases)
    }

    /// Mean rate of a component over the cases where it is known, in percent; empty when it never is.
    pub fn percent(&self, component: &Code) -> String {
        self.rates.get(component).map(|(sum, cases)| mean(*sum * Decimal::ONE_HUNDRED, *cases)).unwrap_or_default()
    }
}

/// With exactly four decimal places, the last rounded half to even.
fn mean(sum: Decimal, count: u64) -> String {
    let mean = sum.checked_div(count.into()).unwrap_or_default();
    let mut mean = mean.round_dp_with_strategy(MEAN_PLACES, RoundingStrategy::MidpointNearestEven);
    mean.rescale(MEAN_PLACES);
    mean.to_string()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::{Asked, CallbackOutcome, Score};

    const MONDAY: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn requested(round: u32) -> Event {
        let performance = BTreeMap::new();
        Event::RatingRequested(Asked { round, due: MONDAY, calling_party: None, performance })
    }

    fn rated(round: u32) -> Event {
        let rating = code("satisfied");
        Event::Rated { round, rating, rate: Decimal::ONE, solved: true, comment: String::new() }
    }

    fn scored(round: u32, party: &str, total: &str, street: Option<&str>) -> Event {
        let rate = street.map(|rate| rate.parse().unwrap());
        let parts = vec![Part { code: code("satisfaction"), weight: Decimal::from(50), rate }];
        let (party, total) = (code(party), total.parse().unwrap());
        Event::Scored(Score { round, party, formula: "10 + 40 + 50".to_owned(), parts, total })
    }

    #[test]
    fn the_longest_unrated_is_called_back_first() {
        let mut district = District::default();
        for (position, case, event) in [
            (1, "first", requested(1)),
            (2, "second", requested(1)),
            (3, "third", requested(1)),
            (4, "third", Event::CallbackLogged { round: 1, outcome: CallbackOutcome::NoAnswer, note: String::new() }),
            (5, "second", rated(1)),
            // Resolved again: it waits anew, behind the third.
            (6, "first", requested(2)),
        ] {
            district.apply(case, position, MONDAY, event);
        }
        let table = Table { districts: [(code("wuchang"), district)].into() };
        let queue: Vec<_> =
            table.unrated(&code("wuchang"), 10).into_iter().map(|it| (it.case, it.round, it.callbacks)).collect();
        assert_eq!(queue, [("third".to_owned(), 1, 1), ("first".to_owned(), 2, 0)]);
        assert_eq!(table.unrated(&code("wuchang"), 1).len(), 1);
        assert!(table.unrated(&code("heping"), 10).is_empty());
    }

    #[test]
    fn a_later_round_replaces_the_score_and_a_mean_has_four_places() {
        let tuesday = MONDAY + SignedDuration::from_hours(24);
        let mut district = District::default();
        for (case, at, event) in [
            ("a", MONDAY, scored(1, "jsj", "10", Some("0.1"))),
            ("a", tuesday, scored(2, "jsj", "85", Some("0.9"))),
            ("b", MONDAY, scored(1, "jsj", "100", Some("1"))),
            ("c", MONDAY, scored(1, "jsj", "80", None)),
            ("c", MONDAY, scored(1, "traffic", "66.6667", None)),
        ] {
            district.apply(case, 1, at, event);
        }
        let table = Table { districts: [(code("wuchang"), district)].into() };
        let shown = |standings: BTreeMap<Code, Standing>| -> Vec<String> {
            let line = |(party, it): (Code, Standing)| {
                format!("{party} {} {} {}", it.cases(), it.score(), it.percent(&code("satisfaction")))
            };
            standings.into_iter().map(line).collect()
        };
        let all = table.standings(&code("wuchang"), |_| true);
        assert_eq!(shown(all), ["jsj 3 88.3333 95.0000", "traffic 1 66.6667 "]);
        let monday = table.standings(&code("wuchang"), |at| at == MONDAY);
        assert_eq!(shown(monday), ["jsj 2 90.0000 100.0000", "traffic 1 66.6667 "]);
    }
}
