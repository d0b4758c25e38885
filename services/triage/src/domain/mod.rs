//! What triage decides about one case: the rules' judgement, or a person's.

mod allowed;
mod decide;
#[cfg(test)]
mod model;

use charter::{Colour, Considered, Level, Way};
use ids::Code;
use jiff::Timestamp;
use vocabulary::{CallerClass, CaseKind, Place};

pub use allowed::{Act, Seat, allowed_actions};
pub use decide::Rules;

/// What a case is and who has to solve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub category: Code,
    /// The other problem types found.
    pub also: Vec<Code>,
    pub level: Level,
    /// Two or more legal powers are needed.
    pub comprehensive: bool,
    pub situation: Option<Code>,
    pub colour: Option<Colour>,
    pub party: Code,
    pub proof: Proof,
}

/// Why it is this party and no lower one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The row of the decision table that decides on such a case.
    pub rule: Option<Code>,
    /// What that row says. A person may judge differently, upwards only with a reason.
    pub level: Option<Level>,
    /// The street's duty it falls under.
    pub duty: Option<Code>,
    /// Everybody from the grid up to the party that has it.
    pub considered: Vec<Considered>,
}

impl Judgement {
    /// Whether nothing would change, whatever led to it.
    fn is_the_same_as(&self, other: &Self) -> bool {
        let proof = other.proof.clone();
        Self { proof, ..self.clone() } == *other
    }

    /// Whether it lies above what the decision table says.
    fn is_raised(&self) -> bool {
        self.proof.level.is_some_and(|proven| self.level > proven)
    }
}

/// A category the rules think of, with a confidence of 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub category: Code,
    pub confidence: f64,
}

/// What the rules say of a case that came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Sure { judgement: Judgement, confidence: f64 },
    Unsure { reason: String, candidates: Vec<Candidate>, due: Timestamp },
}

/// What the case is called, where it is and where it came from, handed on to whoever decides next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    pub title: String,
    pub place: Place,
    pub source: Source,
    /// The charter's campaign it was raised under, whose limits hold for it.
    pub campaign: Option<Code>,
}

/// How a case came in, as far as the decision table asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub channel: Option<Code>,
    pub way: Option<Way>,
    pub class: Option<CallerClass>,
    pub kind: Option<CaseKind>,
}

/// Where a case ended before anybody had to judge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DismissReason {
    Withdrawn,
    Excluded,
    Merged,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Classified { judgement: Judgement, confidence: f64, subject: Subject },
    QueuedForJudgement { reason: String, candidates: Vec<Candidate>, due: Timestamp, subject: Subject },
    Claimed { by: String },
    Judged { judgement: Judgement, reason: String, subject: Subject },
    Regraded { judgement: Judgement, from: Level, reason: String, subject: Subject },
    JudgementOverdue { due: Timestamp },
    Dismissed { reason: DismissReason },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Intake received it.
    Grade {
        verdict: Verdict,
        subject: Subject,
    },
    Claim {
        by: String,
    },
    Judge {
        judgement: Judgement,
        reason: String,
    },
    Regrade {
        by: Seat,
        judgement: Judgement,
        reason: String,
        standing: Standing,
    },
    CheckDeadlines {
        now: Timestamp,
    },
    /// It ended elsewhere.
    Dismiss {
        reason: DismissReason,
    },
}

/// How a judged case stands with dispatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Dispatch has ended it.
    pub closed: bool,
    /// It was handed on since: the last judgement, said again, gives it back.
    pub moved: bool,
    /// The district, a group or the city has it, or is about to.
    pub above_street: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    #[default]
    Unknown,
    Waiting {
        claimed_by: Option<String>,
        due: Timestamp,
        overdue: bool,
        subject: Subject,
    },
    Judged {
        judgement: Judgement,
        subject: Subject,
    },
    /// For good: intake takes nothing of this back.
    Dismissed,
}

/// Why triage says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("triage does not know this case")]
    NoSuchCase,
    #[error("{0} has taken it from the queue")]
    ClaimedByAnother(String),
    #[error("it has been judged; regrade it instead")]
    JudgedAlready,
    #[error("it has not been judged yet; judge it instead")]
    NotJudgedYet,
    #[error("nothing would change")]
    SameJudgement,
    #[error("a staff number is needed to claim a case")]
    StaffNumberNeeded,
    #[error("no level passes a case on without saying why")]
    ReasonRequired,
    #[error("the district, a group or the city has the case: only who has it, or is above it, judges it anew")]
    NotAbove,
    #[error("the case has ended")]
    Ended,
}
