//! Filing on a real broker: what leaves the record is in the archive, whatever dies when, and nothing else leaves.
//!
//! `world.rs` has a broker and closed cases with everything that is kept about one.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod damage;
mod interrupted;
mod world;

use archive::filing::Step;
use ids::Owner;
use proto::streams::{ARCHIVE, CASES};
use record::BrokerError;
use record::filing::Behind;
use record::objects::Objects;

use world::{World, days_ago, plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_case_leaves_the_record_and_comes_back_byte_for_byte() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for n in 0..5 {
        cases.push(world.closed_case(n, days_ago(200)).await);
    }
    let before = world.histories(&cases).await;
    assert_eq!(world.kept_beside(&cases).await, 5 * 3, "a reference, an order and an alarm each");

    let report = world.file(&plan(180)).await;

    assert_eq!((report.filed, report.volumes.len()), (5, 1));
    assert_eq!(world.subjects_of(CASES).await, cases.iter().map(world::tombstone_of).collect());
    assert_eq!(world.kept_beside(&cases).await, 0, "references, orders and alarms go with it");
    assert_eq!(world.as_archived(&cases).await, before);
    for key in &cases {
        assert!(matches!(world.broker.load(key).await, Err(BrokerError::Filed { .. })));
    }
    let findings = world.verify().await;
    assert_eq!(findings.damage, Vec::<String>::new());
    assert_eq!((findings.files, findings.tombstones, findings.left_open), (5, 5, 0));
    assert_eq!(findings.commits, before.iter().map(Vec::len).sum::<usize>() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_open_or_closed_lately_stays_where_it_is() {
    let world = World::new().await;
    let old = world.closed_case(0, days_ago(200)).await;
    let open = world.open_case(1, days_ago(300)).await;
    let lately = world.closed_case(2, days_ago(20)).await;
    let (due, held_by) = world.archivist().await.due(&plan(180)).await.unwrap();
    assert_eq!((due.values().copied().collect::<Vec<_>>(), held_by), (vec![1], None));

    let report = world.file(&plan(180)).await;

    assert_eq!(report.filed, 1);
    assert!(world.broker.filed(&old).await.unwrap().is_some());
    for key in [&open, &lately] {
        assert_eq!(world.broker.filed(key).await.unwrap(), None);
        assert!(!world.broker.load(key).await.unwrap().is_empty());
    }
    // The walk goes on where it ended, and meets what has become due since.
    let report = world.file(&plan(10)).await;
    assert_eq!(report.filed, 1);
    assert!(world.broker.filed(&lately).await.unwrap().is_some());
    assert_eq!(world.verify().await.damage, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_with_a_limit_file_everything_one_volume_after_the_other() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for n in 0..7 {
        cases.push(world.closed_case(n, days_ago(200)).await);
    }
    let before = world.histories(&cases).await;
    let mut filed = Vec::new();
    let few = archive::filing::Plan { limit: Some(3), ..plan(180) };
    while filed.last() != Some(&0) {
        filed.push(world.file(&few).await.filed);
    }
    assert_eq!(filed, [3, 3, 1, 0]);
    assert_eq!(world.as_archived(&cases).await, before);
    let findings = world.verify().await;
    assert_eq!((findings.volumes, findings.damage), (3, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_somebody_writes_on_meanwhile_stays_open_and_is_filed_the_next_time() {
    let world = World::new().await;
    let (quiet, busy) = (world.closed_case(0, days_ago(200)).await, world.closed_case(1, days_ago(200)).await);
    let (broker, written) = (world.broker.clone(), busy.clone());
    let report = world
        .watched(&plan(180), |step| {
            if let Step::ReadBack(_) = step {
                let (broker, key) = (broker.clone(), written.clone());
                world::now(async move { world::append(&broker, &key, Owner::Evaluation, 2, vec![]).await });
            }
        })
        .await
        .unwrap();

    assert_eq!((report.filed, report.left_open), (1, vec![busy.clone()]));
    assert!(world.broker.filed(&quiet).await.unwrap().is_some());
    let whole = world.histories(std::slice::from_ref(&busy)).await;
    assert_eq!(world.verify().await.left_open, 1);

    assert_eq!(world.file(&plan(180)).await.filed, 1);
    assert_eq!(world.as_archived(&[busy]).await, whole, "with what was written meanwhile");
    assert_eq!(world.verify().await.damage, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_filed_that_some_service_has_not_settled() {
    let world = World::followed().await;
    let key = world.closed_case(0, days_ago(200)).await;

    let report = world.file(&plan(180)).await;

    assert_eq!(report.filed, 0);
    assert!(matches!(report.held_by, Some(Behind { position: 0, .. })), "{:?}", report.held_by);
    assert!(!world.broker.load(&key).await.unwrap().is_empty());
    world.settle_all().await;
    assert_eq!(world.file(&plan(180)).await.filed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_the_same_time_file_each_case_once() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for n in 0..20 {
        cases.push(world.closed_case(n, days_ago(200)).await);
    }
    let before = world.histories(&cases).await;
    let (one, other) = (plan(180), plan(180));
    let (one, other) = tokio::join!(world.watched(&one, |_| {}), world.watched(&other, |_| {}));
    // Either may have found the other at work and stopped; a run after them finishes what is left.
    assert!(one.is_ok() || other.is_ok() || world.file(&plan(180)).await.filed > 0, "{one:?} {other:?}");
    world.file(&plan(180)).await;

    assert_eq!(world.as_archived(&cases).await, before);
    assert_eq!(world.subjects_of(CASES).await.len(), cases.len());
    assert_eq!(world.verify().await.damage, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_all_filed_cases_reads_each_volume_once() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for n in 0..6 {
        cases.push(world.closed_case(n, days_ago(200)).await);
    }
    for _ in 0..2 {
        world.file(&archive::filing::Plan { limit: Some(3), ..plan(180) }).await;
    }
    let (tombstones, _) = world.broker.tombstones(None, 1).await.unwrap();
    let shelf = archive::Shelf::open(&world.broker, std::num::NonZeroUsize::MIN).await.unwrap();
    let objects = Objects::open(&world.broker, ARCHIVE).await.unwrap();
    for stored in &tombstones[..3] {
        shelf.case(stored).await.unwrap();
    }
    // What was read is in memory: it is there even when the bucket has lost it, and what was not is not.
    for head in objects.list().await.unwrap() {
        objects.delete(&head.name).await.unwrap();
    }
    for stored in &tombstones[..3] {
        assert!(shelf.case(stored).await.is_ok());
    }
    assert!(shelf.case(&tombstones[3]).await.is_err());
}
