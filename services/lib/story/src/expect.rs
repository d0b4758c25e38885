//! What came of a story, compared with what must have come of it. Every difference is a sentence.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::casebook::v1::{Case, StatisticsResponse, TimelineEntry};
use serde_json::Value;

use crate::act::{STAGES, word_of};
use crate::facts::Catalogue;
use crate::format::{Counted, Elapsed, Expectation, Fact, duration};

/// Facts of the same name that are told when none is the one meant.
const OTHERS_MAX: usize = 3;

/// A timeline, and since when the story's own times count.
#[derive(Clone, Copy)]
struct Told<'t> {
    begins: Timestamp,
    timeline: &'t [TimelineEntry],
}

/// Differences of one expectation.
pub fn differences(
    expected: &Expectation,
    begins: Timestamp,
    case: &Case,
    names: &BTreeMap<String, String>,
) -> Vec<String> {
    let told = Told { begins, timeline: &case.timeline };
    let summary = case.summary.clone().unwrap_or_default();
    let mut found = Vec::new();
    let mut field = |name: &str, wanted: Option<&String>, is: &str| {
        if let Some(wanted) = wanted
            && wanted != is
        {
            found.push(format!("{name}: expected {wanted}, is {}", if is.is_empty() { "nothing" } else { is }));
        }
    };
    field("state", expected.state.as_ref(), &summary.state);
    field("level", expected.level.as_ref(), &summary.level);
    field("outcome", expected.outcome.as_ref(), &summary.outcome);
    field("owner", expected.owner.as_ref(), &summary.owner);
    field("category", expected.category.as_ref(), &summary.category);
    if let Some(parent) = &expected.related_to {
        let wanted = names.get(parent).cloned().unwrap_or_else(|| format!("(no case {parent})"));
        field("related_to", Some(&wanted), &case.related_case);
    }
    let stages: Vec<&str> = case.stages.iter().filter_map(|reached| word_of(reached.stage, STAGES)).collect();
    if !expected.stages.is_empty() && expected.stages != stages {
        found.push(format!("stages: expected {}, are {}", expected.stages.join(", "), stages.join(", ")));
    }
    for (event, wanted) in &expected.events {
        let is = case.timeline.iter().filter(|entry| entry.event == *event).count();
        if is != *wanted {
            found.push(format!("events: expected {wanted} × {event}, found {is}"));
        }
    }
    found.extend(order(&expected.order, &case.timeline));
    found.extend(expected.elapsed.iter().filter_map(|elapsed| time_between(elapsed, told)));
    for fact in &expected.contains {
        if find(fact, told).is_none() {
            found.push(format!("contains: no {}{}", describe(fact), others(fact, told)));
        }
    }
    found.extend(scores(&expected.scores, &case.timeline));
    found
}

/// Differences of what was counted.
pub fn miscounted(expected: &Counted, is: &StatisticsResponse) -> Vec<String> {
    let mut found = Vec::new();
    let mut number = |what: String, wanted: Option<u64>, is: u64| {
        if let Some(wanted) = wanted
            && wanted != is
        {
            found.push(format!("statistics: {what}: expected {wanted}, is {is}"));
        }
    };
    number("received".to_owned(), expected.received, is.received);
    number("closed".to_owned(), expected.closed, is.closed);
    let levels = is.breakdowns.iter().find(|breakdown| breakdown.by == "level");
    for (level, wanted) in &expected.levels {
        let count = levels.and_then(|levels| levels.counts.iter().find(|count| count.value == *level));
        number(format!("level {level}"), Some(*wanted), count.map_or(0, |count| count.received));
    }
    for (code, wanted) in &expected.containment {
        match is.containment.iter().find(|containment| containment.code == *code) {
            Some(containment) if containment.share == *wanted => {}
            Some(containment) => {
                found.push(format!("statistics: {code}: expected {wanted} %, is {} %", containment.share));
            }
            None => found.push(format!("statistics: the charter does not count {code}")),
        }
    }
    if let Some(wanted) = &expected.below_target {
        let below = is.containment.iter().filter(|containment| containment.below_target);
        let below: Vec<&String> = below.map(|containment| &containment.code).collect();
        if below != wanted.iter().collect::<Vec<_>>() {
            found.push(format!("statistics: below the target: expected {wanted:?}, is {below:?}"));
        }
    }
    found
}

fn order(wanted: &[String], timeline: &[TimelineEntry]) -> Option<String> {
    let mut from = 0;
    for event in wanted {
        match timeline[from..].iter().position(|entry| entry.event == *event) {
            Some(position) => from += position + 1,
            None => return Some(format!("order: {event} does not come where expected in {}", wanted.join(" → "))),
        }
    }
    None
}

fn time_between(elapsed: &Elapsed, told: Told<'_>) -> Option<String> {
    let at = |fact: &Fact| find(fact, told).and_then(|entry| entry.at.time().ok());
    let what = format!("elapsed from {} to {}", describe(&elapsed.from), describe(&elapsed.to));
    let missing = |fact: &Fact| format!("{what}: there is no {}{}", describe(fact), others(fact, told));
    let Some(from) = at(&elapsed.from) else { return Some(missing(&elapsed.from)) };
    let Some(to) = at(&elapsed.to) else { return Some(missing(&elapsed.to)) };
    let is = rounded(to) - rounded(from);
    let bound = |text: &Option<String>| text.as_ref().map(|text| duration(text));
    let wrong = |holds: fn(SignedDuration, SignedDuration) -> bool, text: &Option<String>| match bound(text) {
        None => false,
        Some(Ok(bound)) => !holds(is, bound),
        Some(Err(_)) => true,
    };
    if wrong(|is, wanted| is == wanted, &elapsed.is) {
        return Some(format!("{what}: expected {}, is {is:#}", elapsed.is.clone().unwrap_or_default()));
    }
    if wrong(|is, wanted| is <= wanted, &elapsed.at_most) {
        return Some(format!("{what}: expected at most {}, is {is:#}", elapsed.at_most.clone().unwrap_or_default()));
    }
    if wrong(|is, wanted| is >= wanted, &elapsed.at_least) {
        return Some(format!("{what}: expected at least {}, is {is:#}", elapsed.at_least.clone().unwrap_or_default()));
    }
    None
}

/// A difference of two instants in whole minutes: between jumps the clock runs at real speed, and a story does not
/// count the seconds its own playing takes.
struct Minutes(i64);

fn rounded(at: Timestamp) -> Minutes {
    Minutes(at.as_second().div_euclid(60))
}

impl std::ops::Sub for Minutes {
    type Output = SignedDuration;

    fn sub(self, other: Self) -> SignedDuration {
        SignedDuration::from_mins(self.0 - other.0)
    }
}

fn scores(wanted: &BTreeMap<String, String>, timeline: &[TimelineEntry]) -> Vec<String> {
    let mut found = Vec::new();
    for (party, wanted) in wanted {
        let is = timeline.iter().rev().filter(|entry| entry.event == "Scored").find_map(|entry| {
            let detail: Value = serde_json::from_str(&entry.detail_json).ok()?;
            (detail.get("party")?.as_str()? == party)
                .then(|| detail.get("total").and_then(Value::as_str).map(str::to_owned))?
        });
        match is {
            Some(is) if is == *wanted => {}
            Some(is) => found.push(format!("scores: {party} expected {wanted}, has {is}")),
            None => found.push(format!("scores: {party} expected {wanted}, has none")),
        }
    }
    found
}

fn find<'t>(fact: &Fact, told: Told<'t>) -> Option<&'t TimelineEntry> {
    told.timeline.iter().find(|entry| matches(fact, told.begins, entry))
}

fn matches(fact: &Fact, begins: Timestamp, entry: &TimelineEntry) -> bool {
    if entry.event != fact.event() {
        return false;
    }
    match fact {
        Fact::Named(_) => true,
        Fact::Detailed { with, .. } => {
            let detail: Value = serde_json::from_str(&entry.detail_json).unwrap_or_default();
            Catalogue::of_the_contracts().holds((&entry.owner, &entry.event), begins, &detail, with)
        }
    }
}

/// What the facts of that name say instead, so that a story can be mended without looking the case up.
fn others(fact: &Fact, told: Told<'_>) -> String {
    let Fact::Detailed { event, with } = fact else { return String::new() };
    let said = |entry: &TimelineEntry| {
        let detail: Value = serde_json::from_str(&entry.detail_json).unwrap_or_default();
        let fields = with.keys().map(|field| match detail.get(field) {
            Some(value) => format!("{field} = {value}"),
            None => format!("no {field}"),
        });
        fields.collect::<Vec<_>>().join(", ")
    };
    let found: Vec<String> =
        told.timeline.iter().filter(|entry| entry.event == *event).take(OTHERS_MAX).map(said).collect();
    if found.is_empty() { format!("; there is no {event}") } else { format!("; there is {}", found.join(" and ")) }
}

fn describe(fact: &Fact) -> String {
    match fact {
        Fact::Named(event) => event.clone(),
        Fact::Detailed { event, with } => {
            let with: Vec<String> = with.iter().map(|(field, value)| format!("{field} = {value}")).collect();
            format!("{event} with {}", with.join(", "))
        }
    }
}
