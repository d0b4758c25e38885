//! What intake accepts and what it remembers of a case. Rules are in [`decide`], the check of a submission in
//! [`submission`]. What households are asked is a history of its own: [`poll`]. [`allowed`] asks the same rules what could be done now.

pub mod allowed;
mod decide;
#[cfg(test)]
mod model;
pub mod person;
pub mod poll;
pub mod submission;

use std::collections::{BTreeMap, BTreeSet};

use ids::{CaseId, Code};
use jiff::Timestamp;
use vocabulary::{CallerClass, CaseKind, Course, Place};

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
    /// The same in the forms in which earlier versions recorded it. Not recorded any more.
    pub content_hashes_before: Vec<Vec<u8>>,
    pub title: String,
    pub text: String,
    pub place: Place,
    pub occurred_at: Timestamp,
    pub category_hint: Option<Code>,
    pub related_case: Option<CaseId>,
    pub received_at: Timestamp,
    pub campaign: Option<Code>,
    /// When a terminal that was offline wrote it down, by its own clock.
    pub recorded_at: Option<Timestamp>,
    /// What its receipt is known by; empty: it has none.
    pub receipt_ref: String,
}

/// Somebody who raised the same matter under a later case of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub case: CaseId,
    pub caller_ref: String,
    pub caller_class: CallerClass,
    pub channel: Code,
    /// As far as it was known when they joined.
    pub category: Option<Code>,
    /// When their own clock began.
    pub received_at: Timestamp,
    pub reason: String,
    /// The case they came along with, when that one was merged and not their own.
    pub through: Option<CaseId>,
    /// What the receipt of their own case is known by; empty: it has none.
    pub receipt_ref: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Received(Box<Received>),
    /// `by` is whose note it counts as; empty: recorded before notes were counted.
    Supplemented {
        text: String,
        by: String,
    },
    WithdrawalAsked {
        reason: String,
    },
    ExclusionProposed {
        reason: String,
        by: String,
    },
    ExclusionApproved {
        by: String,
    },
    CallerJoined(Box<Joined>),
    LinkedAsDuplicate {
        into: CaseId,
        reason: String,
        into_received_at: Timestamp,
    },
    PollAttached(Box<PollResult>),
}

/// What came of a poll, as a case keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct PollResult {
    pub poll: Code,
    pub question: String,
    pub outcome: poll::Outcome,
    pub tally: poll::Tally,
    pub threshold_percent: u32,
    pub opened_at: Timestamp,
    pub closed_at: Timestamp,
    /// Why it is cited; empty: it was opened for this case.
    pub note: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Receive(Box<Received>),
    /// `by`: whose note it counts as.
    Supplement {
        text: String,
        by: String,
        course: Course,
    },
    /// `gone`, here and below: of those who joined, whose own case left before it became part of this one.
    Withdraw {
        reason: String,
        course: Course,
        gone: Vec<CaseId>,
    },
    ProposeExclusion {
        reason: String,
        by: String,
        course: Course,
        gone: Vec<CaseId>,
    },
    ApproveExclusion {
        by: String,
        course: Course,
        gone: Vec<CaseId>,
    },
    /// Later cases turn out to be this one, `case`. Comes before `Link` of the later one (D11).
    Join {
        case: CaseId,
        callers: Vec<Joined>,
    },
    /// This case is part of an earlier one, which knows its caller already.
    Link {
        into: CaseId,
        reason: String,
        into_received_at: Timestamp,
    },
    AttachPoll(Box<PollResult>),
}

/// What intake needs to know of a case to decide the next thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub received: Option<Receipt>,
    pub withdrawal_asked: bool,
    pub exclusion: Exclusion,
    /// In the order in which they joined.
    pub joined: Vec<Joined>,
    pub merged_into: Option<CaseId>,
    /// Polls on its record.
    pub polls: Vec<Code>,
    /// How much each has added.
    pub notes: BTreeMap<String, usize>,
}

impl State {
    /// Everybody who raised `case`, as they would join another: itself first, then those who came to it.
    #[must_use]
    pub fn callers(&self, case: CaseId, category: Option<Code>, reason: &str) -> Vec<Joined> {
        let own = self.received.iter().map(|receipt| Joined {
            case,
            caller_ref: receipt.caller_ref.clone(),
            caller_class: receipt.caller_class,
            channel: receipt.channel.clone(),
            category: category.clone().or_else(|| receipt.category_hint.clone()),
            received_at: receipt.received_at,
            reason: reason.to_owned(),
            through: None,
            receipt_ref: receipt.receipt_ref.clone(),
        });
        let others = self.joined.iter().map(|joined| Joined { through: Some(case), ..joined.clone() });
        own.chain(others).collect()
    }

    /// Whether it left for good: its caller took it back, or it was excluded, and it is part of no other.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.merged_into.is_none() && (self.withdrawal_asked || self.exclusion == Exclusion::Approved)
    }

    /// How many other callers raised the same matter, without those who are `gone` and whoever came with them. Whoever raised
    /// it several times is one, and no other to themselves; nobody knows that of who gave no reference.
    fn others(&self, gone: &[CaseId]) -> usize {
        let own = self.received.as_ref().map_or("", |receipt| receipt.caller_ref.as_str());
        let stays =
            |joined: &&Joined| !gone.contains(&joined.case) && !joined.through.is_some_and(|by| gone.contains(&by));
        let callers = self.joined.iter().filter(stays).map(|joined| joined.caller_ref.as_str());
        let (anonymous, known): (Vec<&str>, Vec<&str>) = callers.partition(|caller| caller.is_empty());
        let known: BTreeSet<&str> = known.into_iter().filter(|caller| *caller != own).collect();
        anonymous.len() + known.len()
    }

    /// Whether whoever raised `case` is on this record.
    #[must_use]
    pub fn knows(&self, case: CaseId) -> bool {
        self.joined.iter().any(|joined| joined.case == case)
    }
}

/// Enough of `Received` to recognise a repeat, and to tell another case who the caller is.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    pub bridge: Code,
    pub external_ref_hash: Vec<u8>,
    pub content_hash: Vec<u8>,
    pub received_at: Timestamp,
    pub caller_ref: String,
    pub caller_class: CallerClass,
    pub channel: Code,
    pub category_hint: Option<Code>,
    pub receipt_ref: String,
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
    /// What one takes back is still the matter of the others.
    #[error("{0} others raised the same matter, so it goes on")]
    OthersJoined(usize),
    #[error("this case is excluded from the statistics")]
    Excluded,
    #[error("this case is part of {0} already")]
    Merged(CaseId),
    #[error("a case can only become part of one that was received earlier")]
    NotEarlier,
    #[error("nobody has proposed to exclude this case")]
    ExclusionNotProposed,
    #[error("an exclusion needs two people; {0} proposed it")]
    SecondPersonNeeded(String),
    #[error("a staff number is needed to propose or approve an exclusion")]
    StaffNumberNeeded,
    /// The end is said, and how everybody did: what may be said now is a rating.
    #[error("the case is answered: say in a rating whether it is solved, which closes it or opens it again")]
    Answered,
    #[error("the case is closed; what is new is a report of its own, which may name this one as related")]
    Closed,
    #[error(
        "case {0} is closed, and nobody works on it any more: the report goes on by itself, or its district reopens one"
    )]
    IntoClosed(CaseId),
    #[error("the case is not filed; reopen it where it is worked on: DispatchService/Reopen")]
    NotFiled,
    #[error("a case has at most {0} polls")]
    TooManyPolls(usize),
    /// Its history has a bound, which no one may fill for all others.
    #[error("one caller or desk adds at most {0} notes to a case; what is new is a report of its own")]
    TooManyNotes(usize),
}
