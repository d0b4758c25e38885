#![allow(clippy::unwrap_used, reason = "a test that cannot make its own data has failed")]
use std::collections::BTreeSet;

use charter::{Colour, Level};
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::record::v1::Event as AnyEvent;
use record::Aggregate;
use vocabulary::{Duty, Officer, Outcome, Place, Point};

use crate::domain::{
    Asking, Assignment, CallEnding, Clock, CloseReason, Dropped, Event, Expected, Helped, Kept, Performance,
    ProgressKind, Related, Resolution, ReturnBasis, Rules, Scope, Special, Start, Whistle,
};

/// Every fact dispatch can record, and of fields that may be empty both forms.
#[test]
fn every_event_reads_back_as_it_was_written() {
    let mut written = BTreeSet::new();
    for event in judged_and_called().into_iter().chain(worked_on()).chain(overseen()).chain(ended()) {
        let on_the_record = Rules::to_wire(&event);
        written.insert(variant(&on_the_record));
        assert_eq!(Rules::from_wire(&on_the_record), Ok(event));
    }
    assert_eq!(written, variants_of_the_contract(), "an event came or went: write one of it here");
}

/// Which of dispatch's facts it is, as the contract names it.
fn variant(event: &AnyEvent) -> String {
    let json = serde_json::to_value(event).unwrap();
    json["dispatch"].as_object().unwrap().keys().next().unwrap().clone()
}

fn variants_of_the_contract() -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap().file;
    let mut messages = files.iter().flat_map(|file| &file.message_type);
    let event = messages.find(|message| message.name() == "DispatchEvent").unwrap();
    event.field.iter().map(|variant| variant.name().to_owned()).collect()
}

fn judged_and_called() -> Vec<Event> {
    let judged = Assignment {
        party: code("street-centre"),
        level: Level::B2,
        comprehensive: true,
        category: code("ponding"),
        also: vec![code("street-lights")],
        situation: Some(code("flood")),
        colour: Some(Colour::Red),
        title: "水漫过了路沿".to_owned(),
        place: place(),
        due: at(90),
        due_provisional: true,
        start: Some(start()),
        evidence_needed: true,
        reason: "by the table".to_owned(),
        graded_by: 2,
        dropped: dropped(),
    };
    let bare = Assignment {
        situation: None,
        colour: None,
        place: Place::default(),
        start: None,
        also: vec![],
        ..judged.clone()
    };
    let whistle = Whistle {
        caller: code("street-centre"),
        situation: Some(code("flood")),
        colour: Colour::Yellow,
        parties: vec![(code("water"), Duty::Lead), (code("police"), Duty::Assist), (code("housing"), Duty::Organise)],
        response_due: at(10),
        report_in_due: at(30),
        completion_due: at(900),
        reminders: vec![at(450), at(720)],
        due_provisional: true,
        counts_from: Some(at(7)),
        note: "the pump is at the corner".to_owned(),
        special: Some(Special { group: code("group-water"), chair: Some(officer()) }),
    };
    let plain = Whistle { situation: None, special: None, reminders: vec![], ..whistle.clone() };
    let unchaired = Whistle { special: Some(Special { group: code("group-water"), chair: None }), ..whistle.clone() };
    vec![
        Event::Assigned(Box::new(judged)),
        Event::Assigned(Box::new(bare)),
        Event::Escalated {
            from_party: code("grid"),
            to_party: code("community"),
            from: Level::A,
            to: Level::C,
            reason: "no grid can".to_owned(),
            graded_by: 2,
            dropped: dropped(),
        },
        Event::Transferred {
            from_party: code("district-centre"),
            to_party: code("city"),
            reference: "C-17".to_owned(),
            reason: "the city's road".to_owned(),
            answer: Some(asked()),
            graded_by: 2,
            dropped: dropped(),
        },
        Event::Transferred {
            from_party: code("district-centre"),
            to_party: code("city"),
            reference: "C-17".to_owned(),
            reason: String::new(),
            answer: None,
            graded_by: 0,
            dropped: vec![],
        },
        Event::CityReturned { from_party: code("city"), to_party: code("district-centre"), reason: "yours".to_owned() },
        Event::CityReminded { city: code("city"), told: code("district-centre"), reminder: 1, due: at(2160) },
        Event::Admitted {
            by: code("district-centre"),
            category: code("permit"),
            reason: "this once".to_owned(),
            told: vec![code("community")],
        },
        Event::AdmissionRefused {
            party: code("community"),
            category: code("permit"),
            asked_by: Some(code("street-centre")),
        },
        Event::AdmissionRefused { party: code("community"), category: code("permit"), asked_by: None },
        Event::Called { call: 1, whistle: Box::new(whistle) },
        Event::Called { call: 2, whistle: Box::new(plain) },
        Event::Called { call: 3, whistle: Box::new(unchaired) },
    ]
}

fn worked_on() -> Vec<Event> {
    let party = || code("water");
    let progressed = |kind, call| Event::Progressed {
        party: party(),
        kind,
        note: "on the way".to_owned(),
        call,
        evidence: vec!["way.jpg".to_owned()],
    };
    let planned = |call: Option<u32>, joint_meeting| Event::TaskPlanned {
        task: 3,
        party: party(),
        title: "pump".to_owned(),
        due: at(600),
        counts_from: call.map(|_| at(300)),
        follows: call.is_some(),
        after: vec![1, 2],
        call,
        root_cause: true,
        joint_meeting,
    };
    vec![
        Event::Responded { call: 1, party: party(), officer: officer(), in_time: true },
        Event::ReportedIn { call: 1, party: party(), officer: officer(), check_in: place(), in_time: true },
        Event::ReportedIn { call: 1, party: party(), officer: officer(), check_in: Place::default(), in_time: false },
        planned(Some(1), None),
        planned(None, Some(2)),
        Event::TaskDone {
            task: 3,
            party: party(),
            note: "dry".to_owned(),
            in_time: true,
            evidence: vec!["pump.jpg".to_owned()],
        },
        progressed(ProgressKind::Reply, Some(1)),
        progressed(ProgressKind::ContactFailed, None),
        progressed(ProgressKind::Finding, Some(1)),
        progressed(ProgressKind::Action, Some(1)),
        progressed(ProgressKind::Note, None),
        Event::MeasureAdopted {
            party: party(),
            measure: "close the street".to_owned(),
            exceptions: vec!["ambulances".to_owned()],
        },
        Event::PartyDone {
            call: 1,
            party: party(),
            outcome: Outcome::Explained,
            note: "through".to_owned(),
            in_time: true,
            evidence: vec!["dry.jpg".to_owned()],
        },
        Event::Released { call: 1, party: party(), reason: "not needed".to_owned() },
        Event::RelatedCaseSpawned {
            by: party(),
            reference: "found-1".to_owned(),
            related: Box::new(Related {
                title: "a lamp".to_owned(),
                text: "dark since May".to_owned(),
                place: place(),
                category: Some(code("street-lights")),
            }),
        },
    ]
}

fn overseen() -> Vec<Event> {
    let (centre, party) = (|| code("street-centre"), || code("water"));
    let returned = |basis| Event::Returned {
        call: 1,
        party: party(),
        basis,
        reason: "not our pipe".to_owned(),
        proposes: code("housing"),
        adjudicator: centre(),
        due: at(120),
        bounce: 1,
    };
    let extended = |scope| Event::Extended {
        scope,
        by: centre(),
        basis: "article 12".to_owned(),
        reason: "rain".to_owned(),
        due: at(2000),
        counts_from: (scope == Scope::Case).then_some(at(1000)),
    };
    let overdue = |clock, call, task, order| Event::Overdue {
        clock,
        call,
        party: party(),
        task,
        order,
        due: at(30),
        told: centre(),
    };
    let resumed = |by, due| Event::Resumed { by, held: SignedDuration::from_secs(3600), due };
    let raised = |caller, parties| Event::ColourRaised {
        call: 1,
        from: Colour::Blue,
        to: Colour::Red,
        response_due: at(5),
        report_in_due: at(20),
        completion_due: at(500),
        reminders: vec![at(250)],
        counts_from: Some(at(3)),
        caller,
        parties,
    };
    let held = |call, next| Event::MeetingHeld {
        by: centre(),
        call,
        present: vec![party()],
        absent: vec![code("police")],
        minutes: "drain first".to_owned(),
        next,
    };
    vec![
        returned(ReturnBasis::Legal),
        returned(ReturnBasis::Duty),
        Event::ReturnAdjudicated {
            call: 1,
            party: party(),
            by: centre(),
            upheld: true,
            is_final: true,
            reason: "the list says so".to_owned(),
        },
        Event::Unqualified {
            call: 1,
            party: party(),
            reason: "could not sign".to_owned(),
            response_due: at(40),
            report_in_due: at(80),
        },
        Event::Reminded { call: 1, party: party(), reminder: 2, due: at(900) },
        Event::Supervised { order: 1, by: centre(), party: party(), text: "when?".to_owned(), due: at(600) },
        Event::SupervisionAnswered { order: 1, party: party(), note: "tomorrow".to_owned(), in_time: true },
        extended(Scope::Case),
        extended(Scope::Call(1)),
        extended(Scope::Task(3)),
        Event::Suspended {
            by: centre(),
            basis: "article 13".to_owned(),
            reason: "frost".to_owned(),
            since: at(100),
            until: at(9000),
        },
        resumed(Some(centre()), Some(at(3000))),
        resumed(None, None),
        held(Some(1), Some(at(10_080))),
        held(None, None),
        Event::TaskForceFormed { lead: centre(), members: vec![party()], cadence_days: 7, meets_by: at(10_080) },
        overdue(Clock::Response, Some(1), None, None),
        overdue(Clock::ReportIn, Some(1), None, None),
        overdue(Clock::Completion, Some(1), None, None),
        overdue(Clock::Task, None, Some(3), None),
        overdue(Clock::Case, None, None, None),
        overdue(Clock::Adjudication, Some(1), None, None),
        overdue(Clock::Supervision, None, None, Some(1)),
        overdue(Clock::Meeting, None, None, None),
        overdue(Clock::City, None, None, None),
        raised(Some(centre()), vec![party()]),
        raised(None, vec![]),
        Event::RecurrenceFound {
            earlier: vec!["261121-7k3q9x7".parse().unwrap()],
            times: 3,
            within_days: 90,
            told: vec![centre()],
        },
    ]
}

fn ended() -> Vec<Event> {
    let resolution = Resolution {
        outcome: Outcome::NotAccepted,
        summary: "nothing to be done".to_owned(),
        by: code("water"),
        round: 2,
        calling_party: Some(code("street-centre")),
        performance: [None, Some(code("street-centre"))]
            .map(|calling_party| Performance {
                party: code("water"),
                round: calling_party.is_some().then_some(2),
                calling_party,
                kept: Kept { responded_in_time: true, reported_in_in_time: false, done_in_time: true },
            })
            .to_vec(),
        asking: Asking::Until(at(30_000)),
        holder: code("street-centre"),
        evidence: vec!["dry.jpg".to_owned()],
    };
    let uncalled = Resolution {
        asking: Asking::AfterHelp(at(90_000)),
        outcome: Outcome::NotSolved,
        calling_party: None,
        performance: vec![],
        evidence: vec![],
        ..resolution.clone()
    };
    let helping = || "261121-7k3q9x7".parse().unwrap();
    let closed = |reason, outcome| Event::Closed { reason, outcome };
    let reopened = |start, answer| {
        let (reason, told) = ("wet again".to_owned(), vec![code("water")]);
        Event::Reopened { reason, due: at(40_000), start, told, answer }
    };
    vec![
        Event::CallEnded { call: 1, ending: CallEnding::Done },
        Event::CallEnded { call: 1, ending: CallEnding::Released },
        Event::CallEnded { call: 1, ending: CallEnding::Cancelled },
        Event::Concluded { by: code("street-centre"), summary: "complied".to_owned() },
        Event::Resolved(Box::new(resolution)),
        Event::Resolved(Box::new(uncalled)),
        Event::HelpBegun { reference: "found-1".to_owned(), until: at(90_000) },
        Event::HelpOpened { reference: "found-1".to_owned(), case: helping() },
        Event::AskedToHelp(Helped { case: helping(), reference: "found-1".to_owned() }),
        Event::HelpEnded { reference: "found-1".to_owned(), case: helping() },
        Event::RatingOpened { round: 1, rating_due: at(95_000) },
        reopened(Some(start()), Some(asked())),
        reopened(None, None),
        closed(CloseReason::Rated, Some(Outcome::Solved)),
        closed(CloseReason::Unrated, Some(Outcome::Explained)),
        closed(CloseReason::Withdrawn, None),
        closed(CloseReason::Excluded, None),
        closed(CloseReason::Merged, None),
    ]
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_555_462_800 + minute * 60).unwrap()
}

fn asked() -> Expected {
    Expected { due: at(4320), reminders: vec![at(2160)] }
}

fn dropped() -> Vec<Dropped> {
    vec![Dropped { task: 3, party: code("water") }]
}

fn start() -> Start {
    Start { at: at(0), limit: "3wd".parse().unwrap() }
}

fn officer() -> Officer {
    Officer { staff_ref: "0071".to_owned(), post: "deputy head".to_owned() }
}

fn place() -> Place {
    Place {
        party: Some(code("community")),
        address: "中山路308号".to_owned(),
        point: Some(Point { longitude: 114.3, latitude: 30.5 }),
    }
}
