use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use proto::ToWireTime;
use proto::dispatch::v1::{
    Assigned, CallEnded, CallEnding, Called, CalledParty, Clock, CloseReason, Closed, ColourRaised, DispatchEvent,
    Overdue, Performance, Progressed, RatingOpened, Resolved, Resumed, Suspended,
};
use proto::evaluation::v1::EvaluationEvent;
use proto::intake::v1::IntakeEvent;
use proto::record::v1::event::Of;
use vocabulary::Outcome;

use super::samples::{Kind, code, commit, every_event, told_of};
use super::*;
use crate::domain::tellings::{Message, Row};
use crate::standing::{Call, Task};

const DUE: Timestamp = Timestamp::constant(1_795_000_000, 0);
const CENTRE: &str = "wuchang-jyq-command-centre";

fn dispatched(fact: DispatchFact) -> Event {
    Event { of: Some(Of::Dispatch(DispatchEvent { event: Some(fact) })) }
}

fn taken(fact: IntakeFact) -> Event {
    Event { of: Some(Of::Intake(IntakeEvent { event: Some(fact) })) }
}

/// Recipient and text of everything that is told.
fn heard(actor: &str, events: Vec<Event>, before: &Standing) -> Vec<String> {
    let told = told(&commit(actor, events), before.clone()).unwrap();
    told.iter().map(|(_, telling)| said(telling)).collect()
}

fn said(telling: &Telling) -> String {
    let to = match &telling.to {
        Recipient::Callers => "callers".to_owned(),
        Recipient::Caller(caller) => caller.clone(),
        Recipient::Party(party) => party.to_string(),
        Recipient::Officer { unit, staff_ref } => format!("{unit}/{staff_ref}"),
        Recipient::CommandCentreAt(place) => format!("centre at {place:?}"),
        Recipient::District => "district".to_owned(),
        Recipient::Pages { colour, .. } => colour.as_str().to_owned(),
    };
    format!("{to}: {}", telling.text.as_str())
}

fn held_by(holder: &str) -> Standing {
    Standing { holder: Some(code(holder)), ..Standing::default() }
}

#[test]
fn everything_the_table_says_is_told_and_nothing_else() {
    for (kind, forms) in every_event() {
        let row = row(&forms[0]).unwrap_or_else(|| panic!("{kind:?} has no row"));
        let declared: BTreeSet<_> = row.messages().iter().map(|message| (message.text, message.whom)).collect();
        let told: BTreeSet<_> = forms.iter().flat_map(told_of).map(|it| (it.text, it.whom)).collect();
        // The end of a poll is told from the record of the poll.
        if declared.contains(&(Text::PollEnded, Whom::Opener)) {
            assert!(told.is_empty());
        } else {
            assert_eq!(told, declared, "{kind:?}");
        }
    }
}

#[test]
fn the_page_of_messages_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/messages.md");
    let page = page();
    #[allow(clippy::disallowed_methods, reason = "a test is told through the environment whether to write")]
    if std::env::var_os("HUYING_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let is = fs::read_to_string(path).unwrap_or_default();
    assert!(is == page, "docs/messages.md says something else; run this test once with HUYING_BLESS=1");
}

const HEAD: &str = "\
# Messages: who is told what

One row for every event that can stand on the record. What gives somebody work, takes it away, or says that somebody is
told, is told to exactly them; of every other event the row says why nobody is. Nobody is told their own words. A text is
named by its code in the charter's `texts.yaml`; *asks for* names actions of
[who may what](access.md), of which one is possible when the message goes out. Called departments get orders besides, by
their responders.

This page is printed from `services/notification/src/table.rs`; a test compares both.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut section = String::new();
    for (Kind { owner, name }, forms) in every_event() {
        if owner != section {
            page.push_str(&format!(
                "\n## {}\n\n| event | whom | text | asks for |\n|---|---|---|---|\n",
                owner.replace('_', "-")
            ));
            section = owner;
        }
        match row(&forms[0]).unwrap() {
            Row::Nobody(why) => page.push_str(&format!("| {name} | nobody: {why} | | |\n")),
            Row::Tells(messages) => messages.iter().for_each(|message| page.push_str(&line(&name, message))),
        }
    }
    page
}

fn line(event: &str, message: &Message) -> String {
    let asks = message.invites.iter().map(|invited| invited.action().rsplit('/').next().unwrap_or_default());
    let asks = asks.collect::<Vec<_>>().join(" or ");
    format!("| {event} | {} | `{}` | {asks} |\n", message.whom.as_str(), message.text.as_str())
}

#[test]
#[allow(clippy::wildcard_enum_match_arm, reason = "the others may hold any office")]
fn what_a_text_asks_for_its_reader_may_ask_for_at_all() {
    use proto::common::v1::Role;
    use station::access::table;
    let offices =
        [Role::Grid, Role::Community, Role::Street, Role::EnforcementCenter, Role::Department, Role::District];
    for (kind, forms) in every_event() {
        for message in row(&forms[0]).unwrap().messages() {
            for invited in message.invites {
                let line = table::row(invited.action()).unwrap_or_else(|| panic!("{invited:?} is no action"));
                let roles: &[Role] = match message.whom {
                    Whom::Callers | Whom::NewCaller => &[Role::Caller],
                    Whom::District => &[Role::District],
                    Whom::CommandCentre | Whom::CallingStreet | Whom::Adjudicator => &[Role::Street, Role::District],
                    Whom::Called | Whom::Officer => &[Role::Department],
                    Whom::Centre => &[Role::EnforcementCenter],
                    // Whatever office they hold, somebody in it may.
                    _ => &offices,
                };
                let may = |role: &Role| line.relation(*role).is_some();
                let fits = if roles.len() == offices.len() { roles.iter().any(may) } else { roles.iter().all(may) };
                assert!(fits, "{kind:?}: {:?} cannot {invited:?}", message.whom);
            }
        }
    }
}

#[test]
fn a_call_is_told_to_each_called_party_and_a_missed_limit_one_level_up() {
    let party = |party: &str| CalledParty { party: party.to_owned(), duty: 1 };
    let called = Called {
        caller: CENTRE.to_owned(),
        parties: vec![party("jsj"), party("traffic")],
        colour: 1,
        response_due: Some(DUE.to_wire()),
        ..Called::default()
    };
    let nobody = Standing::default();
    let call = dispatched(DispatchFact::Called(called));
    assert_eq!(heard(CENTRE, vec![call], &nobody), ["jsj: called", "traffic: called", "red: paged"]);
    let raised = ColourRaised {
        caller: CENTRE.to_owned(),
        parties: vec!["jsj".to_owned(), "traffic".to_owned()],
        to: 2,
        response_due: Some(DUE.to_wire()),
        completion_due: Some(DUE.to_wire()),
        ..ColourRaised::default()
    };
    let street = format!("{CENTRE}: colour-raised");
    let raised = heard("", vec![dispatched(DispatchFact::ColourRaised(raised))], &nobody);
    assert_eq!(raised, ["jsj: colour-raised", "traffic: colour-raised", &street, "yellow: paged"]);
}

#[test]
fn what_is_late_is_told_one_level_up_in_words_of_its_own() {
    let late = |(clock, call): (Clock, u32)| {
        let (party, told) = ("jsj".to_owned(), "wuchang-centre".to_owned());
        let due = Some(DUE.to_wire());
        let late = Overdue { clock: clock.into(), call, party, task: 0, order: 0, due, told };
        heard("", vec![dispatched(DispatchFact::Overdue(late))], &Standing::default()).join(", ")
    };
    for of_a_call in [(Clock::Response, 1), (Clock::ReportIn, 1), (Clock::Completion, 1), (Clock::Task, 1)] {
        assert_eq!(late(of_a_call), "wuchang-centre: call-overdue", "{of_a_call:?}");
    }
    for of_none in [(Clock::Task, 0), (Clock::Case, 0)] {
        assert_eq!(late(of_none), "wuchang-centre: overdue", "{of_none:?}");
    }
    assert_eq!(late((Clock::Meeting, 0)), "wuchang-centre: overdue, jsj: overdue", "the lead hears it too");
    assert_eq!(late((Clock::Adjudication, 1)), "wuchang-centre: adjudication-overdue");
    assert_eq!(late((Clock::Supervision, 0)), "wuchang-centre: supervision-overdue");
    assert_eq!(late((Clock::City, 0)), "wuchang-centre: city-overdue");
}

#[test]
fn a_commit_of_several_facts_gives_each_its_place_and_is_read_in_order() {
    let assigned = |party: &str| {
        let party = party.to_owned();
        dispatched(DispatchFact::Assigned(Assigned { party, due: Some(DUE.to_wire()), ..Assigned::default() }))
    };
    let withdrawn =
        dispatched(DispatchFact::Closed(Closed { reason: CloseReason::Withdrawn.into(), ..Closed::default() }));
    let progress = dispatched(DispatchFact::Progressed(Progressed::default()));
    let all = told(&commit("", vec![progress, assigned("a"), assigned("b"), withdrawn]), Standing::default()).unwrap();
    let all: Vec<_> = all.iter().map(|(position, telling)| format!("{position} {}", said(telling))).collect();
    let expected = ["2 a: assigned", "3 b: assigned", "3 a: taken-away", "4 callers: closed", "4 b: case-over"];
    assert_eq!(all, expected);
}

#[test]
fn whoever_takes_a_case_from_somebody_tells_them_and_nobody_is_told_their_own_words() {
    let assigned = || {
        let party = "wuchang-jsj".to_owned();
        dispatched(DispatchFact::Assigned(Assigned { party, due: Some(DUE.to_wire()), ..Assigned::default() }))
    };
    let before = held_by("wuchang-grid-1");
    assert_eq!(heard(CENTRE, vec![assigned()], &before), ["wuchang-jsj: assigned", "wuchang-grid-1: taken-away"]);
    assert_eq!(heard("wuchang-grid-1", vec![assigned()], &before), ["wuchang-jsj: assigned"]);
    assert_eq!(heard("", vec![assigned()], &held_by("wuchang-jsj")), ["wuchang-jsj: assigned"], "judged anew");
}

#[test]
fn whoever_is_at_work_hears_that_it_stands_still_goes_on_or_is_over() {
    let task = |number, party: &str| Task { number, party: code(party), after: vec![], call: 0, done: number == 1 };
    let before = Standing {
        calls: vec![Call { number: 1, expected: vec![code("police")] }],
        tasks: vec![task(1, "done-already"), task(2, "gardens")],
        ..held_by(CENTRE)
    };
    let all = |text: &str| [CENTRE, "police", "gardens"].map(|party| format!("{party}: {text}")).to_vec();
    let suspended = Suspended { until: Some(DUE.to_wire()), ..Suspended::default() };
    assert_eq!(heard("district", vec![dispatched(DispatchFact::Suspended(suspended))], &before), all("suspended"));
    assert_eq!(heard("", vec![dispatched(DispatchFact::Resumed(Resumed::default()))], &before), all("resumed"));
    let cancelled = CallEnded { call: 1, ending: CallEnding::Cancelled.into() };
    let merged = Closed { reason: CloseReason::Merged.into(), ..Closed::default() };
    let end = vec![dispatched(DispatchFact::CallEnded(cancelled)), dispatched(DispatchFact::Closed(merged))];
    assert_eq!(
        heard("", end, &before),
        ["police: call-over".to_owned(), format!("{CENTRE}: case-over"), "gardens: case-over".to_owned()]
    );
}

#[test]
fn the_last_of_a_call_gives_the_case_back_to_its_holder_unless_it_is_answered_by_that() {
    let before = Standing { calls: vec![Call { number: 1, expected: vec![] }], ..held_by(CENTRE) };
    let ended = || dispatched(DispatchFact::CallEnded(CallEnded { call: 1, ending: CallEnding::Done.into() }));
    let resolved = Resolved { outcome: 1, rating_due: Some(DUE.to_wire()), ..Resolved::default() };
    assert_eq!(heard("police", vec![ended()], &before), [format!("{CENTRE}: call-ended")]);
    let answered = vec![ended(), dispatched(DispatchFact::Resolved(resolved))];
    assert_eq!(heard("police", answered, &before), [format!("{CENTRE}: answered")]);
    let open = Standing {
        tasks: vec![Task { number: 1, party: code("gardens"), after: vec![], call: 0, done: false }],
        ..before
    };
    assert!(heard("police", vec![ended()], &open).is_empty(), "somebody is still at work");
}

#[test]
fn a_notice_is_told_to_the_centre_that_served_it() {
    use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
    use proto::enforcement_center::v1::{EnforcementCenterEvent, NoticeServed};
    let served = NoticeServed { party: "wuchang-xfjy".to_owned(), due: Some(DUE.to_wire()), ..NoticeServed::default() };
    let of = Some(Of::EnforcementCenter(EnforcementCenterEvent { event: Some(CenterFact::NoticeServed(served)) }));
    let centre = "wuchang-jyq-enforcement-centre";
    assert_eq!(heard(centre, vec![Event { of }], &Standing::default()), [format!("{centre}: notice-served")]);
}

#[test]
fn whoever_has_a_case_hears_what_is_added_to_it_and_that_it_was_raised_once_more() {
    let supplemented =
        || taken(IntakeFact::Supplemented(Supplemented { text: "还是黑的".to_owned(), by: String::new() }));
    let joined =
        || taken(IntakeFact::CallerJoined(CallerJoined { caller_ref: "c-2".to_owned(), ..CallerJoined::default() }));
    let assigned = Assigned { party: "wuchang-jsj".to_owned(), ..Assigned::default() };
    let resolved = Resolved { outcome: 1, rating_due: Some(DUE.to_wire()), ..Resolved::default() };
    let after =
        |facts: Vec<DispatchFact>| Standing::after([&commit("", facts.into_iter().map(dispatched).collect())]).unwrap();
    let (assigned, resolved) = (DispatchFact::Assigned(assigned), DispatchFact::Resolved(resolved));
    let at_work = after(vec![assigned.clone()]);
    let answered = after(vec![assigned.clone(), resolved.clone()]);
    let over = after(vec![assigned, resolved, DispatchFact::Closed(Closed::default())]);
    let told = |by: &str, standing: &Standing| heard(by, vec![supplemented(), joined()], standing);
    assert_eq!(told("", &at_work), ["wuchang-jsj: supplemented", "c-2: joined"]);
    assert_eq!(told("wuchang-jsj", &at_work), ["c-2: joined"], "nobody is told their own words");
    let again = [
        "wuchang-jsj: supplemented",
        "c-2: joined",
        "c-2: resolved",
        "wuchang-jsj: said-again",
        "centre at None: said-again",
    ];
    assert_eq!(told("", &answered), again);
    assert_eq!(told("", &over), ["c-2: joined"]);
}

#[test]
fn an_answer_that_waits_for_help_is_told_and_asked_about_later() {
    let joined =
        || taken(IntakeFact::CallerJoined(CallerJoined { caller_ref: "c-2".to_owned(), ..CallerJoined::default() }));
    let waits = Resolved { outcome: 2, waits_for_help_until: Some(DUE.to_wire()), ..Resolved::default() };
    let waits = || dispatched(DispatchFact::Resolved(waits.clone()));
    let opened = RatingOpened { round: 1, rating_due: Some(DUE.to_wire()) };
    let opened = || dispatched(DispatchFact::RatingOpened(opened));
    assert_eq!(heard(CENTRE, vec![waits()], &held_by(CENTRE)), ["callers: help-goes-on"]);
    let (mut waiting, mut open) = (held_by(CENTRE), held_by(CENTRE));
    waiting.learn(&waits()).unwrap();
    [waits(), opened()].iter().for_each(|fact| open.learn(fact).unwrap());
    assert!(heard("", vec![opened()], &waiting).is_empty(), "evaluation asks");
    let centre = [format!("{CENTRE}: said-again"), "centre at None: said-again".to_owned()];
    let told = |what: &str| [vec!["c-2: joined".to_owned(), format!("c-2: {what}")], centre.to_vec()].concat();
    assert_eq!(heard("", vec![joined()], &waiting), told("help-goes-on"));
    assert_eq!(heard("", vec![joined()], &open), told("resolved"));
}

#[test]
fn everybody_who_called_somebody_is_asked_to_rate_once() {
    let measured = |party: &str, calling: &str| Performance {
        party: party.to_owned(),
        calling_party: calling.to_owned(),
        ..Performance::default()
    };
    let performance = vec![
        measured("wuchang-water", CENTRE),
        measured("wuchang-housing", CENTRE),
        // As recorded before that was written down for each.
        measured("wuchang-justice", ""),
        measured("wuchang-fire", "wuchang-other-group"),
    ];
    let fact = RatingRequested {
        // In an earlier round, and not called again.
        rated: vec!["wuchang-fire".to_owned()],
        calling_party: "wuchang-group".to_owned(),
        performance,
        due: Some(DUE.to_wire()),
        ..RatingRequested::default()
    };
    let requested =
        Event { of: Some(Of::Evaluation(EvaluationEvent { event: Some(EvaluationFact::RatingRequested(fact)) })) };
    let answered = Standing { answer: Some((Outcome::Solved, Some(DUE))), ..held_by(CENTRE) };
    assert_eq!(
        heard("", vec![requested], &answered),
        ["callers: resolved", "wuchang-group: rate-parties", format!("{CENTRE}: rate-parties").as_str()]
    );
}
