//! What a street's enforcement centre did, in a sentence each.

use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;

use super::{Timeline, Told, limit, officer, prefixed, told};

impl Timeline<'_> {
    pub(super) fn tell_center(&self, fact: &CenterFact) -> Told {
        match fact {
            CenterFact::OperationOpened(fact) => told(
                "OperationOpened",
                fact,
                format!("joint enforcement by {} with {}", self.name(&fact.centre), self.names(&fact.residents)),
            ),
            CenterFact::SeatCalled(fact) => Told {
                limit: fact.due.and_then(|due| limit("seat", Some(due), None, false)),
                ..told(
                    "SeatCalled",
                    fact,
                    format!(
                        "{} is asked to take its seat{}",
                        self.name(&fact.party),
                        fact.officer.as_ref().map(|called| format!(": {}", officer(Some(called)))).unwrap_or_default()
                    ),
                )
            },
            CenterFact::SeatLapsed(fact) => {
                told("SeatLapsed", fact, format!("the seat of {} was not taken in time", self.name(&fact.party)))
            }
            CenterFact::SeatEscalated(fact) => told(
                "SeatEscalated",
                fact,
                format!("nobody is left to call for {}; {} is told", self.name(&fact.party), self.name(&fact.told)),
            ),
            CenterFact::MeetingHeld(fact) => told(
                "MeetingHeld",
                fact,
                format!(
                    "{} meet{}; {} decisions",
                    self.names(&fact.present),
                    prefixed("; absent: ", &self.names(&fact.absent)),
                    fact.decisions.len()
                ),
            ),
            CenterFact::StopOrdered(fact) => told(
                "StopOrdered",
                fact,
                format!("{} orders a stop at {}: {}", self.name(&fact.party), fact.address, fact.subject),
            ),
            CenterFact::NextStepTaken(fact) => told(
                "NextStepTaken",
                fact,
                format!("after notice {}: {}, to {}", fact.notice, fact.text, self.name(&fact.to)),
            ),
            CenterFact::SeatTaken(fact) => told(
                "SeatTaken",
                fact,
                format!("{} of {} takes the seat", officer(fact.officer.as_ref()), self.name(&fact.party)),
            ),
            CenterFact::PathDecided(fact) => told(
                "PathDecided",
                fact,
                format!("{} agree: {} → {}", self.names(&fact.parties), fact.assessment, fact.path.join(" → ")),
            ),
            CenterFact::OnSite(fact) => told(
                "OnSite",
                fact,
                format!("{} are there{}", self.names(&fact.parties), prefixed("; stopped at once: ", &fact.stop_order)),
            ),
            CenterFact::NoticeServed(fact) => Told {
                limit: limit("notice", fact.due, None, false),
                ..told(
                    "NoticeServed",
                    fact,
                    format!(
                        "notice {} by {} at {}: {}",
                        fact.notice,
                        self.name(&fact.party),
                        fact.address,
                        fact.subject
                    ),
                )
            },
            CenterFact::ReinspectionDue(fact) => Told {
                limit: limit("notice", fact.due, None, false),
                ..told("ReinspectionDue", fact, format!("notice {} has run out: somebody has to look", fact.notice))
            },
            CenterFact::Reinspected(fact) => told(
                "Reinspected",
                fact,
                format!(
                    "notice {}: {}{}",
                    fact.notice,
                    if fact.passed { "passed" } else { "not passed" },
                    prefixed(", ", &fact.finding)
                ),
            ),
            CenterFact::NoticeComplied(fact) => {
                told("NoticeComplied", fact, format!("notice {} has been complied with", fact.notice))
            }
            CenterFact::NoticeBreached(fact) => Told {
                limit: limit("notice", fact.due, None, false),
                ..told("NoticeBreached", fact, format!("notice {} was breached; next: {}", fact.notice, fact.next_step))
            },
            CenterFact::RelatedCaseSpawned(fact) => {
                told("RelatedCaseSpawned", fact, format!("found on site: “{}”", fact.title))
            }
            CenterFact::OperationConcluded(fact) => told("OperationConcluded", fact, fact.summary.clone()),
            CenterFact::OperationCancelled(fact) => {
                told("OperationCancelled", fact, "the case ended before the joint work did".to_owned())
            }
            CenterFact::OfficerSeated(fact) => {
                told("OfficerSeated", fact, format!("{} of {}", officer(fact.officer.as_ref()), self.name(&fact.party)))
            }
            CenterFact::OfficerAway(fact) => {
                told("OfficerAway", fact, format!("{} of {}", fact.staff_ref, self.name(&fact.party)))
            }
            CenterFact::OfficerRegistered(fact) => told("OfficerRegistered", fact, officer(fact.officer.as_ref())),
            CenterFact::OfficerSeconded(fact) => told(
                "OfficerSeconded",
                fact,
                format!("from {} to {}: {}", self.name(&fact.from), self.name(&fact.to), fact.reason),
            ),
            CenterFact::SecondmentEnded(fact) => {
                told("SecondmentEnded", fact, format!("last day {}{}", fact.last_day, prefixed(": ", &fact.reason)))
            }
            CenterFact::DocumentNumbered(fact) => told(
                "DocumentNumbered",
                fact,
                format!("{} of {} is number {}", fact.document, fact.case_id, fact.number),
            ),
            CenterFact::OfficerUnseated(fact) => {
                told("OfficerUnseated", fact, format!("{} of {}", fact.staff_ref, self.name(&fact.party)))
            }
        }
    }
}
