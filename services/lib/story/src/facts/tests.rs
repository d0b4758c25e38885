#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::Catalogue;

fn holds(event: (&str, &str), detail: &Value, wanted: &Value) -> bool {
    let begins = "2019-06-17T08:30:00+08:00".parse().unwrap();
    let wanted: BTreeMap<String, Value> = serde_json::from_value(wanted.clone()).unwrap();
    Catalogue::of_the_contracts().holds(event, begins, detail, wanted)
}

#[test]
fn a_story_writes_words_instants_and_zeros_as_it_means_them() {
    let overdue = json!({"clock": "CLOCK_REPORT_IN", "call": 1, "party": "wuchang-water",
        "due": "2019-06-17T02:30:00.031Z"});
    let event = ("dispatch", "Overdue");
    assert!(holds(event, &overdue, &json!({"clock": "report-in", "call": 1})));
    assert!(holds(event, &overdue, &json!({"clock": "CLOCK_REPORT_IN"})));
    assert!(holds(event, &overdue, &json!({"due": "+2h", "task": 0})));
    assert!(!holds(event, &overdue, &json!({"clock": "response"})));
    assert!(!holds(event, &overdue, &json!({"due": "+3h"})));
    assert!(!holds(event, &overdue, &json!({"clok": "report-in"})), "what is no field holds of nothing");
    assert!(holds(("enforcement-center", "Reinspected"), &json!({"notice": 1}), &json!({"passed": false})));
    assert!(holds(
        ("dispatch", "Assigned"),
        &json!({"level": "LEVEL_B2", "graded_by": "1"}),
        &json!({"level": "B2", "graded_by": 1})
    ));
}

#[test]
fn one_of_a_list_or_exactly_the_list() {
    let called = json!({"parties": [{"party": "wuchang-water", "duty": "DUTY_LEAD"}, {"party": "wuchang-fire"}]});
    let event = ("dispatch", "Called");
    assert!(holds(event, &called, &json!({"parties": {"party": "wuchang-fire"}})));
    assert!(holds(event, &called, &json!({"parties": "wuchang-fire"})), "by what it is known by");
    assert!(!holds(event, &called, &json!({"parties": "wuchang-police"})));
    assert!(holds(event, &called, &json!({"parties": [{"duty": "lead"}, {"party": "wuchang-fire"}]})));
    assert!(!holds(event, &called, &json!({"parties": [{"party": "wuchang-fire"}]})));
    assert!(!holds(event, &called, &json!({"parties": {"party": "wuchang-fire", "duty": "lead"}})));
}

#[test]
fn the_page_of_events_is_what_the_contracts_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/stories/EVENTS.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == Catalogue::of_the_contracts().markdown(),
        "tests/stories/EVENTS.md is not what `huying story events` prints; write it anew"
    );
}

/// A timeline shows every fact by its name; this holds it to putting every one into words as well.
#[test]
fn a_timeline_puts_every_event_of_the_contracts_into_words() {
    let timeline = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../casebook/src/timeline");
    let sources: String = std::fs::read_dir(timeline)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let told: BTreeSet<&str> = sources
        .split("(&mut self, ")
        .skip(1)
        .filter_map(|rest| rest.split_once(") -> Told")?.0.split_once(": &"))
        .map(|(_, fact)| fact)
        .collect();
    assert_eq!(told, Catalogue::of_the_contracts().names());
}
