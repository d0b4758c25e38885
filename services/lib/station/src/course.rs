//! How far dispatch is with a case, for those whose own rules depend on it. Read when somebody asks, which is seldom, and not
//! followed: dispatch writes ten commits on each case.

use async_recursion::async_recursion as boxed;
use ids::{HistoryKey, Owner};
use proto::dispatch::v1::{Closed, Reopened, Resolved};
use proto::facts::{DispatchFacts, Facts};
use record::{Broker, BrokerError, StoredCommit};
use vocabulary::Course;

/// # Errors
/// The record is out of reach, or the case is filed.
#[boxed]
pub async fn course_of(broker: &Broker, key: &HistoryKey) -> Result<Course, BrokerError> {
    Ok(course_in(&broker.load_owner(key, Owner::Dispatch).await?))
}

/// The same, where dispatch's commits are at hand, by revision.
#[must_use]
pub fn course_in(commits: &[StoredCommit]) -> Course {
    let mut reached = Reached(Course::Open);
    commits.iter().flat_map(|stored| stored.commit.dispatch_facts()).for_each(|fact| fact.told_to(&mut reached));
    reached.0
}

struct Reached(Course);

impl Facts for Reached {
    type Found = ();

    fn nothing() {}
}

impl DispatchFacts for Reached {
    fn resolved(&mut self, _: &Resolved) {
        self.0 = Course::Answered;
    }

    fn reopened(&mut self, _: &Reopened) {
        self.0 = Course::Open;
    }

    fn closed(&mut self, _: &Closed) {
        self.0 = Course::Closed;
    }
}
