//! Who has a case, who was called, and how it ended, in a sentence each.

use proto::common::v1::Colour;
use proto::dispatch::v1::{
    AdmissionRefused, Admitted, AskedToHelp, Assigned, CallEnded, Called, CityReminded, CityReturned, Closed,
    ColourRaised, Concluded, Escalated, Extended, HelpBegun, HelpEnded, HelpOpened, MeasureAdopted, MeetingHeld,
    Overdue, PartyDone, Progressed, RatingOpened, RecurrenceFound, RelatedCaseSpawned, Released, Reminded, Reopened,
    ReportedIn, Resolved, Responded, Resumed, ReturnAdjudicated, Returned, Supervised, SupervisionAnswered, Suspended,
    TaskDone, TaskForceFormed, TaskPlanned, Transferred, Unqualified,
};
use proto::dispatch::v1::{Clock, ProgressKind, ReturnBasis};
use proto::facts::DispatchFacts;
use proto::word;

use super::{Timeline, Told, join, limit, officer, prefixed, told};
use crate::cases::{level_name, outcome_name};

impl DispatchFacts for Timeline {
    fn assigned(&mut self, fact: &Assigned) -> Told {
        self.counts_by(fact.start.as_ref());
        Told {
            limit: limit("completion", fact.due, None, fact.due_provisional),
            ..told(format!(
                "{} has it, level {}{}",
                self.name(&fact.party),
                level_name(fact.level()),
                prefixed(": ", &fact.reason)
            ))
        }
    }

    fn escalated(&mut self, fact: &Escalated) -> Told {
        told(format!("from {} up to {}: {}", self.name(&fact.from_party), self.name(&fact.to_party), fact.reason))
    }

    fn called(&mut self, fact: &Called) -> Told {
        self.calls.insert(fact.call, fact.clone());
        let parties: Vec<String> = fact.parties.iter().map(|called| self.name(&called.party)).collect();
        Told {
            limit: limit("response", fact.response_due, None, fact.due_provisional),
            ..told(format!(
                "{} {} ({}): {}{}",
                self.name(&fact.caller),
                if fact.special.is_some() { "calls under its chair" } else { "blows the whistle" },
                colour(fact.colour()),
                parties.join(", "),
                prefixed(": ", &fact.note)
            ))
        }
    }

    fn responded(&mut self, fact: &Responded) -> Told {
        Told {
            limit: self.limit_of_call(fact.call, "response", self.call(fact.call).response_due, Some(fact.in_time)),
            ..told(format!("{} sends {}", self.name(&fact.party), officer(fact.officer.as_ref())))
        }
    }

    fn reported_in(&mut self, fact: &ReportedIn) -> Told {
        Told {
            limit: self.limit_of_call(fact.call, "report-in", self.call(fact.call).report_in_due, Some(fact.in_time)),
            ..told(format!("{} of {} is there", officer(fact.officer.as_ref()), self.name(&fact.party)))
        }
    }

    fn task_planned(&mut self, fact: &TaskPlanned) -> Told {
        if let Some(due) = fact.due {
            self.tasks.insert(fact.task, due);
        }
        let after: Vec<String> = fact.after.iter().map(|task| format!("task {task}")).collect();
        Told {
            limit: limit("task", fact.due, None, false),
            ..told(
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

    fn task_done(&mut self, fact: &TaskDone) -> Told {
        Told {
            limit: limit("task", self.tasks.get(&fact.task).copied(), Some(fact.in_time), false),
            ..told(format!("task {} done by {}{}", fact.task, self.name(&fact.party), prefixed(": ", &fact.note)))
        }
    }

    fn progressed(&mut self, fact: &Progressed) -> Told {
        let what = match fact.kind() {
            ProgressKind::Reply => "answers the caller",
            ProgressKind::ContactFailed => "tried to make contact, without result",
            ProgressKind::Finding => "finds",
            ProgressKind::Action => "acts",
            ProgressKind::Note | ProgressKind::Unspecified => "notes",
        };
        told(format!("{} {what}: {}", self.name(&fact.party), fact.note))
    }

    fn measure_adopted(&mut self, fact: &MeasureAdopted) -> Told {
        told(format!("{}{}", fact.measure, prefixed("; except ", &fact.exceptions.join(", "))))
    }

    fn party_done(&mut self, fact: &PartyDone) -> Told {
        Told {
            limit: self.limit_of_call(fact.call, "completion", self.call(fact.call).completion_due, Some(fact.in_time)),
            ..told(format!(
                "{} is done, {}{}",
                self.name(&fact.party),
                outcome_name(fact.outcome()),
                prefixed(": ", &fact.note)
            ))
        }
    }

    fn released(&mut self, fact: &Released) -> Told {
        told(format!("{} may leave: {}", self.name(&fact.party), fact.reason))
    }

    fn call_ended(&mut self, fact: &CallEnded) -> Told {
        told(format!("call {} is over: {}", fact.call, word(fact.ending().as_str_name(), "CALL_ENDING_")))
    }

    fn overdue(&mut self, fact: &Overdue) -> Told {
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
        let late = Some(false);
        let limit = match fact.clock() {
            Clock::Response | Clock::ReportIn | Clock::Completion => {
                self.limit_of_call(fact.call, clock, fact.due, late)
            }
            Clock::Adjudication => self.named_limit("adjudication", fact.due, late),
            Clock::City => self.named_limit("city-answer", fact.due, late),
            Clock::Case | Clock::Unspecified => self.limit_of_case(clock, fact.due, late),
            Clock::Task | Clock::Supervision | Clock::Meeting => limit(clock, fact.due, late, false),
        };
        Told {
            limit,
            ..told(format!(
                "{} is late with its {clock}{}",
                self.name(&fact.party),
                prefixed("; told: ", &self.name(&fact.told))
            ))
        }
    }

    fn recurrence_found(&mut self, fact: &RecurrenceFound) -> Told {
        told(format!(
            "{} times within {} days: it is solved only with its cause found (before: {})",
            fact.times,
            fact.within_days,
            fact.earlier_cases.join(", ")
        ))
    }

    fn resolved(&mut self, fact: &Resolved) -> Told {
        let (limit, waits) = match fact.waits_for_help_until {
            None => (self.named_limit("rating", fact.rating_due, None), ""),
            Some(until) => {
                (self.named_limit("help-wait", Some(until), None), "; nobody is asked before the help is over")
            }
        };
        Told { limit, ..told(format!("{}{}{waits}", outcome_name(fact.outcome()), prefixed(": ", &fact.summary))) }
    }

    fn reopened(&mut self, fact: &Reopened) -> Told {
        self.counts_by(fact.start.as_ref());
        Told {
            limit: self.limit_of_case("completion", fact.due, None),
            ..told(format!("not over yet: {}", fact.reason))
        }
    }

    fn closed(&mut self, fact: &Closed) -> Told {
        told(join(", ", [outcome_name(fact.outcome()), word(fact.reason().as_str_name(), "CLOSE_REASON_")]))
    }

    fn returned(&mut self, fact: &Returned) -> Told {
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
        Told { limit: self.named_limit("adjudication", fact.due, None), ..told(words) }
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) -> Told {
        let what = if fact.upheld { "is free" } else { "keeps the call" };
        let last = if fact.r#final { ", for good" } else { "" };
        let words = format!("{} {what}{last}: {}", self.name(&fact.party), fact.reason);
        told(words)
    }

    fn unqualified(&mut self, fact: &Unqualified) -> Told {
        Told {
            limit: self.limit_of_call(fact.call, "response", fact.response_due, None),
            ..told(format!("whoever came from {} cannot decide: {}", self.name(&fact.party), fact.reason))
        }
    }

    fn reminded(&mut self, fact: &Reminded) -> Told {
        Told {
            limit: self.limit_of_call(fact.call, "completion", fact.due, None),
            ..told(format!("{} is reminded, time {}", self.name(&fact.party), fact.reminder))
        }
    }

    fn supervised(&mut self, fact: &Supervised) -> Told {
        Told {
            limit: limit("supervision", fact.due, None, false),
            ..told(format!("{} is to account for this: {}", self.name(&fact.party), fact.text))
        }
    }

    fn supervision_answered(&mut self, fact: &SupervisionAnswered) -> Told {
        Told {
            limit: limit("supervision", None, Some(fact.in_time), false),
            ..told(format!("{}: {}", self.name(&fact.party), fact.note))
        }
    }

    fn extended(&mut self, fact: &Extended) -> Told {
        if let (true, Some(due)) = (fact.task != 0, fact.due) {
            self.tasks.insert(fact.task, due);
        }
        if let Some(call) = self.calls.get_mut(&fact.call) {
            call.completion_due = fact.due;
        }
        let words = format!("more time{}: {}", prefixed(", after ", &fact.basis), fact.reason);
        Told { limit: limit("completion", fact.due, None, false), ..told(words) }
    }

    fn suspended(&mut self, fact: &Suspended) -> Told {
        Told {
            limit: limit("suspension", fact.until, None, false),
            ..told(format!("the work rests, after {}: {}", fact.basis, fact.reason))
        }
    }

    fn resumed(&mut self, fact: &Resumed) -> Told {
        // It rested from one moment to another, milliseconds after the minutes people mean.
        let minutes = (fact.held_ms + 30_000) / 60_000;
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let rest = if minutes == 0 { String::new() } else { format!(" {minutes} min") };
        told(format!("the work goes on; its clocks stood for {hours} h{rest}"))
    }

    fn meeting_held(&mut self, fact: &MeetingHeld) -> Told {
        Told {
            limit: limit("next meeting", fact.next, None, false),
            ..told(format!(
                "a meeting with {}{}: {}",
                self.names(&fact.present),
                prefixed("; nobody from ", &self.names(&fact.absent)),
                fact.minutes
            ))
        }
    }

    fn task_force_formed(&mut self, fact: &TaskForceFormed) -> Told {
        Told {
            limit: limit("next meeting", fact.meets_by, None, false),
            ..told(format!(
                "{} leads a task force of {}, which meets every {} days",
                self.name(&fact.lead),
                self.names(&fact.members),
                fact.cadence_days
            ))
        }
    }

    fn colour_raised(&mut self, fact: &ColourRaised) -> Told {
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
        let words = format!("call {} is {} now, no longer {}", fact.call, colour(fact.to()), colour(fact.from()));
        let due = self.call(fact.call).completion_due;
        Told { limit: self.limit_of_call(fact.call, "completion", due, None), ..told(words) }
    }

    fn admitted(&mut self, fact: &Admitted) -> Told {
        told(format!("communities may work on {} here: {}", self.category(&fact.category), fact.reason))
    }

    fn admission_refused(&mut self, fact: &AdmissionRefused) -> Told {
        told(format!(
            "{} is not given work on {}, which its list does not hold{}",
            self.name(&fact.party),
            self.category(&fact.category),
            prefixed("; asked by ", &self.name(&fact.asked_by))
        ))
    }

    fn transferred(&mut self, fact: &Transferred) -> Told {
        Told {
            limit: self.named_limit("city-answer", fact.answer_due, None),
            ..told(format!(
                "from {} to {}, as {} there: {}",
                self.name(&fact.from_party),
                self.name(&fact.to_party),
                fact.reference,
                fact.reason
            ))
        }
    }

    fn city_reminded(&mut self, fact: &CityReminded) -> Told {
        Told {
            limit: self.named_limit("city-answer", fact.due, None),
            ..told(format!("{} asks {} what becomes of it", self.name(&fact.told), self.name(&fact.city)))
        }
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Told {
        told(format!(
            "{} says that it is not its own: {}; {} has it again",
            self.name(&fact.from_party),
            fact.reason,
            self.name(&fact.to_party)
        ))
    }

    fn concluded(&mut self, fact: &Concluded) -> Told {
        told(format!("{} is through: {}; tasks are left", self.name(&fact.by), fact.summary))
    }

    fn related_case_spawned(&mut self, fact: &RelatedCaseSpawned) -> Told {
        told(format!("{} finds another matter: “{}”", self.name(&fact.by), fact.title))
    }

    fn help_begun(&mut self, fact: &HelpBegun) -> Told {
        let limit = self.named_limit("help-wait", fact.until, None);
        Told { limit, ..told("it helps the caller, who is asked how this case was when that is over".to_owned()) }
    }

    fn help_opened(&mut self, fact: &HelpOpened) -> Told {
        told(format!("case {} helps the caller", fact.case_id))
    }

    fn asked_to_help(&mut self, fact: &AskedToHelp) -> Told {
        told(format!("it helps the caller of case {}", fact.case_id))
    }

    fn help_ended(&mut self, fact: &HelpEnded) -> Told {
        told(format!("the help is over: case {}", fact.case_id))
    }

    fn rating_opened(&mut self, fact: &RatingOpened) -> Told {
        let limit = self.named_limit("rating", fact.rating_due, None);
        Told { limit, ..told("nobody waits for help any longer: it can be rated".to_owned()) }
    }
}

fn colour(colour: Colour) -> String {
    word(colour.as_str_name(), "COLOUR_")
}
