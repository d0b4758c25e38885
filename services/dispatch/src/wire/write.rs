//! Dispatch's events as they go on the record. One arm an event, and no arm for the rest: what is not written here does
//! not compile.

use proto::ToWireTime;
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::dispatch_event::Event as WireEvent;
use station::wire as shared;

use super::words::{to_clock, to_close_reason, to_ending, to_progress_kind, to_return_basis};
use crate::domain::{Asking, Assignment, Dropped, Event, Helped, Resolution, Scope, Start, Whistle};

pub(super) fn to_wire(event: &Event) -> WireEvent {
    match event {
        Event::Assigned(assigned) => WireEvent::Assigned(to_assigned(assigned)),
        Event::Escalated { from_party, to_party, from, to, reason, graded_by, dropped } => {
            WireEvent::Escalated(wire::Escalated {
                from_party: from_party.to_string(),
                to_party: to_party.to_string(),
                from: shared::to_level(*from),
                to: shared::to_level(*to),
                reason: reason.clone(),
                graded_by: *graded_by,
                dropped: to_dropped(dropped),
            })
        }
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
        Event::TaskPlanned {
            task,
            party,
            title,
            due,
            counts_from,
            follows,
            after,
            call,
            root_cause,
            joint_meeting,
        } => WireEvent::TaskPlanned(wire::TaskPlanned {
            task: *task,
            party: party.to_string(),
            title: title.clone(),
            due: Some(due.to_wire()),
            after: after.clone(),
            call: call.unwrap_or_default(),
            root_cause: *root_cause,
            joint_meeting: joint_meeting.unwrap_or_default(),
            follows: *follows,
            counts_from: counts_from.map(|at| at.to_wire()),
        }),
        Event::TaskDone { task, party, note, in_time, evidence } => WireEvent::TaskDone(wire::TaskDone {
            task: *task,
            party: party.to_string(),
            note: note.clone(),
            in_time: *in_time,
            evidence: evidence.clone(),
        }),
        Event::Progressed { party, kind, note, call, evidence } => WireEvent::Progressed(wire::Progressed {
            party: party.to_string(),
            kind: to_progress_kind(*kind).into(),
            note: note.clone(),
            call: call.unwrap_or_default(),
            evidence: evidence.clone(),
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
            WireEvent::CallEnded(wire::CallEnded { call: *call, ending: to_ending(*ending).into() })
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
        Event::Returned { call, party, basis, reason, proposes, adjudicator, due, bounce } => {
            WireEvent::Returned(wire::Returned {
                call: *call,
                party: party.to_string(),
                basis: to_return_basis(*basis).into(),
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
        Event::Extended { scope, by, basis, reason, due, counts_from } => {
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
                counts_from: counts_from.map(|at| at.to_wire()),
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
        Event::ColourRaised {
            call,
            from,
            to,
            response_due,
            report_in_due,
            completion_due,
            reminders,
            counts_from,
            caller,
            parties,
        } => WireEvent::ColourRaised(wire::ColourRaised {
            call: *call,
            from: shared::to_colour(*from),
            to: shared::to_colour(*to),
            response_due: Some(response_due.to_wire()),
            report_in_due: Some(report_in_due.to_wire()),
            completion_due: Some(completion_due.to_wire()),
            caller: shared::text(caller.as_ref()),
            parties: shared::texts(parties),
            reminders: reminders.iter().map(|at| at.to_wire()).collect(),
            counts_from: counts_from.map(|at| at.to_wire()),
        }),
        Event::Admitted { by, category, reason, told } => WireEvent::Admitted(wire::Admitted {
            by: by.to_string(),
            category: category.to_string(),
            reason: reason.clone(),
            told: shared::texts(told),
        }),
        Event::AdmissionRefused { party, category, asked_by } => WireEvent::AdmissionRefused(wire::AdmissionRefused {
            party: party.to_string(),
            category: category.to_string(),
            asked_by: shared::text(asked_by.as_ref()),
        }),
        Event::Transferred { from_party, to_party, reference, reason, answer, graded_by, dropped } => {
            let reminders = answer.iter().flat_map(|answer| &answer.reminders);
            WireEvent::Transferred(wire::Transferred {
                from_party: from_party.to_string(),
                to_party: to_party.to_string(),
                reference: reference.clone(),
                reason: reason.clone(),
                answer_due: answer.as_ref().map(|answer| answer.due.to_wire()),
                reminders: reminders.map(|at| at.to_wire()).collect(),
                graded_by: *graded_by,
                dropped: to_dropped(dropped),
            })
        }
        Event::CityReminded { city, told, reminder, due } => WireEvent::CityReminded(wire::CityReminded {
            city: city.to_string(),
            told: told.to_string(),
            reminder: *reminder,
            due: Some(due.to_wire()),
        }),
        Event::CityReturned { from_party, to_party, reason } => WireEvent::CityReturned(wire::CityReturned {
            from_party: from_party.to_string(),
            to_party: to_party.to_string(),
            reason: reason.clone(),
        }),
        Event::Concluded { by, summary } => {
            WireEvent::Concluded(wire::Concluded { by: by.to_string(), summary: summary.clone() })
        }
        Event::HelpBegun { reference, until } => {
            WireEvent::HelpBegun(wire::HelpBegun { reference: reference.clone(), until: Some(until.to_wire()) })
        }
        Event::HelpOpened { reference, case } => {
            WireEvent::HelpOpened(wire::HelpOpened { reference: reference.clone(), case_id: case.to_string() })
        }
        Event::AskedToHelp(Helped { case, reference }) => {
            WireEvent::AskedToHelp(wire::AskedToHelp { case_id: case.to_string(), reference: reference.clone() })
        }
        Event::HelpEnded { reference, case } => {
            WireEvent::HelpEnded(wire::HelpEnded { reference: reference.clone(), case_id: case.to_string() })
        }
        Event::RatingOpened { round, rating_due } => {
            WireEvent::RatingOpened(wire::RatingOpened { round: *round, rating_due: Some(rating_due.to_wire()) })
        }
        Event::RelatedCaseSpawned { by, reference, related } => {
            WireEvent::RelatedCaseSpawned(wire::RelatedCaseSpawned {
                by: by.to_string(),
                reference: reference.clone(),
                title: related.title.clone(),
                text: related.text.clone(),
                place: Some(shared::to_place(&related.place)),
                category: shared::text(related.category.as_ref()),
            })
        }
        Event::Resolved(resolution) => WireEvent::Resolved(to_resolved(resolution)),
        Event::Reopened { reason, due, start, told, answer } => WireEvent::Reopened(wire::Reopened {
            told: shared::texts(told),
            reason: reason.clone(),
            due: Some(due.to_wire()),
            start: start.as_ref().map(to_start),
            answer_due: answer.as_ref().map(|answer| answer.due.to_wire()),
            reminders: answer.iter().flat_map(|answer| &answer.reminders).map(|at| at.to_wire()).collect(),
        }),
        Event::Closed { reason, outcome } => {
            let outcome = outcome.map(shared::to_outcome).unwrap_or_default();
            WireEvent::Closed(wire::Closed { reason: to_close_reason(*reason).into(), outcome })
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
        dropped: to_dropped(&assigned.dropped),
    }
}

fn to_dropped(dropped: &[Dropped]) -> Vec<wire::DroppedTask> {
    dropped.iter().map(|gone| wire::DroppedTask { task: gone.task, party: gone.party.to_string() }).collect()
}

fn to_start(start: &Start) -> wire::ClockStart {
    wire::ClockStart { at: Some(start.at.to_wire()), limit: start.limit.to_string() }
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
        counts_from: whistle.counts_from.map(|at| at.to_wire()),
        note: whistle.note.clone(),
        reminders: whistle.reminders.iter().map(|at| at.to_wire()).collect(),
        special: whistle.special.as_ref().map(|special| wire::SpecialCall {
            group: special.group.to_string(),
            chair: special.chair.as_ref().map(shared::to_officer),
        }),
    }
}

fn to_resolved(resolution: &Resolution) -> wire::Resolved {
    let performance = resolution.performance.iter().map(|performance| wire::Performance {
        party: performance.party.to_string(),
        responded_in_time: performance.kept.responded_in_time,
        reported_in_in_time: performance.kept.reported_in_in_time,
        done_in_time: performance.kept.done_in_time,
        calling_party: shared::text(performance.calling_party.as_ref()),
        round: performance.round.unwrap_or_default(),
    });
    let (rating_due, waits_for_help_until) = match resolution.asking {
        Asking::Until(due) => (Some(due.to_wire()), None),
        Asking::AfterHelp(until) => (None, Some(until.to_wire())),
    };
    wire::Resolved {
        outcome: shared::to_outcome(resolution.outcome),
        summary: resolution.summary.clone(),
        by: resolution.by.to_string(),
        round: resolution.round,
        calling_party: shared::text(resolution.calling_party.as_ref()),
        performance: performance.collect(),
        rating_due,
        waits_for_help_until,
        owner: resolution.holder.to_string(),
        evidence: resolution.evidence.clone(),
    }
}
