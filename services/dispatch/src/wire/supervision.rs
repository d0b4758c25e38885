//! Returns, supervision, time given, and meetings on the wire.

use jiff::SignedDuration;
use proto::ToWireTime;
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::dispatch_event::Event as WireEvent;
use record::WireError;
use station::wire as shared;

use super::some;
use crate::domain::{Event, ReturnBasis, Scope};

/// Only for the events named in `wire.rs`; the rest of them is written there.
#[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every event and sends only these here")]
pub(super) fn to_wire(event: &Event) -> WireEvent {
    match event {
        Event::Returned { call, party, basis, reason, proposes, adjudicator, due, bounce } => {
            WireEvent::Returned(wire::Returned {
                call: *call,
                party: party.to_string(),
                basis: to_basis(*basis).into(),
                reason: reason.clone(),
                proposes: proposes.to_string(),
                adjudicator: adjudicator.to_string(),
                due: Some(due.to_wire()),
                bounce: *bounce,
            })
        }
        Event::ReturnAdjudicated { call, party, by, upheld, is_final, reason } => {
            WireEvent::ReturnAdjudicated(wire::ReturnAdjudicated {
                call: *call,
                party: party.to_string(),
                by: by.to_string(),
                upheld: *upheld,
                r#final: *is_final,
                reason: reason.clone(),
            })
        }
        Event::Unqualified { call, party, reason, response_due, report_in_due } => {
            WireEvent::Unqualified(wire::Unqualified {
                call: *call,
                party: party.to_string(),
                reason: reason.clone(),
                response_due: Some(response_due.to_wire()),
                report_in_due: Some(report_in_due.to_wire()),
            })
        }
        Event::Reminded { call, party, reminder, due } => WireEvent::Reminded(wire::Reminded {
            call: *call,
            party: party.to_string(),
            reminder: *reminder,
            due: Some(due.to_wire()),
        }),
        Event::Supervised { order, by, party, text, due } => WireEvent::Supervised(wire::Supervised {
            order: *order,
            by: by.to_string(),
            party: party.to_string(),
            text: text.clone(),
            due: Some(due.to_wire()),
        }),
        Event::SupervisionAnswered { order, party, note, in_time } => {
            WireEvent::SupervisionAnswered(wire::SupervisionAnswered {
                order: *order,
                party: party.to_string(),
                note: note.clone(),
                in_time: *in_time,
            })
        }
        Event::Extended { scope, by, basis, reason, due } => {
            let (call, task) = match scope {
                Scope::Case => (0, 0),
                Scope::Call(call) => (*call, 0),
                Scope::Task(task) => (0, *task),
            };
            WireEvent::Extended(wire::Extended {
                call,
                task,
                by: by.to_string(),
                basis: basis.clone(),
                reason: reason.clone(),
                due: Some(due.to_wire()),
            })
        }
        Event::Suspended { by, basis, reason, since, until } => WireEvent::Suspended(wire::Suspended {
            by: by.to_string(),
            basis: basis.clone(),
            reason: reason.clone(),
            since: Some(since.to_wire()),
            until: Some(until.to_wire()),
        }),
        Event::Resumed { by, held, due } => WireEvent::Resumed(wire::Resumed {
            by: shared::text(by.as_ref()),
            held_ms: i64::try_from(held.as_millis()).unwrap_or(i64::MAX),
            due: due.map(|due| due.to_wire()),
        }),
        Event::MeetingHeld { by, call, present, absent, minutes, next } => WireEvent::MeetingHeld(wire::MeetingHeld {
            by: by.to_string(),
            call: call.unwrap_or_default(),
            present: shared::texts(present),
            absent: shared::texts(absent),
            minutes: minutes.clone(),
            next: next.map(|next| next.to_wire()),
        }),
        Event::TaskForceFormed { lead, members, cadence_days, meets_by } => {
            WireEvent::TaskForceFormed(wire::TaskForceFormed {
                lead: lead.to_string(),
                members: shared::texts(members),
                cadence_days: *cadence_days,
                meets_by: Some(meets_by.to_wire()),
            })
        }
        other => super::to_wire(other),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every event and sends only these here")]
pub(super) fn from_wire(event: &WireEvent) -> Result<Event, WireError> {
    let party = |code: &str| shared::code("party", code);
    Ok(match event {
        WireEvent::Returned(fact) => Event::Returned {
            call: fact.call,
            party: party(&fact.party)?,
            basis: basis(fact.basis)?,
            reason: fact.reason.clone(),
            proposes: shared::code("proposes", &fact.proposes)?,
            adjudicator: shared::code("adjudicator", &fact.adjudicator)?,
            due: shared::time("due", fact.due.as_ref())?,
            bounce: fact.bounce,
        },
        WireEvent::ReturnAdjudicated(fact) => Event::ReturnAdjudicated {
            call: fact.call,
            party: party(&fact.party)?,
            by: shared::code("by", &fact.by)?,
            upheld: fact.upheld,
            is_final: fact.r#final,
            reason: fact.reason.clone(),
        },
        WireEvent::Unqualified(fact) => Event::Unqualified {
            call: fact.call,
            party: party(&fact.party)?,
            reason: fact.reason.clone(),
            response_due: shared::time("response_due", fact.response_due.as_ref())?,
            report_in_due: shared::time("report_in_due", fact.report_in_due.as_ref())?,
        },
        WireEvent::Reminded(fact) => Event::Reminded {
            call: fact.call,
            party: party(&fact.party)?,
            reminder: fact.reminder,
            due: shared::time("due", fact.due.as_ref())?,
        },
        WireEvent::Supervised(fact) => Event::Supervised {
            order: fact.order,
            by: shared::code("by", &fact.by)?,
            party: party(&fact.party)?,
            text: fact.text.clone(),
            due: shared::time("due", fact.due.as_ref())?,
        },
        WireEvent::SupervisionAnswered(fact) => Event::SupervisionAnswered {
            order: fact.order,
            party: party(&fact.party)?,
            note: fact.note.clone(),
            in_time: fact.in_time,
        },
        WireEvent::Extended(fact) => Event::Extended {
            scope: scope(fact.call, fact.task)?,
            by: shared::code("by", &fact.by)?,
            basis: fact.basis.clone(),
            reason: fact.reason.clone(),
            due: shared::time("due", fact.due.as_ref())?,
        },
        WireEvent::Suspended(fact) => Event::Suspended {
            by: shared::code("by", &fact.by)?,
            basis: fact.basis.clone(),
            reason: fact.reason.clone(),
            since: shared::time("since", fact.since.as_ref())?,
            until: shared::time("until", fact.until.as_ref())?,
        },
        WireEvent::Resumed(fact) => Event::Resumed {
            by: shared::optional_code("by", &fact.by)?,
            held: SignedDuration::from_millis(fact.held_ms),
            due: fact.due.as_ref().map(|due| shared::time("due", Some(due))).transpose()?,
        },
        WireEvent::MeetingHeld(fact) => Event::MeetingHeld {
            by: shared::code("by", &fact.by)?,
            call: some(fact.call),
            present: shared::codes("present", &fact.present)?,
            absent: shared::codes("absent", &fact.absent)?,
            minutes: fact.minutes.clone(),
            next: fact.next.as_ref().map(|next| shared::time("next", Some(next))).transpose()?,
        },
        WireEvent::TaskForceFormed(fact) => Event::TaskForceFormed {
            lead: shared::code("lead", &fact.lead)?,
            members: shared::codes("members", &fact.members)?,
            cadence_days: fact.cadence_days,
            meets_by: shared::time("meets_by", fact.meets_by.as_ref())?,
        },
        other => return super::from_wire(other),
    })
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

pub fn basis(basis: i32) -> Result<ReturnBasis, WireError> {
    match wire::ReturnBasis::try_from(basis) {
        Ok(wire::ReturnBasis::Legal) => Ok(ReturnBasis::Legal),
        Ok(wire::ReturnBasis::Duty) => Ok(ReturnBasis::Duty),
        Ok(wire::ReturnBasis::Unspecified) => Err(WireError::new("basis", "missing")),
        Err(_) => Err(WireError::new("basis", format!("{basis} is not known here"))),
    }
}

fn to_basis(basis: ReturnBasis) -> wire::ReturnBasis {
    match basis {
        ReturnBasis::Legal => wire::ReturnBasis::Legal,
        ReturnBasis::Duty => wire::ReturnBasis::Duty,
    }
}
