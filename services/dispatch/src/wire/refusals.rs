//! Which status a refusal is, and its name.

use station::Refuse;
use tonic::Code as StatusCode;

use crate::domain::Refusal;

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchCase | Self::NoSuchCall(_) | Self::NoSuchTask(_) | Self::NoSuchSupervision(_) => {
                StatusCode::NotFound
            }
            Self::NotTheHolder { .. }
            | Self::NotCalled { .. }
            | Self::AnothersTask { .. }
            | Self::NotConcerned(_)
            | Self::NotTheAdjudicator { .. }
            | Self::NotAbove(_)
            | Self::NotInward { .. }
            | Self::NotToOrder { .. }
            | Self::AnothersSupervision { .. } => StatusCode::PermissionDenied,
            Self::NobodyToCall
            | Self::ReasonRequired
            | Self::TaskOrder
            | Self::ReturnedToItself(_)
            | Self::NotLater(_)
            | Self::NobodyPresent
            | Self::Cadence
            | Self::ChairNeeded
            | Self::TwoDepartments
            | Self::FindingNeeded(_) => StatusCode::InvalidArgument,
            Self::TooMany(_) => StatusCode::ResourceExhausted,
            Self::Closed
            | Self::ResolvedAlready
            | Self::NotResolved
            | Self::WrongLevel { .. }
            | Self::AlreadyThere(_)
            | Self::NotUpwards(_)
            | Self::TransferInstead(_)
            | Self::CallOver(_)
            | Self::CalledAlready(_)
            | Self::RespondedAlready(_)
            | Self::ReportedInAlready(_)
            | Self::NotInCharge
            | Self::NotReportedIn(_)
            | Self::DoneAlready(_)
            | Self::ReleasedAlready(_)
            | Self::TaskDoneAlready(_)
            | Self::TaskBlocked { .. }
            | Self::TaskOpen(_)
            | Self::CallOpen(_)
            | Self::JointOperation
            | Self::ReturnedAlready(_)
            | Self::ReturnsFinal
            | Self::NothingReturned(_)
            | Self::ExtendedAlready
            | Self::RanOut(_)
            | Self::SuspendedAlready
            | Self::NotSuspended
            | Self::SupervisionAnswered(_)
            | Self::TaskForceAlready
            | Self::RootCauseNeeded
            | Self::CallNeeded
            | Self::EvidenceNeeded
            | Self::GoesRound(_)
            | Self::AdmittedAlready(_)
            | Self::NotAdmitted { .. } => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchCase => "no-such-case",
            Self::Closed => "closed",
            Self::ResolvedAlready => "resolved-already",
            Self::NotResolved => "not-resolved",
            Self::NotTheHolder { .. } => "not-the-owner",
            Self::WrongLevel { .. } => "wrong-level",
            Self::NotInward { .. } => "not-inward",
            Self::ReasonRequired => "reason-required",
            Self::NotToOrder { .. } => "not-to-order",
            Self::AlreadyThere(_) => "already-there",
            Self::NotUpwards(_) => "not-upwards",
            Self::TransferInstead(_) => "transfer-instead",
            Self::NoSuchCall(_) => "no-such-call",
            Self::CallOver(_) => "call-over",
            Self::NotCalled { .. } => "not-called",
            Self::CalledAlready(_) => "called-already",
            Self::NobodyToCall => "nobody-to-call",
            Self::RespondedAlready(_) => "responded-already",
            Self::ReportedInAlready(_) => "reported-in-already",
            Self::NotInCharge => "not-in-charge",
            Self::NotReportedIn(_) => "not-reported-in",
            Self::DoneAlready(_) => "done-already",
            Self::ReleasedAlready(_) => "released-already",
            Self::NoSuchTask(_) => "no-such-task",
            Self::AnothersTask { .. } => "anothers-task",
            Self::TaskDoneAlready(_) => "task-done-already",
            Self::TaskBlocked { .. } => "task-blocked",
            Self::TaskOpen(_) => "task-open",
            Self::NotConcerned(_) => "not-concerned",
            Self::TaskOrder => "task-order",
            Self::CallOpen(_) => "call-open",
            Self::JointOperation => "joint-operation",
            Self::ReturnedAlready(_) => "returned-already",
            Self::ReturnsFinal => "returns-final",
            Self::NothingReturned(_) => "nothing-returned",
            Self::NotTheAdjudicator { .. } => "not-the-adjudicator",
            Self::ReturnedToItself(_) => "returned-to-itself",
            Self::NotAbove(_) => "not-above",
            Self::ExtendedAlready => "extended-already",
            Self::RanOut(_) => "ran-out",
            Self::NotLater(_) => "not-later",
            Self::SuspendedAlready => "suspended-already",
            Self::NotSuspended => "not-suspended",
            Self::NoSuchSupervision(_) => "no-such-supervision",
            Self::AnothersSupervision { .. } => "anothers-supervision",
            Self::SupervisionAnswered(_) => "supervision-answered",
            Self::NobodyPresent => "nobody-present",
            Self::Cadence => "cadence",
            Self::TaskForceAlready => "task-force-already",
            Self::EvidenceNeeded => "evidence-needed",
            Self::ChairNeeded => "chair-needed",
            Self::TwoDepartments => "two-departments",
            Self::GoesRound(_) => "goes-round",
            Self::AdmittedAlready(_) => "admitted-already",
            Self::NotAdmitted { .. } => "not-admitted",
            Self::TooMany(_) => "too-many",
            Self::RootCauseNeeded => "root-cause-needed",
            Self::FindingNeeded(_) => "finding-needed",
            Self::CallNeeded => "call-needed",
        }
    }
}
