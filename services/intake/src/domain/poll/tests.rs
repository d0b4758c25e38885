use proptest::prelude::*;

use super::*;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_590_000_000 + hour * 3600).unwrap()
}

fn after(hour: i64) -> Timestamp {
    late_from(at(hour))
}

fn opening(households: &[&str], threshold_percent: u32, quorum_percent: u32) -> Opening {
    Opening {
        case: None,
        street: "heping-quanyechang".parse().unwrap(),
        question: "gas pipes for 3000 yuan a household?".to_owned(),
        households: households.iter().map(ToString::to_string).collect(),
        threshold_percent,
        quorum_percent,
        closes_at: at(100),
        opened_at: at(0),
    }
}

fn open(threshold_percent: u32, quorum_percent: u32) -> Command {
    Command::Open(Box::new(opening(&["1-101", "1-102", "1-201", "1-202"], threshold_percent, quorum_percent)))
}

fn answer(answers: &[(&str, Answer)]) -> Command {
    let answers = answers.iter().map(|(household, answer)| ((*household).to_owned(), *answer)).collect();
    Command::Answer { street: Some("heping-quanyechang".parse().unwrap()), answers, now: at(5) }
}

fn close() -> Command {
    Command::Close { street: None, now: at(6) }
}

fn given(commands: &[Command]) -> State {
    commands.iter().fold(State::default(), |state, command| {
        let events = Rules::decide(&state, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        events.iter().fold(state, Rules::evolve)
    })
}

fn outcome(state: &State) -> Outcome {
    state.closed.unwrap().outcome
}

#[test]
fn unanimity_is_every_household_and_whoever_is_not_heard_has_not_agreed() {
    let three = answer(&[("1-101", Answer::Yes), ("1-102", Answer::Yes), ("1-201", Answer::Yes)]);
    assert_eq!(outcome(&given(&[open(100, 0), three.clone(), close()])), Outcome::Failed);
    let last = answer(&[("1-202", Answer::Yes)]);
    assert_eq!(outcome(&given(&[open(100, 0), three, last, close()])), Outcome::Passed);
}

#[test]
fn more_than_half_against_it_shelve_it() {
    let said =
        answer(&[("1-101", Answer::No), ("1-102", Answer::Refused), ("1-201", Answer::No), ("1-202", Answer::Yes)]);
    let state = given(&[open(75, 50), said, close()]);
    let tally = Tally { households: 4, yes: 1, no: 2, refused: 1, ..Tally::default() };
    assert_eq!(state.closed, Some(Closing { outcome: Outcome::Failed, tally, at: at(6) }));
}

#[test]
fn with_too_few_heard_nothing_is_said() {
    let said = answer(&[("1-101", Answer::Yes), ("1-102", Answer::NotHome)]);
    assert_eq!(outcome(&given(&[open(25, 50), said, close()])), Outcome::NoQuorum);
}

#[test]
fn it_closes_by_itself_once_and_never_early() {
    let state = given(&[open(50, 0)]);
    assert_eq!(state.next_deadline(), Some(after(100)));
    assert_eq!(Rules::decide(&state, &Command::CheckDeadline { now: at(100) }), Ok(vec![]));
    let over = Rules::decide(&state, &Command::CheckDeadline { now: after(100) }).unwrap();
    assert!(matches!(over[..], [Event::Closed { outcome: Outcome::Failed, by_deadline: true, .. }]));
    let state = over.iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &Command::CheckDeadline { now: at(101) }), Ok(vec![]));
    assert_eq!(state.next_deadline(), None);
    assert_eq!(Rules::decide(&state, &answer(&[("1-101", Answer::Yes)])), Err(Refusal::PollClosed));
    assert_eq!(Rules::decide(&state, &close()), Ok(vec![]), "closed already");
}

#[test]
fn an_answer_after_the_last_second_is_too_late_even_before_the_alarm_rings() {
    let answered = |now| {
        let Command::Answer { street, answers, .. } = answer(&[("1-101", Answer::Yes)]) else { unreachable!() };
        Rules::decide(&given(&[open(50, 0)]), &Command::Answer { street, answers, now })
    };
    assert!(answered(at(100)).is_ok_and(|events| events.len() == 1));
    assert_eq!(answered(after(100)), Err(Refusal::PollClosed));
}

#[test]
fn a_household_may_think_again_and_an_empty_flat_takes_no_answer_back() {
    let state = given(&[open(50, 0), answer(&[("1-101", Answer::NotHome)]), answer(&[("1-101", Answer::No)])]);
    assert_eq!(Rules::decide(&state, &answer(&[("1-101", Answer::NotHome)])), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &answer(&[("1-101", Answer::No)])), Ok(vec![]), "told twice");
    let again = Rules::decide(&state, &answer(&[("1-101", Answer::Yes)])).unwrap();
    assert_eq!(again, [Event::Answered { household: "1-101".to_owned(), answer: Answer::Yes }]);
}

#[test]
fn only_the_households_of_the_list_and_only_the_own_street() {
    let state = given(&[open(50, 0)]);
    let both = answer(&[("1-101", Answer::Yes), ("9-999", Answer::Yes)]);
    assert_eq!(Rules::decide(&state, &both), Err(Refusal::NotAsked("9-999".to_owned())), "all or none");
    let other = Command::Close { street: Some("heping-nanshi".parse().unwrap()), now: at(6) };
    assert_eq!(Rules::decide(&state, &other), Err(Refusal::AnothersPoll("heping-quanyechang".parse().unwrap())));
    assert_eq!(Rules::decide(&state, &open(50, 0)), Err(Refusal::PollExists));
    assert_eq!(Rules::decide(&State::default(), &close()), Err(Refusal::NoSuchPoll));
}

proptest! {
    /// Whatever is said in whatever order: households are counted once each, and a yes more never turns a poll that
    /// passes into one that does not.
    #[test]
    fn a_tally_counts_every_household_once_and_a_yes_never_harms(
        said in prop::collection::vec((0usize..4, 0usize..5), 0..30),
        threshold in 1u32..=100,
        quorum in 0u32..=100,
    ) {
        let households = ["1-101", "1-102", "1-201", "1-202"];
        let words = [Answer::Yes, Answer::No, Answer::Abstain, Answer::Refused, Answer::NotHome];
        let mut state = given(&[open(threshold, quorum)]);
        for (household, word) in said {
            let command = answer(&[(households[household], words[word])]);
            for event in Rules::decide(&state, &command).unwrap() {
                state = Rules::evolve(state, &event);
            }
            prop_assert_eq!(Rules::decide(&state, &command), Ok(vec![]));
            let tally = state.tally();
            let sum = tally.yes + tally.no + tally.abstained + tally.refused + tally.not_heard;
            prop_assert_eq!((tally.households, sum), (4, 4));
            if tally.outcome(threshold, quorum) == Outcome::Passed {
                let agreed = Rules::evolve(
                    state.clone(),
                    &Event::Answered { household: households[household].to_owned(), answer: Answer::Yes },
                );
                prop_assert_eq!(agreed.tally().outcome(threshold, quorum), Outcome::Passed);
            }
        }
    }
}
