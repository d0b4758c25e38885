//! More time for a case, a call or a task.

use ids::Code;
use jiff::Timestamp;

use super::decide::Decision;
use super::{Event, Matter, Refusal, Scope, State};

/// What an extension says.
pub(super) struct Extension<'s> {
    pub basis: &'s str,
    pub reason: &'s str,
    pub due: Timestamp,
    pub now: Timestamp,
}

/// Once, before it has run out, on a legal basis: the case's by whoever is above its holder, a call's and a task's by the
/// holder.
pub(super) fn extend(
    state: &State,
    matter: &Matter,
    by: &Code,
    above: bool,
    scope: Scope,
    asked: &Extension<'_>,
) -> Decision {
    let (due, counts_from, extended) = match scope {
        Scope::Case => (matter.clock.due, matter.clock.granted_at, matter.clock.granted.is_some()),
        Scope::Call(number) => {
            let call = state.open_calls().find(|call| call.number == number).ok_or(Refusal::NoSuchCall(number))?;
            (call.completion_due, call.counts_from, call.extended)
        }
        Scope::Task(number) => {
            let task = state.tasks.iter().find(|task| task.number == number && task.is_open());
            let task = task.ok_or(Refusal::NoSuchTask(number))?;
            (task.due, task.counts_from, task.extended)
        }
    };
    let may = match scope {
        Scope::Case => above,
        Scope::Call(_) | Scope::Task(_) => above || matter.holder == *by,
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
    Refusal::unless_later(asked.due, state.as_it_stands(due, counts_from, asked.now).0)?;
    Ok(vec![Event::Extended {
        scope,
        by: by.clone(),
        basis: asked.basis.to_owned(),
        reason: asked.reason.to_owned(),
        due: asked.due,
        counts_from: Some(asked.now),
    }])
}
