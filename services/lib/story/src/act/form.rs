//! What each verb reads, without doing it: for `huying story check`.

use serde::de::DeserializeOwned;
use serde_json::{Error, Map, Value};

use super::powers::{ADVANCES, DECIDED, MATTERS, SECRECY, STANCES, VERDICTS};
use super::words::{
    BASES, CALLBACKS, CLASSES, COLOURS, DUTIES, KINDS, LEVELS, NEXT_STEPS, OUTCOMES, PROGRESS, SEATS, STAGES, WAYS,
    Words,
};
use super::{Finding, Judging, Merging, Nothing, PartyRating, Rating, Reason, Submission, Text};

/// How a verb reads its `with`, and what it needs of it.
#[derive(Clone, Copy)]
pub struct Form {
    pub read: fn(Map<String, Value>) -> Result<(), Error>,
    /// Fields without which it is always refused.
    pub needs: &'static [&'static str],
}

pub(super) fn read<T: DeserializeOwned>(needs: &'static [&'static str]) -> Form {
    Form { read: |with| serde_json::from_value::<T>(with.into()).map(drop), needs }
}

/// Every verb there is, in the order of the documentation.
pub const VERBS: [&str; 64] = [
    "submit",
    "find-related",
    "supplement",
    "withdraw",
    "propose-exclusion",
    "approve-exclusion",
    "merge",
    "claim",
    "judge",
    "regrade",
    "assign",
    "escalate",
    "call",
    "plan-tasks",
    "complete-task",
    "progress",
    "adopt-measure",
    "release",
    "resolve",
    "reopen",
    "respond",
    "report-in",
    "done",
    "return",
    "adjudicate",
    "disqualify",
    "supervise",
    "answer-supervision",
    "extend",
    "suspend",
    "resume",
    "hold-meeting",
    "form-task-force",
    "transfer",
    "city-progress",
    "city-done",
    "city-return",
    "admit",
    "seat-officer",
    "unseat-officer",
    "set-away",
    "call-seat",
    "take-seat",
    "hold-joint-meeting",
    "decide-path",
    "on-site",
    "order-stop",
    "serve-notice",
    "reinspect",
    "take-next-step",
    "related-case",
    "conclude",
    "rate",
    "rate-party",
    "callback",
    "open-poll",
    "answer-poll",
    "close-poll",
    "attach-poll",
    "open-ballot",
    "cast-vote",
    "publish-ballot",
    "appeal-ballot",
    "answer-ballot-appeal",
];
/// Verbs that are about no case: officers, and what streets are heard on or ask for.
pub const APART_VERBS: [&str; 16] = [
    "register-officer",
    "second-officer",
    "end-secondment",
    "open-project",
    "ask-streets",
    "give-opinion",
    "answer-opinion",
    "advance-project",
    "suggest",
    "answer-suggestion",
    "withdraw-suggestion",
    "send-letter",
    "record-talk",
    "reply-to-letter",
    "finalise-letter",
    "wait",
];

/// The form of a verb; none if nobody can do that.
pub fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "submit" => read::<Submission>(&[]),
        "find-related" => read::<Finding>(&["of"]),
        "supplement" => read::<Text>(&["text"]),
        "withdraw" | "propose-exclusion" => read::<Reason>(&["reason"]),
        "merge" => read::<Merging>(&["into"]),
        "approve-exclusion" | "claim" | "wait" => read::<Nothing>(&[]),
        "judge" => read::<Judging>(&["category"]),
        "regrade" => read::<Judging>(&["category", "reason"]),
        "rate" => read::<Rating>(&["rating"]),
        "rate-party" => read::<PartyRating>(&["party", "rate"]),
        "callback" => read::<super::Callback>(&["outcome"]),
        other => {
            return super::handling::form(other)
                .or_else(|| super::department::form(other))
                .or_else(|| super::supervision::form(other))
                .or_else(|| super::city::form(other))
                .or_else(|| super::center::form(other))
                .or_else(|| super::polls::form(other))
                .or_else(|| super::ballots::form(other))
                .or_else(|| super::staff::form(other))
                .or_else(|| super::powers::form(other));
        }
    })
}

/// The words a field takes, where it takes words of the format and not of a charter.
pub fn words_of(verb: &str, field: &str) -> Option<Vec<&'static str>> {
    let words: Words = match (verb, field) {
        (_, "stages") => STAGES,
        (_, "level") => LEVELS,
        (_, "colour") => COLOURS,
        (_, "duty") => DUTIES,
        (_, "class") => CLASSES,
        ("callback", "outcome") => CALLBACKS,
        (_, "outcome") => OUTCOMES,
        ("submit", "kind") => KINDS,
        ("submit", "way") => WAYS,
        ("progress", "kind") => PROGRESS,
        ("seat-officer", "kind") => SEATS,
        ("return", "basis") => BASES,
        ("reinspect" | "take-next-step", "step") => NEXT_STEPS,
        ("answer-opinion" | "answer-suggestion", "verdict") => VERDICTS,
        ("advance-project", "to") => ADVANCES,
        ("send-letter", "matter") => MATTERS,
        ("send-letter", "secrecy") => SECRECY,
        ("reply-to-letter", "stance") => STANCES,
        ("finalise-letter", "decided") => DECIDED,
        _ => return None,
    };
    Some(words.iter().map(|(word, _)| *word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The district is the story's own, and how to reach somebody is in no story; the rest a step may say, by these names.
    #[test]
    fn a_step_can_say_every_field_of_a_submission() {
        let names = |error: String| -> Vec<String> { error.split('`').skip(3).step_by(2).map(str::to_owned).collect() };
        let said = serde_json::from_value::<Submission>(serde_json::json!({ "?": 0 })).err().unwrap();
        let said = names(said.to_string());
        let field = serde_json::from_str::<proto::intake::v1::SubmitRequest>(r#"{"?": 0}"#).unwrap_err();
        let fields = names(field.to_string());
        assert!(fields.iter().any(|field| field == "way"), "{fields:?}");
        let apart = ["district", "contact"];
        let said_there = |field: &&String| !field.contains(char::is_uppercase) && !apart.contains(&field.as_str());
        for field in fields.iter().filter(said_there) {
            let called = match field.as_str() {
                "caller_class" => "class",
                "caller_ref" => "caller",
                other => other,
            };
            assert!(said.iter().any(|said| said == called), "{field}");
        }
    }

    #[test]
    fn every_verb_has_a_form_and_no_other_word_has_one() {
        for verb in VERBS.iter().chain(&APART_VERBS) {
            assert!(form(verb).is_some(), "{verb}");
        }
        assert!(form("resolve-it").is_none());
    }
}
