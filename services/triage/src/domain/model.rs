//! Every state a case can come to here, walked: there is a way on until its end, and what is shown is what is taken.

use std::collections::BTreeSet;

use charter::Level;
use decider::Decider;
use jiff::Timestamp;
use vocabulary::limit::late_from;

use super::{
    Act, Command, DismissReason, Judgement, Proof, Rules, Seat, Standing, State, Subject, Verdict, allowed_actions,
};

const STAFF: [&str; 2] = ["7", "8"];
/// Far more than there are; a walk that finds more has lost its way.
const STATES_MAX: usize = 1000;

fn judgement(level: Level) -> Judgement {
    Judgement {
        category: "noise".parse().unwrap(),
        also: vec![],
        level,
        comprehensive: false,
        situation: None,
        colour: None,
        party: "wuchang-yangyuan-squad-police".parse().unwrap(),
        proof: Proof { level: Some(Level::B1), ..Proof::default() },
    }
}

/// Everything anybody can say, each with what it is called where somebody says it at a desk.
fn said() -> Vec<(Option<(Act, &'static str)>, Command)> {
    let due = Timestamp::from_second(7200).unwrap();
    let sure = Verdict::Sure { judgement: judgement(Level::B1), confidence: 1.0 };
    let unsure = Verdict::Unsure { reason: "no word speaks".to_owned(), candidates: vec![], due };
    let mut said = vec![
        (None, Command::Grade { verdict: sure, subject: Subject::default() }),
        (None, Command::Grade { verdict: unsure, subject: Subject::default() }),
        (None, Command::CheckDeadlines { now: late_from(due) }),
        (None, Command::CheckDeadlines { now: Timestamp::UNIX_EPOCH }),
    ];
    for reason in [DismissReason::Withdrawn, DismissReason::Excluded, DismissReason::Merged] {
        said.push((None, Command::Dismiss { reason }));
    }
    for staff in STAFF {
        said.push((Some((Act::Claim, staff)), Command::Claim { by: staff.to_owned() }));
        for level in Level::ALL {
            for reason in ["", "because"] {
                let (judgement, reason) = (judgement(level), reason.to_owned());
                let judge = Command::Judge { judgement: judgement.clone(), reason: reason.clone() };
                said.push((Some((Act::Judge, staff)), judge));
                let (by, standing) = (Seat::District, Standing::default());
                said.push((Some((Act::Regrade, staff)), Command::Regrade { by, judgement, reason, standing }));
            }
        }
    }
    said
}

fn every_state() -> Vec<State> {
    let mut found = vec![State::default()];
    let mut next = 0;
    while let Some(state) = found.get(next).cloned() {
        next += 1;
        for (_, command) in said() {
            let events = Rules::decide(&state, &command).unwrap_or_default();
            let after = events.iter().fold(state.clone(), Rules::evolve);
            if !found.contains(&after) {
                found.push(after);
            }
        }
        assert!(found.len() < STATES_MAX, "the walk does not end");
    }
    found
}

/// Grid, community and department are readers here.
const SEATS: [Seat; 4] = [Seat::Reader, Seat::Street { own: false }, Seat::Street { own: true }, Seat::District];

#[test]
fn what_is_shown_is_what_is_taken() {
    for state in every_state() {
        for (seat, staff) in SEATS.into_iter().flat_map(|seat| STAFF.map(|staff| (seat, staff))) {
            let taken = said().into_iter().filter_map(|(act, command)| {
                let (act, _) = act.filter(|(_, by)| seat.judges() && *by == staff)?;
                Rules::decide(&state, &command).is_ok_and(|events| !events.is_empty()).then_some(act)
            });
            let taken: BTreeSet<Act> = taken.collect();
            let shown = allowed_actions(&state, seat, staff, &judgement(Level::B1), Standing::default());
            assert_eq!(shown, taken, "{seat:?} {staff} on {state:?}");
        }
    }
}

#[test]
fn no_case_is_left_without_a_way_on() {
    let states = every_state();
    assert!(states.iter().any(|state| matches!(state, State::Waiting { overdue: true, claimed_by: Some(_), .. })));
    for state in states {
        let known = match state {
            State::Unknown | State::Dismissed => false,
            State::Waiting { .. } | State::Judged { .. } => true,
        };
        for seat in [Seat::Street { own: true }, Seat::District] {
            for staff in STAFF {
                let shown = allowed_actions(&state, seat, staff, &judgement(Level::B1), Standing::default());
                assert_eq!(!shown.is_empty(), known, "{seat:?} on {state:?}");
            }
        }
        assert!(allowed_actions(&state, Seat::Reader, STAFF[0], &judgement(Level::B1), Standing::default()).is_empty());
    }
}

/// A repeat is no second event (I11).
#[test]
fn what_was_said_once_has_no_effect_twice() {
    let repeated = |command: &Command| match command {
        Command::Grade { .. } | Command::CheckDeadlines { .. } | Command::Dismiss { .. } | Command::Claim { .. } => {
            true
        }
        // Answered by the record: the same command id gets the same answer.
        Command::Judge { .. } | Command::Regrade { .. } => false,
    };
    for state in every_state() {
        for (_, command) in said().into_iter().filter(|(_, command)| repeated(command)) {
            let Ok(events) = Rules::decide(&state, &command) else { continue };
            let after = events.iter().fold(state.clone(), Rules::evolve);
            assert_eq!(Rules::decide(&after, &command), Ok(vec![]), "{command:?} on {state:?}");
        }
    }
}
