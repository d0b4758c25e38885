//! What our commits cause: a merge that a crash has left half done is finished. Each effect comes from the states as
//! they are now, so following a commit twice changes nothing. What is to be done is found by pure functions, [`links`] and
//! [`bring`]; the rest reads and decides.

use ids::{CaseId, HistoryKey};
use proto::intake::v1::intake_event::Event as Fact;
use record::follow::Failure;
use record::{BrokerError, StoredCommit};
use station::{Desk, course_of};
use vocabulary::Course;

use crate::domain::{Command, Rules, State};
use crate::merging::may_end_in;

/// Cases one after the other that are each part of the next, and turns until nobody is missing. More than a handful
/// means that somebody merges at this very moment; the commit is followed again later.
const TURNS_MAX: u32 = 16;

/// Most commits cause nothing, and cost nothing here.
pub async fn of(desk: &Desk<Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    let linked = reason_of(stored);
    if linked.is_none() && joined_in(stored).next().is_none() {
        return Ok(());
    }
    let case: CaseId = stored.subject.key.id.parse().map_err(|error: ids::CaseIdError| Failure::permanent(error))?;
    let state = desk.after_own_commit(stored).await?.state;
    link_the_later(desk, stored, case, &state).await?;
    match linked {
        Some(reason) => bring_the_callers(desk, stored, case, &state, reason).await,
        None => Ok(()),
    }
}

/// Whoever joined `case` in this commit by a case of their own: that one ends in it.
#[must_use]
pub fn links(stored: &StoredCommit, case: CaseId, state: &State) -> Vec<(CaseId, Command)> {
    let Some(receipt) = &state.received else { return vec![] };
    let joined: Vec<&str> = joined_in(stored).collect();
    let own = state.joined.iter().filter(|known| known.through.is_none() && joined.contains(&known.case.as_str()));
    own.map(|later| {
        let into_received_at = receipt.received_at;
        (later.case, Command::Link { into: case, reason: later.reason.clone(), into_received_at })
    })
    .collect()
}

/// What is left to do for the callers of a case that became part of another.
#[derive(Clone, Debug, PartialEq)]
pub enum Bring {
    /// Everybody is known there; or it has left since, and nobody will hear more of it than its own caller.
    Done,
    /// It is part of another one by now, which has to know them.
    Further(CaseId),
    Join(Command),
}

/// Whoever raised `case`, which is part of `into` now, is known there. They may have joined while it was being merged.
#[must_use]
pub fn bring(case: CaseId, state: &State, reason: &str, into: CaseId, target: &State) -> Bring {
    let mut missing = state.callers(case, None, reason);
    missing.retain(|caller| !target.knows(caller.case));
    match (missing.is_empty(), target.merged_into) {
        (true, _) => Bring::Done,
        (false, Some(further)) => Bring::Further(further),
        (false, None) if target.received.is_none() || target.has_left() => Bring::Done,
        (false, None) => Bring::Join(Command::Join { case: into, callers: missing }),
    }
}

async fn link_the_later(desk: &Desk<Rules>, stored: &StoredCommit, case: CaseId, state: &State) -> Result<(), Failure> {
    let key = &stored.subject.key;
    let links = links(stored, case, state);
    if links.is_empty() {
        return Ok(());
    }
    let course = match course_of(&desk.station.broker, key).await {
        Ok(course) => course,
        Err(BrokerError::Filed { .. }) => Course::Closed,
        Err(error) => return Err(error.into()),
    };
    if may_end_in(case, course).is_err() {
        return Ok(());
    }
    let charter = desk.station.charter_to_follow(&key.district)?;
    for (later, link) in links {
        let later = HistoryKey::case(key.district.clone(), &later);
        desk.react(&later, &stored.subject, &charter, link).await?;
    }
    Ok(())
}

async fn bring_the_callers(
    desk: &Desk<Rules>,
    stored: &StoredCommit,
    case: CaseId,
    state: &State,
    reason: &str,
) -> Result<(), Failure> {
    let district = &stored.subject.key.district;
    let charter = desk.station.charter_to_follow(district)?;
    let Some(mut into) = state.merged_into else { return Ok(()) };
    for _ in 0..TURNS_MAX {
        let key = HistoryKey::case(district.clone(), &into);
        let target = desk.read_to_follow(&key).await?.state;
        match bring(case, state, reason, into, &target) {
            Bring::Done => return Ok(()),
            Bring::Further(further) => into = further,
            Bring::Join(join) => desk.react(&key, &stored.subject, &charter, join).await?,
        }
    }
    Err(Failure::transient(format!("{case} is being merged on and on; trying again")))
}

fn joined_in(stored: &StoredCommit) -> impl Iterator<Item = &str> {
    stored
        .commit
        .intake_facts()
        .filter_map(|fact| if let Fact::CallerJoined(joined) = fact { Some(joined.case_id.as_str()) } else { None })
}

/// Why a case became part of another, if it did in this commit.
#[must_use]
pub fn reason_of(stored: &StoredCommit) -> Option<&str> {
    stored
        .commit
        .intake_facts()
        .find_map(|fact| if let Fact::LinkedAsDuplicate(linked) = fact { Some(linked.reason.as_str()) } else { None })
}
