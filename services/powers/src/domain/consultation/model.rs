//! Whatever is asked in whatever order: a project leaves a phase only when a second reading of the rules says it may.
//!
//! The second reading keeps no rounds as the rule book does: a flat list of who owes what until when, in this phase.

use proptest::prelude::*;

use super::tests::{STREETS, advance, answer, ask, at, code, open, say};
use super::*;
use crate::domain::Verdict;

/// What one street owes or is owed in one round of the phase.
#[derive(Clone, Debug)]
struct Owed {
    round: u32,
    street: &'static str,
    due: i64,
    said: bool,
    answered: bool,
}

#[derive(Clone, Debug, Default)]
struct Model {
    open: bool,
    over: bool,
    phase: u8,
    rounds: u32,
    owed: Vec<Owed>,
    /// Of phases that are over: an opinion of theirs may still be answered, and one whose time runs still given.
    past: Vec<Owed>,
}

impl Model {
    fn may_leave(&self, to: Advance, now: i64) -> bool {
        let leads = matches!(
            (self.phase, to),
            (0 | 2, Advance::CarriedOut) | (1, Advance::Changed | Advance::Finished) | (_, Advance::Dropped)
        );
        let heard = !self.owed.is_empty()
            && self.owed.iter().all(|owed| if owed.said { owed.answered } else { now > owed.due });
        self.open && !self.over && leads && (heard || to == Advance::Dropped)
    }

    fn leave(&mut self, to: Advance) {
        match to {
            Advance::CarriedOut => self.phase = 1,
            Advance::Changed => self.phase = 2,
            Advance::Finished | Advance::Dropped => self.over = true,
        }
        self.past.append(&mut self.owed);
    }

    fn last_of(&mut self, street: &str) -> Option<&mut Owed> {
        self.past.iter_mut().chain(&mut self.owed).filter(|owed| owed.street == street).max_by_key(|owed| owed.round)
    }
}

#[derive(Clone, Debug)]
enum Move {
    Open,
    Ask(Vec<usize>, i64),
    Say(usize, u8),
    Answer(usize, bool),
    Advance(u8),
    Check,
}

fn moves() -> impl Strategy<Value = Vec<(Move, i64)>> {
    let one = prop_oneof![
        1 => Just(Move::Open),
        3 => (prop::collection::btree_set(0usize..3, 1..3), 1i64..40).prop_map(|(streets, until)| {
            Move::Ask(streets.into_iter().collect(), until)
        }),
        4 => (0usize..3, 0u8..3).prop_map(|(street, text)| Move::Say(street, text)),
        4 => (0usize..3, any::<bool>()).prop_map(|(street, reason)| Move::Answer(street, reason)),
        4 => (0u8..12).prop_map(Move::Advance),
        1 => Just(Move::Check),
    ];
    prop::collection::vec((one, 0i64..25), 1..60)
}

proptest! {
    #[test]
    fn no_sequence_of_calls_passes_the_gate(moves in moves()) {
        let (mut state, mut model, mut now) = (State::default(), Model::default(), 0);
        for (step, passes) in moves {
            now += passes;
            let command = match &step {
                Move::Open => open(),
                Move::Ask(streets, until) => {
                    ask(&streets.iter().map(|street| STREETS[*street]).collect::<Vec<_>>(), now + until, now)
                }
                Move::Say(street, text) => say(STREETS[*street], &format!("意见{text}"), now),
                Move::Answer(street, true) => answer(STREETS[*street], Verdict::NotAdopted, "另有安排"),
                Move::Answer(street, false) => answer(STREETS[*street], Verdict::NotAdopted, ""),
                Move::Advance(to) => advance(to_advance(*to), now),
                Move::Check => Command::CheckDeadline { now: at(now) },
            };
            let decided = Rules::decide(&state, &command);
            match &step {
                Move::Open => prop_assert_eq!(decided.is_ok(), !model.open),
                Move::Advance(to) => {
                    prop_assert_eq!(decided.is_ok(), model.may_leave(to_advance(*to), now), "{:?}", decided);
                }
                Move::Answer(_, false) => prop_assert!(decided.is_err(), "without a reason"),
                Move::Ask(..) => prop_assert_eq!(decided.is_ok(), model.open && !model.over && model.rounds < 50),
                Move::Say(..) | Move::Answer(..) | Move::Check => {}
            }
            let Ok(events) = decided else { continue };
            for event in &events {
                match event {
                    Event::Opened(_) => model.open = true,
                    Event::Asked { round, question, .. } => {
                        model.rounds = *round;
                        let due = question.due.as_second() - at(0).as_second();
                        model.owed.extend(STREETS.into_iter().filter(|street| question.streets.contains(&code(street))).map(
                            |street| Owed { round: *round, street, due, said: false, answered: false },
                        ));
                    }
                    Event::OpinionGiven { street, .. } => {
                        let owed = model.last_of(street.as_str()).unwrap();
                        prop_assert!(now <= owed.due && !owed.answered);
                        owed.said = true;
                    }
                    Event::OpinionAnswered { street, .. } => {
                        let owed = model.last_of(street.as_str()).unwrap();
                        prop_assert!(owed.said);
                        owed.answered = true;
                    }
                    Event::Expired { streets, due, .. } => {
                        prop_assert!(now > due.as_second() - at(0).as_second(), "early");
                        prop_assert!(!streets.is_empty());
                    }
                    Event::Advanced { to, .. } => {
                        prop_assert!(model.may_leave(*to, now));
                        model.leave(*to);
                    }
                }
            }
            state = events.iter().fold(state, Rules::evolve);
            // An alarm that rang leaves nothing of now to ring for.
            if let Some(due) = state.next_deadline() {
                let rung = Rules::decide(&state, &Command::CheckDeadline { now: due }).unwrap();
                prop_assert!(!rung.is_empty(), "it would ring for ever");
                let after = rung.iter().fold(state.clone(), Rules::evolve);
                prop_assert!(after.next_deadline().is_none_or(|next| next > due));
            }
        }
    }
}

fn to_advance(number: u8) -> Advance {
    match number {
        0..=4 => Advance::CarriedOut,
        5..=7 => Advance::Changed,
        8..=10 => Advance::Finished,
        _ => Advance::Dropped,
    }
}
