//! What triage decides about one case: the rules' judgement, or a person's.

mod decide;

use charter::{Colour, Level};
use ids::Code;
use jiff::Timestamp;
use vocabulary::Place;

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

/// What the case is called and where it is, handed on to whoever decides next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    pub title: String,
    pub place: Place,
    /// The charter's campaign it was raised under, whose limits hold for it.
    pub campaign: Option<Code>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Classified { judgement: Judgement, confidence: f64, subject: Subject },
    QueuedForJudgement { reason: String, candidates: Vec<Candidate>, due: Timestamp, subject: Subject },
    Claimed { by: String },
    Judged { judgement: Judgement, reason: String, subject: Subject },
    Regraded { judgement: Judgement, from: Level, reason: String, subject: Subject },
    JudgementOverdue { due: Timestamp },
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
        judgement: Judgement,
        reason: String,
    },
    CheckDeadlines {
        now: Timestamp,
    },
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
}
