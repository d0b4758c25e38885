//! When a limit is over.

use jiff::{SignedDuration, Timestamp};

/// Limits end at full seconds.
pub const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Whoever acts within the second in which a limit ends has kept it, and is late from the next one on.
#[must_use]
pub fn late_from(due: Timestamp) -> Timestamp {
    due.saturating_add(SECOND).unwrap_or(Timestamp::MAX)
}
