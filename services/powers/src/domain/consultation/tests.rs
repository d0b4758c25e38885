use super::*;
use crate::domain::Verdict;

pub(super) const STREETS: [&str; 3] = ["heping-wudadao", "heping-nanshi", "heping-xiaobailou"];

pub(super) fn code(text: &str) -> Code {
    text.parse().unwrap()
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_680_000_000 + second).unwrap()
}

pub(super) fn open() -> Command {
    Command::Open(Box::new(Opening {
        item: code("key-projects-01"),
        title: "五大道停车楼".to_owned(),
        asker: code("heping-planning"),
        opened_at: at(0),
    }))
}

pub(super) fn ask(streets: &[&str], due: i64, now: i64) -> Command {
    let question = Question {
        streets: streets.iter().map(|street| code(street)).collect(),
        text: "请研究并反馈意见".to_owned(),
        documents: vec![Document { name: "方案.pdf".to_owned(), sha256: "ab".repeat(32) }],
        due: at(due),
        due_provisional: false,
    };
    Command::Ask { question: Box::new(question), now: at(now) }
}

pub(super) fn say(street: &str, text: &str, now: i64) -> Command {
    Command::GiveOpinion { street: code(street), round: None, text: text.to_owned(), now: at(now) }
}

pub(super) fn answer(street: &str, verdict: Verdict, reason: &str) -> Command {
    Command::Answer { street: code(street), round: None, answer: Answer { verdict, reason: reason.to_owned() } }
}

pub(super) fn advance(to: Advance, now: i64) -> Command {
    Command::Advance { to, reason: "研究决定".to_owned(), now: at(now) }
}

fn given(commands: &[Command]) -> State {
    commands.iter().fold(State::default(), |state, command| {
        let events = Rules::decide(&state, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        events.iter().fold(state, Rules::evolve)
    })
}

fn refused(commands: &[Command], command: &Command) -> Refusal {
    Rules::decide(&given(commands), command).unwrap_err()
}

#[test]
fn a_project_waits_until_every_street_is_heard_and_every_opinion_answered() {
    let [first, second, _] = STREETS;
    let mut steps = vec![open(), ask(&[first, second], 100, 1), say(first, "出入口不要设在学校旁", 2)];
    let go_on = advance(Advance::CarriedOut, 3);
    assert_eq!(refused(&steps, &go_on), Refusal::OpinionMissing { street: code(second), due: at(100) });
    steps.push(say(second, "无意见", 3));
    assert_eq!(refused(&steps, &go_on), Refusal::OpinionUnanswered(code(second)));
    steps.extend([answer(first, Verdict::Partly, "移到侧面"), answer(second, Verdict::Adopted, "")]);
    let state = given(&[steps, vec![go_on]].concat());
    assert_eq!(state.project.unwrap().phase, Phase::CarriedOut);
}

#[test]
fn time_that_is_over_opens_the_gate_and_the_record_says_who_was_not_heard() {
    let [first, second, _] = STREETS;
    let steps = [open(), ask(&[first, second], 100, 1), say(first, "同意", 2), answer(first, Verdict::Adopted, "")];
    assert!(matches!(refused(&steps, &advance(Advance::CarriedOut, 100)), Refusal::OpinionMissing { .. }));
    let events = Rules::decide(&given(&steps), &advance(Advance::CarriedOut, 101)).unwrap();
    assert!(
        matches!(&events[..], [Event::Expired { streets, .. }, Event::Advanced { .. }] if *streets == [code(second)])
    );
}

#[test]
fn it_expires_once_by_its_alarm_and_never_early() {
    let state = given(&[open(), ask(&STREETS[..1], 100, 1)]);
    assert_eq!(state.next_deadline(), Some(at(101)));
    assert_eq!(Rules::decide(&state, &Command::CheckDeadline { now: at(100) }), Ok(vec![]));
    let over = Rules::decide(&state, &Command::CheckDeadline { now: at(101) }).unwrap();
    assert!(matches!(over[..], [Event::Expired { round: 1, .. }]));
    let state = over.iter().fold(state, Rules::evolve);
    assert_eq!(state.next_deadline(), None);
    assert_eq!(Rules::decide(&state, &Command::CheckDeadline { now: at(999) }), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &say(STREETS[0], "晚了", 102)), Err(Refusal::OpinionTooLate(at(100))));
}

#[test]
fn an_opinion_that_is_not_taken_as_it_is_gets_a_reason() {
    let street = STREETS[0];
    let steps = [open(), ask(&[street], 100, 1), say(street, "缓建", 2)];
    for verdict in [Verdict::Partly, Verdict::NotAdopted] {
        assert_eq!(refused(&steps, &answer(street, verdict, "")), Refusal::ReasonNeeded);
    }
    assert_eq!(refused(&steps[..2], &answer(street, Verdict::Adopted, "")), Refusal::NoOpinion(code(street)));
}

#[test]
fn a_newer_opinion_replaces_the_older_until_it_is_answered() {
    let street = STREETS[0];
    let steps = [open(), ask(&[street], 100, 1), say(street, "缓建", 2), say(street, "同意", 3)];
    assert_eq!(Rules::decide(&given(&steps), &say(street, "同意", 4)), Ok(vec![]), "told twice");
    let answered = [steps.to_vec(), vec![answer(street, Verdict::Adopted, "")]].concat();
    assert_eq!(refused(&answered, &say(street, "反对", 5)), Refusal::OpinionClosed(code(street)));
}

#[test]
fn every_phase_hears_the_streets_anew() {
    let street = STREETS[0];
    let heard = |now| [ask(&[street], now + 50, now), say(street, "同意", now), answer(street, Verdict::Adopted, "")];
    let mut steps = vec![open()];
    for (now, to) in [(1, Advance::CarriedOut), (2, Advance::Changed), (3, Advance::CarriedOut), (4, Advance::Finished)]
    {
        assert!(matches!(refused(&steps, &advance(to, now)), Refusal::NobodyAsked(_)), "{to:?}");
        steps.extend(heard(now));
        steps.push(advance(to, now));
    }
    assert_eq!(given(&steps).project.unwrap().ended, Some(Advance::Finished));
    assert_eq!(refused(&steps, &ask(&[street], 99, 5)), Refusal::ProjectOver("finished"));
}

#[test]
fn nothing_is_finished_before_it_is_carried_out_and_what_is_dropped_needs_only_a_reason() {
    let wrong = refused(&[open()], &advance(Advance::Finished, 1));
    assert_eq!(wrong, Refusal::NotNext { from: "drawn up", to: "finished" });
    let silent = Command::Advance { to: Advance::Dropped, reason: String::new(), now: at(1) };
    assert_eq!(refused(&[open()], &silent), Refusal::DropReasonNeeded);
    let state = given(&[open(), ask(&STREETS, 100, 1), advance(Advance::Dropped, 2)]);
    assert_eq!(state.next_deadline(), None, "nobody waits for what is given up");
}

#[test]
fn a_street_that_was_not_asked_has_nothing_to_say_here() {
    let steps = [open(), ask(&STREETS[..1], 100, 1)];
    assert_eq!(refused(&steps, &say(STREETS[1], "我们也有意见", 2)), Refusal::NotAsked(code(STREETS[1])));
    let elsewhere = Command::GiveOpinion { street: code(STREETS[0]), round: Some(7), text: "?".to_owned(), now: at(2) };
    assert_eq!(refused(&steps, &elsewhere), Refusal::NotAsked(code(STREETS[0])));
}
