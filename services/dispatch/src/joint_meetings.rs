//! What the meetings of a joint operation decided, as tasks of the case.
//!
//! The centre's commits may be followed in any order: before it is concluded, every meeting it held is looked up.

use std::sync::Arc;

use ids::{Code, Owner};
use proto::enforcement_center::v1::MeetingHeld;
use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
use record::StoredCommit;
use record::follow::Failure;

use crate::app::App;
use crate::domain::{Command, InForce, Plan};

/// Whether a commit tells of a meeting, or of the end of the operation.
pub fn concerns(stored: &StoredCommit) -> bool {
    let mut facts = stored.commit.enforcement_center_facts();
    facts.any(|fact| matches!(fact, CenterFact::MeetingHeld(_) | CenterFact::OperationConcluded(_)))
}

/// Plans what was decided up to this commit and is not planned yet.
///
/// # Errors
/// Transient while the record or the charter is out of reach.
pub async fn plan(app: &App, stored: &StoredCommit) -> Result<(), Failure> {
    let key = &stored.subject.key;
    let charter = app.desk.station.charter_to_follow(&key.district)?;
    let commits = app.desk.station.broker.load_owner(key, Owner::EnforcementCenter).await?;
    if commits.last().is_none_or(|last| last.subject.revision < stored.subject.revision) {
        return Err(app.desk.station.broker.not_found(&stored.subject).await);
    }
    let facts = commits.iter().flat_map(|stored| stored.commit.enforcement_center_facts());
    for held in facts.filter_map(meeting) {
        if held.decisions.is_empty() {
            continue;
        }
        let decisions = held.decisions.iter().map(|decision| {
            let party: Code = decision.party.parse().map_err(Failure::permanent)?;
            Ok(Plan { party, title: decision.text.clone(), due: None, after: vec![], root_cause: false })
        });
        let decisions = decisions.collect::<Result<Vec<_>, Failure>>()?;
        let in_force = InForce(Arc::clone(&charter));
        let command = Command::JointDecisions { meeting: held.meeting, decisions, in_force };
        app.desk.react(key, &stored.subject, &charter, command).await?;
    }
    Ok(())
}

fn meeting(fact: &CenterFact) -> Option<&MeetingHeld> {
    if let CenterFact::MeetingHeld(held) = fact { Some(held) } else { None }
}
