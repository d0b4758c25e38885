//! What may be asked of dispatch: facts of others, requests of desks, answers of departments, and the clock.

use std::collections::BTreeMap;

use charter::Level;
use ids::{CaseId, Code};
use jiff::Timestamp;
use vocabulary::{Officer, Outcome, Place};

use super::{Assignment, Expected, Helped, InForce, Plan, ProgressKind, Recurrent, ReturnBasis, Scope, Terms, Whistle};

/// What a department says about a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Respond {
        officer: Officer,
    },
    ReportIn {
        officer: Officer,
        owns_matter: bool,
        check_in: Place,
    },
    Progress {
        kind: ProgressKind,
        note: String,
        evidence: Vec<String>,
    },
    TaskDone {
        task: u32,
        note: String,
        evidence: Vec<String>,
    },
    Done {
        outcome: Outcome,
        note: String,
        evidence: Vec<String>,
    },
    /// Not ours: `due` is until when the command centre has to decide, `district` decides from the second time on.
    Return {
        basis: ReturnBasis,
        reason: String,
        proposes: Code,
        due: Timestamp,
        district: Code,
    },
    /// `help_until`: as in [`Command::SpawnRelated`].
    Found {
        related: Box<Related>,
        help_until: Option<Timestamp>,
    },
}

/// Another matter, found while working on one.
#[derive(Clone, Debug, PartialEq)]
pub struct Related {
    pub title: String,
    pub text: String,
    pub place: Place,
    pub category: Option<Code>,
}

/// Somebody at a meeting.
#[derive(Clone, Debug, PartialEq)]
pub struct Attendee {
    pub party: Code,
    pub officer: Officer,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Triage judged it. Its clock is set by the rules, from `terms`.
    /// `instead` has it when it is for a community whose list does not hold it: the street's command centre.
    Grade {
        assignment: Box<Assignment>,
        terms: Terms,
        instead: Code,
    },
    /// The caller took it back.
    Withdraw,
    /// Two people agreed to leave it out.
    Exclude,
    /// It is about what an earlier case is about, and goes on there (D11).
    Merge,
    /// The enforcement centre is through with it: with the operation of this round, which is `joint_round` of the state.
    Conclude {
        round: u32,
        summary: String,
        by: Code,
        rating_due: Timestamp,
    },
    /// The caller rated a round.
    Rate {
        round: u32,
        solved: bool,
        reason: String,
        terms: Terms,
    },

    /// Nobody rated a round in time.
    Lapse {
        round: u32,
    },

    /// `above_holder`: the street's command centre may take from and give to whoever is in its street.
    Assign {
        by: Code,
        above_holder: bool,
        to: Code,
        to_level: Level,
        reason: String,
        in_force: InForce,
    },
    Escalate {
        by: Code,
        to: Code,
        to_level: Level,
        reason: String,
        /// Triage's last revision.
        judged: u64,
    },
    Call {
        whistle: Box<Whistle>,
    },
    PlanTasks {
        by: Code,
        tasks: Vec<Plan>,
        now: Timestamp,
        in_force: InForce,
    },
    CompleteTask {
        by: Code,
        task: u32,
        note: String,
        evidence: Vec<String>,
        now: Timestamp,
        rating_due: Timestamp,
    },
    /// `desk`: one of the street or the district, who see what is in front of them; a department speaks of its own.
    Progress {
        by: Code,
        desk: bool,
        kind: ProgressKind,
        note: String,
        evidence: Vec<String>,
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
        evidence: Vec<String>,
        rating_due: Timestamp,
    },
    Reopen {
        reason: String,
        terms: Terms,
    },
    /// With a whistle for the right unit the return is upheld; without, the unit keeps the call.
    Adjudicate {
        by: Code,
        call: u32,
        party: Code,
        upheld: Option<Box<Whistle>>,
        reason: String,
        rating_due: Timestamp,
    },
    Disqualify {
        by: Code,
        call: u32,
        party: Code,
        reason: String,
        response_due: Timestamp,
        report_in_due: Timestamp,
    },
    /// `above`: the asker is above whoever has the case.
    Supervise {
        by: Code,
        above: bool,
        party: Code,
        text: String,
        due: Timestamp,
        now: Timestamp,
    },
    AnswerSupervision {
        by: Code,
        order: u32,
        note: String,
        now: Timestamp,
    },
    Extend {
        by: Code,
        above: bool,
        scope: Scope,
        basis: String,
        reason: String,
        due: Timestamp,
        now: Timestamp,
    },
    Suspend {
        by: Code,
        above: bool,
        basis: String,
        reason: String,
        until: Timestamp,
        now: Timestamp,
    },
    Resume {
        by: Code,
        above: bool,
        now: Timestamp,
        in_force: InForce,
    },
    HoldMeeting {
        by: Code,
        present: Vec<Attendee>,
        minutes: String,
        decisions: Vec<Plan>,
        now: Timestamp,
        in_force: InForce,
    },
    FormTaskForce {
        by: Code,
        lead: Code,
        members: Vec<Code>,
        cadence_days: u32,
        now: Timestamp,
    },

    /// `above`, here and below: the district asks.
    Transfer {
        by: Code,
        above: bool,
        city: Code,
        reference: String,
        reason: String,
        answer: Expected,
        /// Triage's last revision.
        judged: u64,
    },
    CityProgress {
        by: Code,
        above: bool,
        city: Code,
        note: String,
    },
    CityDone {
        by: Code,
        above: bool,
        city: Code,
        outcome: Outcome,
        summary: String,
        evidence: Vec<String>,
        rating_due: Timestamp,
    },
    /// Back to the district's centre.
    CityReturn {
        by: Code,
        above: bool,
        city: Code,
        centre: Code,
        reason: String,
    },
    Admit {
        by: Code,
        above: bool,
        reason: String,
    },
    /// `help_until`: it is opened to help the caller, which is waited for until then at most (S6).
    SpawnRelated {
        by: Code,
        related: Box<Related>,
        help_until: Option<Timestamp>,
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
        in_force: InForce,
    },

    /// The same problem was handled at the same place before.
    /// `leading`: departments that lead such a matter.
    FoundRecurrent {
        found: Box<Recurrent>,
        leading: Vec<Code>,
    },

    /// Intake has made a case of what was begun to help the caller of this one.
    HelpOpened {
        reference: String,
        case: CaseId,
    },
    /// This one is opened to help the caller of another.
    AskToHelp(Helped),
    /// What helped the caller is over; `case` helped last.
    HelpEnded {
        reference: String,
        case: CaseId,
        rating_due: Timestamp,
    },

    /// A meeting of the joint operation of this round decided who does what.
    JointDecisions {
        round: u32,
        meeting: u32,
        decisions: Vec<Plan>,
        in_force: InForce,
    },
}
