use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use charter::{Charter, Colour, Level};
use decider::Decider;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use vocabulary::{Duty, Officer, Outcome, Place};

use super::*;

mod lives;

pub(super) const STREET: &str = "wuchang-liangdao-command-centre";
/// The only unit that runs joint operations there.
pub(super) const CENTRE: &str = "wuchang-liangdao-enforcement-centre";
pub(super) const POLICE: &str = "wuchang-traffic-police";
pub(super) const BUILD: &str = "wuchang-construction";

pub(super) fn code(text: &str) -> Code {
    text.parse().unwrap()
}

pub(super) fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_555_462_800 + minute * 60).unwrap()
}

pub(super) fn officer() -> Officer {
    Officer { staff_ref: "0071".to_owned(), post: "deputy head".to_owned() }
}

/// The charter that the tests count by.
pub(super) fn in_force() -> InForce {
    static WUCHANG: LazyLock<Arc<Charter>> = LazyLock::new(|| Arc::new(Charter::shipped("wuchang").unwrap()));
    InForce(Arc::clone(&WUCHANG))
}

pub(super) fn terms(minute: i64, limit: &str) -> Terms {
    Terms { now: at(minute), limit: limit.parse().unwrap(), in_force: in_force() }
}

pub(super) fn grade() -> Command {
    grade_as(1, terms(0, "14d"))
}

pub(super) fn grade_as(graded_by: u64, terms: Terms) -> Command {
    let assignment = Box::new(Assignment {
        party: code(STREET),
        // A call makes it B2.
        level: Level::B1,
        comprehensive: false,
        category: code("vehicle-time-window"),
        also: vec![],
        situation: Some(code("vehicle-time-window")),
        colour: None,
        title: "cars between the walkers".to_owned(),
        place: Place::default(),
        due: at(0),
        due_provisional: false,
        start: None,
        evidence_needed: false,
        reason: String::new(),
        graded_by,
        dropped: vec![],
    });
    Command::Grade { assignment, terms, instead: code(STREET) }
}

pub(super) fn whistle(parties: &[&str]) -> Command {
    Command::Call {
        whistle: Box::new(Whistle {
            caller: code(STREET),
            situation: Some(code("vehicle-time-window")),
            colour: Colour::Blue,
            parties: parties.iter().map(|party| (code(party), Duty::Assist)).collect(),
            response_due: at(30),
            report_in_due: at(120),
            completion_due: at(10_000),
            reminders: vec![at(5_000), at(8_000)],
            due_provisional: false,
            counts_from: None,
            note: String::new(),
            special: None,
        }),
    }
}

pub(super) fn answer(party: &str, minute: i64, answer: Answer) -> Command {
    Command::Answer { call: 1, party: code(party), answer, now: at(minute), rating_due: at(30_000) }
}

pub(super) fn respond() -> Answer {
    Answer::Respond { officer: officer() }
}

pub(super) fn report_in() -> Answer {
    Answer::ReportIn { officer: officer(), owns_matter: true, check_in: Place::default() }
}

pub(super) fn done() -> Answer {
    Answer::Done { outcome: Outcome::Solved, note: "through".to_owned(), evidence: vec![] }
}

/// The second after a minute: what ends with the minute has ended, and can be late.
pub(super) fn just_after(minute: i64) -> Timestamp {
    at(minute) + SignedDuration::from_secs(1)
}

pub(super) fn check(minute: i64) -> Command {
    Command::CheckDeadlines {
        now: just_after(minute),
        above: BTreeMap::new(),
        centre: code("wuchang-centre"),
        in_force: in_force(),
    }
}

/// By whom it is passed on to the district or a group, whichever is `to`.
pub(super) fn passed_up(by: &str, to: &str) -> Command {
    Command::Escalate { by: code(by), to: code(to), to_level: Level::C, reason: "no street can".to_owned(), judged: 0 }
}

/// Of two departments under the street, from the beginning on, every week.
fn task_force() -> Command {
    let members = vec![code(POLICE), code(BUILD)];
    Command::FormTaskForce { by: code(STREET), lead: code(STREET), members, cadence_days: 7, now: at(0) }
}

pub(super) fn plan(tasks: &[(&str, &[u32])]) -> Command {
    let tasks = tasks.iter().map(|(party, after)| Plan {
        party: code(party),
        title: "work".to_owned(),
        due: None,
        after: after.to_vec(),
        root_cause: false,
    });
    Command::PlanTasks { by: code(STREET), tasks: tasks.collect(), now: at(0), in_force: in_force() }
}

/// The state after commands that must all be accepted.
pub(super) fn given(commands: &[Command]) -> State {
    commands.iter().fold(State::default(), |state, command| {
        let events = Rules::decide(&state, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        events.iter().fold(state, Rules::evolve)
    })
}

/// The state after one more command, which must be accepted.
pub(super) fn after(state: State, command: &Command) -> State {
    Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
}

/// The case with another category, and whether that needs evidence.
pub(super) fn judged(graded_by: u64, category: &str, evidence_needed: bool) -> Command {
    let Command::Grade { mut assignment, terms, instead } = grade_as(graded_by, terms(0, "14d")) else {
        unreachable!()
    };
    assignment.category = code(category);
    assignment.evidence_needed = evidence_needed;
    Command::Grade { assignment, terms, instead }
}

/// What was decided, by the names of its facts.
pub(super) fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| format!("{event:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned();
    events.iter().map(name).collect()
}

#[test]
fn nobody_leaves_before_the_matter_is_done() {
    let called = given(&[grade(), whistle(&[POLICE, BUILD]), answer(POLICE, 5, respond())]);
    let resolve = Command::Resolve {
        by: code(STREET),
        outcome: Outcome::Solved,
        summary: "fine".to_owned(),
        evidence: vec![],
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
    let prune = answer(BUILD, 10, Answer::TaskDone { task: 2, note: String::new(), evidence: vec![] });
    assert_eq!(Rules::decide(&state, &prune), Err(Refusal::TaskBlocked { task: 2, first: 1 }));
    assert_eq!(Rules::decide(&state, &answer(BUILD, 10, done())), Err(Refusal::TaskOpen(2)));
    let divert = answer(POLICE, 9, Answer::TaskDone { task: 1, note: String::new(), evidence: vec![] });
    let state = Rules::decide(&state, &divert).unwrap().iter().fold(state, Rules::evolve);
    assert_eq!(names(&Rules::decide(&state, &prune).unwrap()), ["TaskDone"]);
}

#[test]
fn a_deadline_acts_once_and_never_early_and_tells_one_level_up() {
    let state = given(&[grade(), whistle(&[POLICE])]);
    assert_eq!(next_deadline(&state), Some(just_after(30)));
    assert_eq!(Rules::decide(&state, &check(29)), Ok(vec![]));
    let late = Rules::decide(&state, &check(30)).unwrap();
    assert!(
        matches!(&late[0], Event::Overdue { clock: Clock::Response, told, .. } if told.as_str() == "wuchang-centre")
    );
    assert_eq!(names(&late), ["Overdue", "ColourRaised"]);
    let state = late.iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &check(31)), Ok(vec![]));
    assert_eq!(next_deadline(&state), Some(just_after(120)));
}

#[test]
fn an_answer_in_the_second_in_which_the_limit_ends_has_kept_it_and_nothing_is_overdue() {
    let state = given(&[grade(), whistle(&[POLICE])]);
    let Command::CheckDeadlines { above, centre, in_force, .. } = check(30) else { unreachable!() };
    let at_the_limit = Command::CheckDeadlines { now: at(30), above, centre, in_force };
    assert_eq!(Rules::decide(&state, &at_the_limit), Ok(vec![]));
    let events = Rules::decide(&state, &answer(POLICE, 30, respond())).unwrap();
    assert!(matches!(&events[0], Event::Responded { in_time: true, .. }));
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
        evidence: vec![],
        rating_due: at(30_000),
    };
    let state = given(&[grade(), resolve.clone()]);
    let rate = |round, solved| Command::Rate { round, solved, reason: String::new(), terms: terms(30_000, "7d") };
    assert_eq!(names(&Rules::decide(&state, &rate(1, true)).unwrap()), ["Closed"]);
    let again = Rules::decide(&state, &rate(1, false)).unwrap();
    assert_eq!(names(&again), ["Reopened"]);
    let state = again.iter().fold(state, Rules::evolve);
    // The rating of the first round, delivered again, is no rating of the second.
    let state = Rules::decide(&state, &resolve).unwrap().iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &rate(1, true)), Ok(vec![]));
    // Neither is its lapse; and no clock of ours ends what somebody may have rated in time.
    assert_eq!(Rules::decide(&state, &check(30_000)), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &Command::Lapse { round: 1 }), Ok(vec![]));
    assert_eq!(names(&Rules::decide(&state, &Command::Lapse { round: 2 }).unwrap()), ["Closed"]);
}

#[test]
fn what_is_found_on_the_way_lies_where_the_case_is_and_has_a_name_of_its_own() {
    let Command::Grade { mut assignment, terms, instead } = grade_as(1, terms(0, "14d")) else { unreachable!() };
    assignment.place.address = "中山路308号".to_owned();
    let state = given(&[Command::Grade { assignment, terms, instead }, whistle(&[POLICE])]);
    let related =
        || Related { title: "a lamp".to_owned(), text: String::new(), place: Place::default(), category: None };
    let found = answer(POLICE, 5, Answer::Found { related: Box::new(related()), help_until: None });
    let first = Rules::decide(&state, &found).unwrap();
    let [Event::RelatedCaseSpawned { reference, related, .. }] = &first[..] else { panic!("{first:?}") };
    assert_eq!((reference.as_str(), related.place.address.as_str()), ("found-1", "中山路308号"));
    let state = first.iter().fold(state, Rules::evolve);
    let second = Rules::decide(&state, &found).unwrap();
    assert!(matches!(&second[..], [Event::RelatedCaseSpawned { reference, .. }] if reference == "found-2"));
}

fn send_back(party: &str, minute: i64, proposes: &str) -> Command {
    let said = Answer::Return {
        basis: ReturnBasis::Duty,
        reason: "not on our list".to_owned(),
        proposes: code(proposes),
        due: at(minute + 240),
        district: code("wuchang-centre"),
    };
    answer(party, minute, said)
}

fn adjudicate(by: &str, call: u32, party: &str, to: Option<&str>) -> Command {
    let upheld = to.map(|to| {
        let Command::Call { whistle } = whistle(&[to]) else { unreachable!() };
        whistle
    });
    let reason = "the list says so".to_owned();
    Command::Adjudicate { by: code(by), call, party: code(party), upheld, reason, rating_due: at(30_000) }
}

#[test]
fn a_return_stops_no_clock_and_the_right_unit_is_called_in_the_same_breath() {
    let called = given(&[grade(), whistle(&[POLICE])]);
    let returned = given(&[grade(), whistle(&[POLICE]), send_back(POLICE, 5, BUILD)]);
    assert_eq!(next_deadline(&returned), next_deadline(&called), "the clock of the response goes on");
    let late = Rules::decide(&returned, &check(30)).unwrap();
    assert_eq!(names(&late), ["Overdue", "ColourRaised"], "and it runs out as if nothing had been returned");
    let decided = Rules::decide(&returned, &adjudicate(STREET, 1, POLICE, Some(BUILD))).unwrap();
    assert_eq!(names(&decided), ["ReturnAdjudicated", "Called", "CallEnded"]);
    let state = decided.iter().fold(returned, Rules::evolve);
    assert!(!state.expects(1, &code(POLICE)) && state.expects(2, &code(BUILD)));
}

#[test]
fn what_was_planned_for_the_wrong_unit_is_the_right_ones() {
    let state = given(&[
        grade(),
        whistle(&[POLICE, CENTRE]),
        plan(&[(POLICE, &[]), (CENTRE, &[1])]),
        answer(CENTRE, 5, report_in()),
        send_back(POLICE, 5, BUILD),
    ]);
    let decided = Rules::decide(&state, &adjudicate(STREET, 1, POLICE, Some(BUILD))).unwrap();
    assert_eq!(names(&decided), ["ReturnAdjudicated", "Called", "TaskPlanned"]);
    assert!(matches!(&decided[2], Event::TaskPlanned { task: 1, call: Some(2), party, .. } if *party == code(BUILD)));
    let state = decided.iter().fold(state, Rules::evolve);
    let second = answer(CENTRE, 10, Answer::TaskDone { task: 2, note: String::new(), evidence: vec![] });
    assert_eq!(Rules::decide(&state, &second), Err(Refusal::TaskBlocked { task: 2, first: 1 }));
}

#[test]
fn a_unit_returns_once_and_the_second_return_is_decided_by_the_district_for_good() {
    let state =
        given(&[grade(), whistle(&[POLICE]), send_back(POLICE, 5, BUILD), adjudicate(STREET, 1, POLICE, Some(BUILD))]);
    let mut again = send_back(BUILD, 9, POLICE);
    if let Command::Answer { call, .. } = &mut again {
        *call = 2;
    }
    let state = Rules::decide(&state, &again).unwrap().iter().fold(state, Rules::evolve);
    assert!(matches!(
        Rules::decide(&state, &adjudicate(STREET, 2, BUILD, None)),
        Err(Refusal::NotTheAdjudicator { .. })
    ));
    let decided = Rules::decide(&state, &adjudicate("wuchang-centre", 2, BUILD, None)).unwrap();
    assert!(matches!(&decided[..], [Event::ReturnAdjudicated { upheld: false, is_final: true, .. }]));
    let state = decided.iter().fold(state, Rules::evolve);
    assert!(state.expects(2, &code(BUILD)), "whoever it is unclear for keeps it");
    assert_eq!(Rules::decide(&state, &again), Err(Refusal::ReturnedAlready(code(BUILD))));
}

#[test]
fn a_return_that_nobody_decides_on_goes_one_level_up() {
    let state =
        given(&[grade(), whistle(&[POLICE]), answer(POLICE, 3, respond()), send_back(POLICE, 5, BUILD), check(245)]);
    assert_eq!(Rules::decide(&state, &check(245)), Ok(vec![]), "told once");
    let state = given(&[grade(), whistle(&[POLICE]), answer(POLICE, 3, respond()), send_back(POLICE, 5, BUILD)]);
    let late = Rules::decide(&state, &check(245)).unwrap();
    let by_clock =
        |clock: Clock| late.iter().filter(move |event| matches!(event, Event::Overdue { clock: c, .. } if *c == clock));
    assert_eq!(by_clock(Clock::Adjudication).count(), 1);
}

#[test]
fn whoever_cannot_decide_has_to_answer_and_come_again() {
    let state = given(&[grade(), whistle(&[POLICE]), answer(POLICE, 5, report_in())]);
    let unqualified = Command::Disqualify {
        by: code(STREET),
        call: 1,
        party: code(POLICE),
        reason: "could not show the rule it rests on".to_owned(),
        response_due: at(40),
        report_in_due: at(130),
    };
    let state = Rules::decide(&state, &unqualified).unwrap().iter().fold(state, Rules::evolve);
    assert_eq!(next_deadline(&state), Some(just_after(40)), "the clock of the response runs again");
    assert_eq!(Rules::decide(&state, &answer(POLICE, 20, done())), Err(Refusal::NotReportedIn(code(POLICE))));
    let again = Rules::decide(&state, &answer(POLICE, 39, report_in())).unwrap();
    assert_eq!(names(&again), ["Responded", "ReportedIn"]);
}

#[test]
fn whoever_is_not_at_the_meeting_has_not_reported_in_and_decisions_become_tasks() {
    let state = given(&[grade(), whistle(&[POLICE, BUILD])]);
    let Command::PlanTasks { tasks, .. } = plan(&[(POLICE, &[])]) else { unreachable!() };
    let meeting = Command::HoldMeeting {
        by: code(STREET),
        present: vec![Attendee { party: code(POLICE), officer: officer() }],
        minutes: "bollards, then signs".to_owned(),
        decisions: tasks,
        now: at(60),
        in_force: in_force(),
    };
    let held = Rules::decide(&state, &meeting).unwrap();
    assert_eq!(names(&held), ["MeetingHeld", "Responded", "ReportedIn", "TaskPlanned"]);
    let Event::MeetingHeld { absent, .. } = &held[0] else { panic!("no meeting") };
    assert_eq!(absent, &[code(BUILD)]);
    let state = held.iter().fold(state, Rules::evolve);
    let late = Rules::decide(&state, &check(120)).unwrap();
    assert!(
        late.iter().any(
            |event| matches!(event, Event::Overdue { clock: Clock::ReportIn, party, .. } if party.as_str() == BUILD)
        )
    );
}

#[test]
fn a_missed_week_of_a_task_force_is_told_once_and_the_next_one_counts() {
    const WEEK: i64 = 7 * 24 * 60;
    let state = given(&[grade(), task_force()]);
    let missed = |state: &State, minute| {
        let late = Rules::decide(state, &check(minute)).unwrap();
        late.iter().filter(|event| matches!(event, Event::Overdue { clock: Clock::Meeting, .. })).count()
    };
    assert_eq!(missed(&state, WEEK - 1), 0);
    assert_eq!(missed(&state, WEEK), 1);
    let state = Rules::decide(&state, &check(WEEK)).unwrap().iter().fold(state, Rules::evolve);
    assert_eq!(missed(&state, 2 * WEEK - 1), 0);
    assert_eq!(missed(&state, 5 * WEEK + 1), 1, "several weeks missed while nobody looked are told once");
}

#[test]
fn nothing_is_late_for_the_time_it_was_answered() {
    const DAY: i64 = 24 * 60;
    let supervise = Command::Supervise {
        by: code("wuchang-centre"),
        above: true,
        party: code(STREET),
        text: "account for it".to_owned(),
        due: at(8 * DAY),
        now: at(0),
    };
    let resolve = Command::Resolve {
        by: code(STREET),
        outcome: Outcome::Solved,
        summary: "fine".to_owned(),
        evidence: vec![],
        rating_due: at(30_000),
    };
    let again = Command::Rate { round: 1, solved: false, reason: "no".to_owned(), terms: terms(12 * DAY, "30d") };
    let state = given(&[grade(), task_force(), supervise, resolve, again]);
    assert_eq!(Rules::decide(&state, &check(12 * DAY)), Ok(vec![]));
    assert_eq!(next_deadline(&state), Some(just_after(19 * DAY)), "a week from when it was open again");
}
