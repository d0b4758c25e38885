//! What we hold true of the record, on a real broker: each test starts its own server, and fails when an upgrade of
//! the server or of its client breaks what the record rests on.
//!
//! `world.rs` starts the broker, `tally.rs` is the rule book that the stories are told with.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod alarms;
mod appending;
mod chaining;
mod clock;
mod deciding;
mod filing;
mod following;
mod laws;
mod loading;
mod objects;
mod projecting;
mod provisioning;
mod proxy;
mod racing;
mod references;
mod replaying;
mod requests;
mod spots;
mod standing;
mod tally;
mod traces;
mod world;
