//! What a street's enforcement centre did, in a sentence each.

use proto::enforcement_center::v1::{
    DocumentNumbered, MeetingHeld, NextStepTaken, NoticeBreached, NoticeComplied, NoticeServed, OfficerAway,
    OfficerRegistered, OfficerSeated, OfficerSeconded, OfficerUnseated, OnSite, OperationCancelled, OperationConcluded,
    OperationOpened, PathDecided, Reinspected, ReinspectionDue, RelatedCaseSpawned, SeatCalled, SeatEscalated,
    SeatLapsed, SeatTaken, SecondmentEnded, StopOrdered,
};
use proto::facts::EnforcementCenterFacts;

use super::{Timeline, Told, officer, prefixed, told};

impl EnforcementCenterFacts for Timeline {
    fn operation_opened(&mut self, fact: &OperationOpened) -> Told {
        told(format!("joint enforcement by {} with {}", self.name(&fact.centre), self.names(&fact.residents)))
    }

    fn seat_called(&mut self, fact: &SeatCalled) -> Told {
        Told {
            limit: self.named_limit("seat", fact.due, None),
            ..told(format!(
                "{} is asked to take its seat{}",
                self.name(&fact.party),
                fact.officer.as_ref().map(|called| format!(": {}", officer(Some(called)))).unwrap_or_default()
            ))
        }
    }

    fn seat_lapsed(&mut self, fact: &SeatLapsed) -> Told {
        told(format!("the seat of {} was not taken in time", self.name(&fact.party)))
    }

    fn seat_escalated(&mut self, fact: &SeatEscalated) -> Told {
        told(format!("nobody is left to call for {}; {} is told", self.name(&fact.party), self.name(&fact.told)))
    }

    fn meeting_held(&mut self, fact: &MeetingHeld) -> Told {
        told(format!(
            "{} meet{}; {} decisions",
            self.names(&fact.present),
            prefixed("; absent: ", &self.names(&fact.absent)),
            fact.decisions.len()
        ))
    }

    fn stop_ordered(&mut self, fact: &StopOrdered) -> Told {
        told(format!("{} orders a stop at {}: {}", self.name(&fact.party), fact.address, fact.subject))
    }

    fn next_step_taken(&mut self, fact: &NextStepTaken) -> Told {
        told(format!("after notice {}: {}, to {}", fact.notice, fact.text, self.name(&fact.to)))
    }

    fn seat_taken(&mut self, fact: &SeatTaken) -> Told {
        told(format!("{} of {} takes the seat", officer(fact.officer.as_ref()), self.name(&fact.party)))
    }

    fn path_decided(&mut self, fact: &PathDecided) -> Told {
        told(format!("{} agree: {} → {}", self.names(&fact.parties), fact.assessment, fact.path.join(" → ")))
    }

    fn on_site(&mut self, fact: &OnSite) -> Told {
        told(format!("{} are there{}", self.names(&fact.parties), prefixed("; stopped at once: ", &fact.stop_order)))
    }

    fn notice_served(&mut self, fact: &NoticeServed) -> Told {
        Told {
            limit: self.named_limit("notice", fact.due, None),
            ..told(format!(
                "notice {} by {} at {}: {}",
                fact.notice,
                self.name(&fact.party),
                fact.address,
                fact.subject
            ))
        }
    }

    fn reinspection_due(&mut self, fact: &ReinspectionDue) -> Told {
        Told {
            limit: self.named_limit("notice", fact.due, None),
            ..told(format!("notice {} has run out: somebody has to look", fact.notice))
        }
    }

    fn reinspected(&mut self, fact: &Reinspected) -> Told {
        told(format!(
            "notice {}: {}{}",
            fact.notice,
            if fact.passed { "passed" } else { "not passed" },
            prefixed(", ", &fact.finding)
        ))
    }

    fn notice_complied(&mut self, fact: &NoticeComplied) -> Told {
        told(format!("notice {} has been complied with", fact.notice))
    }

    fn notice_breached(&mut self, fact: &NoticeBreached) -> Told {
        Told {
            limit: self.named_limit("notice", fact.due, None),
            ..told(format!("notice {} was breached; next: {}", fact.notice, fact.next_step))
        }
    }

    fn related_case_spawned(&mut self, fact: &RelatedCaseSpawned) -> Told {
        told(format!("found on site: “{}”", fact.title))
    }

    fn operation_concluded(&mut self, fact: &OperationConcluded) -> Told {
        told(fact.summary.clone())
    }

    fn operation_cancelled(&mut self, _: &OperationCancelled) -> Told {
        told("the case ended before the joint work did".to_owned())
    }

    fn officer_seated(&mut self, fact: &OfficerSeated) -> Told {
        told(format!("{} of {}", officer(fact.officer.as_ref()), self.name(&fact.party)))
    }

    fn officer_away(&mut self, fact: &OfficerAway) -> Told {
        told(format!("{} of {}", fact.staff_ref, self.name(&fact.party)))
    }

    fn officer_registered(&mut self, fact: &OfficerRegistered) -> Told {
        told(officer(fact.officer.as_ref()))
    }

    fn officer_seconded(&mut self, fact: &OfficerSeconded) -> Told {
        told(format!("from {} to {}: {}", self.name(&fact.from), self.name(&fact.to), fact.reason))
    }

    fn secondment_ended(&mut self, fact: &SecondmentEnded) -> Told {
        told(format!("last day {}{}", fact.last_day, prefixed(": ", &fact.reason)))
    }

    fn document_numbered(&mut self, fact: &DocumentNumbered) -> Told {
        told(format!("{} of {} is number {}", fact.document, fact.case_id, fact.number))
    }

    fn officer_unseated(&mut self, fact: &OfficerUnseated) -> Told {
        told(format!("{} of {}", fact.staff_ref, self.name(&fact.party)))
    }
}
