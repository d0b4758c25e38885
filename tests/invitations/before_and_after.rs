//! What is received, judged and rated.

use std::collections::BTreeMap;

use charter::{Charter, Level, Way};
use decider::Decider;
use evaluation::domain::{Asked, Clocks, Formula, Mark, Performance};
use intake::domain::allowed::{Act, Asker, allowed_actions};
use intake::domain::{Joined, Received};
use jiff::Timestamp;
use notification::domain::tellings::{Invited, Recipient, Telling};
use notification::standing::Standing;
use triage::domain::{Judgement, Proof, Seat, Subject, Verdict};
use vocabulary::limit::late_from;
use vocabulary::{CallerClass, CaseKind, Course, Place};

use crate::{COMMUNITY, History, POLICE, STREET, Seen, at, code, in_dispatch, reader};

pub fn play(seen: &mut Seen) {
    received(seen);
    judged(seen);
    rated(seen);
}

fn received(seen: &mut Seen) {
    let first: ids::CaseId = "261121-7k3q9x7".parse().unwrap();
    let mut case = History::<intake::Rules>::new();
    let receipt = Received {
        kind: CaseKind::Report,
        caller_class: CallerClass::Resident,
        caller_ref: "c-1".to_owned(),
        channel: code("wechat"),
        way: Way::Online,
        bridge: code("wuchang-wechat"),
        external_ref_hash: vec![1],
        content_hash: vec![2],
        content_hashes_before: vec![],
        title: "it is dark".to_owned(),
        text: String::new(),
        place: Place::default(),
        occurred_at: at(0),
        category_hint: None,
        related_case: None,
        received_at: at(0),
        campaign: None,
        recorded_at: None,
        receipt_ref: String::new(),
    };
    case.take("", &intake::domain::Command::Receive(Box::new(receipt)));

    // Raised once more after the answer: the newcomer may rate it, and the street may open it again.
    let answered = in_dispatch::answered();
    let evaluation = asked(&mut Seen::default());
    let mut joined = History::<intake::Rules> { state: case.state.clone(), commits: vec![], told: vec![] };
    let newcomer = Joined {
        case: "190401-7k3q9xz".parse().unwrap(),
        caller_ref: "c-2".to_owned(),
        caller_class: CallerClass::Resident,
        channel: code("wechat"),
        category: None,
        received_at: at(9),
        reason: "the same lamp".to_owned(),
        through: None,
        receipt_ref: String::new(),
    };
    let join = intake::domain::Command::Join { case: first, callers: vec![newcomer] };
    let before = Standing::after(&answered.commits).unwrap();
    joined.take_before("", &join, before);
    joined.see(seen, |_, telling, invited| {
        if invited == Invited::Rate {
            rates(&evaluation.state, telling)
        } else {
            in_dispatch::can(&answered.state, telling, invited)
        }
    });

    let propose = intake::domain::Command::ProposeExclusion {
        reason: "a nuisance".to_owned(),
        by: "7".to_owned(),
        course: Course::Open,
        gone: vec![],
    };
    case.take(STREET, &propose).see(seen, |state, _, invited| {
        let other = Asker {
            staff_ref: "8".to_owned(),
            notes_as: String::new(),
            other: first,
            course: Course::Open,
            poll: code("any"),
            gone: vec![],
        };
        invited == Invited::ApproveExclusion && allowed_actions(state, &other).contains(&Act::ApproveExclusion)
    });
}

fn judged(seen: &mut Seen) {
    let mut case = History::<triage::domain::Rules>::new();
    let place = Place { party: Some(code(COMMUNITY)), ..Place::default() };
    let verdict = Verdict::Unsure { reason: "no word speaks".to_owned(), candidates: vec![], due: at(60) };
    let subject = Subject { place, ..Subject::default() };
    let somehow = Judgement {
        category: code("noise"),
        also: vec![],
        level: Level::B1,
        comprehensive: false,
        situation: None,
        colour: None,
        party: code(STREET),
        proof: Proof::default(),
    };
    let can = |state: &triage::domain::State, telling: &Telling, invited| {
        let seat = if reader(telling).as_str() == STREET { Seat::Street { own: true } } else { Seat::District };
        let allowed = triage::domain::allowed_actions(state, seat, "7", &somehow, triage::domain::Standing::default());
        invited == Invited::Judge && allowed.contains(&triage::domain::Act::Judge)
    };
    case.take("", &triage::domain::Command::Grade { verdict, subject }).see(seen, can);
    case.take("", &triage::domain::Command::CheckDeadlines { now: late_from(at(60)) }).see(seen, can);
}

fn rated(seen: &mut Seen) {
    asked(seen);
}

fn formula() -> Formula {
    Formula::from(Charter::shipped("wuchang").unwrap().formula())
}

/// Evaluation once it has heard of the answer.
fn asked(seen: &mut Seen) -> History<evaluation::domain::Rules> {
    let clocks = Clocks { responded_in_time: true, reported_in_in_time: true, done_in_time: true };
    let kept = Performance { calling_party: Some(code(STREET)), round: Some(1), clocks };
    let asked = Asked {
        round: 1,
        due: at(30_000),
        calling_party: Some(code(STREET)),
        solved_by: None,
        performance: BTreeMap::from([(code(POLICE), kept)]),
    };
    let mut case = History::<evaluation::domain::Rules>::new();
    let command = evaluation::domain::Command::Ask { asked, formula: formula() };
    let before = Standing::after(&in_dispatch::answered().commits).unwrap();
    case.take_before("", &command, before);
    case.see(seen, |state, telling, invited| {
        if invited == Invited::Rate {
            return rates(state, telling);
        }
        invited == Invited::RateParty && {
            let (by, mark) = (reader(telling), Mark::new("1", "").unwrap());
            let now: Timestamp = at(10);
            let rate =
                evaluation::domain::Command::RateParty { by, party: code(POLICE), mark, now, formula: formula() };
            evaluation::domain::Rules::decide(state, &rate).is_ok_and(|events| !events.is_empty())
        }
    });
    case
}

fn rates(state: &evaluation::domain::State, telling: &Telling) -> bool {
    assert!(matches!(telling.to, Recipient::Callers | Recipient::Caller(_)));
    let charter = Charter::shipped("wuchang").unwrap();
    let step = charter.ratings().first().unwrap();
    let rate = evaluation::domain::Command::Rate {
        rating: step.code.clone(),
        rate: step.rate,
        solved: step.solved,
        comment: String::new(),
        now: at(10),
        formula: formula(),
    };
    evaluation::domain::Rules::decide(state, &rate).is_ok_and(|events| !events.is_empty())
}
