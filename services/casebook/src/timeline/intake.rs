//! What came in, and what was said of it since, in a sentence each.

use proto::facts::IntakeFacts;
use proto::intake::v1::{
    CallerJoined, ContactDisclosed, ContactKept, ExclusionApproved, ExclusionProposed, HouseholdAnswered,
    LinkedAsDuplicate, PersonErased, PollAttached, PollClosed, PollOpened, Received, Supplemented, WithdrawalAsked,
};
use proto::intake::v1::{PollAnswer, PollOutcome, PollTally};

use super::{Timeline, Told, join, limit, prefixed, told};

impl IntakeFacts for Timeline {
    fn received(&mut self, fact: &Received) -> Told {
        let place = fact.place.clone().unwrap_or_default();
        let at = join(", ", [self.name(&place.party), place.address]);
        told(format!(
            "“{}” by {} through {}{}",
            fact.title,
            self.name(&fact.bridge),
            fact.channel,
            prefixed(", at ", &at)
        ))
    }

    fn supplemented(&mut self, fact: &Supplemented) -> Told {
        told(format!("added: {}", fact.text))
    }

    fn withdrawal_asked(&mut self, fact: &WithdrawalAsked) -> Told {
        told(format!("withdrawn: {}", fact.reason))
    }

    fn exclusion_proposed(&mut self, fact: &ExclusionProposed) -> Told {
        told(format!("{} proposes to exclude it: {}", fact.by, fact.reason))
    }

    fn exclusion_approved(&mut self, fact: &ExclusionApproved) -> Told {
        told(format!("{} agrees", fact.by))
    }

    fn caller_joined(&mut self, fact: &CallerJoined) -> Told {
        told(format!("{} is the same matter{}", fact.case_id, prefixed(": ", &fact.reason)))
    }

    fn linked_as_duplicate(&mut self, fact: &LinkedAsDuplicate) -> Told {
        told(format!("part of {}{}", fact.into, prefixed(": ", &fact.reason)))
    }

    fn poll_opened(&mut self, fact: &PollOpened) -> Told {
        Told {
            limit: limit("poll", fact.closes_at, None, false),
            ..told(format!("{} asks {} households: {}", self.name(&fact.street), fact.households.len(), fact.question))
        }
    }

    fn household_answered(&mut self, fact: &HouseholdAnswered) -> Told {
        let said = fact.answer.clone().unwrap_or_default();
        told(format!("{} says {}", said.household, answer(said.answer())))
    }

    fn poll_closed(&mut self, fact: &PollClosed) -> Told {
        told(format!("{}: {}", outcome(fact.outcome()), tally(fact.tally.as_ref())))
    }

    fn contact_kept(&mut self, _: &ContactKept) -> Told {
        told("it is kept how to reach them".to_owned())
    }

    fn contact_disclosed(&mut self, fact: &ContactDisclosed) -> Told {
        told(format!("somebody read how to reach them{}", prefixed(": ", &fact.reason)))
    }

    fn person_erased(&mut self, fact: &PersonErased) -> Told {
        told(format!("what was kept of them is erased{}", prefixed(": ", &fact.reason)))
    }

    fn poll_attached(&mut self, fact: &PollAttached) -> Told {
        told(format!(
            "households were asked “{}”: {}, {}; {} % had to agree{}",
            fact.question,
            outcome(fact.outcome()),
            tally(fact.tally.as_ref()),
            fact.threshold_percent,
            prefixed("; ", &fact.note)
        ))
    }
}

fn outcome(outcome: PollOutcome) -> &'static str {
    match outcome {
        PollOutcome::Passed => "passed",
        PollOutcome::Failed => "failed",
        PollOutcome::NoQuorum => "too few were heard",
        PollOutcome::Unspecified => "open",
    }
}

fn tally(tally: Option<&PollTally>) -> String {
    let PollTally { households, yes, no, abstained, refused, not_heard } = tally.cloned().unwrap_or_default();
    format!("{yes} of {households} agree, {no} do not, {abstained} abstain, {refused} refuse, {not_heard} not heard")
}

fn answer(answer: PollAnswer) -> &'static str {
    match answer {
        PollAnswer::Yes => "yes",
        PollAnswer::No => "no",
        PollAnswer::Abstain => "neither",
        PollAnswer::Refused => "that it does not want to be asked",
        PollAnswer::NotHome | PollAnswer::Unspecified => "nothing: nobody was there",
    }
}
