//! An outside reference points at one case, whoever asks first and however many do at once.

use futures::future::join_all;
use record::{BrokerError, Reference, References};

use crate::world::{World, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_points_at_what_it_was_given_first() {
    let world = World::new().await;
    let references = References::open(&world.broker).await.unwrap();
    assert_eq!(references.get("key").await.unwrap(), None);

    let version = references.point("key", "case-1").await.unwrap().unwrap();
    let later = references.point("key", "case-2").await.unwrap();

    let first = Reference { target: "case-1".to_owned(), version };
    assert_eq!(later, Err(first.clone()));
    assert_eq!(references.get("key").await.unwrap(), Some(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_point_at_once_one_wins_and_all_learn_who() {
    let world = World::new().await;
    let here = References::open(&world.broker).await.unwrap();
    let there = References::open(&world.another().await).await.unwrap();

    let targets: Vec<_> = (0..200).map(|n| format!("case-{n}")).collect();
    let pointing = targets.iter().enumerate().map(|(n, target)| {
        let references = if n % 2 == 0 { &here } else { &there };
        references.point("key", target)
    });
    let answers = soon("every answer", join_all(pointing)).await;

    let stands = here.get("key").await.unwrap().unwrap();
    let mut winners = 0;
    for (answer, target) in answers.into_iter().zip(&targets) {
        match answer.unwrap() {
            Ok(version) => {
                winners += 1;
                assert_eq!(stands, Reference { target: target.clone(), version });
            }
            Err(found) => assert_eq!(found, stands),
        }
    }
    assert_eq!(winners, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_references_at_once_are_each_made() {
    let world = World::new().await;
    let references = References::open(&world.broker).await.unwrap();

    let keys: Vec<_> = (0..300).map(|n| format!("key-{n}")).collect();
    let made = soon("every answer", join_all(keys.iter().map(|key| references.point(key, key)))).await;

    for (key, version) in keys.iter().zip(made) {
        let version = version.unwrap().unwrap();
        let stands = references.get(key).await.unwrap();
        assert_eq!(stands, Some(Reference { target: key.clone(), version }), "the version is another's");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirection_holds_only_against_what_was_read() {
    let world = World::new().await;
    let references = References::open(&world.broker).await.unwrap();
    references.point("key", "case-1").await.unwrap().unwrap();
    let read = references.get("key").await.unwrap().unwrap();

    let (one, two) =
        tokio::join!(references.redirect("key", &read, "case-2"), references.redirect("key", &read, "case-3"));
    let late = references.redirect("key", &read, "case-4").await;

    let stands = references.get("key").await.unwrap().unwrap();
    let winner = match (one, two) {
        (Ok(version), Err(BrokerError::Exists { .. })) => Reference { target: "case-2".to_owned(), version },
        (Err(BrokerError::Exists { .. }), Ok(version)) => Reference { target: "case-3".to_owned(), version },
        other => panic!("not exactly one of two: {other:?}"),
    };
    assert_eq!(stands, winner);
    assert!(matches!(late, Err(BrokerError::Exists { .. })), "{late:?}");
    references.redirect("key", &stands, "case-5").await.unwrap();
    assert_eq!(references.get("key").await.unwrap().unwrap().target, "case-5");
}
