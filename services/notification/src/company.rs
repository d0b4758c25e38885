//! What is told of two commits that follow each other by themselves is recorded in one: a case that comes in is given to
//! somebody at once, and an answer is asked to be rated. That is two of the six commits of a usual case.
//!
//! What waits for company is told already, and its commit has not been acknowledged: whoever dies meanwhile gets it again, and
//! tells it once more under the same delivery ids. So only that waits of which the same people are told however late it comes
//! again: what a fact of intake's first commit or of dispatch says, and not how things stand when it is followed.

use std::sync::Arc;
use std::time::Duration;

use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::record::v1::Commit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::told::received;

/// How long it waits for what comes next, usually within a tenth of that.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// How many wait at once. Each takes the place of one that could be told; whatever is beyond does not wait.
const WAITING_MAX: usize = 64;

#[derive(Debug)]
pub struct Company(Arc<Semaphore>);

impl Default for Company {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WAITING_MAX)))
    }
}

impl Company {
    /// A place to wait for what comes next, if anything does and there is one.
    pub fn place(&self, after: &Commit) -> Option<OwnedSemaphorePermit> {
        if goes_on_by_itself(after) { Arc::clone(&self.0).try_acquire_owned().ok() } else { None }
    }
}

/// Whether others decide on this at once, and somebody is told of that.
fn goes_on_by_itself(commit: &Commit) -> bool {
    let asks_to_be_rated = |fact: &DispatchFact| matches!(fact, DispatchFact::Resolved(resolved) if resolved.waits_for_help_until.is_none());
    received(commit).is_some() || commit.dispatch_facts().any(asks_to_be_rated)
}

#[cfg(test)]
mod tests {
    use proto::dispatch::v1::{Closed, DispatchEvent, Resolved};
    use proto::intake::v1::intake_event::Event as IntakeFact;
    use proto::intake::v1::{IntakeEvent, Received, Supplemented};
    use proto::record::v1::event::Of;
    use proto::record::v1::{Decision, Event};

    use super::*;

    fn commit(of: Of) -> Commit {
        let decision = Decision { events: vec![Event { of: Some(of) }], ..Decision::default() };
        Commit { decisions: vec![decision], ..Commit::default() }
    }

    fn dispatched(fact: DispatchFact) -> Commit {
        commit(Of::Dispatch(DispatchEvent { event: Some(fact) }))
    }

    fn taken_in(fact: IntakeFact) -> Commit {
        commit(Of::Intake(IntakeEvent { event: Some(fact) }))
    }

    #[test]
    fn what_ends_or_waits_for_people_waits_for_no_company() {
        let helped = Resolved {
            waits_for_help_until: Some(proto::ToWireTime::to_wire(jiff::Timestamp::UNIX_EPOCH)),
            ..Resolved::default()
        };
        let waits = [
            taken_in(IntakeFact::Received(Received::default())),
            dispatched(DispatchFact::Resolved(Resolved::default())),
        ];
        let goes = [
            taken_in(IntakeFact::Supplemented(Supplemented::default())),
            dispatched(DispatchFact::Closed(Closed::default())),
            dispatched(DispatchFact::Resolved(helped)),
        ];
        let company = Company::default();
        assert!(waits.iter().all(|commit| company.place(commit).is_some()));
        assert!(goes.iter().all(|commit| company.place(commit).is_none()));
    }

    #[test]
    fn in_a_crowd_nobody_waits() {
        let (company, received) = (Company::default(), taken_in(IntakeFact::Received(Received::default())));
        let places: Vec<_> = std::iter::from_fn(|| company.place(&received)).take(WAITING_MAX + 1).collect();
        assert_eq!(places.len(), WAITING_MAX);
        drop(places);
        assert!(company.place(&received).is_some());
    }
}
