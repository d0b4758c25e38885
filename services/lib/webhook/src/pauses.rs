//! When to try again: later each time, and never all at once.

use std::time::Duration;

use rand::RngExt;

/// Doublings of a pause, so that it never overflows.
const DOUBLINGS_MAX: u32 = 16;

/// The longest pause after so many tries: `first`, doubled each time, up to `most`.
#[must_use]
pub fn pause_after(tries: u32, first: Duration, most: Duration) -> Duration {
    (first * 2u32.pow(tries.saturating_sub(1).min(DOUBLINGS_MAX))).min(most)
}

/// A pause of between half of it and all of it: those that failed together do not come back together.
#[must_use]
pub fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_are_not_the_same() {
        let (first, most) = (Duration::from_secs(1), Duration::from_secs(900));
        let pauses = [1, 2, 3, 10, 11, 1_000_000].map(|tries| pause_after(tries, first, most).as_secs());
        assert_eq!(pauses, [1, 2, 4, 512, 900, 900]);
        let jittered: Vec<_> = (0..100).map(|_| jittered(most)).collect();
        assert!(jittered.iter().all(|pause| (most / 2..=most).contains(pause)));
        assert!(jittered.iter().any(|pause| *pause != jittered[0]));
    }
}
