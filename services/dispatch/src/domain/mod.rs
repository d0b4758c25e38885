//! The life of a case from assignment to end. The state first (here), what is recorded ([`event`]), what may be asked
//! ([`command`]) and why not ([`refusal`]); then what may happen ([`decide`]), how a call goes ([`call`]), how it is sent
//! back ([`returns`]), who has it next ([`handing_on`]) and who may give whom work ([`reach`]), what communities may be asked ([`admission`]), who has to account
//! for it ([`supervision`]), how more time is given ([`extension`]) or time stands still ([`suspension`]), what keeps coming
//! back ([`recurrence`]), how people meet ([`meeting`], [`joint_operation`]), how its caller is helped otherwise ([`help`]), which clocks run ([`clocks`]) and how that of
//! the case is counted ([`case_clock`]).
//! [`allowed`] asks the same rules what could be done now.
//!
//! ```text
//! Unknown ──Grade──▶ Open ──Resolve / last party done / operation concluded──▶ Resolved ──rated, or lapsed──▶ Closed
//!                     ▲  ╲                                                       │
//!                     └───╲──────────── not solved: Reopened ────────────────────┘
//!                          ╲─ withdrawn, excluded ──────────────────────────────────────────────────────▶ Closed
//! ```

mod admission;
mod allowed;
mod call;
mod case_clock;
mod clocks;
mod command;
mod decide;
mod ending;
mod event;
mod evolve;
mod extension;
mod handing_on;
mod help;
#[cfg(test)]
mod histories;
mod in_force;
#[cfg(test)]
mod interleaving;
mod joint_operation;
mod meeting;
#[cfg(test)]
mod model;
#[cfg(test)]
mod named_days;
mod reach;
mod recurrence;
mod refusal;
mod returns;
mod supervision;
mod suspension;
#[cfg(test)]
mod tests;

use charter::{Colour, Level};
use ids::{CaseId, Code};
use jiff::Timestamp;
use vocabulary::{Duty, Outcome, Place};

pub use allowed::{Act, Action, Asker, allowed_actions};
pub use case_clock::{CaseClock, Start, Terms};
pub use clocks::next_deadline;
pub use command::{Answer, Attendee, Command, Related};
pub use decide::Rules;
pub use event::{
    Assignment, Dropped, Event, Expected, Performance, Plan, Resolution, ReturnBasis, Scope, Special, Whistle,
};
pub use help::{Asking, Help, Helped};
pub use in_force::{InForce, city_answer, rating_due, reminders};
pub use reach::{COMMAND_CENTRE, is_command_centre, may_give_work};
pub use recurrence::{Recurrent, is_same_place, plain};
pub use refusal::Refusal;

/// Calls and tasks one case may have; far above any real one, and bounds its state.
pub const CALLS_MAX: usize = 50;
pub const TASKS_MAX: usize = 200;
/// Parties of one call.
pub const PARTIES_MAX: usize = 100;
/// Cases found while working on one.
pub const RELATED_MAX: u32 = 20;

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
    /// Times a unit sent its call back, over all calls of the case (R-59).
    pub returns: u32,
    pub suspension: Option<Suspension>,
    pub supervisions: Vec<Supervision>,
    pub task_force: Option<TaskForce>,
    /// Whoever has had it since it was opened last, in order; the same unit as often as it had it.
    pub holders: Vec<Code>,
    /// Categories that the district lets communities take in this case.
    pub admitted: Vec<Code>,
    /// Somebody has shown something for it since it was opened last.
    pub evidenced: bool,
    /// Cases found while working on it.
    pub related: u32,
    /// Cases of the same problem at the same place that were handled before; none: it has not come back (R-60).
    pub earlier: Vec<CaseId>,
    /// The city has it and has not said a word yet.
    pub asked_city: Option<AskedCity>,
    /// Communities that were refused work on it (R-10).
    pub refused: Vec<Code>,
    /// Meetings of the joint operation whose decisions are planned (R-54).
    pub joint_meetings: Vec<u32>,
    /// Of the joint operation: 1 the first time, one more whenever the case is opened again or comes back to an enforcement
    /// centre. The centre counts the same.
    pub joint_round: u32,
    /// What the enforcement centre said when it was through, as long as tasks are left.
    pub concluded: Option<Concluded>,
    /// What was opened to help its caller (S6).
    pub helps: Vec<Help>,
    /// Whose callers it helps itself.
    pub helped: Vec<Helped>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Phase {
    #[default]
    Unknown,
    Open,
    Resolved {
        outcome: Outcome,
        asking: Asking,
    },
    Closed,
}

/// Who has the case, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    pub holder: Code,
    pub level: Level,
    pub comprehensive: bool,
    pub category: Code,
    pub also: Vec<Code>,
    pub situation: Option<Code>,
    pub colour: Option<Colour>,
    pub title: String,
    pub place: Place,
    pub clock: CaseClock,
    /// Somebody was told that the time is up.
    pub overdue: bool,
    /// It was judged to be a joint operation, which it is whenever an enforcement centre has it.
    pub joint: bool,
    /// The district handed it to the city, and writes down what that says.
    pub with_city: bool,
    /// It is not solved before somebody has shown something for it.
    pub evidence_needed: bool,
    /// Triage's last revision that who has it now follows.
    pub graded_by: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub number: u32,
    /// The round it was made in, counted as resolutions are: what was done in one solves nothing in the next.
    pub round: u32,
    pub caller: Code,
    pub colour: Colour,
    pub parties: Vec<CalledParty>,
    pub completion_due: Timestamp,
    /// Its times were counted into a year whose working days are not published.
    pub due_provisional: bool,
    /// Since when that counts; none where the record does not say.
    pub counts_from: Option<Timestamp>,
    /// When those who are not done are reminded, earliest first.
    pub reminders: Vec<Timestamp>,
    pub extended: bool,
    pub ended: bool,
}

/// How far one called party has come.
#[derive(Clone, Debug, PartialEq)]
pub struct CalledParty {
    pub party: Code,
    pub duty: Duty,
    pub stage: Stage,
    /// Its own: an officer who was not qualified starts both anew (R-51).
    pub response_due: Timestamp,
    pub report_in_due: Timestamp,
    pub returned: Option<Return>,
    /// Reminders it has had.
    pub reminded: usize,
    pub kept: Kept,
    /// What it had kept by the time whoever came could not decide; none: nobody was found so. Its clocks start anew, and
    /// wipe out nothing (R-51).
    pub kept_before: Option<Kept>,
    /// What it said when it was done.
    pub outcome: Option<Outcome>,
    /// Which of its clocks have been found late, by the clock or by its own answer.
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
    /// Since when that counts; none: as long as the case.
    pub counts_from: Option<Timestamp>,
    /// It has no day of its own: it is due with its call, or the case.
    pub follows: bool,
    pub after: Vec<u32>,
    pub call: Option<u32>,
    pub extended: bool,
    pub done: bool,
    pub late: bool,
    /// It finds the cause of what keeps coming back.
    pub root_cause: bool,
    /// The meeting of a joint operation that decided it, by its number there.
    pub joint_meeting: Option<u32>,
}

/// A call sent back. The clocks go on meanwhile (R-59).
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    pub adjudicator: Code,
    pub due: Timestamp,
    pub pending: bool,
    pub late: bool,
    /// Decided, and it was not its matter.
    pub upheld: bool,
}

/// Time during which the clocks of the work stand still; those of response and report-in go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspension {
    pub since: Timestamp,
    /// It ends by itself then: nothing is put aside for ever.
    pub until: Timestamp,
}

/// An order from above to account for a matter by a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Supervision {
    pub number: u32,
    pub by: Code,
    pub party: Code,
    pub due: Timestamp,
    pub answered: bool,
    pub late: bool,
}

/// A case that was handed to the city, until the city has answered.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedCity {
    pub answer: Expected,
    pub reminded: usize,
    pub late: bool,
}

/// The end of a joint operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concluded {
    pub by: Code,
    pub summary: String,
}

/// People of several units who meet at a steady pace until a matter is done (R-14).
#[derive(Clone, Debug, PartialEq)]
pub struct TaskForce {
    pub lead: Code,
    pub cadence_days: u32,
    /// Until then it has to have met.
    pub meets_by: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    Response,
    ReportIn,
    Completion,
    Task,
    Case,
    /// Of the command centre that has to decide on a return.
    Adjudication,
    /// Of whoever has to answer an order of supervision.
    Supervision,
    /// Of a task force that has to meet.
    Meeting,
    /// Of the city, which has to say what becomes of a case.
    City,
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
    /// It goes on in an earlier case.
    Merged,
}
