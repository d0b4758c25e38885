//! Whatever is changed in a copy of the record is found, and where it can be, it is named.

use audit::Findings;
use ids::{HistoryKey, Owner};

use crate::world::{World, case};

/// Two chains of three and one commit in one case, a chain of one in another, a filed case; anchored but for one commit.
async fn written() -> (World, HistoryKey, HistoryKey) {
    let world = World::new().await;
    let (one, other) = (case(1), case(2));
    for _ in 0..2 {
        world.write(&one, Owner::Dispatch, None).await;
    }
    world.write(&one, Owner::Intake, None).await;
    world.closed_case(7).await;
    world.anchor_in(2).await;
    world.write(&one, Owner::Dispatch, None).await;
    world.write(&other, Owner::Intake, None).await;
    world.anchor_in(3).await;
    assert_eq!(world.file_all().await.filed, 1);
    world.write(&other, Owner::Dispatch, None).await;
    (world, one, other)
}

fn named(found: &Findings) -> Vec<&str> {
    found.breaks.iter().map(|broken| broken.subject.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changed_in_a_copy_is_found() {
    let (world, one, other) = written().await;
    let whole = world.forged(|_| ()).await;
    assert_eq!((whole.breaks, whole.after_anchors, whole.filed_cases), (vec![], 1, 1), "a true copy is whole");
    let of = |key: &HistoryKey, end: &str| format!("{key}.{end}");

    let flipped = world.forged(|it| it.flip(&of(&one, "dispatch.2"))).await;
    assert!(named(&flipped).contains(&of(&one, "dispatch.2").as_str()), "{flipped:?}");
    let broken = flipped.breaks.iter().find(|broken| broken.subject == of(&one, "dispatch.2")).unwrap();
    assert!(broken.position == Some(2) && broken.expected.starts_with("revision 3 names"), "{broken:?}");

    let removed = world.forged(|it| *it.at(&of(&one, "dispatch.2")) = None).await;
    assert!(named(&removed).contains(&of(&one, "dispatch.2").as_str()), "{removed:?}");

    // The last one of a chain is named by nobody; the day is not what it was.
    for last in [of(&one, "dispatch.3"), of(&other, "intake.1")] {
        let (flipped, removed) =
            (world.forged(|it| it.flip(&last)).await, world.forged(|it| *it.at(&last) = None).await);
        for found in [flipped, removed] {
            assert_eq!(found.broken, 1, "{last}: {found:?}");
            assert!(named(&found)[0].starts_with("anchor.wuchang."), "{last}: {found:?}");
        }
    }

    let swapped = world.forged(|it| {
        let (intake, other_intake) = (of(&one, "intake.1"), of(&other, "intake.1"));
        let bytes = it.at(&intake).as_ref().unwrap().1.clone();
        let others = std::mem::replace(&mut it.at(&other_intake).as_mut().unwrap().1, bytes);
        it.at(&intake).as_mut().unwrap().1 = others;
    });
    let swapped = swapped.await;
    let both = [of(&one, "intake.1"), of(&other, "intake.1")];
    assert!(both.iter().all(|subject| named(&swapped).contains(&subject.as_str())), "{swapped:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_put_in_or_took_out_as_a_whole_is_missed_by_the_day() {
    let (world, one, other) = written().await;
    // A history that never was, with a chain that is right in itself, in the place of something that was taken off.
    let own = World::new().await;
    let forged = case(5);
    own.write(&forged, Owner::Intake, None).await;
    let bytes = own.messages("CASES").await.remove(0).unwrap();
    let inserted = world.forged(|it| {
        let gap = it.cases.iter_mut().find(|it| it.is_none()).unwrap();
        *gap = Some(bytes);
    });
    let inserted = inserted.await;
    assert_eq!(inserted.broken, 1, "{inserted:?}");
    assert!(
        named(&inserted)[0].starts_with("anchor.wuchang.") && inserted.breaks[0].found.starts_with("6 chains"),
        "{inserted:?}"
    );

    // A whole case is gone.
    let gone = world.forged(|it| {
        for message in &mut it.cases {
            *message = message.take().filter(|(subject, _)| !subject.starts_with(&other.to_string()));
        }
    });
    let gone = gone.await;
    assert_eq!(gone.broken, 1, "{gone:?}");

    // A chain is written anew from its beginning, each commit naming the one before it as it should.
    let again = World::new().await;
    for _ in 0..3 {
        again.write(&one, Owner::Dispatch, Some(proto::record::v1::event::Of::Dispatch(Default::default()))).await;
    }
    let anew = again.messages("CASES").await;
    let rewritten = world.forged(|it| {
        for message in anew.into_iter().flatten() {
            let there = it.at(&message.0);
            *there = Some(message);
        }
    });
    let rewritten = rewritten.await;
    assert_eq!(rewritten.broken, 2, "both days in which it grew: {rewritten:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anchors_and_volumes_are_looked_at_too() {
    let (world, ..) = written().await;
    let anchors: Vec<String> = world.messages("ANCHORS").await.into_iter().flatten().map(|it| it.0).collect();
    let [first, second] = &anchors[..] else { panic!("{anchors:?}") };
    let gone = world.forged(|it| *it.at(first) = None).await;
    assert!(named(&gone).contains(&second.as_str()), "{gone:?}");
    let changed = world.forged(|it| {
        let bytes = &mut it.at(first).as_mut().unwrap().1;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    });
    let changed = changed.await;
    assert!(named(&changed).contains(&first.as_str()) && named(&changed).contains(&second.as_str()), "{changed:?}");

    let damaged = world.forged(|it| {
        let chunk = it.volumes.iter_mut().flatten().find(|it| it.0.starts_with("$O.archive.C.")).unwrap();
        let middle = chunk.1.len() / 2;
        chunk.1[middle] ^= 1;
    });
    let damaged = damaged.await;
    assert!(damaged.breaks[0].subject.starts_with("filed.wuchang."), "{damaged:?}");
}
