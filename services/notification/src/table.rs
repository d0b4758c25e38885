//! Who is told what: one row for every event of every owner. A fact that gives somebody work, takes it away, or says that
//! somebody is told, is told to exactly them; of every other the row says why nobody is.
//!
//! `docs/messages.md` is this table, printed. [`crate::told`] finds out who they are in one case.

use proto::dispatch::v1::dispatch_event::Event as Dispatched;
use proto::enforcement_center::v1::enforcement_center_event::Event as Joint;
use proto::evaluation::v1::evaluation_event::Event as Evaluated;
use proto::intake::v1::intake_event::Event as Taken;
use proto::notification::v1::notification_event::Event as Notified;
use proto::powers::v1::powers_event::Event as Empowered;
use proto::record::v1::{Event, event::Of};
use proto::triage::v1::triage_event::Event as Triaged;

use crate::domain::tellings::Row::{Nobody, Tells};
use crate::domain::tellings::{Invited, Message, Row, Text, Whom};

/// The row of an event; none for one that this version does not know.
#[must_use]
pub fn row(event: &Event) -> Option<Row> {
    Some(match event.of.as_ref()? {
        Of::Intake(fact) => taken(fact.event.as_ref()?),
        Of::Triage(fact) => triaged(fact.event.as_ref()?),
        Of::Dispatch(fact) => dispatched(fact.event.as_ref()?),
        Of::EnforcementCenter(fact) => joint(fact.event.as_ref()?),
        Of::Evaluation(fact) => evaluated(fact.event.as_ref()?),
        Of::Notification(fact) => notified(fact.event.as_ref()?),
        Of::Powers(fact) => empowered(fact.event.as_ref()?),
    })
}

const fn tells(text: Text, whom: Whom) -> Message {
    Message { text, whom, invites: &[] }
}

const fn asks(text: Text, whom: Whom, invites: &'static [Invited]) -> Message {
    Message { text, whom, invites }
}

/// What whoever has a case can do about it.
const HOLD: &[Invited] = &[Invited::PlanTasks, Invited::Resolve];
/// How a called unit goes on, however far it has come.
const ANSWER: &[Invited] = &[Invited::Respond, Invited::ReportIn, Invited::Done];
/// A called unit comes before it works.
const WORK: &[Invited] = &[Invited::CompleteTask, Invited::ReportIn, Invited::Respond];

/// A row that tells.
macro_rules! told {
    ($($message:expr),+ $(,)?) => { Tells(const { &[$($message),+] }) };
}

const LOOKED_UP: &str = "it is what was asked for: whoever waits for it sees it, and only its absence is told";
const OWN_WORDS: &str = "whoever says so is the only one it concerns";

const fn taken(fact: &Taken) -> Row {
    match fact {
        Taken::Received(_) => told![tells(Text::Received, Whom::Callers)],
        Taken::Supplemented(_) => told![tells(Text::Supplemented, Whom::Holder)],
        Taken::WithdrawalAsked(_) => Nobody("dispatch ends the case by it: Closed tells callers and everybody at work"),
        Taken::ExclusionProposed(_) => {
            told![asks(Text::ExclusionProposed, Whom::District, &[Invited::ApproveExclusion])]
        }
        Taken::ExclusionApproved(_) => {
            Nobody("dispatch ends the case by it: Closed tells callers and everybody at work")
        }
        Taken::CallerJoined(_) => told![
            tells(Text::Joined, Whom::NewCaller),
            asks(Text::Resolved, Whom::NewCaller, &[Invited::Rate]),
            tells(Text::HelpGoesOn, Whom::NewCaller),
            tells(Text::SaidAgain, Whom::Holder),
            asks(Text::SaidAgain, Whom::CommandCentre, &[Invited::Reopen]),
        ],
        Taken::LinkedAsDuplicate(_) => Nobody(
            "its caller was told on the earlier case, which they joined; Closed tells everybody at work on this one",
        ),
        Taken::PollOpened(_) => Nobody("the street asks its own households, by its own people"),
        Taken::HouseholdAnswered(_) => Nobody("the end of the poll is told"),
        Taken::ContactKept(_) | Taken::ContactDisclosed(_) | Taken::PersonErased(_) => {
            Nobody("it is about no case; whoever it is about reads it by ShowPerson")
        }
        Taken::PollClosed(_) | Taken::PollAttached(_) => told![tells(Text::PollEnded, Whom::Opener)],
    }
}

const fn triaged(fact: &Triaged) -> Row {
    match fact {
        Triaged::Classified(_) => {
            Nobody("Assigned tells whoever has it; for callers it is no news worth a second message")
        }
        Triaged::QueuedForJudgement(_) => told![asks(Text::ToJudge, Whom::CommandCentre, &[Invited::Judge])],
        Triaged::Claimed(_) => Nobody(OWN_WORDS),
        Triaged::Judged(_) => told![tells(Text::Judged, Whom::Callers)],
        Triaged::Regraded(_) => Nobody("dispatch takes it or not: Assigned tells who has it then, and who had it"),
        Triaged::JudgementOverdue(_) => {
            told![asks(Text::JudgementOverdue, Whom::District, &[Invited::Judge])]
        }
        Triaged::Dismissed(_) => told![tells(Text::Dismissed, Whom::CommandCentre)],
    }
}

const fn dispatched(fact: &Dispatched) -> Row {
    match fact {
        Dispatched::Assigned(_) => {
            told![
                asks(Text::Assigned, Whom::Holder, HOLD),
                tells(Text::TakenAway, Whom::FormerHolder),
                tells(Text::OperationOver, Whom::TaskHolder),
            ]
        }
        Dispatched::Escalated(_) => {
            told![
                asks(Text::Assigned, Whom::Holder, HOLD),
                tells(Text::TakenAway, Whom::FormerHolder),
                tells(Text::OperationOver, Whom::TaskHolder),
            ]
        }
        Dispatched::Called(_) => {
            told![asks(Text::Called, Whom::Called, &[Invited::Respond]), tells(Text::Paged, Whom::OnDuty),]
        }
        Dispatched::Responded(_) | Dispatched::ReportedIn(_) => Nobody(LOOKED_UP),
        Dispatched::TaskPlanned(_) => told![
            asks(Text::TaskPlanned, Whom::TaskHolder, WORK),
            tells(Text::TaskWaits, Whom::TaskHolder),
            asks(Text::TaskDecided, Whom::TaskHolder, WORK),
        ],
        Dispatched::TaskDone(_) => told![asks(Text::TaskReady, Whom::Waiting, WORK)],
        // Its sentence says that the caller was answered.
        Dispatched::Progressed(_) => told![tells(Text::Replied, Whom::Callers)],
        Dispatched::MeasureAdopted(_) => {
            Nobody("it holds for a place and is looked up; what has to be done for it are tasks")
        }
        Dispatched::PartyDone(_) => Nobody("when the last is done the call ends: CallEnded or Resolved tells it"),
        Dispatched::Released(_) => {
            told![tells(Text::CallOver, Whom::Unit), asks(Text::TaskReady, Whom::Waiting, WORK)]
        }
        Dispatched::CallEnded(_) => {
            told![tells(Text::CallOver, Whom::Called), asks(Text::CallEnded, Whom::Holder, HOLD)]
        }
        Dispatched::Overdue(_) => told![
            tells(Text::CallOverdue, Whom::Above),
            tells(Text::Overdue, Whom::Above),
            tells(Text::Overdue, Whom::Unit),
            tells(Text::AdjudicationOverdue, Whom::Above),
            tells(Text::SupervisionOverdue, Whom::Above),
            tells(Text::CityOverdue, Whom::Above),
        ],
        // The callers are asked to rate it as soon as that is possible: RatingRequested. Until then they hear of the answer only
        // where that waits for help.
        Dispatched::Resolved(_) => {
            told![tells(Text::Answered, Whom::Holder), tells(Text::HelpGoesOn, Whom::Callers)]
        }
        Dispatched::Reopened(_) => told![
            tells(Text::OpenAgain, Whom::Callers),
            asks(Text::Reopened, Whom::Holder, HOLD),
            tells(Text::Reopened, Whom::Came),
            asks(Text::CityReminded, Whom::District, &[Invited::RecordCityProgress]),
        ],
        Dispatched::Closed(_) => {
            told![tells(Text::Closed, Whom::Callers), tells(Text::CaseOver, Whom::Working)]
        }
        Dispatched::Returned(_) => told![asks(Text::Returned, Whom::Adjudicator, &[Invited::Adjudicate])],
        Dispatched::ReturnAdjudicated(_) => {
            told![tells(Text::CallOver, Whom::Unit), asks(Text::ReturnRefused, Whom::Unit, ANSWER)]
        }
        Dispatched::Unqualified(_) => {
            told![asks(Text::Unqualified, Whom::Unit, &[Invited::Respond, Invited::ReportIn])]
        }
        Dispatched::Reminded(_) => told![asks(Text::Reminded, Whom::Unit, ANSWER)],
        Dispatched::Supervised(_) => {
            told![asks(Text::Supervised, Whom::Unit, &[Invited::AnswerSupervision])]
        }
        Dispatched::SupervisionAnswered(_) => told![tells(Text::SupervisionAnswered, Whom::Supervisor)],
        Dispatched::Extended(_) => told![
            tells(Text::Extended, Whom::Holder),
            tells(Text::Extended, Whom::Called),
            tells(Text::Extended, Whom::TaskHolder),
        ],
        Dispatched::Suspended(_) => told![tells(Text::Suspended, Whom::Working)],
        Dispatched::Resumed(_) => told![tells(Text::Resumed, Whom::Working)],
        Dispatched::MeetingHeld(_) => {
            told![asks(Text::MeetingMissed, Whom::Absent, &[Invited::ReportIn, Invited::Respond])]
        }
        Dispatched::TaskForceFormed(_) => told![tells(Text::TaskForce, Whom::Members)],
        Dispatched::ColourRaised(_) => told![
            asks(Text::ColourRaised, Whom::Called, ANSWER),
            tells(Text::ColourRaised, Whom::CallingStreet),
            tells(Text::Paged, Whom::OnDuty),
        ],
        Dispatched::Admitted(_) => {
            told![tells(Text::Admitted, Whom::Refused), asks(Text::Admitted, Whom::Holder, &[Invited::PlanTasks]),]
        }
        // Whoever asked for it themselves has the refusal as their answer.
        Dispatched::AdmissionRefused(_) => told![tells(Text::AdmissionRefused, Whom::Holder)],
        Dispatched::Transferred(_) => {
            told![
                tells(Text::Transferred, Whom::Callers),
                tells(Text::TakenAway, Whom::FormerHolder),
                tells(Text::OperationOver, Whom::TaskHolder),
            ]
        }
        Dispatched::RelatedCaseSpawned(_) => Nobody("it becomes a case of its own, and is told as one"),
        Dispatched::HelpBegun(_) | Dispatched::HelpOpened(_) | Dispatched::AskedToHelp(_) => {
            Nobody("whoever has the helping case is told of that, and where it came from is seen there")
        }
        Dispatched::HelpEnded(_) => Nobody("whoever helped has told the caller; what comes of it here is RatingOpened"),
        Dispatched::RatingOpened(_) => Nobody("evaluation asks by it: RatingRequested tells it"),
        Dispatched::RecurrenceFound(_) => told![
            asks(Text::RecurrenceFound, Whom::Holder, &[Invited::PlanTasks]),
            tells(Text::RecurrenceFound, Whom::Leading),
        ],
        Dispatched::CityReminded(_) => {
            told![asks(Text::CityReminded, Whom::Above, &[Invited::RecordCityProgress])]
        }
        Dispatched::CityReturned(_) => {
            told![tells(Text::CityReturned, Whom::Callers), asks(Text::Assigned, Whom::Holder, HOLD)]
        }
        Dispatched::Concluded(_) => Nobody("what is left are tasks, and their holders have them already"),
    }
}

const fn joint(fact: &Joint) -> Row {
    match fact {
        Joint::OperationOpened(_) => told![
            asks(Text::OperationOpened, Whom::Centre, &[Invited::CallSeat]),
            tells(Text::OperationOpened, Whom::Residents),
        ],
        Joint::SeatCalled(_) => told![asks(Text::SeatCalled, Whom::Officer, &[Invited::TakeSeat])],
        Joint::SeatTaken(_) => Nobody(LOOKED_UP),
        Joint::SeatLapsed(_) => told![tells(Text::SeatLapsed, Whom::Officer)],
        Joint::SeatEscalated(_) => told![tells(Text::SeatEscalated, Whom::Above)],
        Joint::PathDecided(_) | Joint::OnSite(_) => Nobody("everybody whom it concerns took part"),
        Joint::NoticeServed(_) => told![tells(Text::NoticeServed, Whom::Centre)],
        Joint::StopOrdered(_) | Joint::NextStepTaken(_) => {
            Nobody("it is a document, and reaches whom it is for by being served")
        }
        Joint::ReinspectionDue(_) => told![asks(Text::ReinspectionDue, Whom::Centre, &[Invited::Reinspect])],
        Joint::Reinspected(_) | Joint::NoticeComplied(_) | Joint::NoticeBreached(_) => {
            Nobody("the centre looked itself, and says with it what comes next")
        }
        Joint::MeetingHeld(_) => told![asks(Text::MeetingMissed, Whom::Absent, &[Invited::TakeSeat])],
        Joint::RelatedCaseSpawned(_) => Nobody("it becomes a case of its own, and is told as one"),
        // The centre itself concluded it, or has lost the case, which it is told of by dispatch's fact.
        Joint::OperationConcluded(_) | Joint::OperationCancelled(_) => {
            told![tells(Text::OperationOver, Whom::Residents), tells(Text::OperationOver, Whom::Seats)]
        }
        Joint::OfficerSeated(_) | Joint::OfficerUnseated(_) | Joint::OfficerAway(_) => {
            Nobody("the roster concerns no case; an officer is told by being called")
        }
        Joint::OfficerRegistered(_) | Joint::OfficerSeconded(_) | Joint::SecondmentEnded(_) => {
            Nobody("staff records concern no case; both units look them up (R-13), and orders to staff are on paper")
        }
        Joint::DocumentNumbered(_) => Nobody("a number in a register asks nothing of anybody"),
    }
}

const fn evaluated(fact: &Evaluated) -> Row {
    match fact {
        Evaluated::RatingRequested(_) => told![
            asks(Text::Resolved, Whom::Callers, &[Invited::Rate]),
            asks(Text::RateParties, Whom::CallingStreet, &[Invited::RateParty]),
        ],
        Evaluated::Rated(_) => Nobody("dispatch closes the case by it, or opens it again: Closed or Reopened tells it"),
        Evaluated::PartyRated(_) | Evaluated::Scored(_) => {
            Nobody("scores are looked up, each by whom they concern; who gave them is not spread (R-77)")
        }
        Evaluated::CallbackLogged(_) => Nobody("the caller was on the telephone"),
        Evaluated::RatingPutOff(_) => Nobody("dispatch opened the case again: Reopened tells it"),
        Evaluated::MarksImported(_) => Nobody("they show in the table that is published with them"),
        Evaluated::PeriodPublished(_) => Nobody("a table is published for everybody, and looked up"),
        Evaluated::PeriodAppealed(_) | Evaluated::PeriodAppealAnswered(_) => {
            Nobody("it stands beside the table, where both sides look")
        }
        Evaluated::BallotOpened(_) => Nobody("the street gathers its communities by itself"),
        Evaluated::BallotVoted(_) => Nobody("who marked how is not spread (R-77)"),
        Evaluated::BallotPublished(_) => Nobody("the result is published for everybody, and looked up"),
        Evaluated::BallotAppealed(_) | Evaluated::BallotAppealAnswered(_) => {
            Nobody("it stands beside the result, where both sides look")
        }
        Evaluated::RatingLapsed(_) => Nobody("dispatch closes the case: Closed tells the callers"),
    }
}

const fn notified(fact: &Notified) -> Row {
    match fact {
        Notified::Sent(_) => Nobody("to tell that somebody was told would never end"),
        Notified::Undeliverable(_) => {
            Nobody("the message could not reach them; it is logged and counted for the operator")
        }
    }
}

/// These are about no case, and go through offices that have papers of their own.
const LISTED: &str =
    "whom it is for finds it in the list of powers (`huying powers list`), by what is open and due first";

const fn empowered(fact: &Empowered) -> Row {
    match fact {
        Empowered::ProjectOpened(_)
        | Empowered::StreetsAsked(_)
        | Empowered::OpinionGiven(_)
        | Empowered::OpinionAnswered(_)
        | Empowered::OpinionsExpired(_)
        | Empowered::ProjectAdvanced(_)
        | Empowered::SuggestionMade(_)
        | Empowered::SuggestionAnswered(_)
        | Empowered::SuggestionWithdrawn(_)
        | Empowered::LetterSent(_)
        | Empowered::TalkHeld(_)
        | Empowered::LetterReplied(_)
        | Empowered::ReplyExpired(_)
        | Empowered::LetterFinalised(_) => Nobody(LISTED),
        Empowered::WorkOpened(_)
        | Empowered::GateSubmitted(_)
        | Empowered::GateSigned(_)
        | Empowered::GateRefused(_) => {
            Nobody("department and street have the work before them, and sign on paper as well")
        }
        Empowered::FundAllotted(_) | Empowered::FundPooled(_) | Empowered::PooledSpent(_) => {
            Nobody("it is booked by those whom it concerns, and looked up in the ledger")
        }
        Empowered::PostsApproved(_) | Empowered::PostFilled(_) | Empowered::PostVacated(_) => {
            Nobody("a register: whoever needs the number of posts looks it up")
        }
        Empowered::AssessmentRecorded(_) | Empowered::SheetClosed(_) => {
            Nobody("whoever computes the allowance takes the sheets when they are due")
        }
        Empowered::LetterNumbered(_) | Empowered::LetterRegistered(_) => {
            Nobody("a number is no news: it stands on the letter")
        }
    }
}
