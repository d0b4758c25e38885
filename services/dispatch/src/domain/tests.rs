use std::collections::BTreeMap;

use charter::{Colour, Level};
use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use proptest::prelude::*;
use vocabulary::{Duty, Officer, Outcome, Place};

use super::*;

const STREET: &str = "wuchang-liangdao-command-centre";
const POLICE: &str = "wuchang-traffic-police";
const BUILD: &str = "wuchang-construction";

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_555_462_800 + minute * 60).unwrap()
}

fn officer() -> Officer {
    Officer { staff_ref: "0071".to_owned(), post: "deputy head".to_owned() }
}

fn grade() -> Command {
    Command::Grade(Box::new(Assignment {
        party: code(STREET),
        level: Level::B2,
        comprehensive: false,
        category: code("vehicle-time-window"),
        also: vec![],
        situation: Some(code("vehicle-time-window")),
        colour: None,
        title: "cars between the walkers".to_owned(),
        place: Place::default(),
        due: at(20_000),
        due_provisional: false,
        reason: String::new(),
        graded_by: 1,
    }))
}

fn whistle(parties: &[&str]) -> Command {
    Command::Call {
        whistle: Box::new(Whistle {
            caller: code(STREET),
            situation: Some(code("vehicle-time-window")),
            colour: Colour::Blue,
            parties: parties.iter().map(|party| (code(party), Duty::Assist)).collect(),
            response_due: at(30),
            report_in_due: at(120),
            completion_due: at(10_000),
            due_provisional: false,
            note: String::new(),
        }),
    }
}

fn answer(party: &str, minute: i64, answer: Answer) -> Command {
    Command::Answer { call: 1, party: code(party), answer, now: at(minute), rating_due: at(30_000) }
}

fn respond() -> Answer {
    Answer::Respond { officer: officer() }
}

fn report_in() -> Answer {
    Answer::ReportIn { officer: officer(), owns_matter: true, check_in: Place::default() }
}

fn done() -> Answer {
    Answer::Done { outcome: Outcome::Solved, note: "through".to_owned() }
}

fn check(minute: i64) -> Command {
    Command::CheckDeadlines { now: at(minute), above: BTreeMap::new(), centre: code("wuchang-centre") }
}

fn plan(tasks: &[(&str, &[u32])]) -> Command {
    let tasks = tasks.iter().map(|(party, after)| Plan {
        party: code(party),
        title: "work".to_owned(),
        due: None,
        after: after.to_vec(),
    });
    Command::PlanTasks { by: code(STREET), tasks: tasks.collect() }
}

/// The state after commands that must all be accepted.
fn given(commands: &[Command]) -> State {
    commands.iter().fold(State::default(), |state, command| {
        let events = Rules::decide(&state, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        events.iter().fold(state, Rules::evolve)
    })
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events
        .iter()
        .map(|event| match event {
            Event::Assigned(_) => "Assigned",
            Event::Escalated { .. } => "Escalated",
            Event::Called { .. } => "Called",
            Event::Responded { .. } => "Responded",
            Event::ReportedIn { .. } => "ReportedIn",
            Event::TaskPlanned { .. } => "TaskPlanned",
            Event::TaskDone { .. } => "TaskDone",
            Event::Progressed { .. } => "Progressed",
            Event::MeasureAdopted { .. } => "MeasureAdopted",
            Event::PartyDone { .. } => "PartyDone",
            Event::Released { .. } => "Released",
            Event::CallEnded { .. } => "CallEnded",
            Event::Overdue { .. } => "Overdue",
            Event::Resolved(_) => "Resolved",
            Event::Reopened { .. } => "Reopened",
            Event::Closed { .. } => "Closed",
        })
        .collect()
}

#[test]
fn nobody_leaves_before_the_matter_is_done() {
    let called = given(&[grade(), whistle(&[POLICE, BUILD]), answer(POLICE, 5, respond())]);
    let resolve = Command::Resolve {
        by: code(STREET),
        outcome: Outcome::Solved,
        summary: "fine".to_owned(),
        rating_due: at(30_000),
    };
    assert_eq!(Rules::decide(&called, &resolve), Err(Refusal::CallOpen(1)));
    assert_eq!(Rules::decide(&called, &answer(POLICE, 6, done())), Err(Refusal::NotReportedIn(code(POLICE))));
}

#[test]
fn the_last_party_done_ends_the_call_and_resolves_the_case() {
    let state = given(&[
        grade(),
        whistle(&[POLICE, BUILD]),
        answer(POLICE, 5, respond()),
        answer(POLICE, 60, report_in()),
        answer(BUILD, 50, report_in()),
        answer(BUILD, 300, done()),
    ]);
    let last = Rules::decide(&state, &answer(POLICE, 400, done())).unwrap();
    assert_eq!(names(&last), ["PartyDone", "CallEnded", "Resolved"]);
    let Some(Event::Resolved(resolution)) = last.last() else { panic!("no resolution") };
    // Whoever came without answering first answered by coming: late by twenty minutes.
    let build = resolution.performance.iter().find(|performance| performance.party == code(BUILD)).unwrap();
    assert_eq!(build.kept, Kept { responded_in_time: false, reported_in_in_time: true, done_in_time: true });
}

#[test]
fn a_department_that_is_not_in_charge_has_not_reported_in() {
    let state = given(&[grade(), whistle(&[POLICE]), answer(POLICE, 5, respond())]);
    let sent = Answer::ReportIn { officer: officer(), owns_matter: false, check_in: Place::default() };
    assert_eq!(Rules::decide(&state, &answer(POLICE, 6, sent)), Err(Refusal::NotInCharge));
}

#[test]
fn pruning_waits_for_the_diversion() {
    let state = given(&[
        grade(),
        whistle(&[POLICE, BUILD]),
        plan(&[(POLICE, &[]), (BUILD, &[1])]),
        answer(POLICE, 5, report_in()),
        answer(BUILD, 5, report_in()),
    ]);
    let prune = answer(BUILD, 10, Answer::TaskDone { task: 2, note: String::new() });
    assert_eq!(Rules::decide(&state, &prune), Err(Refusal::TaskBlocked { task: 2, first: 1 }));
    assert_eq!(Rules::decide(&state, &answer(BUILD, 10, done())), Err(Refusal::TaskOpen(2)));
    let divert = answer(POLICE, 9, Answer::TaskDone { task: 1, note: String::new() });
    let state = Rules::decide(&state, &divert).unwrap().iter().fold(state, Rules::evolve);
    assert_eq!(names(&Rules::decide(&state, &prune).unwrap()), ["TaskDone"]);
}

#[test]
fn a_deadline_acts_once_and_never_early_and_tells_one_level_up() {
    let state = given(&[grade(), whistle(&[POLICE])]);
    assert_eq!(next_deadline(&state), Some(at(30)));
    assert_eq!(Rules::decide(&state, &check(29)), Ok(vec![]));
    let late = Rules::decide(&state, &check(30)).unwrap();
    assert!(
        matches!(&late[..], [Event::Overdue { clock: Clock::Response, told, .. }] if told.as_str() == "wuchang-centre")
    );
    let state = late.iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &check(31)), Ok(vec![]));
    assert_eq!(next_deadline(&state), Some(at(120)));
}

#[test]
fn a_late_answer_is_still_an_answer() {
    let state = given(&[grade(), whistle(&[POLICE]), check(30)]);
    let events = Rules::decide(&state, &answer(POLICE, 31, respond())).unwrap();
    assert!(matches!(&events[..], [Event::Responded { in_time: false, .. }]));
}

#[test]
fn a_withdrawn_case_releases_everybody_and_stays_closed() {
    let state = given(&[grade(), whistle(&[POLICE])]);
    let ended = Rules::decide(&state, &Command::Withdraw).unwrap();
    assert_eq!(names(&ended), ["CallEnded", "Closed"]);
    let state = ended.iter().fold(state, Rules::evolve);
    assert_eq!(next_deadline(&state), None);
    assert_eq!(Rules::decide(&state, &answer(POLICE, 5, respond())), Err(Refusal::Closed));
    assert_eq!(Rules::decide(&state, &Command::Withdraw), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &grade()), Ok(vec![]));
}

#[test]
fn a_withdrawal_that_overtakes_the_judgement_still_holds() {
    let state = given(&[Command::Withdraw]);
    assert_eq!(Rules::decide(&state, &grade()), Ok(vec![]));
}

#[test]
fn only_the_caller_ends_it_and_a_no_brings_it_back() {
    let resolve = Command::Resolve {
        by: code(STREET),
        outcome: Outcome::Solved,
        summary: "fine".to_owned(),
        rating_due: at(30_000),
    };
    let state = given(&[grade(), resolve.clone()]);
    let rate = |round, solved| Command::Rate { round, solved, reason: String::new(), due: at(40_000) };
    assert_eq!(names(&Rules::decide(&state, &rate(1, true)).unwrap()), ["Closed"]);
    let again = Rules::decide(&state, &rate(1, false)).unwrap();
    assert_eq!(names(&again), ["Reopened"]);
    let state = again.iter().fold(state, Rules::evolve);
    // The rating of the first round, delivered again, is no rating of the second.
    let state = Rules::decide(&state, &resolve).unwrap().iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &rate(1, true)), Ok(vec![]));
    assert_eq!(names(&Rules::decide(&state, &check(30_000)).unwrap()), ["Closed"]);
}

fn any_command() -> impl Strategy<Value = Command> {
    let party = prop_oneof![Just(POLICE), Just(BUILD), Just(STREET)];
    let said = prop_oneof![
        Just(respond()),
        Just(report_in()),
        Just(done()),
        (1u32..4).prop_map(|task| Answer::TaskDone { task, note: String::new() }),
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
            rating_due: at(30_000)
        }),
        (1u32..3, any::<bool>()).prop_map(|(round, solved)| Command::Rate {
            round,
            solved,
            reason: String::new(),
            due: at(40_000)
        }),
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
                prop_assert!(next_deadline(&state).is_some(), "resolved without a clock");
            }
            // The same check again finds nothing: a redelivery emits nothing.
            if let Command::CheckDeadlines { .. } = command {
                prop_assert_eq!(Rules::decide(&state, &command), Ok(vec![]));
            }
        }
    }
}
