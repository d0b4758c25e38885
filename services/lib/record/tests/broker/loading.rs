//! Reading a history back: whole, in order, or not at all.

use futures::future::join_all;
use ids::{HistoryKey, Owner, Revision};
use prost::Message;
use proto::record::v1::{Commit, Decision, Event, event::Of};
use proto::streams::CASES;
use proto::subjects::CommitSubject;
use proto::triage::v1::triage_event::Event as TriageFact;
use proto::triage::v1::{Claimed, TriageEvent};
use record::{Appender, Broker, BrokerError};

use crate::tally::Command;
use crate::world::{World, any_commit, case, gapless, request, revisions, soon, subject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_history_of_many_owners_is_one_request() {
    let world = World::new().await;
    let key = case("a");
    let owners = [Owner::Intake, Owner::Triage, Owner::Dispatch, Owner::EnforcementCenter, Owner::Evaluation];
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    // Owners take turns, so that the order of the record is none of theirs.
    let mut written = Vec::new();
    for revision in 1..=160 {
        for owner in owners {
            let subject = subject(&key, owner, revision);
            let sequence =
                appender.append(subject.to_string(), any_commit(&subject.to_string()).encode_to_vec()).await.unwrap();
            written.push((sequence, subject));
        }
    }
    appender.append(subject(&case("b"), Owner::Intake, 1).to_string(), Vec::new()).await.unwrap();

    let loaded = world.broker.load(&key).await.unwrap();
    let of_triage = world.broker.load_owner(&key, Owner::Triage).await.unwrap();

    let found: Vec<_> = loaded.iter().map(|stored| (stored.sequence, stored.subject.clone())).collect();
    assert_eq!(found.len(), 800);
    assert!(found == written, "not the order in which the broker took them");
    assert!(loaded.iter().all(|stored| stored.commit.commit_id == stored.subject.to_string()));
    assert_eq!(revisions(&of_triage), gapless(160));
    assert!(of_triage.iter().all(|stored| stored.subject.owner == Owner::Triage));
    assert!(world.broker.is_last(&key, Owner::Triage, Revision(160)).await.unwrap());
    assert!(!world.broker.is_last(&key, Owner::Triage, Revision(159)).await.unwrap());
    assert_eq!(world.broker.end_of_record().await.unwrap(), written[799].0 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_nobody_knows_has_an_empty_history() {
    let world = World::new().await;
    let key = case("nobody");
    assert!(world.broker.load(&key).await.unwrap().is_empty());
    assert!(world.broker.load_owner(&key, Owner::Dispatch).await.unwrap().is_empty());
    assert!(world.broker.is_last(&key, Owner::Dispatch, Revision::NONE).await.unwrap());
    assert_eq!(world.broker.end_of_record().await.unwrap(), 0);
    assert_eq!(world.book().await.read(&key).await.unwrap().revision, Revision::NONE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_larger_than_one_answer_is_still_whole() {
    let world = World::new().await;
    let key = case("large");
    // The server ends an answer at what a connection may have under way: 64 MB.
    write(&world.broker, &key, 300, 250_000).await;

    let loaded = soon("an answer", world.broker.load_owner(&key, Owner::Dispatch)).await.unwrap();

    assert_eq!(revisions(&loaded), gapless(300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_of_too_many_commits_is_an_error_and_not_a_shorter_one() {
    let world = World::new().await;
    let key = case("many");
    write(&world.broker, &key, 1025, 0).await;

    let loaded = soon("an answer", world.broker.load(&key)).await.map(|commits| commits.len());

    assert!(matches!(loaded, Err(BrokerError::Rejected { code: 413, .. })), "{loaded:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_found_and_not_decided_on() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);
    book.decide(&key, request(Command::Add(1))).await.unwrap();
    book.decide(&key, request(Command::Add(1))).await.unwrap();
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let third = subject(&key, Owner::Dispatch, 4).to_string();
    appender.append(third.clone(), any_commit("gap").encode_to_vec()).await.unwrap();

    let read = book.read(&key).await;

    assert!(matches!(&read, Err(BrokerError::Corrupt { subject, .. }) if *subject == third), "{read:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_commit_of_ours_is_said_with_its_place() {
    let world = World::new().await;
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let garbage = subject(&case("garbage"), Owner::Dispatch, 1).to_string();
    appender.append(garbage.clone(), b"\xff\xff\xff".to_vec()).await.unwrap();
    let foreign = subject(&case("foreign"), Owner::Dispatch, 1).to_string();
    let events =
        vec![Event { of: Some(Of::Triage(TriageEvent { event: Some(TriageFact::Claimed(Claimed::default())) })) }];
    let decisions = vec![Decision { events, ..Decision::default() }];
    appender.append(foreign.clone(), Commit { decisions, ..any_commit("foreign") }.encode_to_vec()).await.unwrap();

    let book = world.book().await;
    for subject in [garbage, foreign] {
        let key = subject.parse::<CommitSubject>().unwrap().key;
        let read = book.read(&key).await;
        assert!(matches!(&read, Err(BrokerError::Corrupt { subject: found, .. }) if *found == subject), "{read:?}");
    }
}

async fn write(broker: &Broker, key: &HistoryKey, commits: u64, padding: usize) {
    let appender = Appender::start(broker, CASES).await.unwrap();
    let appends = (1..=commits).map(|revision| {
        let commit = any_commit(&"x".repeat(padding)).encode_to_vec();
        appender.append(subject(key, Owner::Dispatch, revision).to_string(), commit)
    });
    for appended in join_all(appends).await {
        appended.unwrap();
    }
}
