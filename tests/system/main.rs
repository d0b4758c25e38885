//! The whole system, from outside: what no crate can know alone. Each module says in its first line what it tries.
//!
//! `support/` is what they share: an installation in this process, and a city of processes; the checker that reads the record is in
//! `../src/`, where the long runs have it too.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise, in its helpers too")]

mod access;
mod admission;
mod architecture;
mod auditing;
mod bridge;
mod casebook;
mod changes;
mod charters;
mod clients;
mod console;
mod desk;
mod documents;
mod doors;
mod examples;
mod faults;
mod filing;
mod http;
mod input;
mod judging;
mod letters;
mod merging;
mod numbering;
mod open311;
mod people;
mod periods;
mod polling;
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
mod webhooks;
