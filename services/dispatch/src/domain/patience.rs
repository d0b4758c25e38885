//! Time that is given, taken back, or asked for: supervision, extension, suspension.
//!
//! Only the clocks of the work stand still while a case is suspended. Those of response and report-in never do: nobody
//! stops a clock by not signing.

use charter::Standstill;
use ids::Code;
use jiff::Timestamp;

use super::decide::Decision;
use super::{Event, InForce, Matter, Refusal, Scope, State, Suspension, case_clock};

/// Orders of supervision one case may have.
const SUPERVISIONS_MAX: usize = 20;

/// By whoever is above the owner, or, of a department that was called and is not done, by who called it.
pub(super) fn supervise(
    state: &State,
    by: &Code,
    above: bool,
    party: &Code,
    text: &str,
    due: Timestamp,
    now: Timestamp,
) -> Decision {
    let called = state.calls.iter().any(|call| call.caller == *by && call.is_expecting(party));
    if !above && !called {
        return Err(Refusal::NotAbove(by.clone()));
    }
    later(due, now)?;
    if state.supervisions.len() >= SUPERVISIONS_MAX {
        return Err(Refusal::TooMany(SUPERVISIONS_MAX));
    }
    let order = u32::try_from(state.supervisions.len()).unwrap_or(u32::MAX) + 1;
    Ok(vec![Event::Supervised { order, by: by.clone(), party: party.clone(), text: text.to_owned(), due }])
}

pub(super) fn answer_supervision(state: &State, by: &Code, order: u32, note: &str, now: Timestamp) -> Decision {
    let known =
        state.supervisions.iter().find(|known| known.number == order).ok_or(Refusal::NoSuchSupervision(order))?;
    if known.party != *by {
        return Err(Refusal::AnothersSupervision { order, party: known.party.clone() });
    }
    if known.answered {
        return Err(Refusal::SupervisionAnswered(order));
    }
    let in_time = now <= known.due;
    Ok(vec![Event::SupervisionAnswered { order, party: by.clone(), note: note.to_owned(), in_time }])
}

/// What an extension says.
pub(super) struct Extension<'s> {
    pub basis: &'s str,
    pub reason: &'s str,
    pub due: Timestamp,
    pub now: Timestamp,
}

/// Once, before it has run out, on a legal basis: the case's by whoever is above its owner, a call's and a task's by the
/// owner.
pub(super) fn extend(
    state: &State,
    matter: &Matter,
    by: &Code,
    above: bool,
    scope: Scope,
    asked: &Extension<'_>,
) -> Decision {
    let (due, extended) = match scope {
        Scope::Case => (matter.clock.due, matter.clock.granted.is_some()),
        Scope::Call(number) => {
            let call = state.open_calls().find(|call| call.number == number).ok_or(Refusal::NoSuchCall(number))?;
            (call.completion_due, call.extended)
        }
        Scope::Task(number) => {
            let task = state.tasks.iter().find(|task| task.number == number && task.is_open());
            let task = task.ok_or(Refusal::NoSuchTask(number))?;
            (task.due, task.extended)
        }
    };
    let may = match scope {
        Scope::Case => above,
        Scope::Call(_) | Scope::Task(_) => above || matter.owner == *by,
    };
    if !may {
        return Err(Refusal::NotAbove(by.clone()));
    }
    if extended {
        return Err(Refusal::ExtendedAlready);
    }
    if !state.is_in_time(due, asked.now) {
        return Err(Refusal::RanOut(due));
    }
    later(asked.due, due)?;
    Ok(vec![Event::Extended {
        scope,
        by: by.clone(),
        basis: asked.basis.to_owned(),
        reason: asked.reason.to_owned(),
        due: asked.due,
    }])
}

pub(super) fn suspend(
    state: &State,
    by: &Code,
    above: bool,
    (basis, reason): (&str, &str),
    until: Timestamp,
    now: Timestamp,
) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    if state.suspension.is_some() {
        return Err(Refusal::SuspendedAlready);
    }
    later(until, now)?;
    Ok(vec![Event::Suspended { by: by.clone(), basis: basis.to_owned(), reason: reason.to_owned(), since: now, until }])
}

pub(super) fn resume(state: &State, by: &Code, above: bool, now: Timestamp, in_force: &InForce) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    let suspension = state.suspension.as_ref().ok_or(Refusal::NotSuspended)?;
    Ok(vec![resumed(state, suspension, Some(by), now.min(suspension.until), in_force)])
}

/// The clocks go on at `until`; when that of the case runs out is counted anew.
pub(super) fn resumed(
    state: &State,
    suspension: &Suspension,
    by: Option<&Code>,
    until: Timestamp,
    in_force: &InForce,
) -> Event {
    let standstill = Standstill { from: suspension.since, until };
    let due = state.matter.as_ref().map(|matter| {
        let clock = matter.clock.after_standstill(standstill);
        match clock.start {
            Some(_) => clock.deadline(in_force).due,
            None => case_clock::later(clock.due, standstill),
        }
    });
    Event::Resumed { by: by.cloned(), held: standstill.length(), due }
}

fn later(due: Timestamp, than: Timestamp) -> Result<(), Refusal> {
    if due > than { Ok(()) } else { Err(Refusal::NotLater(than)) }
}

impl State {
    /// Whether work due at `due` is in time at `now`. Time does not pass for it while the case is suspended.
    pub(super) fn is_in_time(&self, due: Timestamp, now: Timestamp) -> bool {
        let reached = self.suspension.as_ref().map_or(now, |suspension| suspension.since.min(now));
        reached <= due
    }
}

#[cfg(test)]
mod tests {
    use decider::Decider;

    use super::super::tests::{BUILD, POLICE, STREET, answer, at, code, done, given, grade, names, report_in, whistle};
    use super::super::{Command, Refusal, Rules};

    #[test]
    fn whoever_called_supervises_whom_it_called_until_they_are_done() {
        let supervise = |by: &str, party: &str| Command::Supervise {
            by: code(by),
            above: false,
            party: code(party),
            text: "when do you come?".to_owned(),
            due: at(600),
            now: at(60),
        };
        let state = given(&[grade(), whistle(&[POLICE, BUILD])]);
        assert_eq!(names(&Rules::decide(&state, &supervise(STREET, POLICE)).unwrap()), ["Supervised"]);
        for (by, party) in [(STREET, "wuchang-water"), (BUILD, POLICE)] {
            assert_eq!(Rules::decide(&state, &supervise(by, party)), Err(Refusal::NotAbove(code(by))));
        }
        let state =
            given(&[grade(), whistle(&[POLICE, BUILD]), answer(POLICE, 5, report_in()), answer(POLICE, 9, done())]);
        assert_eq!(Rules::decide(&state, &supervise(STREET, POLICE)), Err(Refusal::NotAbove(code(STREET))));
    }
}
