//! How long a message is tried, and when again. What counts are tries that were made here: a message that the broker
//! delivers again, because a process ended or was slow, has not been tried by that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;

/// How long a message is tried, in hours since what it is about was recorded. A gateway that fails on the Friday before a
/// long weekend is mended on Monday.
pub const PATIENCE_H: i64 = 72;
/// Tries that each process makes whatever the hour: what waited for us all that time has not been tried yet. With the
/// pauses between them they take a quarter of an hour.
pub const TRIES_MIN: u32 = 10;
/// Pause after the first try; doubled each time up to a bound by which a receiver that is back is noticed.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(10 * 60);
/// The same where somebody is to come at once.
const PAUSE_RED_MAX: Duration = Duration::from_secs(30);
/// Commits whose tries a process remembers; the consumer has at most 2,000 unsettled. When it is full it is emptied, which
/// makes us no less patient.
const REMEMBERED_MAX: usize = 10_000;

/// What to do after a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    TryAfter(Duration),
    GiveUp,
}

/// After `tries` in this process, `recorded` being how long ago it was that what the message is about was recorded.
pub fn next(tries: u32, recorded: SignedDuration, is_red: bool) -> Next {
    if tries >= TRIES_MIN && recorded >= SignedDuration::from_hours(PATIENCE_H) {
        return Next::GiveUp;
    }
    let longest = if is_red { PAUSE_RED_MAX } else { PAUSE_MAX };
    let doublings = tries.saturating_sub(1).min(10);
    Next::TryAfter((PAUSE_MIN * 2u32.pow(doublings)).min(longest))
}

/// The tries of commits that have not ended, by their position on the record.
#[derive(Default)]
pub struct Tries(Mutex<HashMap<u64, Tried>>);

struct Tried {
    times: u32,
    again_at: Instant,
}

impl Tries {
    /// How long to wait before the next try, if it was delivered too early for one.
    pub fn wait(&self, position: u64, now: Instant) -> Option<Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = tries.get(&position)?.again_at.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    /// How often it has been tried, this time included.
    pub fn count(&self, position: u64, now: Instant) -> u32 {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED_MAX {
            tries.clear();
        }
        let tried = tries.entry(position).or_insert(Tried { times: 0, again_at: now });
        tried.times += 1;
        tried.times
    }

    pub fn put_off(&self, position: u64, until: Instant) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tried) = tries.get_mut(&position) {
            tried.again_at = until;
        }
    }

    pub fn forget(&self, position: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries until it is given up, or until the receiver is back after `away`: when, and by which try.
    fn played(away: Duration, is_red: bool) -> (Duration, u32, bool) {
        let mut passed = Duration::ZERO;
        for tries in 1.. {
            if passed >= away {
                return (passed, tries, true);
            }
            match next(tries, SignedDuration::try_from(passed).unwrap(), is_red) {
                Next::TryAfter(pause) => passed += pause,
                Next::GiveUp => return (passed, tries, false),
            }
        }
        unreachable!("the loop has no end")
    }

    #[test]
    fn a_receiver_that_is_away_for_an_hour_or_a_weekend_gets_everything_soon_after() {
        for hours in [1, 60] {
            let away = Duration::from_secs(hours * 3600);
            let (delivered, _, taken) = played(away, false);
            assert!(taken && delivered - away <= PAUSE_MAX, "{hours} h: {delivered:?}");
            let (delivered, _, taken) = played(away, true);
            assert!(taken && delivered - away <= PAUSE_RED_MAX, "{hours} h, red: {delivered:?}");
        }
    }

    #[test]
    fn patience_ends_after_three_days() {
        let (given_up, tries, taken) = played(Duration::MAX, false);
        let days = Duration::from_secs(u64::try_from(PATIENCE_H).unwrap() * 3600);
        assert!(!taken && given_up >= days && given_up <= days + PAUSE_MAX, "{given_up:?} after {tries} tries");
    }

    #[test]
    fn what_waited_for_us_that_long_is_tried_as_often_as_anything_else() {
        let late = SignedDuration::from_hours(PATIENCE_H * 2);
        assert!((1..TRIES_MIN).all(|tries| next(tries, late, false) != Next::GiveUp));
        assert_eq!(next(TRIES_MIN, late, false), Next::GiveUp);
    }

    #[test]
    fn a_delivery_before_its_time_is_no_try() {
        let (tries, now) = (Tries::default(), Instant::now());
        assert_eq!(tries.wait(7, now), None);
        assert_eq!(tries.count(7, now), 1);
        tries.put_off(7, now + PAUSE_MAX);
        assert_eq!(tries.wait(7, now + PAUSE_MAX / 2), Some(PAUSE_MAX / 2));
        assert_eq!(tries.wait(7, now + PAUSE_MAX), None);
        assert_eq!(tries.count(7, now), 2);
        tries.forget(7);
        assert_eq!(tries.count(7, now), 1);
    }
}
