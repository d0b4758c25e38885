//! Random lives of a case: whatever is asked, it stays legal.

use proptest::prelude::*;

use super::*;

fn any_command() -> impl Strategy<Value = Command> {
    let party = prop_oneof![Just(POLICE), Just(BUILD), Just(STREET)];
    let said = prop_oneof![
        Just(respond()),
        Just(report_in()),
        Just(done()),
        (1u32..4).prop_map(|task| Answer::TaskDone { task, note: String::new(), evidence: vec![] }),
    ];
    prop_oneof![
        Just(grade()),
        Just(whistle(&[POLICE])),
        Just(whistle(&[BUILD, POLICE])),
        Just(plan(&[(POLICE, &[]), (BUILD, &[1])])),
        (party.clone(), 0i64..20_000, said).prop_map(|(party, minute, said)| answer(party, minute, said)),
        (0i64..40_000).prop_map(check),
        party.prop_map(|party| Command::Release {
            by: code(STREET),
            party: code(party),
            reason: "not needed".to_owned(),
            rating_due: at(30_000),
        }),
        Just(Command::Resolve {
            by: code(STREET),
            outcome: Outcome::Solved,
            summary: "fine".to_owned(),
            evidence: vec![],
            rating_due: at(30_000)
        }),
        (1u32..3, any::<bool>()).prop_map(|(round, solved)| Command::Rate {
            round,
            solved,
            reason: String::new(),
            terms: terms(30_000, "7d"),
        }),
        (1u32..3).prop_map(|round| Command::Lapse { round }),
        Just(Command::Withdraw),
    ]
}

proptest! {
    /// I3 over random lives: every call ends at most once, nothing follows the end, and no open case is without a
    /// clock or a way on.
    #[test]
    fn whatever_is_asked_a_case_stays_legal(commands in prop::collection::vec(any_command(), 1..60)) {
        let mut state = State::default();
        let mut endings: BTreeMap<u32, u32> = BTreeMap::new();
        let mut closed = false;
        for command in commands {
            let Ok(events) = Rules::decide(&state, &command) else { continue };
            for event in &events {
                prop_assert!(!closed, "{event:?} after the end");
                if let Event::CallEnded { call, .. } = event {
                    *endings.entry(*call).or_default() += 1;
                }
                closed |= matches!(event, Event::Closed { .. });
                state = Rules::evolve(state, event);
            }
            prop_assert!(endings.values().all(|times| *times == 1), "a call ended twice");
            if matches!(state.phase, Phase::Resolved { .. }) {
                prop_assert!(state.calls.iter().all(|call| call.ended), "resolved with an open call");
                // The clock of the rating is evaluation's.
                prop_assert_eq!(next_deadline(&state), None);
            }
            // The same check again finds nothing: a redelivery emits nothing.
            if let Command::CheckDeadlines { .. } = command {
                prop_assert_eq!(Rules::decide(&state, &command), Ok(vec![]));
            }
        }
    }
}
