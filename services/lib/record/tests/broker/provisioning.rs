//! The broker agrees with what is declared, and goes on refusing what is not.

use async_nats::jetstream::{self, stream};
use async_nats::{HeaderMap, Request};
use futures::TryStreamExt;
use ids::Owner;
use jiff::SignedDuration;
use prost::Message;
use proto::facts::RECORD_FORM;
use proto::streams::{CALLS, CASES, CHARTERS, DLQ, OBJECT_BUCKETS, TIMERS, consumers, streams};

use record::Refused;

use crate::tally::Command;
use crate::world::{World, any_commit, case, code, now, request, subject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioned_again_nothing_changes() {
    let world = World::new().await;
    let departments = [code("wuchang-jsj"), code("wuchang-cgw")];

    let second = world.broker.provision(1, &departments).await.unwrap();
    let third = world.broker.provision(1, &departments).await.unwrap();

    let changed: Vec<_> = second.iter().filter(|item| item.changed).map(|item| item.what.as_str()).collect();
    assert_eq!(changed, ["consumer wuchang-cgw of CALLS"], "only the department that came is new");
    assert!(third.iter().all(|item| !item.changed), "{third:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_streams_keep_what_is_written_for_ever() {
    let world = World::new().await;
    let jetstream = jetstream::new(world.stranger().await);
    for name in [CASES, CHARTERS, CALLS, DLQ] {
        let config = jetstream.get_stream(name).await.unwrap().cached_info().config.clone();
        assert_eq!(config.retention, stream::RetentionPolicy::Limits, "{name}");
        assert_eq!(config.discard, stream::DiscardPolicy::New, "{name}");
        assert_eq!(config.max_messages_per_subject, 1, "{name}");
        assert!(config.discard_new_per_subject, "{name}");
        // They could never be cleared again, and nothing could be filed; accounts say who may.
        assert!(!config.deny_delete && !config.deny_purge, "{name}");
        assert!(!config.allow_rollup && !config.allow_message_schedules, "{name}");
        assert!(config.max_age.is_zero() && config.max_messages <= 0 && config.max_bytes <= 0, "{name} has a limit");
    }
    let timers = jetstream.get_stream(TIMERS).await.unwrap().cached_info().config.clone();
    assert_eq!(timers.retention, stream::RetentionPolicy::WorkQueue);
    assert!(timers.allow_message_schedules);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_declared_stream_and_consumer_is_there_and_nothing_else_is() {
    let world = World::new().await;
    let jetstream = jetstream::new(world.stranger().await);
    let mut made: Vec<String> = jetstream.stream_names().try_collect().await.unwrap();
    let mut declared: Vec<_> = streams().into_iter().map(|spec| spec.name.to_owned()).collect();
    declared.extend(["KV_clock", "KV_connectors", "KV_refs", "KV_webhooks"].map(str::to_owned));
    declared.extend(OBJECT_BUCKETS.map(|(bucket, _)| format!("OBJ_{bucket}")));
    made.sort_unstable();
    declared.sort_unstable();
    assert_eq!(made, declared);
    for spec in streams() {
        let stream = jetstream.get_stream(spec.name).await.unwrap();
        let mut made: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
        let mut declared: Vec<_> = consumers()
            .into_iter()
            .filter(|consumer| consumer.stream == spec.name)
            .map(|consumer| consumer.name)
            .collect();
        declared.extend((spec.name == CALLS).then(|| "wuchang-jsj".to_owned()));
        made.sort_unstable();
        declared.sort_unstable();
        assert_eq!(made, declared, "{}", spec.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_commit_rolls_the_record_up() {
    let world = World::new().await;
    let appender = record::Appender::start(&world.broker, CASES).await.unwrap();
    let key = case("a");
    appender.append(subject(&key, Owner::Intake, 1).to_string(), any_commit("kept").encode_to_vec()).await.unwrap();

    assert_eq!(said(&world, "case.wuchang.a.intake.2", &[("Nats-Rollup", "all")]).await, Some(10_111));

    assert_eq!(world.broker.load(&key).await.unwrap()[0].commit.commit_id, "kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_takes_no_schedules() {
    let world = World::new().await;
    let at = format!("@at {}", now() + SignedDuration::from_hours(1));

    let headers = [("Nats-Schedule", at.as_str()), ("Nats-Schedule-Target", "case.wuchang.b.intake.1")];
    let refused = said(&world, "case.wuchang.a.intake.1", &headers).await;

    assert_eq!(refused, Some(10_188), "schedules are off");
    assert!(world.broker.load(&case("a")).await.unwrap().is_empty());
    assert!(world.broker.load(&case("b")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_not_every_reader_knows_is_held_back_until_an_operator_says_that_all_do() {
    let world = World::new().await;
    assert_eq!(world.broker.readers_form().await.unwrap(), RECORD_FORM, "whoever makes a record knows all of it");
    admit(&world, "0").await;
    let book = world.book().await;

    let refused = book.decide(&case("a"), request(Command::Add(1))).await;
    let Err(Refused::HeldBack(held)) = &refused else { panic!("{refused:?}") };
    assert_eq!((held.event, held.since, held.admitted), ("Progressed", 1, 0));
    assert!(world.broker.load(&case("a")).await.unwrap().is_empty());

    // Provisioning is done at every rollout, and raises nothing.
    world.broker.provision(1, &[]).await.unwrap();
    assert!(book.decide(&case("a"), request(Command::Add(1))).await.is_err());
    assert!(world.broker.raise_readers_form(RECORD_FORM + 1).await.is_err(), "nobody knows that here");
    assert!(world.broker.raise_readers_form(RECORD_FORM).await.unwrap());
    book.decide(&case("a"), request(Command::Add(1))).await.unwrap();

    assert!(!world.broker.raise_readers_form(0).await.unwrap(), "it is never lowered");
    world.broker.provision(1, &[]).await.unwrap();
    assert_eq!(world.broker.readers_form().await.unwrap(), RECORD_FORM);
}

/// As a record of an older version says which readers it admits.
async fn admit(world: &World, form: &str) {
    let jetstream = jetstream::new(world.stranger().await);
    let mut config = jetstream.get_stream(CASES).await.unwrap().cached_info().config.clone();
    config.metadata.insert("huying-readers-form".to_owned(), form.to_owned());
    jetstream.update_stream(config).await.unwrap();
}

/// The error code of a publish with headers of the sender's own.
async fn said(world: &World, subject: &str, headers: &[(&str, &str)]) -> Option<u64> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, *value);
    }
    let request = Request::new().headers(map).payload("x".into());
    let reply = world.stranger().await.send_request(subject.to_owned(), request).await.unwrap();
    let reply: serde_json::Value = serde_json::from_slice(&reply.payload).unwrap();
    reply.pointer("/error/err_code").and_then(serde_json::Value::as_u64)
}
