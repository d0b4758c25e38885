//! Which clocks run, and which have run out. Each acts once, and never early (I7).

use std::collections::BTreeMap;

use ids::Code;
use jiff::Timestamp;

use super::{Call, CalledParty, Clock, CloseReason, Event, Phase, Stage, State};

/// One running clock.
struct Running<'s> {
    clock: Clock,
    call: Option<u32>,
    task: Option<u32>,
    party: &'s Code,
    due: Timestamp,
}

/// The earliest deadline that is still open.
#[must_use]
pub fn next_deadline(state: &State) -> Option<Timestamp> {
    match state.phase {
        Phase::Unknown | Phase::Closed => None,
        Phase::Resolved { rating_due, .. } => Some(rating_due),
        Phase::Open => running(state).map(|clock| clock.due).min(),
    }
}

/// What has run out by `now`, and who is told: one level above whoever is late.
pub(super) fn overdue(state: &State, now: Timestamp, above: &BTreeMap<Code, Code>, centre: &Code) -> Vec<Event> {
    match state.phase {
        Phase::Unknown | Phase::Closed => vec![],
        Phase::Resolved { rating_due, .. } if rating_due > now => vec![],
        Phase::Resolved { outcome, .. } => {
            vec![Event::Closed { reason: CloseReason::Unrated, outcome: Some(outcome) }]
        }
        Phase::Open => running(state)
            .filter(|clock| clock.due <= now)
            .map(|clock| Event::Overdue {
                clock: clock.clock,
                call: clock.call,
                party: clock.party.clone(),
                task: clock.task,
                due: clock.due,
                told: above.get(clock.party).unwrap_or(centre).clone(),
            })
            .collect(),
    }
}

fn running(state: &State) -> impl Iterator<Item = Running<'_>> {
    let calls = state.open_calls().flat_map(|call| call.parties.iter().flat_map(|called| of_party(call, called)));
    let tasks = state.tasks.iter().filter(|task| task.is_open() && !task.late).map(|task| Running {
        clock: Clock::Task,
        call: task.call,
        task: Some(task.number),
        party: &task.party,
        due: task.due,
    });
    let case = state.matter.iter().filter(|matter| !matter.overdue).map(|matter| Running {
        clock: Clock::Case,
        call: None,
        task: None,
        party: &matter.owner,
        due: matter.due,
    });
    calls.chain(tasks).chain(case)
}

fn of_party<'s>(call: &'s Call, called: &'s CalledParty) -> impl Iterator<Item = Running<'s>> {
    let waiting = [
        (Clock::Response, call.response_due, called.stage < Stage::Responded),
        (Clock::ReportIn, call.report_in_due, called.stage < Stage::ReportedIn),
        (Clock::Completion, call.completion_due, called.stage < Stage::Done),
    ];
    waiting
        .into_iter()
        .filter(|(clock, _, runs)| *runs && !called.late.contains(clock))
        .map(|(clock, due, _)| Running { clock, call: Some(call.number), task: None, party: &called.party, due })
}
