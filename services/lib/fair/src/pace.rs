//! How often somebody may ask: so many a second, and so many at once after a while of rest.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Of so many it is known how much they asked lately. Beyond that those who rested are forgotten, and if nobody did, all are.
const KNOWN_MAX: usize = 4096;

/// How often one may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub per_s: u32,
    /// After a rest, at once.
    pub at_once: u32,
}

/// How often each of many asked lately.
#[derive(Debug)]
pub struct Paces<K>(Mutex<HashMap<K, Left>>);

/// What one may still ask.
#[derive(Clone, Copy, Debug)]
struct Left {
    tokens: f64,
    at: Instant,
}

impl<K> Default for Paces<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Paces<K> {
    /// Counts one question.
    ///
    /// # Errors
    /// It comes too soon; by how much.
    pub fn ask(&self, who: K, pace: Pace) -> Result<(), Duration> {
        self.ask_at(who, pace, Instant::now())
    }

    fn ask_at(&self, who: K, pace: Pace, now: Instant) -> Result<(), Duration> {
        let (per_s, at_once) = (f64::from(pace.per_s.max(1)), f64::from(pace.at_once.max(1)));
        let filled =
            |left: &Left| (left.tokens + now.saturating_duration_since(left.at).as_secs_f64() * per_s).min(at_once);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains_key(&who) {
            known.retain(|_, left| filled(left) < at_once);
            if known.len() >= KNOWN_MAX {
                known.clear();
            }
        }
        let left = known.entry(who).or_insert(Left { tokens: at_once, at: now });
        *left = Left { tokens: filled(left), at: now };
        if left.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left.tokens) / per_s));
        }
        left.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { per_s: 10, at_once: 3 };

    #[test]
    fn whoever_asks_too_often_is_told_how_long_to_wait_and_others_are_not() {
        let (paces, start) = (Paces::default(), Instant::now());
        for _ in 0..3 {
            paces.ask_at("one", PACE, start).unwrap();
        }
        let wait = paces.ask_at("one", PACE, start).unwrap_err();
        assert!(wait <= Duration::from_millis(100) && wait > Duration::from_millis(90), "{wait:?}");
        paces.ask_at("other", PACE, start).unwrap();
        paces.ask_at("one", PACE, start + wait).unwrap();
        assert!(paces.ask_at("one", PACE, start + wait).is_err());
        let later = start + Duration::from_secs(3600);
        assert_eq!((0..9).filter(|_| paces.ask_at("one", PACE, later).is_ok()).count(), 3, "a rest is worth no more");
    }

    #[test]
    fn what_is_known_of_strangers_has_a_bound() {
        let (paces, start) = (Paces::default(), Instant::now());
        for who in 0..3 * KNOWN_MAX {
            paces.ask_at(who, PACE, start).unwrap();
        }
        assert!(paces.0.lock().unwrap().len() <= KNOWN_MAX);
    }
}
