//! The operator's tool: runs a whole installation on one machine, and looks after any.
//!
//! Open `cli.rs` for what it can do and `up.rs` for how an installation comes to life. `accounts.rs` says who may do
//! what at the broker, `commands/` has one file per command, `render.rs` what people see of a case, `stage.rs` how stories (crate `story`) get in.
//! `conformance.rs` tries what outsiders have written.
//!
//! Invariants: it decides nothing about cases, it only asks the services as everybody else does; everything it makes
//! lies in the data folder, keys readable by their owner only; what it starts, it stops, and by process id.

#![allow(clippy::print_stdout, reason = "the answer of a command goes to standard output")]

pub mod accounts;
pub mod asyncapi;
pub mod charters;
mod cli;
pub mod client;
mod commands;
pub mod conformance;
mod connectors;
pub mod data;
mod districts;
pub mod endpoints;
mod failure;
mod keys;
mod number;
mod out;
pub mod provision;
pub mod render;
mod server;
pub mod stage;
pub mod up;

pub use cli::{command, run};
