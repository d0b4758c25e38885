//! What is tried again, when, and when it is given up. A receiver that takes nothing is away, and nothing is given up then; one that
//! takes others and not this has something against this.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::pauses::{jittered, pause_after};
use crate::post::Attempt;

/// How long something is tried that others pass by, in hours.
const PATIENCE_H: i64 = 72;
/// Tries before something is given up, however long they took.
const TRIES_MIN: u32 = 10;
/// The same where the receiver says that it will never take it.
const REFUSALS_MIN: u32 = 5;
/// Pause after the first; doubled each time.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// The tries of one event that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    pub count: u32,
    pub since: Timestamp,
    pub next_at: Timestamp,
    pub error: String,
    /// The receiver said that it will never take it.
    pub refused: bool,
}

impl Tries {
    /// None yet, and it may be tried at once.
    #[must_use]
    pub fn none(now: Timestamp) -> Self {
        Self { count: 0, since: now, next_at: now, error: String::new(), refused: false }
    }

    /// One more, that was not taken.
    pub fn failed(&mut self, attempt: &Attempt, now: Timestamp) {
        self.count += 1;
        self.refused = matches!(attempt, Attempt::Refused(_));
        self.error = attempt.error().unwrap_or_default().to_owned();
        let asked_for = if let Attempt::Failed(_, after) = attempt { *after } else { None };
        let pause = jittered(pause_after(self.count, PAUSE_MIN, PAUSE_MAX)).max(asked_for.unwrap_or_default());
        self.next_at = now.checked_add(pause).unwrap_or(now);
    }

    /// Whether it is given up, `taken_at` being when the receiver last took anything.
    #[must_use]
    pub fn is_given_up(&self, now: Timestamp, taken_at: Option<Timestamp>) -> bool {
        let others_pass = taken_at.is_some_and(|taken| taken > self.since);
        let patience = SignedDuration::from_hours(PATIENCE_H);
        let is_late = self.count >= TRIES_MIN && now.duration_since(self.since) >= patience;
        others_pass && (is_late || self.refused && self.count >= REFUSALS_MIN)
    }

    /// The receiver took something, and what it took before that is `before`: if it took nothing since this is tried, it was away,
    /// and is back.
    pub fn receiver_took(&mut self, before: Option<Timestamp>, now: Timestamp) {
        if before.is_none_or(|before| before < self.since) {
            self.next_at = self.next_at.min(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        let begun: Timestamp = "2026-11-21T06:30:00Z".parse().unwrap();
        begun + SignedDuration::from_hours(hours)
    }

    #[test]
    fn nothing_is_given_up_while_the_receiver_takes_nothing() {
        let tries = |count, refused| Tries { count, refused, ..Tries::none(at(0)) };
        let month = at(24 * 30);
        assert!(!tries(1000, true).is_given_up(month, None));
        assert!(!tries(1000, true).is_given_up(month, Some(at(-1))), "what it took before says nothing");
        let passed = Some(at(1));
        assert!(!tries(TRIES_MIN, false).is_given_up(at(PATIENCE_H - 1), passed));
        assert!(!tries(TRIES_MIN - 1, false).is_given_up(at(PATIENCE_H), passed));
        assert!(tries(TRIES_MIN, false).is_given_up(at(PATIENCE_H), passed));
        assert!(tries(REFUSALS_MIN, true).is_given_up(at(2), passed), "and what is refused, sooner");
    }

    #[test]
    fn a_receiver_that_is_back_is_tried_at_once_and_one_that_was_there_is_not() {
        let mut tries = Tries::none(at(0));
        tries.failed(&Attempt::Failed("503".to_owned(), Some(Duration::from_secs(3600))), at(0));
        assert_eq!(tries.next_at, at(1), "as it asked for");
        let asked = tries.clone();
        tries.receiver_took(Some(at(0)), at(0));
        assert_eq!(tries, asked, "it took others all the time");
        tries.receiver_took(Some(at(-5)), at(0));
        assert_eq!(tries.next_at, at(0));
    }
}
