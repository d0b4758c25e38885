use std::fmt;
use std::sync::Arc;

use charter::Charter;
use jiff::Timestamp;

use super::Expected;

/// The charter in force when something is asked, as a value: two are equal when they are the same version.
#[derive(Clone)]
pub struct InForce(pub Arc<Charter>);

impl PartialEq for InForce {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.district, &self.0.version) == (&other.0.district, &other.0.version)
    }
}

impl fmt::Debug for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.district, self.0.version)
    }
}

/// Until when the city has to say what becomes of a case, and when it is asked after.
#[must_use]
pub fn city_answer(charter: &Charter, now: Timestamp) -> Expected {
    let due = charter.limit("city-answer").map_or(now, |limit| charter.deadline(now, limit).due);
    Expected { due, reminders: reminders(charter, now, due) }
}

/// Until when what is asked about now can be rated.
#[must_use]
pub fn rating_due(charter: &Charter, now: Timestamp) -> Timestamp {
    charter.limit("rating").map_or(now, |limit| charter.deadline(now, limit).due)
}

/// When those who are not done are reminded of what is `due`: after the parts of the time `from` then on that the charter
/// names.
#[must_use]
pub fn reminders(charter: &Charter, from: Timestamp, due: Timestamp) -> Vec<Timestamp> {
    let hundredth = due.duration_since(from) / 100;
    charter.reminders().iter().filter_map(|part| from.checked_add(hundredth * i32::from(*part)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_come_after_the_parts_of_the_time_that_the_charter_names() {
        let charter = Charter::shipped("wuchang").unwrap();
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        assert_eq!(reminders(&charter, at(0), at(1000)), [at(500), at(800)]);
    }
}
