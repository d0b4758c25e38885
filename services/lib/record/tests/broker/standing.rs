//! Whether the record can be written is known within five seconds, with its cause, and again when it can.

use std::time::Duration;

use async_nats::jetstream;
use proto::streams::CASES;
use record::standing::{Cause, Trouble};
use record::{Book, Broker, BrokerError, Refused};
use testkit::Cluster;
use tokio::time::{Instant, timeout};

use crate::tally::{Command, Tally};
use crate::world::{World, case, connect, eventually, request, soon};

/// What an operator was promised.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

type Standing = tokio::sync::watch::Receiver<Option<Trouble>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_goes_and_comes_back_is_known_and_the_same_book_goes_on() {
    let mut world = World::new().await;
    let (book, mut standing) = watched(&world.broker, &world).await;

    world.nats.kill();
    assert_eq!(lost(&mut standing).await.cause, Cause::NoConnection);
    let refused = book.decide(&case("a"), request(Command::Add(1))).await;
    assert!(matches!(&refused, Err(Refused::Broker(error)) if error.is_transient()), "{refused:?}");

    world.nats.kill_and_restart().unwrap();
    back(&mut standing).await;
    // What was not answered may have been recorded after all.
    book.decide(&case("a"), request(Command::Reach(2))).await.unwrap();
    assert_eq!(book.read(&case("a")).await.unwrap().state.total, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_record_says_that_it_is_full_until_it_is_given_room() {
    let world = World::new().await;
    let (book, mut standing) = watched(&world.broker, &world).await;
    let limit_to = |bytes: i64| {
        let world = &world;
        async move {
            let jetstream = jetstream::new(world.stranger().await);
            let mut config = jetstream.get_stream(CASES).await.unwrap().cached_info().config.clone();
            config.max_bytes = bytes;
            jetstream.update_stream(config).await.unwrap();
        }
    };
    limit_to(64 * 1024).await;
    let mut refused = None;
    for number in 0..64 {
        let text = "这".repeat(1000);
        refused = book.decide(&case(&format!("c{number}")), request(Command::Note(text))).await.err();
        if refused.is_some() {
            break;
        }
    }

    let Some(Refused::Broker(error)) = refused else { panic!("it was never full: {refused:?}") };
    assert!(
        matches!(&*error, BrokerError::Unavailable { .. }) && error.to_string().contains("maximum bytes"),
        "{error}"
    );
    let Trouble { cause, words } = lost(&mut standing).await;
    assert_eq!(cause, Cause::Full);
    assert!(words.contains("stream CASES is full"), "{words}");
    // It is full as long as nothing has changed, however often it is looked at.
    assert!(timeout(Duration::from_secs(3), standing.changed()).await.is_err(), "{:?}", standing.borrow());

    limit_to(-1).await;
    back(&mut standing).await;
    book.decide(&case("late"), request(Command::Add(1))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_gone_is_the_only_one_that_is_called_not_provisioned() {
    let world = World::new().await;
    let (book, mut standing) = watched(&world.broker, &world).await;

    jetstream::new(world.stranger().await).delete_stream(CASES).await.unwrap();

    assert_eq!(lost(&mut standing).await.cause, Cause::NotProvisioned);
    let Err(Refused::Broker(error)) = book.decide(&case("a"), request(Command::Add(1))).await else { panic!("gone") };
    assert!(error.to_string().contains("HY-002"), "{error}");
    world.broker.provision(1, &[]).await.unwrap();
    back(&mut standing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_three_gone_is_no_quorum_and_one_of_them_back_is_enough() {
    let world = World::new().await;
    let mut cluster = Cluster::start(3).unwrap();
    let broker = connect(&cluster.url(0)).await;
    eventually("the cluster has a leader", async || broker.provision(3, &[]).await.ok()).await;
    let (book, mut standing) = watched(&broker, &world).await;
    let writes = async |id: &str| book.decide(&case(id), request(Command::Add(1))).await.ok();
    eventually("it can be written", async || writes("before").await).await;

    cluster.kill(1);
    cluster.kill(2);
    let Trouble { cause, words } = lost(&mut standing).await;
    assert_eq!(cause, Cause::NoQuorum, "{words}");
    let Err(Refused::Broker(error)) = book.decide(&case("during"), request(Command::Add(1))).await else {
        panic!("it was recorded by one of three")
    };
    assert!(!error.to_string().contains("provision"), "{error}");

    cluster.start_again(2).unwrap();
    back(&mut standing).await;
    eventually("it can be written again", async || writes("after").await).await;
}

/// A book, and the standing of what it is written to.
async fn watched(broker: &Broker, world: &World) -> (Book<Tally>, Standing) {
    let book = Book::open(broker).await.unwrap();
    let (watching, stop) = (broker.clone(), world.stop.clone());
    world.tasks.spawn(async move { watching.watch_standing(stop).await });
    (book, broker.standing())
}

async fn lost(standing: &mut Standing) -> Trouble {
    let begun = Instant::now();
    let lost = timeout(KNOWN_WITHIN, standing.wait_for(Option::is_some)).await;
    let trouble = lost.unwrap_or_else(|_| panic!("not known after {:?}", begun.elapsed())).unwrap().clone();
    trouble.unwrap()
}

async fn back(standing: &mut Standing) {
    soon("it can be written", standing.wait_for(Option::is_none)).await.unwrap();
}
