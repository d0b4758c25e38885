//! Large things by name: whole or not there, and never something else than was put in.

use async_nats::jetstream;
use proto::streams::ARCHIVE;
use record::BrokerError;
use record::objects::{Objects, Sha256Sum};

use crate::world::World;

/// More than one answer of the broker holds, and not a multiple of anything.
fn large() -> Vec<u8> {
    (0..3_000_017u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_comes_back_with_its_hash_and_its_progress() {
    let world = World::new().await;
    let objects = Objects::open(&world.broker, ARCHIVE).await.unwrap();
    let content = large();

    let mut durable = Vec::new();
    let put = objects.put("volume/1", content.as_slice(), |bytes| durable.push(bytes)).await.unwrap();
    let mut got = Vec::new();
    let mut came = Vec::new();
    let head = objects.get("volume/1", &mut got, |bytes| came.push(bytes)).await.unwrap().unwrap();

    assert!(got == content, "another content came back");
    assert_eq!((put.bytes, put.sha256), (content.len() as u64, Sha256Sum::of(&content)));
    assert_eq!(head, put);
    for progress in [durable, came] {
        assert!(progress.is_sorted() && progress.len() > 10, "{progress:?}");
        assert_eq!(progress.last(), Some(&put.bytes));
    }
    assert_eq!(objects.get_bytes("volume/2").await.unwrap(), None);
    assert_eq!(objects.head("volume/2").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_is_replaced_listed_and_deleted() {
    let world = World::new().await;
    let objects = Objects::open(&world.broker, ARCHIVE).await.unwrap();
    assert_eq!(objects.list().await.unwrap(), []);

    objects.put_bytes("b", b"first").await.unwrap();
    let a = objects.put_bytes("a", b"").await.unwrap();
    let b = objects.put_bytes("b", b"second").await.unwrap();

    assert_eq!(objects.list().await.unwrap(), [a.clone(), b]);
    assert_eq!(objects.get_bytes("b").await.unwrap().unwrap(), "second");
    assert_eq!(objects.get_bytes("a").await.unwrap().unwrap(), "");
    assert!(objects.delete("b").await.unwrap());
    assert!(!objects.delete("never").await.unwrap());
    assert_eq!(objects.get_bytes("b").await.unwrap(), None);
    assert_eq!(objects.list().await.unwrap(), [a]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_is_not_what_was_stored_is_never_taken_for_it() {
    let world = World::new().await;
    let objects = Objects::open(&world.broker, ARCHIVE).await.unwrap();
    let stream = jetstream::new(world.stranger().await).get_stream("OBJ_archive").await.unwrap();
    objects.put_bytes("volume/1", &large()).await.unwrap();

    // One chunk of it gone.
    stream.delete_message(stream.cached_info().state.last_sequence + 2).await.unwrap();
    let read = objects.get_bytes("volume/1").await;
    assert!(matches!(read, Err(BrokerError::Corrupt { .. })), "{read:?}");

    // All of it gone, and only its description left.
    stream.purge().filter("$O.archive.C.>").await.unwrap();
    assert!(objects.head("volume/1").await.unwrap().is_some());
    let read = objects.get_bytes("volume/1").await;
    assert!(read.is_err(), "{read:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_nobody_provisioned_says_so() {
    let world = World::new().await;
    jetstream::new(world.stranger().await).delete_stream("OBJ_archive").await.unwrap();
    let opened = Objects::open(&world.broker, ARCHIVE).await;
    assert!(matches!(opened, Err(BrokerError::NotProvisioned { .. })), "{opened:?}");
}
