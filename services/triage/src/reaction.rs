//! What a followed commit asks of triage: cases that were received are graded, those that ended with intake are dismissed.
//! Dispatch ends a case that nobody has judged only for one of those facts, so it is not followed.

use charter::Charter;
use jiff::Timestamp;
use proto::facts::{Facts, IntakeFacts};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{ExclusionApproved, LinkedAsDuplicate, Received, WithdrawalAsked};
use record::{StoredCommit, WireError};
use station::wire;

use crate::domain::{Command, DismissReason, Subject};
use crate::grading;
use crate::wire::source;

/// Whether a commit asks for something.
#[must_use]
pub fn asks(stored: &StoredCommit) -> bool {
    stored.commit.intake_facts().any(|fact| {
        matches!(fact, IntakeFact::Received(_) | IntakeFact::WithdrawalAsked(_))
            || matches!(fact, IntakeFact::ExclusionApproved(_) | IntakeFact::LinkedAsDuplicate(_))
    })
}

/// What a commit asks for, in this order.
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn commands(charter: &Charter, now: Timestamp, stored: &StoredCommit) -> Result<Vec<Command>, WireError> {
    let mut asked = Vec::new();
    for fact in stored.commit.intake_facts() {
        asked.extend(fact.told_to(&mut Translating { charter, now })?);
    }
    Ok(asked)
}

struct Translating<'c> {
    charter: &'c Charter,
    now: Timestamp,
}

impl Facts for Translating<'_> {
    type Found = Result<Option<Command>, WireError>;

    fn nothing() -> Self::Found {
        Ok(None)
    }
}

impl IntakeFacts for Translating<'_> {
    fn received(&mut self, received: &Received) -> Self::Found {
        let subject = Subject {
            title: received.title.clone(),
            place: wire::place(received.place.as_ref())?,
            source: source::received(received)?,
            campaign: wire::optional_code("campaign", &received.campaign)?,
        };
        let verdict = grading::verdict(self.charter, &received.category_hint, &received.text, &subject, self.now);
        Ok(Some(Command::Grade { verdict, subject }))
    }

    fn withdrawal_asked(&mut self, _: &WithdrawalAsked) -> Self::Found {
        Ok(Some(Command::Dismiss { reason: DismissReason::Withdrawn }))
    }

    fn exclusion_approved(&mut self, _: &ExclusionApproved) -> Self::Found {
        Ok(Some(Command::Dismiss { reason: DismissReason::Excluded }))
    }

    fn linked_as_duplicate(&mut self, _: &LinkedAsDuplicate) -> Self::Found {
        Ok(Some(Command::Dismiss { reason: DismissReason::Merged }))
    }
}
