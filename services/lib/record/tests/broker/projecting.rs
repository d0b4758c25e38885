//! Copies of the record: level with it, asked to read at least so far, and ending loudly.

use std::sync::{Arc, Mutex};

use ids::Owner;
use prost::Message;
use proto::streams::CASES;
use record::projection::FeedError;
use record::{Appender, Entry, Keeper, Projection};
use tokio::sync::oneshot;

use crate::world::{World, any_commit, case, soon, subject};

/// Keeps positions, until one is too many.
#[derive(Clone, Default)]
struct Positions {
    kept: Arc<Mutex<Vec<u64>>>,
    at_most: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no room for {0}")]
struct Full(usize);

impl Keeper for Positions {
    type Error = Full;

    fn keep(&mut self, entries: &[Entry]) -> Result<(), Full> {
        let mut kept = self.kept.lock().unwrap();
        kept.extend(entries.iter().map(Entry::position));
        match self.at_most {
            Some(at_most) if kept.len() > at_most => Err(Full(kept.len())),
            Some(_) | None => Ok(()),
        }
    }
}

async fn write(world: &World, id: &str) -> u64 {
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let subject = subject(&case(id), Owner::Notification, 1).to_string();
    appender.append(subject, any_commit(id).encode_to_vec()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_told_a_position_reads_it() {
    let world = World::new().await;
    let mut last = 0;
    for n in 0..20 {
        last = write(&world, &format!("c{n}")).await;
    }
    let (projection, positions) = (Projection::default(), Positions::default());
    let (level, is_level) = oneshot::channel();
    world.tasks.spawn({
        let (projection, positions, broker, stop) =
            (projection.clone(), positions.clone(), world.broker.clone(), world.stop.clone());
        // It has the first five already.
        async move { projection.feed(&broker, positions, 5, stop, move || level.send(()).unwrap()).await }
    });
    soon("level", is_level).await.unwrap();
    assert_eq!(*positions.kept.lock().unwrap(), (6..=last).collect::<Vec<_>>(), "level means kept");

    // Whatever is recorded, by whomever, moves it on.
    let told = write(&world, "later").await;
    let progress = soon("the position", projection.at_least(told)).await.unwrap();
    assert_eq!((progress.position, progress.behind), (told, 0));
    assert_eq!(world.broker.end_of_record().await.unwrap(), told);
    assert_eq!(positions.kept.lock().unwrap().last(), Some(&told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keeper_that_fails_ends_the_feed_with_its_reason() {
    let world = World::new().await;
    for n in 0..5 {
        write(&world, &format!("c{n}")).await;
    }
    let keeper = Positions { at_most: Some(2), ..Positions::default() };
    let (projection, stop) = (Projection::default(), world.stop.clone());
    let fed = soon("its end", projection.feed(&world.broker, keeper, 0, stop, || panic!("it is not level"))).await;
    assert!(matches!(fed, Err(FeedError::Keeper(Full(_)))), "{fed:?}");
    assert!(projection.progress().position < 5, "it does not claim what it has not kept");
}
