//! What filing has to know of a case: when it was closed and how, and what else the broker keeps for it.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use ids::Code;
use pbjson_types::Timestamp as WireTime;
use proto::common::v1::Outcome;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::event::Of;
use record::StoredCommit;

/// Read from the commits of one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub received_at: Option<WireTime>,
    /// When dispatch closed it; what is closed stays closed (D11).
    pub closed_at: Option<WireTime>,
    pub outcome: Outcome,
    /// Key of the outside reference that points at it.
    pub reference: Option<String>,
    /// Who may have been sent orders about it.
    pub departments: BTreeSet<Code>,
}

impl Facts {
    #[must_use]
    pub fn of(commits: &[StoredCommit]) -> Self {
        let mut facts = Self::default();
        for stored in commits {
            for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
                facts.take(event.of.as_ref(), stored);
            }
        }
        facts
    }

    fn take(&mut self, of: Option<&Of>, stored: &StoredCommit) {
        if let Some(Of::Intake(fact)) = of
            && let Some(IntakeFact::Received(received)) = &fact.event
        {
            self.received_at = received.received_at;
            // As intake writes the key of a reference.
            self.reference = Some(HEXLOWER.encode(&received.external_ref_hash));
        }
        let Some(Of::Dispatch(fact)) = of else { return };
        let ordered = |party: &str| party.parse::<Code>().ok();
        if let Some(DispatchFact::Closed(closed)) = &fact.event {
            self.closed_at = stored.commit.at;
            self.outcome = closed.outcome();
        } else if let Some(DispatchFact::Called(called)) = &fact.event {
            self.departments.extend(called.parties.iter().filter_map(|called| ordered(&called.party)));
        } else if let Some(DispatchFact::Supervised(supervised)) = &fact.event {
            self.departments.extend(ordered(&supervised.party));
        }
    }
}

/// Whether a commit closes its case.
pub(crate) fn closes(stored: &StoredCommit) -> bool {
    let mut events = stored.commit.decisions.iter().flat_map(|decision| &decision.events);
    events.any(
        |event| matches!(&event.of, Some(Of::Dispatch(fact)) if matches!(fact.event, Some(DispatchFact::Closed(_)))),
    )
}
