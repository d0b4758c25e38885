//! A refusal of an operation, as the outside sees it.

use station::Refuse;
use tonic::Code as StatusCode;

use crate::domain::operation;

impl Refuse for operation::Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoOperation | Self::NoSuchNotice(_) => StatusCode::NotFound,
            Self::AnotherCentre(_) | Self::NotAsked(_) => StatusCode::PermissionDenied,
            Self::ServedAlready(_) => StatusCode::AlreadyExists,
            Self::Concluded
            | Self::Cancelled
            | Self::ResidentNeedsNoCall(_)
            | Self::NoSeat { .. }
            | Self::TakesNoPart(_)
            | Self::NoPathDecided
            | Self::OnSiteAlready
            | Self::NotOnSite
            | Self::TooManyNotices
            | Self::TooManyStopOrders
            | Self::TooManyMeetings
            | Self::NotExpected(_)
            | Self::OnePowerAlone(_)
            | Self::NobodyHolds(_)
            | Self::StepWithoutPower
            | Self::CompliedAlready(_)
            | Self::SettledAlready(_)
            | Self::NoNextStep(_)
            | Self::AnotherNextStep { .. }
            | Self::IsServed { .. }
            | Self::NextStepsOpen(_)
            | Self::NoticesOpen(_) => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoOperation => "no-operation",
            Self::AnotherCentre(_) => "another-centre",
            Self::Concluded => "concluded",
            Self::Cancelled => "cancelled",
            Self::ResidentNeedsNoCall(_) => "resident-needs-no-call",
            Self::NoSeat { .. } => "no-seat",
            Self::NotAsked(_) => "not-asked",
            Self::TakesNoPart(_) => "takes-no-part",
            Self::NoPathDecided => "no-path-decided",
            Self::OnSiteAlready => "on-site-already",
            Self::NotOnSite => "not-on-site",
            Self::ServedAlready(_) => "served-already",
            Self::TooManyNotices => "too-many-notices",
            Self::NoSuchNotice(_) => "no-such-notice",
            Self::CompliedAlready(_) => "complied-already",
            Self::NoticesOpen(_) => "notices-open",
            Self::TooManyStopOrders => "too-many-stop-orders",
            Self::TooManyMeetings => "too-many-meetings",
            Self::NotExpected(_) => "not-expected",
            Self::OnePowerAlone(_) => "one-power-alone",
            Self::NobodyHolds(_) => "nobody-holds-the-power",
            Self::StepWithoutPower => "step-without-power",
            Self::SettledAlready(_) => "settled-already",
            Self::NoNextStep(_) => "no-next-step",
            Self::AnotherNextStep { .. } => "another-next-step",
            Self::IsServed { .. } => "next-step-is-served",
            Self::NextStepsOpen(_) => "next-steps-open",
        }
    }
}
