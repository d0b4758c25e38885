//! Returns, supervision, time given and meetings in words.

use proto::dispatch::v1::ReturnBasis;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;

use super::{Timeline, Told, limit, prefixed, told};

impl Timeline<'_> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every fact and sends only these here")]
    pub(super) fn tell_supervision(&mut self, fact: &DispatchFact) -> Told {
        match fact {
            DispatchFact::Returned(fact) => {
                let basis = match fact.basis() {
                    ReturnBasis::Legal => "by law",
                    ReturnBasis::Duty => "by the list of duties",
                    ReturnBasis::Unspecified => "for reasons not named",
                };
                let words = format!(
                    "{} sends the call back: {basis} it belongs to {} ({}); return {} of this case",
                    self.name(&fact.party),
                    self.name(&fact.proposes),
                    fact.reason,
                    fact.bounce
                );
                Told { limit: limit("adjudication", fact.due, None, false), ..told("Returned", fact, words) }
            }
            DispatchFact::ReturnAdjudicated(fact) => {
                let what = if fact.upheld { "is free" } else { "keeps the call" };
                let last = if fact.r#final { ", for good" } else { "" };
                let words = format!("{} {what}{last}: {}", self.name(&fact.party), fact.reason);
                told("ReturnAdjudicated", fact, words)
            }
            DispatchFact::Unqualified(fact) => Told {
                limit: limit("response", fact.response_due, None, false),
                ..told(
                    "Unqualified",
                    fact,
                    format!("whoever came from {} cannot decide: {}", self.name(&fact.party), fact.reason),
                )
            },
            DispatchFact::Reminded(fact) => Told {
                limit: limit("completion", fact.due, None, false),
                ..told("Reminded", fact, format!("{} is reminded, time {}", self.name(&fact.party), fact.reminder))
            },
            DispatchFact::Supervised(fact) => Told {
                limit: limit("supervision", fact.due, None, false),
                ..told("Supervised", fact, format!("{} is to account for this: {}", self.name(&fact.party), fact.text))
            },
            DispatchFact::SupervisionAnswered(fact) => Told {
                limit: limit("supervision", None, Some(fact.in_time), false),
                ..told("SupervisionAnswered", fact, format!("{}: {}", self.name(&fact.party), fact.note))
            },
            DispatchFact::Extended(fact) => {
                if let (true, Some(due)) = (fact.task != 0, fact.due) {
                    self.tasks.insert(fact.task, due);
                }
                if let Some(call) = self.calls.get_mut(&fact.call) {
                    call.completion_due = fact.due;
                }
                let words = format!("more time{}: {}", prefixed(", after ", &fact.basis), fact.reason);
                Told { limit: limit("completion", fact.due, None, false), ..told("Extended", fact, words) }
            }
            DispatchFact::Suspended(fact) => Told {
                limit: limit("suspension", fact.until, None, false),
                ..told("Suspended", fact, format!("the work rests, after {}: {}", fact.basis, fact.reason))
            },
            DispatchFact::Resumed(fact) => {
                // It rested from one moment to another, milliseconds after the minutes people mean.
                let minutes = (fact.held_ms + 30_000) / 60_000;
                let (hours, minutes) = (minutes / 60, minutes % 60);
                let rest = if minutes == 0 { String::new() } else { format!(" {minutes} min") };
                told("Resumed", fact, format!("the work goes on; its clocks stood for {hours} h{rest}"))
            }
            DispatchFact::MeetingHeld(fact) => Told {
                limit: limit("next meeting", fact.next, None, false),
                ..told(
                    "MeetingHeld",
                    fact,
                    format!(
                        "a meeting with {}{}: {}",
                        self.names(&fact.present),
                        prefixed("; nobody from ", &self.names(&fact.absent)),
                        fact.minutes
                    ),
                )
            },
            DispatchFact::TaskForceFormed(fact) => Told {
                limit: limit("next meeting", fact.meets_by, None, false),
                ..told(
                    "TaskForceFormed",
                    fact,
                    format!(
                        "{} leads a task force of {}, which meets every {} days",
                        self.name(&fact.lead),
                        self.names(&fact.members),
                        fact.cadence_days
                    ),
                )
            },
            other => self.tell_dispatch(other),
        }
    }
}
