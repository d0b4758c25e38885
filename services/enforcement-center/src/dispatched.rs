//! A case as dispatch has it now, and what that asks of the centre.
//!
//! Dispatch's commits may be followed late, twice or in any order, so none of them is believed alone: whenever one of
//! them concerns the centre, its whole history of the case is read, and what it adds up to is decided on.

use ids::{Owner, Revision};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Assigned, CityReturned, Closed, Escalated, Reopened, Transferred};
use proto::facts::{DispatchFacts, Facts};
use proto::subjects::CommitSubject;
use record::StoredCommit;
use record::follow::Failure;
use station::{Desk, wire};

use crate::centre::Centre;
use crate::domain::operation::{Command, Opening, Rules};

/// What a history of dispatch adds up to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Dispatched {
    /// The assignment that holds now, with the charter version it was made under; none while the case is with
    /// somebody it was escalated to.
    assigned: Option<(Assigned, String)>,
    /// It was comprehensive at some time, so there may be an operation.
    was_comprehensive: bool,
    /// How often it was reopened.
    reopenings: u32,
    closed: bool,
}

/// Whether a commit of dispatch can change anything for a centre.
fn concerns(stored: &StoredCommit) -> bool {
    stored.commit.dispatch_facts().any(concerning)
}

fn concerning(fact: &DispatchFact) -> bool {
    matches!(fact, DispatchFact::Assigned(assigned) if assigned.comprehensive)
        || matches!(fact, DispatchFact::Reopened(_) | DispatchFact::Closed(_))
}

/// Whether a commit does nothing but end a case, which asks something of a centre only if it has an operation there. One
/// that is opened at this moment looks for the end itself, by its own commit.
fn only_ends(stored: &StoredCommit) -> bool {
    stored.commit.dispatch_facts().all(|fact| !concerning(fact) || matches!(fact, DispatchFact::Closed(_)))
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
        Owner::Intake | Owner::Triage | Owner::EnforcementCenter | Owner::Evaluation | Owner::Notification => {
            desk.station.broker.is_last(key, Owner::Dispatch, known).await?
        }
    };
    if !is_whole {
        return Err(desk.station.broker.not_found(to).await);
    }
    let Dispatched { assigned, was_comprehensive, reopenings, closed } = Dispatched::read(&commits);
    if closed {
        if was_comprehensive {
            let charter = desk.station.charter_to_follow(&key.district)?;
            desk.react(key, to, &charter, Command::Cancel).await?;
        }
        return Ok(());
    }
    let Some((assigned, version)) = assigned.filter(|(assigned, _)| assigned.comprehensive) else { return Ok(()) };
    // Another version may not know this street yet.
    let charter = desk.station.version_to_follow(&key.district, &version)?;
    let party = wire::code("assigned.party", &assigned.party).map_err(Failure::permanent)?;
    let Some(centre) = Centre::find(&charter, &party) else {
        tracing::info!(%key, %party, "a comprehensive case, but not with a street's enforcement centre");
        return Ok(());
    };
    let opening = Opening {
        round: reopenings + 1,
        centre: party,
        categories: categories(&assigned).map_err(Failure::permanent)?,
        residents: centre.manning.resident.clone(),
        title: assigned.title.clone(),
        place: wire::place(assigned.place.as_ref()).map_err(Failure::permanent)?,
    };
    desk.react(key, to, &charter, Command::Open(Box::new(opening))).await
}

impl Dispatched {
    /// `commits` by revision.
    fn read(commits: &[StoredCommit]) -> Self {
        let mut dispatched = Self::default();
        for StoredCommit { commit, .. } in commits {
            let mut reader = Reader { dispatched: &mut dispatched, charter_version: &commit.charter_version };
            commit.dispatch_facts().for_each(|fact| fact.told_to(&mut reader));
        }
        dispatched
    }
}

/// Adds up one commit.
struct Reader<'d> {
    dispatched: &'d mut Dispatched,
    charter_version: &'d str,
}

impl Facts for Reader<'_> {
    type Found = ();

    fn nothing() {}
}

impl DispatchFacts for Reader<'_> {
    fn assigned(&mut self, assigned: &Assigned) {
        self.dispatched.was_comprehensive |= assigned.comprehensive;
        self.dispatched.assigned = Some((assigned.clone(), self.charter_version.to_owned()));
    }

    fn escalated(&mut self, _: &Escalated) {
        self.dispatched.assigned = None;
    }

    fn transferred(&mut self, _: &Transferred) {
        self.dispatched.assigned = None;
    }

    fn city_returned(&mut self, _: &CityReturned) {
        self.dispatched.assigned = None;
    }

    fn reopened(&mut self, _: &Reopened) {
        self.dispatched.reopenings += 1;
        self.dispatched.closed = false;
    }

    fn closed(&mut self, _: &Closed) {
        self.dispatched.closed = true;
    }
}

fn categories(assigned: &Assigned) -> Result<Vec<ids::Code>, record::WireError> {
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

    #[test]
    fn the_last_assignment_holds_with_the_charter_it_was_made_under() {
        let facts = [assigned("wuchang-centre", false), assigned("wuchang-jiyuqiao-enforcement-centre", true)];
        let dispatched = Dispatched::read(&history(&facts));
        let (holds, version) = dispatched.assigned.unwrap();
        assert_eq!((holds.party.as_str(), version.as_str()), ("wuchang-jiyuqiao-enforcement-centre", "2019-2"));
    }

    #[test]
    fn an_assignment_that_comes_late_opens_nothing_on_a_case_that_has_moved_on_or_ended() {
        let ours = assigned("wuchang-jiyuqiao-enforcement-centre", true);
        let escalated = Dispatched::read(&history(&[ours.clone(), DispatchFact::Escalated(Escalated::default())]));
        assert_eq!(escalated.assigned, None);
        let closed = Dispatched::read(&history(&[ours, DispatchFact::Closed(Closed::default())]));
        assert!(closed.closed && closed.was_comprehensive);
    }

    #[test]
    fn a_reopening_counts_once_however_often_it_is_followed() {
        let facts = [
            assigned("wuchang-jiyuqiao-enforcement-centre", true),
            DispatchFact::Reopened(Reopened::default()),
            DispatchFact::Reopened(Reopened::default()),
        ];
        assert_eq!(Dispatched::read(&history(&facts)).reopenings, 2);
        assert!(history(&facts).iter().all(concerns));
    }
}
