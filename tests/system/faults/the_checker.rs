//! The checker itself: it takes a history that is in order, and finds whatever is taken out of it or put in.

use ids::{HistoryKey, Kind, Owner, Revision};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::dispatch::v1 as dispatch;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::intake::v1 as intake;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::{Cause, Commit, Decision, Event, cause, event::Of};
use proto::subjects::CommitSubject;
use record::StoredCommit;

use huying_tests::checker::{Acknowledged, complaints};

const TITLE: &str = "a leaning tree";
const CASE: &str = "191015-0000000";

#[test]
fn a_history_in_order_is_let_pass() {
    assert_eq!(complaints(&healthy(), &acknowledged()), Vec::<String>::new());
}

#[test]
fn whatever_is_lost_or_doubled_is_found() {
    let position = |name: &str| healthy().iter().position(|stored| stored.subject.to_string().ends_with(name)).unwrap();
    let without = |name: &str| {
        let mut record = healthy();
        record.remove(position(name));
        record
    };
    let with = |name: &str, change: fn(&mut StoredCommit)| {
        let mut record = healthy();
        change(&mut record[position(name)]);
        record
    };
    let ended_again = |stored: &mut StoredCommit| {
        let events = &mut stored.commit.decisions[0].events;
        events.insert(0, events[0].clone());
    };
    let caused_by_what_follows = |stored: &mut StoredCommit| {
        let later = subject(Owner::Dispatch, 5).to_string();
        stored.commit.decisions[0].cause = Some(Cause { kind: Some(cause::Kind::Commit(later)) });
    };
    let too_early = |stored: &mut StoredCommit| {
        let later = at().checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
        stored.commit.decisions[0].cause = Some(Cause { kind: Some(cause::Kind::Deadline(later.to_wire())) });
    };
    let mut closed_too_soon = healthy();
    let closing = closed_too_soon.remove(position("dispatch.5"));
    closed_too_soon.insert(position("dispatch.4"), closing);
    let mut twice = healthy();
    let mut again = twice[0].clone();
    again.subject.key.id = "191015-1111111".to_owned();
    twice.push(again);

    for (what, record, complaint) in [
        (
            "a missing revision",
            without("dispatch.2"),
            "I4: case.jiangan.191015-0000000.dispatch.3 comes after revision 1",
        ),
        ("a call that ends twice", with("dispatch.4", ended_again), "call 1 ends a second time"),
        ("a call that never ends", without("dispatch.4"), "its call 1 has not ended"),
        ("a cause that comes later", with("dispatch.1", caused_by_what_follows), "I2: "),
        ("no cause", with("dispatch.1", |stored| stored.commit.decisions[0].cause = None), "names no cause"),
        ("a deadline that acts early", with("dispatch.1", too_early), "before its deadline"),
        ("work after the end", closed_too_soon, "dispatch goes on after it is closed"),
        ("a lost submission", without("intake.1"), "and is not there"),
        ("a doubled submission", twice, "is there 2 times"),
    ] {
        let found = complaints(&record, &acknowledged());
        assert!(found.iter().any(|line| line.contains(complaint)), "{what} was not found, but: {found:#?}");
    }
}

fn acknowledged() -> Vec<Acknowledged> {
    vec![Acknowledged { title: TITLE.to_owned(), case: CASE.to_owned() }]
}

/// Received, assigned, called, answered, ended, closed.
fn healthy() -> Vec<StoredCommit> {
    let request = || cause::Kind::Command("c-1".to_owned());
    let followed = |owner, revision| cause::Kind::Commit(subject(owner, revision).to_string());
    let call = dispatch::Called { call: 1, ..dispatch::Called::default() };
    let response = dispatch::Responded { call: 1, ..dispatch::Responded::default() };
    let end = dispatch::CallEnded { call: 1, ..dispatch::CallEnded::default() };
    let received = intake::Received { title: TITLE.to_owned(), ..intake::Received::default() };
    vec![
        stored(
            Owner::Intake,
            1,
            request(),
            Of::Intake(intake::IntakeEvent { event: Some(IntakeFact::Received(received)) }),
        ),
        dispatched(1, followed(Owner::Intake, 1), DispatchFact::Assigned(dispatch::Assigned::default())),
        dispatched(2, request(), DispatchFact::Called(call)),
        dispatched(3, request(), DispatchFact::Responded(response)),
        dispatched(4, request(), DispatchFact::CallEnded(end)),
        dispatched(5, cause::Kind::Deadline(at().to_wire()), DispatchFact::Closed(dispatch::Closed::default())),
    ]
}

fn dispatched(revision: u64, cause: cause::Kind, fact: DispatchFact) -> StoredCommit {
    stored(Owner::Dispatch, revision, cause, Of::Dispatch(dispatch::DispatchEvent { event: Some(fact) }))
}

fn stored(owner: Owner, revision: u64, cause: cause::Kind, of: Of) -> StoredCommit {
    let decision = Decision {
        cause: Some(Cause { kind: Some(cause) }),
        events: vec![Event { of: Some(of) }],
        ..Decision::default()
    };
    let commit = Commit { at: Some(at().to_wire()), decisions: vec![decision], ..Commit::default() };
    StoredCommit { subject: subject(owner, revision), sequence: 0, commit }
}

fn subject(owner: Owner, revision: u64) -> CommitSubject {
    let key = HistoryKey { kind: Kind::Case, district: "jiangan".parse().unwrap(), id: CASE.to_owned() };
    CommitSubject { key, owner, revision: Revision(revision) }
}

fn at() -> Timestamp {
    "2019-10-15T08:20:00+08:00".parse().unwrap()
}
