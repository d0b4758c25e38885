//! The words of dispatch's rules and of its contract, one for one.

use proto::dispatch::v1 as wire;
use record::WireError;

use crate::domain::{CallEnding, Clock, CloseReason, ProgressKind};

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

pub(super) fn from_ending(ending: wire::CallEnding) -> Result<CallEnding, WireError> {
    match ending {
        wire::CallEnding::Done => Ok(CallEnding::Done),
        wire::CallEnding::Released => Ok(CallEnding::Released),
        wire::CallEnding::Cancelled => Ok(CallEnding::Cancelled),
        wire::CallEnding::Unspecified => Err(WireError::new("ending", "missing")),
    }
}

pub(super) fn from_reason(reason: wire::CloseReason) -> Result<CloseReason, WireError> {
    match reason {
        wire::CloseReason::Rated => Ok(CloseReason::Rated),
        wire::CloseReason::Unrated => Ok(CloseReason::Unrated),
        wire::CloseReason::Withdrawn => Ok(CloseReason::Withdrawn),
        wire::CloseReason::Excluded => Ok(CloseReason::Excluded),
        wire::CloseReason::Merged => Ok(CloseReason::Merged),
        wire::CloseReason::Unspecified => Err(WireError::new("reason", "missing")),
    }
}
