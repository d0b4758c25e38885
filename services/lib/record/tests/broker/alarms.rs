//! The broker keeps the clocks: an alarm rings once, not early, whatever happens meanwhile.

use async_nats::jetstream;
use ids::{Owner, Revision};
use jiff::{SignedDuration, Timestamp};
use proto::streams::{TIMERS, timer_consumer};
use record::alarm::{Alarm, Alarms};
use record::clock::ClockMover;
use tokio::sync::mpsc;

use crate::tally::{Command, Happened};
use crate::world::{World, case, eventually, gapless, in_ms, now, request, revisions, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_survives_a_broker_that_is_killed() {
    let mut world = World::new().await;
    let mut rings = listen(&world).await;
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let due = in_ms(2_500);
    alarms.set(&case("a"), due, due).await.unwrap();

    world.nats.kill_and_restart().unwrap();

    let (alarm, rang) = soon("the alarm", rings.recv()).await.unwrap();
    assert_eq!(alarm, Alarm { key: case("a"), due });
    assert!(rang >= due, "it rang at {rang}, early");
    nothing_is_left(&world, &mut rings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_while_the_broker_is_down_rings_when_it_is_back() {
    let mut world = World::new().await;
    let mut rings = listen(&world).await;
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let due = in_ms(500);
    alarms.set(&case("a"), due, due).await.unwrap();

    world.nats.kill();
    eventually("it is due", async || (now() > due).then_some(())).await;
    world.nats.kill_and_restart().unwrap();

    let (alarm, _) = soon("the alarm", rings.recv()).await.unwrap();
    assert_eq!(alarm, Alarm { key: case("a"), due });
    nothing_is_left(&world, &mut rings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_set_again_replaces_the_one_before() {
    let world = World::new().await;
    let mut rings = listen(&world).await;
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let (early, late) = (in_ms(700), in_ms(1_400));
    for (id, due) in [("later", early), ("later", late), ("sooner", late), ("sooner", early)] {
        alarms.set(&case(id), due, due).await.unwrap();
    }

    let first = soon("the first", rings.recv()).await.unwrap();
    let second = soon("the second", rings.recv()).await.unwrap();

    assert_eq!(first.0, Alarm { key: case("sooner"), due: early });
    assert_eq!(second.0, Alarm { key: case("later"), due: late });
    assert!(first.1 >= early && second.1 >= late, "early: {first:?} {second:?}");
    nothing_is_left(&world, &mut rings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_already_rings_at_once() {
    let world = World::new().await;
    let mut rings = listen(&world).await;
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let due = now() - SignedDuration::from_hours(24 * 400);

    let set = now();
    alarms.set(&case("a"), due, due).await.unwrap();
    let (alarm, rang) = soon("the alarm", rings.recv()).await.unwrap();

    assert_eq!(alarm.due, due);
    let took = rang.duration_since(set);
    assert!(took < SignedDuration::from_secs(2), "it took {took}");
    nothing_is_left(&world, &mut rings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_acts_once_and_the_next_one_is_kept() {
    let world = World::new().await;
    let mut rings = listen(&world).await;
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let (key, book) = (case("a"), world.book().await);
    let (first, second) = (in_ms(300), in_ms(60_000));
    let answered = book.decide(&key, request(Command::Expect(first))).await.unwrap();
    alarms.set_after_commit(&book, &key, answered.revision, same).await.unwrap();

    let (alarm, _) = soon("the alarm", rings.recv()).await.unwrap();
    let check = Command::Check { now: now().max(alarm.due) };
    let acted = book.decide(&key, request(check.clone())).await.unwrap();
    let again = book.decide(&key, request(check)).await.unwrap();
    assert_eq!(acted.events, [Happened::WentOverdue(first)]);
    assert!(again.events.is_empty(), "the alarm came twice: {again:?}");

    // What became due later than the alarm that rang for nothing.
    book.decide(&key, request(Command::Expect(second))).await.unwrap();
    alarms.set_after_ringing(&book, &key, alarm.due, same).await.unwrap();
    assert_eq!(held(&world).await, Some(second));
    assert_eq!(revisions(&world.broker.load(&key).await.unwrap()), gapless(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_late_does_not_bring_back_an_older_deadline() {
    let world = World::new().await;
    let key = case("a");
    let alarms = Alarms::open(&world.broker, Owner::Dispatch).await.unwrap();
    let (here, there) = (world.book().await, world.book().await);
    let (later, sooner) = (in_ms(600_000), in_ms(300_000));
    here.decide(&key, request(Command::Expect(later))).await.unwrap();
    alarms.set_after_commit(&here, &key, Revision(1), same).await.unwrap();
    assert_eq!(held(&world).await, Some(later));
    there.decide(&key, request(Command::Expect(sooner))).await.unwrap();
    alarms.set_after_commit(&there, &key, Revision(2), same).await.unwrap();
    assert_eq!(held(&world).await, Some(sooner));

    // The first commit comes once more to a replica that knows nothing of the second.
    assert_eq!(here.snapshot(&key, Revision(1)).await.unwrap().revision, Revision(1), "it must lag");
    alarms.set_after_commit(&here, &key, Revision(1), same).await.unwrap();
    assert_eq!(held(&world).await, Some(sooner));

    // And to one that knows.
    alarms.set_after_commit(&there, &key, Revision(1), same).await.unwrap();
    assert_eq!(held(&world).await, Some(sooner));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_about_to_ring_is_not_relied_on_for_a_later_deadline() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);
    let (soon, later) = (in_ms(4_000), in_ms(60_000));
    book.decide(&key, request(Command::Expect(soon))).await.unwrap();

    // The broker's clock may be ahead of the one that stamps commits: it may have rung already.
    book.decide(&key, request(Command::Expect(later))).await.unwrap();

    assert_eq!(book.read(&key).await.unwrap().alarm, Some((later, Revision(2))));
}

fn same(due: Timestamp) -> Timestamp {
    due
}

/// What rings for dispatch, and when it arrived here.
async fn listen(world: &World) -> mpsc::UnboundedReceiver<(Alarm, Timestamp)> {
    let (tell, told) = mpsc::unbounded_channel();
    let follower = world.broker.follower(TIMERS, &timer_consumer(Owner::Dispatch)).await.unwrap();
    world.tasks.spawn(follower.run(world.stop.clone(), move |delivered| {
        tell.send((Alarm::read(&delivered).unwrap(), now())).unwrap();
        async { Ok(()) }
    }));
    told
}

/// The one alarm that the broker holds.
async fn held(world: &World) -> Option<Timestamp> {
    ClockMover::open(&world.broker).await.unwrap().next_alarm().await.unwrap()
}

/// No schedule waits, no timer is unhandled, and nothing has rung that was not taken.
async fn nothing_is_left(world: &World, rings: &mut mpsc::UnboundedReceiver<(Alarm, Timestamp)>) {
    let timers = jetstream::new(world.stranger().await).get_stream(TIMERS).await.unwrap();
    eventually("the stream of timers is empty", async || {
        (timers.get_info().await.unwrap().state.messages == 0).then_some(())
    })
    .await;
    assert!(rings.try_recv().is_err(), "it rang twice");
}
