//! What our commits cause: a merge that a crash has left half done is finished. Each effect comes from the states as
//! they are now, so following a commit twice changes nothing.

use ids::{CaseId, HistoryKey};
use proto::intake::v1::intake_event::Event as Fact;
use record::StoredCommit;
use record::follow::Failure;
use station::Desk;

use crate::domain::{Command, Exclusion, Rules, State};

/// Cases one after the other that are each part of the next, and turns until nobody is missing. More than a handful
/// means that somebody merges at this very moment; the commit is followed again later.
const TURNS_MAX: u32 = 16;

/// Most commits cause nothing, and cost nothing here.
pub async fn of(desk: &Desk<Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    let mut joined: Vec<&str> = Vec::new();
    let mut linked = false;
    for fact in stored.commit.intake_facts() {
        if let Fact::CallerJoined(fact) = fact {
            joined.push(&fact.case_id);
        } else if let Fact::LinkedAsDuplicate(_) = fact {
            linked = true;
        }
    }
    if joined.is_empty() && !linked {
        return Ok(());
    }
    let case: CaseId = stored.subject.key.id.parse().map_err(|error: ids::CaseIdError| Failure::permanent(error))?;
    let state = desk.after_own_commit(stored).await?.state;
    link_the_later(desk, stored, case, &state, &joined).await?;
    if linked { bring_the_callers(desk, stored, case, &state).await } else { Ok(()) }
}

/// Whoever joined here by a case of their own: that case ends here.
async fn link_the_later(
    desk: &Desk<Rules>,
    stored: &StoredCommit,
    case: CaseId,
    state: &State,
    joined: &[&str],
) -> Result<(), Failure> {
    let key = &stored.subject.key;
    let Some(receipt) = &state.received else { return Ok(()) };
    let charter = desk.station.charter_to_follow(&key.district)?;
    let own = state.joined.iter().filter(|known| known.through.is_none() && joined.contains(&known.case.as_str()));
    for later in own {
        let link = Command::Link { into: case, reason: later.reason.clone(), into_received_at: receipt.received_at };
        let later = HistoryKey::case(key.district.clone(), &later.case);
        desk.react(&later, &stored.subject, &charter, link).await?;
    }
    Ok(())
}

/// Whoever raised a case that is part of another now: the other one, or what that has become part of, knows them.
/// They may have joined while it was being merged.
async fn bring_the_callers(
    desk: &Desk<Rules>,
    stored: &StoredCommit,
    case: CaseId,
    state: &State,
) -> Result<(), Failure> {
    let district = &stored.subject.key.district;
    let charter = desk.station.charter_to_follow(district)?;
    let Some(mut into) = state.merged_into else { return Ok(()) };
    let reason = reason_of(stored);
    for _ in 0..TURNS_MAX {
        let key = HistoryKey::case(district.clone(), &into);
        let target = desk.read_to_follow(&key).await?.state;
        let mut missing = state.callers(case, None, reason);
        missing.retain(|caller| !target.knows(caller.case));
        let gone = target.received.is_none() || target.withdrawal_asked || target.exclusion == Exclusion::Approved;
        match (missing.is_empty(), target.merged_into) {
            (true, _) => return Ok(()),
            (false, Some(further)) => into = further,
            // It has left since: nobody will hear more of it than its own caller.
            (false, None) if gone => return Ok(()),
            (false, None) => {
                desk.react(&key, &stored.subject, &charter, Command::Join { case: into, callers: missing }).await?;
            }
        }
    }
    Err(Failure::transient(format!("{case} is being merged on and on; trying again")))
}

fn reason_of(stored: &StoredCommit) -> &str {
    let linked = stored
        .commit
        .intake_facts()
        .find_map(|fact| if let Fact::LinkedAsDuplicate(linked) = fact { Some(linked.reason.as_str()) } else { None });
    linked.unwrap_or_default()
}
