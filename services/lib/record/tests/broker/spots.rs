//! What was handled where: replaced by what is newer, gone when its time is over, found by one request.

use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use ids::CaseId;
use proto::dispatch::v1::Spot;
use proto::subjects::SpotSubject;
use record::spots::Spots;

use crate::world::{World, code};

const LONG: Duration = Duration::from_secs(3600);

fn subject(at: &str, case: &str) -> SpotSubject {
    let case = ("0123456789abcdefghjkmnpqrstvwxyz".chars())
        .find_map(|check| format!("190506-{case}{check}").parse::<CaseId>().ok())
        .unwrap();
    SpotSubject {
        district: code("wuchang"),
        category: code("ponding"),
        at: at.to_owned(),
        day: "190506".to_owned(),
        case,
    }
}

fn spot(assigned: u64, handled: u64, changed: u64) -> Spot {
    Spot { assigned, handled, changed, ..Spot::default() }
}

fn all_at(at: &str) -> String {
    SpotSubject::all_at(&code("wuchang"), &code("ponding"), at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_newer_replaces_what_is_older_and_not_the_other_way_round() {
    let world = World::new().await;
    let spots = Spots::open(&world.broker).await.unwrap();
    let case = subject("a1", "000001");
    let first = spots.put(&case, &spot(1, 0, 1), LONG).await.unwrap();
    let second = spots.put(&case, &spot(1, 7, 7), LONG).await.unwrap();
    assert!(second > first);
    for late in [spot(1, 0, 1), spot(1, 5, 5), spot(1, 7, 7)] {
        assert_eq!(spots.put(&case, &late, LONG).await.unwrap(), second, "{late:?}");
    }
    let found = spots.find(&[all_at("a1"), all_at("p2")]).await.unwrap().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].subject, found[0].sequence, &found[0].spot), (&case, second, &spot(1, 7, 7)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spot_goes_by_itself_and_may_come_back() {
    let world = World::new().await;
    let spots = Spots::open(&world.broker).await.unwrap();
    let case = subject("a1", "000001");
    spots.put(&case, &spot(1, 0, 1), Duration::from_secs(1)).await.unwrap();
    let begun = Instant::now();
    while !spots.find(&[all_at("a1")]).await.unwrap().unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it stays for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    spots.put(&case, &spot(1, 7, 7), LONG).await.unwrap();
    assert_eq!(spots.find(&[all_at("a1")]).await.unwrap().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_one_answer_holds_is_said_and_can_be_asked_for_by_day() {
    let world = World::new().await;
    let spots = Spots::open(&world.broker).await.unwrap();
    // In groups too: a burst of them is written in batches.
    futures::stream::iter(0..1100_u64)
        .map(|number| {
            let mut case = subject("a1", &format!("{number:06}"));
            case.day = if number < 200 { "190507".to_owned() } else { case.day };
            let spots = &spots;
            async move { spots.put(&case, &spot(number + 1, 0, number + 1), LONG).await.map(|_| ()) }
        })
        .buffer_unordered(200)
        .try_collect::<()>()
        .await
        .unwrap();
    assert_eq!(spots.find(&[all_at("a1")]).await.unwrap(), None);
    let of_day = SpotSubject::all_of_day(&code("wuchang"), &code("ponding"), "a1", "190507");
    assert_eq!(spots.find(&[of_day]).await.unwrap().unwrap().len(), 200);
}
