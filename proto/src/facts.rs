//! Facts for who follows them. A rule has an opinion on every event and matches all of them; who follows the facts of
//! another owner mentions those it cares about, and does not change when a new one comes.
//!
//! Where one or two events are asked for, take them out of `commit.dispatch_facts()` with `if let` or `matches!`. Where
//! each of several means something else, implement the owner's trait:
//!
//! ```
//! use huying_proto::facts::{DispatchFacts, Facts};
//! use huying_proto::dispatch::v1::{Called, Released};
//!
//! /// Who is at work.
//! #[derive(Default)]
//! struct AtWork(Vec<String>);
//!
//! impl Facts for AtWork {
//!     type Found = ();
//!     fn nothing() {}
//! }
//!
//! impl DispatchFacts for AtWork {
//!     fn called(&mut self, fact: &Called) {
//!         self.0.extend(fact.parties.iter().map(|called| called.party.clone()));
//!     }
//!
//!     fn released(&mut self, fact: &Released) {
//!         self.0.retain(|party| *party != fact.party);
//!     }
//! }
//!
//! fn at_work(history: &[huying_proto::record::v1::Commit]) -> Vec<String> {
//!     let mut at_work = AtWork::default();
//!     history.iter().flat_map(|commit| commit.dispatch_facts()).for_each(|fact| fact.told_to(&mut at_work));
//!     at_work.0
//! }
//! # assert!(at_work(&[]).is_empty());
//! ```
//!
//! The traits, and each event's `name` and `stage`, are written by `build/facts.rs` from the contracts.

use crate::common::v1::Stage;
use crate::record::v1::event::Of;

/// What a follower makes of a fact.
pub trait Facts {
    type Found;

    /// What it makes of every fact that it does not mention.
    fn nothing() -> Self::Found;
}

impl crate::record::v1::Commit {
    /// Everything that was decided in this commit, in order.
    pub fn facts(&self) -> impl Iterator<Item = &crate::record::v1::Event> {
        self.decisions.iter().flat_map(|decision| &decision.events)
    }
}

#[allow(clippy::all, clippy::pedantic, clippy::restriction, reason = "generated code")]
#[allow(clippy::wildcard_enum_match_arm, clippy::allow_attributes_without_reason, reason = "generated code")]
mod generated {
    use super::{Facts, Of, Stage};

    include!(concat!(env!("OUT_DIR"), "/facts.rs"));
}

pub use generated::*;
