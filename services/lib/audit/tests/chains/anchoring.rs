//! Days are anchored once each, whoever does it and however late.

use ids::Owner;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use proto::streams::ANCHORS;

use crate::world::{World, case, connect, days, district, make};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_ends_at_midnight_of_its_district() {
    let world = World::new().await;
    let first = world.write(&case(1), Owner::Intake, None).await;
    // Midnight is wherever one says that noon is.
    let midnight = Timestamp::from_second(days(0).as_second() + 1).unwrap();
    while days(0) <= midnight {
        tokio::task::yield_now().await;
    }
    let second = world.write(&case(1), Owner::Intake, None).await;
    let offset = i32::try_from(-(midnight.as_second() % 86_400)).unwrap();
    let zone = TimeZone::fixed(Offset::from_seconds(offset).unwrap());

    assert!(make(&world.broker, &zone, midnight + SignedDuration::from_mins(9)).await.len() <= 1);
    let over = midnight + SignedDuration::from_mins(11);
    make(&world.broker, &zone, over).await;
    let anchors = world.broker.anchors(&district()).await.unwrap();
    let last = anchors.last().unwrap();
    assert_eq!((last.anchor.to, last.anchor.chains), (first, 1), "what came after midnight is another day's");
    assert_eq!(make(&world.broker, &zone, over).await, Vec::<String>::new(), "once");
    make(&world.broker, &zone, over + SignedDuration::from_hours(24)).await;
    let anchors = world.broker.anchors(&district()).await.unwrap();
    assert_eq!(anchors.last().unwrap().anchor.to, second);
    assert_eq!(world.verify().await.breaks, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_makers_at_once_make_each_day_once_and_missed_days_are_made_up_for() {
    let world = World::new().await;
    let others = connect(&world.nats.url()).await;
    world.write(&case(1), Owner::Intake, None).await;
    assert_eq!(world.anchor_in(2).await.len(), 1, "the first covers all there was");
    world.write(&case(1), Owner::Intake, None).await;
    world.write(&case(2), Owner::Dispatch, None).await;

    let now = days(7);
    let utc = TimeZone::UTC;
    let (one, other) = tokio::join!(make(&world.broker, &utc, now), make(&others, &utc, now));
    assert_eq!(one.len() + other.len(), 5, "{one:?} {other:?}");
    let anchors = world.broker.anchors(&district()).await.unwrap();
    let chains: Vec<u64> = anchors.iter().map(|stored| stored.anchor.chains).collect();
    assert_eq!(chains, [1, 2, 0, 0, 0, 0], "a day on which nothing happened says so");
    let found = world.verify().await;
    assert_eq!((found.breaks, found.anchors, found.after_anchors, found.chains, found.commits), (vec![], 6, 0, 2, 3));
    world.write(&case(2), Owner::Dispatch, None).await;
    assert_eq!(world.verify().await.after_anchors, 1, "what no anchor vouches for yet is said");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_was_filed_is_vouched_for_as_before_and_anchored_late() {
    let world = World::new().await;
    let early = world.closed_case(1).await;
    world.anchor_in(2).await;
    world.closed_case(2).await;
    let open = case(9);
    world.write(&open, Owner::Intake, None).await;
    world.anchor_in(3).await;
    world.closed_case(3).await;
    assert_eq!(world.file_all().await.filed, 3);
    assert_eq!(world.broker.load(&open).await.unwrap().len(), 1);

    // The third was filed before any anchor had it.
    world.write(&open, Owner::Intake, None).await;
    assert_eq!(world.anchor_in(4).await.len(), 1);
    let found = world.verify().await;
    assert_eq!(found.breaks, []);
    assert_eq!((found.filed_cases, found.chains, found.commits, found.unchained), (3, 10, 14, 0));
    assert_eq!((found.anchors, found.after_anchors), (3, 0));
    let shelf = archive::Shelf::open(&world.broker, std::num::NonZeroUsize::MIN).await.unwrap();
    let alone = audit::verify::verify_case(&world.broker, &shelf, &early).await.unwrap().unwrap();
    assert_eq!((alone.breaks, alone.commits, alone.filed_cases), (vec![], 4, 1));
    assert_eq!(audit::verify::verify_case(&world.broker, &shelf, &case(77)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_anchor_is_taken_out_or_written_over_by_nobody() {
    let world = World::new().await;
    world.write(&case(1), Owner::Intake, None).await;
    let made = world.anchor_in(2).await;
    let stream = world.stream(ANCHORS).await;
    // Whatever a user's permissions are: the stream itself takes nothing back.
    assert!(stream.delete_message(1).await.is_err());
    assert!(stream.purge().await.is_err());
    let client = async_nats::connect(world.nats.url()).await.unwrap();
    let reply = client.request(made[0].clone(), "forged".into()).await.unwrap();
    let reply = String::from_utf8_lossy(&reply.payload).into_owned();
    assert!(reply.contains("error"), "{reply}");
    let mut config = stream.cached_info().config.clone();
    (config.deny_delete, config.deny_purge) = (false, false);
    assert!(world.jetstream().await.update_stream(config).await.is_err(), "the server lets that be cleared now");
    assert_eq!(world.verify().await.breaks, []);
}
