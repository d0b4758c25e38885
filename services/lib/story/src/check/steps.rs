//! The steps of a story: who does what to which case, with which words.

use std::collections::BTreeSet;

use charter::Charter;
use jiff::Timestamp;
use serde_json::Value;

use super::nearest::{nearest, unknown};
use super::{Faults, bad_time, codes};
use crate::act::{APART_VERBS, VERBS, form, words_of};
use crate::format::{Step, Story, instant};
use crate::rules;

/// Fields that hold a time, as `at` does.
const TIMES: [&str; 5] = ["due", "until", "closes_at", "occurred_at", "recorded_at"];
/// Fields that hold a day.
const DAYS: [&str; 2] = ["since", "last_day"];

/// The story's own names that its steps give.
#[derive(Default)]
pub struct Named {
    pub cases: BTreeSet<String>,
    pub polls: BTreeSet<String>,
    pub ballots: BTreeSet<String>,
    pub officers: BTreeSet<String>,
    /// Projects, suggestions and letters, which share their names in the lists.
    pub powers: BTreeSet<String>,
}

pub fn check(story: &Story, begins: Timestamp, charter: Option<&Charter>, faults: &mut Faults) -> Named {
    let mut named = Named::default();
    let mut before = begins;
    for (number, step) in story.steps.iter().enumerate() {
        match instant(begins, &step.at) {
            Ok(at) if at < before => {
                faults.in_step(number, "at:", format!("{} is before the step before it", step.at));
            }
            Ok(at) => before = at,
            Err(error) => faults.in_step(number, "at:", format!("{error:#}")),
        }
        if !story.actors.contains_key(&step.actor) {
            let actors = story.actors.keys().map(String::as_str);
            faults.in_step(number, "actor:", unknown("actor of this story", &step.actor, actors));
        }
        if let Some(fault) = step.fault_of_times() {
            faults.in_step(number, "times:", fault);
        }
        verb(number, step, begins, faults);
        names(number, step, &mut named, faults);
        if let Some(rule) = &step.refused {
            let known: Vec<&str> = rules::names().chain(rules::STATUSES).collect();
            if !known.contains(&rule.as_str()) {
                let said = unknown("rule anything is refused by", rule, known);
                faults.in_step(number, "refused:", format!("{said} (tests/stories/RULES.md lists them)"));
            }
        }
        if let Some(charter) = charter {
            codes::step(number, step, charter, faults);
        }
    }
    named
}

/// Whether it can be done, and whether its fields are those it has.
fn verb(number: usize, step: &Step, begins: Timestamp, faults: &mut Faults) {
    let Some(form) = form(&step.action) else {
        let verbs = VERBS.into_iter().chain(APART_VERBS);
        faults.in_step(number, "do:", unknown("thing anybody can do", &step.action, verbs));
        return;
    };
    let with: serde_json::Map<String, Value> = step.with.clone().into_iter().collect();
    if let Err(error) = (form.read)(with) {
        let said = error.to_string();
        let field = said.split('`').nth(1).unwrap_or("with:").to_owned();
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        let meant = nearest(&field, known).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
        faults.in_step(number, &field, format!("{} with: {said}{meant}", step.action));
        return;
    }
    for needed in form.needs {
        // What is to be refused may be refused for what it lacks.
        if step.refused.is_none() && step.with.get(*needed).is_none_or(is_empty) {
            faults.in_step(number, "do:", format!("{} needs `{needed}`", step.action));
        }
    }
    for (field, value) in fields_of(&step.with) {
        let Value::String(text) = value else { continue };
        if let Some(words) = words_of(&step.action, field).filter(|_| !text.is_empty())
            && !words.contains(&text.as_str())
        {
            faults.in_step(number, text, unknown(field, text, words));
        }
        let is_day = DAYS.contains(&field) || (step.action == "second-officer" && field == "until");
        if TIMES.contains(&field) && !is_day {
            faults_of_time(number, begins, text, faults);
        }
        if is_day && !text.is_empty() && text.parse::<jiff::civil::Date>().is_err() {
            faults.in_step(number, text, format!("{field}: {text:?} is no day like \"2023-07-03\""));
        }
    }
}

fn faults_of_time(number: usize, begins: Timestamp, text: &str, faults: &mut Faults) {
    if let Some(said) = bad_time(begins, text).filter(|_| !text.is_empty()) {
        faults.in_step(number, text, said);
    }
}

/// What a step names for the first time, and what it takes for named.
fn names(number: usize, step: &Step, named: &mut Named, faults: &mut Faults) {
    let text = |field: &str| step.with.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut known = |name: &str, what: &str, field: &str, names: &BTreeSet<String>| {
        if !names.contains(name) {
            let said = unknown(what, name, names.iter().map(String::as_str));
            faults.in_step(number, field, format!("{said} that a step before this one has named"));
        }
    };
    match step.action.as_str() {
        "submit" if !text("related_case").is_empty() => {
            known(&text("related_case"), "case", "related_case", &named.cases);
        }
        "merge" => known(&text("into"), "case", "into", &named.cases),
        "find-related" => known(&text("of"), "case", "of:", &named.cases),
        "answer-poll" | "close-poll" | "attach-poll" => known(&text("poll"), "poll", "poll", &named.polls),
        "cast-vote" | "publish-ballot" | "appeal-ballot" | "answer-ballot-appeal" => {
            known(&text("ballot"), "ballot", "ballot", &named.ballots);
        }
        "second-officer" | "end-secondment" => known(&text("officer"), "officer", "officer", &named.officers),
        "ask-streets" | "give-opinion" | "answer-opinion" | "advance-project" => {
            known(&text("project"), "project", "project", &named.powers);
        }
        "answer-suggestion" | "withdraw-suggestion" => {
            known(&text("suggestion"), "suggestion", "suggestion", &named.powers);
        }
        "record-talk" | "reply-to-letter" | "finalise-letter" => {
            known(&text("letter"), "letter", "letter", &named.powers);
        }
        _ => {}
    }
    let names_it = matches!(step.action.as_str(), "submit" | "find-related");
    let needs_none = APART_VERBS.contains(&step.action.as_str())
        || matches!(
            step.action.as_str(),
            "seat-officer"
                | "unseat-officer"
                | "set-away"
                | "open-poll"
                | "answer-poll"
                | "close-poll"
                | "open-ballot"
                | "cast-vote"
                | "publish-ballot"
                | "appeal-ballot"
                | "answer-ballot-appeal"
        );
    if !names_it && (!needs_none || !step.case.is_empty()) {
        known(&step.case, "case", "case:", &named.cases);
    }
    if names_it && step.case.is_empty() {
        faults.in_step(number, "do:", format!("{} gives a `case` its name; name it", step.action));
    }
    if step.refused.is_some() {
        return;
    }
    // A name that stood for something would stand for something else from here on.
    let (names, field, name) = match step.action.as_str() {
        "submit" | "find-related" => (&mut named.cases, "case:", step.case.clone()),
        "open-poll" => (&mut named.polls, "poll", text("poll")),
        "open-ballot" => (&mut named.ballots, "ballot", text("ballot")),
        "register-officer" => (&mut named.officers, "officer", text("officer")),
        "open-project" => (&mut named.powers, "project", text("project")),
        "suggest" => (&mut named.powers, "suggestion", text("suggestion")),
        "send-letter" => (&mut named.powers, "letter", text("letter")),
        _ => return,
    };
    if !name.is_empty() && !names.insert(name.clone()) {
        faults.in_step(number, field, format!("{name:?} is named by a step before this one; take another name"));
    }
}

/// Every field, those of things inside it too, with its name.
pub fn fields_of(with: &std::collections::BTreeMap<String, Value>) -> Vec<(&str, &Value)> {
    let mut found = Vec::new();
    for (name, value) in with {
        inside(name, value, &mut found);
    }
    found
}

fn inside<'v>(name: &'v str, value: &'v Value, found: &mut Vec<(&'v str, &'v Value)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| inside(name, value, found)),
        Value::Array(elements) => elements.iter().for_each(|element| inside(name, element, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push((name, value)),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
