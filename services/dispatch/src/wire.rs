//! Dispatch's events on the wire; those of returns, supervision and meetings in `supervision.rs`, of who has it and what
//! else is found in `handing_on.rs`, refusals in `refusals.rs`, single words in
//! `words.rs`.

mod handing_on;
mod refusals;
mod supervision;
mod words;

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::dispatch_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use station::wire as shared;

pub use supervision::{basis as return_basis, scope};
pub use words::progress_kind;
use words::{from_clock, from_ending, from_reason, to_clock, to_progress_kind};

use crate::domain::{
    Assignment, CallEnding, CloseReason, Command, Event, Kept, Performance, Resolution, Rules, Special, Start, State,
    Whistle, next_deadline,
};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Dispatch;
    const REVISIONS_MAX: u64 = 350;

    fn to_wire(event: &Event) -> AnyEvent {
        AnyEvent { of: Some(Of::Dispatch(wire::DispatchEvent { event: Some(to_wire(event)) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        match &event.of {
            Some(Of::Dispatch(wire::DispatchEvent { event: Some(event) })) => from_wire(event),
            _ => Err(WireError::new("event", "not one of dispatch")),
        }
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        next_deadline(state)
    }

    fn is_ending(command: &Command) -> bool {
        matches!(
            command,
            Command::Withdraw
                | Command::Exclude
                | Command::Merge
                | Command::Conclude { .. }
                | Command::Resolve { .. }
                | Command::CityDone { .. }
                | Command::Release { .. }
                | Command::Rate { solved: true, .. }
                | Command::CheckDeadlines { .. }
        )
    }
}

fn to_wire(event: &Event) -> WireEvent {
    match event {
        Event::Assigned(assigned) => WireEvent::Assigned(to_assigned(assigned)),
        Event::Escalated { from_party, to_party, from, to, reason } => WireEvent::Escalated(wire::Escalated {
            from_party: from_party.to_string(),
            to_party: to_party.to_string(),
            from: shared::to_level(*from),
            to: shared::to_level(*to),
            reason: reason.clone(),
        }),
        Event::Called { call, whistle } => WireEvent::Called(to_called(*call, whistle)),
        Event::Responded { call, party, officer, in_time } => WireEvent::Responded(wire::Responded {
            call: *call,
            party: party.to_string(),
            officer: Some(shared::to_officer(officer)),
            in_time: *in_time,
        }),
        Event::ReportedIn { call, party, officer, check_in, in_time } => WireEvent::ReportedIn(wire::ReportedIn {
            call: *call,
            party: party.to_string(),
            officer: Some(shared::to_officer(officer)),
            check_in: Some(shared::to_place(check_in)),
            in_time: *in_time,
        }),
        Event::TaskPlanned { task, party, title, due, after, call, root_cause, joint_meeting } => {
            WireEvent::TaskPlanned(wire::TaskPlanned {
                task: *task,
                party: party.to_string(),
                title: title.clone(),
                due: Some(due.to_wire()),
                after: after.clone(),
                call: call.unwrap_or_default(),
                root_cause: *root_cause,
                joint_meeting: joint_meeting.unwrap_or_default(),
            })
        }
        Event::TaskDone { task, party, note, in_time, evidence } => WireEvent::TaskDone(wire::TaskDone {
            task: *task,
            party: party.to_string(),
            note: note.clone(),
            in_time: *in_time,
            evidence: evidence.clone(),
        }),
        Event::Progressed { party, kind, note, call } => WireEvent::Progressed(wire::Progressed {
            party: party.to_string(),
            kind: to_progress_kind(*kind).into(),
            note: note.clone(),
            call: call.unwrap_or_default(),
        }),
        Event::MeasureAdopted { party, measure, exceptions } => WireEvent::MeasureAdopted(wire::MeasureAdopted {
            party: party.to_string(),
            measure: measure.clone(),
            exceptions: exceptions.clone(),
        }),
        Event::PartyDone { call, party, outcome, note, in_time, evidence } => WireEvent::PartyDone(wire::PartyDone {
            call: *call,
            party: party.to_string(),
            outcome: shared::to_outcome(*outcome),
            note: note.clone(),
            in_time: *in_time,
            evidence: evidence.clone(),
        }),
        Event::Released { call, party, reason } => {
            WireEvent::Released(wire::Released { call: *call, party: party.to_string(), reason: reason.clone() })
        }
        Event::CallEnded { call, ending } => {
            let ending = match ending {
                CallEnding::Done => wire::CallEnding::Done,
                CallEnding::Released => wire::CallEnding::Released,
                CallEnding::Cancelled => wire::CallEnding::Cancelled,
            };
            WireEvent::CallEnded(wire::CallEnded { call: *call, ending: ending.into() })
        }
        Event::Overdue { clock, call, party, task, order, due, told } => WireEvent::Overdue(wire::Overdue {
            clock: to_clock(*clock).into(),
            call: call.unwrap_or_default(),
            party: party.to_string(),
            task: task.unwrap_or_default(),
            order: order.unwrap_or_default(),
            due: Some(due.to_wire()),
            told: told.to_string(),
        }),
        Event::Returned { .. }
        | Event::ReturnAdjudicated { .. }
        | Event::Unqualified { .. }
        | Event::Reminded { .. }
        | Event::Supervised { .. }
        | Event::SupervisionAnswered { .. }
        | Event::Extended { .. }
        | Event::Suspended { .. }
        | Event::Resumed { .. }
        | Event::MeetingHeld { .. }
        | Event::TaskForceFormed { .. } => supervision::to_wire(event),
        Event::ColourRaised { .. }
        | Event::Admitted { .. }
        | Event::AdmissionRefused { .. }
        | Event::Transferred { .. }
        | Event::CityReminded { .. }
        | Event::CityReturned { .. }
        | Event::Concluded { .. }
        | Event::RelatedCaseSpawned { .. } => handing_on::to_wire(event),
        Event::Resolved(resolution) => WireEvent::Resolved(to_resolved(resolution)),
        Event::Reopened { reason, due, start, told } => WireEvent::Reopened(wire::Reopened {
            told: shared::texts(told),
            reason: reason.clone(),
            due: Some(due.to_wire()),
            start: start.as_ref().map(to_start),
        }),
        Event::Closed { reason, outcome } => {
            let reason = match reason {
                CloseReason::Rated => wire::CloseReason::Rated,
                CloseReason::Unrated => wire::CloseReason::Unrated,
                CloseReason::Withdrawn => wire::CloseReason::Withdrawn,
                CloseReason::Excluded => wire::CloseReason::Excluded,
                CloseReason::Merged => wire::CloseReason::Merged,
            };
            let outcome = outcome.map(shared::to_outcome).unwrap_or_default();
            WireEvent::Closed(wire::Closed { reason: reason.into(), outcome })
        }
        Event::RecurrenceFound { earlier, times, within_days, told } => {
            WireEvent::RecurrenceFound(wire::RecurrenceFound {
                earlier_cases: earlier.iter().map(ToString::to_string).collect(),
                times: *times,
                within_days: *within_days,
                told: shared::texts(told),
            })
        }
    }
}

fn from_wire(event: &WireEvent) -> Result<Event, WireError> {
    let party = |code: &str| shared::code("party", code);
    Ok(match event {
        WireEvent::Assigned(fact) => Event::Assigned(Box::new(from_assigned(fact)?)),
        WireEvent::Escalated(fact) => Event::Escalated {
            from_party: shared::code("from_party", &fact.from_party)?,
            to_party: shared::code("to_party", &fact.to_party)?,
            from: shared::level(fact.from)?,
            to: shared::level(fact.to)?,
            reason: fact.reason.clone(),
        },
        WireEvent::Called(fact) => Event::Called { call: fact.call, whistle: Box::new(from_called(fact)?) },
        WireEvent::Responded(fact) => Event::Responded {
            call: fact.call,
            party: party(&fact.party)?,
            officer: shared::officer(fact.officer.as_ref())?,
            in_time: fact.in_time,
        },
        WireEvent::ReportedIn(fact) => Event::ReportedIn {
            call: fact.call,
            party: party(&fact.party)?,
            officer: shared::officer(fact.officer.as_ref())?,
            check_in: shared::place(fact.check_in.as_ref())?,
            in_time: fact.in_time,
        },
        WireEvent::TaskPlanned(fact) => Event::TaskPlanned {
            task: fact.task,
            party: party(&fact.party)?,
            title: fact.title.clone(),
            due: shared::time("due", fact.due.as_ref())?,
            after: fact.after.clone(),
            call: some(fact.call),
            root_cause: fact.root_cause,
            joint_meeting: some(fact.joint_meeting),
        },
        WireEvent::TaskDone(fact) => Event::TaskDone {
            task: fact.task,
            party: party(&fact.party)?,
            note: fact.note.clone(),
            in_time: fact.in_time,
            evidence: fact.evidence.clone(),
        },
        WireEvent::Progressed(fact) => Event::Progressed {
            party: party(&fact.party)?,
            kind: progress_kind(fact.kind)?,
            note: fact.note.clone(),
            call: some(fact.call),
        },
        WireEvent::MeasureAdopted(fact) => Event::MeasureAdopted {
            party: party(&fact.party)?,
            measure: fact.measure.clone(),
            exceptions: fact.exceptions.clone(),
        },
        WireEvent::PartyDone(fact) => Event::PartyDone {
            call: fact.call,
            party: party(&fact.party)?,
            outcome: shared::outcome(fact.outcome)?,
            note: fact.note.clone(),
            in_time: fact.in_time,
            evidence: fact.evidence.clone(),
        },
        WireEvent::Released(fact) => {
            Event::Released { call: fact.call, party: party(&fact.party)?, reason: fact.reason.clone() }
        }
        WireEvent::CallEnded(fact) => Event::CallEnded { call: fact.call, ending: from_ending(fact.ending())? },
        WireEvent::Overdue(fact) => Event::Overdue {
            clock: from_clock(fact.clock())?,
            call: some(fact.call),
            party: party(&fact.party)?,
            task: some(fact.task),
            order: some(fact.order),
            due: shared::time("due", fact.due.as_ref())?,
            told: shared::code("told", &fact.told)?,
        },
        WireEvent::Returned(_)
        | WireEvent::ReturnAdjudicated(_)
        | WireEvent::Unqualified(_)
        | WireEvent::Reminded(_)
        | WireEvent::Supervised(_)
        | WireEvent::SupervisionAnswered(_)
        | WireEvent::Extended(_)
        | WireEvent::Suspended(_)
        | WireEvent::Resumed(_)
        | WireEvent::MeetingHeld(_)
        | WireEvent::TaskForceFormed(_) => return supervision::from_wire(event),
        WireEvent::ColourRaised(_)
        | WireEvent::Admitted(_)
        | WireEvent::AdmissionRefused(_)
        | WireEvent::Transferred(_)
        | WireEvent::CityReminded(_)
        | WireEvent::CityReturned(_)
        | WireEvent::Concluded(_)
        | WireEvent::RelatedCaseSpawned(_) => return handing_on::from_wire(event),
        WireEvent::Resolved(fact) => Event::Resolved(Box::new(from_resolved(fact)?)),
        WireEvent::Reopened(fact) => Event::Reopened {
            told: shared::codes("told", &fact.told)?,
            reason: fact.reason.clone(),
            due: shared::time("due", fact.due.as_ref())?,
            start: fact.start.as_ref().map(from_start).transpose()?,
        },
        WireEvent::Closed(fact) => {
            Event::Closed { reason: from_reason(fact.reason())?, outcome: shared::optional_outcome(fact.outcome)? }
        }
        WireEvent::RecurrenceFound(fact) => {
            let case = |id: &String| id.parse().map_err(|error| WireError::new("earlier_cases", error));
            let earlier = fact.earlier_cases.iter().map(case).collect::<Result<_, WireError>>()?;
            let told = shared::codes("told", &fact.told)?;
            Event::RecurrenceFound { earlier, times: fact.times, within_days: fact.within_days, told }
        }
    })
}

/// Zero on the wire means none.
fn some(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

fn to_assigned(assigned: &Assignment) -> wire::Assigned {
    wire::Assigned {
        party: assigned.party.to_string(),
        level: shared::to_level(assigned.level),
        comprehensive: assigned.comprehensive,
        category: assigned.category.to_string(),
        also: shared::texts(&assigned.also),
        situation: shared::text(assigned.situation.as_ref()),
        colour: assigned.colour.map(shared::to_colour).unwrap_or_default(),
        title: assigned.title.clone(),
        place: Some(shared::to_place(&assigned.place)),
        due: Some(assigned.due.to_wire()),
        due_provisional: assigned.due_provisional,
        reason: assigned.reason.clone(),
        graded_by: assigned.graded_by,
        start: assigned.start.as_ref().map(to_start),
        evidence_needed: assigned.evidence_needed,
    }
}

fn to_start(start: &Start) -> wire::ClockStart {
    wire::ClockStart { at: Some(start.at.to_wire()), limit: start.limit.to_string() }
}

fn from_start(fact: &wire::ClockStart) -> Result<Start, WireError> {
    let limit = fact.limit.parse().map_err(|error: charter::LimitError| WireError::new("limit", error.to_string()))?;
    Ok(Start { at: shared::time("start.at", fact.at.as_ref())?, limit })
}

fn from_assigned(fact: &wire::Assigned) -> Result<Assignment, WireError> {
    Ok(Assignment {
        party: shared::code("party", &fact.party)?,
        level: shared::level(fact.level)?,
        comprehensive: fact.comprehensive,
        category: shared::code("category", &fact.category)?,
        also: shared::codes("also", &fact.also)?,
        situation: shared::optional_code("situation", &fact.situation)?,
        colour: shared::optional_colour(fact.colour)?,
        title: fact.title.clone(),
        place: shared::place(fact.place.as_ref())?,
        due: shared::time("due", fact.due.as_ref())?,
        due_provisional: fact.due_provisional,
        start: fact.start.as_ref().map(from_start).transpose()?,
        evidence_needed: fact.evidence_needed,
        reason: fact.reason.clone(),
        graded_by: fact.graded_by,
    })
}

fn to_called(call: u32, whistle: &Whistle) -> wire::Called {
    let parties = whistle
        .parties
        .iter()
        .map(|(party, duty)| wire::CalledParty { party: party.to_string(), duty: shared::to_duty(*duty) });
    wire::Called {
        call,
        caller: whistle.caller.to_string(),
        situation: shared::text(whistle.situation.as_ref()),
        colour: shared::to_colour(whistle.colour),
        parties: parties.collect(),
        response_due: Some(whistle.response_due.to_wire()),
        report_in_due: Some(whistle.report_in_due.to_wire()),
        completion_due: Some(whistle.completion_due.to_wire()),
        due_provisional: whistle.due_provisional,
        note: whistle.note.clone(),
        reminders: whistle.reminders.iter().map(|at| at.to_wire()).collect(),
        special: whistle.special.as_ref().map(|special| wire::SpecialCall {
            group: special.group.to_string(),
            chair: special.chair.as_ref().map(shared::to_officer),
        }),
    }
}

fn from_called(fact: &wire::Called) -> Result<Whistle, WireError> {
    let parties = fact
        .parties
        .iter()
        .map(|called| Ok((shared::code("parties.party", &called.party)?, shared::duty(called.duty)?)))
        .collect::<Result<_, WireError>>()?;
    Ok(Whistle {
        caller: shared::code("caller", &fact.caller)?,
        situation: shared::optional_code("situation", &fact.situation)?,
        colour: shared::colour(fact.colour)?,
        parties,
        response_due: shared::time("response_due", fact.response_due.as_ref())?,
        report_in_due: shared::time("report_in_due", fact.report_in_due.as_ref())?,
        completion_due: shared::time("completion_due", fact.completion_due.as_ref())?,
        due_provisional: fact.due_provisional,
        note: fact.note.clone(),
        reminders: shared::times("reminders", &fact.reminders)?,
        special: fact.special.as_ref().map(from_special).transpose()?,
    })
}

fn from_special(fact: &wire::SpecialCall) -> Result<Special, WireError> {
    let chair = fact.chair.as_ref().map(|chair| shared::officer(Some(chair))).transpose()?;
    Ok(Special { group: shared::code("special.group", &fact.group)?, chair })
}

fn to_resolved(resolution: &Resolution) -> wire::Resolved {
    let performance = resolution.performance.iter().map(|performance| wire::Performance {
        party: performance.party.to_string(),
        responded_in_time: performance.kept.responded_in_time,
        reported_in_in_time: performance.kept.reported_in_in_time,
        done_in_time: performance.kept.done_in_time,
    });
    wire::Resolved {
        outcome: shared::to_outcome(resolution.outcome),
        summary: resolution.summary.clone(),
        by: resolution.by.to_string(),
        round: resolution.round,
        calling_party: shared::text(resolution.calling_party.as_ref()),
        performance: performance.collect(),
        rating_due: Some(resolution.rating_due.to_wire()),
        owner: resolution.owner.to_string(),
        evidence: resolution.evidence.clone(),
    }
}

fn from_resolved(fact: &wire::Resolved) -> Result<Resolution, WireError> {
    let performance = fact
        .performance
        .iter()
        .map(|performance| {
            let kept = Kept {
                responded_in_time: performance.responded_in_time,
                reported_in_in_time: performance.reported_in_in_time,
                done_in_time: performance.done_in_time,
            };
            Ok(Performance { party: shared::code("performance.party", &performance.party)?, kept })
        })
        .collect::<Result<_, WireError>>()?;
    Ok(Resolution {
        outcome: shared::outcome(fact.outcome)?,
        summary: fact.summary.clone(),
        by: shared::code("by", &fact.by)?,
        round: fact.round,
        calling_party: shared::optional_code("calling_party", &fact.calling_party)?,
        performance,
        rating_due: shared::time("rating_due", fact.rating_due.as_ref())?,
        owner: shared::code("owner", &fact.owner)?,
        evidence: fact.evidence.clone(),
    })
}
