//! What dispatch puts on the record.

use charter::{Colour, Level};
use ids::{CaseId, Code};
use jiff::{SignedDuration, Timestamp};
use vocabulary::{Duty, Officer, Outcome, Place};

use super::{Asking, CallEnding, Clock, CloseReason, Helped, Kept, ProgressKind, Related, Start};

/// A new holder, by triage or at the desk.
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
    /// What `due` is counted from. None on records from before it was written down.
    pub start: Option<Start>,
    /// It is not solved before somebody has shown something for it: the charter's rule when it was judged.
    pub evidence_needed: bool,
    pub reason: String,
    pub graded_by: u64,
    /// Tasks of a joint operation that ends with it.
    pub dropped: Vec<Dropped>,
}

/// A task that nobody does any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    pub task: u32,
    pub party: Code,
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
    /// When those who are not done are reminded, earliest first.
    pub reminders: Vec<Timestamp>,
    pub due_provisional: bool,
    /// Since when the time for the matter counts; none on records from before it was written down.
    pub counts_from: Option<Timestamp>,
    pub note: String,
    /// A special group calls.
    pub special: Option<Special>,
}

/// Who schedules departments for a hard case, and under whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Special {
    pub group: Code,
    /// The district leader in the chair; a call without is refused.
    pub chair: Option<Officer>,
}

/// Until when somebody outside is expected to answer, and when it is asked after, earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub due: Timestamp,
    pub reminders: Vec<Timestamp>,
}

/// A task as it is planned. `after` counts within the list it came in, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub party: Code,
    pub title: String,
    pub due: Option<Timestamp>,
    pub after: Vec<u32>,
    /// It finds the cause of what keeps coming back.
    pub root_cause: bool,
}

/// How one called party kept its clocks: what its score is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performance {
    pub party: Code,
    /// Who called it, and so rates it; the last of them, if more did. None on records from before it was written
    /// down: the one who called in the whole case.
    pub calling_party: Option<Code>,
    /// In which it was called last. None on records from before it was written down.
    pub round: Option<u32>,
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
    pub asking: Asking,
    pub holder: Code,
    pub evidence: Vec<String>,
}

/// What a return rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnBasis {
    /// A law gives the matter to another unit.
    Legal,
    /// The list of duties does.
    Duty,
}

/// Whose time is extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Case,
    Call(u32),
    Task(u32),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Assigned(Box<Assignment>),
    Escalated {
        from_party: Code,
        to_party: Code,
        from: Level,
        to: Level,
        reason: String,
        /// Triage's last revision when it was passed on: an older judgement does not take it back. 0 on records from
        /// before it was written down.
        graded_by: u64,
        dropped: Vec<Dropped>,
    },
    Called {
        call: u32,
        whistle: Box<Whistle>,
    },
    Responded {
        call: u32,
        party: Code,
        officer: Officer,
        in_time: bool,
    },
    ReportedIn {
        call: u32,
        party: Code,
        officer: Officer,
        check_in: Place,
        in_time: bool,
    },
    TaskPlanned {
        task: u32,
        party: Code,
        title: String,
        due: Timestamp,
        /// Since when that counts; none where it is the case's own, and on records from before it was written down.
        counts_from: Option<Timestamp>,
        /// It has no day of its own, and is due with its call or the case.
        follows: bool,
        after: Vec<u32>,
        call: Option<u32>,
        root_cause: bool,
        /// The meeting of the joint operation that decided it.
        joint_meeting: Option<u32>,
    },
    TaskDone {
        task: u32,
        party: Code,
        note: String,
        in_time: bool,
        evidence: Vec<String>,
    },
    Progressed {
        party: Code,
        kind: ProgressKind,
        note: String,
        call: Option<u32>,
        evidence: Vec<String>,
    },
    MeasureAdopted {
        party: Code,
        measure: String,
        exceptions: Vec<String>,
    },
    PartyDone {
        call: u32,
        party: Code,
        outcome: Outcome,
        note: String,
        in_time: bool,
        evidence: Vec<String>,
    },
    Released {
        call: u32,
        party: Code,
        reason: String,
    },
    CallEnded {
        call: u32,
        ending: CallEnding,
    },
    /// `bounce`: how many returns the case has seen with this one.
    Returned {
        call: u32,
        party: Code,
        basis: ReturnBasis,
        reason: String,
        proposes: Code,
        adjudicator: Code,
        due: Timestamp,
        bounce: u32,
    },
    /// Upheld, the unit is free and another was called; otherwise it keeps the call. After a final one nobody returns it.
    ReturnAdjudicated {
        call: u32,
        party: Code,
        by: Code,
        upheld: bool,
        is_final: bool,
        reason: String,
    },
    /// Whoever came could not decide: the unit has to answer and come again.
    Unqualified {
        call: u32,
        party: Code,
        reason: String,
        response_due: Timestamp,
        report_in_due: Timestamp,
    },
    Reminded {
        call: u32,
        party: Code,
        reminder: u32,
        due: Timestamp,
    },
    Supervised {
        order: u32,
        by: Code,
        party: Code,
        text: String,
        due: Timestamp,
    },
    SupervisionAnswered {
        order: u32,
        party: Code,
        note: String,
        in_time: bool,
    },
    Extended {
        scope: Scope,
        by: Code,
        basis: String,
        reason: String,
        due: Timestamp,
        /// Since when that day counts; none on records from before it was written down.
        counts_from: Option<Timestamp>,
    },
    Suspended {
        by: Code,
        basis: String,
        reason: String,
        since: Timestamp,
        until: Timestamp,
    },
    /// The clocks of the work go on, all later by as long as they stood.
    Resumed {
        by: Option<Code>,
        held: SignedDuration,
        /// When the time of the case is up now. None on records from before it was counted by the calendar.
        due: Option<Timestamp>,
    },
    /// `absent`: called units that nobody came from; they have not reported in.
    MeetingHeld {
        by: Code,
        call: Option<u32>,
        present: Vec<Code>,
        absent: Vec<Code>,
        minutes: String,
        next: Option<Timestamp>,
    },
    TaskForceFormed {
        lead: Code,
        members: Vec<Code>,
        cadence_days: u32,
        meets_by: Timestamp,
    },
    Overdue {
        clock: Clock,
        call: Option<u32>,
        party: Code,
        task: Option<u32>,
        order: Option<u32>,
        due: Timestamp,
        told: Code,
    },
    /// A clock of the call ran out. Of each limit the earlier one holds.
    ColourRaised {
        call: u32,
        from: Colour,
        to: Colour,
        response_due: Timestamp,
        report_in_due: Timestamp,
        completion_due: Timestamp,
        /// As many as the call has.
        reminders: Vec<Timestamp>,
        /// Since when it counts; none on records from before it was written down.
        counts_from: Option<Timestamp>,
        /// Who called, and whoever is still expected. None and nobody on records from before they were written down.
        caller: Option<Code>,
        parties: Vec<Code>,
    },
    /// `told`: communities that were refused work on the case before.
    Admitted {
        by: Code,
        category: Code,
        reason: String,
        told: Vec<Code>,
    },
    /// `asked_by`: none when the judgement would have sent it there.
    AdmissionRefused {
        party: Code,
        category: Code,
        asked_by: Option<Code>,
    },
    /// To the city, which knows it by `reference`. `answer`: until when it has said what becomes of it; none on records
    /// from before that was asked.
    Transferred {
        from_party: Code,
        to_party: Code,
        reference: String,
        reason: String,
        answer: Option<Expected>,
        /// As in `Escalated`.
        graded_by: u64,
        dropped: Vec<Dropped>,
    },
    RelatedCaseSpawned {
        by: Code,
        reference: String,
        related: Box<Related>,
    },
    Resolved(Box<Resolution>),
    Reopened {
        reason: String,
        due: Timestamp,
        start: Option<Start>,
        /// The holder, and whoever had come to a call: a matter that is not solved reaches them again.
        told: Vec<Code>,
        /// Until when the city, which has it, is expected to say what becomes of it now.
        answer: Option<Expected>,
    },
    Closed {
        reason: CloseReason,
        outcome: Option<Outcome>,
    },
    /// `times` counts this case as well.
    RecurrenceFound {
        earlier: Vec<CaseId>,
        times: u32,
        within_days: u32,
        /// Whose it is, and who leads such a matter.
        told: Vec<Code>,
    },
    /// The city has not said what becomes of the case.
    CityReminded {
        city: Code,
        told: Code,
        reminder: u32,
        due: Timestamp,
    },
    /// Not the city's: the district has it again.
    CityReturned {
        from_party: Code,
        to_party: Code,
        reason: String,
    },
    /// The joint operation is over, and what was planned with it is not: the case is resolved when that is done.
    Concluded {
        by: Code,
        summary: String,
    },
    /// The related case of this reference, spawned in the same decision, is opened to help the caller (S6).
    HelpBegun {
        reference: String,
        until: Timestamp,
    },
    /// By this case of the same district.
    HelpOpened {
        reference: String,
        case: CaseId,
    },
    AskedToHelp(Helped),
    HelpEnded {
        reference: String,
        case: CaseId,
    },
    /// Whoever the answer of this round concerns can be asked how it was.
    RatingOpened {
        round: u32,
        rating_due: Timestamp,
    },
}
