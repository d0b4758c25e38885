//! Who has the case next: at the same level, one level up, or the city. The clock goes on through all of it.

use charter::Level;
use ids::Code;

use super::decide::Decision;
use super::{Assignment, Event, Expected, InForce, Matter, Refusal, State, admission};

/// Times one unit may have the same case in one round: it can come back once, with what was learnt elsewhere; a third
/// time it goes round.
const VISITS_MAX: usize = 2;

pub(super) fn assign(
    state: &State,
    matter: &Matter,
    by: &Code,
    (to, to_level): (&Code, Level),
    reason: &str,
    in_force: &InForce,
) -> Decision {
    if matter.owner == *to {
        return Err(Refusal::AlreadyThere(to.clone()));
    }
    no_open_call(state)?;
    if to_level != level_without_call(matter.level) {
        return Err(Refusal::WrongLevel { party: to.clone(), level: to_level, case: matter.level });
    }
    goes_round(state, to)?;
    if let Some(refused) = admission::refusal(state, &matter.category, to, Some(by), in_force) {
        return Ok(vec![refused]);
    }
    Ok(vec![Event::Assigned(Box::new(Assignment {
        party: to.clone(),
        level: matter.level,
        comprehensive: matter.comprehensive,
        category: matter.category.clone(),
        also: matter.also.clone(),
        situation: matter.situation.clone(),
        colour: matter.colour,
        title: matter.title.clone(),
        place: matter.place.clone(),
        // The clock goes on: a new owner is no new start.
        due: matter.clock.due,
        due_provisional: false,
        start: matter.clock.start,
        evidence_needed: matter.evidence_needed,
        reason: reason.to_owned(),
        graded_by: matter.graded_by,
    }))])
}

/// B2 is B1 with a call: the street's units hold both.
fn level_without_call(level: Level) -> Level {
    match level {
        Level::B2 => Level::B1,
        Level::A | Level::B1 | Level::C | Level::D => level,
    }
}

pub(super) fn escalate(matter: &Matter, to: &Code, to_level: Level, reason: &str) -> Decision {
    if matter.owner == *to || to_level < level_without_call(matter.level) {
        return Err(Refusal::NotUpwards(to.clone()));
    }
    Ok(vec![Event::Escalated {
        from_party: matter.owner.clone(),
        to_party: to.clone(),
        from: matter.level,
        to: to_level.max(matter.level),
        reason: reason.to_owned(),
    }])
}

/// To the city, under a name that it is found by there. The city can be asked once more after it said no, like any
/// other; a third time it goes round.
pub(super) fn transfer(
    state: &State,
    matter: &Matter,
    (by, above): (&Code, bool),
    city: &Code,
    (reference, reason): (&str, &str),
    answer: &Expected,
) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    if matter.owner == *city {
        return Err(Refusal::AlreadyThere(city.clone()));
    }
    no_open_call(state)?;
    goes_round(state, city)?;
    Ok(vec![Event::Transferred {
        from_party: matter.owner.clone(),
        to_party: city.clone(),
        reference: reference.to_owned(),
        reason: reason.to_owned(),
        answer: Some(answer.clone()),
    }])
}

/// The city says that it is not its own. Nothing keeps it from coming back: it is nobody else's.
pub(super) fn city_return(state: &State, city: &Code, centre: &Code, reason: &str) -> Decision {
    no_open_call(state)?;
    Ok(vec![Event::CityReturned { from_party: city.clone(), to_party: centre.clone(), reason: reason.to_owned() }])
}

fn goes_round(state: &State, to: &Code) -> Result<(), Refusal> {
    let visits = state.owners.iter().filter(|owner| *owner == to).count();
    if visits < VISITS_MAX { Ok(()) } else { Err(Refusal::GoesRound(to.clone())) }
}

fn no_open_call(state: &State) -> Result<(), Refusal> {
    state.open_calls().next().map_or(Ok(()), |open| Err(Refusal::CallOpen(open.number)))
}
