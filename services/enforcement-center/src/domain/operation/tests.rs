mod model;

use std::collections::HashSet;

use decider::Decider;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use vocabulary::limit::late_from;
use vocabulary::{Officer, Place};

use super::*;

const CENTRE: &str = "wuchang-jiyuqiao-enforcement-centre";
const RESIDENTS: [&str; 4] = ["wuchang-police", "wuchang-fire", "wuchang-market", "wuchang-urban-management"];

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn codes(texts: &[&str]) -> Vec<Code> {
    texts.iter().map(|text| code(text)).collect()
}

/// 21 February 2019, on the clock of Wuhan.
fn at(time: &str) -> Timestamp {
    format!("2019-02-21T{time}+08:00").parse().unwrap()
}

fn hours(from: Timestamp, hours: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

fn opening(round: u32, centre: &str) -> Command {
    Command::Open(Box::new(Opening {
        round,
        centre: code(centre),
        categories: codes(&["occupation", "noise", "fire", "trading"]),
        residents: codes(&RESIDENTS),
        title: "中山路308号".to_owned(),
        place: Place {
            party: Some(code("wuchang-jiyuqiao-fenghuangcheng")),
            address: "中山路308号".to_owned(),
            point: None,
        },
    }))
}

fn act(action: Action) -> Command {
    Command::Act { centre: code(CENTRE), action }
}

fn call_seat(party: &str) -> Command {
    call_officers(party, &[], None)
}

/// The first officer is called, the others are substitutes.
fn call_officers(party: &str, officers: &[&str], due: Option<Timestamp>) -> Command {
    let mut officers = officers.iter().map(|staff_ref| officer(staff_ref));
    let call = SeatCall { party: code(party), officer: officers.next(), substitutes: officers.collect(), due };
    act(Action::CallSeat { call, seats: codes(&["wuchang-water", "wuchang-health"]) })
}

fn officer(staff_ref: &str) -> Officer {
    Officer { staff_ref: staff_ref.to_owned(), post: "副局长".to_owned() }
}

fn meet(held_at: Timestamp, present: &[&str]) -> Command {
    let decisions = vec![Decision { text: "先断电再清场".to_owned(), party: code(present[0]) }];
    act(Action::HoldMeeting { held_at, venue: "街道会议室".to_owned(), present: codes(present), decisions })
}

fn take_seat(party: &str, staff_ref: &str) -> Command {
    Command::TakeSeat { party: code(party), officer: officer(staff_ref) }
}

/// Each unit brings a power of its own.
fn decide_path(parties: &[&str]) -> Command {
    let brings = |party: &&str| Participant { party: code(party), officer: None, power: Some(code(party)) };
    act(Action::DecidePath(Path {
        assessment: "占道、噪音、消防、经营四类并查".to_owned(),
        steps: vec![rest_on(parties[0])],
        participants: parties.iter().map(brings).collect(),
        at: Some(at("09:00")),
    }))
}

fn rest_on(power: &str) -> PathStep {
    PathStep { action: "责令停工".to_owned(), power: Some(code(power)), basis: "第二十七条".to_owned() }
}

fn proof() -> Proof {
    Proof { how: "当面送达".to_owned(), by: "zf-0001".to_owned(), at: Some(at("15:30")) }
}

fn arrive(parties: &[&str]) -> Command {
    act(Action::ArriveOnSite { parties: codes(parties), stop_order: "停止施工".to_owned() })
}

fn serve(party: &str, address: &str, due: Timestamp) -> Command {
    follow_up(party, address, due, None)
}

fn follow_up(party: &str, address: &str, due: Timestamp, follows: Option<u32>) -> Command {
    act(Action::ServeNotice(Order {
        party: code(party),
        subject: "限期整改".to_owned(),
        address: address.to_owned(),
        due,
        proof: proof(),
        follows,
    }))
}

fn order_stop(party: &str, follows: Option<u32>) -> Command {
    act(Action::OrderStop(StopOrder {
        party: code(party),
        subject: "停止占道经营".to_owned(),
        address: "中山路308号".to_owned(),
        proof: proof(),
        follows,
    }))
}

fn reinspect(notice: u32, verdict: Verdict) -> Command {
    act(Action::Reinspect { notice, finding: "已复查".to_owned(), verdict, at: at("16:00") })
}

fn failed(step: NextStep, due: Timestamp) -> Verdict {
    Verdict::Failed { step, next_step: "依法处理".to_owned(), due }
}

fn take_step(notice: u32, step: NextStep) -> Command {
    let (text, to) = ("拟处罚款".to_owned(), code("wuchang-fire"));
    act(Action::TakeNextStep { notice, step, text, to, at: at("17:00") })
}

fn spawn(address: &str) -> Command {
    act(Action::SpawnRelatedCase(Box::new(Hazard {
        title: "凤凰村58号消防隐患".to_owned(),
        text: String::new(),
        place: Place { address: address.to_owned(), ..Place::default() },
        category: Some(code("fire")),
    })))
}

fn conclude() -> Command {
    act(Action::Conclude(Conclusion { summary: "两份通知书均已整改".to_owned(), at: Some(at("18:00")) }))
}

fn check(now: Timestamp) -> Command {
    check_without(now, &[])
}

fn check_without(now: Timestamp, away: &[&str]) -> Command {
    let away = away.iter().map(|staff_ref| (*staff_ref).to_owned()).collect();
    Command::CheckDeadlines { now, seat_due: hours(now, 1), told: code("wuchang-centre"), away }
}

fn step(state: &State, command: &Command) -> State {
    let events = Rules::decide(state, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    events.iter().fold(state.clone(), Rules::evolve)
}

fn given(commands: &[Command]) -> State {
    commands.iter().fold(State::default(), |state, command| step(&state, command))
}

fn on_site() -> Vec<Command> {
    vec![opening(1, CENTRE), decide_path(&RESIDENTS), arrive(&RESIDENTS)]
}

/// S2: 21 February, 09:00 assessed, 15:00 on site, two notices of 24 hours, a second house next door.
#[test]
fn zhongshan_road_308_is_over_after_both_notices_have_passed() {
    let due = hours(at("15:30"), 24);
    let mut state = given(&on_site());
    state = step(&state, &serve("wuchang-urban-management", "中山路308号", due));
    state = step(&state, &spawn("凤凰村58号"));
    state = step(&state, &serve("wuchang-fire", "凤凰村58号", due));
    assert_eq!(Rules::decide(&state, &conclude()), Err(Refusal::NoticesOpen(vec![1, 2])));

    let ran_out = Rules::decide(&state, &check(due)).unwrap();
    assert_eq!(ran_out, [1, 2].map(|notice| Event::ReinspectionDue { notice, due }));
    state = ran_out.iter().fold(state, Rules::evolve);

    state = step(&state, &reinspect(1, Verdict::Passed));
    let refusal = Rules::decide(&state, &conclude()).unwrap_err();
    assert_eq!(refusal.to_string(), "still open: notice 2; inspect again first");
    state = step(&state, &reinspect(2, Verdict::Passed));
    assert_eq!(step(&state, &conclude()).operation.unwrap().stage, Stage::Concluded);
}

#[test]
fn nobody_goes_out_and_nothing_is_concluded_before_the_path_is_decided() {
    let state = given(&[opening(1, CENTRE)]);
    assert_eq!(Rules::decide(&state, &arrive(&RESIDENTS)), Err(Refusal::NoPathDecided));
    assert_eq!(Rules::decide(&state, &conclude()), Err(Refusal::NoPathDecided));
    let due = hours(at("09:00"), 24);
    assert_eq!(Rules::decide(&state, &serve("wuchang-fire", "中山路308号", due)), Err(Refusal::NotOnSite));
    let state = step(&state, &decide_path(&RESIDENTS));
    assert_eq!(Rules::decide(&state, &spawn("凤凰村58号")), Err(Refusal::NotOnSite));
    let state = step(&state, &arrive(&RESIDENTS));
    assert_eq!(Rules::decide(&state, &decide_path(&RESIDENTS)), Err(Refusal::OnSiteAlready));
}

#[test]
fn a_resident_needs_no_call_and_a_seat_is_taken_only_by_whoever_was_asked() {
    let state = given(&[opening(1, CENTRE)]);
    assert_eq!(
        Rules::decide(&state, &call_seat("wuchang-police")),
        Err(Refusal::ResidentNeedsNoCall(code("wuchang-police")))
    );
    assert!(matches!(Rules::decide(&state, &call_seat("wuchang-culture")), Err(Refusal::NoSeat { .. })));
    assert_eq!(Rules::decide(&state, &take_seat("wuchang-water", "7")), Err(Refusal::NotAsked(code("wuchang-water"))));

    let together = decide_path(&["wuchang-fire", "wuchang-water"]);
    let state = step(&state, &call_seat("wuchang-water"));
    assert_eq!(
        Rules::decide(&state, &together),
        Err(Refusal::TakesNoPart(code("wuchang-water"))),
        "asked is not there"
    );
    let state = step(&state, &take_seat("wuchang-water", "7"));
    assert!(Rules::decide(&state, &together).is_ok());
    assert_eq!(Rules::decide(&state, &take_seat("wuchang-water", "7")), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &take_seat("wuchang-water", "8")).unwrap().len(), 1, "a colleague takes over");
}

#[test]
fn another_street_cannot_run_this_centres_operation() {
    let state = given(&on_site());
    let stranger = Command::Act {
        centre: code("wuchang-yangyuan-enforcement-centre"),
        action: Action::Conclude(Conclusion { summary: "无事".to_owned(), at: None }),
    };
    assert_eq!(Rules::decide(&state, &stranger), Err(Refusal::AnotherCentre(code(CENTRE))));
}

#[test]
fn a_breached_notice_is_open_again_under_a_new_deadline() {
    let (first, second) = (hours(at("15:00"), 24), hours(at("15:00"), 48));
    let mut state = given(&on_site());
    state = step(&state, &serve("wuchang-fire", "中山路308号", first));
    state = step(&state, &check(first));
    assert_eq!(state.operation.as_ref().unwrap().next_deadline(), None);

    let failed = reinspect(1, failed(NextStep::NewNotice, second));
    state = step(&state, &failed);
    assert_eq!(Rules::decide(&state, &failed), Ok(vec![]), "told twice");
    assert_eq!(Rules::decide(&state, &conclude()), Err(Refusal::NextStepsOpen(vec![1])));
    assert_eq!(state.operation.as_ref().unwrap().next_deadline(), Some(second));
    assert_eq!(Rules::decide(&state, &check(second)), Ok(vec![Event::ReinspectionDue { notice: 1, due: second }]));
    // Before the deadline is early enough to comply.
    state = step(&state, &reinspect(1, Verdict::Passed));
    assert_eq!(Rules::decide(&state, &check(second)), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &reinspect(1, Verdict::Passed)), Err(Refusal::CompliedAlready(1)));
    assert_eq!(Rules::decide(&state, &reinspect(2, Verdict::Passed)), Err(Refusal::NoSuchNotice(2)));
}

#[test]
fn a_hazard_found_on_site_is_one_case_and_lies_where_the_operation_is() {
    let state = given(&on_site());
    let events = Rules::decide(&state, &spawn("凤凰村58号")).unwrap();
    let [Event::RelatedCaseSpawned { reference, hazard }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (reference.as_str(), &hazard.place.party),
        ("related-1", &Some(code("wuchang-jiyuqiao-fenghuangcheng")))
    );
    let state = events.iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &spawn("凤凰村58号")), Ok(vec![]));
    let next = Rules::decide(&state, &spawn("凤凰村60号")).unwrap();
    assert!(matches!(&next[..], [Event::RelatedCaseSpawned { reference, .. }] if reference == "related-2"));
}

#[test]
fn a_closed_case_takes_nothing_more_and_a_case_that_was_never_ours_is_left_alone() {
    assert_eq!(Rules::decide(&State::default(), &Command::Cancel), Ok(vec![]));
    let due = hours(at("15:00"), 24);
    let mut commands = on_site();
    commands.extend([serve("wuchang-fire", "中山路308号", due), Command::Cancel]);
    let state = given(&commands);
    assert_eq!(Rules::decide(&state, &check(due)), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &Command::Cancel), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &conclude()), Err(Refusal::Cancelled));
    assert_eq!(Rules::decide(&state, &take_seat("wuchang-water", "7")), Err(Refusal::Cancelled));
    assert_eq!(Rules::decide(&state, &opening(1, CENTRE)), Ok(vec![]), "the assignment comes late");
}

#[test]
fn a_reopened_case_is_assessed_anew_and_an_assignment_to_another_street_opens_nothing() {
    let elsewhere = "wuchang-yangyuan-enforcement-centre";
    let mut commands = on_site();
    commands.push(conclude());
    let state = given(&commands);
    assert_eq!(Rules::decide(&state, &opening(1, CENTRE)), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &opening(1, elsewhere)), Err(Refusal::AnotherCentre(code(CENTRE))));

    let state = step(&state, &opening(2, CENTRE));
    assert_eq!(Rules::decide(&state, &opening(2, CENTRE)), Ok(vec![]));
    // Another centre has it now: what was under way here ends.
    let moved = Rules::decide(&state, &opening(3, elsewhere)).unwrap();
    assert!(
        matches!(&moved[..], [Event::OperationCancelled, Event::OperationOpened(there)] if there.centre == code(elsewhere))
    );
    assert_eq!(Rules::decide(&state, &arrive(&RESIDENTS)), Err(Refusal::NoPathDecided));
}

#[test]
fn a_seat_that_is_not_taken_calls_the_substitute_and_then_the_district_hears_of_it() {
    let water = || code("wuchang-water");
    let (first, second) = (at("09:10"), hours(late_from(at("09:10")), 1));
    let state = given(&[opening(1, CENTRE), call_officers("wuchang-water", &["7", "8"], Some(first))]);
    assert_eq!(Rules::decide(&state, &check(first)), Ok(vec![]), "its last second");
    assert_eq!(state.operation.as_ref().unwrap().next_deadline(), Some(late_from(first)));

    let lapsed = Rules::decide(&state, &check(late_from(first))).unwrap();
    let substitute = SeatCall { party: water(), officer: Some(officer("8")), substitutes: vec![], due: Some(second) };
    assert_eq!(
        lapsed,
        [Event::SeatLapsed { party: water(), officer: Some(officer("7")), due: first }, Event::SeatCalled(substitute)]
    );
    let state = lapsed.iter().fold(state, Rules::evolve);
    assert_eq!(Rules::decide(&state, &check(late_from(first))), Ok(vec![]), "once");

    let nobody = Rules::decide(&state, &check(late_from(second))).unwrap();
    let told = code("wuchang-centre");
    assert_eq!(
        nobody,
        [
            Event::SeatLapsed { party: water(), officer: Some(officer("8")), due: second },
            Event::SeatEscalated { party: water(), told }
        ]
    );
    let state = nobody.iter().fold(state, Rules::evolve);
    let operation = state.operation.as_ref().unwrap();
    assert_eq!(operation.next_deadline(), None);
    assert!(matches!(operation.seats[&water()], Seat::Escalated { .. }), "it shows in the operation");
    assert_eq!(Rules::decide(&state, &call_seat("wuchang-water")).unwrap().len(), 1, "it may be called again");
    assert_eq!(Rules::decide(&state, &take_seat("wuchang-water", "9")).unwrap().len(), 1, "or come late");
}

/// Whoever could be called when the seat was, and has gone away since.
#[test]
fn a_substitute_who_has_gone_away_is_passed_over() {
    let due = at("09:10");
    let state = given(&[opening(1, CENTRE), call_officers("wuchang-water", &["7", "8", "9"], Some(due))]);
    let called = |away: &[&str]| {
        let events = Rules::decide(&state, &check_without(late_from(due), away)).unwrap();
        if let Event::SeatCalled(call) = events.last().unwrap() {
            return call.officer.clone().map(|officer| officer.staff_ref);
        }
        assert!(matches!(events.last(), Some(Event::SeatEscalated { .. })), "{events:?}");
        None
    };
    assert_eq!(called(&[]).as_deref(), Some("8"));
    assert_eq!(called(&["8"]).as_deref(), Some("9"));
    assert_eq!(called(&["8", "9"]), None, "nobody is left, and the district is told at once");
}

#[test]
fn a_seat_that_is_taken_in_time_calls_nobody_else() {
    let due = at("09:10");
    let called = call_officers("wuchang-water", &["7", "8"], Some(due));
    let state = given(&[opening(1, CENTRE), called, take_seat("wuchang-water", "7")]);
    assert_eq!(Rules::decide(&state, &check(hours(due, 5))), Ok(vec![]));
}

#[test]
fn an_assessment_is_joint_and_rests_on_powers_that_are_there() {
    let state = given(&[opening(1, CENTRE)]);
    let alone = decide_path(&["wuchang-fire"]);
    assert_eq!(Rules::decide(&state, &alone), Err(Refusal::OnePowerAlone(codes(&["wuchang-fire"]))));
    let with_step = |step: PathStep| {
        let Command::Act { action: Action::DecidePath(path), .. } = decide_path(&RESIDENTS) else { unreachable!() };
        Rules::decide(&state, &act(Action::DecidePath(Path { steps: vec![step], ..path })))
    };
    assert_eq!(with_step(rest_on("traffic")), Err(Refusal::NobodyHolds(code("traffic"))));
    let groundless = PathStep { power: None, ..rest_on("traffic") };
    assert_eq!(with_step(groundless), Err(Refusal::StepWithoutPower));
    assert!(with_step(rest_on("wuchang-fire")).is_ok());
}

#[test]
fn whoever_misses_the_meeting_is_not_reported_in_until_they_come() {
    let called = call_seat("wuchang-water");
    let taken = take_seat("wuchang-water", "7");
    let state = given(&[opening(1, CENTRE), called, taken, meet(at("08:30"), &RESIDENTS[..3])]);
    let operation = state.operation.as_ref().unwrap();
    assert_eq!(operation.meetings[0].absent, codes(&["wuchang-urban-management", "wuchang-water"]));
    let together = decide_path(&RESIDENTS);
    let absent = code("wuchang-urban-management");
    assert_eq!(Rules::decide(&state, &together), Err(Refusal::TakesNoPart(absent)));
    assert_eq!(Rules::decide(&state, &meet(at("08:30"), &RESIDENTS[..3])), Ok(vec![]), "told twice");
    let stranger = meet(at("08:45"), &["wuchang-culture"]);
    assert_eq!(Rules::decide(&state, &stranger), Err(Refusal::NotExpected(code("wuchang-culture"))));
    let state = step(&state, &take_seat("wuchang-urban-management", "5"));
    assert!(Rules::decide(&state, &together).is_ok(), "it came after all");
    assert_eq!(step(&state, &meet(at("09:30"), &RESIDENTS)).operation.unwrap().absent.len(), 1, "water only");
}

#[test]
fn each_breach_is_over_by_the_step_it_asked_for_and_by_no_other() {
    let due = hours(at("15:30"), 24);
    let breached = |next| {
        let mut commands = on_site();
        commands.extend([serve("wuchang-fire", "中山路308号", due), reinspect(1, failed(next, hours(due, 24)))]);
        given(&commands)
    };
    let steps = [
        (NextStep::NewNotice, follow_up("wuchang-fire", "中山路308号", hours(due, 24), Some(1))),
        (NextStep::StopOrder, order_stop("wuchang-fire", Some(1))),
        (NextStep::PenaltyProposal, take_step(1, NextStep::PenaltyProposal)),
        (NextStep::Transfer, take_step(1, NextStep::Transfer)),
    ];
    for (asked, _) in &steps {
        let state = breached(*asked);
        assert_eq!(Rules::decide(&state, &conclude()), Err(Refusal::NextStepsOpen(vec![1])));
        for (taken, command) in &steps {
            let decided = Rules::decide(&state, command);
            if asked != taken {
                assert_eq!(decided, Err(Refusal::AnotherNextStep { notice: 1, pending: *asked }));
                continue;
            }
            let state = decided.unwrap().iter().fold(state.clone(), Rules::evolve);
            assert_eq!(state.operation.as_ref().unwrap().notices[0].standing, Standing::Settled);
            let concluded = Rules::decide(&state, &conclude());
            if *asked == NextStep::NewNotice {
                assert_eq!(concluded, Err(Refusal::NoticesOpen(vec![2])), "the new notice has to be complied with");
            } else {
                assert!(concluded.is_ok());
            }
            let again = reinspect(1, Verdict::Passed);
            assert_eq!(Rules::decide(&state, &again), Err(Refusal::SettledAlready(1)));
        }
    }
    assert_eq!(
        Rules::decide(&breached(NextStep::StopOrder), &take_step(1, NextStep::StopOrder)),
        Err(Refusal::IsServed { notice: 1, step: NextStep::StopOrder })
    );
}

#[test]
fn a_stop_order_is_a_document_of_its_own_and_every_document_is_kept_with_the_centre_that_made_it() {
    let due = hours(at("15:30"), 24);
    let before = given(&[opening(1, CENTRE), decide_path(&RESIDENTS)]);
    assert_eq!(Rules::decide(&before, &order_stop("wuchang-fire", None)), Err(Refusal::NotOnSite));
    let mut commands = on_site();
    commands.extend([
        order_stop("wuchang-fire", None),
        order_stop("wuchang-fire", None),
        serve("wuchang-fire", "中山路308号", due),
        reinspect(1, Verdict::Passed),
        conclude(),
    ]);
    assert_eq!(
        given(&commands).operation.unwrap().documents,
        [
            Document::Assessment(1),
            Document::StopOrder(1),
            Document::Notice(1),
            Document::Reinspection(1),
            Document::Conclusion(1)
        ]
        .map(|document| (document, code(CENTRE)))
    );
}
