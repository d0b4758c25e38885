//! What households were asked, in words.

use proto::intake::v1::intake_event::Event as Fact;
use proto::intake::v1::{PollAnswer, PollOutcome, PollTally};

use super::{Timeline, Told, limit, prefixed, told};

impl Timeline<'_> {
    /// Only for the facts named in `timeline.rs`; the rest of them is told there.
    #[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every fact and sends only these here")]
    pub(super) fn tell_poll(&self, fact: &Fact) -> Told {
        match fact {
            Fact::PollOpened(fact) => Told {
                limit: limit("poll", fact.closes_at, None, false),
                ..told(
                    "PollOpened",
                    fact,
                    format!("{} asks {} households: {}", self.name(&fact.street), fact.households.len(), fact.question),
                )
            },
            Fact::HouseholdAnswered(fact) => {
                let said = fact.answer.clone().unwrap_or_default();
                told("HouseholdAnswered", fact, format!("{} says {}", said.household, answer(said.answer())))
            }
            Fact::PollClosed(fact) => {
                told("PollClosed", fact, format!("{}: {}", outcome(fact.outcome()), tally(fact.tally.as_ref())))
            }
            Fact::PollAttached(fact) => told(
                "PollAttached",
                fact,
                format!(
                    "households were asked “{}”: {}, {}; {} % had to agree{}",
                    fact.question,
                    outcome(fact.outcome()),
                    tally(fact.tally.as_ref()),
                    fact.threshold_percent,
                    prefixed("; ", &fact.note)
                ),
            ),
            other => self.tell_intake(other),
        }
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
