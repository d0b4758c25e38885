//! A case as a story: every fact with who, when, how long after the start, and against which limit.

mod center;
mod handing_on;
mod polls;
pub mod stage;
mod supervision;

use std::collections::HashMap;

use charter::Charter;
use pbjson_types::Timestamp as WireTime;
use proto::common::v1::{Level, Role};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Called, Clock, ProgressKind};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{Limit, TimelineEntry};
use proto::notification::v1::notification_event::Event as NotificationFact;
use proto::record::v1::{Event, event::Of};
use proto::triage::v1::Judgement;
use proto::triage::v1::triage_event::Event as TriageFact;
use record::StoredCommit;

use crate::reading::{level_name, outcome_name};

/// Writes entries for the commits of one case, given in the order of the record.
pub struct Timeline<'c> {
    /// For names; without it codes are shown.
    charter: Option<&'c Charter>,
    started: Option<i64>,
    calls: HashMap<u32, Called>,
    tasks: HashMap<u32, WireTime>,
}

/// An event in words.
struct Told {
    event: &'static str,
    summary: String,
    limit: Option<Limit>,
    detail: serde_json::Result<String>,
}

impl<'c> Timeline<'c> {
    #[must_use]
    pub fn new(charter: Option<&'c Charter>) -> Self {
        Self { charter, started: None, calls: HashMap::new(), tasks: HashMap::new() }
    }

    pub fn entries(&mut self, stored: &StoredCommit) -> Vec<TimelineEntry> {
        let at = stored.commit.at.unwrap_or_default();
        let started = *self.started.get_or_insert(at.seconds);
        let mut entries = Vec::new();
        for decision in &stored.commit.decisions {
            let actor = decision.actor.clone().unwrap_or_default();
            for event in &decision.events {
                let Some(told) = self.tell(event) else { continue };
                entries.push(TimelineEntry {
                    at: Some(at),
                    owner: stored.subject.owner.to_string(),
                    revision: stored.subject.revision.0,
                    event: told.event.to_owned(),
                    role: Role::try_from(actor.role).unwrap_or_default().into(),
                    party: actor.party.clone(),
                    summary: told.summary,
                    elapsed_s: at.seconds - started,
                    limit: told.limit,
                    detail_json: told.detail.unwrap_or_default(),
                    stage: event.stage().into(),
                });
            }
        }
        entries
    }

    fn tell(&mut self, event: &Event) -> Option<Told> {
        match event.of.as_ref()? {
            Of::Intake(fact) => fact.event.as_ref().map(|fact| self.tell_intake(fact)),
            Of::Triage(fact) => fact.event.as_ref().map(|fact| self.tell_triage(fact)),
            Of::Dispatch(fact) => fact.event.as_ref().map(|fact| self.tell_dispatch(fact)),
            Of::EnforcementCenter(fact) => fact.event.as_ref().map(|fact| self.tell_center(fact)),
            Of::Evaluation(fact) => fact.event.as_ref().map(|fact| self.tell_evaluation(fact)),
            Of::Notification(fact) => fact.event.as_ref().map(|fact| self.tell_notification(fact)),
        }
    }

    fn tell_intake(&self, fact: &IntakeFact) -> Told {
        match fact {
            IntakeFact::Received(fact) => {
                let place = fact.place.clone().unwrap_or_default();
                let at = join(", ", [self.name(&place.party), place.address]);
                told(
                    "Received",
                    fact,
                    format!(
                        "“{}” by {} through {}{}",
                        fact.title,
                        self.name(&fact.bridge),
                        fact.channel,
                        prefixed(", at ", &at)
                    ),
                )
            }
            IntakeFact::Supplemented(fact) => told("Supplemented", fact, format!("added: {}", fact.text)),
            IntakeFact::WithdrawalAsked(fact) => told("WithdrawalAsked", fact, format!("withdrawn: {}", fact.reason)),
            IntakeFact::ExclusionProposed(fact) => {
                told("ExclusionProposed", fact, format!("{} proposes to exclude it: {}", fact.by, fact.reason))
            }
            IntakeFact::ExclusionApproved(fact) => told("ExclusionApproved", fact, format!("{} agrees", fact.by)),
            IntakeFact::CallerJoined(fact) => told(
                "CallerJoined",
                fact,
                format!("{} is the same matter{}", fact.case_id, prefixed(": ", &fact.reason)),
            ),
            IntakeFact::LinkedAsDuplicate(fact) => {
                told("LinkedAsDuplicate", fact, format!("part of {}{}", fact.into, prefixed(": ", &fact.reason)))
            }
            IntakeFact::PollOpened(_)
            | IntakeFact::HouseholdAnswered(_)
            | IntakeFact::PollClosed(_)
            | IntakeFact::PollAttached(_) => self.tell_poll(fact),
        }
    }

    fn tell_triage(&self, fact: &TriageFact) -> Told {
        match fact {
            TriageFact::Classified(fact) => told(
                "Classified",
                fact,
                format!("{} (confidence {:.2})", self.judgement(fact.judgement.as_ref()), fact.confidence),
            ),
            TriageFact::QueuedForJudgement(fact) => Told {
                limit: limit("judgement", fact.due, None, false),
                ..told("QueuedForJudgement", fact, format!("a person has to judge: {}", fact.reason))
            },
            TriageFact::Claimed(fact) => told("Claimed", fact, format!("{} takes it from the queue", fact.by)),
            TriageFact::Judged(fact) => told(
                "Judged",
                fact,
                format!("{}{}", self.judgement(fact.judgement.as_ref()), prefixed(": ", &fact.reason)),
            ),
            TriageFact::Regraded(fact) => told(
                "Regraded",
                fact,
                format!(
                    "from {} to {}: {}",
                    level_name(fact.from()),
                    self.judgement(fact.judgement.as_ref()),
                    fact.reason
                ),
            ),
            TriageFact::JudgementOverdue(fact) => Told {
                limit: limit("judgement", fact.due, Some(false), false),
                ..told("JudgementOverdue", fact, "nobody has judged it in time".to_owned())
            },
            TriageFact::Dismissed(fact) => told(
                "Dismissed",
                fact,
                format!(
                    "nobody has to judge it any more: {}",
                    fact.reason().as_str_name().trim_start_matches("DISMISS_REASON_").to_lowercase()
                ),
            ),
        }
    }

    fn judgement(&self, judgement: Option<&Judgement>) -> String {
        let Some(judgement) = judgement else { return String::new() };
        let categories: Vec<String> =
            std::iter::once(&judgement.category).chain(&judgement.also).map(|code| self.category(code)).collect();
        let comprehensive = if judgement.comprehensive { ", several powers" } else { "" };
        let proven = judgement.proven_level();
        let by = if proven == judgement.level() || proven == Level::Unspecified {
            prefixed(" by ", &judgement.rule)
        } else {
            format!(", where the table says {} by {}", level_name(proven), judgement.rule)
        };
        format!(
            "{}: level {}{comprehensive}, for {}{by}",
            categories.join(" + "),
            level_name(judgement.level()),
            self.name(&judgement.party),
        )
    }

    fn tell_dispatch(&mut self, fact: &DispatchFact) -> Told {
        match fact {
            DispatchFact::Assigned(fact) => Told {
                limit: limit("completion", fact.due, None, fact.due_provisional),
                ..told(
                    "Assigned",
                    fact,
                    format!(
                        "{} has it, level {}{}",
                        self.name(&fact.party),
                        level_name(fact.level()),
                        prefixed(": ", &fact.reason)
                    ),
                )
            },
            DispatchFact::Escalated(fact) => told(
                "Escalated",
                fact,
                format!("from {} up to {}: {}", self.name(&fact.from_party), self.name(&fact.to_party), fact.reason),
            ),
            DispatchFact::Called(fact) => {
                self.calls.insert(fact.call, fact.clone());
                let parties: Vec<String> = fact.parties.iter().map(|called| self.name(&called.party)).collect();
                Told {
                    limit: limit("response", fact.response_due, None, fact.due_provisional),
                    ..told(
                        "Called",
                        fact,
                        format!(
                            "{} {} ({}): {}{}",
                            self.name(&fact.caller),
                            if fact.special.is_some() { "calls under its chair" } else { "blows the whistle" },
                            fact.colour().as_str_name().trim_start_matches("COLOUR_").to_lowercase(),
                            parties.join(", "),
                            prefixed(": ", &fact.note)
                        ),
                    )
                }
            }
            DispatchFact::Responded(fact) => Told {
                limit: limit("response", self.call(fact.call).response_due, Some(fact.in_time), false),
                ..told(
                    "Responded",
                    fact,
                    format!("{} sends {}", self.name(&fact.party), officer(fact.officer.as_ref())),
                )
            },
            DispatchFact::ReportedIn(fact) => Told {
                limit: limit("report-in", self.call(fact.call).report_in_due, Some(fact.in_time), false),
                ..told(
                    "ReportedIn",
                    fact,
                    format!("{} of {} is there", officer(fact.officer.as_ref()), self.name(&fact.party)),
                )
            },
            DispatchFact::TaskPlanned(fact) => {
                if let Some(due) = fact.due {
                    self.tasks.insert(fact.task, due);
                }
                let after: Vec<String> = fact.after.iter().map(|task| format!("task {task}")).collect();
                Told {
                    limit: limit("task", fact.due, None, false),
                    ..told(
                        "TaskPlanned",
                        fact,
                        format!(
                            "task {} for {}: {}{}{}",
                            fact.task,
                            self.name(&fact.party),
                            fact.title,
                            prefixed(", after ", &after.join(", ")),
                            if fact.root_cause { "; the cause is to be found" } else { "" }
                        ) + if fact.joint_meeting == 0 { "" } else { "; decided at the joint meeting" },
                    )
                }
            }
            DispatchFact::TaskDone(fact) => Told {
                limit: limit("task", self.tasks.get(&fact.task).copied(), Some(fact.in_time), false),
                ..told(
                    "TaskDone",
                    fact,
                    format!("task {} done by {}{}", fact.task, self.name(&fact.party), prefixed(": ", &fact.note)),
                )
            },
            DispatchFact::Progressed(fact) => {
                let what = match fact.kind() {
                    ProgressKind::Reply => "answers the caller",
                    ProgressKind::ContactFailed => "tried to make contact, without result",
                    ProgressKind::Finding => "finds",
                    ProgressKind::Action => "acts",
                    ProgressKind::Note | ProgressKind::Unspecified => "notes",
                };
                told("Progressed", fact, format!("{} {what}: {}", self.name(&fact.party), fact.note))
            }
            DispatchFact::MeasureAdopted(fact) => told(
                "MeasureAdopted",
                fact,
                format!("{}{}", fact.measure, prefixed("; except ", &fact.exceptions.join(", "))),
            ),
            DispatchFact::PartyDone(fact) => Told {
                limit: limit("completion", self.call(fact.call).completion_due, Some(fact.in_time), false),
                ..told(
                    "PartyDone",
                    fact,
                    format!(
                        "{} is done, {}{}",
                        self.name(&fact.party),
                        outcome_name(fact.outcome()),
                        prefixed(": ", &fact.note)
                    ),
                )
            },
            DispatchFact::Released(fact) => {
                told("Released", fact, format!("{} may leave: {}", self.name(&fact.party), fact.reason))
            }
            DispatchFact::CallEnded(fact) => told(
                "CallEnded",
                fact,
                format!(
                    "call {} is over: {}",
                    fact.call,
                    fact.ending().as_str_name().trim_start_matches("CALL_ENDING_").to_lowercase()
                ),
            ),
            DispatchFact::Overdue(fact) => {
                let clock = match fact.clock() {
                    Clock::Response => "response",
                    Clock::ReportIn => "report-in",
                    Clock::Completion => "completion",
                    Clock::Task => "task",
                    Clock::Adjudication => "adjudication",
                    Clock::Supervision => "supervision",
                    Clock::Meeting => "meeting",
                    Clock::City => "city",
                    Clock::Case | Clock::Unspecified => "case",
                };
                Told {
                    limit: limit(clock, fact.due, Some(false), false),
                    ..told(
                        "Overdue",
                        fact,
                        format!(
                            "{} is late with its {clock}{}",
                            self.name(&fact.party),
                            prefixed("; told: ", &self.name(&fact.told))
                        ),
                    )
                }
            }
            DispatchFact::Returned(_)
            | DispatchFact::ReturnAdjudicated(_)
            | DispatchFact::Unqualified(_)
            | DispatchFact::Reminded(_)
            | DispatchFact::Supervised(_)
            | DispatchFact::SupervisionAnswered(_)
            | DispatchFact::Extended(_)
            | DispatchFact::Suspended(_)
            | DispatchFact::Resumed(_)
            | DispatchFact::MeetingHeld(_)
            | DispatchFact::TaskForceFormed(_) => self.tell_supervision(fact),
            DispatchFact::RecurrenceFound(fact) => told(
                "RecurrenceFound",
                fact,
                format!(
                    "{} times within {} days: it is solved only with its cause found (before: {})",
                    fact.times,
                    fact.within_days,
                    fact.earlier_cases.join(", ")
                ),
            ),
            DispatchFact::ColourRaised(_)
            | DispatchFact::Admitted(_)
            | DispatchFact::AdmissionRefused(_)
            | DispatchFact::Transferred(_)
            | DispatchFact::CityReminded(_)
            | DispatchFact::CityReturned(_)
            | DispatchFact::Concluded(_)
            | DispatchFact::RelatedCaseSpawned(_) => self.tell_handing_on(fact),
            DispatchFact::Resolved(fact) => Told {
                limit: limit("rating", fact.rating_due, None, false),
                ..told("Resolved", fact, format!("{}{}", outcome_name(fact.outcome()), prefixed(": ", &fact.summary)))
            },
            DispatchFact::Reopened(fact) => told("Reopened", fact, format!("not over yet: {}", fact.reason)),
            DispatchFact::Closed(fact) => told(
                "Closed",
                fact,
                join(", ", [outcome_name(fact.outcome()), word(fact.reason().as_str_name(), "CLOSE_REASON_")]),
            ),
        }
    }

    fn tell_evaluation(&self, fact: &EvaluationFact) -> Told {
        match fact {
            EvaluationFact::RatingRequested(fact) => Told {
                limit: limit("rating", fact.due, None, false),
                ..told("RatingRequested", fact, "the caller is asked to rate".to_owned())
            },
            EvaluationFact::Rated(fact) => {
                told("Rated", fact, format!("the caller says: {}{}", fact.rating, prefixed(", ", &fact.comment)))
            }
            EvaluationFact::PartyRated(fact) => told(
                "PartyRated",
                fact,
                format!(
                    "{} rates {} {}{}",
                    self.name(&fact.by),
                    self.name(&fact.party),
                    fact.rate,
                    prefixed(": ", &fact.deduction_reason)
                ),
            ),
            EvaluationFact::CallbackLogged(fact) => told(
                "CallbackLogged",
                fact,
                format!(
                    "called back: {}{}",
                    word(fact.outcome().as_str_name(), "CALLBACK_OUTCOME_"),
                    prefixed(", ", &fact.note)
                ),
            ),
            EvaluationFact::RatingLapsed(fact) => told("RatingLapsed", fact, "the time to rate is over".to_owned()),
            EvaluationFact::Scored(fact) => told(
                "Scored",
                fact,
                format!("{} scores {} of 100 ({})", self.name(&fact.party), fact.total, fact.formula),
            ),
        }
    }

    fn tell_notification(&self, fact: &NotificationFact) -> Told {
        match fact {
            NotificationFact::Sent(fact) => {
                told("Sent", fact, format!("{} told “{}” by {}", self.name(&fact.recipient), fact.text, fact.transport))
            }
            NotificationFact::Undeliverable(fact) => told(
                "Undeliverable",
                fact,
                format!("{} could not be told “{}”: {}", self.name(&fact.recipient), fact.text, fact.error),
            ),
        }
    }

    fn call(&self, call: u32) -> Called {
        self.calls.get(&call).cloned().unwrap_or_default()
    }

    /// Of a unit, or of a post in it: `unit/role`.
    fn name(&self, code: &str) -> String {
        if let Some((unit, role)) = code.split_once('/') {
            let known =
                self.charter.and_then(|charter| charter.roles().iter().find(|known| known.code.as_str() == role));
            let role = known.map_or(role, |known| known.name.zh.as_str());
            return format!("{} {role}", self.name(unit));
        }
        let known = self.charter.and_then(|charter| charter.party(code));
        known.map_or_else(|| code.to_owned(), |party| party.name.zh.clone())
    }

    fn names(&self, codes: &[String]) -> String {
        codes.iter().map(|code| self.name(code)).collect::<Vec<_>>().join(", ")
    }

    fn category(&self, code: &str) -> String {
        let known = self.charter.and_then(|charter| charter.category(code));
        known.map_or_else(|| code.to_owned(), |category| category.name.zh.clone())
    }
}

fn told(event: &'static str, fact: &impl serde::Serialize, summary: String) -> Told {
    Told { event, summary, limit: None, detail: serde_json::to_string(fact) }
}

fn limit(name: &str, due: Option<WireTime>, kept: Option<bool>, provisional: bool) -> Option<Limit> {
    due.map(|due| Limit { name: name.to_owned(), due: Some(due), kept, provisional })
}

fn officer(officer: Option<&proto::common::v1::Officer>) -> String {
    officer.map_or_else(String::new, |officer| format!("{}{}", officer.staff_ref, prefixed(", ", &officer.post)))
}

/// A word of a contract as everybody writes it: `CALLBACK_OUTCOME_NO_ANSWER` is no-answer.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', "-")
}

/// `text` after `prefix`, or nothing at all.
fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

fn join(separator: &str, parts: [String; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(separator)
}
