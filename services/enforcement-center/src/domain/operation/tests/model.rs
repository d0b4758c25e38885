//! A walk over whatever can happen, in any order: the laws of an operation, and that a desk shows what it takes.

use std::collections::BTreeSet;

use super::super::allowed::{Sample, Who, allowed};
use super::*;

const ON_CALL: [&str; 2] = ["wuchang-water", "wuchang-health"];

fn instants() -> impl Strategy<Value = Timestamp> {
    (1i64..8).prop_map(|hour| Timestamp::from_second(hour * 3600).unwrap())
}

fn steps() -> impl Strategy<Value = NextStep> {
    (0..NextStep::ALL.len()).prop_map(|step| NextStep::ALL[step])
}

fn parties() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(RESIDENTS[0]), 3 => Just(RESIDENTS[1]), 2 => Just("wuchang-water"), 1 => Just("wuchang-culture")]
}

fn actions() -> impl Strategy<Value = Command> {
    prop_oneof![
        (parties(), instants(), 0..3usize)
            .prop_map(|(party, due, named)| { call_officers(party, &["0", "1"][..named.min(2)], Some(due)) }),
        (parties(), parties()).prop_map(|(one, other)| decide_path(&[one, other])),
        (parties(), parties(), instants()).prop_map(|(one, other, held)| meet(held, &[one, other])),
        parties().prop_map(|party| order_stop(party, None)),
        (parties(), 1..4u32).prop_map(|(party, notice)| order_stop(party, Some(notice))),
        (parties(), 0..3u8, instants(), 1..4u32).prop_map(|(party, house, due, notice)| follow_up(
            party,
            &house.to_string(),
            due,
            Some(notice)
        )),
        (1..4u32, steps()).prop_map(|(notice, step)| take_step(notice, step)),
        (parties(), any::<bool>()).prop_map(|(party, stops)| {
            let stop_order = if stops { "停止施工".to_owned() } else { String::new() };
            act(Action::ArriveOnSite { parties: codes(&[party]), stop_order })
        }),
        (parties(), 0..3u8, instants()).prop_map(|(party, house, due)| serve(party, &house.to_string(), due)),
        (1..5u32, instants())
            .prop_flat_map(|(notice, due)| steps().prop_map(move |step| reinspect(notice, failed(step, due)))),
        (1..5u32).prop_map(|notice| reinspect(notice, Verdict::Passed)),
        (0..3u8).prop_map(|house| spawn(&house.to_string())),
        Just(conclude()),
    ]
}

fn commands() -> impl Strategy<Value = Command> {
    let centres = prop_oneof![4 => Just(CENTRE), 1 => Just("wuchang-yangyuan-enforcement-centre")];
    prop_oneof![
        2 => (1..4u32, centres).prop_map(|(round, centre)| opening(round, centre)),
        1 => Just(Command::Cancel),
        2 => (parties(), 0..2u8).prop_map(|(party, staff)| take_seat(party, &staff.to_string())),
        3 => instants().prop_map(check),
        20 => actions(),
    ]
}

/// Every name of a call, with all that a small city could say in it; found out here and not by the code under test.
fn everything(who: &str) -> Vec<(Option<u32>, &'static str, Command)> {
    let units: Vec<&str> = RESIDENTS.iter().chain(&ON_CALL).copied().collect();
    let as_centre = |command: Command| match command {
        Command::Act { action, .. } => Command::Act { centre: code(who), action },
        Command::Open(_) | Command::Cancel | Command::TakeSeat { .. } | Command::CheckDeadlines { .. } => command,
    };
    let late = Timestamp::from_second(1_000_000).unwrap();
    let mut all = vec![(None, "conclude", conclude()), (None, "spawn-related-case", spawn("新址"))];
    for unit in &units {
        all.push((None, "call-seat", call_officers(unit, &["9"], Some(late))));
        all.push((None, "order-stop", retitle(order_stop(unit, None))));
        all.push((None, "serve-notice", serve(unit, "新址", late)));
        all.push((
            None,
            "arrive-on-site",
            act(Action::ArriveOnSite { parties: codes(&[unit]), stop_order: "新".to_owned() }),
        ));
        for notice in 1..=6 {
            all.push((Some(notice), "order-stop", order_stop(unit, Some(notice))));
            all.push((Some(notice), "serve-notice", follow_up(unit, "新址", late, Some(notice))));
        }
        // Who is there is a subset of those expected: with two on call there are four.
        for with in [&[][..], &ON_CALL[..1], &ON_CALL[1..], &ON_CALL[..]] {
            let present: Vec<&str> = RESIDENTS.iter().chain(with).copied().collect();
            all.push((None, "hold-meeting", meet(late, &present)));
        }
        let two = ["a", "b"].map(|power| Participant { party: code(unit), officer: None, power: Some(code(power)) });
        let path =
            Path { assessment: "新".to_owned(), steps: vec![rest_on("a")], participants: two.to_vec(), at: None };
        all.push((None, "decide-path", act(Action::DecidePath(path))));
    }
    for notice in 1..=6 {
        all.push((Some(notice), "reinspect", reinspect(notice, Verdict::Passed)));
        all.push((Some(notice), "reinspect", reinspect(notice, failed(NextStep::Transfer, late))));
        all.extend(NextStep::ALL.map(|step| (Some(notice), "take-next-step", take_step(notice, step))));
    }
    all.into_iter().map(|(notice, name, command)| (notice, name, as_centre(command))).collect()
}

#[allow(clippy::wildcard_enum_match_arm, reason = "whatever has no title stays what it is")]
fn retitle(command: Command) -> Command {
    match command {
        Command::Act { centre, action: Action::OrderStop(order) } => {
            Command::Act { centre, action: Action::OrderStop(StopOrder { subject: "新".to_owned(), ..order }) }
        }
        other => other,
    }
}

/// What a desk shows is what the rules take, for whoever looks.
fn shows_what_it_takes(state: &State) -> Result<(), TestCaseError> {
    let sample =
        Sample { now: Timestamp::from_second(900_000).unwrap(), seats: codes(&ON_CALL), powers: codes(&["a", "b"]) };
    let takes = |command: &Command| Rules::decide(state, command).is_ok_and(|events| !events.is_empty());
    for centre in [CENTRE, "wuchang-yangyuan-enforcement-centre"] {
        let shown = allowed(state, Who::Centre(&code(centre)), &sample);
        let mut taken = (BTreeSet::new(), BTreeSet::new());
        for (notice, name, command) in everything(centre) {
            match notice {
                Some(notice) if takes(&command) => _ = taken.1.insert((notice, name)),
                None if takes(&command) => _ = taken.0.insert(name),
                Some(_) | None => {}
            }
        }
        let notices: BTreeSet<_> = shown.notices.iter().copied().filter(|(notice, _)| *notice <= 6).collect();
        prop_assert_eq!((shown.operation, notices), taken);
    }
    for unit in RESIDENTS.iter().chain(&ON_CALL) {
        let shown = allowed(state, Who::Unit(&code(unit)), &sample);
        let comes = takes(&take_seat(unit, "9"));
        prop_assert_eq!(shown.operation.contains("take-seat"), comes);
        prop_assert!(shown.operation.len() <= 1 && shown.notices.is_empty());
    }
    prop_assert_eq!(allowed(state, Who::Reader, &sample), Default::default());
    Ok(())
}

proptest! {
    /// Given any history, in any order: what is asked again changes nothing, a deadline acts once and never early, a
    /// concluded operation leaves no notice open, and there is always a way to the end.
    #[test]
    fn nothing_happens_twice_and_nothing_is_lost(
        setting_out in any::<bool>(),
        commands in proptest::collection::vec(commands(), 0..80),
    ) {
        let mut state = State::default();
        let mut history = Vec::new();
        let mut told = HashSet::new();
        let before = if setting_out { on_site() } else { Vec::new() };
        for command in before.iter().chain(&commands) {
            for event in Rules::decide(&state, command).unwrap_or_default() {
                if let (Event::ReinspectionDue { notice, due }, Command::CheckDeadlines { now, .. }) = (&event, command) {
                    prop_assert!(due <= now, "early");
                    prop_assert!(told.insert((*notice, *due)), "twice");
                }
                if let (Event::SeatLapsed { due, .. }, Command::CheckDeadlines { now, .. }) = (&event, command) {
                    prop_assert!(due <= now, "early");
                }
                state = Rules::evolve(state, &event);
                history.push(event);
            }
            let again = Rules::decide(&state, command).unwrap_or_default();
            prop_assert!(again.is_empty(), "{command:?} again: {again:?}");
            if let Some(operation) = &state.operation {
                let open = operation.notices.iter().filter(|notice| notice.is_open()).count();
                prop_assert!(operation.stage != Stage::Concluded || open == 0);
                if let Some(due) = operation.next_deadline() {
                    prop_assert!(!Rules::decide(&state, &check(due)).unwrap_or_default().is_empty());
                }
            }
        }
        prop_assert_eq!(Rules::replay(&history), state.clone());

        if let Some(operation) = state.operation.clone().filter(|operation| !operation.is_over()) {
            let centre = operation.opening.centre.clone();
            let on_the_way = |action| Command::Act { centre: centre.clone(), action };
            for (notice, _) in operation.numbered().filter(|(_, notice)| notice.is_open()) {
                let at = Timestamp::UNIX_EPOCH;
                let action = Action::Reinspect { notice, finding: String::new(), verdict: Verdict::Passed, at };
                state = step(&state, &on_the_way(action));
            }
            for party in &operation.absent {
                state = step(&state, &Command::TakeSeat { party: party.clone(), officer: officer("0") });
            }
            if operation.stage == Stage::Opened {
                let Command::Act { action, .. } = decide_path(&RESIDENTS) else { unreachable!() };
                state = step(&state, &on_the_way(action));
            }
            let conclusion = Conclusion { summary: "完成".to_owned(), at: None };
            state = step(&state, &on_the_way(Action::Conclude(conclusion)));
            prop_assert!(state.operation.is_some_and(|operation| operation.stage == Stage::Concluded));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_desk_shows_what_it_takes(
        setting_out in any::<bool>(),
        commands in proptest::collection::vec(commands(), 0..40),
    ) {
        let before = if setting_out { on_site() } else { Vec::new() };
        let mut state = State::default();
        shows_what_it_takes(&state)?;
        for command in before.iter().chain(&commands) {
            let events = Rules::decide(&state, command).unwrap_or_default();
            if !events.is_empty() {
                state = events.iter().fold(state, Rules::evolve);
                shows_what_it_takes(&state)?;
            }
        }
    }
}
