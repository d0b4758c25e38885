#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
//! Whoever writes stories reads `tests/stories/README.md`: every verb, field and expectation there is stands in it, and
//! no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::act::{APART_VERBS, VERBS, form};
use crate::check::ROLES;
use crate::format::Expectation;

const PAGE: &str = include_str!("../../../../tests/stories/README.md");

/// Between two headings.
fn section(name: &str) -> &'static str {
    let after = PAGE.split(&format!("\n## {name}\n")).nth(1).unwrap();
    after.split("\n## ").next().unwrap()
}

/// The cells of the rows of a section's tables, heads and rules left out.
fn rows(section: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    lines.map(|line| line.split(" | ").collect::<Vec<_>>()).filter(|cells| cells[0].starts_with('`'))
}

fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The names that something inside braces gives: `[{from, to, is}]` has from, to and is.
fn names(text: &str) -> BTreeSet<String> {
    let split = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    split.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What a reader expects, as it says when it meets something else.
fn expected_by(said: &str) -> BTreeSet<String> {
    words(said).skip(1).map(str::to_owned).collect()
}

#[test]
fn it_has_a_row_for_every_verb_and_for_no_other() {
    let mut documented: Vec<&str> = rows(section("Steps")).flat_map(|row| words(row[0]).collect::<Vec<_>>()).collect();
    let mut verbs: Vec<&str> = VERBS.iter().chain(&APART_VERBS).copied().collect();
    documented.sort_unstable();
    verbs.sort_unstable();
    assert_eq!(documented, verbs);
}

#[test]
fn it_names_every_field_of_a_verb_and_sets_off_those_that_are_needed() {
    let rows: Vec<Vec<&str>> = rows(section("Steps")).collect();
    let row_of = |verb: &str| rows.iter().find(|row| words(row[0]).any(|word| word == verb)).unwrap();
    for verb in VERBS.iter().chain(&APART_VERBS) {
        let row = row_of(verb);
        let mut said: String = row[2..].join(" | ");
        if let Some((_, other)) =
            said.split_once("as `").filter(|(_, other)| form(other.split('`').next().unwrap()).is_some())
        {
            said = format!("{said} {}", row_of(other.split('`').next().unwrap())[2..].join(" | "));
        }
        let form = form(verb).unwrap();
        let unknown: Map<String, Value> = Map::from_iter([("?".to_owned(), json!(0))]);
        let accepted = expected_by(&(form.read)(unknown).unwrap_err().to_string());
        let named: BTreeSet<String> = words(&said).flat_map(names).collect();
        let missing: Vec<&String> = accepted.difference(&named).collect();
        assert!(missing.is_empty(), "{verb}: the page does not name {missing:?}");
        let bold = |text: &str| {
            text.split("**`")
                .skip(1)
                .filter_map(|rest| Some(rest.split('`').next()?.to_owned()))
                .collect::<BTreeSet<_>>()
        };
        let needs: BTreeSet<String> = form.needs.iter().map(|&need| need.to_owned()).collect();
        let set_off: BTreeSet<String> = bold(&said).intersection(&accepted).cloned().collect();
        // Where several verbs share a row, words say for which of them a field is needed.
        if words(row[0]).count() == 1 {
            assert_eq!(set_off, needs, "{verb}: what is set off is what is needed");
        }
    }
}

#[test]
fn it_names_every_role() {
    let row = rows(section("Actors")).find(|row| row[0] == "`role`").unwrap();
    assert_eq!(words(row[1]).collect::<Vec<_>>(), ROLES);
}

#[test]
fn it_names_every_expectation_with_all_it_can_say() {
    let unknown = serde_json::from_value::<Expectation>(json!({ "?": 0 })).unwrap_err().to_string();
    let mut documented = BTreeMap::new();
    for row in rows(section("Expectations")) {
        for span in words(row[0]) {
            let (name, inside) = span.split_once(':').unwrap_or((span, ""));
            documented.insert(name.to_owned(), inside.to_owned());
        }
    }
    let known: BTreeSet<String> = expected_by(&unknown);
    let named: BTreeSet<String> = documented.keys().cloned().chain(["case".to_owned()]).collect();
    assert_eq!(named, known);
    let inside = [
        ("elapsed", json!({ "elapsed": [{ "?": 0 }] })),
        ("count", json!({ "count": [{ "?": 0 }] })),
        ("cases", json!({ "cases": { "?": 0 } })),
        ("statistics", json!({ "statistics": { "?": 0 } })),
        ("polls", json!({ "polls": { "name": { "?": 0 } } })),
        ("ballots", json!({ "ballots": { "name": { "?": 0 } } })),
        ("officers", json!({ "officers": [{ "?": 0 }] })),
        ("powers", json!({ "powers": [{ "?": 0 }] })),
    ];
    for (name, wrong) in inside {
        let said = serde_json::from_value::<Expectation>(wrong).unwrap_err().to_string();
        let documented: BTreeSet<String> = names(&documented[name]).into_iter().filter(|word| word != "name").collect();
        assert_eq!(documented, expected_by(&said), "{name}");
    }
}
