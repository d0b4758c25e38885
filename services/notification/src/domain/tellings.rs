//! The words of telling: what can be said, to whom, and what somebody is asked to do by it. Which fact is told to whom is
//! the table in `table.rs`.

use charter::Colour;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Outcome;

/// Declares the texts with their codes in the charter.
macro_rules! texts {
    ($($text:ident = $code:literal),+ $(,)?) => {
        /// A text of the charter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Text { $($text),+ }

        impl Text {
            pub const ALL: &[Self] = &[$(Self::$text),+];

            /// As the charter calls it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$text => $code),+ }
            }
        }
    };
}

texts! {
    Received = "received",
    Joined = "joined",
    Judged = "judged",
    Replied = "replied",
    Resolved = "resolved",
    Closed = "closed",
    OpenAgain = "open-again",
    Transferred = "transferred",
    CityReturned = "city-returned",
    ToJudge = "to-judge",
    JudgementOverdue = "judgement-overdue",
    Dismissed = "dismissed",
    ExclusionProposed = "exclusion-proposed",
    Assigned = "assigned",
    TakenAway = "taken-away",
    CaseOver = "case-over",
    Answered = "answered",
    HelpGoesOn = "help-goes-on",
    Supplemented = "supplemented",
    SaidAgain = "said-again",
    Called = "called",
    Paged = "paged",
    ColourRaised = "colour-raised",
    CallOver = "call-over",
    CallEnded = "call-ended",
    CallOverdue = "call-overdue",
    Overdue = "overdue",
    CityOverdue = "city-overdue",
    AdjudicationOverdue = "adjudication-overdue",
    SupervisionOverdue = "supervision-overdue",
    Returned = "returned",
    ReturnRefused = "return-refused",
    Unqualified = "unqualified",
    Reminded = "reminded",
    Supervised = "supervised",
    SupervisionAnswered = "supervision-answered",
    Extended = "extended",
    Suspended = "suspended",
    Resumed = "resumed",
    TaskPlanned = "task-planned",
    TaskWaits = "task-waits",
    TaskReady = "task-ready",
    TaskDecided = "task-decided",
    MeetingMissed = "meeting-missed",
    TaskForce = "task-force",
    Reopened = "reopened",
    RecurrenceFound = "recurrence-found",
    Admitted = "admitted",
    AdmissionRefused = "admission-refused",
    CityReminded = "city-reminded",
    OperationOpened = "operation-opened",
    OperationOver = "operation-over",
    SeatCalled = "seat-called",
    SeatLapsed = "seat-lapsed",
    SeatEscalated = "seat-escalated",
    NoticeServed = "notice-served",
    ReinspectionDue = "reinspection-due",
    RateParties = "rate-parties",
    PollEnded = "poll-ended",
}

/// Declares in what way somebody has to do with a fact, and how the page of messages says it.
macro_rules! whom {
    ($($whom:ident = $says:literal),+ $(,)?) => {
        /// Who is told, by what they have to do with the fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Whom { $($whom),+ }

        impl Whom {
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$whom => $says),+ }
            }
        }
    };
}

whom! {
    Callers = "everybody who raised the case, and who joined it",
    NewCaller = "the caller who joined",
    CommandCentre = "the command centre of its street, else of the district",
    District = "the district's command centre",
    Holder = "whoever has the case",
    FormerHolder = "whoever had the case",
    Called = "each called unit that is expected",
    OnDuty = "the posts that the charter pages for the colour",
    Unit = "the unit it is about",
    CallingStreet = "whoever called",
    Above = "one level up, as the fact names it",
    Adjudicator = "whoever decides on the return",
    Supervisor = "whoever gave the order",
    TaskHolder = "whoever has the task",
    Waiting = "whoever has a task that waited for this one alone",
    Working = "everybody at work: holder, expected units, holders of open tasks, whoever has a return to decide",
    Came = "the units that had come to a call",
    Leading = "the departments that lead such a matter",
    Absent = "the expected units that nobody came from",
    Members = "lead and members of the task force",
    Refused = "the communities that had been refused",
    Centre = "the enforcement centre",
    Residents = "the units that sit there permanently",
    Officer = "the officer who is asked, by unit and staff number; the unit, if nobody is named",
    Seats = "the units that were asked or came",
    Opener = "the unit that opened the poll",
}

/// What a text asks somebody to do, by the action's line in the table of who may what. Of several, one has to be possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invited {
    Judge,
    ApproveExclusion,
    PlanTasks,
    Resolve,
    Reopen,
    Call,
    Respond,
    ReportIn,
    Done,
    Adjudicate,
    AnswerSupervision,
    CompleteTask,
    RecordCityProgress,
    CallSeat,
    TakeSeat,
    Reinspect,
    Rate,
    RateParty,
}

impl Invited {
    /// Its line in the table of who may what.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::Judge => "huying.triage.v1.TriageService/Judge",
            Self::ApproveExclusion => "huying.intake.v1.IntakeService/ApproveExclusion",
            Self::PlanTasks => "huying.dispatch.v1.DispatchService/PlanTasks",
            Self::Resolve => "huying.dispatch.v1.DispatchService/Resolve",
            Self::Reopen => "huying.dispatch.v1.DispatchService/Reopen",
            Self::Call => "huying.dispatch.v1.DispatchService/Call",
            Self::Respond => "huying.responder.v1.ResponderService/Respond",
            Self::ReportIn => "huying.responder.v1.ResponderService/ReportIn",
            Self::Done => "huying.responder.v1.ResponderService/Done",
            Self::Adjudicate => "huying.dispatch.v1.DispatchService/Adjudicate",
            Self::AnswerSupervision => "huying.dispatch.v1.DispatchService/AnswerSupervision",
            Self::CompleteTask => "huying.dispatch.v1.DispatchService/CompleteTask",
            Self::RecordCityProgress => "huying.dispatch.v1.DispatchService/RecordCityProgress",
            Self::CallSeat => "huying.enforcement_center.v1.EnforcementCenterService/CallSeat",
            Self::TakeSeat => "huying.enforcement_center.v1.EnforcementCenterService/TakeSeat",
            Self::Reinspect => "huying.enforcement_center.v1.EnforcementCenterService/Reinspect",
            Self::Rate => "huying.evaluation.v1.EvaluationService/Rate",
            Self::RateParty => "huying.evaluation.v1.EvaluationService/RateParty",
        }
    }
}

/// One thing that is told of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    pub text: Text,
    pub whom: Whom,
    /// One of these they can do then; none: they only hear of it.
    pub invites: &'static [Invited],
}

/// What is told of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    Tells(&'static [Message]),
    /// With the reason.
    Nobody(&'static str),
}

impl Row {
    #[must_use]
    pub const fn messages(&self) -> &'static [Message] {
        match self {
            Self::Tells(messages) => messages,
            Self::Nobody(_) => &[],
        }
    }

    /// What is asked of whoever is told this; none if it is not in this row.
    #[must_use]
    pub fn invites(&self, text: Text, whom: Whom) -> Option<&'static [Invited]> {
        let found = self.messages().iter().find(|message| message.text == text && message.whom == whom);
        found.map(|message| message.invites)
    }
}

/// How a case ended, as the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    With(Outcome),
    Withdrawn,
    Excluded,
    /// Not of a case but of a poll.
    Voted(Vote),
}

/// What households said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    Passed,
    Failed,
    NoQuorum,
}

/// A text on its way to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    pub text: Text,
    pub whom: Whom,
    pub to: Recipient,
    pub says: Says,
}

impl Telling {
    /// Of several that go out together the most urgent goes first; what has no colour is in no hurry.
    #[must_use]
    pub const fn urgency(&self) -> Option<Colour> {
        self.says.colour
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Everybody who raised the case.
    Callers,
    /// One of them, by the opaque reference.
    Caller(String),
    Party(Code),
    /// Somebody of a unit, by staff number.
    Officer {
        unit: Code,
        staff_ref: String,
    },
    /// The command centre of the street that a place lies in; the district's for what lies in none.
    CommandCentreAt(Option<Code>),
    /// The district's command centre.
    District,
    /// Whoever the charter pages for a call of this colour.
    Pages {
        colour: Colour,
        by: Code,
        parties: Vec<Code>,
    },
}

/// What a text may name beside the case's number and title. What is absent here and named there is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// A party of the calling street.
    pub street: Option<Code>,
    pub party: Option<Code>,
    pub due: Option<Timestamp>,
    /// It was counted into a year whose working days are not published, and may still move.
    pub provisional: bool,
    pub ending: Option<Ending>,
    pub colour: Option<Colour>,
    /// Words of whoever answers, masked when they were recorded.
    pub note: Option<String>,
}

impl Says {
    #[must_use]
    pub fn party(party: &Code) -> Self {
        Self { party: Some(party.clone()), ..Self::default() }
    }

    #[must_use]
    pub fn due(self, due: Timestamp) -> Self {
        Self { due: Some(due), ..self }
    }

    #[must_use]
    pub fn street(self, street: &Code) -> Self {
        Self { street: Some(street.clone()), ..self }
    }
}
