//! A case as dispatch has it now, and what that asks of the centre.
//!
//! Dispatch's commits may be followed late, twice or in any order, so none of them is believed alone: whenever one of
//! them concerns the centre, its whole history of the case is read, and what it adds up to is decided on.

use std::sync::Arc;

use charter::Charter;
use ids::{Owner, Revision};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Assigned, CityReturned, Closed, Escalated, Reopened, Transferred};
use proto::facts::{DispatchFacts, Facts};
use proto::subjects::CommitSubject;
use record::follow::Failure;
use record::{StoredCommit, WireError};
use station::{Desk, wire};

use crate::centre::Centre;
use crate::domain::operation::{Command, Opening, Rules};

/// What a history of dispatch adds up to, for a centre.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// No centre ever had it.
    Nothing,
    /// It is over, or with somebody else.
    End,
    /// An enforcement centre has it, by this assignment and the charter version that was made under.
    Operation { assigned: Box<Assigned>, version: String, round: u32 },
}

/// Whether a commit of dispatch can change anything for a centre.
#[must_use]
pub fn concerns(stored: &StoredCommit) -> bool {
    // What begins with another holder was never a centre's.
    let begins = stored.subject.revision == Revision::NONE.next();
    stored.commit.dispatch_facts().any(|fact| calls_for_one(fact) || !begins && may_end_one(fact))
}

fn calls_for_one(fact: &DispatchFact) -> bool {
    matches!(fact, DispatchFact::Assigned(assigned) if assigned.comprehensive)
        || matches!(fact, DispatchFact::Reopened(_))
}

fn may_end_one(fact: &DispatchFact) -> bool {
    matches!(fact, DispatchFact::Assigned(assigned) if !assigned.comprehensive)
        || matches!(fact, DispatchFact::Escalated(_) | DispatchFact::Transferred(_) | DispatchFact::CityReturned(_))
        || matches!(fact, DispatchFact::Closed(_))
}

/// Whether a commit can do nothing but end an operation, which asks something of a centre only if it has one there. One
/// that is opened at this moment looks for the end itself, by its own commit.
fn only_ends(stored: &StoredCommit) -> bool {
    !stored.commit.dispatch_facts().any(calls_for_one)
}

/// Opens, reopens or cancels the operation, if `stored` of dispatch can change anything.
///
/// # Errors
/// As [`catch_up`].
pub async fn follow(desk: &Desk<Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    if !concerns(stored) {
        return Ok(());
    }
    if only_ends(stored) {
        let has_none = desk.station.broker.is_last(&stored.subject.key, Owner::EnforcementCenter, Revision::NONE);
        if has_none.await? {
            return Ok(());
        }
    }
    catch_up(desk, &stored.subject).await
}

/// Opens, reopens or cancels the operation, as dispatch has the case now. `to` is the commit that gave rise to it.
///
/// # Errors
/// Transient while the record is out of reach or the charter is not here yet.
pub async fn catch_up(desk: &Desk<Rules>, to: &CommitSubject) -> Result<(), Failure> {
    let key = &to.key;
    let commits = desk.station.broker.load_owner(key, Owner::Dispatch).await?;
    let known = commits.last().map(|stored| stored.subject.revision).unwrap_or_default();
    let is_whole = match to.owner {
        Owner::Dispatch => known >= to.revision,
        Owner::Intake
        | Owner::Triage
        | Owner::EnforcementCenter
        | Owner::Evaluation
        | Owner::Notification
        | Owner::Powers => desk.station.broker.is_last(key, Owner::Dispatch, known).await?,
    };
    if !is_whole {
        return Err(desk.station.broker.not_found(to).await);
    }
    let asked = asked(&commits);
    let charter = match &asked {
        Asked::Nothing => return Ok(()),
        Asked::End => desk.station.charter_to_follow(&key.district)?,
        // Another version may not know this street yet.
        Asked::Operation { version, .. } => desk.station.version_to_follow(&key.district, version)?,
    };
    match command(&charter, &asked).map_err(Failure::permanent)? {
        Some(command) => desk.react(key, to, &charter, command).await,
        None => {
            tracing::info!(%key, "a comprehensive case, but not with a street's enforcement centre");
            Ok(())
        }
    }
}

/// What dispatch's `commits` on a case add up to, by revision.
#[must_use]
pub fn asked(commits: &[StoredCommit]) -> Asked {
    let mut reader = Reader::default();
    for StoredCommit { commit, .. } in commits {
        reader.charter_version.clone_from(&commit.charter_version);
        commit.dispatch_facts().for_each(|fact| fact.told_to(&mut reader));
    }
    match reader.with_centre {
        Some((assigned, version)) if !reader.closed => {
            Asked::Operation { assigned, version, round: reader.reopenings + reader.arrivals }
        }
        Some(_) | None if reader.arrivals > 0 => Asked::End,
        Some(_) | None => Asked::Nothing,
    }
}

/// What that comes to under the charter it was assigned under.
///
/// # Errors
/// The assignment does not have the form its type promises.
pub fn command(charter: &Arc<Charter>, asked: &Asked) -> Result<Option<Command>, WireError> {
    let (assigned, round) = match asked {
        Asked::Nothing => return Ok(None),
        Asked::End => return Ok(Some(Command::Cancel)),
        Asked::Operation { assigned, round, .. } => (assigned, *round),
    };
    let party = wire::code("assigned.party", &assigned.party)?;
    let Some(centre) = Centre::find(charter, &party) else { return Ok(None) };
    let opening = Opening {
        round,
        centre: party,
        categories: categories(assigned)?,
        residents: centre.manning.resident.clone(),
        title: assigned.title.clone(),
        place: wire::place(assigned.place.as_ref())?,
    };
    Ok(Some(Command::Open(Box::new(opening))))
}

/// Adds up dispatch's facts.
#[derive(Default)]
struct Reader {
    /// Of the commit that is being read.
    charter_version: String,
    /// The assignment by which a centre has it, with the version that was made under.
    with_centre: Option<(Box<Assigned>, String)>,
    /// How often it came to a centre, which it was not with before.
    arrivals: u32,
    reopenings: u32,
    closed: bool,
}

impl Facts for Reader {
    type Found = ();

    fn nothing() {}
}

impl DispatchFacts for Reader {
    fn assigned(&mut self, assigned: &Assigned) {
        let stays = self.with_centre.as_ref().is_some_and(|(before, _)| before.party == assigned.party);
        self.with_centre = assigned.comprehensive.then(|| (Box::new(assigned.clone()), self.charter_version.clone()));
        self.arrivals += u32::from(assigned.comprehensive && !stays);
    }

    fn escalated(&mut self, _: &Escalated) {
        self.with_centre = None;
    }

    fn transferred(&mut self, _: &Transferred) {
        self.with_centre = None;
    }

    fn city_returned(&mut self, _: &CityReturned) {
        self.with_centre = None;
    }

    fn reopened(&mut self, _: &Reopened) {
        self.reopenings += 1;
        self.closed = false;
    }

    fn closed(&mut self, _: &Closed) {
        self.closed = true;
    }
}

fn categories(assigned: &Assigned) -> Result<Vec<ids::Code>, WireError> {
    let mut categories = vec![wire::code("assigned.category", &assigned.category)?];
    categories.extend(wire::codes("assigned.also", &assigned.also)?);
    Ok(categories)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::{HistoryKey, Kind};
    use proto::dispatch::v1::DispatchEvent;
    use proto::record::v1::event::Of;
    use proto::record::v1::{Commit, Decision, Event};

    fn assigned(party: &str, comprehensive: bool) -> DispatchFact {
        DispatchFact::Assigned(Assigned { party: party.to_owned(), comprehensive, ..Assigned::default() })
    }

    /// Each fact as a commit of its own, under the charter `2019-<its revision>`.
    fn history(facts: &[DispatchFact]) -> Vec<StoredCommit> {
        let commit = |(revision, fact): (u64, &DispatchFact)| StoredCommit {
            subject: CommitSubject {
                key: HistoryKey {
                    kind: Kind::Case,
                    district: "wuchang".parse().unwrap(),
                    id: "261121-7k3q9xf".to_owned(),
                },
                owner: Owner::Dispatch,
                revision: Revision(revision),
            },
            sequence: revision,
            commit: Commit {
                charter_version: format!("2019-{revision}"),
                decisions: vec![Decision {
                    events: vec![Event { of: Some(Of::Dispatch(DispatchEvent { event: Some(fact.clone()) })) }],
                    ..Decision::default()
                }],
                ..Commit::default()
            },
        };
        (1..).zip(facts).map(commit).collect()
    }

    fn round(facts: &[DispatchFact]) -> Option<u32> {
        match asked(&history(facts)) {
            Asked::Operation { round, .. } => Some(round),
            Asked::Nothing | Asked::End => None,
        }
    }

    #[test]
    fn the_last_assignment_holds_with_the_charter_it_was_made_under() {
        let facts = [assigned("wuchang-centre", false), assigned("wuchang-jiyuqiao-enforcement-centre", true)];
        let Asked::Operation { assigned, version, round } = asked(&history(&facts)) else { panic!("no operation") };
        assert_eq!((assigned.party.as_str(), version.as_str()), ("wuchang-jiyuqiao-enforcement-centre", "2019-2"));
        assert_eq!(round, 1);
    }

    #[test]
    fn an_operation_ends_when_its_case_goes_elsewhere_and_begins_anew_when_it_comes_back() {
        let ours = assigned("wuchang-jiyuqiao-enforcement-centre", true);
        let elsewhere = [
            DispatchFact::Escalated(Escalated::default()),
            DispatchFact::Transferred(Transferred::default()),
            DispatchFact::Closed(Closed::default()),
            assigned("wuchang-jiyuqiao-public-safety", false),
        ];
        for gone in elsewhere {
            let history = history(&[ours.clone(), gone.clone()]);
            assert_eq!(asked(&history), Asked::End, "{gone:?}");
            assert!(concerns(&history[1]) && only_ends(&history[1]), "{gone:?}");
        }
        let back = [ours.clone(), assigned("wuchang-centre", false), ours.clone()];
        assert_eq!(round(&back), Some(2));
        let other = assigned("wuchang-yangyuan-enforcement-centre", true);
        assert_eq!(round(&[ours.clone(), ours.clone(), other]), Some(2), "another centre begins by itself");
        assert_eq!(asked(&history(&[assigned("wuchang-centre", false)])), Asked::Nothing);
        assert!(!concerns(&history(&[assigned("wuchang-centre", false)])[0]), "most cases are never a centre's");
    }

    #[test]
    fn a_reopening_counts_once_however_often_it_is_followed() {
        let facts = [
            assigned("wuchang-jiyuqiao-enforcement-centre", true),
            DispatchFact::Reopened(Reopened::default()),
            DispatchFact::Reopened(Reopened::default()),
        ];
        assert_eq!(round(&facts), Some(3));
        assert!(history(&facts).iter().all(concerns));
    }
}
