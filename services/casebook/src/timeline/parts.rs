//! What a sentence of the timeline is made of, for whoever tells it in words of their own: which units it is about, and
//! what somebody said. A fact that is not mentioned here has neither.

use proto::dispatch::v1::{
    AdmissionRefused, Admitted, Assigned, Called, CityReminded, CityReturned, Concluded, Escalated, Extended,
    MeasureAdopted, MeetingHeld, Overdue, PartyDone, Progressed, RelatedCaseSpawned, Released, Reminded, Reopened,
    ReportedIn, Resolved, Responded, ReturnAdjudicated, Returned, Supervised, SupervisionAnswered, Suspended, TaskDone,
    TaskForceFormed, TaskPlanned, Transferred, Unqualified,
};
use proto::enforcement_center::v1 as centre;
use proto::evaluation::v1::{CallbackLogged, PartyRated, Rated, Scored};
use proto::facts::{
    DispatchFacts, EnforcementCenterFacts, EvaluationFacts, Facts, IntakeFacts, NotificationFacts, TriageFacts,
};
use proto::intake::v1::{
    CallerJoined, ExclusionProposed, LinkedAsDuplicate, PollAttached, Received, Supplemented, WithdrawalAsked,
};
use proto::notification::v1::{Sent, Undeliverable};
use proto::record::v1::{Event, event::Of};
use proto::triage::v1::{Classified, Judged, Judgement, QueuedForJudgement, Regraded};

/// Units, whoever has to act first, and what was said.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub units: Vec<String>,
    pub said: String,
}

pub fn of(event: &Event) -> Parts {
    let parts = match &event.of {
        Some(Of::Intake(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut Finder)),
        Some(Of::Triage(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut Finder)),
        Some(Of::Dispatch(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut Finder)),
        Some(Of::EnforcementCenter(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut Finder)),
        Some(Of::Evaluation(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut Finder)),
        Some(Of::Notification(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut Finder)),
        Some(Of::Powers(_)) | None => None,
    };
    parts.unwrap_or_default()
}

struct Finder;

impl Facts for Finder {
    type Found = Parts;

    fn nothing() -> Parts {
        Parts::default()
    }
}

fn parts<'u>(units: impl IntoIterator<Item = &'u String>, said: &str) -> Parts {
    Parts { units: units.into_iter().filter(|unit| !unit.is_empty()).cloned().collect(), said: said.to_owned() }
}

fn judged(judgement: Option<&Judgement>, reason: &str) -> Parts {
    parts(judgement.map(|judgement| &judgement.party), reason)
}

impl IntakeFacts for Finder {
    fn received(&mut self, fact: &Received) -> Parts {
        parts([], &fact.title)
    }

    fn supplemented(&mut self, fact: &Supplemented) -> Parts {
        parts([], &fact.text)
    }

    fn withdrawal_asked(&mut self, fact: &WithdrawalAsked) -> Parts {
        parts([], &fact.reason)
    }

    fn exclusion_proposed(&mut self, fact: &ExclusionProposed) -> Parts {
        parts([], &fact.reason)
    }

    fn caller_joined(&mut self, fact: &CallerJoined) -> Parts {
        parts([], &fact.reason)
    }

    fn linked_as_duplicate(&mut self, fact: &LinkedAsDuplicate) -> Parts {
        parts([], &fact.into)
    }

    fn poll_attached(&mut self, fact: &PollAttached) -> Parts {
        parts([], &fact.question)
    }
}

impl TriageFacts for Finder {
    fn classified(&mut self, fact: &Classified) -> Parts {
        judged(fact.judgement.as_ref(), "")
    }

    fn queued_for_judgement(&mut self, fact: &QueuedForJudgement) -> Parts {
        parts([], &fact.reason)
    }

    fn judged(&mut self, fact: &Judged) -> Parts {
        judged(fact.judgement.as_ref(), &fact.reason)
    }

    fn regraded(&mut self, fact: &Regraded) -> Parts {
        judged(fact.judgement.as_ref(), &fact.reason)
    }
}

impl DispatchFacts for Finder {
    fn assigned(&mut self, fact: &Assigned) -> Parts {
        parts([&fact.party], &fact.reason)
    }

    fn escalated(&mut self, fact: &Escalated) -> Parts {
        parts([&fact.to_party, &fact.from_party], &fact.reason)
    }

    fn called(&mut self, fact: &Called) -> Parts {
        parts(fact.parties.iter().map(|called| &called.party), &fact.note)
    }

    fn responded(&mut self, fact: &Responded) -> Parts {
        parts([&fact.party], "")
    }

    fn reported_in(&mut self, fact: &ReportedIn) -> Parts {
        parts([&fact.party], "")
    }

    fn task_planned(&mut self, fact: &TaskPlanned) -> Parts {
        parts([&fact.party], &fact.title)
    }

    fn task_done(&mut self, fact: &TaskDone) -> Parts {
        parts([&fact.party], &fact.note)
    }

    fn progressed(&mut self, fact: &Progressed) -> Parts {
        parts([&fact.party], &fact.note)
    }

    fn measure_adopted(&mut self, fact: &MeasureAdopted) -> Parts {
        parts([&fact.party], &fact.measure)
    }

    fn party_done(&mut self, fact: &PartyDone) -> Parts {
        parts([&fact.party], &fact.note)
    }

    fn released(&mut self, fact: &Released) -> Parts {
        parts([&fact.party], &fact.reason)
    }

    fn overdue(&mut self, fact: &Overdue) -> Parts {
        parts([&fact.party, &fact.told], "")
    }

    fn resolved(&mut self, fact: &Resolved) -> Parts {
        parts([&fact.by], &fact.summary)
    }

    fn reopened(&mut self, fact: &Reopened) -> Parts {
        parts([], &fact.reason)
    }

    fn returned(&mut self, fact: &Returned) -> Parts {
        parts([&fact.party, &fact.proposes], &fact.reason)
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) -> Parts {
        parts([&fact.party], &fact.reason)
    }

    fn unqualified(&mut self, fact: &Unqualified) -> Parts {
        parts([&fact.party], &fact.reason)
    }

    fn reminded(&mut self, fact: &Reminded) -> Parts {
        parts([&fact.party], "")
    }

    fn supervised(&mut self, fact: &Supervised) -> Parts {
        parts([&fact.party, &fact.by], &fact.text)
    }

    fn supervision_answered(&mut self, fact: &SupervisionAnswered) -> Parts {
        parts([&fact.party], &fact.note)
    }

    fn extended(&mut self, fact: &Extended) -> Parts {
        parts([], &fact.reason)
    }

    fn suspended(&mut self, fact: &Suspended) -> Parts {
        parts([], &fact.reason)
    }

    fn meeting_held(&mut self, fact: &MeetingHeld) -> Parts {
        parts(&fact.present, &fact.minutes)
    }

    fn task_force_formed(&mut self, fact: &TaskForceFormed) -> Parts {
        parts(std::iter::once(&fact.lead).chain(&fact.members), "")
    }

    fn admitted(&mut self, fact: &Admitted) -> Parts {
        parts([], &fact.reason)
    }

    fn admission_refused(&mut self, fact: &AdmissionRefused) -> Parts {
        parts([&fact.party], "")
    }

    fn transferred(&mut self, fact: &Transferred) -> Parts {
        parts([&fact.to_party, &fact.from_party], &fact.reason)
    }

    fn city_reminded(&mut self, fact: &CityReminded) -> Parts {
        parts([&fact.city], "")
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Parts {
        parts([&fact.to_party, &fact.from_party], &fact.reason)
    }

    fn concluded(&mut self, fact: &Concluded) -> Parts {
        parts([&fact.by], &fact.summary)
    }

    fn related_case_spawned(&mut self, fact: &RelatedCaseSpawned) -> Parts {
        parts([&fact.by], &fact.title)
    }
}

impl EnforcementCenterFacts for Finder {
    fn operation_opened(&mut self, fact: &centre::OperationOpened) -> Parts {
        parts(std::iter::once(&fact.centre).chain(&fact.residents), "")
    }

    fn on_site(&mut self, fact: &centre::OnSite) -> Parts {
        parts(&fact.parties, "")
    }

    fn path_decided(&mut self, fact: &centre::PathDecided) -> Parts {
        parts(&fact.parties, &fact.assessment)
    }

    fn stop_ordered(&mut self, fact: &centre::StopOrdered) -> Parts {
        parts([&fact.party], &fact.subject)
    }

    fn notice_served(&mut self, fact: &centre::NoticeServed) -> Parts {
        parts([&fact.party], &fact.subject)
    }
}

impl NotificationFacts for Finder {
    fn sent(&mut self, fact: &Sent) -> Parts {
        parts([&fact.recipient], "")
    }

    fn undeliverable(&mut self, fact: &Undeliverable) -> Parts {
        parts([&fact.recipient], "")
    }
}

impl EvaluationFacts for Finder {
    fn rated(&mut self, fact: &Rated) -> Parts {
        parts([], &fact.comment)
    }

    fn party_rated(&mut self, fact: &PartyRated) -> Parts {
        parts([&fact.party, &fact.by], &fact.deduction_reason)
    }

    fn callback_logged(&mut self, fact: &CallbackLogged) -> Parts {
        parts([], &fact.note)
    }

    fn scored(&mut self, fact: &Scored) -> Parts {
        parts([&fact.party], "")
    }
}
