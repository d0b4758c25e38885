//! How a message gets to disk: it must not exist yet, alone or in a group.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use async_nats::{HeaderMap, Request};
use futures::future::{join, join_all};
use ids::Owner;
use prost::Message;
use proto::streams::{CALLS, CASES};
use record::{Appender, BrokerError, Lane};

use crate::tally::Command;
use crate::world::{World, any_commit, case, eventually, gapless, request, revisions, soon, subject};

/// `discard_new_per_subject`.
const MAX_PER_SUBJECT: u64 = 10_077;
/// The expectation about the subject's last sequence.
const WRONG_LAST_SEQUENCE: u64 = 10_071;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_cannot_be_overwritten_with_or_without_an_expectation() {
    let world = World::new().await;
    let key = case("a");
    world.book().await.decide(&key, request(Command::Add(1))).await.unwrap();
    let stranger = world.stranger().await;
    let subject = subject(&key, Owner::Dispatch, 1).to_string();

    let mut refusals = Vec::new();
    for expected in [None, Some("0")] {
        let mut headers = HeaderMap::new();
        if let Some(expected) = expected {
            headers.insert("Nats-Expected-Last-Subject-Sequence", expected);
        }
        let forged = Request::new().headers(headers).payload("forged".into());
        let reply = stranger.send_request(subject.clone(), forged).await.unwrap();
        let reply: serde_json::Value = serde_json::from_slice(&reply.payload).unwrap();
        refusals.push(reply.pointer("/error/err_code").and_then(serde_json::Value::as_u64));
    }

    assert_eq!(refusals, [Some(MAX_PER_SUBJECT), Some(WRONG_LAST_SEQUENCE)]);
    assert_eq!(revisions(&world.broker.load(&key).await.unwrap()), gapless(1));
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let refused = appender.append(subject.clone(), b"forged".to_vec()).await;
    assert!(matches!(&refused, Err(BrokerError::Exists { subject: found }) if *found == subject), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_appends_at_once_are_each_stored_once_and_know_where() {
    let world = World::new().await;
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let subjects: Vec<_> =
        (0..2000).map(|n| subject(&case(&format!("c{n}")), Owner::Dispatch, 1).to_string()).collect();

    let appends = subjects.iter().map(|subject| {
        let commit = any_commit(subject).encode_to_vec();
        async { (appender.append(subject.clone(), commit).await.unwrap(), subject.clone()) }
    });
    let appended = soon("every append", join_all(appends)).await;

    let stored = stored(&world, CASES).await;
    assert_eq!(stored.get_info().await.unwrap().state.messages, 2000);
    let mut in_groups = 0;
    for (sequence, subject) in &appended {
        let message = stored.direct_get(*sequence).await.unwrap();
        assert_eq!(message.subject.as_str(), subject, "the sequence returned is another's");
        in_groups += usize::from(message.headers.get("Nats-Batch-Id").is_some());
    }
    assert_eq!(appended.iter().map(|(sequence, _)| sequence).collect::<HashSet<_>>().len(), 2000);
    assert!(in_groups > 1000, "only {in_groups} of 2000 went in groups");
}

/// On one thread nothing is sent before all of them wait: the order is the committer's alone, and no clock's.
#[tokio::test(flavor = "current_thread")]
async fn what_somebody_waits_for_is_stored_before_all_that_follows_from_the_record() {
    for followers in [10, 100] {
        let world = World::new().await;
        let followed = Appender::start(&world.broker, CASES).await.unwrap();
        let asked = followed.in_lane(Lane::Asked);
        let append = |appender: &Appender, id: String| {
            let (appender, subject) = (appender.clone(), subject(&case(&id), Owner::Dispatch, 1).to_string());
            async move { appender.append(subject, any_commit(&id).encode_to_vec()).await.unwrap() }
        };
        let behind = join_all((0..followers).map(|n| append(&followed, format!("f{n}"))));
        let ahead = join_all((0..3).map(|n| append(&asked, format!("a{n}"))));
        // Unconstrained: the runtime's share of one task must not come between them.
        let all = tokio::task::unconstrained(join(behind, ahead));

        let (behind, mut ahead) = soon("every append", all).await;

        ahead.sort_unstable();
        assert_eq!(ahead, [1, 2, 3], "{followers} were ahead of them: {behind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_one_that_exists_is_told_so_the_rest_of_its_group_is_stored() {
    let world = World::new().await;
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let taken = subject(&case("c250"), Owner::Dispatch, 1).to_string();
    appender.append(taken.clone(), any_commit("first").encode_to_vec()).await.unwrap();

    let appends = (0..500).map(|n| {
        let subject = subject(&case(&format!("c{n}")), Owner::Dispatch, 1).to_string();
        async { (appender.append(subject.clone(), any_commit("later").encode_to_vec()).await, subject) }
    });
    let appended = soon("every append", join_all(appends)).await;

    for (result, subject) in &appended {
        match result {
            Ok(_) => assert_ne!(*subject, taken),
            Err(BrokerError::Exists { subject: found }) => assert_eq!((found, subject), (&taken, &taken)),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(appended.iter().any(|(result, _)| result.is_err()));
    assert_eq!(stored(&world, CASES).await.get_info().await.unwrap().state.messages, 500);
    assert_eq!(world.broker.load(&case("c250")).await.unwrap()[0].commit.commit_id, "first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_subject_twice_in_one_burst_is_stored_once() {
    let world = World::new().await;
    let appender = Appender::start(&world.broker, CALLS).await.unwrap();

    let appends = (0..400).map(|n| appender.append(format!("call.wuchang-jsj.c{}.1", n / 2), b"order".to_vec()));
    let appended = soon("every append", join_all(appends)).await;

    assert_eq!(appended.iter().filter(|result| result.is_ok()).count(), 200);
    assert_eq!(appended.iter().filter(|result| matches!(result, Err(BrokerError::Exists { .. }))).count(), 200);
    assert_eq!(stored(&world, CALLS).await.get_info().await.unwrap().state.messages, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_too_large_does_not_take_its_group_with_it() {
    let world = World::new().await;
    let appender = Appender::start(&world.broker, CASES).await.unwrap();

    // The stream takes 256 kB, the server's protocol 1 MB.
    let lengths = (0..200).map(|n| match n {
        50 => 300_000,
        150 => 2_000_000,
        _ => 100,
    });
    let appends = lengths.enumerate().map(|(n, length)| {
        let subject = subject(&case(&format!("c{n}")), Owner::Dispatch, 1).to_string();
        let appended = appender.append(subject, vec![0; length]);
        async move { (appended.await, length) }
    });
    let appended = soon("every append", join_all(appends)).await;

    for (result, length) in appended {
        match length {
            100 => assert!(result.is_ok(), "{result:?}"),
            _ => assert!(matches!(result, Err(BrokerError::Rejected { .. })), "{length}: {result:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_leaves_nobody_waiting_and_is_found_when_it_is_back() {
    let mut world = World::new().await;
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    world.nats.kill();
    eventually("the connection breaks", async || (!world.broker.is_connected()).then_some(())).await;

    // More than the queues of the record and of its client hold.
    let appends = (0..20_000).map(|n| {
        let subject = subject(&case(&format!("c{n}")), Owner::Dispatch, 1).to_string();
        appender.append(subject, Vec::new())
    });
    let appended = tokio::time::timeout(Duration::from_secs(15), join_all(appends)).await.unwrap();
    assert!(appended.iter().all(|result| matches!(result, Err(BrokerError::Unavailable { .. }))));

    world.nats.kill_and_restart().unwrap();
    let key = case("after");
    let book = world.book().await;
    soon("a commit", book.decide(&key, request(Command::Add(1)))).await.unwrap();
    let again = subject(&case("again"), Owner::Dispatch, 1).to_string();
    eventually("an append", async || {
        let appended = appender.append(again.clone(), any_commit("again").encode_to_vec()).await;
        appended.is_ok_and(|sequence| sequence > 0).then_some(())
    })
    .await;
}

async fn stored(world: &World, stream: &str) -> stream::Stream {
    jetstream::new(world.stranger().await).get_stream(stream).await.unwrap()
}
