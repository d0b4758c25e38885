//! Who has the case next: at the same level, one level up, or the city. The clock goes on through all of it.

use charter::{Level, PartyKind};
use ids::Code;

use super::decide::Decision;
use super::{
    Assignment, Event, Expected, InForce, Matter, Refusal, State, Terms, admission, city_answer, joint_operation, reach,
};

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
    if matter.holder == *to {
        return Err(Refusal::AlreadyThere(to.clone()));
    }
    no_open_call(state)?;
    if to_level != level_without_call(matter.level) {
        return Err(Refusal::WrongLevel { party: to.clone(), level: to_level, case: matter.level });
    }
    if !reach::hands_on(&in_force.0, by, to) {
        return Err(Refusal::NotInward { by: by.clone(), to: to.clone() });
    }
    if reason.trim().is_empty() && !reach::dispatches(&in_force.0, by) {
        return Err(Refusal::ReasonRequired);
    }
    goes_round(state, to)?;
    if let Some(refused) = admission::refusal(state, &matter.category, to, Some(by), in_force) {
        return Ok(vec![refused]);
    }
    Ok(vec![Event::Assigned(Box::new(Assignment {
        party: to.clone(),
        level: matter.level,
        comprehensive: matter.joint && joint_operation::is_run_by(to, in_force),
        category: matter.category.clone(),
        also: matter.also.clone(),
        situation: matter.situation.clone(),
        colour: matter.colour,
        title: matter.title.clone(),
        place: matter.place.clone(),
        // The clock goes on: a new holder is no new start.
        due: matter.clock.due,
        due_provisional: false,
        start: matter.clock.start,
        evidence_needed: matter.evidence_needed,
        reason: reason.to_owned(),
        graded_by: matter.graded_by,
        dropped: joint_operation::dropped(state),
    }))])
}

/// B2 is B1 with a call: the street's units hold both.
fn level_without_call(level: Level) -> Level {
    match level {
        Level::B2 => Level::B1,
        Level::A | Level::B1 | Level::C | Level::D => level,
    }
}

/// `judged` is triage's last revision: what was judged before, and could not hold yet, does not take it back.
pub(super) fn escalate(
    state: &State,
    matter: &Matter,
    (to, to_level): (&Code, Level),
    reason: &str,
    judged: u64,
) -> Decision {
    // Only the city is at that level, and the district keeps it.
    if to_level == Level::D {
        return Err(Refusal::TransferInstead(to.clone()));
    }
    if matter.holder == *to || to_level < level_without_call(matter.level) {
        return Err(Refusal::NotUpwards(to.clone()));
    }
    Ok(vec![Event::Escalated {
        from_party: matter.holder.clone(),
        to_party: to.clone(),
        from: matter.level,
        to: to_level.max(matter.level),
        reason: reason.to_owned(),
        graded_by: judged.max(matter.graded_by),
        dropped: joint_operation::dropped(state),
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
    (answer, judged): (&Expected, u64),
) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    if matter.holder == *city {
        return Err(Refusal::AlreadyThere(city.clone()));
    }
    no_open_call(state)?;
    goes_round(state, city)?;
    Ok(vec![Event::Transferred {
        from_party: matter.holder.clone(),
        to_party: city.clone(),
        reference: reference.to_owned(),
        reason: reason.to_owned(),
        answer: Some(answer.clone()),
        graded_by: judged.max(matter.graded_by),
        dropped: joint_operation::dropped(state),
    }])
}

/// The city has no desk here: what it has, the district works with as if it were its own.
pub(super) fn writes_for_city(matter: &Matter, by: &Code, in_force: &InForce) -> bool {
    let district = || in_force.0.party(by.as_str()).is_some_and(|party| party.kind == PartyKind::District);
    matter.with_city && district()
}

/// Until when the city, if it has the case, says what becomes of it now that it is open again.
pub(super) fn asked_again(state: &State, terms: &Terms) -> Option<Expected> {
    let with_city = state.matter.as_ref().is_some_and(|matter| matter.with_city);
    with_city.then(|| city_answer(&terms.in_force.0, terms.now))
}

/// The city says that it is not its own. Nothing keeps it from coming back: it is nobody else's.
pub(super) fn city_return(state: &State, city: &Code, centre: &Code, reason: &str) -> Decision {
    no_open_call(state)?;
    Ok(vec![Event::CityReturned { from_party: city.clone(), to_party: centre.clone(), reason: reason.to_owned() }])
}

fn goes_round(state: &State, to: &Code) -> Result<(), Refusal> {
    let visits = state.holders.iter().filter(|holder| *holder == to).count();
    if visits < VISITS_MAX { Ok(()) } else { Err(Refusal::GoesRound(to.clone())) }
}

fn no_open_call(state: &State) -> Result<(), Refusal> {
    state.open_calls().next().map_or(Ok(()), |open| Err(Refusal::CallOpen(open.number)))
}

#[cfg(test)]
mod tests {
    use decider::Decider;
    use vocabulary::Outcome;

    use super::super::tests::{
        POLICE, STREET, after, at, check, code, given, grade, grade_as, in_force, just_after, names, terms, whistle,
    };
    use super::super::{Clock, Command, Plan, Recurrent, Rules, next_deadline};
    use super::*;

    const DISTRICT: &str = "wuchang-centre";
    const CITY: &str = "wuhan";

    fn city_done() -> Command {
        Command::CityDone {
            by: code(DISTRICT),
            above: true,
            city: code(CITY),
            outcome: Outcome::Solved,
            summary: "repaired".to_owned(),
            evidence: vec![],
            rating_due: at(30_000),
        }
    }

    #[test]
    fn what_the_city_has_keeps_its_clock_and_ends_by_what_the_district_writes_down() {
        let transfer = |above| Command::Transfer {
            by: code(DISTRICT),
            above,
            city: code(CITY),
            reference: "C-17".to_owned(),
            reason: "the city's road".to_owned(),
            answer: Expected { due: at(1_000_000), reminders: vec![] },
            judged: 0,
        };
        let first = given(&[grade()]);
        assert_eq!(Rules::decide(&first, &transfer(false)), Err(Refusal::NotAbove(code(DISTRICT))));
        let state = after(first.clone(), &transfer(true));
        let matter = state.matter.as_ref().unwrap();
        assert_eq!((matter.holder.as_str(), matter.level), (CITY, Level::D));
        assert_eq!(next_deadline(&state), next_deadline(&first), "the clock goes on");
        let late = Rules::decide(&state, &check(14 * 24 * 60)).unwrap();
        assert!(matches!(&late[..], [Event::Overdue { clock: Clock::Case, party, .. }] if party.as_str() == CITY));
        let done = |state: &State| Rules::decide(state, &city_done());
        assert!(matches!(done(&first), Err(Refusal::NotTheHolder { .. })), "only of a case that the city has");
        assert_eq!(names(&done(&state).unwrap()), ["Resolved"]);
    }

    fn escalate(by: &str, (to, to_level): (&str, Level), judged: u64) -> Command {
        Command::Escalate { by: code(by), to: code(to), to_level, reason: "no street can".to_owned(), judged }
    }

    #[test]
    fn what_was_judged_before_a_case_went_up_does_not_take_it_back_when_it_can_hold() {
        let later = |graded_by| grade_as(graded_by, terms(0, "14d"));
        let release = Command::Release {
            by: code(STREET),
            party: code(POLICE),
            reason: "not needed".to_owned(),
            rating_due: at(1),
        };
        let called = given(&[grade(), whistle(&[POLICE])]);
        assert_eq!(Rules::decide(&called, &later(2)), Ok(vec![]), "it waits for the call");
        let above = after(after(called, &escalate(STREET, (DISTRICT, Level::C), 2)), &release);
        assert_eq!(Rules::decide(&above, &later(2)), Ok(vec![]), "however late it is told");
        assert_eq!(names(&Rules::decide(&above, &later(3)).unwrap()), ["Assigned"], "who has it judges anew");
    }

    #[test]
    fn the_city_gets_a_case_under_a_name_of_its_own_and_a_day_to_answer() {
        let state = given(&[grade(), escalate(STREET, (DISTRICT, Level::C), 1)]);
        let up = escalate(DISTRICT, (CITY, Level::D), 1);
        assert_eq!(Rules::decide(&state, &up), Err(Refusal::TransferInstead(code(CITY))));
    }

    #[test]
    fn what_is_open_again_with_the_city_is_asked_for_again() {
        let again = Command::Reopen { reason: "wet again".to_owned(), terms: terms(20_000, "14d") };
        let reopened = Rules::decide(&after(with_the_city(), &city_done()), &again).unwrap();
        let [Event::Reopened { answer: Some(answer), .. }] = &reopened[..] else { panic!("{reopened:?}") };
        let state = reopened.iter().fold(after(with_the_city(), &city_done()), Rules::evolve);
        assert_eq!(next_deadline(&state), answer.reminders.first().copied());
        let late = Rules::decide(&state, &check(40_000)).unwrap();
        assert!(late.iter().any(|event| matches!(event, Event::Overdue { clock: Clock::City, .. })), "{late:?}");
    }

    #[test]
    fn the_district_finds_the_cause_of_what_the_city_has() {
        let Command::Grade { assignment, .. } = grade() else { unreachable!() };
        let found = Recurrent {
            category: assignment.category.clone(),
            earlier: vec!["261121-7k3q9x7".parse().unwrap()],
            rule: charter::Recurrence { times: 2, within_days: 60, distance_m: 50 },
        };
        let state = after(with_the_city(), &Command::FoundRecurrent { found: Box::new(found), leading: vec![] });
        let done = Command::CityDone {
            by: code(DISTRICT),
            above: true,
            city: code(CITY),
            outcome: Outcome::Solved,
            summary: "pumped".to_owned(),
            evidence: vec![],
            rating_due: at(30_000),
        };
        assert_eq!(Rules::decide(&state, &done), Err(Refusal::RootCauseNeeded));
        let cause = |by: &str| {
            let party = code(DISTRICT);
            let task = Plan { party, title: "why".to_owned(), due: None, after: vec![], root_cause: true };
            Command::PlanTasks { by: code(by), tasks: vec![task], now: at(5), in_force: in_force() }
        };
        assert!(matches!(Rules::decide(&state, &cause(STREET)), Err(Refusal::NotTheHolder { .. })));
        let (by, note) = (code(DISTRICT), "the pipe is too narrow".to_owned());
        let said = Command::CompleteTask { by, task: 1, note, evidence: vec![], now: at(9), rating_due: at(30_000) };
        let state = after(after(state, &cause(DISTRICT)), &said);
        assert_eq!(names(&Rules::decide(&state, &done).unwrap()), ["Resolved"]);
    }

    /// In the city's hands since minute 0, with three days to say a word.
    fn with_the_city() -> State {
        let transfer = Command::Transfer {
            by: code(DISTRICT),
            above: true,
            city: code(CITY),
            reference: "C-17".to_owned(),
            reason: "the city's road".to_owned(),
            answer: Expected { due: at(4320), reminders: vec![at(2160), at(3456)] },
            judged: 0,
        };
        given(&[grade(), transfer])
    }

    #[test]
    fn the_city_is_asked_after_and_its_silence_is_told_once() {
        let state = with_the_city();
        assert_eq!(next_deadline(&state), Some(at(2160)));
        assert_eq!(Rules::decide(&state, &check(2159)), Ok(vec![]));
        let asked = Rules::decide(&state, &check(2160)).unwrap();
        assert!(
            matches!(&asked[..], [Event::CityReminded { city, told, reminder: 1, .. }]
                if city.as_str() == CITY && told.as_str() == DISTRICT),
            "{asked:?}"
        );
        let state = asked.iter().fold(state, Rules::evolve);
        assert_eq!(Rules::decide(&state, &check(2160)), Ok(vec![]), "a redelivery changes nothing");
        let late = Rules::decide(&state, &check(4320)).unwrap();
        assert_eq!(names(&late), ["CityReminded", "Overdue"]);
        assert!(matches!(&late[1], Event::Overdue { clock: Clock::City, told, .. } if told.as_str() == DISTRICT));
        let state = late.iter().fold(state, Rules::evolve);
        assert_eq!(Rules::decide(&state, &check(4321)), Ok(vec![]));
        assert_eq!(next_deadline(&state), Some(just_after(14 * 24 * 60)), "only the clock of the case is left");
    }

    #[test]
    fn any_word_of_the_city_is_its_answer() {
        let (by, note) = (code(DISTRICT), "somebody is on the way".to_owned());
        let state = after(with_the_city(), &Command::CityProgress { by, above: true, city: code(CITY), note });
        assert_eq!(next_deadline(&state), Some(just_after(14 * 24 * 60)));
        assert_eq!(Rules::decide(&state, &check(4320)), Ok(vec![]));
    }

    #[test]
    fn what_is_not_the_citys_comes_back_to_the_district_and_goes_there_once_more_at_most() {
        let back = |above| Command::CityReturn {
            by: code(DISTRICT),
            above,
            city: code(CITY),
            centre: code(DISTRICT),
            reason: "a district road".to_owned(),
        };
        let state = with_the_city();
        assert_eq!(Rules::decide(&state, &back(false)), Err(Refusal::NotAbove(code(DISTRICT))));
        let state = after(state, &back(true));
        let matter = state.matter.as_ref().unwrap();
        assert_eq!((matter.holder.as_str(), matter.level), (DISTRICT, Level::C));
        assert_eq!(next_deadline(&state), Some(just_after(14 * 24 * 60)), "nobody waits for the city any more");
        assert!(matches!(Rules::decide(&state, &back(true)), Err(Refusal::NotTheHolder { .. })), "said once");
        let again = Command::Transfer {
            by: code(DISTRICT),
            above: true,
            city: code(CITY),
            reference: "C-18".to_owned(),
            reason: "it is on the city's map".to_owned(),
            answer: Expected { due: at(9000), reminders: vec![] },
            judged: 0,
        };
        let state = after(after(state, &again), &back(true));
        assert_eq!(Rules::decide(&state, &again), Err(Refusal::GoesRound(code(CITY))));
    }

    #[test]
    fn a_case_comes_back_once_and_does_not_go_round() {
        const OFFICE: &str = "wuchang-liangdao-public-safety";
        let assign = |to: &str| Command::Assign {
            by: code(DISTRICT),
            above_holder: true,
            to: code(to),
            to_level: Level::B1,
            reason: "yours".to_owned(),
            in_force: in_force(),
        };
        let there_and_back = given(&[grade(), assign(OFFICE), assign(STREET), assign(OFFICE)]);
        assert_eq!(Rules::decide(&there_and_back, &assign(STREET)), Err(Refusal::GoesRound(code(STREET))));
        assert_eq!(next_deadline(&there_and_back), next_deadline(&given(&[grade()])));
    }
}
