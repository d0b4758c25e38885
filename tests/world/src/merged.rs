//! What has to hold of cases that became one.

use std::collections::BTreeSet;

use ids::Owner;
use intake::domain as taking;
use record::{Aggregate, StoredCommit};
use station::access::{Concern, Matter};

use crate::actors::caller_of;
use crate::checks::{Found, wrong};
use crate::world::World;

/// Whoever raised a case that became part of another is on the record there, was before that was closed, and may rate it;
/// and nobody is left out with somebody else.
pub fn merged(world: &World, case: usize) -> Found {
    let kept = &world.cases[case];
    let mut joined = BTreeSet::new();
    for event in intake_events(world, case) {
        if let taking::Event::CallerJoined(caller) = &event {
            joined.insert(caller.case);
        }
        let left = |id: &ids::CaseId| world.cases[world.number_of(*id)].intake.merged_into.is_some();
        if matches!(event, taking::Event::ExclusionApproved { .. }) && joined.iter().any(left) {
            return wrong("it was left out, and others with it");
        }
    }
    let Some(into) = kept.intake.merged_into else { return Ok(()) };
    let there = world.number_of(into);
    let position = |wanted: &dyn Fn(&StoredCommit) -> bool| world.record.iter().position(wanted);
    let key = &world.cases[there].key;
    let joins = position(&|stored| {
        let mut facts = stored.commit.intake_facts();
        let id = kept.id.to_string();
        stored.subject.key == *key
            && facts.any(|fact| {
                matches!(fact, proto::intake::v1::intake_event::Event::CallerJoined(joined) if joined.case_id == id)
            })
    });
    let closes = position(&|stored| {
        stored.subject.key == *key && stored.commit.dispatch_facts().any(|fact| fact.name() == "Closed")
    });
    match (joins, closes) {
        (None, _) => return wrong("the case it is part of does not know its caller"),
        (Some(joined), Some(closed)) if closed < joined => return wrong("it became part of what was closed"),
        (Some(_), _) => {}
    }
    let concerns = Matter::of_case(key, &world.whole(there)).concerns;
    if !concerns.contains(&Concern::Caller(caller_of(case))) {
        return wrong("its caller may not rate the case it is part of");
    }
    Ok(())
}

fn intake_events(world: &World, case: usize) -> Vec<taking::Event> {
    let history = world.history(case, Owner::Intake);
    history
        .iter()
        .flat_map(|stored| stored.commit.facts())
        .map(|fact| intake::Rules::from_wire(fact).unwrap())
        .collect()
}
