use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const SQUAD: &str = "heping-nanyingmen-squad-enforcement";
const OFFICE: &str = "heping-nanyingmen-public-management";
const BUREAU: &str = "heping-urban-management";

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn registered(used_by: &str) -> Registration {
    Registration {
        officer: Officer { staff_ref: "zf-0101".to_owned(), post: "执法队员".to_owned() },
        relations: Relations {
            owned_by: code(BUREAU),
            managed_by: code(used_by),
            used_by: code(used_by),
            assessed_by: code(used_by),
        },
        licence: vec![code("urban-management")],
    }
}

fn register(used_by: &str) -> Command {
    Command::Register(Box::new(registered(used_by)))
}

fn second(since: Date, until: Option<Date>) -> Command {
    let (from, to, reason) = (code(SQUAD), code(OFFICE), "pooled".to_owned());
    Command::Second(Box::new(Secondment { from, to, since, until, reason }))
}

fn end(last_day: Date) -> Command {
    Command::End { last_day, reason: "the market is in order".to_owned() }
}

fn given(commands: &[Command]) -> State {
    commands.iter().fold(State::default(), |state, command| {
        let events = Rules::decide(&state, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        events.iter().fold(state, Rules::evolve)
    })
}

#[test]
fn whoever_uses_an_officer_may_change_and_the_post_stays_where_it_is() {
    let before = given(&[register(SQUAD)]);
    let after = given(&[register(SQUAD), register(OFFICE)]);
    let day = date(2023, 6, 1);
    let (before, after) = (before.relations_on(day).unwrap(), after.relations_on(day).unwrap());
    assert_ne!(before.used_by, after.used_by);
    assert_eq!(before.owned_by, after.owned_by);
}

#[test]
fn a_secondment_switches_use_management_and_assessment_from_its_first_day_to_its_last() {
    let (first, last) = (date(2023, 7, 3), date(2023, 12, 29));
    let state = given(&[register(SQUAD), second(first, Some(last))]);
    let used = |day: Date| state.relations_on(day).unwrap();
    assert_eq!(used(first.yesterday().unwrap()).used_by, code(SQUAD));
    for day in [first, last] {
        let there = Relations {
            owned_by: code(BUREAU),
            managed_by: code(OFFICE),
            used_by: code(OFFICE),
            assessed_by: code(OFFICE),
        };
        assert_eq!(used(day), there, "{day}");
    }
    assert_eq!(used(last.tomorrow().unwrap()).used_by, code(SQUAD));
}

#[test]
fn the_licence_goes_with_the_person() {
    let state = given(&[register(SQUAD), second(date(2023, 7, 3), None)]);
    assert_eq!(state.registration.unwrap().licence, [code("urban-management")]);
}

#[test]
fn nobody_is_seconded_twice_at_once_and_only_by_whom_they_work_for() {
    let (first, last) = (date(2023, 7, 3), date(2023, 12, 29));
    assert_eq!(Rules::decide(&State::default(), &second(first, None)), Err(Refusal::NotRegistered));
    let state = given(&[register(SQUAD), second(first, Some(last))]);
    assert_eq!(Rules::decide(&state, &second(first, Some(last))), Ok(vec![]), "told twice");
    let overlapping = Rules::decide(&state, &second(last, None));
    assert_eq!(overlapping, Err(Refusal::SecondedAlready { to: code(OFFICE), since: first }));
    assert!(Rules::decide(&state, &second(last.tomorrow().unwrap(), None)).is_ok());
    let elsewhere = given(&[register(OFFICE)]);
    assert!(matches!(Rules::decide(&elsewhere, &second(first, None)), Err(Refusal::NotUsedThere { .. })));
    let backwards = Rules::decide(&given(&[register(SQUAD)]), &second(last, Some(first)));
    assert_eq!(backwards, Err(Refusal::EndsBefore { since: last, until: first }));
}

#[test]
fn it_ends_on_a_day_that_somebody_names() {
    let (first, last) = (date(2023, 7, 3), date(2023, 9, 1));
    let state = given(&[register(SQUAD), second(first, None)]);
    assert_eq!(Rules::decide(&state, &end(first.yesterday().unwrap())), Err(Refusal::NotSeconded(date(2023, 7, 2))));
    let state = given(&[register(SQUAD), second(first, None), end(last)]);
    assert_eq!(Rules::decide(&state, &end(last)), Ok(vec![]), "ended twice");
    assert_eq!(state.relations_on(last).unwrap().used_by, code(OFFICE));
    assert_eq!(state.relations_on(last.tomorrow().unwrap()).unwrap().used_by, code(SQUAD));
}

proptest! {
    /// However often an officer is seconded and called back: on any day at most one secondment holds, and the post is
    /// always owned by the same unit.
    #[test]
    fn on_any_day_an_officer_works_in_one_place(
        asked in prop::collection::vec((0i64..400, prop::option::of(0i64..60), any::<bool>()), 0..30),
        day in 0i64..500,
    ) {
        let begin = date(2023, 1, 1);
        let on = |days: i64| begin.saturating_add(jiff::Span::new().days(days));
        let mut state = given(&[register(SQUAD)]);
        for (since, length, ends) in asked {
            let command =
                if ends { end(on(since)) } else { second(on(since), length.map(|length| on(since + length))) };
            for event in Rules::decide(&state, &command).unwrap_or_default() {
                state = Rules::evolve(state, &event);
            }
            prop_assert!(Rules::decide(&state, &command).unwrap_or_default().is_empty(), "asked twice");
        }
        let holding = state.secondments.iter().filter(|secondment| secondment.days().include(on(day))).count();
        prop_assert!(holding <= 1);
        prop_assert_eq!(state.relations_on(on(day)).unwrap().owned_by, code(BUREAU));
    }
}
