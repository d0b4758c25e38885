//! Following the record: redelivery emits nothing, poison stops nothing, a stop finishes what is in hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::{self, consumer::PullConsumer};
use futures::FutureExt;
use ids::{HistoryKey, Owner};
use prost::Message;
use proto::intake::v1::IntakeEvent;
use proto::record::v1::event::Of;
use proto::record::v1::{Commit, Decision, Event};
use proto::streams::{CASES, RETRY, record_consumer};
use record::dead_letters::{DeadLetters, Letter, Operator};
use record::follow::{ACK_WAIT_S, CONCURRENCY, Delivered, Failure};
use record::{Appender, Book, StoredCommit};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber;

use crate::tally::{Command, Happened, Tally};
use crate::world::{WAIT, World, any_commit, case, eventually, gapless, request, revisions, soon, subject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_again_after_its_decision_emits_nothing() {
    let world = World::new().await;
    received(&world, &["a"]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let broker = world.broker.clone();
    follow(&world, "dispatch", move |delivered| {
        let (tell, broker) = (tell.clone(), broker.clone());
        async move {
            let stored = StoredCommit::read(&delivered)?;
            if stored.subject.owner != Owner::Intake {
                return Ok(());
            }
            // Nothing in memory, as in another replica.
            let book: Book<Tally> = Book::open(&broker).await?;
            let answered = book.decide(&stored.subject.key, request(Command::Reach(5))).await.unwrap();
            tell.send((delivered.deliveries, answered.events)).unwrap();
            if delivered.deliveries == 1 { Err(Failure::transient("the effect did not work")) } else { Ok(()) }
        }
    })
    .await;

    let first = soon("the first delivery", told.recv()).await.unwrap();
    let second = soon("the second delivery", told.recv()).await.unwrap();

    assert_eq!(first, (1, vec![Happened::Added(5)]));
    assert_eq!(second, (2, Vec::new()), "it was decided already");
    until_settled(&world, "dispatch").await;
    let dispatch = world.broker.load_owner(&case("a"), Owner::Dispatch).await.unwrap();
    assert_eq!(revisions(&dispatch), gapless(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_for_good_is_a_dead_letter_once_and_stops_nothing_else() {
    let world = World::new().await;
    let poison = received(&world, &["poison", "good"]).await[0];
    let handled = Handled::default();
    let seen = handled.clone();
    follow(&world, "dispatch", move |delivered| {
        let id = seen.note(&delivered);
        async move { if id == "poison" { Err(Failure::permanent("no such category")) } else { Ok(()) } }
    })
    .await;
    handled.until("good", 1).await;
    let letters = until_dead_letters(&world, 1).await;

    assert_eq!(letters[0].position.sequence, poison);
    assert_eq!(letters[0].content.subject, subject(&case("poison"), Owner::Intake, 1).to_string());
    assert_eq!(
        (letters[0].content.consumer.as_str(), letters[0].content.error.as_str()),
        ("dispatch", "no such category")
    );
    assert_eq!(letters[0].content.payload, any_commit_bytes("poison"));
    until_settled(&world, "dispatch").await;
    assert_eq!(handled.count("poison"), 1, "it is not tried again");

    // Everything comes again, as after a restored consumer: it is the same letter.
    consumer(&world, "dispatch").await.reset(Some(1)).await.unwrap();
    handled.until("good", 2).await;
    handled.until("poison", 2).await;
    until_settled(&world, "dispatch").await;
    assert_eq!(dead_letters(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_is_handed_back_is_handled_where_it_was_given_up_and_nowhere_else() {
    let world = World::new().await;
    let position = received(&world, &["stuck"]).await[0];
    let (mended, handled, others) = (Arc::new(AtomicBool::new(false)), Handled::default(), Handled::default());
    let (is_mended, seen) = (Arc::clone(&mended), handled.clone());
    follow(&world, "dispatch", move |delivered| {
        seen.note(&delivered);
        let same = (delivered.sequence, StoredCommit::read(&delivered).unwrap().commit.commit_id);
        assert_eq!(same, (position, "stuck".to_owned()), "it comes back as it was");
        let is_mended = is_mended.load(Ordering::SeqCst);
        async move { if is_mended { Ok(()) } else { Err(Failure::permanent("no charter")) } }
    })
    .await;
    let seen = others.clone();
    follow(&world, "triage", move |delivered| {
        seen.note(&delivered);
        async { Ok(()) }
    })
    .await;

    // Handed back too early it fails again, which is another letter.
    let letters = until_dead_letters(&world, 1).await;
    retry(&world, &letters).await;
    let letters = until_letter(&world, "2").await;
    assert_eq!(letters.len(), 1, "the first is gone");

    mended.store(true, Ordering::SeqCst);
    retry(&world, &letters).await;
    handled.until("stuck", 3).await;
    until_dead_letters(&world, 0).await;
    until_empty(&world, RETRY).await;
    assert_eq!(others.count("stuck"), 1, "others had no trouble with it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_stopped_while_handing_a_letter_back_does_it_again() {
    let world = World::new().await;
    received(&world, &["stuck"]).await;
    let failing = CancellationToken::new();
    let follower = world.broker.follower(CASES, "dispatch").await.unwrap();
    let following = world.tasks.spawn(follower.run(failing.clone(), |_| async { Err(Failure::permanent("no")) }));
    let letters = until_dead_letters(&world, 1).await;
    // Nobody follows, so that what is handed back stays where it is.
    failing.cancel();
    soon("the follower ends", following).await.unwrap().unwrap();

    retry(&world, &letters).await;
    // The letter was read before it was removed, as by somebody who is interrupted between the two steps.
    retry(&world, &letters).await;

    let mut retries = jetstream::new(world.stranger().await).get_stream(RETRY).await.unwrap();
    assert_eq!(retries.info().await.unwrap().state.messages, 1);
    assert_eq!(dead_letters(&world).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_is_dropped_is_gone_and_the_others_stay() {
    let world = World::new().await;
    received(&world, &["a", "b"]).await;
    follow(&world, "dispatch", |_| async { Err(Failure::permanent("no")) }).await;
    let letters = until_dead_letters(&world, 2).await;
    let list = DeadLetters::open(&world.broker).await.unwrap();

    let somebody = |by: &str| Operator { by: by.to_owned(), reason: "it was done at the desk".to_owned() };
    list.drop(&letters[0], &somebody("wang")).await.unwrap();
    list.drop(&letters[0], &somebody("li")).await.unwrap();

    let left = dead_letters(&world).await;
    assert_eq!(left.iter().map(|letter| letter.position).collect::<Vec<_>>(), [letters[1].position]);
    let ends = list.ends().await.unwrap();
    let [end] = &ends[..] else { panic!("it was decided once: {ends:?}") };
    assert_eq!((end.by.as_str(), end.reason.as_str()), ("wang", "it was done at the desk"));
    let kept = end.letter.clone().unwrap();
    assert_eq!((kept.stream_sequence, kept.payload.len()), (letters[0].position.sequence, 0));
}

/// Two ways in which a newer version shows: an event that this one does not know, and an owner that it does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_of_a_newer_version_sets_its_history_aside_and_nothing_else() {
    let world = World::new().await;
    let unknown = [Event { of: Some(Of::Intake(IntakeEvent { event: None })) }, Event { of: None }];
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    for (id, event) in ["newer", "foreign"].into_iter().zip(unknown) {
        let decisions = vec![Decision { events: vec![event], ..Decision::default() }];
        let commit = Commit { decisions, ..any_commit(id) };
        appender.append(subject(&case(id), Owner::Intake, 1).to_string(), commit.encode_to_vec()).await.unwrap();
        let next = any_commit_bytes(id);
        appender.append(subject(&case(id), Owner::Intake, 2).to_string(), next).await.unwrap();
    }
    received(&world, &["good"]).await;
    let (older, handled) = (CancellationToken::new(), Handled::default());
    let seen = handled.clone();
    let follower = world.broker.follower(CASES, "dispatch").await.unwrap();
    let following = world.tasks.spawn(follower.run(older.clone(), move |delivered| {
        let read = StoredCommit::read(&delivered);
        if read.is_ok() {
            seen.note(&delivered);
        }
        async move { Ok(read.map(drop)?) }
    }));

    handled.until("good", 1).await;
    let letters = until_dead_letters(&world, 4).await;
    assert_eq!(handled.total(), 1, "what comes after it waits with it");
    let told = |letter: &Letter| letter.content.error.starts_with("newer-version: ");
    assert!(letters.iter().all(told), "{letters:?}");
    older.cancel();
    soon("the older version ends", following).await.unwrap().unwrap();

    // A version that knows it.
    let (tell, mut told) = mpsc::unbounded_channel();
    follow(&world, "dispatch", move |delivered| {
        tell.send(delivered.subject).unwrap();
        async { Ok(()) }
    })
    .await;
    retry(&world, &letters).await;
    let mut brought_back: Vec<String> = Vec::new();
    for _ in &letters {
        brought_back.push(soon("it is brought back", told.recv()).await.unwrap());
    }
    let mut were_set_aside: Vec<String> = letters.iter().map(|letter| letter.content.subject.clone()).collect();
    brought_back.sort_unstable();
    were_set_aside.sort_unstable();
    assert_eq!(brought_back, were_set_aside);
    assert!(dead_letters(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_come_later_comes_no_sooner() {
    let world = World::new().await;
    received(&world, &["a"]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let pause = Duration::from_secs(2);
    follow(&world, "dispatch", move |delivered| {
        tell.send((delivered.deliveries, tokio::time::Instant::now())).unwrap();
        async move { if delivered.deliveries == 1 { Err(Failure::Later("not now".into(), pause)) } else { Ok(()) } }
    })
    .await;

    let (_, first) = soon("the first delivery", told.recv()).await.unwrap();
    let (deliveries, second) = soon("the second delivery", told.recv()).await.unwrap();
    assert_eq!(deliveries, 2);
    assert!(second - first >= pause, "{:?}", second - first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kills_its_handler_three_times_is_a_dead_letter_what_does_so_once_is_not() {
    let world = World::new().await;
    received(&world, &["deadly", "early", "once", "flaky"]).await;
    let handled = Handled::default();
    let seen = handled.clone();
    follow(&world, "dispatch", move |delivered| {
        let (id, times) = (seen.note(&delivered), delivered.deliveries);
        // Before there is a future, too.
        assert_ne!(id, "early", "it dies at once");
        async move {
            match (id.as_str(), times) {
                ("deadly", _) => panic!("it dies"),
                ("once", 1) => panic!("it stumbles"),
                // Failing often and stumbling once is not dying three times.
                ("flaky", 1..=3) => Err(Failure::transient("not yet")),
                ("flaky", 4) => panic!("it stumbles"),
                _ => Ok(()),
            }
        }
    })
    .await;

    let letters = until_dead_letters(&world, 2).await;
    until_settled(&world, "dispatch").await;

    let mut dead: Vec<_> =
        letters.iter().map(|Letter { content, .. }| (content.subject.as_str(), content.deliveries)).collect();
    dead.sort_unstable();
    assert_eq!(dead, [("case.wuchang.deadly.intake.1", 3), ("case.wuchang.early.intake.1", 3)]);
    assert!(letters.iter().all(|letter| letter.content.error.contains("panicked 3 times")), "{letters:?}");
    assert_eq!(["deadly", "early", "once", "flaky"].map(|id| handled.count(id)), [3, 3, 2, 5]);
    assert_eq!(dead_letters(&world).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_panics_is_poison_like_any_other() {
    let world = World::new().await;
    received(&world, &["a"]).await;
    let book = world.book().await;
    follow(&world, "dispatch", move |_| {
        let book = book.clone();
        async move {
            let _ = book.decide(&case("a"), request(Command::Divide { by: 0 })).await;
            Ok(())
        }
    })
    .await;

    let letters = until_dead_letters(&world, 1).await;
    assert!(letters[0].content.error.contains("divided by nothing"), "{letters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_may_take_longer_than_the_broker_waits() {
    let world = World::new().await;
    received(&world, &["slow"]).await;
    let (deliveries, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let release = CancellationToken::new();
    let (counted, notify, released) = (Arc::clone(&deliveries), Arc::clone(&again), release.clone());
    follow(&world, "dispatch", move |_| {
        if counted.fetch_add(1, Ordering::SeqCst) > 0 {
            notify.notify_one();
        }
        released.clone().cancelled_owned().map(Ok)
    })
    .await;

    let longer = Duration::from_secs(ACK_WAIT_S) + Duration::from_secs(2);
    let redelivered = tokio::time::timeout(longer, again.notified()).await;

    assert!(redelivered.is_err(), "it was given to somebody else while in hand");
    release.cancel();
    until_settled(&world, "dispatch").await;
    assert_eq!(deliveries.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_finishes_what_is_in_hand_and_hands_back_the_rest() {
    let world = World::new().await;
    let ids: Vec<_> = (0..CONCURRENCY * 2).map(|n| format!("c{n}")).collect();
    received(&world, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (stop, release) = (CancellationToken::new(), CancellationToken::new());
    let (handled, begun) = (Handled::default(), Arc::new(AtomicUsize::new(0)));
    let (seen, released, counted) = (handled.clone(), release.clone(), Arc::clone(&begun));
    let follower = world.broker.follower(CASES, "dispatch").await.unwrap();
    let mut following = world.tasks.spawn(follower.run(stop.clone(), move |delivered| {
        let (seen, released) = (seen.clone(), released.clone());
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            released.cancelled().await;
            seen.note(&delivered);
            Ok(())
        }
    }));
    let unsettled = async || consumer(&world, "dispatch").await.cached_info().num_ack_pending;
    let full = async || begun.load(Ordering::SeqCst) == CONCURRENCY && unsettled().await == ids.len();
    eventually("both hands are full", async || full().await.then_some(())).await;

    stop.cancel();
    let early = tokio::time::timeout(Duration::from_millis(300), &mut following).await;
    assert!(early.is_err(), "it left {CONCURRENCY} messages unfinished");
    release.cancel();
    soon("the follower ends", &mut following).await.unwrap().unwrap();
    assert_eq!(handled.total(), CONCURRENCY, "no more and no fewer than were in hand");

    // The next replica does not wait for the broker to give up on the first one.
    let seen = handled.clone();
    follow(&world, "dispatch", move |delivered| {
        seen.note(&delivered);
        async { Ok(()) }
    })
    .await;
    let rest = eventually_all(&handled, ids.len());
    tokio::time::timeout(Duration::from_secs(ACK_WAIT_S / 2), rest).await.expect("handed back at once");
    until_settled(&world, "dispatch").await;
    assert!(ids.iter().all(|id| handled.count(id) == 1), "each is handled once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_goes_on_after_the_broker_was_killed() {
    let mut world = World::new().await;
    let handled = Handled::default();
    let seen = handled.clone();
    follow(&world, "dispatch", move |delivered| {
        seen.note(&delivered);
        async { Ok(()) }
    })
    .await;
    received(&world, &["before"]).await;
    handled.until("before", 1).await;

    world.nats.kill_and_restart().unwrap();
    received(&world, &["after"]).await;

    handled.until("after", 1).await;
    until_settled(&world, "dispatch").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_nobody_provisioned_is_said_at_once() {
    let world = World::new().await;
    let follower = world.broker.follower(CASES, "nobody").await.unwrap();
    let running = Box::pin(follower.run(world.stop.clone(), |_| async { Ok(()) }));
    let error = soon("the answer", running).await.unwrap_err();
    assert_eq!(error.to_string(), "consumer nobody of CASES is not there: run `huying provision` first (HY-002)");
}

/// Which messages a handler saw, by case, and how often.
#[derive(Clone, Default)]
struct Handled(Arc<Mutex<HashMap<String, usize>>>);

impl Handled {
    fn note(&self, delivered: &Delivered) -> String {
        let id = StoredCommit::read(delivered).unwrap().subject.key.id;
        *self.0.lock().unwrap().entry(id.clone()).or_default() += 1;
        id
    }

    fn count(&self, id: &str) -> usize {
        self.0.lock().unwrap().get(id).copied().unwrap_or_default()
    }

    fn total(&self) -> usize {
        self.0.lock().unwrap().values().sum()
    }

    async fn until(&self, id: &str, times: usize) {
        eventually(&format!("{id} handled {times} times"), async || (self.count(id) >= times).then_some(())).await;
    }
}

async fn eventually_all(handled: &Handled, count: usize) {
    eventually("all are handled", async || (handled.total() >= count).then_some(())).await;
}

/// Commits of intake that dispatch follows; their places in the stream.
async fn received(world: &World, ids: &[&str]) -> Vec<u64> {
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let mut sequences = Vec::new();
    for id in ids {
        let key: HistoryKey = case(id);
        let appended = appender.append(subject(&key, Owner::Intake, 1).to_string(), any_commit_bytes(id));
        sequences.push(appended.await.unwrap());
    }
    sequences
}

/// The same bytes each time.
fn any_commit_bytes(id: &str) -> Vec<u8> {
    proto::record::v1::Commit { at: None, ..any_commit(id) }.encode_to_vec()
}

/// Whoever paused it may have forgotten: a service that follows nothing says so, instead of looking idle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_somebody_paused_is_said_to_be_and_goes_on_by_itself() {
    let world = World::new().await;
    let stream = jetstream::new(world.stranger().await).get_stream(CASES).await.unwrap();
    let name = record_consumer(Owner::Dispatch);
    let hour = async_nats::datetime::add_std_duration(async_nats::datetime::now(), Duration::from_secs(3600)).unwrap();
    assert!(stream.pause_consumer(&name, hour).await.unwrap().paused);
    received(&world, &["a"]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let said = Said::default();
    let follower = world.broker.follower(CASES, &name).await.unwrap();
    let run = follower.run(world.stop.clone(), move |delivered| {
        tell.send(delivered.subject).unwrap();
        async { Ok(()) }
    });
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(said.clone()).finish();
    world.tasks.spawn(run.with_subscriber(subscriber));

    let warned = eventually("a warning", async || said.line("somebody has paused this consumer")).await;
    assert!(warned.contains("WARN") && warned.contains("waiting=1"), "{warned}");
    assert!(told.try_recv().is_err());

    assert!(!stream.resume_consumer(&name).await.unwrap().paused);
    assert_eq!(soon("what waited", told.recv()).await.unwrap(), subject(&case("a"), Owner::Intake, 1).to_string());
    eventually("the end of it", async || said.line("no longer paused")).await;
}

/// What was logged.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn line(&self, with: &str) -> Option<String> {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        all.lines().find(|line| line.contains(with)).map(str::to_owned)
    }
}

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Said {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn follow<F>(world: &World, owner: &str, handler: impl Fn(Delivered) -> F + Send + Sync + 'static)
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let follower = world.broker.follower(CASES, &record_consumer(owner.parse().unwrap())).await.unwrap();
    world.tasks.spawn(follower.run(world.stop.clone(), handler));
}

async fn consumer(world: &World, name: &str) -> PullConsumer {
    jetstream::new(world.stranger().await).get_consumer_from_stream(name, CASES).await.unwrap()
}

async fn until_settled(world: &World, name: &str) {
    let consumer = consumer(world, name).await;
    eventually("everything is settled", async || {
        let info = consumer.get_info().await.unwrap();
        (info.num_pending == 0 && info.num_ack_pending == 0).then_some(())
    })
    .await;
}

async fn dead_letters(world: &World) -> Vec<Letter> {
    DeadLetters::open(&world.broker).await.unwrap().list().await.unwrap()
}

async fn until_dead_letters(world: &World, count: usize) -> Vec<Letter> {
    eventually(&format!("{count} dead letters within {WAIT:?}"), async || {
        Some(dead_letters(world).await).filter(|letters| letters.len() == count)
    })
    .await
}

async fn retry(world: &World, letters: &[Letter]) {
    let mut heard_of = 0;
    let operator = Operator { by: "wang".to_owned(), reason: String::new() };
    DeadLetters::open(&world.broker).await.unwrap().retry(letters, &operator, |_| heard_of += 1).await.unwrap();
    assert_eq!(heard_of, letters.len());
}

/// The letters, once there is one of this attempt.
async fn until_letter(world: &World, attempt: &str) -> Vec<Letter> {
    let suffix = format!("-{attempt}");
    eventually(&format!("a letter of attempt {attempt}"), async || {
        let letters = dead_letters(world).await;
        letters.iter().any(|letter| letter.position.to_string().ends_with(&suffix)).then_some(letters)
    })
    .await
}

async fn until_empty(world: &World, stream: &str) {
    let mut stream = jetstream::new(world.stranger().await).get_stream(stream).await.unwrap();
    eventually("the stream is empty", async || (stream.info().await.unwrap().state.messages == 0).then_some(())).await;
}
