//! The one place that reads the system's clock (everything else is handed a time, or asks here).
//!
//! A clock is real until somebody makes it jump. From then on it shows a virtual time that is anchored to a real one
//! and runs at real speed, so that a story of thirteen days can be told in seconds while waits and back-off stay real.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Ties a virtual time to a real one: at `real_time` the clock shows `virtual_time`, and runs on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    pub virtual_time: Timestamp,
    pub real_time: Timestamp,
    /// Grows with every jump, from 1; an anchor that is not newer than the one in force is ignored.
    pub version: u64,
}

impl Anchor {
    fn to_virtual(self, real: Timestamp) -> Timestamp {
        shift(self.virtual_time, real.duration_since(self.real_time))
    }

    fn to_real(self, virtual_time: Timestamp) -> Timestamp {
        shift(self.real_time, virtual_time.duration_since(self.virtual_time))
    }
}

/// Tells the time. Clones share one state: whoever makes one jump makes all of them jump.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` as long as the clock has never jumped.
    anchor: RwLock<Option<Anchor>>,
    version: watch::Sender<u64>,
}

impl Clock {
    /// A clock that shows the real time until it is made to jump.
    pub fn real() -> Self {
        Self(Arc::new(Inner { anchor: RwLock::new(None), version: watch::Sender::new(0) }))
    }

    /// The time as this installation sees it: the one to stamp facts and compare deadlines with.
    pub fn now(&self) -> Timestamp {
        let real = self.real_now();
        self.anchor().map_or(real, |anchor| anchor.to_virtual(real))
    }

    /// The system's time, whatever the clock shows. For what must not jump: the life of a token, the `real_time` of
    /// an [`Anchor`].
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else is told to ask")]
    pub fn real_now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Takes over `anchor` if it is newer than the one in force, and says whether it did. Anchors arrive from a
    /// watched document and may arrive twice or late.
    pub fn jump(&self, anchor: Anchor) -> bool {
        let mut current = self.0.anchor.write().unwrap_or_else(PoisonError::into_inner);
        if anchor.version <= current.map_or(0, |current| current.version) {
            return false;
        }
        *current = Some(anchor);
        // Sent under the lock, so that versions are seen in order and whoever sees one finds its anchor in force.
        self.0.version.send_replace(anchor.version);
        true
    }

    /// The version of the anchor in force; 0 if the clock has never jumped.
    pub fn version(&self) -> u64 {
        *self.0.version.borrow()
    }

    /// The real time at which this clock will show `virtual_time`, if it does not jump before.
    pub fn to_real(&self, virtual_time: Timestamp) -> Timestamp {
        self.anchor().map_or(virtual_time, |anchor| anchor.to_real(virtual_time))
    }

    /// Reports the version of every jump, for those who sleep until a virtual time.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    fn anchor(&self) -> Option<Anchor> {
        *self.0.anchor.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `time + by`, held at the first or last instant a timestamp can name.
fn shift(time: Timestamp, by: SignedDuration) -> Timestamp {
    let limit = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(by).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn a_clock_jumps_and_then_runs_at_real_speed() {
        let anchor =
            Anchor { virtual_time: at("2026-11-21T08:00:00Z"), real_time: at("2026-01-01T00:00:00Z"), version: 1 };

        let five_seconds_on = at("2026-01-01T00:00:05Z");
        assert_eq!(anchor.to_virtual(five_seconds_on), at("2026-11-21T08:00:05Z"));
        assert_eq!(anchor.to_real(at("2026-11-21T08:00:05Z")), five_seconds_on);

        let clock = Clock::real();
        assert!(clock.jump(Anchor { real_time: clock.real_now(), ..anchor }));
        let shown = clock.now();
        assert!(shown >= anchor.virtual_time, "{shown} is before the jump");
        assert!(clock.to_real(shown) <= clock.real_now());
    }

    #[test]
    fn an_older_anchor_never_turns_the_clock_back() {
        let clock = Clock::real();
        let mut jumps = clock.watch();
        let second =
            Anchor { virtual_time: at("2030-01-02T00:00:00Z"), real_time: at("2026-01-01T00:00:00Z"), version: 2 };
        assert!(clock.jump(second));

        let first = Anchor { virtual_time: at("2020-01-01T00:00:00Z"), version: 1, ..second };
        assert!(!clock.jump(first), "it arrived late");
        assert!(!clock.jump(second), "it arrived twice");

        assert_eq!(clock.version(), 2);
        assert_eq!(*jumps.borrow_and_update(), 2);
        assert!(clock.now() >= at("2030-01-02T00:00:00Z"));
    }
}
