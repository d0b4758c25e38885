//! What is said of a failure that happens to every message: the first, then one a minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Long enough that a log of a day stays readable, short enough that who looks finds the cause on the last page.
const SAY_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Sparing(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    last: Option<Instant>,
    kept_back: u64,
}

impl Sparing {
    /// Whether to say it, and how many like it were kept back since the last one.
    pub(crate) fn may_say(&self, now: Instant) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.last.is_some_and(|last| now.saturating_duration_since(last) < SAY_EVERY) {
            said.kept_back += 1;
            return None;
        }
        said.last = Some(now);
        Some(std::mem::take(&mut said.kept_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_and_the_rest_is_counted_until_the_next_minute() {
        let (sparing, begin) = (Sparing::default(), Instant::now());
        assert_eq!(sparing.may_say(begin), Some(0));
        assert_eq!(sparing.may_say(begin), None);
        assert_eq!(sparing.may_say(begin + SAY_EVERY / 2), None);
        assert_eq!(sparing.may_say(begin + SAY_EVERY), Some(2));
        assert_eq!(sparing.may_say(begin + 2 * SAY_EVERY), Some(0));
    }
}
