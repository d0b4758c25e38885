//! Two cases turn out to be one matter: the earlier one takes the caller in, then the later one ends in it.
//!
//! That order is what keeps a caller from being lost (D11): after a crash between the two commits the earlier case
//! knows the caller, and `effects.rs` links the later one.

use decider::Decider;
use ids::{CaseId, Code, HistoryKey};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::intake::v1::{MergeRequest, MergeResponse};
use proto::record::v1::Event;
use proto::triage::v1::triage_event::Event as TriageFact;
use record::{Refused, StoredCommit};
use station::{Violation, broker_status, not_found, prose, status_of};
use tonic::Status;
use vocabulary::Course;

use crate::app::{App, Asked};
use crate::domain::{Command, NOTE_LENGTH_MAX, Refusal, Rules, State};

/// The line of merging in the table of who may what.
pub const MERGE: &str = "huying.intake.v1.IntakeService/Merge";

impl App {
    /// Makes a case part of an earlier one of its district: both concern the asker. Asked again, it answers the same
    /// again.
    pub async fn merge(&self, asked: Asked, request: &MergeRequest) -> Result<MergeResponse, Status> {
        let Asked { caller, charter, case, key, named } = asked;
        let into: CaseId = request
            .into
            .parse()
            .map_err(|error: ids::CaseIdError| Violation::new("into", "case-id", error.to_string()))?;
        let reason = prose("reason", &request.reason, NOTE_LENGTH_MAX)?;

        let into_key = HistoryKey::case(key.district.clone(), &into);
        self.desk.may(&caller, MERGE, &into_key, &charter).await?;
        let earlier = self.desk.read(&into_key).await?.state;
        let later = self.desk.read(&key).await?.state;
        let receipt = |state: &State, case: CaseId| match &state.received {
            Some(receipt) => Ok(receipt.received_at),
            None => Err(not_found(case.as_str())),
        };
        let (into_received_at, _) = (receipt(&earlier, into)?, receipt(&later, case)?);
        let refused = |refusal| status_of(Refused::Rule(refusal));
        if later.merged_into != Some(into) {
            may_join(into, self.course(&into_key).await?, self.course(&key).await?).map_err(refused)?;
        }
        let link = Command::Link { into, reason: reason.clone(), into_received_at };
        // Asked before the earlier case takes in a caller who cannot come.
        Rules::decide(&later, &link).map_err(refused)?;
        let category = self.category(&key).await?;
        let join = Command::Join { case: into, callers: later.callers(case, category, &reason) };
        let joined = self.desk.ask(&into_key, &caller, named.clone(), &charter, join).await?;
        if later.merged_into != Some(into) {
            may_end_in(into, self.course(&into_key).await?).map_err(refused)?;
        }
        let linked = self.desk.ask(&key, &caller, named, &charter, link).await?;
        let position = linked.position.max(joined.position);
        Ok(MergeResponse { revision: linked.revision.0, into_revision: joined.revision.0, position })
    }

    /// What a case is about, as it was judged last.
    async fn category(&self, key: &HistoryKey) -> Result<Option<Code>, Status> {
        let commits = self.desk.station.broker.load(key).await.map_err(|error| broker_status(&error))?;
        Ok(category_in(&commits))
    }
}

/// Whether a case can become part of another, as far as dispatch is with both.
///
/// # Errors
/// In what is over a report would vanish; and what is answered waits for its own rating.
pub fn may_join(into: CaseId, into_course: Course, later_course: Course) -> Result<(), Refusal> {
    may_end_in(into, into_course)?;
    match later_course {
        Course::Open => Ok(()),
        Course::Answered | Course::Closed => Err(Refusal::Answered),
    }
}

/// The same for the later case alone, looked at once more when its caller has joined. Whoever closes the earlier case after
/// that closes it for everybody who joined; if somebody was faster, the later case goes on by itself.
///
/// # Errors
/// Nobody works on the earlier case any more.
pub fn may_end_in(into: CaseId, course: Course) -> Result<(), Refusal> {
    match course {
        Course::Open | Course::Answered => Ok(()),
        Course::Closed => Err(Refusal::IntoClosed(into)),
    }
}

/// What a case is about, as it was judged last.
pub fn category_in(commits: &[StoredCommit]) -> Option<Code> {
    let facts = commits.iter().flat_map(|stored| stored.commit.facts());
    facts.filter_map(category_of).last()?.parse().ok()
}

/// What a fact says a case is about, if it says so.
fn category_of(fact: &Event) -> Option<&str> {
    if let Some(DispatchFact::Assigned(assigned)) = fact.dispatch() {
        return Some(&assigned.category);
    }
    #[allow(clippy::wildcard_enum_match_arm, reason = "the others judge nothing")]
    let judgement = match fact.triage()? {
        TriageFact::Classified(fact) => fact.judgement.as_ref(),
        TriageFact::Judged(fact) => fact.judgement.as_ref(),
        TriageFact::Regraded(fact) => fact.judgement.as_ref(),
        _ => None,
    };
    judgement.map(|judgement| judgement.category.as_str())
}
