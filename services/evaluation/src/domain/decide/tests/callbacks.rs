//! Calling back: how often, by whom, and when again.

use super::*;

#[test]
fn a_caller_who_never_answers_is_not_called_for_ever() {
    let call = called_back(CallbackOutcome::NoAnswer);
    let calls = |times: u32| (0..times).map(|_| call.clone());
    let mut commands = vec![ask(1)];
    commands.extend(calls(CALLBACKS));
    assert_eq!(last(&commands), ["called back"]);
    commands.extend(calls(1));
    assert_eq!(refused(&commands), Refusal::CalledBackEnough { most: CALLBACKS });
}

#[test]
fn the_unit_that_answered_a_case_does_not_call_back_about_it() {
    let by = |unit| called_back_by(unit, CallbackOutcome::Reached, None);
    let alone = || Command::Ask { asked: Asked { performance: [].into(), ..asked(1) }, formula: wuchang() };
    let unit = code("street-command-centre");
    assert_eq!(refused(&[alone(), by(Some("street-command-centre"))]), Refusal::OwnWork { unit });
    assert_eq!(last(&[alone(), by(Some("other-command-centre"))]), ["called back"]);
    assert_eq!(last(&[alone(), by(None)]), ["called back"]);
}

#[test]
fn a_street_that_had_others_come_calls_back_and_those_who_came_do_not() {
    let by = |unit| called_back_by(Some(unit), CallbackOutcome::Reached, None);
    assert_eq!(last(&[ask(1), by("street-command-centre")]), ["called back"]);
    assert_eq!(refused(&[ask(1), by("jsj")]), Refusal::OwnWork { unit: code("jsj") });
    // Who came in an earlier round and not in this one has done nothing of it.
    let mut again = asked(2);
    again.performance = [("jsj", 1), ("traffic", 2)]
        .map(|(party, round)| (code(party), Performance { round: Some(round), ..kept(true, true, true) }))
        .into();
    let again = Command::Ask { asked: again, formula: wuchang() };
    assert_eq!(last(&[again.clone(), by("jsj")]), ["called back"]);
    assert_eq!(refused(&[again, by("traffic")]), Refusal::OwnWork { unit: code("traffic") });
}

#[test]
fn who_was_not_reached_is_tried_again_while_it_can_be_rated() {
    let again = |outcome, again_at| called_back_by(None, outcome, Some(again_at));
    assert_eq!(last(&[ask(1), again(CallbackOutcome::NoAnswer, due())]), ["called back"]);
    for (outcome, again_at) in
        [(CallbackOutcome::NoAnswer, RESOLVED), (CallbackOutcome::NoAnswer, over()), (CallbackOutcome::Reached, due())]
    {
        let refusal = Refusal::NoTimeToTry { again_at, due: due() };
        assert_eq!(refused(&[ask(1), again(outcome, again_at)]), refusal, "{outcome:?} {again_at}");
    }
}
