//! Dispatch's events as they come from the record. One arm an event, and no arm for the rest: what is not read here does
//! not compile.

use ids::CaseId;
use jiff::{SignedDuration, Timestamp};
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::dispatch_event::Event as WireEvent;
use record::WireError;
use station::wire as shared;

use super::words::{from_clock, from_close_reason, from_ending, progress_kind, return_basis, scope, some};
use crate::domain::{
    Asking, Assignment, Dropped, Event, Expected, Helped, Kept, Performance, Related, Resolution, Special, Start,
    Whistle,
};

pub(super) fn from_wire(event: &WireEvent) -> Result<Event, WireError> {
    let party = |code: &str| shared::code("party", code);
    Ok(match event {
        WireEvent::Assigned(fact) => Event::Assigned(Box::new(from_assigned(fact)?)),
        WireEvent::Escalated(fact) => Event::Escalated {
            from_party: shared::code("from_party", &fact.from_party)?,
            to_party: shared::code("to_party", &fact.to_party)?,
            from: shared::level(fact.from)?,
            to: shared::level(fact.to)?,
            reason: fact.reason.clone(),
            graded_by: fact.graded_by,
            dropped: from_dropped(&fact.dropped)?,
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
            follows: fact.follows,
            counts_from: counts_from(fact.counts_from.as_ref())?,
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
            evidence: fact.evidence.clone(),
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
        WireEvent::Returned(fact) => Event::Returned {
            call: fact.call,
            party: party(&fact.party)?,
            basis: return_basis(fact.basis)?,
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
            counts_from: counts_from(fact.counts_from.as_ref())?,
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
        WireEvent::ColourRaised(fact) => Event::ColourRaised {
            call: fact.call,
            from: shared::colour(fact.from)?,
            to: shared::colour(fact.to)?,
            response_due: shared::time("response_due", fact.response_due.as_ref())?,
            report_in_due: shared::time("report_in_due", fact.report_in_due.as_ref())?,
            completion_due: shared::time("completion_due", fact.completion_due.as_ref())?,
            caller: shared::optional_code("caller", &fact.caller)?,
            parties: shared::codes("parties", &fact.parties)?,
            reminders: shared::times("reminders", &fact.reminders)?,
            counts_from: counts_from(fact.counts_from.as_ref())?,
        },
        WireEvent::Admitted(fact) => Event::Admitted {
            by: shared::code("by", &fact.by)?,
            category: shared::code("category", &fact.category)?,
            reason: fact.reason.clone(),
            told: shared::codes("told", &fact.told)?,
        },
        WireEvent::AdmissionRefused(fact) => Event::AdmissionRefused {
            party: shared::code("party", &fact.party)?,
            category: shared::code("category", &fact.category)?,
            asked_by: shared::optional_code("asked_by", &fact.asked_by)?,
        },
        WireEvent::Transferred(fact) => Event::Transferred {
            from_party: shared::code("from_party", &fact.from_party)?,
            to_party: shared::code("to_party", &fact.to_party)?,
            reference: fact.reference.clone(),
            reason: fact.reason.clone(),
            answer: expected(fact.answer_due.as_ref(), &fact.reminders)?,
            graded_by: fact.graded_by,
            dropped: from_dropped(&fact.dropped)?,
        },
        WireEvent::CityReminded(fact) => Event::CityReminded {
            city: shared::code("city", &fact.city)?,
            told: shared::code("told", &fact.told)?,
            reminder: fact.reminder,
            due: shared::time("due", fact.due.as_ref())?,
        },
        WireEvent::CityReturned(fact) => Event::CityReturned {
            from_party: shared::code("from_party", &fact.from_party)?,
            to_party: shared::code("to_party", &fact.to_party)?,
            reason: fact.reason.clone(),
        },
        WireEvent::Concluded(fact) => {
            Event::Concluded { by: shared::code("by", &fact.by)?, summary: fact.summary.clone() }
        }
        WireEvent::HelpBegun(fact) => {
            Event::HelpBegun { reference: fact.reference.clone(), until: shared::time("until", fact.until.as_ref())? }
        }
        WireEvent::HelpOpened(fact) => {
            Event::HelpOpened { reference: fact.reference.clone(), case: case("case_id", &fact.case_id)? }
        }
        WireEvent::AskedToHelp(fact) => {
            Event::AskedToHelp(Helped { case: case("case_id", &fact.case_id)?, reference: fact.reference.clone() })
        }
        WireEvent::HelpEnded(fact) => {
            Event::HelpEnded { reference: fact.reference.clone(), case: case("case_id", &fact.case_id)? }
        }
        WireEvent::RatingOpened(fact) => {
            Event::RatingOpened { round: fact.round, rating_due: shared::time("rating_due", fact.rating_due.as_ref())? }
        }
        WireEvent::RelatedCaseSpawned(fact) => Event::RelatedCaseSpawned {
            by: shared::code("by", &fact.by)?,
            reference: fact.reference.clone(),
            related: Box::new(Related {
                title: fact.title.clone(),
                text: fact.text.clone(),
                place: shared::place(fact.place.as_ref())?,
                category: shared::optional_code("category", &fact.category)?,
            }),
        },
        WireEvent::Resolved(fact) => Event::Resolved(Box::new(from_resolved(fact)?)),
        WireEvent::Reopened(fact) => Event::Reopened {
            told: shared::codes("told", &fact.told)?,
            reason: fact.reason.clone(),
            due: shared::time("due", fact.due.as_ref())?,
            start: fact.start.as_ref().map(from_start).transpose()?,
            answer: expected(fact.answer_due.as_ref(), &fact.reminders)?,
        },
        WireEvent::Closed(fact) => Event::Closed {
            reason: from_close_reason(fact.reason())?,
            outcome: shared::optional_outcome(fact.outcome)?,
        },
        WireEvent::RecurrenceFound(fact) => {
            let earlier = fact.earlier_cases.iter().map(|id| case("earlier_cases", id));
            let earlier = earlier.collect::<Result<_, WireError>>()?;
            let told = shared::codes("told", &fact.told)?;
            Event::RecurrenceFound { earlier, times: fact.times, within_days: fact.within_days, told }
        }
    })
}

fn case(field: &'static str, id: &str) -> Result<CaseId, WireError> {
    id.parse().map_err(|error| WireError::new(field, error))
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
        dropped: from_dropped(&fact.dropped)?,
    })
}

fn from_dropped(dropped: &[wire::DroppedTask]) -> Result<Vec<Dropped>, WireError> {
    let task =
        |gone: &wire::DroppedTask| Ok(Dropped { task: gone.task, party: shared::code("dropped.party", &gone.party)? });
    dropped.iter().map(task).collect()
}

fn from_start(fact: &wire::ClockStart) -> Result<Start, WireError> {
    let limit = fact.limit.parse().map_err(|error: charter::LimitError| WireError::new("limit", error.to_string()))?;
    Ok(Start { at: shared::time("start.at", fact.at.as_ref())?, limit })
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
        counts_from: counts_from(fact.counts_from.as_ref())?,
        note: fact.note.clone(),
        reminders: shared::times("reminders", &fact.reminders)?,
        special: fact.special.as_ref().map(from_special).transpose()?,
    })
}

fn from_special(fact: &wire::SpecialCall) -> Result<Special, WireError> {
    let chair = fact.chair.as_ref().map(|chair| shared::officer(Some(chair))).transpose()?;
    Ok(Special { group: shared::code("special.group", &fact.group)?, chair })
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
            Ok(Performance {
                party: shared::code("performance.party", &performance.party)?,
                calling_party: shared::optional_code("performance.calling_party", &performance.calling_party)?,
                round: (performance.round > 0).then_some(performance.round),
                kept,
            })
        })
        .collect::<Result<_, WireError>>()?;
    let asking = match &fact.waits_for_help_until {
        None => Asking::Until(shared::time("rating_due", fact.rating_due.as_ref())?),
        Some(until) => Asking::AfterHelp(shared::time("waits_for_help_until", Some(until))?),
    };
    Ok(Resolution {
        outcome: shared::outcome(fact.outcome)?,
        summary: fact.summary.clone(),
        by: shared::code("by", &fact.by)?,
        round: fact.round,
        calling_party: shared::optional_code("calling_party", &fact.calling_party)?,
        performance,
        asking,
        holder: shared::code("owner", &fact.owner)?,
        evidence: fact.evidence.clone(),
    })
}

fn counts_from(at: Option<&pbjson_types::Timestamp>) -> Result<Option<Timestamp>, WireError> {
    at.map(|at| shared::time("counts_from", Some(at))).transpose()
}

fn expected(
    due: Option<&pbjson_types::Timestamp>,
    reminders: &[pbjson_types::Timestamp],
) -> Result<Option<Expected>, WireError> {
    let Some(due) = due else { return Ok(None) };
    let reminders = shared::times("reminders", reminders)?;
    Ok(Some(Expected { due: shared::time("answer_due", Some(due))?, reminders }))
}
