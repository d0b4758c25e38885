//! Reads what an appraisal is counted from: who had which case, how it was answered, and who brought it in.

use std::sync::Arc;

use charter::Charter;
use ids::{Kind, Owner};
use proto::FromWireTime;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Clock, CloseReason};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::{Actor, Decision, event::Of};
use proto::subjects::{CommitSubject, FiledSubject};
use record::{Step, StoredCommit};
use tokio_util::sync::CancellationToken;

use crate::domain::period::appraisal::{Appraising, Fact};
use crate::domain::period::{Counted, Whose};
use crate::reading::{ReadError, Reading};

impl Reading<'_> {
    /// Whatever a table is made of. `each` is shown what an appraisal does not compute again: scores of cases.
    ///
    /// # Errors
    /// As [`Reading::count`].
    pub async fn of(
        &self,
        whose: Whose,
        charter: &Arc<Charter>,
        stop: CancellationToken,
        each: impl FnMut(&StoredCommit),
    ) -> Result<Counted, ReadError> {
        match Appraising::new(charter, whose, self.window.clone()) {
            None => self.count(charter, stop, each).await,
            Some(appraising) => self.appraise(appraising, stop).await,
        }
    }

    async fn appraise(&self, mut appraising: Appraising<'_>, stop: CancellationToken) -> Result<Counted, ReadError> {
        let of = |owner| CommitSubject::all_of_in(Kind::Case, self.district, owner);
        let cases = [Owner::Intake, Owner::Dispatch, Owner::Evaluation].map(of);
        let filters = cases.into_iter().chain([FiledSubject::all_in(self.district)]).collect();
        let mut replay = self.broker.replay(filters, 1, stop);
        loop {
            match replay.next().await? {
                None => return Err(ReadError::Stopped),
                Some(Step::LevelWithRecord) => return Ok(appraising.counted()),
                Some(Step::Commit(stored)) => self.appraise_by(&mut appraising, &stored)?,
                // Nothing of a case that came in after the period counts in it.
                Some(Step::Filed(filed)) if filed.filed.received_at.time().is_ok_and(|at| at >= self.window.end) => {}
                Some(Step::Filed(filed)) => {
                    let mut commits = self.shelf.case(&filed).await?.commits;
                    // An answer comes before what is said of it, whoever wrote either.
                    commits.sort_by_key(|stored| stored.sequence);
                    commits.iter().try_for_each(|stored| self.appraise_by(&mut appraising, stored))?;
                }
            }
        }
    }

    fn appraise_by(&self, appraising: &mut Appraising<'_>, stored: &StoredCommit) -> Result<(), ReadError> {
        if stored.sequence > self.until {
            return Ok(());
        }
        if stored.commit.facts().any(|fact| fact.name().is_empty()) {
            return Err(ReadError::Newer(stored.subject.clone()));
        }
        let Ok(at) = stored.commit.at.time() else { return Ok(()) };
        for decision in &stored.commit.decisions {
            let Actor { party, staff_ref, .. } = decision.actor.clone().unwrap_or_default();
            appraising.acted(at, &party, &staff_ref);
            for fact in facts(decision, &party) {
                appraising.take(&stored.subject.key.id, at, fact);
            }
        }
        Ok(())
    }
}

/// What of a decision counts; `by` made it.
fn facts<'d>(decision: &'d Decision, by: &'d str) -> impl Iterator<Item = Fact> + 'd {
    decision.events.iter().filter_map(move |event| match &event.of {
        Some(Of::Intake(fact)) => of_intake(fact.event.as_ref()?, by),
        Some(Of::Dispatch(fact)) => of_dispatch(fact.event.as_ref()?),
        Some(Of::Evaluation(fact)) => of_evaluation(fact.event.as_ref()?),
        Some(Of::Triage(_) | Of::EnforcementCenter(_) | Of::Notification(_) | Of::Powers(_)) | None => None,
    })
}

fn of_intake(fact: &IntakeFact, by: &str) -> Option<Fact> {
    let IntakeFact::Received(_) = fact else { return None };
    Some(Fact::Reported { by: by.parse().ok()? })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "an appraisal is made of few kinds of facts")]
fn of_dispatch(fact: &DispatchFact) -> Option<Fact> {
    match fact {
        DispatchFact::Assigned(fact) => Some(Fact::Held { by: fact.party.parse().ok()? }),
        DispatchFact::Escalated(fact) => Some(Fact::Held { by: fact.to_party.parse().ok()? }),
        DispatchFact::Overdue(late) if late.clock() == Clock::Case => Some(Fact::Late),
        DispatchFact::Resolved(fact) => Some(Fact::Answered { by: fact.owner.parse().ok()? }),
        DispatchFact::Reopened(_) => Some(Fact::Reopened),
        DispatchFact::Closed(closed) if closed.reason() == CloseReason::Excluded => Some(Fact::Excluded),
        _ => None,
    }
}

fn of_evaluation(fact: &EvaluationFact) -> Option<Fact> {
    let EvaluationFact::Rated(rated) = fact else { return None };
    Some(Fact::Rated { rate: rated.rate.parse().ok()? })
}
