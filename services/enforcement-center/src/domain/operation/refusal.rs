//! Why the centre says no.

use ids::Code;

use super::{MEETINGS_MAX, NOTICES_MAX, NextStep, POWERS_MIN, STOP_ORDERS_MAX};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no joint operation on this case")]
    NoOperation,
    #[error("this operation is run by {0}")]
    AnotherCentre(Code),
    #[error("the operation is concluded")]
    Concluded,
    #[error("the case was closed, and the operation with it")]
    Cancelled,
    #[error("{0} sits in the centre permanently and needs no call")]
    ResidentNeedsNoCall(Code),
    #[error("{party} has no seat in this centre; {} have one", list(.seats))]
    NoSeat { party: Code, seats: Vec<Code> },
    #[error("{0} was not asked to take a seat")]
    NotAsked(Code),
    #[error(
        "{0} takes no part in this operation: it is neither resident nor has it taken a seat, or it missed the meeting"
    )]
    TakesNoPart(Code),
    #[error("{0} is not expected at the meeting: it is neither resident nor called")]
    NotExpected(Code),
    #[error("one operation holds at most {MEETINGS_MAX} meetings")]
    TooManyMeetings,
    #[error("a joint assessment takes at least {POWERS_MIN} legal powers; here is {}", list(.0))]
    OnePowerAlone(Vec<Code>),
    #[error("no step may rest on {0}: nobody who takes part has that power")]
    NobodyHolds(Code),
    #[error("a step of the path names no legal power")]
    StepWithoutPower,
    #[error("no path has been decided; assess together before going out")]
    NoPathDecided,
    #[error("the units are on site already; the path was decided before they went out")]
    OnSiteAlready,
    #[error("nobody is on site yet")]
    NotOnSite,
    #[error("notice {0} says the same to the same address and is still open")]
    ServedAlready(u32),
    #[error("one operation serves at most {NOTICES_MAX} notices; open a related case for the rest")]
    TooManyNotices,
    #[error("one operation issues at most {STOP_ORDERS_MAX} stop orders")]
    TooManyStopOrders,
    #[error("this operation has no notice {0}")]
    NoSuchNotice(u32),
    #[error("notice {0} has been complied with")]
    CompliedAlready(u32),
    #[error("the next step after notice {0} was taken; the matter goes on there")]
    SettledAlready(u32),
    #[error("notice {0} has no next step to take")]
    NoNextStep(u32),
    #[error("the next step after notice {notice} is {}", .pending.as_str())]
    AnotherNextStep { notice: u32, pending: NextStep },
    #[error("the next step after notice {notice} is {}: serve it, naming the notice it follows", .step.as_str())]
    IsServed { notice: u32, step: NextStep },
    #[error("still open: {}; inspect again first", notices(.0))]
    NoticesOpen(Vec<u32>),
    #[error("breached, and the next step is not taken: {}", notices(.0))]
    NextStepsOpen(Vec<u32>),
}

impl NextStep {
    pub const ALL: [Self; 4] = [Self::NewNotice, Self::StopOrder, Self::PenaltyProposal, Self::Transfer];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewNotice => "a new notice",
            Self::StopOrder => "a stop order",
            Self::PenaltyProposal => "a penalty proposal",
            Self::Transfer => "a transfer",
        }
    }
}

fn list(codes: &[Code]) -> String {
    if codes.is_empty() { "none".to_owned() } else { codes.iter().map(Code::as_str).collect::<Vec<_>>().join(", ") }
}

fn notices(numbers: &[u32]) -> String {
    numbers.iter().map(|number| format!("notice {number}")).collect::<Vec<_>>().join(", ")
}
