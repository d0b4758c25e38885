//! Whoever files dies after any step, and whoever comes next finishes it.

use std::ops::ControlFlow;

use archive::filing::{FilingError, Plan, Step};
use ids::HistoryKey;
use record::StoredCommit;

use crate::world::{World, days_ago, plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_step_filing_dies_after_nothing_is_lost_and_the_next_run_finishes() {
    let mut deaths = Vec::new();
    for steps in 1.. {
        let world = World::new().await;
        let cases = [world.closed_case(0, days_ago(200)).await, world.closed_case(1, days_ago(200)).await];
        let before = world.histories(&cases).await;

        // What is in flight beside its last step is cut off with it. The one that comes next dies too, at its own first
        // step, which is that it found something to finish, or to begin anew.
        let first = die_after(&world, &plan(180), steps).await;
        assert_eq!(whereabouts(&world, &cases).await, before, "after {first:?}");
        let Some(first) = first else { break };
        let second = die_after(&world, &plan(180), 1).await;
        assert_eq!(whereabouts(&world, &cases).await, before, "after {first:?} and {second:?}");
        world.file(&plan(180)).await;

        assert_eq!(world.as_archived(&cases).await, before, "after {first:?}");
        assert_eq!(world.kept_beside(&cases).await, 0, "after {first:?}");
        let findings = world.verify().await;
        assert_eq!((findings.damage, findings.tombstones, findings.left_open), (vec![], 2, 0), "after {first:?}");
        deaths.extend([Some(first), second].into_iter().flatten());
    }
    for kind in ["Packed", "Stored", "ReadBack", "Tombstone", "Forgotten", "TakenOff", "Resumed"] {
        assert!(
            deaths.iter().any(|step| format!("{step:?}").starts_with(kind)),
            "nobody died after {kind}: {deaths:?}"
        );
    }
}

/// A run that dies after so many steps; which one was its last, or nothing if it came to its end before.
async fn die_after(world: &World, plan: &Plan, steps: usize) -> Option<Step> {
    let mut taken = Vec::new();
    let mut watch = |step: Step| {
        taken.push(step);
        if taken.len() == steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    match world.archivist().await.run(plan, &mut watch).await {
        Ok(_) => None,
        Err(FilingError::Stopped) => taken.pop(),
        Err(error) => panic!("{error:?} after {taken:?}"),
    }
}

/// Every history, from wherever it is now: the record, or the archive if there is a tombstone.
async fn whereabouts(world: &World, cases: &[HistoryKey]) -> Vec<Vec<StoredCommit>> {
    let mut histories = Vec::new();
    for key in cases {
        if world.broker.filed(key).await.unwrap().is_some() {
            histories.extend(world.as_archived(std::slice::from_ref(key)).await);
        } else {
            histories.push(world.broker.load(key).await.unwrap());
        }
    }
    histories
}
