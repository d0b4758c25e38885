//! A case that has left the record stays away from it, whoever remembers what of it.

use async_nats::jetstream::{self, stream};
use futures::future::join_all;
use ids::{HistoryKey, Owner};
use prost::Message;
use proto::record::v1::Filed;
use proto::streams::CASES;
use proto::subjects::FiledSubject;
use record::filing::Filing;
use record::{Appender, BrokerError, Refused, StoredCommit, Tombstone};

use crate::tally::Command;
use crate::world::{World, any_commit, case, code, request, subject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_added_to_a_filed_case_not_even_a_first_commit() {
    let world = World::new().await;
    let key = case("filed");
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let append = async |owner, revision| {
        appender.append_commit(&subject(&key, owner, revision), any_commit("late").encode_to_vec()).await
    };
    append(Owner::Intake, 1).await.unwrap();
    let last = append(Owner::Dispatch, 1).await.unwrap();
    assert!(matches!(append(Owner::Dispatch, 1).await, Err(BrokerError::Exists { .. })));
    file(&world, &key, last, false).await;

    // With its history still there, and without.
    for taken_off in [false, true] {
        if taken_off {
            assert_eq!(Filing::open(&world.broker).await.unwrap().take_off(&key, last).await.unwrap(), 2);
        }
        for (owner, revision) in [(Owner::Evaluation, 1), (Owner::Intake, 1), (Owner::Dispatch, 2)] {
            let late = append(owner, revision).await;
            assert!(matches!(late, Err(BrokerError::Filed { .. })), "{owner}.{revision}: {late:?}");
        }
    }
    let filed = world.broker.filed(&key).await.unwrap().unwrap();
    assert_eq!(filed.filed.last_position, last);
    assert!(matches!(world.broker.load(&key).await, Err(BrokerError::Filed { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_group_only_the_commit_of_the_filed_case_is_refused() {
    let world = World::new().await;
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    let filed = case("c17");
    let last = appender.append_commit(&subject(&filed, Owner::Intake, 1), any_commit("first").encode_to_vec()).await;
    file(&world, &filed, last.unwrap(), true).await;

    let late = (0..100).map(|n| {
        let subject = subject(&case(&format!("c{n}")), Owner::Triage, 1);
        let appender = appender.clone();
        async move { appender.append_commit(&subject, any_commit("late").encode_to_vec()).await }
    });
    let answers = join_all(late).await;

    let refused: Vec<usize> = (0..).zip(&answers).filter(|(_, answer)| answer.is_err()).map(|(n, _)| n).collect();
    assert_eq!(refused, [17]);
    assert!(matches!(&answers[17], Err(BrokerError::Filed { key }) if *key == filed), "{:?}", answers[17]);
    assert!(world.broker.load(&case("c18")).await.unwrap().len() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_says_that_a_case_is_filed_whatever_it_remembers() {
    let world = World::new().await;
    let key = case("a");
    let (knows, knows_nothing) = (world.book().await, world.book().await);
    knows.decide(&key, request(Command::Add(1))).await.unwrap();
    let last = world.broker.load(&key).await.unwrap()[0].sequence;
    // One that only looked once, and has the state in memory too.
    let looked = world.book().await;
    assert_eq!(looked.read(&key).await.unwrap().revision.0, 1);
    file(&world, &key, last, true).await;

    for book in [&knows, &knows_nothing, &looked] {
        // One that would be recorded, one that the rules refuse on an empty history, and one with nothing to do.
        for command in [Command::Add(2), Command::Add(5000), Command::Empty, Command::Reach(0)] {
            let answer = book.decide(&key, request(command.clone())).await;
            assert!(matches!(answer, Err(Refused::Filed(ref filed)) if *filed == key), "{command:?}: {answer:?}");
        }
        assert!(matches!(book.read(&key).await, Err(BrokerError::Filed { .. })));
    }
    assert!(world.book().await.decide(&case("b"), request(Command::Add(2))).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_was_written_on_since_it_was_read_gets_no_tombstone() {
    let world = World::new().await;
    let (key, other) = (case("a"), case("ab"));
    let filing = Filing::open(&world.broker).await.unwrap();
    let first = commit(&world, &key, Owner::Intake, 1).await;
    let second = commit(&world, &key, Owner::Triage, 1).await;
    commit(&world, &other, Owner::Intake, 1).await;
    let tombstone = FiledSubject::of(&key).unwrap();
    let filed = |last_position| Filed { last_position, ..Filed::default() };

    assert_eq!(filing.put_tombstone(&tombstone, &filed(first)).await.unwrap(), Tombstone::Changed);
    assert_eq!(world.broker.load(&key).await.unwrap().len(), 2, "it goes on");
    assert_eq!(filing.put_tombstone(&tombstone, &filed(second)).await.unwrap(), Tombstone::Stored);
    assert_eq!(filing.put_tombstone(&tombstone, &filed(second)).await.unwrap(), Tombstone::There);
    let first_subject = [subject(&key, Owner::Intake, 1)];
    assert!(filing.holds_more(&key, &first_subject).await.unwrap());
    assert!(!filing.holds_more(&key, &[first_subject[0].clone(), subject(&key, Owner::Triage, 1)]).await.unwrap());

    // Taken back, it is open as it was.
    let stored = world.broker.filed(&key).await.unwrap().unwrap();
    filing.take_tombstone_back(&stored).await.unwrap();
    filing.take_tombstone_back(&stored).await.unwrap();
    let third = commit(&world, &key, Owner::Dispatch, 1).await;
    // What came after a position stays when what lies before it goes, and so does everybody else's.
    assert_eq!(filing.take_off(&key, second).await.unwrap(), 2);
    assert_eq!(filing.take_off(&key, second).await.unwrap(), 0);
    assert_eq!(positions(&world.broker.load(&key).await.unwrap()), [third]);
    assert_eq!(world.broker.load(&other).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_not_settled_everything_is_named() {
    let world = World::new().await;
    let filing = Filing::open(&world.broker).await.unwrap();
    assert_eq!(filing.furthest_behind().await.unwrap(), None);
    let first = commit(&world, &case("a"), Owner::Intake, 1).await;
    let behind = filing.furthest_behind().await.unwrap().unwrap();
    assert!(behind.position < first, "{behind:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tombstones_are_read_page_by_page_in_the_order_they_were_put() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for id in ["b", "a", "c"] {
        let last = commit(&world, &case(id), Owner::Intake, 1).await;
        file(&world, &case(id), last, true).await;
        expected.push(id.to_owned());
    }
    let (page, next) = world.broker.tombstones(None, 1).await.unwrap();
    assert_eq!(page.iter().map(|stored| stored.subject.case.clone()).collect::<Vec<_>>(), expected);
    assert!(world.broker.tombstones(None, next.unwrap()).await.unwrap().1.is_none());
    assert_eq!(world.broker.tombstones(Some(&code("wuchang")), page[1].sequence).await.unwrap().0, page[1..]);
    assert!(world.broker.tombstones(Some(&code("jiangan")), 1).await.unwrap().0.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_can_never_be_purged_is_refused_with_words() {
    let world = World::new().await;
    let jetstream = jetstream::new(world.stranger().await);
    for flags in [(true, false), (false, true)] {
        jetstream.delete_stream(CASES).await.unwrap();
        let (deny_delete, deny_purge) = flags;
        let as_it_was = stream::Config {
            name: CASES.to_owned(),
            subjects: vec!["case.*.*.*.*".to_owned()],
            deny_delete,
            deny_purge,
            ..stream::Config::default()
        };
        jetstream.create_stream(as_it_was).await.unwrap();
        let refused = world.broker.provision(1, &[]).await.unwrap_err();
        assert!(matches!(refused, BrokerError::Unfileable { .. }), "{refused:?}");
        assert!(refused.to_string().contains("stream CASES") && refused.to_string().contains("HY-010"), "{refused}");
    }
}

/// Puts the tombstone of a case, and takes the case off where the story is about what comes after.
async fn file(world: &World, key: &HistoryKey, last_position: u64, take_off: bool) {
    let filing = Filing::open(&world.broker).await.unwrap();
    let filed = Filed { last_position, ..Filed::default() };
    let put = filing.put_tombstone(&FiledSubject::of(key).unwrap(), &filed).await.unwrap();
    assert_eq!(put, Tombstone::Stored);
    if take_off {
        assert!(filing.take_off(key, last_position).await.unwrap() > 0);
    }
}

async fn commit(world: &World, key: &HistoryKey, owner: Owner, revision: u64) -> u64 {
    let appender = Appender::start(&world.broker, CASES).await.unwrap();
    appender.append_commit(&subject(key, owner, revision), any_commit("kept").encode_to_vec()).await.unwrap()
}

fn positions(commits: &[StoredCommit]) -> Vec<u64> {
    commits.iter().map(|stored| stored.sequence).collect()
}
