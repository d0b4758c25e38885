//! Each commit names the one before it by its hash, whatever gets lost, and whoever writes.

use async_nats::jetstream;
use futures::future::join_all;
use ids::{HistoryKey, Owner};
use proto::facts::CHAINED_SINCE;
use proto::streams::CASES;
use record::objects::Sha256Sum;
use record::{Book, links};

use crate::proxy::Proxy;
use crate::tally::{Command, Tally};
use crate::world::{World, case, connect, request, soon};

/// What each commit of a history names, and what it should: nothing, where it names nothing.
async fn named(world: &World, key: &HistoryKey) -> Vec<(Vec<u8>, Vec<u8>)> {
    let stream = jetstream::new(world.stranger().await).get_stream(CASES).await.unwrap();
    let mut before = links::beginning(key, Owner::Dispatch);
    let mut named = Vec::new();
    for stored in world.broker.load_owner(key, Owner::Dispatch).await.unwrap() {
        named.push((stored.commit.previous_sha256, before.0.to_vec()));
        before = Sha256Sum::of(&stream.direct_get(stored.sequence).await.unwrap().payload);
    }
    named
}

fn is_whole(named: &[(Vec<u8>, Vec<u8>)]) -> bool {
    named.iter().all(|(named, before)| named == before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_names_the_bytes_before_it_whatever_got_lost_and_whoever_was_faster() {
    let world = World::new().await;
    let proxy = Proxy::before(&world.nats.url(), &world.tasks).await;
    let key = case("a");
    let book: Book<Tally> = Book::open(&connect(&proxy.url).await).await.unwrap();
    book.decide(&key, request(Command::Add(1))).await.unwrap();
    proxy.lose_the_answer_to("case.wuchang.a.dispatch.2");
    soon("the second commit", book.decide(&key, request(Command::Add(1)))).await.unwrap();
    assert_eq!(proxy.lost(), 1, "the fault must have taken effect");
    book.decide(&key, request(Command::Add(1))).await.unwrap();

    // Two more processes, none of which knows what the others write.
    let others = [world.book().await, world.book().await];
    for _ in 0..5 {
        let all = [&book, &others[0], &others[1]];
        join_all(all.map(|book| book.decide(&key, request(Command::Add(1))))).await.into_iter().for_each(|it| {
            it.unwrap();
        });
    }
    let named = named(&world, &key).await;
    assert_eq!(named.len(), 18);
    assert!(is_whole(&named), "{named:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_begin_when_no_older_writer_is_left_and_go_on_from_what_there_was() {
    let world = World::new().await;
    let (old, new) = (case("old"), case("new"));
    admit(&world, CHAINED_SINCE - 1).await;
    let before = world.book().await;
    for _ in 0..2 {
        before.decide(&old, request(Command::Add(1))).await.unwrap();
    }
    assert!(named(&world, &old).await.iter().all(|(named, _)| named.is_empty()), "an older writer would break it off");

    world.broker.raise_readers_form(CHAINED_SINCE).await.unwrap();
    let after = world.book().await;
    for key in [&old, &new] {
        after.decide(key, request(Command::Add(1))).await.unwrap();
    }
    // Whoever was there before has not heard of it, and goes on with a chain that has begun.
    for key in [&old, &new, &old] {
        before.decide(key, request(Command::Add(1))).await.unwrap();
    }
    let old = named(&world, &old).await;
    assert!(old[..2].iter().all(|(named, _)| named.is_empty()));
    assert!(old.len() == 5 && is_whole(&old[2..]), "{old:?}");
    assert!(is_whole(&named(&world, &new).await));
}

/// As a record of an older version says which readers it admits.
async fn admit(world: &World, form: u32) {
    let jetstream = jetstream::new(world.stranger().await);
    let mut config = jetstream.get_stream(CASES).await.unwrap().cached_info().config.clone();
    config.metadata.insert("huying-readers-form".to_owned(), form.to_string());
    jetstream.update_stream(config).await.unwrap();
}
