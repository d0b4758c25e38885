//! What intake accepts and what it remembers of a case. Rules are in [`decide`], the check of a submission in
//! [`submission`].

mod decide;
pub mod submission;

use ids::{CaseId, Code};
use jiff::Timestamp;
use vocabulary::{CallerClass, CaseKind, Place};

pub use decide::Rules;

/// Characters of a supplement or a reason.
pub const NOTE_LENGTH_MAX: usize = 2000;

/// A submission that has been checked and masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub kind: CaseKind,
    pub caller_class: CallerClass,
    pub caller_ref: String,
    pub channel: Code,
    pub way: charter::Way,
    pub bridge: Code,
    pub external_ref_hash: Vec<u8>,
    pub content_hash: Vec<u8>,
    pub title: String,
    pub text: String,
    pub place: Place,
    pub occurred_at: Timestamp,
    pub category_hint: Option<Code>,
    pub related_case: Option<CaseId>,
    pub received_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Received(Box<Received>),
    Supplemented { text: String },
    WithdrawalAsked { reason: String },
    ExclusionProposed { reason: String, by: String },
    ExclusionApproved { by: String },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Receive(Box<Received>),
    Supplement { text: String },
    Withdraw { reason: String },
    ProposeExclusion { reason: String, by: String },
    ApproveExclusion { by: String },
}

/// What intake needs to know of a case to decide the next thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub received: Option<Receipt>,
    pub withdrawal_asked: bool,
    pub exclusion: Exclusion,
}

/// Enough of `Received` to recognise a repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    pub bridge: Code,
    pub external_ref_hash: Vec<u8>,
    pub content_hash: Vec<u8>,
    pub received_at: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Exclusion {
    #[default]
    None,
    Proposed {
        by: String,
    },
    Approved,
}

/// Why intake says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such case")]
    NoSuchCase,
    #[error("the same reference was submitted before with another content")]
    DifferentContent,
    /// The case id drawn belongs to another matter; draw again.
    #[error("this case id belongs to another matter")]
    IdTaken,
    #[error("the caller has withdrawn this case")]
    Withdrawn,
    #[error("nobody has proposed to exclude this case")]
    ExclusionNotProposed,
    #[error("an exclusion needs two people; {0} proposed it")]
    SecondPersonNeeded(String),
    #[error("a staff number is needed to propose or approve an exclusion")]
    StaffNumberNeeded,
}
