//! A command becomes a commit: once, whatever gets lost, and each caller hears of its own.

use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use ids::{Owner, Revision};
use proto::common::v1::Role;
use proto::record::v1::Actor;
use record::{Book, Refused, Request};

use crate::proxy::Proxy;
use crate::tally::{Command, Happened, Refusal, State, TOTAL_MAX, Tally};
use crate::world::{WAIT, World, case, connect, gapless, request, request_named, revisions, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_acknowledgement_and_a_retry_append_once() {
    let world = World::new().await;
    let proxy = Proxy::before(&world.nats.url(), &world.tasks).await;
    let key = case("a");
    let book: Book<Tally> = Book::open(&connect(&proxy.url).await).await.unwrap();
    book.decide(&key, request(Command::Add(1))).await.unwrap();

    proxy.lose_the_answer_to("case.wuchang.a.dispatch.2");
    let answered = soon("the second commit", book.decide(&key, request(Command::Add(10)))).await.unwrap();

    assert_eq!(proxy.lost(), 1, "the fault must have taken effect");
    assert_eq!((answered.revision, answered.position), (Revision(2), 2));
    assert_eq!(answered.events, [Happened::Added(10)]);
    assert_eq!(revisions(&world.broker.load(&key).await.unwrap()), gapless(2));
    assert_eq!(book.snapshot(&key, Revision(2)).await.unwrap().state.total, 11);
    let next = book.decide(&key, request(Command::Add(100))).await.unwrap();
    assert_eq!(next.revision, Revision(3), "and the mailbox goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_again_under_the_same_name_the_answer_is_the_recorded_one() {
    let world = World::new().await;
    let key = case("a");
    let first = world.book().await;
    let once = first.decide(&key, request_named("order-1", Command::Add(1))).await.unwrap();
    first.decide(&key, request(Command::Add(1))).await.unwrap();

    // In the same process, in one that has just started, and when the rules would say no by now.
    let again = first.decide(&key, request_named("order-1", Command::Add(1))).await.unwrap();
    let elsewhere = world.book().await.decide(&key, request_named("order-1", Command::Add(1))).await.unwrap();
    first.decide(&key, request(Command::Close)).await.unwrap();
    let late = first.decide(&key, request_named("order-1", Command::Add(1))).await.unwrap();

    assert!(!once.repeated);
    for answer in [again, elsewhere, late] {
        assert!(answer.repeated);
        assert_eq!((answer.revision, answer.position, answer.at), (once.revision, once.position, once.at));
        assert!(answer.events.is_empty(), "a repeat emits nothing");
    }
    assert_eq!(revisions(&world.broker.load(&key).await.unwrap()), gapless(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_id_is_its_senders_and_stands_for_one_thing() {
    let world = World::new().await;
    let key = case("a");
    let sent = |party: &str, content: &[u8]| {
        let actor = Actor { role: Role::Department.into(), party: party.to_owned(), staff_ref: "s-1".to_owned() };
        Request { actor, content_digest: content.to_vec(), ..request_named("1", Command::Add(1)) }
    };
    let book = world.book().await;
    let water = book.decide(&key, sent("wuchang-water", b"one")).await.unwrap();
    let parks = book.decide(&key, sent("wuchang-parks", b"one")).await.unwrap();
    assert!(!parks.repeated, "another sender's first is its own");
    assert_eq!((parks.revision, parks.position > water.position), (Revision(2), true));

    // In the same process, and in one that knows it from the record only.
    for book in [book, world.book().await] {
        let again = book.decide(&key, sent("wuchang-water", b"one")).await.unwrap();
        assert_eq!((again.repeated, again.revision, again.position), (true, water.revision, water.position));
        let other = book.decide(&key, sent("wuchang-water", b"two")).await;
        assert!(matches!(other, Err(Refused::OtherContent)), "{other:?}");
        // Who does not say what it was cannot be told that it was something else.
        assert!(book.decide(&key, sent("wuchang-water", b"")).await.unwrap().repeated);
    }
    assert_eq!(revisions(&world.broker.load(&key).await.unwrap()), gapless(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_says_where_its_commit_stands_in_the_stream() {
    let world = World::new().await;
    let book = world.book().await;
    let (a, b) = (case("a"), case("b"));
    for key in [&a, &b, &a] {
        let answered = book.decide(key, request(Command::Add(1))).await.unwrap();
        let stored = world.broker.load(key).await.unwrap();
        assert_eq!(stored.last().map(|stored| stored.sequence), Some(answered.position));
    }
    // Nothing to do: everything it rests on is there by then.
    let last = world.broker.load(&a).await.unwrap().last().unwrap().sequence;
    let nothing = book.decide(&a, request(Command::Reach(1))).await.unwrap();
    assert_eq!((nothing.events.len(), nothing.position), (0, last));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_command_twice_at_once_is_recorded_once() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);

    let answers = join_all((0..8).map(|_| book.decide(&key, request_named("order-1", Command::Add(1))))).await;

    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| answer.revision == Revision(1)));
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert_eq!(book.read(&key).await.unwrap().state.total, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_answers_to_one_call_are_decided_together_and_each_gets_its_own() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);

    // The fortieth is one too many, by exactly its own amount.
    let amounts = (1..=50u64).map(|n| if n == 40 { TOTAL_MAX } else { n }).collect::<Vec<_>>();
    let answers = join_all(amounts.iter().map(|amount| book.decide(&key, request(Command::Add(*amount))))).await;

    let (mut total, mut refused) = (0, 0);
    for (amount, answer) in amounts.iter().zip(answers) {
        match answer {
            Ok(answer) => {
                assert_eq!(answer.events, [Happened::Added(*amount)], "somebody else's answer");
                total += amount;
            }
            Err(Refused::Rule(Refusal::TooMuch)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    let commits = world.broker.load_owner(&key, Owner::Dispatch).await.unwrap();
    assert_eq!(revisions(&commits), gapless(commits.len() as u64));
    assert!(commits.len() <= 4, "{} commits for fifty answers", commits.len());
    assert_eq!(refused, amounts.len() - commits.iter().map(|stored| stored.commit.decisions.len()).sum::<usize>());
    assert_eq!(*book.read(&key).await.unwrap().state, State { total, ..State::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_wait_stands_in_one_commit_with_what_comes_next() {
    let world = World::new().await;
    let (book, key) = (world.book().await, case("a"));
    let patient = |amount, patience| book.decide_with_the_next(&key, request(Command::Add(amount)), patience);

    // None of the first two would ever be decided by itself.
    let (long, last) = (WAIT * 100, book.decide(&key, request(Command::Add(4))));
    let together = async { tokio::join!(patient(1, long), patient(2, long), last) };
    let together = soon("three in one commit", together).await;
    let alone = soon("one that nothing comes after", patient(8, Duration::from_millis(1))).await.unwrap();

    let (first, second, third) = together;
    for (answered, amount) in [(first, 1), (second, 2), (third, 4)] {
        let answered = answered.unwrap();
        assert_eq!((answered.revision, answered.events), (Revision(1), vec![Happened::Added(amount)]));
    }
    assert_eq!(alone.revision, Revision(2));
    let commits = world.broker.load(&key).await.unwrap();
    assert_eq!(commits.iter().map(|stored| stored.commit.decisions.len()).collect::<Vec<_>>(), [3, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_panics_takes_only_its_own_caller_with_it() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);
    book.decide(&key, request(Command::Add(10))).await.unwrap();

    let ask = |command| std::panic::AssertUnwindSafe(book.decide(&key, request(command))).catch_unwind();
    let (before, mistake, after) = soon("all three", async {
        tokio::join!(ask(Command::Add(1)), ask(Command::Divide { by: 0 }), ask(Command::Add(2)))
    })
    .await;

    assert_eq!(before.unwrap().unwrap().events, [Happened::Added(1)]);
    assert!(mistake.is_err(), "the mistake belongs to whoever asked");
    assert_eq!(after.unwrap().unwrap().events, [Happened::Added(2)]);
    let alone = ask(Command::Divide { by: 0 }).await;
    assert!(alone.is_err());
    let next = soon("the mailbox", book.decide(&key, request(Command::Divide { by: 13 }))).await.unwrap();
    assert_eq!(next.events, [Happened::Added(1)], "the mailbox goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_history_takes_only_what_ends_it() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);
    for _ in 0..200 {
        book.decide(&key, request(Command::Add(1))).await.unwrap();
    }

    let refused = book.decide(&key, request(Command::Add(1))).await;
    assert!(matches!(refused, Err(Refused::Full(200))), "{refused:?}");
    let ended = book.decide(&key, request(Command::Close)).await.unwrap();
    assert_eq!(ended.revision, Revision(201));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_one_commit_is_recorded_in_several() {
    let world = World::new().await;
    let (key, book) = (case("a"), world.book().await);
    let note = |length: usize| book.decide(&key, request(Command::Note("好".repeat(length / 3))));

    let (large, too_large) =
        soon("every answer", async { tokio::join!(join_all((0..10).map(|_| note(60_000))), note(300_000)) }).await;

    assert!(large.iter().all(Result::is_ok), "{large:?}");
    assert!(matches!(too_large, Err(Refused::TooLarge(300_000..))), "300 kB: {too_large:?}");
    assert_eq!(book.read(&key).await.unwrap().state.notes, 10);
}
