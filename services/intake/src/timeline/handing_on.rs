//! Raised colours, admissions, the city and what is found on the way, in words.

use proto::common::v1::Colour;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;

use super::{Timeline, Told, limit, prefixed, told};

impl Timeline<'_> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every fact and sends only these here")]
    pub(super) fn tell_handing_on(&mut self, fact: &DispatchFact) -> Told {
        match fact {
            DispatchFact::ColourRaised(fact) => {
                if let Some(call) = self.calls.get_mut(&fact.call) {
                    call.colour = fact.to;
                    // Of each limit the earlier one holds.
                    for (held, raised) in [
                        (&mut call.response_due, fact.response_due),
                        (&mut call.report_in_due, fact.report_in_due),
                        (&mut call.completion_due, fact.completion_due),
                    ] {
                        if raised.is_some_and(|raised| held.is_none_or(|held| raised.seconds < held.seconds)) {
                            *held = raised;
                        }
                    }
                }
                let words =
                    format!("call {} is {} now, no longer {}", fact.call, colour(fact.to()), colour(fact.from()));
                let due = self.call(fact.call).completion_due;
                Told { limit: limit("completion", due, None, false), ..told("ColourRaised", fact, words) }
            }
            DispatchFact::Admitted(fact) => told(
                "Admitted",
                fact,
                format!("communities may work on {} here: {}", self.category(&fact.category), fact.reason),
            ),
            DispatchFact::AdmissionRefused(fact) => told(
                "AdmissionRefused",
                fact,
                format!(
                    "{} is not given work on {}, which its list does not hold{}",
                    self.name(&fact.party),
                    self.category(&fact.category),
                    prefixed("; asked by ", &self.name(&fact.asked_by))
                ),
            ),
            DispatchFact::Transferred(fact) => Told {
                limit: limit("city", fact.answer_due, None, false),
                ..told(
                    "Transferred",
                    fact,
                    format!(
                        "from {} to {}, as {} there: {}",
                        self.name(&fact.from_party),
                        self.name(&fact.to_party),
                        fact.reference,
                        fact.reason
                    ),
                )
            },
            DispatchFact::CityReminded(fact) => Told {
                limit: limit("city", fact.due, None, false),
                ..told(
                    "CityReminded",
                    fact,
                    format!("{} asks {} what becomes of it", self.name(&fact.told), self.name(&fact.city)),
                )
            },
            DispatchFact::CityReturned(fact) => told(
                "CityReturned",
                fact,
                format!(
                    "{} says that it is not its own: {}; {} has it again",
                    self.name(&fact.from_party),
                    fact.reason,
                    self.name(&fact.to_party)
                ),
            ),
            DispatchFact::Concluded(fact) => {
                told("Concluded", fact, format!("{} is through: {}; tasks are left", self.name(&fact.by), fact.summary))
            }
            DispatchFact::RelatedCaseSpawned(fact) => told(
                "RelatedCaseSpawned",
                fact,
                format!("{} finds another matter: “{}”", self.name(&fact.by), fact.title),
            ),
            other => self.tell_dispatch(other),
        }
    }
}

fn colour(colour: Colour) -> String {
    colour.as_str_name().trim_start_matches("COLOUR_").to_lowercase()
}
