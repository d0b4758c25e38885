//! The size benchmark's parts: a store of as many cases as asked for, the services as processes on it, and what people
//! ask of them. `bin/bench_size.rs` puts them together.

pub mod disk;
pub mod fill;
pub mod processes;
pub mod reading;
pub mod templates;

use std::time::Duration;

/// Seed of everything that is drawn: two stores of one size are the same.
pub const SEED: u64 = 20_190_506;
/// The cases of a store were received over this many days, up to now.
pub const DAYS: i64 = 180;
/// Departments that run, and answer by themselves.
pub const DEPARTMENTS: [&str; 2] = ["wuchang-water", "wuchang-construction"];

/// Says on which phase we are, and how long since the start.
pub fn say(begun: std::time::Instant, text: impl std::fmt::Display) {
    let s = begun.elapsed().as_secs();
    eprintln!("{:>3}:{:02} {text}", s / 60, s % 60);
}

/// Longest time that one phase may take; a benchmark that hangs tells nothing.
pub const PHASE: Duration = Duration::from_secs(20 * 60);
