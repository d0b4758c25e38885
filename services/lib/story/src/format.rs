//! The form of a story file. `tests/stories/README.md` documents it for those who write one.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Cases that one step may submit: some 30 s of playing.
const TIMES_MAX: u32 = 5000;

/// One worked example.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// Its number in the requirements, e.g. `S17`.
    pub story: String,
    pub title: String,
    /// Where the example comes from.
    #[serde(default)]
    pub source: String,
    pub district: String,
    /// RFC 3339 with offset: the instant that steps count from.
    pub begins: String,
    pub actors: BTreeMap<String, ActorSpec>,
    pub steps: Vec<Step>,
    pub expect: Vec<Expectation>,
}

/// Somebody who acts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorSpec {
    /// caller, bridge, grid, community, street, enforcement-center, department, district.
    pub role: String,
    /// Code of the party; callers have none.
    #[serde(default)]
    pub party: String,
    #[serde(default)]
    pub staff: String,
}

/// Something somebody does at some time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `+15m`, `+1d2h`, or RFC 3339.
    pub at: String,
    /// Name of an actor.
    pub actor: String,
    #[serde(rename = "do")]
    pub action: String,
    /// The story's own name for a case; `submit` and `find-related` give it.
    #[serde(default)]
    pub case: String,
    /// Of `submit`: so many cases alike, all under that name. What is done to the name later is done to each.
    #[serde(default)]
    pub times: Option<u32>,
    /// What the action needs.
    #[serde(default, deserialize_with = "said")]
    pub with: BTreeMap<String, Value>,
    /// The rule that must refuse this step.
    #[serde(default)]
    pub refused: Option<String>,
}

/// What is `null` is not said, as at every other door.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let mut with = BTreeMap::<String, Value>::deserialize(deserializer)?;
    with.retain(|_, value| says_something(value));
    Ok(with)
}

fn says_something(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => fields.retain(|_, value| says_something(value)),
        Value::Array(elements) => elements.retain_mut(says_something),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    !value.is_null()
}

/// What must have come of it: of a case (of each, when the name stands for many), or of all cases of a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    pub case: String,
    pub statistics: Option<Counted>,
    pub state: Option<String>,
    pub level: Option<String>,
    pub outcome: Option<String>,
    pub owner: Option<String>,
    pub category: Option<String>,
    /// Events by name, and how often exactly.
    pub events: BTreeMap<String, usize>,
    /// Facts that come in this order, each the first of its kind after the one before it.
    pub order: Vec<Fact>,
    pub elapsed: Vec<Elapsed>,
    /// Facts that must be on the timeline.
    pub contains: Vec<Fact>,
    /// Facts that must not be.
    pub absent: Vec<Fact>,
    /// How often facts must be there.
    pub count: Vec<FactCount>,
    /// The stages it has been at, in the order in which it first came to them; exactly these.
    pub stages: Vec<String>,
    /// Scores by party, as decimals.
    pub scores: BTreeMap<String, String>,
    /// The case on whose site this one was found.
    pub related_to: Option<String>,
    /// Instead of a `case`: how many there were.
    pub cases: Option<CaseCount>,
    /// How polls ended, by the story's names for them; beside a `case` or instead of one.
    pub polls: BTreeMap<String, PollEnd>,
    /// How ballots came out, by the story's names for them; beside a `case` or instead of one.
    pub ballots: BTreeMap<String, BallotEnd>,
    /// Whose officers are, as a unit sees it on a day; beside a `case` or instead of one.
    pub officers: Vec<Sighting>,
    /// What the powers of streets have under way, as somebody sees it; beside a `case` or instead of one.
    pub powers: Vec<PowerEnd>,
}

/// An officer as one unit sees them on one day; what is left out is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sighting {
    pub officer: String,
    pub seen_by: String,
    /// A day, e.g. 2023-07-03; empty: the last one of the story.
    pub on: String,
    pub owned_by: Option<String>,
    pub managed_by: Option<String>,
    pub used_by: Option<String>,
    pub assessed_by: Option<String>,
    pub seconded_from: Option<String>,
    pub licence: Option<Vec<String>>,
    /// The unit has nothing to do with them.
    pub absent: bool,
}

/// A project, suggestion or letter as it is listed; what is left out is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PowerEnd {
    /// The story's name for it.
    pub power: String,
    /// An actor; empty: an operator.
    pub seen_by: String,
    pub state: Option<String>,
    pub waits_for: Option<Vec<String>>,
    /// By unit, as `huying powers list` shows them.
    pub answers: Option<BTreeMap<String, String>>,
    /// A letter has its number.
    pub numbered: Option<bool>,
    /// It is not in this list.
    pub absent: bool,
}

/// What came of a poll; what is left out is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PollEnd {
    /// passed, failed, no-quorum; open while it is not closed.
    pub outcome: Option<String>,
    pub households: Option<u32>,
    /// How many agreed.
    pub agreed: Option<u32>,
    pub disagreed: Option<u32>,
    pub abstained: Option<u32>,
    pub refused: Option<u32>,
    pub not_heard: Option<u32>,
}

/// What came of a ballot; what is left out is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BallotEnd {
    /// Communities that marked.
    pub votes: Option<u32>,
    pub appeals: Option<u32>,
    /// How often it was published: once, and once more for each correction.
    pub publications: Option<u32>,
    /// By unit, as published last; empty: nobody marked it.
    pub scores: BTreeMap<String, String>,
}

impl Expectation {
    /// Whether something is expected that is no case's own.
    pub fn says_more_than_a_case(&self) -> bool {
        let named = !self.polls.is_empty() || !self.ballots.is_empty() || !self.officers.is_empty();
        named || !self.powers.is_empty() || self.cases.is_some() || self.statistics.is_some()
    }
}

/// How many cases of the story were received in some time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseCount {
    #[serde(default)]
    pub category: Option<String>,
    /// As `at`; included.
    #[serde(default)]
    pub from: Option<String>,
    /// As `at`; not included.
    #[serde(default)]
    pub to: Option<String>,
    /// Only those on whose timeline this fact stands.
    #[serde(default)]
    pub event: Option<Fact>,
    pub count: usize,
}

/// What the casebook's statistics must say of the story's own cases that were received within a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counted {
    /// As `at` of a step; left out: from the story's beginning.
    pub from: Option<String>,
    /// Left out: until now.
    pub until: Option<String>,
    /// resident, grassroots or enterprise; left out: all.
    pub class: String,
    pub received: Option<u64>,
    pub closed: Option<u64>,
    /// Cases received, by level.
    pub levels: BTreeMap<String, u64>,
    /// Percent solved at the street or below, by the charter's way of counting, e.g. `within-the-street: "90.24"`.
    pub containment: BTreeMap<String, String>,
    /// The ways of counting that miss the charter's target.
    pub below_target: Option<Vec<String>>,
}

/// Time between the first `from` and the first `to`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elapsed {
    pub from: Fact,
    pub to: Fact,
    #[serde(default)]
    pub is: Option<String>,
    #[serde(default)]
    pub at_most: Option<String>,
    #[serde(default)]
    pub at_least: Option<String>,
}

/// How often a fact is there: at least one of the bounds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactCount {
    pub event: String,
    #[serde(default)]
    pub with: BTreeMap<String, Value>,
    #[serde(default)]
    pub is: Option<usize>,
    #[serde(default)]
    pub at_most: Option<usize>,
    #[serde(default)]
    pub at_least: Option<usize>,
}

impl FactCount {
    pub fn fact(&self) -> Fact {
        Fact { event: self.event.clone(), with: self.with.clone() }
    }
}

/// An event by name, with those of its fields that matter: `Called`, or `{event: Called, with: {colour: red}}`.
#[derive(Clone, Debug)]
pub struct Fact {
    pub event: String,
    pub with: BTreeMap<String, Value>,
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FactVisitor)
    }
}

struct FactVisitor;

impl<'de> Visitor<'de> for FactVisitor {
    type Value = Fact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event's name, or {event: NAME, with: {FIELD: VALUE}}")
    }

    fn visit_str<E: Error>(self, event: &str) -> Result<Fact, E> {
        Ok(Fact { event: event.to_owned(), with: BTreeMap::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fact, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Detailed {
            event: String,
            #[serde(default)]
            with: BTreeMap<String, Value>,
        }
        let Detailed { event, with } = Detailed::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Fact { event, with })
    }
}

impl Step {
    /// Why it cannot be done so many times.
    pub fn fault_of_times(&self) -> Option<String> {
        let times = self.times?;
        if self.action != "submit" {
            return Some("only `submit` has `times`".to_owned());
        }
        if !(1..=TIMES_MAX).contains(&times) {
            return Some(format!("times is 1 to {TIMES_MAX}, not {times}"));
        }
        let shares = self.with.contains_key("external_ref");
        shares.then(|| "cases alike cannot share an external_ref; leave it out".to_owned())
    }
}

/// A file as YAML. Only `true` and `false` are flags: `y`, `no` and `on` are words, as a text may be.
///
/// # Errors
/// It is no YAML, or not of this form.
pub fn yaml<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

impl Story {
    /// The form alone.
    ///
    /// # Errors
    /// It is not that of a story.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        yaml(text).map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// # Errors
    /// Not the form of a story, or it contradicts itself.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let story = Self::read(text)?;
        if let Some((line, number)) = charter::odd_numbers(text).into_iter().next() {
            bail!("line {line}: {}", odd_number(&number));
        }
        let begins = story.begins()?;
        let mut before = begins;
        for (number, step) in (1..).zip(&story.steps) {
            let what = || format!("step {number} ({})", step.action);
            ensure!(story.actors.contains_key(&step.actor), "{}: there is no actor {:?}", what(), step.actor);
            let at = instant(begins, &step.at).with_context(what)?;
            ensure!(at >= before, "{}: {} is before the step before it", what(), step.at);
            before = at;
            if let Some(fault) = step.fault_of_times() {
                bail!("{}: {fault}", what());
            }
        }
        for (number, expected) in (1..).zip(&story.expect) {
            ensure!(
                !expected.case.is_empty() || expected.says_more_than_a_case(),
                "expect {number}: name a `case`, or one of `cases`, `statistics`, `polls`, `ballots`, `officers`, `powers`"
            );
        }
        for count in story.expect.iter().filter_map(|expected| expected.cases.as_ref()) {
            for bound in [&count.from, &count.to].into_iter().flatten() {
                instant(begins, bound).context("cases")?;
            }
        }
        ensure!(!story.expect.is_empty(), "a story expects something: add `expect:`");
        Ok(story)
    }

    /// # Errors
    /// `begins` is not an instant.
    pub fn begins(&self) -> anyhow::Result<Timestamp> {
        self.begins.parse().with_context(|| format!("begins: {:?} is not RFC 3339 with an offset", self.begins))
    }
}

/// What to write instead of a number that others would read otherwise.
pub fn odd_number(number: &str) -> String {
    format!(
        "{number} is read differently by different programs: write digits, as in 17 or 0.9, or quote what is a text"
    )
}

/// An instant as a step says it.
pub fn instant(begins: Timestamp, text: &str) -> anyhow::Result<Timestamp> {
    match text.strip_prefix('+') {
        Some(after) => Ok(begins.checked_add(duration(after)?)?),
        None => text.parse().with_context(|| format!("at: {text:?} is neither +1h30m nor RFC 3339")),
    }
}

/// `1d2h30m15s`, each part optional.
pub fn duration(text: &str) -> anyhow::Result<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut number = String::new();
    for character in text.trim().chars() {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        let amount: i64 = number.parse().with_context(|| format!("{text:?} is not a duration like 1d2h30m"))?;
        number.clear();
        total += match character {
            'd' => SignedDuration::from_hours(24 * amount),
            'h' => SignedDuration::from_hours(amount),
            'm' => SignedDuration::from_mins(amount),
            's' => SignedDuration::from_secs(amount),
            _ => bail!("{text:?} is not a duration like 1d2h30m: {character:?} is no unit"),
        };
    }
    ensure!(number.is_empty(), "{text:?} is not a duration like 1d2h30m: the last number has no unit");
    Ok(total)
}
