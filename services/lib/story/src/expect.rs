//! What came of a story, compared with what must have come of it. Every difference is a sentence.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::casebook::v1::{Case, StatisticsResponse, TimelineEntry};
use serde_json::Value;

use crate::act::{STAGES, word_of};
use crate::facts::{Catalogue, Clock};
use crate::format::{Counted, Elapsed, Expectation, Fact, FactCount, duration};

/// Facts of the same name that are told when none is the one meant.
const OTHERS_MAX: usize = 3;

/// A timeline, and the clock the story's own times go by.
#[derive(Clone, Copy)]
struct Told<'t> {
    clock: Clock<'t>,
    timeline: &'t [TimelineEntry],
}

/// Differences of one expectation.
pub fn differences(
    expected: &Expectation,
    clock: Clock<'_>,
    case: &Case,
    names: &BTreeMap<String, String>,
) -> Vec<String> {
    let told = Told { clock, timeline: &case.timeline };
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
    found.extend(order(&expected.order, told));
    found.extend(expected.elapsed.iter().filter_map(|elapsed| time_between(elapsed, told)));
    for fact in &expected.contains {
        if find(fact, told).is_none() {
            found.push(format!("contains: no {}{}", describe(fact, clock), others(fact, told)));
        }
    }
    for fact in &expected.absent {
        if let Some(entry) = find(fact, told) {
            let at = entry.at.time().map_or_else(|_| String::new(), |at| format!(" at {}", clock.told(at)));
            found.push(format!("absent: there is {}{at}", describe(fact, clock)));
        }
    }
    found.extend(expected.count.iter().filter_map(|count| miscount(count, told)));
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

fn order(wanted: &[Fact], told: Told<'_>) -> Option<String> {
    let mut rest = told.timeline;
    let mut before: Option<&Fact> = None;
    for fact in wanted {
        let Some(position) = rest.iter().position(|entry| matches(fact, told.clock.begins, entry)) else {
            let after = before.map(|before| format!(" after {}", describe(before, told.clock))).unwrap_or_default();
            let said = describe(fact, told.clock);
            return Some(format!("order: no {said}{after}{}", others(fact, Told { timeline: rest, ..told })));
        };
        rest = rest.get(position + 1..).unwrap_or_default();
        before = Some(fact);
    }
    None
}

/// How often a fact is there, if not as often as it must be.
fn miscount(wanted: &FactCount, told: Told<'_>) -> Option<String> {
    let fact = wanted.fact();
    let is = told.timeline.iter().filter(|entry| matches(&fact, told.clock.begins, entry)).count();
    let said = match *wanted {
        FactCount { is: Some(wanted), .. } if is != wanted => wanted.to_string(),
        FactCount { at_most: Some(most), .. } if is > most => format!("at most {most}"),
        FactCount { at_least: Some(least), .. } if is < least => format!("at least {least}"),
        FactCount { .. } => return None,
    };
    Some(format!("count: expected {said} × {}, found {is}", describe(&fact, told.clock)))
}

fn time_between(elapsed: &Elapsed, told: Told<'_>) -> Option<String> {
    let at = |fact: &Fact| find(fact, told).and_then(|entry| entry.at.time().ok());
    let clock = told.clock;
    let what = format!("elapsed from {} to {}", describe(&elapsed.from, clock), describe(&elapsed.to, clock));
    let missing = |fact: &Fact| format!("{what}: there is no {}{}", describe(fact, clock), others(fact, told));
    let Some(from) = at(&elapsed.from) else { return Some(missing(&elapsed.from)) };
    let Some(to) = at(&elapsed.to) else { return Some(missing(&elapsed.to)) };
    let between = format!("({} to {})", clock.told(from), clock.told(to));
    let is = rounded(to) - rounded(from);
    let bound = |text: &Option<String>| text.as_ref().map(|text| duration(text));
    let wrong = |holds: fn(SignedDuration, SignedDuration) -> bool, text: &Option<String>| match bound(text) {
        None => false,
        Some(Ok(bound)) => !holds(is, bound),
        Some(Err(_)) => true,
    };
    if wrong(|is, wanted| is == wanted, &elapsed.is) {
        return Some(format!("{what}: expected {}, is {is:#} {between}", elapsed.is.clone().unwrap_or_default()));
    }
    if wrong(|is, wanted| is <= wanted, &elapsed.at_most) {
        return Some(format!(
            "{what}: expected at most {}, is {is:#} {between}",
            elapsed.at_most.clone().unwrap_or_default()
        ));
    }
    if wrong(|is, wanted| is >= wanted, &elapsed.at_least) {
        return Some(format!(
            "{what}: expected at least {}, is {is:#} {between}",
            elapsed.at_least.clone().unwrap_or_default()
        ));
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
    told.timeline.iter().find(|entry| matches(fact, told.clock.begins, entry))
}

pub(crate) fn matches(fact: &Fact, begins: Timestamp, entry: &TimelineEntry) -> bool {
    entry.event == fact.event
        && (fact.with.is_empty()
            || Catalogue::of_the_contracts().holds((&entry.owner, &entry.event), begins, &detail(entry), &fact.with))
}

fn detail(entry: &TimelineEntry) -> Value {
    serde_json::from_str(&entry.detail_json).unwrap_or_default()
}

/// What the facts of that name say instead, so that a story can be mended without looking the case up.
fn others(fact: &Fact, told: Told<'_>) -> String {
    if fact.with.is_empty() {
        return String::new();
    }
    let catalogue = Catalogue::of_the_contracts();
    let of_that_name = told.timeline.iter().filter(|entry| entry.event == fact.event).take(OTHERS_MAX);
    let found: Vec<String> =
        of_that_name.map(|entry| catalogue.told(&fact.event, told.clock, &detail(entry), fact.with.keys())).collect();
    if found.is_empty() {
        format!("; there is no {}", fact.event)
    } else {
        format!("; there is {}", found.join(" and "))
    }
}

pub(crate) fn describe(fact: &Fact, clock: Clock<'_>) -> String {
    if fact.with.is_empty() {
        return fact.event.clone();
    }
    format!("{} with {}", fact.event, Catalogue::of_the_contracts().wanted(&fact.event, clock, &fact.with))
}

#[cfg(test)]
mod tests;
