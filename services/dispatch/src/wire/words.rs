//! The words of dispatch's rules and of its contract, one for one.

use proto::dispatch::v1 as wire;
use record::WireError;

use crate::domain::{CallEnding, Clock, CloseReason, ProgressKind, ReturnBasis, Scope};

/// Zero on the wire means none.
pub(super) fn some(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

/// Neither call nor task: the case.
pub fn scope(call: u32, task: u32) -> Result<Scope, WireError> {
    match (some(call), some(task)) {
        (None, None) => Ok(Scope::Case),
        (Some(call), None) => Ok(Scope::Call(call)),
        (None, Some(task)) => Ok(Scope::Task(task)),
        (Some(_), Some(_)) => Err(WireError::new("task", "a call or a task, not both")),
    }
}

pub(super) fn to_progress_kind(kind: ProgressKind) -> wire::ProgressKind {
    match kind {
        ProgressKind::Reply => wire::ProgressKind::Reply,
        ProgressKind::ContactFailed => wire::ProgressKind::ContactFailed,
        ProgressKind::Finding => wire::ProgressKind::Finding,
        ProgressKind::Action => wire::ProgressKind::Action,
        ProgressKind::Note => wire::ProgressKind::Note,
    }
}

pub fn progress_kind(kind: i32) -> Result<ProgressKind, WireError> {
    match wire::ProgressKind::try_from(kind) {
        Ok(wire::ProgressKind::Reply) => Ok(ProgressKind::Reply),
        Ok(wire::ProgressKind::ContactFailed) => Ok(ProgressKind::ContactFailed),
        Ok(wire::ProgressKind::Finding) => Ok(ProgressKind::Finding),
        Ok(wire::ProgressKind::Action) => Ok(ProgressKind::Action),
        Ok(wire::ProgressKind::Note) => Ok(ProgressKind::Note),
        Ok(wire::ProgressKind::Unspecified) => Err(WireError::new("kind", "missing")),
        Err(_) => Err(WireError::new("kind", format!("{kind} is not known here"))),
    }
}

pub(super) fn to_clock(clock: Clock) -> wire::Clock {
    match clock {
        Clock::Response => wire::Clock::Response,
        Clock::ReportIn => wire::Clock::ReportIn,
        Clock::Completion => wire::Clock::Completion,
        Clock::Task => wire::Clock::Task,
        Clock::Case => wire::Clock::Case,
        Clock::Adjudication => wire::Clock::Adjudication,
        Clock::Supervision => wire::Clock::Supervision,
        Clock::Meeting => wire::Clock::Meeting,
        Clock::City => wire::Clock::City,
    }
}

pub(super) fn from_clock(clock: wire::Clock) -> Result<Clock, WireError> {
    match clock {
        wire::Clock::Response => Ok(Clock::Response),
        wire::Clock::ReportIn => Ok(Clock::ReportIn),
        wire::Clock::Completion => Ok(Clock::Completion),
        wire::Clock::Task => Ok(Clock::Task),
        wire::Clock::Case => Ok(Clock::Case),
        wire::Clock::Adjudication => Ok(Clock::Adjudication),
        wire::Clock::Supervision => Ok(Clock::Supervision),
        wire::Clock::Meeting => Ok(Clock::Meeting),
        wire::Clock::City => Ok(Clock::City),
        wire::Clock::Unspecified => Err(WireError::new("clock", "missing")),
    }
}

pub(super) fn to_ending(ending: CallEnding) -> wire::CallEnding {
    match ending {
        CallEnding::Done => wire::CallEnding::Done,
        CallEnding::Released => wire::CallEnding::Released,
        CallEnding::Cancelled => wire::CallEnding::Cancelled,
    }
}

pub(super) fn from_ending(ending: wire::CallEnding) -> Result<CallEnding, WireError> {
    match ending {
        wire::CallEnding::Done => Ok(CallEnding::Done),
        wire::CallEnding::Released => Ok(CallEnding::Released),
        wire::CallEnding::Cancelled => Ok(CallEnding::Cancelled),
        wire::CallEnding::Unspecified => Err(WireError::new("ending", "missing")),
    }
}

pub(super) fn to_close_reason(reason: CloseReason) -> wire::CloseReason {
    match reason {
        CloseReason::Rated => wire::CloseReason::Rated,
        CloseReason::Unrated => wire::CloseReason::Unrated,
        CloseReason::Withdrawn => wire::CloseReason::Withdrawn,
        CloseReason::Excluded => wire::CloseReason::Excluded,
        CloseReason::Merged => wire::CloseReason::Merged,
    }
}

pub(super) fn from_close_reason(reason: wire::CloseReason) -> Result<CloseReason, WireError> {
    match reason {
        wire::CloseReason::Rated => Ok(CloseReason::Rated),
        wire::CloseReason::Unrated => Ok(CloseReason::Unrated),
        wire::CloseReason::Withdrawn => Ok(CloseReason::Withdrawn),
        wire::CloseReason::Excluded => Ok(CloseReason::Excluded),
        wire::CloseReason::Merged => Ok(CloseReason::Merged),
        wire::CloseReason::Unspecified => Err(WireError::new("reason", "missing")),
    }
}

pub fn return_basis(basis: i32) -> Result<ReturnBasis, WireError> {
    match wire::ReturnBasis::try_from(basis) {
        Ok(wire::ReturnBasis::Legal) => Ok(ReturnBasis::Legal),
        Ok(wire::ReturnBasis::Duty) => Ok(ReturnBasis::Duty),
        Ok(wire::ReturnBasis::Unspecified) => Err(WireError::new("basis", "missing")),
        Err(_) => Err(WireError::new("basis", format!("{basis} is not known here"))),
    }
}

pub(super) fn to_return_basis(basis: ReturnBasis) -> wire::ReturnBasis {
    match basis {
        ReturnBasis::Legal => wire::ReturnBasis::Legal,
        ReturnBasis::Duty => wire::ReturnBasis::Duty,
    }
}
