//! A call that is sent back, and an officer who cannot decide: neither stops a clock.

use ids::Code;
use jiff::Timestamp;

use super::call;
use super::decide::Decision;
use super::{Event, Refusal, ReturnBasis, Stage, State, Whistle};

/// What a unit says when it sends a call back.
pub(super) struct Sent<'s> {
    pub basis: ReturnBasis,
    pub reason: &'s str,
    pub proposes: &'s Code,
    pub due: Timestamp,
    pub district: &'s Code,
}

/// Once per unit, naming whose it is. The street that called decides the first time; the second time the district
/// does, for good.
pub(super) fn send_back(state: &State, number: u32, party: &Code, sent: &Sent<'_>) -> Decision {
    let (call, called) = call::of(state, number, party)?;
    if sent.proposes == party {
        return Err(Refusal::ReturnedToItself(party.clone()));
    }
    if called.stage >= Stage::ReportedIn {
        return Err(Refusal::ReportedInAlready(party.clone()));
    }
    let before = state.calls.iter().flat_map(|call| &call.parties).filter(|known| known.party == *party);
    if before.clone().any(|known| known.returned.is_some()) {
        return Err(Refusal::ReturnedAlready(party.clone()));
    }
    if state.returns >= FINAL_BOUNCE {
        return Err(Refusal::ReturnsFinal);
    }
    let bounce = state.returns + 1;
    let adjudicator = if bounce >= FINAL_BOUNCE { sent.district } else { &call.caller };
    Ok(vec![Event::Returned {
        call: number,
        party: party.clone(),
        basis: sent.basis,
        reason: sent.reason.to_owned(),
        proposes: sent.proposes.clone(),
        adjudicator: adjudicator.clone(),
        due: sent.due,
        bounce,
    }])
}

/// The return that is decided for good.
const FINAL_BOUNCE: u32 = 2;

/// Upheld, the right unit is called in the same breath and has what was planned for the wrong one, so that neither the
/// matter nor a task is ever nobody's. Otherwise the unit that was called first keeps it: whoever it is unclear for leads.
pub(super) fn adjudicate(
    state: &State,
    by: &Code,
    number: u32,
    party: &Code,
    upheld: Option<&Whistle>,
    reason: &str,
) -> Decision {
    let nothing = || Refusal::NothingReturned(party.clone());
    let (_, called) = call::of(state, number, party)?;
    let returned = called.returned.as_ref().filter(|returned| returned.pending).ok_or_else(nothing)?;
    if returned.adjudicator != *by {
        return Err(Refusal::NotTheAdjudicator { adjudicator: returned.adjudicator.clone(), asked: by.clone() });
    }
    if let Some(itself) = upheld.and_then(|whistle| whistle.parties.iter().find(|(right, _)| right == party)) {
        return Err(Refusal::ReturnedToItself(itself.0.clone()));
    }
    let decided = Event::ReturnAdjudicated {
        call: number,
        party: party.clone(),
        by: by.clone(),
        upheld: upheld.is_some(),
        is_final: state.returns >= FINAL_BOUNCE,
        reason: reason.to_owned(),
    };
    match upheld {
        None => Ok(vec![decided]),
        Some(whistle) => {
            let mut events = vec![decided];
            events.extend(call::blow(state, whistle)?);
            events.extend(handed_on(state, (number, party), whistle));
            Ok(events)
        }
    }
}

/// What a unit had left to do on a call goes to the right one: planned again under its number, so that what waits for it
/// waits on. A day of its own stays, unless it is over: nobody is late for what it did not have.
fn handed_on(state: &State, (from, party): (u32, &Code), whistle: &Whistle) -> Vec<Event> {
    let Some((right, _)) = whistle.parties.first() else { return vec![] };
    let is_open = |number: &u32| state.tasks.iter().any(|task| task.number == *number && task.is_open());
    let left = state.tasks.iter().filter(|task| task.is_open() && task.party == *party && task.call == Some(from));
    left.map(|task| {
        let follows = task.follows || task.late;
        Event::TaskPlanned {
            task: task.number,
            party: right.clone(),
            title: task.title.clone(),
            due: if follows { whistle.completion_due } else { task.due },
            counts_from: if follows { whistle.counts_from } else { task.counts_from },
            follows,
            after: task.after.iter().copied().filter(is_open).collect(),
            call: Some(state.next_call()),
            root_cause: task.root_cause,
            joint_meeting: task.joint_meeting,
        }
    })
    .collect()
}

/// The clocks of response and report-in start anew: somebody was there, but not for this.
pub(super) fn disqualify(
    state: &State,
    number: u32,
    party: &Code,
    reason: &str,
    response_due: Timestamp,
    report_in_due: Timestamp,
) -> Decision {
    let (_, called) = call::of(state, number, party)?;
    if called.stage != Stage::ReportedIn {
        return Err(Refusal::NotReportedIn(party.clone()));
    }
    let reason = reason.to_owned();
    Ok(vec![Event::Unqualified { call: number, party: party.clone(), reason, response_due, report_in_due }])
}
