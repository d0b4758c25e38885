//! Every way to say no, in words for whoever asked.

use charter::Level;
use ids::Code;
use jiff::Timestamp;

/// Why dispatch says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Said of what is not there and of what is somebody else's alike.
    #[error("dispatch knows no such case of yours; if it is yours, it has not been judged yet")]
    NoSuchCase,
    #[error("the case is closed")]
    Closed,
    #[error("the case is resolved; reopen it first")]
    ResolvedAlready,
    #[error("the case is not resolved")]
    NotResolved,
    /// Outside it is `not-the-owner`: contracts call the holder of a case its owner.
    #[error("{holder} has the case, not {asked}")]
    NotTheHolder { holder: Code, asked: Code },
    #[error("{party} works at level {level}, the case is at level {case}")]
    WrongLevel { party: Code, level: Level, case: Level },
    #[error(
        "{by} hands a case on inside its own street only, where {to} is not: pass it up, and who is above gives it there"
    )]
    NotInward { by: Code, to: Code },
    #[error("whoever hands on what it has says why it is another's")]
    ReasonRequired,
    #[error("{by} may not give {to} work: pass the case up to who may call it")]
    NotToOrder { by: Code, to: Code },
    #[error("{0} has it already")]
    AlreadyThere(Code),
    #[error("{0} is not above the owner")]
    NotUpwards(Code),
    #[error("to {0} it is transferred, under the name that it is found by there")]
    TransferInstead(Code),
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
    #[error("task {task} belongs to {party}")]
    AnothersTask { task: u32, party: Code },
    #[error("task {0} is done already")]
    TaskDoneAlready(u32),
    #[error("task {task} comes after task {first}, which is not done")]
    TaskBlocked { task: u32, first: u32 },
    #[error("task {0} is not done")]
    TaskOpen(u32),
    #[error("{0} has nothing to do with this case")]
    NotConcerned(Code),
    #[error("a task can only come after one before it in the list")]
    TaskOrder,
    #[error("call {0} is not over: nobody leaves before it is done or released")]
    CallOpen(u32),
    #[error("the enforcement centre ends this case by concluding its operation")]
    JointOperation,
    #[error("{0} has sent this call back once already; it may not again")]
    ReturnedAlready(Code),
    #[error("the last return was decided for good: nobody sends this case back any more")]
    ReturnsFinal,
    #[error("{0} has sent nothing back that waits for a decision")]
    NothingReturned(Code),
    #[error("{adjudicator} decides on this return, not {asked}")]
    NotTheAdjudicator { adjudicator: Code, asked: Code },
    #[error("a return names the unit it belongs to, which is not {0} itself")]
    ReturnedToItself(Code),
    #[error("only who is above the unit that has the case may do that, and {0} is not")]
    NotAbove(Code),
    #[error("it was extended once already")]
    ExtendedAlready,
    #[error("time is given before it has run out, and it ran out at {0:.0}")]
    RanOut(Timestamp),
    #[error("the new deadline must be later than {0:.0}")]
    NotLater(Timestamp),
    #[error("the case is suspended already")]
    SuspendedAlready,
    #[error("the case is not suspended")]
    NotSuspended,
    #[error("there is no order of supervision {0}")]
    NoSuchSupervision(u32),
    #[error("order of supervision {order} went to {party}")]
    AnothersSupervision { order: u32, party: Code },
    #[error("order of supervision {0} is answered already, by itself or with the case")]
    SupervisionAnswered(u32),
    #[error("a meeting needs somebody present")]
    NobodyPresent,
    #[error("a task force meets at least every 31 days and has two members")]
    Cadence,
    #[error("the case has a task force already")]
    TaskForceAlready,
    #[error("it is not solved before somebody has shown something for it: name what shows it")]
    EvidenceNeeded,
    #[error("a special call needs a district leader in the chair")]
    ChairNeeded,
    #[error("a special call needs two departments at least")]
    TwoDepartments,
    #[error("{0} has had this case twice: it goes round")]
    GoesRound(Code),
    #[error("communities may work on {0} in this case already")]
    AdmittedAlready(Code),
    #[error("the list of communities does not hold {category}, so {party} takes it only when the district admits it")]
    NotAdmitted { party: Code, category: Code },
    #[error("a case has at most {0} of these")]
    TooMany(usize),
    #[error("this problem keeps coming back: it is solved when a task that finds its cause is done")]
    RootCauseNeeded,
    #[error("task {0} is done when it says what the cause is")]
    FindingNeeded(u32),
    #[error("a B2 case is solved with the departments it needs: call them, or have it judged B1 if it needed none")]
    CallNeeded,
}

impl Refusal {
    /// A moment that somebody sets lies after the one it is counted from.
    pub(super) fn unless_later(moment: Timestamp, than: Timestamp) -> Result<(), Self> {
        if moment > than { Ok(()) } else { Err(Self::NotLater(than)) }
    }
}
