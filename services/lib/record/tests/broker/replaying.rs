//! Reading the record from a position on, as projections do: everything once, in order, whatever the broker goes
//! through.

use std::time::Duration;

use futures::TryStreamExt;
use ids::{Kind, Owner};
use prost::Message;
use proto::streams::CASES;
use proto::subjects::CommitSubject;
use record::{Appender, Replay, Step};

use crate::world::{World, any_commit, case, soon, subject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_record_is_level_at_once_and_says_so_once() {
    let world = World::new().await;
    let mut reader = world.broker.replay(vec!["case.>".to_owned()], 1, world.stop.clone());

    assert!(matches!(step(&mut reader).await, Step::LevelWithRecord));
    let sequence = write(&world, "a").await;

    assert_eq!(commit(&mut reader).await, ("a".to_owned(), sequence));
    let second = write(&world, "b").await;
    assert_eq!(commit(&mut reader).await, ("b".to_owned(), second), "it says that it is level once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_level_after_everything_that_was_stored() {
    let world = World::new().await;
    for n in 0..50 {
        write(&world, &format!("c{n}")).await;
    }
    // Not everything matches: what was stored last is of another kind.
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let roster = subject(&case("a"), Owner::Intake, 1).to_string().replace("case.", "roster.");
    appender.append(roster, any_commit("roster").encode_to_vec()).await.unwrap();

    let mut reader =
        world.broker.replay(vec![CommitSubject::all_of(Kind::Case, Owner::Intake)], 11, world.stop.clone());

    for n in 10..50 {
        assert_eq!(commit(&mut reader).await, (format!("c{n}"), n + 1));
    }
    assert!(matches!(step(&mut reader).await, Step::LevelWithRecord));
    write(&world, "later").await;
    assert_eq!(commit(&mut reader).await.0, "later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_goes_on_after_the_broker_was_killed_without_gaps_or_repeats() {
    let mut world = World::new().await;
    let (all, stop) = (vec!["case.>".to_owned()], world.stop.clone());
    for n in 0..20 {
        write(&world, &format!("c{n}")).await;
    }
    let mut from_the_start = world.broker.replay(all.clone(), 1, stop.clone());
    // It has seen all of it before this start of its process.
    let mut from_the_end = world.broker.replay(all.clone(), 21, stop.clone());
    for n in 0..20 {
        assert_eq!(commit(&mut from_the_start).await, (format!("c{n}"), n + 1));
    }
    assert!(matches!(step(&mut from_the_start).await, Step::LevelWithRecord));
    assert!(matches!(step(&mut from_the_end).await, Step::LevelWithRecord));

    for round in 0..3 {
        world.nats.kill_and_restart().unwrap();
        for n in 0..5 {
            let id = format!("after-{round}-{n}");
            let sequence = soon("an append", write(&world, &id)).await;
            assert_eq!(commit(&mut from_the_start).await, (id.clone(), sequence));
            assert_eq!(commit(&mut from_the_end).await, (id, sequence));
        }
    }
}

/// Whoever paused it may have forgotten; a reader that waits would show nothing for ever, and say that this is all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_somebody_paused_is_not_taken_for_one_that_has_everything() {
    let world = World::new().await;
    let mut reader = world.broker.replay(vec!["case.>".to_owned()], 1, world.stop.clone());
    assert!(matches!(step(&mut reader).await, Step::LevelWithRecord));

    let stream = async_nats::jetstream::new(world.stranger().await).get_stream(CASES).await.unwrap();
    let mut consumers: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
    // The others are the services' own.
    consumers.retain(|name| Owner::ALL.iter().all(|owner| owner.as_str() != name));
    assert_eq!(consumers.len(), 1, "{consumers:?}");
    let hour = Duration::from_secs(3600);
    let until = async_nats::datetime::add_std_duration(async_nats::datetime::now(), hour).unwrap();
    assert!(stream.pause_consumer(&consumers[0], until).await.unwrap().paused);

    let sequence = write(&world, "a").await;
    assert_eq!(commit(&mut reader).await, ("a".to_owned(), sequence));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_reader_ends() {
    let world = World::new().await;
    let mut reader = world.broker.replay(vec!["case.>".to_owned()], 1, world.stop.clone());
    assert!(matches!(step(&mut reader).await, Step::LevelWithRecord));
    world.stop.cancel();
    assert!(soon("the end", reader.next()).await.unwrap().is_none());
}

async fn write(world: &World, id: &str) -> u64 {
    let subject = subject(&case(id), Owner::Intake, 1).to_string();
    loop {
        let appender = Appender::start(&world.broker, CASES).await;
        let Ok(appender) = appender else { continue };
        match appender.append(subject.clone(), any_commit(id).encode_to_vec()).await {
            Ok(sequence) => return sequence,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
}

async fn step(reader: &mut Replay) -> Step {
    soon("the next step", reader.next()).await.unwrap().expect("it ended")
}

/// The next step, which is a commit: its case and its place.
async fn commit(reader: &mut Replay) -> (String, u64) {
    match step(reader).await {
        Step::Commit(stored) => (stored.subject.key.id, stored.sequence),
        Step::LevelWithRecord => panic!("it says that it is level again"),
        Step::Filed(_) => panic!("nothing is filed"),
    }
}
