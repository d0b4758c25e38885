//! What was handled where: an index in memory, fed from dispatch's own commits, that says whether a problem has come
//! back to its place.
//!
//! Everything is judged as of the commit that asks: later ones are left out, so that following it again finds the same.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use charter::{Charter, RECURRENCE_DAYS_MAX};
use chassis::Gate;
use ids::{CaseId, Code, HistoryKey, Kind, Owner};
use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::common::v1::Outcome;
use proto::dispatch::v1::dispatch_event::Event as Fact;
use proto::dispatch::v1::{Assigned, CloseReason};
use proto::record::v1::event::Of;
use proto::subjects::CommitSubject;
use record::follow::Failure;
use record::{Broker, Step, StoredCommit};
use station::wire;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vocabulary::Place;

use crate::domain::{Recurrent, is_same_place, plain};

/// How long a follower waits for the index to come level with the commit it follows; then the commit comes again.
const LEVEL_WITH_RECORD: Duration = Duration::from_secs(5);
/// Cases remembered of one place or party and category, the latest ones: far more than make a recurrence.
const REMEMBERED_MAX: usize = 1000;
/// Earlier cases that one recurrence names, the latest ones.
const EARLIER_MAX: usize = 50;

#[derive(Clone)]
pub struct Recurrences {
    known: Arc<Mutex<Known>>,
    position: watch::Sender<u64>,
}

/// Cases that are somewhere.
#[derive(Default)]
struct Known {
    cases: HashMap<HistoryKey, Handled>,
    spots: HashMap<Spot, VecDeque<HistoryKey>>,
    /// In the order of the record, so that what is too old for every window goes.
    by_age: VecDeque<(Timestamp, HistoryKey)>,
}

/// Where a case is looked for.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Spot {
    district: Code,
    category: Code,
    what: What,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum What {
    Address(String),
    /// Points are compared within their party.
    PointsOf(Code),
}

/// A case, and when which commit did what to it.
struct Handled {
    category: Code,
    place: Place,
    at: Timestamp,
    assigned: u64,
    /// It was said to be over, in which commit and when; until it is reopened.
    resolved: Option<(u64, Timestamp)>,
    /// Withdrawn, excluded or part of another: it stands for nothing.
    gone: Option<u64>,
}

impl Default for Recurrences {
    fn default() -> Self {
        Self { known: Arc::default(), position: watch::Sender::new(0) }
    }
}

impl Recurrences {
    pub async fn feed(self, broker: Broker, stop: CancellationToken, gate: Gate) -> anyhow::Result<()> {
        let filter = CommitSubject::all_of(Kind::Case, Owner::Dispatch);
        let mut record = broker.replay(vec![filter], 1, stop);
        while let Some(step) = record.next().await? {
            match step {
                Step::Commit(stored) => {
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).take(&stored);
                    self.position.send_replace(stored.sequence);
                }
                Step::LevelWithRecord => gate.open(),
            }
        }
        Ok(())
    }

    /// Whether a commit assigns a case: only then is there something to look up.
    pub fn concerns(stored: &StoredCommit) -> bool {
        facts(stored).any(|fact| assignment(fact).is_some())
    }

    /// What came before the case that `stored` assigns; none if it assigns none, the charter does not look, or there was
    /// nothing.
    ///
    /// # Errors
    /// Transient: the index has not read that far. Permanent: the commit is not of its form.
    pub async fn before(&self, stored: &StoredCommit, charter: &Charter) -> Result<Option<Recurrent>, Failure> {
        let Some(assigned) = facts(stored).filter_map(assignment).last() else { return Ok(None) };
        let Some(rule) = charter.recurrence(&assigned.category) else { return Ok(None) };
        let place = wire::place(assigned.place.as_ref()).map_err(Failure::permanent)?;
        let category = wire::code("category", &assigned.category).map_err(Failure::permanent)?;
        let at = stored.commit.at.time().map_err(Failure::permanent)?;
        let spots = spots(&stored.subject.key.district, &category, &place);
        if spots.is_empty() {
            return Ok(None);
        }
        self.reach(stored.sequence).await?;
        let from = at.saturating_sub(days(rule.within_days)).unwrap_or(Timestamp::MIN);
        let street = |place: &Place| place.party.as_ref().and_then(|party| charter.street_of(party)).map(|it| &it.code);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let around = spots.iter().filter_map(|spot| known.spots.get(spot)).flatten();
        let candidates =
            around.filter(|key| **key != stored.subject.key).filter_map(|key| Some((key, known.cases.get(key)?)));
        let mut earlier: Vec<(u64, CaseId)> = candidates
            .filter(|(_, case)| case.was_handled_before(stored.sequence, at) && case.at >= from)
            .filter(|(_, case)| {
                let same_street = street(&place).is_some() && street(&place) == street(&case.place);
                is_same_place(&place, &case.place, same_street, rule.distance_m)
            })
            .filter_map(|(key, case)| Some((case.assigned, key.id.parse().ok()?)))
            .collect();
        drop(known);
        earlier.sort_unstable_by_key(|(sequence, _)| *sequence);
        earlier.dedup();
        let earlier: Vec<CaseId> =
            earlier.iter().skip(earlier.len().saturating_sub(EARLIER_MAX)).map(|(_, case)| *case).collect();
        Ok((!earlier.is_empty()).then_some(Recurrent { category, earlier, rule }))
    }

    async fn reach(&self, sequence: u64) -> Result<(), Failure> {
        let mut seen = self.position.subscribe();
        let level = tokio::time::timeout(LEVEL_WITH_RECORD, seen.wait_for(|at| *at >= sequence)).await;
        match level {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Failure::transient("the index of what was handled where has not read that far")),
        }
    }
}

impl Known {
    fn take(&mut self, stored: &StoredCommit) {
        let (key, sequence) = (&stored.subject.key, stored.sequence);
        for fact in facts(stored) {
            if let Some(assigned) = assignment(fact) {
                self.assign(stored, assigned);
                continue;
            }
            let Some(case) = self.cases.get_mut(key) else { continue };
            #[allow(
                clippy::wildcard_enum_match_arm,
                reason = "whatever else happens to a case, it is as handled as before"
            )]
            match fact {
                // What was not accepted was nobody's to handle.
                Fact::Resolved(resolved) if resolved.outcome() != Outcome::NotAccepted => {
                    case.resolved = stored.commit.at.time().ok().map(|at| (sequence, at));
                }
                Fact::Reopened(_) => case.resolved = None,
                Fact::Closed(closed) => match closed.reason() {
                    CloseReason::Withdrawn | CloseReason::Excluded | CloseReason::Merged => case.gone = Some(sequence),
                    CloseReason::Rated | CloseReason::Unrated | CloseReason::Unspecified => {}
                },
                _ => {}
            }
        }
    }

    fn assign(&mut self, stored: &StoredCommit, assigned: &Assigned) {
        let key = &stored.subject.key;
        // What dispatch wrote reads; if it does not, whoever follows it says so.
        let (Ok(place), Ok(category), Ok(at)) =
            (wire::place(assigned.place.as_ref()), wire::code("category", &assigned.category), stored.commit.at.time())
        else {
            return;
        };
        self.forget_before(at.saturating_sub(days(RECURRENCE_DAYS_MAX)).unwrap_or(Timestamp::MIN));
        let known = self.cases.get(key);
        if known.is_some_and(|known| known.category == category && known.place == place) {
            return;
        }
        // About something else or elsewhere, it is no longer found where it was.
        self.forget(key);
        let spots = spots(&key.district, &category, &place);
        if spots.is_empty() {
            return;
        }
        for spot in spots {
            let here = self.spots.entry(spot).or_default();
            here.push_back(key.clone());
            if here.len() > REMEMBERED_MAX {
                here.pop_front();
            }
        }
        self.by_age.push_back((at, key.clone()));
        let handled = Handled { category, place, at, assigned: stored.sequence, resolved: None, gone: None };
        self.cases.insert(key.clone(), handled);
    }

    fn forget_before(&mut self, time: Timestamp) {
        while self.by_age.front().is_some_and(|(at, _)| *at < time) {
            let Some((_, key)) = self.by_age.pop_front() else { return };
            // Assigned anew since, it is as old as that.
            if self.cases.get(&key).is_some_and(|case| case.at < time) {
                self.forget(&key);
            }
        }
    }

    fn forget(&mut self, key: &HistoryKey) {
        let Some(case) = self.cases.remove(key) else { return };
        for spot in spots(&key.district, &case.category, &case.place) {
            if let Some(here) = self.spots.get_mut(&spot) {
                here.retain(|known| known != key);
                if here.is_empty() {
                    self.spots.remove(&spot);
                }
            }
        }
    }
}

impl Handled {
    /// Whether it stood as handled when the commit at `sequence` was written, and by the clock at `now`: a story that is
    /// played again begins before the first playing ended.
    fn was_handled_before(&self, sequence: u64, now: Timestamp) -> bool {
        let gone = self.gone.is_some_and(|at| at < sequence);
        !gone && self.resolved.is_some_and(|(at, when)| at < sequence && when < now)
    }
}

fn spots(district: &Code, category: &Code, place: &Place) -> Vec<Spot> {
    let address = Some(plain(&place.address)).filter(|words| !words.is_empty()).map(What::Address);
    let points = place.point.and(place.party.clone()).map(What::PointsOf);
    let spot = |what| Spot { district: district.clone(), category: category.clone(), what };
    address.into_iter().chain(points).map(spot).collect()
}

fn facts(stored: &StoredCommit) -> impl Iterator<Item = &Fact> {
    stored.commit.decisions.iter().flat_map(|decision| &decision.events).filter_map(|event| match &event.of {
        Some(Of::Dispatch(fact)) => fact.event.as_ref(),
        Some(Of::Intake(_) | Of::Triage(_) | Of::EnforcementCenter(_) | Of::Evaluation(_) | Of::Notification(_))
        | None => None,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "one of many is asked for")]
fn assignment(fact: &Fact) -> Option<&Assigned> {
    match fact {
        Fact::Assigned(assigned) => Some(assigned),
        _ => None,
    }
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * 24)
}

#[cfg(test)]
mod tests {
    use ids::Revision;
    use proto::ToWireTime;
    use proto::dispatch::v1::{DispatchEvent, Resolved};
    use proto::record::v1::{Commit, Decision, Event};

    use super::*;

    const CASE: &str = "261121-7k3q9x7";

    fn commit(sequence: u64, day: i64, fact: Fact) -> StoredCommit {
        let key = HistoryKey { kind: Kind::Case, district: "wuchang".parse().unwrap(), id: CASE.to_owned() };
        let event = Event { of: Some(Of::Dispatch(DispatchEvent { event: Some(fact) })) };
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let decision = Decision { events: vec![event], ..Decision::default() };
        StoredCommit {
            subject: CommitSubject { key, owner: Owner::Dispatch, revision: Revision(sequence) },
            sequence,
            commit: Commit { at: Some(at.to_wire()), decisions: vec![decision], ..Commit::default() },
        }
    }

    fn assigned(category: &str) -> Fact {
        let place = proto::common::v1::Place { address: "橋梁村 路口".to_owned(), ..Default::default() };
        Fact::Assigned(Assigned { category: category.to_owned(), place: Some(place), ..Assigned::default() })
    }

    fn resolved() -> Fact {
        Fact::Resolved(Resolved { outcome: Outcome::Solved.into(), ..Resolved::default() })
    }

    fn after(commits: &[StoredCommit]) -> Known {
        let mut known = Known::default();
        commits.iter().for_each(|stored| known.take(stored));
        known
    }

    fn found(known: &Known, category: &str) -> usize {
        let place = Place { address: "橋梁村路口".to_owned(), ..Place::default() };
        let spots = spots(&"wuchang".parse().unwrap(), &category.parse().unwrap(), &place);
        spots.iter().filter_map(|spot| known.spots.get(spot)).flatten().count()
    }

    #[test]
    fn it_counts_from_when_it_was_handled_and_not_while_it_is_open_again() {
        let known = after(&[commit(1, 0, assigned("ponding")), commit(4, 1, resolved())]);
        let day = |day: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let handled =
            |known: &Known, sequence, now| known.cases.values().any(|case| case.was_handled_before(sequence, day(now)));
        assert!(!handled(&known, 4, 2) && handled(&known, 5, 2));
        assert!(!handled(&known, 5, 1), "by the clock it was not over yet");
        let reopened = Fact::Reopened(proto::dispatch::v1::Reopened::default());
        let known = after(&[commit(1, 0, assigned("ponding")), commit(4, 1, resolved()), commit(6, 2, reopened)]);
        assert!(!handled(&known, 7, 3));
    }

    #[test]
    fn what_is_judged_anew_is_found_under_its_new_category_alone() {
        let known = after(&[commit(1, 0, assigned("ponding")), commit(2, 1, assigned("noise"))]);
        assert_eq!((found(&known, "ponding"), found(&known, "noise")), (0, 1));
        let twice = after(&[commit(1, 0, assigned("ponding")), commit(2, 1, assigned("ponding"))]);
        assert_eq!((found(&twice, "ponding"), twice.cases.len()), (1, 1), "a new owner is no new problem");
    }

    #[test]
    fn what_is_older_than_every_window_is_forgotten() {
        let mut known = after(&[commit(1, 0, assigned("ponding"))]);
        let year = i64::from(RECURRENCE_DAYS_MAX);
        known.forget_before(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * year));
        assert_eq!((known.cases.len(), known.spots.len(), known.by_age.len()), (0, 0, 0));
    }
}
