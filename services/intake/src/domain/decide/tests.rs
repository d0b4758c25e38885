//! Given, when, then; and what holds whatever is asked.

use charter::Way;
use decider::Decider;
use ids::{CaseId, Code};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use vocabulary::{CallerClass, CaseKind, Place};

use vocabulary::Course;

use super::*;

const EARLIER: &str = "261121-7k3q9x7";

pub fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

/// Case ids in the order of their numbers.
pub fn case(number: u64) -> CaseId {
    use rand::SeedableRng;
    let mut ids: Vec<CaseId> = (0..16)
        .map(|seed| CaseId::draw(jiff::civil::date(2026, 11, 21), &mut rand::rngs::StdRng::seed_from_u64(seed)))
        .collect();
    ids.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    ids[usize::try_from(number).unwrap()]
}

pub fn received(hour: i64) -> Event {
    Event::Received(Box::new(Received {
        kind: CaseKind::Report,
        caller_class: CallerClass::Resident,
        caller_ref: format!("caller-{hour}"),
        channel: code("weilinli"),
        way: Way::Online,
        bridge: code("wuchang-weilinli"),
        external_ref_hash: vec![1],
        content_hash: vec![2],
        content_hashes_before: Vec::new(),
        title: "噪音".to_owned(),
        text: String::new(),
        place: Place::default(),
        occurred_at: at(hour),
        category_hint: Some(code("noise")),
        related_case: None,
        received_at: at(hour),
        campaign: None,
        recorded_at: None,
        receipt_ref: String::new(),
        evidence: vec![],
        attributes: vec![],
    }))
}

fn propose(by: &str, course: Course) -> Command {
    Command::ProposeExclusion { reason: "a nuisance".to_owned(), by: by.to_owned(), course, gone: vec![] }
}

fn approve(by: &str, course: Course) -> Command {
    Command::ApproveExclusion { by: by.to_owned(), course, gone: vec![] }
}

fn given(events: &[Event]) -> State {
    events.iter().fold(State::default(), Rules::evolve)
}

/// What `later`, received at `hour`, would bring.
fn join(later: u64, hour: i64) -> Command {
    Command::Join {
        case: EARLIER.parse().unwrap(),
        callers: given(&[received(hour)]).callers(case(later), None, "同一件事"),
    }
}

fn link(into: u64, hour: i64) -> Command {
    Command::Link { into: case(into), reason: "同一件事".to_owned(), into_received_at: at(hour) }
}

#[test]
fn whoever_joins_keeps_a_clock_of_their_own() {
    let earlier = given(&[received(1)]);
    let events = Rules::decide(&earlier, &join(2, 5)).unwrap();
    let [Event::CallerJoined(joined)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((joined.received_at, joined.caller_ref.as_str()), (at(5), "caller-5"));
    assert_eq!(joined.category, Some(code("noise")), "as the submitter named it, until triage knows better");
    let joined = given(&[received(1), events[0].clone()]);
    assert_eq!(Rules::decide(&joined, &join(2, 5)), Ok(vec![]), "the second time nothing happens");
}

#[test]
fn what_others_raised_too_is_not_for_one_of_them_to_withdraw() {
    let withdraw = Command::Withdraw { reason: "不用了".to_owned(), course: Course::Open, gone: vec![] };
    let earlier = given(&[received(1)]);
    assert!(Rules::decide(&earlier, &withdraw).is_ok());
    let joined = Rules::decide(&earlier, &join(2, 5)).unwrap().iter().fold(earlier, Rules::evolve);
    assert_eq!(Rules::decide(&joined, &withdraw), Err(Refusal::OthersJoined(1)));
    // Whoever joined and took their own case back, before it became part of this one, keeps nobody.
    let left = |gone| Command::Withdraw { reason: String::new(), course: Course::Open, gone };
    assert_eq!(Rules::decide(&joined, &left(vec![case(3)])), Err(Refusal::OthersJoined(1)));
    assert!(Rules::decide(&joined, &left(vec![case(2)])).is_ok_and(|events| events.len() == 1));
}

#[test]
fn whoever_raised_it_twice_is_no_other_to_themselves() {
    let received_from = |caller: &str, hour: i64| {
        let Event::Received(mut received) = received(hour) else { unreachable!() };
        received.caller_ref = caller.to_owned();
        Event::Received(received)
    };
    let joined_by = |callers: &[&str]| {
        let join = |state: State, (number, caller): (u64, &&str)| {
            let callers = given(&[received_from(caller, 5)]).callers(case(number), None, "又来一次");
            let join = Command::Join { case: EARLIER.parse().unwrap(), callers };
            Rules::decide(&state, &join).unwrap().iter().fold(state, Rules::evolve)
        };
        (2..).zip(callers).fold(given(&[received_from("c-1", 1)]), join)
    };
    let withdraw = Command::Withdraw { reason: String::new(), course: Course::Open, gone: vec![] };
    for again in [&["c-1"][..], &["c-1", "c-1"]] {
        for command in [&withdraw, &propose("s-1", Course::Open)] {
            assert!(Rules::decide(&joined_by(again), command).is_ok_and(|events| events.len() == 1));
        }
    }
    // One neighbour who came twice is one; two who gave no reference may be two.
    let refused = |callers: &[&str]| Rules::decide(&joined_by(callers), &withdraw);
    assert_eq!(refused(&["c-1", "c-2", "c-2"]), Err(Refusal::OthersJoined(1)));
    assert_eq!(refused(&["", ""]), Err(Refusal::OthersJoined(2)));
}

#[test]
fn what_is_closed_is_rated_and_nobody_leaves_it_out_any_more() {
    let proposed = [received(1), Event::ExclusionProposed { reason: String::new(), by: "s-1".to_owned() }];
    for course in [Course::Open, Course::Answered] {
        assert!(Rules::decide(&given(&[received(1)]), &propose("s-1", course)).is_ok());
        assert!(Rules::decide(&given(&proposed), &approve("s-2", course)).is_ok());
    }
    assert_eq!(Rules::decide(&given(&[received(1)]), &propose("s-1", Course::Closed)), Err(Refusal::Closed));
    assert_eq!(Rules::decide(&given(&proposed), &approve("s-2", Course::Closed)), Err(Refusal::Closed));
}

#[test]
fn a_case_joins_only_one_that_is_earlier_and_still_there() {
    let of = |events: &[Event]| Rules::decide(&given(events), &join(2, 5));
    assert_eq!(of(&[]), Err(Refusal::NoSuchCase));
    assert_eq!(of(&[received(6)]), Err(Refusal::NotEarlier));
    assert_eq!(of(&[received(1), Event::WithdrawalAsked { reason: String::new() }]), Err(Refusal::Withdrawn));
    assert_eq!(of(&[received(1), Event::ExclusionApproved { by: "s-2".to_owned() }]), Err(Refusal::Excluded));
    let linked = Event::LinkedAsDuplicate { into: case(9), reason: String::new(), into_received_at: at(0) };
    assert_eq!(of(&[received(1), linked]), Err(Refusal::Merged(case(9))));
    let proposed = Event::ExclusionProposed { reason: String::new(), by: "s-1".to_owned() };
    assert!(of(&[received(1), proposed]).is_ok(), "one person's proposal is not yet an exclusion");
}

#[test]
fn of_two_received_in_one_instant_only_one_can_join_the_other() {
    let own: CaseId = EARLIER.parse().unwrap();
    let state = given(&[received(1)]);
    let other = case(3);
    let there = Rules::decide(&state, &Command::Join { case: own, callers: state.callers(other, None, "") });
    let back = Rules::decide(&state, &Command::Join { case: other, callers: state.callers(own, None, "") });
    assert!(there.is_ok() != back.is_ok(), "{there:?} {back:?}");
    let itself = Rules::decide(&state, &Command::Join { case: own, callers: state.callers(own, None, "") });
    assert_eq!(itself, Err(Refusal::NotEarlier));
}

#[test]
fn a_duplicate_ends_in_one_case_and_no_other() {
    let later = given(&[received(5)]);
    let events = Rules::decide(&later, &link(1, 1)).unwrap();
    assert!(matches!(&events[..], [Event::LinkedAsDuplicate { into, .. }] if *into == case(1)), "{events:?}");
    let linked = given(&[received(5), events[0].clone()]);
    assert_eq!(Rules::decide(&linked, &link(1, 1)), Ok(vec![]), "the second time nothing happens");
    assert_eq!(Rules::decide(&linked, &link(2, 1)), Err(Refusal::Merged(case(1))));
    assert_eq!(Rules::decide(&later, &link(1, 6)), Err(Refusal::NotEarlier));
    let withdrawn = given(&[received(5), Event::WithdrawalAsked { reason: String::new() }]);
    assert_eq!(Rules::decide(&withdrawn, &link(1, 1)), Err(Refusal::Withdrawn));
}

#[test]
fn callers_of_a_merged_case_come_along_each_with_the_case_they_came_through() {
    let event = Rules::decide(&given(&[received(1)]), &join(2, 5)).unwrap().remove(0);
    let callers = given(&[received(1), event]).callers(case(1), Some(code("fire")), "also there");
    let told: Vec<_> = callers.iter().map(|caller| (caller.case, caller.through, caller.category.clone())).collect();
    assert_eq!(told, [(case(1), None, Some(code("fire"))), (case(2), Some(case(1)), Some(code("noise")))]);
}

fn note(by: &str) -> Command {
    Command::Supplement { text: "more".to_owned(), evidence: vec![], by: by.to_owned(), course: Course::Open }
}

#[test]
fn nobody_fills_the_history_of_a_case_with_notes() {
    let mut state = given(&[received(1)]);
    for _ in 0..NOTES_OF_ONE_MAX {
        let events = Rules::decide(&state, &note("caller///w-1")).unwrap();
        state = events.iter().fold(state, Rules::evolve);
    }
    assert_eq!(Rules::decide(&state, &note("caller///w-1")), Err(Refusal::TooManyNotes(NOTES_OF_ONE_MAX)));
    assert!(Rules::decide(&state, &note("caller///w-2")).is_ok(), "others have their own");
    let before =
        given(&[received(1), Event::Supplemented { text: "old".to_owned(), evidence: vec![], by: String::new() }]);
    assert!(before.notes.is_empty(), "of notes from before nobody knows whose they are");
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        (0_u64..6, 0_i64..8).prop_map(|(later, hour)| join(later, hour)),
        (0_u64..6, 0_i64..8).prop_map(|(into, hour)| link(into, hour)),
        Just(Command::Withdraw { reason: String::new(), course: Course::Open, gone: vec![] }),
        Just(note("s-1")),
        prop::sample::select(vec!["s-1", "s-2"]).prop_map(|by| propose(by, Course::Open)),
        prop::sample::select(vec!["s-1", "s-2"]).prop_map(|by| approve(by, Course::Open)),
    ]
}

proptest! {
    /// Whatever is asked in whatever order: nobody joins twice, nobody who came later leaves, a case ends in one other
    /// at most, and what is asked twice in a row happens once (a supplement says something new each time).
    #[test]
    fn whatever_is_asked_every_caller_is_there_once(commands in prop::collection::vec(commands(), 0..30)) {
        let mut state = given(&[received(3)]);
        for command in commands {
            let before = state.clone();
            let Ok(events) = Rules::decide(&state, &command) else { continue };
            state = events.iter().fold(state, Rules::evolve);
            prop_assert!(before.merged_into.is_none() || state.merged_into == before.merged_into);
            prop_assert!(state.joined.starts_with(&before.joined));
            prop_assert!(state.joined.len() == before.joined.len() || before.merged_into.is_none());
            if !matches!(command, Command::Supplement { .. }) {
                prop_assert_eq!(Rules::decide(&state, &command), Ok(vec![]));
            }
        }
        let mut cases: Vec<String> = state.joined.iter().map(|joined| joined.case.to_string()).collect();
        cases.sort();
        cases.dedup();
        prop_assert_eq!(cases.len(), state.joined.len());
        prop_assert!(state.joined.iter().all(|joined| joined.received_at >= at(3)));
    }
}
