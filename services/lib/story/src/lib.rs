//! Stories: worked examples as data, played on the real services under the jumping clock.
//!
//! Whoever has an installation gives it as a [`Stage`] and calls [`play`]; [`faults`] finds what is wrong with a story
//! and needs none. Open `play.rs` first.
//!
//! A story file ([`format`], documented in `tests/stories/README.md`) says who does what when, and what must come of
//! it. [`play`] is the order of things: move the clock to the next step or the next deadline, whichever is earlier
//! ([`time`]); do the step as whoever does it ([`act`]); wait until nothing is under way; tell what happened; at the
//! end compare ([`expect`]). A step is what people do over the same gRPC contracts that everybody has.
//!
//! Invariants: it runs no service and knows none from inside, it only asks as everybody else does; a difference is an
//! answer, an error means that a story could not be played.

mod act;
mod balloted;
mod check;
mod count;
#[cfg(test)]
mod documented;
mod doors;
mod empowered;
mod expect;
mod facts;
mod format;
mod play;
mod polled;
mod rules;
mod staffed;
mod time;

use std::path::Path;

use anyhow::Context;

pub use check::{Fault, faults};
pub use doors::{Doors, Stage};
pub use facts::Catalogue;
pub use format::Story;
pub use play::{Played, Telling, play};

/// Reads a story file.
///
/// # Errors
/// The file cannot be read or is not a story; the text names line and field.
pub fn read(path: &Path) -> anyhow::Result<Story> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Story::parse(&text).with_context(|| format!("{} is not a story", path.display()))
}

/// The name that a poll, an officer, a project or a sender's reference of a story has in its district: every playing has its own.
fn own_name(story: &str, name: &str, run: &str) -> String {
    let run = run.get(..8).unwrap_or(run);
    format!("{}-{name}-{run}", story.to_lowercase())
}
