#![allow(clippy::unwrap_used, reason = "a test that cannot make its own data has failed")]
use std::collections::BTreeSet;

use charter::Way;
use ids::{CaseId, Code};
use jiff::Timestamp;
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::record::v1::Event as AnyEvent;
use record::Aggregate;
use vocabulary::{CallerClass, CaseKind, Place, Point};

use crate::domain::poll::{self, Answer, Opening, Outcome, Tally};
use crate::domain::{Event, Joined, PollResult, Received, Rules, person};

/// Every fact intake can record, of cases, polls and people, and of fields that may be empty both forms.
#[test]
fn every_event_reads_back_as_it_was_written() {
    let mut written = BTreeSet::new();
    for event in of_cases() {
        let on_the_record = Rules::to_wire(&event);
        written.insert(variant(&on_the_record));
        assert_eq!(Rules::from_wire(&on_the_record), Ok(event));
    }
    for event in of_polls() {
        let on_the_record = poll::Rules::to_wire(&event);
        written.insert(variant(&on_the_record));
        assert_eq!(poll::Rules::from_wire(&on_the_record), Ok(event));
    }
    let disclosed = |case| person::Event::Disclosed { case, reason: "to call back".to_owned() };
    let erased = person::Event::Erased { reason: "asked for it".to_owned() };
    for event in [person::Event::Kept, disclosed(Some(case())), disclosed(None), erased] {
        let on_the_record = person::Rules::to_wire(&event);
        written.insert(variant(&on_the_record));
        assert_eq!(person::Rules::from_wire(&on_the_record), Ok(event));
    }
    assert_eq!(written, variants_of_the_contract(), "an event came or went: write one of it here");
}

#[test]
fn a_receipt_that_cannot_be_read_is_our_fault_whoever_asks_for_it() {
    let nobody =
        proto::intake::v1::Received { channel: "No Code".to_owned(), ..proto::intake::v1::Received::default() };
    let event = proto::intake::v1::intake_event::Event::Received(nobody);
    let of = proto::record::v1::event::Of::Intake(proto::intake::v1::IntakeEvent { event: Some(event) });
    let decision = proto::record::v1::Decision { events: vec![AnyEvent { of: Some(of) }], ..Default::default() };
    let commit = proto::record::v1::Commit { decisions: vec![decision], ..Default::default() };
    let subject = "case.wuchang.261121-7k3q9xf.intake.1".parse().unwrap();
    let stored = record::StoredCommit { subject, sequence: 1, commit };
    assert_eq!(super::received_in(&[stored]).unwrap_err().code(), tonic::Code::Internal);
}

/// Which of intake's facts it is, as the contract names it.
fn variant(event: &AnyEvent) -> String {
    let json = serde_json::to_value(event).unwrap();
    json["intake"].as_object().unwrap().keys().next().unwrap().clone()
}

fn variants_of_the_contract() -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap().file;
    let mut messages = files.iter().flat_map(|file| &file.message_type);
    let event = messages.find(|message| message.name() == "IntakeEvent").unwrap();
    event.field.iter().map(|variant| variant.name().to_owned()).collect()
}

fn of_cases() -> Vec<Event> {
    let received = |kind, caller_class, way| Received {
        kind,
        caller_class,
        caller_ref: "c-81f3".to_owned(),
        channel: code("hotline"),
        way,
        bridge: code("bridge-hotline"),
        external_ref_hash: vec![1, 2, 3],
        content_hash: vec![4, 5, 6],
        content_hashes_before: Vec::new(),
        title: "路灯不亮".to_owned(),
        text: "since May".to_owned(),
        place: Place {
            party: Some(code("community")),
            address: "中山路308号".to_owned(),
            point: Some(Point { longitude: 114.3, latitude: 30.5 }),
        },
        occurred_at: at(0),
        category_hint: Some(code("street-lights")),
        related_case: Some(case()),
        received_at: at(5),
        campaign: Some(code("summer-heat")),
        recorded_at: Some(at(1)),
        receipt_ref: "receipt:9f86d081884c7d659a2feaa0c55ad015".to_owned(),
    };
    let bare = Received {
        place: Place::default(),
        category_hint: None,
        related_case: None,
        campaign: None,
        recorded_at: None,
        receipt_ref: String::new(),
        ..received(CaseKind::Report, CallerClass::Resident, Way::Online)
    };
    let joined = Joined {
        case: case(),
        caller_ref: "c-81f4".to_owned(),
        caller_class: CallerClass::Resident,
        channel: code("hotline"),
        category: Some(code("street-lights")),
        received_at: at(7),
        reason: "the same lamp".to_owned(),
        through: Some(case()),
        receipt_ref: "receipt:9f86d081884c7d659a2feaa0c55ad015".to_owned(),
    };
    let early = Joined { category: None, through: None, ..joined.clone() };
    let attached = |outcome| PollResult {
        poll: code("gas"),
        question: "接通燃气吗".to_owned(),
        outcome,
        tally: tally(),
        threshold_percent: 67,
        opened_at: at(0),
        closed_at: at(900),
        note: "of the same stairwell".to_owned(),
    };
    let received = [
        received(CaseKind::Report, CallerClass::Resident, Way::Online),
        received(CaseKind::Service, CallerClass::Grassroots, Way::Patrol),
        received(CaseKind::Suggestion, CallerClass::Enterprise, Way::Visit),
        received(CaseKind::Consult, CallerClass::Resident, Way::Meeting),
        received(CaseKind::Report, CallerClass::Resident, Way::Superior),
        bare,
    ];
    let later = [
        Event::Supplemented { text: "still dark".to_owned(), by: "0123456789abcdef".to_owned() },
        Event::Supplemented { text: "before notes were counted".to_owned(), by: String::new() },
        Event::WithdrawalAsked { reason: "it is lit".to_owned() },
        Event::ExclusionProposed { reason: "a test".to_owned(), by: "ld-0041".to_owned() },
        Event::ExclusionApproved { by: "ld-0042".to_owned() },
        Event::CallerJoined(Box::new(joined)),
        Event::CallerJoined(Box::new(early)),
        Event::LinkedAsDuplicate { into: case(), reason: "the same lamp".to_owned(), into_received_at: at(5) },
    ];
    let polled = [Outcome::Passed, Outcome::Failed, Outcome::NoQuorum].map(attached);
    let received = received.map(|received| Event::Received(Box::new(received)));
    received.into_iter().chain(later).chain(polled.map(|result| Event::PollAttached(Box::new(result)))).collect()
}

fn of_polls() -> Vec<poll::Event> {
    let opening = Opening {
        case: Some(case()),
        street: code("street"),
        question: "接通燃气吗".to_owned(),
        households: vec!["1-101".to_owned(), "1-102".to_owned()],
        threshold_percent: 67,
        quorum_percent: 50,
        closes_at: at(900),
        opened_at: at(0),
    };
    let of_no_case = Opening { case: None, ..opening.clone() };
    let answers = [Answer::Yes, Answer::No, Answer::Abstain, Answer::Refused, Answer::NotHome];
    let answered = answers.map(|answer| poll::Event::Answered { household: "1-101".to_owned(), answer });
    let closed = |outcome, by_deadline| poll::Event::Closed { outcome, tally: tally(), at: at(900), by_deadline };
    let opened = [opening, of_no_case].map(|opening| poll::Event::Opened(Box::new(opening)));
    let closed = [closed(Outcome::Passed, false), closed(Outcome::Failed, true), closed(Outcome::NoQuorum, true)];
    opened.into_iter().chain(answered).chain(closed).collect()
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn case() -> CaseId {
    "261121-7k3q9x7".parse().unwrap()
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_555_462_800 + minute * 60).unwrap()
}

fn tally() -> Tally {
    Tally { households: 12, yes: 6, no: 2, abstained: 1, refused: 1, not_heard: 2 }
}
