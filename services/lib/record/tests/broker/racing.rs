//! Two processes decide about one case: nothing is lost, nothing is decided on yesterday's state.

use futures::future::join_all;
use ids::{Owner, Revision};
use record::{Book, Refused};

use crate::tally::{Command, Happened, Refusal, TOTAL_MAX, Tally};
use crate::world::{World, case, gapless, request, revisions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_one_case_both_succeed_or_one_is_told() {
    let world = World::new().await;
    let key = case("a");
    let (here, there) = (world.book().await, world.book().await);
    let write = async |book: Book<Tally>| {
        let (mut added, mut told) = (0, 0);
        for _ in 0..40 {
            match book.decide(&key, request(Command::Add(1))).await {
                Ok(answered) => added += answered.events.len() as u64,
                Err(Refused::Contended) => told += 1,
                Err(other) => panic!("{other}"),
            }
        }
        (added, told)
    };

    let ((added_here, told_here), (added_there, told_there)) = tokio::join!(write(here), write(there));

    assert_eq!(added_here + told_here + added_there + told_there, 80);
    assert!(added_here > 0 && added_there > 0, "one of them never came to it");
    let commits = world.broker.load_owner(&key, Owner::Dispatch).await.unwrap();
    assert_eq!(revisions(&commits), gapless(commits.len() as u64));
    assert_eq!(world.book().await.read(&key).await.unwrap().state.total, added_here + added_there);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_commit_of_a_case_is_raced_for_as_well() {
    let world = World::new().await;
    let key = case("a");
    let mut books = Vec::new();
    for _ in 0..4 {
        books.push(world.book().await);
    }

    let answers = join_all(books.iter().map(|book| book.decide(&key, request(Command::Reach(5))))).await;

    let added: Vec<_> = answers.into_iter().flat_map(|answer| answer.unwrap().events).collect();
    assert_eq!(added, [Happened::Added(5)], "one adds, the others find nothing to do");
    assert_eq!(revisions(&world.broker.load(&key).await.unwrap()), gapless(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lags_does_not_refuse_what_the_record_allows() {
    let world = World::new().await;
    let key = case("a");
    let (lagging, other) = (world.book().await, world.book().await);
    lagging.decide(&key, request(Command::Add(TOTAL_MAX))).await.unwrap();
    other.decide(&key, request(Command::Empty)).await.unwrap();

    let answered = lagging.decide(&key, request(Command::Add(1))).await.unwrap();

    assert_eq!((answered.revision, answered.events), (Revision(3), vec![Happened::Added(1)]));
    let refused = lagging.decide(&key, request(Command::Add(TOTAL_MAX))).await;
    assert!(matches!(refused, Err(Refused::Rule(Refusal::TooMuch))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lags_does_not_find_that_nothing_is_to_do() {
    let world = World::new().await;
    let key = case("a");
    let (lagging, other) = (world.book().await, world.book().await);
    lagging.decide(&key, request(Command::Reach(7))).await.unwrap();
    other.decide(&key, request(Command::Empty)).await.unwrap();

    let answered = lagging.decide(&key, request(Command::Reach(7))).await.unwrap();

    assert_eq!((answered.revision, answered.events), (Revision(3), vec![Happened::Added(7)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lags_does_not_decide_on_what_it_remembers() {
    let world = World::new().await;
    let key = case("a");
    let (lagging, other) = (world.book().await, world.book().await);
    lagging.decide(&key, request(Command::Add(1))).await.unwrap();
    other.decide(&key, request(Command::Add(TOTAL_MAX - 1))).await.unwrap();

    let refused = lagging.decide(&key, request(Command::Add(1))).await;

    assert!(matches!(refused, Err(Refused::Rule(Refusal::TooMuch))), "it remembers 1 and would add: {refused:?}");
    assert_eq!(lagging.read(&key).await.unwrap().state.total, TOTAL_MAX);
}
