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
    let steps = facts.filter_map(|fact| {
        let step = [
            (matches!(fact, Event::Closed(_)), Course::Closed),
            (matches!(fact, Event::Resolved(_)), Course::Answered),
            (matches!(fact, Event::Reopened(_)), Course::Open),
        ];
        step.into_iter().find(|(is, _)| *is).map(|(_, course)| course)
    });
    Ok(steps.last().unwrap_or(Course::Open))
}
