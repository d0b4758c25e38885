//! What is wrong with an archive is said, and never taken for what was put there.

use archive::filing::{FilingError, Plan};
use proto::streams::ARCHIVE;
use record::filing::Filing;
use record::objects::Objects;

use crate::world::{World, days_ago, plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_that_is_gone_or_changed_is_found() {
    let world = World::new().await;
    for n in 0..4 {
        world.closed_case(n, days_ago(200)).await;
    }
    for _ in 0..2 {
        world.file(&Plan { limit: Some(2), ..plan(180) }).await;
    }
    let objects = Objects::open(&world.broker, ARCHIVE).await.unwrap();
    let names: Vec<String> = objects.list().await.unwrap().into_iter().map(|head| head.name).collect();
    let first = objects.get_bytes(&names[0]).await.unwrap().unwrap();

    let mut changed = first.to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    objects.put_bytes(&names[0], &changed).await.unwrap();
    let damage = world.verify().await.damage;
    assert!(damage.iter().any(|line| line.contains(&names[0]) && line.contains("hashes to")), "{damage:?}");

    objects.delete(&names[0]).await.unwrap();
    let damage = world.verify().await.damage;
    assert!(damage.iter().any(|line| line.contains("number 1 should be here")), "{damage:?}");
    assert_eq!(damage.iter().filter(|line| line.starts_with("filed.wuchang.")).count(), 2, "{damage:?}");

    objects.put_bytes(&names[0], &first).await.unwrap();
    assert_eq!(world.verify().await.damage, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filing_stops_when_a_case_is_neither_on_the_record_nor_entombed() {
    let world = World::new().await;
    let key = world.closed_case(0, days_ago(200)).await;
    world.closed_case(1, days_ago(200)).await;
    let filing = Filing::open(&world.broker).await.unwrap();
    let last = world.broker.load(&key).await.unwrap().last().unwrap().sequence;
    let (gone, filing) = (key.clone(), filing.clone());
    // Somebody with the archivist's key purges by hand, in the middle of a run.
    let ended = world
        .watched(&plan(180), |step| {
            if let archive::filing::Step::ReadBack(_) = step {
                let (filing, gone) = (filing.clone(), gone.clone());
                crate::world::now(async move { filing.take_off(&gone, last).await.unwrap() });
            }
        })
        .await;
    assert!(matches!(ended, Err(FilingError::Lost { key: ref lost, .. }) if *lost == key), "{ended:?}");
    let damage = world.verify().await.damage;
    assert!(damage.iter().any(|line| line.contains("neither its history nor its tombstone")), "{damage:?}");
}
