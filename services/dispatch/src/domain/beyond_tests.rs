//! Colours that rise, evidence, special groups, the city, admissions, going round, and what is found on the way.

use charter::{Colour, Level};
use decider::Decider;
use vocabulary::{Outcome, Place};

use super::tests::{
    BUILD, POLICE, STREET, answer, at, check, code, done, given, grade_as, in_force, names, officer, plan, report_in,
    terms, whistle,
};
use super::*;

const DISTRICT: &str = "wuchang-centre";
const CITY: &str = "wuhan";
const COMMUNITY: &str = "wuchang-liangdao-tanhualin";

/// The case with another category, and whether that needs evidence.
fn judged(graded_by: u64, category: &str, evidence_needed: bool) -> Command {
    let Command::Grade { mut assignment, terms, instead } = grade_as(graded_by, terms(0, "14d")) else {
        unreachable!()
    };
    assignment.category = code(category);
    assignment.evidence_needed = evidence_needed;
    Command::Grade { assignment, terms, instead }
}

fn after(state: State, command: &Command) -> State {
    Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
}

fn resolve(evidence: &[&str]) -> Command {
    Command::Resolve {
        by: code(STREET),
        outcome: Outcome::Solved,
        summary: "fine".to_owned(),
        evidence: evidence.iter().map(|reference| (*reference).to_owned()).collect(),
        rating_due: at(30_000),
    }
}

#[test]
fn a_call_found_late_takes_the_next_colour_and_of_each_limit_the_earlier() {
    let called = given(&[grade_as(1, terms(0, "14d")), whistle(&[POLICE])]);
    let late = Rules::decide(&called, &check(30)).unwrap();
    assert_eq!(names(&late), ["Overdue", "ColourRaised"]);
    let state = late.iter().fold(called, Rules::evolve);
    let call = &state.calls[0];
    assert_eq!(call.colour, Colour::Yellow);
    // Yellow leaves 2 hours to come and 5 days in all; coming was due earlier than that already.
    assert_eq!((call.parties[0].report_in_due, call.completion_due), (at(120), at(30 + 5 * 24 * 60)));
    // Half of that, and four fifths: earlier than the reminders blue had left.
    assert_eq!(call.reminders, [at(30 + 3600), at(30 + 5760)]);
    // Once more is red, and there it ends.
    let red = after(state, &check(120));
    assert_eq!((red.calls[0].colour, red.calls[0].completion_due), (Colour::Red, at(120 + 2 * 24 * 60)));
    let over = Rules::decide(&red, &check(120 + 2 * 24 * 60)).unwrap();
    assert!(!names(&over).contains(&"ColourRaised".to_owned()) && names(&over).contains(&"Overdue".to_owned()));
}

#[test]
fn what_needs_evidence_is_not_solved_without_and_may_still_end_otherwise() {
    let state = given(&[judged(1, "street-lights", true)]);
    assert_eq!(Rules::decide(&state, &resolve(&[])), Err(Refusal::EvidenceNeeded));
    assert_eq!(names(&Rules::decide(&state, &resolve(&["sha256:77d6"])).unwrap()), ["Resolved"]);
    let mut explained = resolve(&[]);
    if let Command::Resolve { outcome, .. } = &mut explained {
        *outcome = Outcome::Explained;
    }
    assert_eq!(names(&Rules::decide(&state, &explained).unwrap()), ["Resolved"]);
}

#[test]
fn b2_is_solved_with_a_call_or_was_b1() {
    let judged_at = |graded_by: u64, level: Level| {
        let Command::Grade { mut assignment, terms, instead } = grade_as(graded_by, terms(0, "14d")) else {
            unreachable!()
        };
        assignment.level = level;
        Command::Grade { assignment, terms, instead }
    };
    let state = given(&[judged_at(1, Level::B2)]);
    assert_eq!(Rules::decide(&state, &resolve(&["swept.jpg"])), Err(Refusal::CallNeeded));
    let mut explained = resolve(&[]);
    if let Command::Resolve { outcome, .. } = &mut explained {
        *outcome = Outcome::NotSolved;
    }
    assert_eq!(names(&Rules::decide(&state, &explained).unwrap()), ["Resolved"], "an honest end stays possible");
    let regraded = after(state.clone(), &judged_at(2, Level::B1));
    assert_eq!(names(&Rules::decide(&regraded, &resolve(&[])).unwrap()), ["Resolved"]);
    // Whoever was called and was let go was called all the same.
    let release =
        Command::Release { by: code(STREET), party: code(POLICE), reason: "not needed".to_owned(), rating_due: at(1) };
    let called = after(after(state.clone(), &whistle(&[POLICE])), &release);
    assert_eq!(names(&Rules::decide(&called, &resolve(&[])).unwrap()), ["Resolved"]);
    // What goes up is no longer the street's to call on.
    let escalate = Command::Escalate {
        by: code(STREET),
        to: code(DISTRICT),
        to_level: Level::C,
        reason: "no street can".to_owned(),
    };
    let state = after(state, &escalate);
    let mut of_district = resolve(&[]);
    if let Command::Resolve { by, .. } = &mut of_district {
        *by = code(DISTRICT);
    }
    assert_eq!(names(&Rules::decide(&state, &of_district).unwrap()), ["Resolved"]);
}

#[test]
fn the_last_party_shows_something_if_nobody_before_it_has() {
    let called = given(&[judged(1, "street-lights", true), whistle(&[POLICE]), answer(POLICE, 5, report_in())]);
    assert_eq!(Rules::decide(&called, &answer(POLICE, 9, done())), Err(Refusal::EvidenceNeeded));
    let shown = Answer::Done { outcome: Outcome::Solved, note: String::new(), evidence: vec!["lamp.jpg".to_owned()] };
    assert_eq!(
        names(&Rules::decide(&called, &answer(POLICE, 9, shown)).unwrap()),
        ["PartyDone", "CallEnded", "Resolved"]
    );
    // What was shown with a task counts for the case; after a reopening it does not any more.
    let task = Answer::TaskDone { task: 1, note: String::new(), evidence: vec!["lamp.jpg".to_owned()] };
    let state = after(after(called, &plan(&[(POLICE, &[])])), &answer(POLICE, 7, task));
    let state = after(state, &answer(POLICE, 9, done()));
    let state = after(state, &Command::Reopen { reason: "dark again".to_owned(), terms: terms(10, "3d") });
    assert_eq!(Rules::decide(&state, &resolve(&[])), Err(Refusal::EvidenceNeeded));
}

/// Nobody who is released can be asked for evidence: the owner ends such a case.
#[test]
fn a_release_never_solves_what_nobody_has_shown() {
    let two = given(&[judged(1, "street-lights", true), whistle(&[POLICE, BUILD]), answer(POLICE, 5, report_in())]);
    let state = after(two, &answer(POLICE, 9, done()));
    let release =
        Command::Release { by: code(STREET), party: code(BUILD), reason: "not needed".to_owned(), rating_due: at(1) };
    let released = Rules::decide(&state, &release).unwrap();
    assert_eq!(names(&released), ["Released", "CallEnded"]);
    let state = released.iter().fold(state, Rules::evolve);
    assert_eq!(names(&Rules::decide(&state, &resolve(&["lamp.jpg"])).unwrap()), ["Resolved"]);
}

fn special(parties: &[&str], chair: bool) -> Command {
    let Command::Call { mut whistle } = whistle(parties) else { unreachable!() };
    whistle.caller = code("wuchang-group");
    whistle.special = Some(Special { group: code("wuchang-group"), chair: chair.then(officer) });
    Command::Call { whistle }
}

#[test]
fn a_special_group_calls_two_departments_under_a_chair_and_the_case_stays_the_districts() {
    let escalate = Command::Escalate {
        by: code(STREET),
        to: code("wuchang-group"),
        to_level: Level::C,
        reason: "no street can".to_owned(),
    };
    let state = given(&[grade_as(1, terms(0, "14d")), escalate]);
    assert_eq!(Rules::decide(&state, &special(&[POLICE, BUILD], false)), Err(Refusal::ChairNeeded));
    assert_eq!(Rules::decide(&state, &special(&[POLICE], true)), Err(Refusal::TwoDepartments));
    assert_eq!(Rules::decide(&state, &special(&[POLICE, POLICE], true)), Err(Refusal::TwoDepartments));
    let state = after(state, &special(&[POLICE, BUILD], true));
    assert_eq!(state.matter.as_ref().unwrap().level, Level::C);
    let not_owner = given(&[grade_as(1, terms(0, "14d"))]);
    assert!(matches!(Rules::decide(&not_owner, &special(&[POLICE, BUILD], true)), Err(Refusal::NotTheOwner { .. })));
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
    };
    let first = given(&[grade_as(1, terms(0, "14d"))]);
    assert_eq!(Rules::decide(&first, &transfer(false)), Err(Refusal::NotAbove(code(DISTRICT))));
    let state = after(first.clone(), &transfer(true));
    let matter = state.matter.as_ref().unwrap();
    assert_eq!((matter.owner.as_str(), matter.level), (CITY, Level::D));
    assert_eq!(next_deadline(&state), next_deadline(&first), "the clock goes on");
    let late = Rules::decide(&state, &check(14 * 24 * 60)).unwrap();
    assert!(matches!(&late[..], [Event::Overdue { clock: Clock::Case, party, .. }] if party.as_str() == CITY));
    let done = |state: &State| {
        Rules::decide(
            state,
            &Command::CityDone {
                by: code(DISTRICT),
                above: true,
                city: code(CITY),
                outcome: Outcome::Solved,
                summary: "repaired".to_owned(),
                evidence: vec![],
                rating_due: at(30_000),
            },
        )
    };
    assert!(matches!(done(&first), Err(Refusal::NotTheOwner { .. })), "only of a case that the city has");
    assert_eq!(names(&done(&state).unwrap()), ["Resolved"]);
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
    };
    given(&[grade_as(1, terms(0, "14d")), transfer])
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
    assert_eq!(next_deadline(&state), Some(at(14 * 24 * 60)), "only the clock of the case is left");
}

#[test]
fn any_word_of_the_city_is_its_answer() {
    let (by, note) = (code(DISTRICT), "somebody is on the way".to_owned());
    let state = after(with_the_city(), &Command::CityProgress { by, above: true, city: code(CITY), note });
    assert_eq!(next_deadline(&state), Some(at(14 * 24 * 60)));
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
    assert_eq!((matter.owner.as_str(), matter.level), (DISTRICT, Level::C));
    assert_eq!(next_deadline(&state), Some(at(14 * 24 * 60)), "nobody waits for the city any more");
    assert!(matches!(Rules::decide(&state, &back(true)), Err(Refusal::NotTheOwner { .. })), "said once");
    let again = Command::Transfer {
        by: code(DISTRICT),
        above: true,
        city: code(CITY),
        reference: "C-18".to_owned(),
        reason: "it is on the city's map".to_owned(),
        answer: Expected { due: at(9000), reminders: vec![] },
    };
    let state = after(after(state, &again), &back(true));
    assert_eq!(Rules::decide(&state, &again), Err(Refusal::GoesRound(code(CITY))));
}

#[test]
fn work_outside_the_list_of_communities_is_refused_on_the_record_until_the_district_admits_it() {
    let state = given(&[judged(1, "road-works-permit", false)]);
    let mut tasks = plan(&[(COMMUNITY, &[])]);
    assert_eq!(names(&Rules::decide(&state, &tasks).unwrap()), ["AdmissionRefused"]);
    let refused = after(state, &tasks);
    assert!(refused.tasks.is_empty());
    let admit = |above| Command::Admit { by: code(DISTRICT), above, reason: "this once".to_owned() };
    assert_eq!(Rules::decide(&refused, &admit(false)), Err(Refusal::NotAbove(code(DISTRICT))));
    let said = Rules::decide(&refused, &admit(true)).unwrap();
    assert!(
        matches!(&said[..], [Event::Admitted { told, .. }] if *told == [code(COMMUNITY)]),
        "who was refused hears it"
    );
    let admitted = after(refused, &admit(true));
    assert_eq!(Rules::decide(&admitted, &admit(true)), Err(Refusal::AdmittedAlready(code("road-works-permit"))));
    assert_eq!(names(&Rules::decide(&admitted, &tasks).unwrap()), ["TaskPlanned"]);
    // Admitted was this matter, not whatever the case turns out to be.
    let regraded = after(admitted, &judged(2, "another-permit", false));
    assert_eq!(names(&Rules::decide(&regraded, &tasks).unwrap()), ["AdmissionRefused"]);
    // What the list holds nobody has to admit.
    let listed = given(&[judged(1, "ponding", false)]);
    tasks = plan(&[(COMMUNITY, &[])]);
    assert_eq!(names(&Rules::decide(&listed, &tasks).unwrap()), ["TaskPlanned"]);
}

#[test]
fn a_judgement_for_a_community_that_may_not_have_it_goes_to_the_street_and_says_so() {
    let Command::Grade { mut assignment, terms, instead } = judged(1, "road-works-permit", false) else {
        unreachable!()
    };
    assignment.party = code(COMMUNITY);
    assignment.level = Level::A;
    let decided = Rules::decide(&State::default(), &Command::Grade { assignment, terms, instead }).unwrap();
    assert_eq!(names(&decided), ["AdmissionRefused", "Assigned"]);
    let state = decided.iter().fold(State::default(), Rules::evolve);
    let matter = state.matter.unwrap();
    assert_eq!((matter.owner.as_str(), matter.level), (STREET, Level::B1));
}

#[test]
fn a_case_comes_back_once_and_does_not_go_round() {
    const OFFICE: &str = "wuchang-liangdao-public-safety";
    let assign = |to: &str| Command::Assign {
        by: code(DISTRICT),
        above_owner: true,
        to: code(to),
        to_level: Level::B1,
        reason: "yours".to_owned(),
        in_force: in_force(),
    };
    let there_and_back = given(&[grade_as(1, terms(0, "14d")), assign(OFFICE), assign(STREET), assign(OFFICE)]);
    assert_eq!(Rules::decide(&there_and_back, &assign(STREET)), Err(Refusal::GoesRound(code(STREET))));
    assert_eq!(next_deadline(&there_and_back), next_deadline(&given(&[grade_as(1, terms(0, "14d"))])));
}

#[test]
fn what_is_found_on_the_way_lies_where_the_case_is_and_has_a_name_of_its_own() {
    let Command::Grade { mut assignment, terms, instead } = grade_as(1, terms(0, "14d")) else { unreachable!() };
    assignment.place.address = "中山路308号".to_owned();
    let state = given(&[Command::Grade { assignment, terms, instead }, whistle(&[POLICE])]);
    let related =
        || Related { title: "a lamp".to_owned(), text: String::new(), place: Place::default(), category: None };
    let found = answer(POLICE, 5, Answer::Found(Box::new(related())));
    let first = Rules::decide(&state, &found).unwrap();
    let [Event::RelatedCaseSpawned { reference, related, .. }] = &first[..] else { panic!("{first:?}") };
    assert_eq!((reference.as_str(), related.place.address.as_str()), ("found-1", "中山路308号"));
    let state = first.iter().fold(state, Rules::evolve);
    let second = Rules::decide(&state, &found).unwrap();
    assert!(matches!(&second[..], [Event::RelatedCaseSpawned { reference, .. }] if reference == "found-2"));
}
