use std::collections::HashSet;

use decider::Decider;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
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
    act(Action::CallSeat { party: code(party), seats: codes(&["wuchang-water", "wuchang-health"]) })
}

fn take_seat(party: &str, staff_ref: &str) -> Command {
    let officer = Officer { staff_ref: staff_ref.to_owned(), post: "副局长".to_owned() };
    Command::TakeSeat { party: code(party), officer }
}

fn decide_path(parties: &[&str]) -> Command {
    act(Action::DecidePath(Path {
        assessment: "占道、噪音、消防、经营四类并查".to_owned(),
        steps: vec!["责令停工".to_owned(), "整改通知书".to_owned()],
        parties: codes(parties),
    }))
}

fn arrive(parties: &[&str]) -> Command {
    act(Action::ArriveOnSite { parties: codes(parties), stop_order: "停止施工".to_owned() })
}

fn serve(party: &str, address: &str, due: Timestamp) -> Command {
    act(Action::ServeNotice(Order {
        party: code(party),
        subject: "限期整改".to_owned(),
        address: address.to_owned(),
        due,
        service_proof: "当面送达".to_owned(),
    }))
}

fn reinspect(notice: u32, verdict: Verdict) -> Command {
    act(Action::Reinspect { notice, finding: "已复查".to_owned(), verdict })
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
    act(Action::Conclude { summary: "两份通知书均已整改".to_owned() })
}

fn check(now: Timestamp) -> Command {
    Command::CheckDeadlines { now }
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
        action: Action::Conclude { summary: "无事".to_owned() },
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

    let failed = reinspect(1, Verdict::Failed { next_step: "查封".to_owned(), due: second });
    state = step(&state, &failed);
    assert_eq!(Rules::decide(&state, &failed), Ok(vec![]), "told twice");
    assert_eq!(Rules::decide(&state, &conclude()), Err(Refusal::NoticesOpen(vec![1])));
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
    assert_eq!(Rules::decide(&state, &opening(3, elsewhere)), Err(Refusal::AnotherCentre(code(CENTRE))));
    assert_eq!(Rules::decide(&state, &arrive(&RESIDENTS)), Err(Refusal::NoPathDecided));
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (1i64..8).prop_map(|hour| Timestamp::from_second(hour * 3600).unwrap())
}

fn parties() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(RESIDENTS[0]), 3 => Just(RESIDENTS[1]), 2 => Just("wuchang-water"), 1 => Just("wuchang-culture")]
}

fn actions() -> impl Strategy<Value = Command> {
    prop_oneof![
        parties().prop_map(call_seat),
        parties().prop_map(|party| decide_path(&[party])),
        (parties(), any::<bool>()).prop_map(|(party, stops)| {
            let stop_order = if stops { "停止施工".to_owned() } else { String::new() };
            act(Action::ArriveOnSite { parties: codes(&[party]), stop_order })
        }),
        (parties(), 0..3u8, instants()).prop_map(|(party, house, due)| serve(party, &house.to_string(), due)),
        (1..5u32, instants())
            .prop_map(|(notice, due)| { reinspect(notice, Verdict::Failed { next_step: "查封".to_owned(), due }) }),
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
                if let (Event::ReinspectionDue { notice, due }, Command::CheckDeadlines { now }) = (&event, command) {
                    prop_assert!(due <= now, "early");
                    prop_assert!(told.insert((*notice, *due)), "twice");
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
                let action = Action::Reinspect { notice, finding: String::new(), verdict: Verdict::Passed };
                state = step(&state, &on_the_way(action));
            }
            if operation.stage == Stage::Opened {
                let parties = operation.parties().take(1).cloned().collect();
                let path = Path { assessment: "已复核".to_owned(), steps: vec!["结案".to_owned()], parties };
                state = step(&state, &on_the_way(Action::DecidePath(path)));
            }
            state = step(&state, &on_the_way(Action::Conclude { summary: "完成".to_owned() }));
            prop_assert!(state.operation.is_some_and(|operation| operation.stage == Stage::Concluded));
        }
    }
}
