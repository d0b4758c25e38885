//! The life of a case from assignment to end. Words first (here), then what may happen ([`decide`]), how a call goes
//! ([`call`]), and which clocks run ([`clocks`]).
//!
//! ```text
//! Unknown ──Grade──▶ Open ──Resolve / last party done / operation concluded──▶ Resolved ──rated, or time over──▶ Closed
//!                     ▲  ╲                                                       │
//!                     └───╲──────────── not solved: Reopened ────────────────────┘
//!                          ╲─ withdrawn, excluded ──────────────────────────────────────────────────────▶ Closed
//! ```

mod call;
mod clocks;
mod decide;
mod evolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use charter::{Colour, Level};
use ids::Code;
use jiff::Timestamp;
use vocabulary::{Duty, Officer, Outcome, Place};

pub use clocks::next_deadline;
pub use decide::Rules;

/// Calls and tasks one case may have; far above any real one, and bounds its state.
pub const CALLS_MAX: usize = 50;
pub const TASKS_MAX: usize = 200;
/// Parties of one call.
pub const PARTIES_MAX: usize = 100;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub phase: Phase,
    /// Set from the first assignment on.
    pub matter: Option<Matter>,
    pub calls: Vec<Call>,
    pub tasks: Vec<Task>,
    /// Number of the last task ever planned: those of a released party are gone, and their numbers with them.
    pub last_task: u32,
    /// Times it was resolved.
    pub rounds: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Phase {
    #[default]
    Unknown,
    Open,
    Resolved {
        outcome: Outcome,
        rating_due: Timestamp,
    },
    Closed,
}

/// Who has the case, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    pub owner: Code,
    pub level: Level,
    pub comprehensive: bool,
    pub category: Code,
    pub also: Vec<Code>,
    pub situation: Option<Code>,
    pub colour: Option<Colour>,
    pub title: String,
    pub place: Place,
    pub due: Timestamp,
    pub overdue: bool,
    /// Triage's revision it was assigned by.
    pub graded_by: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub number: u32,
    pub caller: Code,
    pub parties: Vec<CalledParty>,
    pub response_due: Timestamp,
    pub report_in_due: Timestamp,
    pub completion_due: Timestamp,
    pub ended: bool,
}

/// How far one called party has come.
#[derive(Clone, Debug, PartialEq)]
pub struct CalledParty {
    pub party: Code,
    pub duty: Duty,
    pub stage: Stage,
    pub kept: Kept,
    /// What it said when it was done.
    pub outcome: Option<Outcome>,
    /// Which of its clocks have been found late.
    pub late: Vec<Clock>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Called,
    Responded,
    ReportedIn,
    Done,
    Released,
}

/// Which clocks a party kept. What has not happened is not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub responded_in_time: bool,
    pub reported_in_in_time: bool,
    pub done_in_time: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub number: u32,
    pub party: Code,
    pub title: String,
    pub due: Timestamp,
    pub after: Vec<u32>,
    pub call: Option<u32>,
    pub done: bool,
    pub late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    Response,
    ReportIn,
    Completion,
    Task,
    Case,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressKind {
    Reply,
    ContactFailed,
    Finding,
    Action,
    Note,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnding {
    Done,
    Released,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    Rated,
    Unrated,
    Withdrawn,
    Excluded,
}

/// A new owner, by triage or at the desk.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub party: Code,
    pub level: Level,
    pub comprehensive: bool,
    pub category: Code,
    pub also: Vec<Code>,
    pub situation: Option<Code>,
    pub colour: Option<Colour>,
    pub title: String,
    pub place: Place,
    pub due: Timestamp,
    pub due_provisional: bool,
    pub reason: String,
    pub graded_by: u64,
}

/// The whistle as it is blown: the charter has filled in what the street left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Whistle {
    pub caller: Code,
    pub situation: Option<Code>,
    pub colour: Colour,
    pub parties: Vec<(Code, Duty)>,
    pub response_due: Timestamp,
    pub report_in_due: Timestamp,
    pub completion_due: Timestamp,
    pub due_provisional: bool,
    pub note: String,
}

/// A task as it is planned. `after` counts within the list it came in, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub party: Code,
    pub title: String,
    pub due: Option<Timestamp>,
    pub after: Vec<u32>,
}

/// How one called party kept its clocks: what its score is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performance {
    pub party: Code,
    pub kept: Kept,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    pub outcome: Outcome,
    pub summary: String,
    pub by: Code,
    pub round: u32,
    pub calling_party: Option<Code>,
    pub performance: Vec<Performance>,
    pub rating_due: Timestamp,
    pub owner: Code,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Assigned(Box<Assignment>),
    Escalated { from_party: Code, to_party: Code, from: Level, to: Level, reason: String },
    Called { call: u32, whistle: Box<Whistle> },
    Responded { call: u32, party: Code, officer: Officer, in_time: bool },
    ReportedIn { call: u32, party: Code, officer: Officer, check_in: Place, in_time: bool },
    TaskPlanned { task: u32, party: Code, title: String, due: Timestamp, after: Vec<u32>, call: Option<u32> },
    TaskDone { task: u32, party: Code, note: String, in_time: bool },
    Progressed { party: Code, kind: ProgressKind, note: String, call: Option<u32> },
    MeasureAdopted { party: Code, measure: String, exceptions: Vec<String> },
    PartyDone { call: u32, party: Code, outcome: Outcome, note: String, in_time: bool },
    Released { call: u32, party: Code, reason: String },
    CallEnded { call: u32, ending: CallEnding },
    Overdue { clock: Clock, call: Option<u32>, party: Code, task: Option<u32>, due: Timestamp, told: Code },
    Resolved(Box<Resolution>),
    Reopened { reason: String, due: Timestamp },
    Closed { reason: CloseReason, outcome: Option<Outcome> },
}

/// What a department says about a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Respond { officer: Officer },
    ReportIn { officer: Officer, owns_matter: bool, check_in: Place },
    Progress { kind: ProgressKind, note: String },
    TaskDone { task: u32, note: String },
    Done { outcome: Outcome, note: String },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Triage judged it.
    Grade(Box<Assignment>),
    /// The caller took it back.
    Withdraw,
    /// Two people agreed to leave it out.
    Exclude,
    /// The enforcement centre is through with it.
    Conclude {
        summary: String,
        by: Code,
        rating_due: Timestamp,
    },
    /// The caller rated a round.
    Rate {
        round: u32,
        solved: bool,
        reason: String,
        due: Timestamp,
    },

    /// `above_owner`: the street's command centre may take from and give to whoever is in its street.
    Assign {
        by: Code,
        above_owner: bool,
        to: Code,
        to_level: Level,
        reason: String,
    },
    Escalate {
        by: Code,
        to: Code,
        to_level: Level,
        reason: String,
    },
    Call {
        whistle: Box<Whistle>,
    },
    PlanTasks {
        by: Code,
        tasks: Vec<Plan>,
    },
    CompleteTask {
        by: Code,
        task: u32,
        note: String,
        now: Timestamp,
        rating_due: Timestamp,
    },
    Progress {
        by: Code,
        kind: ProgressKind,
        note: String,
    },
    AdoptMeasure {
        by: Code,
        measure: String,
        exceptions: Vec<String>,
    },
    Release {
        by: Code,
        party: Code,
        reason: String,
        rating_due: Timestamp,
    },
    Resolve {
        by: Code,
        outcome: Outcome,
        summary: String,
        rating_due: Timestamp,
    },
    Reopen {
        reason: String,
        due: Timestamp,
    },

    Answer {
        call: u32,
        party: Code,
        answer: Answer,
        now: Timestamp,
        rating_due: Timestamp,
    },

    /// `above` says who is one level above each party; `centre` is above everybody else.
    CheckDeadlines {
        now: Timestamp,
        above: BTreeMap<Code, Code>,
        centre: Code,
    },
}

/// Why dispatch says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("dispatch does not know this case; it has not been judged yet")]
    NoSuchCase,
    #[error("the case is closed")]
    Closed,
    #[error("the case is resolved; reopen it first")]
    ResolvedAlready,
    #[error("the case is not resolved")]
    NotResolved,
    #[error("{owner} has the case, not {asked}")]
    NotTheOwner { owner: Code, asked: Code },
    #[error("{party} works at level {level}, the case is at level {case}")]
    WrongLevel { party: Code, level: Level, case: Level },
    #[error("{0} has it already")]
    AlreadyThere(Code),
    #[error("{0} is not above the owner")]
    NotUpwards(Code),
    #[error("there is no call {0}")]
    NoSuchCall(u32),
    #[error("call {0} is over")]
    CallOver(u32),
    #[error("{party} was not called by call {call}")]
    NotCalled { call: u32, party: Code },
    #[error("{0} has been called and is not done yet")]
    CalledAlready(Code),
    #[error("nobody is to be called: name the parties, or a situation that does")]
    NobodyToCall,
    #[error("{0} has responded already")]
    RespondedAlready(Code),
    #[error("{0} has reported in already")]
    ReportedInAlready(Code),
    #[error("who reports in must be in charge of the matter and able to show the rule it rests on")]
    NotInCharge,
    #[error("{0} has not reported in")]
    NotReportedIn(Code),
    #[error("{0} is done already")]
    DoneAlready(Code),
    #[error("{0} was released")]
    ReleasedAlready(Code),
    #[error("there is no task {0}")]
    NoSuchTask(u32),
    #[error("task {task} belongs to {owner}")]
    AnothersTask { task: u32, owner: Code },
    #[error("task {0} is done already")]
    TaskDoneAlready(u32),
    #[error("task {task} comes after task {first}, which is not done")]
    TaskBlocked { task: u32, first: u32 },
    #[error("task {0} is not done")]
    TaskOpen(u32),
    #[error("a task can only come after one before it in the list")]
    TaskOrder,
    #[error("call {0} is not over: nobody leaves before it is done or released")]
    CallOpen(u32),
    #[error("the enforcement centre ends this case by concluding its operation")]
    JointOperation,
    #[error("a case has at most {0} of these")]
    TooMany(usize),
}
