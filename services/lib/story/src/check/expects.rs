//! The expectations of a story: events and fields there are, cases that steps have named.

use charter::Charter;
use jiff::Timestamp;
use serde_json::Value;

use super::nearest::unknown;
use super::steps::Named;
use super::{Faults, bad_time, codes};
use crate::act::words_of;
use crate::facts::{Catalogue, Event, Field, Form, form, means};
use crate::format::{Expectation, Fact, Story, duration};

/// As `huying case list` shows them.
const STATES: [&str; 8] =
    ["received", "queued", "assigned", "called", "joint-enforcement", "resolved", "reopened", "closed"];
/// As `huying powers list` shows them.
const POWER_STATES: [&str; 14] = [
    "drawn-up",
    "carried-out",
    "changed",
    "finished",
    "dropped",
    "open",
    "adopted",
    "partly",
    "not-adopted",
    "withdrawn",
    "sent",
    "replied",
    "expired",
    "decided",
];
const POLL_OUTCOMES: [&str; 4] = ["passed", "failed", "no-quorum", "open"];

pub fn check(story: &Story, begins: Timestamp, charter: Option<&Charter>, named: &Named, faults: &mut Faults) {
    if story.expect.is_empty() {
        faults.at("expect:", "a story expects something: add `expect:`");
    }
    for (number, expected) in story.expect.iter().enumerate() {
        if expected.case.is_empty() && !expected.says_more_than_a_case() {
            faults.in_expectation(
                number,
                "",
                "name a `case`, or one of `cases`, `statistics`, `polls`, `ballots`, `officers`, `powers`",
            );
        }
        own_names(number, expected, named, faults);
        let lookers = expected.powers.iter().map(|end| &end.seen_by).filter(|actor| !actor.is_empty());
        for actor in lookers.filter(|actor| !story.actors.contains_key(*actor)) {
            let actors = story.actors.keys().map(String::as_str);
            faults.in_expectation(number, actor, unknown("actor of this story", actor, actors));
        }
        words(number, expected, faults);
        facts(number, Reader { begins, charter }, expected, faults);
        times(number, begins, expected, faults);
        if let Some(charter) = charter {
            charter_words(number, expected, charter, faults);
        }
    }
}

fn own_names(number: usize, expected: &Expectation, named: &Named, faults: &mut Faults) {
    let cases = || named.cases.iter().map(String::as_str);
    for case in
        [Some(&expected.case).filter(|case| !case.is_empty()), expected.related_to.as_ref()].into_iter().flatten()
    {
        if !named.cases.contains(case) {
            faults.in_expectation(number, case, unknown("case that a step has named", case, cases()));
        }
    }
    for poll in expected.polls.keys().filter(|poll| !named.polls.contains(*poll)) {
        let polls = named.polls.iter().map(String::as_str);
        faults.in_expectation(number, poll, unknown("poll that a step has opened", poll, polls));
    }
    for ballot in expected.ballots.keys().filter(|ballot| !named.ballots.contains(*ballot)) {
        let ballots = named.ballots.iter().map(String::as_str);
        faults.in_expectation(number, ballot, unknown("ballot that a step has opened", ballot, ballots));
    }
    for officer in
        expected.officers.iter().map(|seen| &seen.officer).filter(|officer| !named.officers.contains(*officer))
    {
        let officers = named.officers.iter().map(String::as_str);
        faults.in_expectation(number, officer, unknown("officer that a step has registered", officer, officers));
    }
    for power in expected.powers.iter().map(|end| &end.power).filter(|power| !named.powers.contains(*power)) {
        let powers = named.powers.iter().map(String::as_str);
        let said = unknown("project, suggestion or letter that a step has begun", power, powers);
        faults.in_expectation(number, power, said);
    }
}

fn words(number: usize, expected: &Expectation, faults: &mut Faults) {
    let mut word = |field: &str, is: Option<&String>, known: Vec<&'static str>| {
        if let Some(is) = is.filter(|is| !known.contains(&is.as_str())) {
            faults.in_expectation(number, is, unknown(field, is, known));
        }
    };
    word("state", expected.state.as_ref(), STATES.to_vec());
    word("level", expected.level.as_ref(), words_of("", "level").unwrap_or_default());
    word("outcome", expected.outcome.as_ref(), words_of("", "outcome").unwrap_or_default());
    for stage in &expected.stages {
        word("stage", Some(stage), words_of("", "stages").unwrap_or_default());
    }
    for end in expected.polls.values() {
        word("outcome of a poll", end.outcome.as_ref(), POLL_OUTCOMES.to_vec());
    }
    for end in &expected.powers {
        word("state of a power", end.state.as_ref(), POWER_STATES.to_vec());
    }
    if let Some(counted) = &expected.statistics {
        let class = Some(&counted.class).filter(|class| !class.is_empty());
        word("class", class, words_of("", "class").unwrap_or_default());
        for level in counted.levels.keys() {
            word("level", Some(level), words_of("", "level").unwrap_or_default());
        }
    }
}

/// What the fields of a fact are read by. Without a charter their codes are not looked at.
#[derive(Clone, Copy)]
struct Reader<'r> {
    begins: Timestamp,
    charter: Option<&'r Charter>,
}

fn facts(number: usize, reader: Reader<'_>, expected: &Expectation, faults: &mut Faults) {
    for name in expected.events.keys() {
        event(number, name, faults);
    }
    let bounds = expected.elapsed.iter().flat_map(|elapsed| [&elapsed.from, &elapsed.to]);
    let facts = expected.order.iter().chain(&expected.contains).chain(&expected.absent).chain(bounds);
    for fact in facts.chain(expected.cases.iter().filter_map(|cases| cases.event.as_ref())) {
        fact_of(number, reader, fact, faults);
    }
    for count in &expected.count {
        fact_of(number, reader, &count.fact(), faults);
        if count.is.is_none() && count.at_most.is_none() && count.at_least.is_none() {
            faults.in_expectation(number, "count", "count says no number: add is, at_most or at_least");
        }
    }
}

fn fact_of(number: usize, reader: Reader<'_>, fact: &Fact, faults: &mut Faults) {
    if !event(number, &fact.event, faults) {
        return;
    }
    let events: Vec<&Event> = Catalogue::of_the_contracts().named(&fact.event).collect();
    for (name, wanted) in &fact.with {
        let mut said: Vec<Option<String>> =
            events.iter().map(|event| field_fault(&event.name, &event.fields, reader, name, wanted)).collect();
        // Two services may use the same word; what is right for one of them is right.
        if !said.contains(&None)
            && let Some(said) = said.swap_remove(0)
        {
            faults.in_expectation(number, name, said);
        }
    }
}

/// Whether there is such an event; if not, that is a fault.
fn event(number: usize, name: &str, faults: &mut Faults) -> bool {
    let names = Catalogue::of_the_contracts().names();
    let known = names.contains(name);
    if !known {
        let said = unknown("event", name, names);
        faults.in_expectation(number, name, format!("{said} (tests/stories/EVENTS.md lists them)"));
    }
    known
}

fn field_fault(of: &str, fields: &[Field], reader: Reader<'_>, name: &str, wanted: &Value) -> Option<String> {
    let Some(field) = fields.iter().find(|field| field.name == name) else {
        return Some(unknown(&format!("field of {of}"), name, fields.iter().map(|field| field.name.as_str())));
    };
    let elements = wanted.as_array().filter(|_| field.many);
    let wanted: Vec<&Value> = elements.map_or_else(|| vec![wanted], |elements| elements.iter().collect());
    wanted.into_iter().find_map(|wanted| value_fault(field, reader, wanted))
}

fn value_fault(field: &Field, reader: Reader<'_>, wanted: &Value) -> Option<String> {
    let wrong = || Some(format!("{} = {wanted}: it is {}", field.name, form(field)));
    match (&field.form, wanted) {
        (Form::Word(words), Value::String(text)) if means(words, text).is_none() && !text.is_empty() => {
            Some(unknown(&field.name, text, words.iter().map(|word| word.short.as_str())))
        }
        (Form::Instant, Value::String(text)) => bad_time(reader.begins, text).filter(|_| !text.is_empty()),
        (Form::Text, Value::String(code)) => codes::in_fact(&field.name, code, reader.charter?),
        (Form::Part(part), Value::Object(inside)) => {
            let fields = Catalogue::of_the_contracts().part(part);
            let of = part.rsplit('.').next().unwrap_or(part);
            inside.iter().find_map(|(name, wanted)| field_fault(of, fields, reader, name, wanted))
        }
        (Form::Part(part), Value::String(_) | Value::Number(_)) => {
            Catalogue::of_the_contracts().part(part).first().and_then(|first| value_fault(first, reader, wanted))
        }
        (Form::Part(_), _) | (Form::Truth, Value::String(_) | Value::Number(_)) => wrong(),
        (Form::Text | Form::Number | Form::Truth | Form::Word(_) | Form::Instant, _) => None,
    }
}

fn times(number: usize, begins: Timestamp, expected: &Expectation, faults: &mut Faults) {
    for elapsed in &expected.elapsed {
        for text in [&elapsed.is, &elapsed.at_most, &elapsed.at_least].into_iter().flatten() {
            if let Err(error) = duration(text) {
                faults.in_expectation(number, text, format!("{error:#}"));
            }
        }
        if elapsed.is.is_none() && elapsed.at_most.is_none() && elapsed.at_least.is_none() {
            faults.in_expectation(number, "elapsed", "elapsed says nothing of the time: add is, at_most or at_least");
        }
    }
    let counted = expected.cases.iter().flat_map(|cases| [&cases.from, &cases.to]);
    let statistics = expected.statistics.iter().flat_map(|counted| [&counted.from, &counted.until]);
    for text in counted.chain(statistics).flatten() {
        if let Some(said) = bad_time(begins, text) {
            faults.in_expectation(number, text, said);
        }
    }
}

fn charter_words(number: usize, expected: &Expectation, charter: &Charter, faults: &mut Faults) {
    for party in expected.owner.iter().chain(expected.scores.keys()) {
        codes::expected(number, "party", party, charter, faults);
    }
    let categories = expected.category.iter().chain(expected.cases.iter().filter_map(|cases| cases.category.as_ref()));
    for category in categories {
        codes::expected(number, "category", category, charter, faults);
    }
    let waited = expected.powers.iter().filter_map(|end| end.waits_for.as_ref()).flatten();
    let answered = expected.powers.iter().filter_map(|end| end.answers.as_ref()).flat_map(|said| said.keys());
    for unit in expected.officers.iter().map(|seen| &seen.seen_by).chain(waited).chain(answered) {
        codes::expected(number, "party", unit, charter, faults);
    }
    let Some(counted) = &expected.statistics else { return };
    let ways: Vec<&str> = charter.containment().definitions.iter().map(|way| way.code.as_str()).collect();
    for way in counted.containment.keys().chain(counted.below_target.iter().flatten()) {
        if !ways.contains(&way.as_str()) {
            faults.in_expectation(number, way, unknown("way of counting of this charter", way, ways.iter().copied()));
        }
    }
}
