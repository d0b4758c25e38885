//! Meeting at the street: whoever comes has reported in, whoever does not has not, and what is decided becomes tasks
//! . A task force meets at a steady pace until the matter is done.

use ids::Code;
use jiff::{SignedDuration, Timestamp};

use super::decide::{Decision, plan};
use super::{Attendee, Event, InForce, Matter, Place, Plan, Refusal, Stage, State, evolve};

/// Longest pause between two meetings of a task force, in days.
const CADENCE_DAYS_MAX: u32 = 31;

pub(super) fn hold(
    state: &State,
    matter: &Matter,
    by: &Code,
    present: &[Attendee],
    (minutes, decisions): (&str, &[Plan]),
    (now, in_force): (Timestamp, &InForce),
) -> Decision {
    if present.is_empty() {
        return Err(Refusal::NobodyPresent);
    }
    let came = |party: &Code| present.iter().find(|attendee| attendee.party == *party);
    let mut events = Vec::new();
    let mut absent = Vec::new();
    for call in state.open_calls() {
        for called in call.parties.iter().filter(|called| called.stage < Stage::ReportedIn) {
            let Some(attendee) = came(&called.party) else {
                absent.push(called.party.clone());
                continue;
            };
            if called.stage == Stage::Called {
                events.push(Event::Responded {
                    call: call.number,
                    party: called.party.clone(),
                    officer: attendee.officer.clone(),
                    in_time: now <= called.response_due,
                });
            }
            events.push(Event::ReportedIn {
                call: call.number,
                party: called.party.clone(),
                officer: attendee.officer.clone(),
                check_in: Place::default(),
                in_time: now <= called.report_in_due,
            });
        }
    }
    let next = state.task_force.as_ref().map(|force| after(now, force.cadence_days));
    events.insert(
        0,
        Event::MeetingHeld {
            by: by.clone(),
            call: state.open_calls().last().map(|call| call.number),
            present: present.iter().map(|attendee| attendee.party.clone()).collect(),
            absent,
            minutes: minutes.to_owned(),
            next,
        },
    );
    let then = events.iter().fold(state.clone(), evolve::evolve);
    let planned = plan(&then, matter, by, decisions, (now, in_force))?;
    // A meeting whose decisions cannot stand was not held.
    if planned.iter().any(Event::is_refusal) {
        return Ok(planned);
    }
    events.extend(planned);
    Ok(events)
}

pub(super) fn form_task_force(
    state: &State,
    lead: &Code,
    members: &[Code],
    cadence_days: u32,
    now: Timestamp,
) -> Decision {
    if state.task_force.is_some() {
        return Err(Refusal::TaskForceAlready);
    }
    if !(1..=CADENCE_DAYS_MAX).contains(&cadence_days) || members.len() < 2 {
        return Err(Refusal::Cadence);
    }
    Ok(vec![Event::TaskForceFormed {
        lead: lead.clone(),
        members: members.to_vec(),
        cadence_days,
        meets_by: after(now, cadence_days),
    }])
}

/// When the time to meet by a day began.
pub(super) fn before(day: Timestamp, days: u32) -> Timestamp {
    day.saturating_sub(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MIN)
}

/// Days of 24 hours: the same time of day in a district, which has no summer time.
pub(super) fn after(now: Timestamp, days: u32) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX)
}
