//! What of a case its sender may pass on to whoever raised it: one row for each fact that concerns them, in words that can be
//! shown to them. Ratings are not among them, nor what units say to each other.

use charter::Charter;
use proto::common::v1::Outcome;
use proto::dispatch::v1::{
    Assigned, CityReturned, Closed, Escalated, ProgressKind, Progressed, Reopened, Resolved, Transferred,
};
use proto::facts::{DispatchFacts, Facts, IntakeFacts};
use proto::intake::v1::{ExclusionApproved, LinkedAsDuplicate, Received, WithdrawalAsked};
use proto::record::v1::{Commit, Event};

/// A fact in words, and what was answered with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    pub words: String,
    pub answer: String,
}

/// What a fact says to whoever raised the matter; none, if it is not for them. Without a charter units go by their codes.
#[must_use]
pub fn passage(event: &Event, charter: Option<&Charter>) -> Option<Passage> {
    let mut teller = Teller { charter };
    let of_intake = event.intake().and_then(|fact| fact.told_to(&mut teller));
    of_intake.or_else(|| event.dispatch().and_then(|fact| fact.told_to(&mut teller)))
}

/// Whether a commit has something for them.
#[must_use]
pub fn has_any(commit: &Commit) -> bool {
    commit.facts().any(|event| passage(event, None).is_some())
}

/// Name of a unit.
#[must_use]
pub fn name(charter: Option<&Charter>, code: &str) -> String {
    let known = charter.and_then(|charter| charter.party(code));
    known.map_or_else(|| code.to_owned(), |party| party.name.zh.clone())
}

struct Teller<'c> {
    charter: Option<&'c Charter>,
}

impl Teller<'_> {
    fn name(&self, code: &str) -> String {
        name(self.charter, code)
    }
}

fn words(words: impl Into<String>) -> Option<Passage> {
    Some(Passage { words: words.into(), answer: String::new() })
}

fn with_answer(words: impl Into<String>, answer: &str) -> Option<Passage> {
    Some(Passage { words: words.into(), answer: answer.to_owned() })
}

fn ending(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Solved => "已解决",
        Outcome::Explained => "已解释说明",
        Outcome::NotAccepted => "不予受理",
        Outcome::NotSolved => "未解决",
        Outcome::Unspecified => "",
    }
}

/// 办结：已解决, and without a colon where nothing follows.
fn ended(what: &str, outcome: Outcome) -> String {
    match ending(outcome) {
        "" => what.to_owned(),
        ending => format!("{what}：{ending}"),
    }
}

impl Facts for Teller<'_> {
    type Found = Option<Passage>;

    fn nothing() -> Option<Passage> {
        None
    }
}

impl IntakeFacts for Teller<'_> {
    fn received(&mut self, _: &Received) -> Option<Passage> {
        words("已受理")
    }

    fn linked_as_duplicate(&mut self, fact: &LinkedAsDuplicate) -> Option<Passage> {
        words(format!("与 {} 为同一事项，已并件", fact.into))
    }

    fn withdrawal_asked(&mut self, _: &WithdrawalAsked) -> Option<Passage> {
        words("已撤回")
    }

    fn exclusion_approved(&mut self, _: &ExclusionApproved) -> Option<Passage> {
        words("不予受理")
    }
}

impl DispatchFacts for Teller<'_> {
    fn assigned(&mut self, fact: &Assigned) -> Option<Passage> {
        words(format!("由{}办理", self.name(&fact.party)))
    }

    fn escalated(&mut self, fact: &Escalated) -> Option<Passage> {
        words(format!("上报至{}办理", self.name(&fact.to_party)))
    }

    fn transferred(&mut self, fact: &Transferred) -> Option<Passage> {
        words(format!("移交{}办理", self.name(&fact.to_party)))
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Option<Passage> {
        words(format!("由{}办理", self.name(&fact.to_party)))
    }

    fn progressed(&mut self, fact: &Progressed) -> Option<Passage> {
        match fact.kind() {
            ProgressKind::Reply => with_answer(format!("{}答复", self.name(&fact.party)), &fact.note),
            ProgressKind::Unspecified
            | ProgressKind::ContactFailed
            | ProgressKind::Finding
            | ProgressKind::Action
            | ProgressKind::Note => None,
        }
    }

    fn resolved(&mut self, fact: &Resolved) -> Option<Passage> {
        with_answer(ended("办理完毕", fact.outcome()), &fact.summary)
    }

    fn reopened(&mut self, _: &Reopened) -> Option<Passage> {
        words("重新办理")
    }

    fn closed(&mut self, fact: &Closed) -> Option<Passage> {
        words(ended("已结案", fact.outcome()))
    }
}

#[cfg(test)]
mod tests {
    use proto::dispatch::v1::{DispatchEvent, dispatch_event};
    use proto::record::v1::event::Of;

    use super::*;

    fn dispatched(event: dispatch_event::Event) -> Event {
        Event { of: Some(Of::Dispatch(DispatchEvent { event: Some(event) })) }
    }

    #[test]
    fn an_answer_to_the_caller_is_passed_on_and_a_note_is_not() {
        let charter = Charter::shipped("wuchang").unwrap();
        let progress = |kind: ProgressKind| {
            let party = "wuchang-water".to_owned();
            let fact =
                Progressed { party, kind: kind.into(), note: "今晚修好".to_owned(), call: 0, evidence: vec![] };
            passage(&dispatched(dispatch_event::Event::Progressed(fact)), Some(&charter))
        };
        let told = progress(ProgressKind::Reply).unwrap();
        assert_eq!(told.answer, "今晚修好");
        assert!(told.words.ends_with("答复") && !told.words.contains("wuchang-water"), "{told:?}");
        assert_eq!(progress(ProgressKind::Note), None);
        let closed = Closed { outcome: Outcome::Explained.into(), ..Closed::default() };
        let told = passage(&dispatched(dispatch_event::Event::Closed(closed)), None).unwrap();
        assert_eq!(told.words, "已结案：已解释说明");
    }
}
