//! The clock of a story: everybody sees a jump before it is over, and the alarms come nearer.

use std::sync::{Arc, Mutex};

use ids::Owner;
use jiff::{SignedDuration, Timestamp};
use proto::streams::{TIMERS, timer_consumer};
use record::Broker;
use record::alarm::{Alarm, Alarms};
use record::clock::{ClockDocument, ClockMover};
use tokio::sync::mpsc;

use crate::world::{World, case, eventually, now, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_goes_by_the_new_time_before_the_jump_is_over() {
    let world = World::new().await;
    let one = watch(&world, world.broker.clone(), "one", 1).await;
    let two = watch(&world, world.another().await, "two", 2).await;
    let mut mover = ClockMover::open(&world.broker).await.unwrap();
    assert_eq!(mover.call_roll().await.unwrap(), 2);

    for day in 1..=20 {
        let document = mover.jump(at_day(day)).await.unwrap();
        assert_eq!(document.virtual_time, at_day(day));
        for seen in [&one, &two] {
            assert_eq!(seen.lock().unwrap().last(), Some(&document), "it goes by another time");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_starts_after_a_jump_goes_by_it_as_well() {
    let world = World::new().await;
    let mut mover = ClockMover::open(&world.broker).await.unwrap();
    let document = mover.jump(at_day(3)).await.unwrap();

    let seen = watch(&world, world.another().await, "late", 1).await;

    eventually("it goes by the jump", async || (seen.lock().unwrap().last() == Some(&document)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_goes_on_after_the_broker_was_killed() {
    let mut world = World::new().await;
    let seen = watch(&world, world.another().await, "one", 1).await;
    let mut mover = ClockMover::open(&world.broker).await.unwrap();
    assert_eq!(mover.call_roll().await.unwrap(), 1);
    mover.jump(at_day(1)).await.unwrap();

    world.nats.kill_and_restart().unwrap();
    let document = eventually("a jump", async || mover.jump(at_day(2)).await.ok()).await;

    assert_eq!(seen.lock().unwrap().last(), Some(&document));
    assert_eq!(mover.call_roll().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_ten_days_off_rings_once_right_after_a_jump_past_it() {
    let world = World::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let follower = world.broker.follower(TIMERS, &timer_consumer(Owner::Dispatch)).await.unwrap();
    world.tasks.spawn(follower.run(world.stop.clone(), move |delivered| {
        tell.send(Alarm::read(&delivered).unwrap()).unwrap();
        async { Ok(()) }
    }));
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let mut mover = ClockMover::open(&world.broker).await.unwrap();
    let anchor = mover.jump(at_day(1)).await.unwrap();
    let to_real = |due: Timestamp| anchor.real_time + due.duration_since(anchor.virtual_time);
    let (tenth, twentieth) = (at_day(10), at_day(20));
    alarms.set(&case("tenth"), tenth, to_real(tenth)).await.unwrap();
    alarms.set(&case("twentieth"), twentieth, to_real(twentieth)).await.unwrap();
    assert_eq!(mover.next_alarm().await.unwrap(), Some(tenth));

    mover.jump(at_day(5)).await.unwrap();
    assert_eq!(mover.next_alarm().await.unwrap(), Some(tenth), "five days on it is still five days off");
    let jumped = now();
    mover.jump(at_day(12)).await.unwrap();

    let alarm = soon("the alarm", told.recv()).await.unwrap();
    assert_eq!(alarm, Alarm { key: case("tenth"), due: tenth });
    let took = now().duration_since(jumped);
    assert!(took < SignedDuration::from_secs(3), "it took {took}");
    assert_eq!(mover.next_alarm().await.unwrap(), Some(twentieth));

    mover.jump(at_day(21)).await.unwrap();
    let next = soon("the next alarm", told.recv()).await.unwrap();
    assert_eq!(next, Alarm { key: case("twentieth"), due: twentieth }, "the first rang twice");
    eventually("no alarm waits", async || mover.next_alarm().await.unwrap().is_none().then_some(())).await;
    assert!(told.try_recv().is_err());
}

fn at_day(day: i64) -> Timestamp {
    let start: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(24 * (day - 1))
}

type Seen = Arc<Mutex<Vec<ClockDocument>>>;

/// Follows the clock, and is one of `present` when the roll is called.
async fn watch(world: &World, broker: Broker, process: &str, present: usize) -> Seen {
    let seen = Seen::default();
    let (applied, stop, name, following) = (Arc::clone(&seen), world.stop.clone(), process.to_owned(), broker.clone());
    world.tasks.spawn(async move {
        following.follow_clock(name, stop, |document| applied.lock().unwrap().push(document)).await.unwrap();
    });
    let mut mover = ClockMover::open(&broker).await.unwrap();
    eventually("it answers the roll call", async || (mover.call_roll().await.unwrap() == present).then_some(())).await;
    seen
}
