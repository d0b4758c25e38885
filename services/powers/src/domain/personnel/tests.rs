use proptest::prelude::*;

use super::*;

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_680_000_000 + second).unwrap()
}

fn send(talk: bool) -> Command {
    Command::Send(Box::new(Letter {
        department: code("heping-market"),
        street: code("heping-wudadao"),
        matter: Matter::Promotion,
        person: "scjg-017".to_owned(),
        unit: Some(code("heping-wudadao-squad-market")),
        secrecy: Secrecy::Confidential,
        text: "拟提任副所长，请研究".to_owned(),
        talk_with: talk.then(|| code("heping-wudadao-public-safety")),
        due: at(100),
        due_provisional: false,
        sent_at: at(0),
    }))
}

fn talk() -> Command {
    Command::Talk(Talk { office: code("heping-wudadao-public-safety"), note: "群众评价好".to_owned(), at: at(3) })
}

fn reply(stance: Stance, text: &str, now: i64) -> Command {
    Command::Reply(Reply { stance, text: text.to_owned(), at: at(now) })
}

fn finalise(decided: Decided, reason: &str, now: i64) -> Command {
    Command::Finalise(Finding { decided, reason: reason.to_owned(), at: at(now) })
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
fn nobody_is_promoted_before_the_street_has_replied() {
    let promote = finalise(Decided::AsProposed, "", 50);
    let missing = Refusal::ReplyMissing { street: code("heping-wudadao"), due: at(100) };
    assert_eq!(refused(&[send(false)], &promote), missing);
    let heard = given(&[send(false), reply(Stance::NoObjection, "", 40), promote]);
    assert_eq!(heard.finding.unwrap().decided, Decided::AsProposed);
}

#[test]
fn a_reply_that_does_not_come_in_time_is_not_waited_for_and_its_absence_is_recorded() {
    let promote = |now| finalise(Decided::AsProposed, "", now);
    assert!(
        matches!(refused(&[send(false)], &promote(100)), Refusal::ReplyMissing { .. }),
        "the last second is in time"
    );
    let events = Rules::decide(&given(&[send(false)]), &promote(101)).unwrap();
    assert!(matches!(events[..], [Event::Expired { .. }, Event::Finalised(_)]));
    let state = given(&[send(false), Command::CheckDeadline { now: at(101) }]);
    assert_eq!(state.next_deadline(), None);
    assert_eq!(Rules::decide(&state, &Command::CheckDeadline { now: at(500) }), Ok(vec![]), "once");
    assert_eq!(Rules::decide(&state, &reply(Stance::Objection, "不同意", 102)), Err(Refusal::ReplyTooLate(at(100))));
}

#[test]
fn where_the_letter_names_an_office_the_talk_comes_first() {
    let promote = finalise(Decided::AsProposed, "", 50);
    let steps = [send(true), reply(Stance::NoObjection, "", 40)];
    assert_eq!(refused(&steps, &promote), Refusal::TalkMissing(code("heping-wudadao-public-safety")));
    assert!(given(&[send(true), talk(), reply(Stance::NoObjection, "", 40), promote]).finding.is_some());
    // Nor does time that is over stand for the talk, which is the department's own to hold.
    let expired = [send(true), Command::CheckDeadline { now: at(101) }];
    assert!(matches!(refused(&expired, &finalise(Decided::AsProposed, "", 200)), Refusal::TalkMissing(_)));
}

#[test]
fn against_an_objection_it_takes_a_reason() {
    let steps = [send(false), reply(Stance::Objection, "群众反映多", 40)];
    assert_eq!(refused(&steps, &finalise(Decided::AsProposed, "", 50)), Refusal::AgainstObjection);
    assert!(
        given(&[steps.to_vec(), vec![finalise(Decided::AsProposed, "已核实不属实", 50)]].concat()).finding.is_some()
    );
    assert_eq!(refused(&[send(false)], &reply(Stance::Objection, "", 40)), Refusal::ReplyNeedsText);
}

#[test]
fn what_is_dropped_waits_for_nobody_and_says_why() {
    assert_eq!(refused(&[send(true)], &finalise(Decided::Dropped, "", 5)), Refusal::FindingNeedsReason);
    let state = given(&[send(true), finalise(Decided::Dropped, "本人调离", 5)]);
    assert_eq!(state.next_deadline(), None);
    assert_eq!(Rules::decide(&state, &reply(Stance::NoObjection, "", 6)), Err(Refusal::Finalised));
    assert_eq!(Rules::decide(&state, &finalise(Decided::Dropped, "本人调离", 9)), Ok(vec![]), "said twice");
}

#[test]
fn a_letter_has_one_number_and_one_reply() {
    let number = Number { year: 2023, number: 7 };
    let state = given(&[send(false), Command::Number(number), reply(Stance::NoObjection, "", 4)]);
    assert_eq!(Rules::decide(&state, &Command::Number(Number { year: 2023, number: 8 })), Ok(vec![]));
    assert_eq!(Rules::decide(&state, &reply(Stance::NoObjection, "", 5)), Ok(vec![]), "told twice");
    assert_eq!(Rules::decide(&state, &reply(Stance::Objection, "改主意了", 5)), Err(Refusal::RepliedAlready));
    assert_eq!(refused(&[send(false)], &send(true)), Refusal::LetterExists);
    assert_eq!(Rules::decide(&State::default(), &talk()), Err(Refusal::NoSuchLetter));
}

proptest! {
    /// Whatever is asked in whatever order: as proposed only after a reply or its time, and after the talk.
    #[test]
    fn no_sequence_of_calls_decides_before_the_street_was_heard(
        talks in any::<bool>(),
        moves in prop::collection::vec((0u8..6, 0i64..40), 0..25),
    ) {
        let (mut state, mut now) = (given(&[send(talks)]), 0);
        let (mut replied, mut talked) = (false, false);
        for (step, passes) in moves {
            now += passes;
            let command = match step {
                0 => talk(),
                1 => reply(Stance::NoObjection, "", now),
                2 => finalise(Decided::AsProposed, "", now),
                3 => finalise(Decided::AsProposed, "仍按原议", now),
                4 => Command::CheckDeadline { now: at(now) },
                _ => reply(Stance::Objection, "不同意", now),
            };
            let Ok(events) = Rules::decide(&state, &command) else { continue };
            for event in &events {
                match event {
                    Event::TalkHeld(_) => talked = true,
                    Event::Replied(_) => { prop_assert!(now <= 100 && !replied); replied = true; }
                    Event::Expired { .. } => prop_assert!(now > 100 && !replied),
                    Event::Finalised(_) => prop_assert!((replied || now > 100) && (talked || !talks)),
                    Event::Sent(_) | Event::Numbered(_) => panic!("{event:?}"),
                }
            }
            state = events.iter().fold(state, Rules::evolve);
        }
    }
}
