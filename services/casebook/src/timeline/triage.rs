//! What a case was judged to be, in a sentence each.

use proto::facts::TriageFacts;
use proto::triage::v1::{Claimed, Classified, Dismissed, Judged, JudgementOverdue, QueuedForJudgement, Regraded};
use proto::word;

use super::{Timeline, Told, prefixed, told};
use crate::cases::level_name;

impl TriageFacts for Timeline {
    fn classified(&mut self, fact: &Classified) -> Told {
        told(format!("{} (confidence {:.2})", self.judgement(fact.judgement.as_ref()), fact.confidence))
    }

    fn queued_for_judgement(&mut self, fact: &QueuedForJudgement) -> Told {
        Told {
            limit: self.named_limit("judgement", fact.due, None),
            ..told(format!("a person has to judge: {}", fact.reason))
        }
    }

    fn claimed(&mut self, fact: &Claimed) -> Told {
        told(format!("{} takes it from the queue", fact.by))
    }

    fn judged(&mut self, fact: &Judged) -> Told {
        told(format!("{}{}", self.judgement(fact.judgement.as_ref()), prefixed(": ", &fact.reason)))
    }

    fn regraded(&mut self, fact: &Regraded) -> Told {
        told(format!(
            "from {} to {}: {}",
            level_name(fact.from()),
            self.judgement(fact.judgement.as_ref()),
            fact.reason
        ))
    }

    fn judgement_overdue(&mut self, fact: &JudgementOverdue) -> Told {
        Told {
            limit: self.named_limit("judgement", fact.due, Some(false)),
            ..told("nobody has judged it in time".to_owned())
        }
    }

    fn dismissed(&mut self, fact: &Dismissed) -> Told {
        told(format!("nobody has to judge it any more: {}", word(fact.reason().as_str_name(), "DISMISS_REASON_")))
    }
}
