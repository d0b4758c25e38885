//! The whole system, from outside: what no crate can know alone.
//!
//! `stories.rs` plays the worked examples, `separate.rs` the same with every service a process of its own, `stopping.rs` tells those to stop, `faults.rs`
//! kills those processes in the middle. `access.rs` tries every role on every method, `doors.rs` every field of every command. `input.rs`, `bridge.rs` and `charters.rs` send what should not come in,
//! `report.rs` states what went on, `trust.rs` and `clients.rs` are others' programs, `merging.rs` and `admission.rs` ask twice, `judging.rs` sits at the
//! judgement desk, `filing.rs` in the archive, `desk.rs` in a department, `numbering.rs` in an enforcement centre, `periods.rs` over the table of a year, `secrecy.rs` listens as who is rated, `letters.rs` with an operator whose services gave something up, `rollback.rs` on a record that a newer version wrote on,
//! `architecture.rs` reads the source, `documents.rs` what is written about it. `support/` is what they share: an installation in this process and a city of processes;
//! the checker that reads the record is in `../src/`, where the long runs have it too.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise, in its helpers too")]

mod access;
mod admission;
mod architecture;
mod auditing;
mod bridge;
mod casebook;
mod charters;
mod clients;
mod desk;
mod documents;
mod doors;
mod faults;
mod filing;
mod input;
mod judging;
mod letters;
mod merging;
mod numbering;
mod periods;
mod powers;
mod receipts;
mod report;
mod rollback;
mod secrecy;
mod separate;
mod stopping;
mod stories;
mod support;
mod trust;
