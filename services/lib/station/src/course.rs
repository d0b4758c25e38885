//! How far dispatch is with a case, for those whose own rules depend on it. Read when somebody asks, which is seldom, and not
//! followed: dispatch writes ten commits on each case.

use ids::{HistoryKey, Owner};
use proto::dispatch::v1::dispatch_event::Event;
use record::{Broker, BrokerError};
use vocabulary::Course;

/// # Errors
/// The record is out of reach, or the case is filed.
pub async fn course_of(broker: &Broker, key: &HistoryKey) -> Result<Course, BrokerError> {
    let commits = broker.load_owner(key, Owner::Dispatch).await?;
    let facts = commits.iter().flat_map(|stored| stored.commit.dispatch_facts());
    Ok(facts.fold(Course::Open, |course, fact| match fact {
        Event::Closed(_) => Course::Closed,
        Event::Resolved(_) => Course::Answered,
        Event::Reopened(_) => Course::Open,
        #[allow(clippy::wildcard_enum_match_arm, reason = "the others change nothing of it")]
        _ => course,
    }))
}
