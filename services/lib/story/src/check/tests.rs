#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
use charter::Charter;

use super::faults;

const RIGHT: &str = r#"story: T1
title: a lamp
district: wuchang
begins: "2019-06-03T09:00:00+08:00"
actors:
  resident: { role: caller }
  office: { role: street, party: wuchang-liangdao-area-construction, staff: ld-0041 }
steps:
  - at: +0m
    actor: resident
    do: submit
    case: lamp
    with: { title: 路灯不亮, place: { party: wuchang-liangdao-tanhualin }, category: street-lights }
  - at: +1h
    actor: office
    do: resolve
    case: lamp
    with: { outcome: solved, evidence: [a.jpg] }
expect:
  - case: lamp
    state: resolved
    contains:
      - { event: Resolved, with: { outcome: solved } }
"#;

fn wuchang() -> Charter {
    Charter::shipped("wuchang").unwrap()
}

/// What is said after a change of one word, with its line.
fn said(right: &str, wrong: &str) -> String {
    assert!(RIGHT.contains(right), "{right}");
    let found = faults(&RIGHT.replacen(right, wrong, 1), Some(&wuchang()));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].to_string()
}

#[test]
fn what_is_right_has_no_fault() {
    assert_eq!(faults(RIGHT, Some(&wuchang())), []);
}

#[test]
fn what_is_null_is_not_said() {
    let silent = RIGHT.replacen(
        "{ title: 路灯不亮, place: {",
        "{ title: 路灯不亮, text: null, way: patrol, kind: null, place: { address: ~,",
        1,
    );
    assert_eq!(faults(&silent, Some(&wuchang())), []);
    let words = RIGHT.replacen("title: 路灯不亮", "title: y, text: no", 1);
    assert_eq!(faults(&words, Some(&wuchang())), [], "YAML's words for flags are words");
    assert!(said("category: street-lights", "way: grid").contains("\"grid\""));
}

#[test]
fn every_slip_is_named_with_its_line_and_what_may_have_been_meant() {
    let begins = |said: String, words: &str| assert!(said.starts_with(words), "{said}");
    begins(
        said("do: resolve", "do: resolv"),
        "16: step 2: \"resolv\" is no thing anybody can do; did you mean resolve",
    );
    begins(said("at: +1h", "at: 1h"), "14: step 2: ");
    begins(said("at: +0m", "at: +2h"), "14: step 2: +1h is before the step before it");
    begins(
        said("actor: office", "actor: ofice"),
        "15: step 2: \"ofice\" is no actor of this story; did you mean office",
    );
    begins(
        said("case: lamp\n    with: { outcome", "case: lamb\n    with: { outcome"),
        "17: step 2: \"lamb\" is no case",
    );
    begins(said("outcome: solved, evidence", "outcome: done, evidence"), "18: step 2: \"done\" is no outcome");
    begins(said("evidence: [a.jpg]", "evidnce: [a.jpg]"), "18: step 2: resolve with: unknown field `evidnce`");
    begins(
        said("street-lights }", "street-light }"),
        "13: step 1: \"street-light\" is no category; did you mean street-lights",
    );
    begins(
        said("liangdao-tanhualin }", "liangdao-tanhualing }"),
        "13: step 1: \"wuchang-liangdao-tanhualing\" is no party",
    );
    begins(said("area-construction", "area-constructions"), "7: \"wuchang-liangdao-area-constructions\" is no party");
    begins(said("role: street", "role: office"), "7: \"office\" is no role");
    begins(said("state: resolved", "state: solved"), "21: expect 1: \"solved\" is no state; did you mean resolved");
    begins(said("event: Resolved", "event: Resolvd"), "23: expect 1: \"Resolvd\" is no event; did you mean Resolved");
    begins(
        said("with: { outcome: solved } }", "with: { outcom: solved } }"),
        "23: expect 1: \"outcom\" is no field of Resolved",
    );
    begins(said("with: { outcome: solved } }", "with: { outcome: solvd } }"), "23: expect 1: \"solvd\" is no outcome");
    begins(
        said("- case: lamp\n    state", "- case: lamps\n    state"),
        "20: expect 1: \"lamps\" is no case that a step has named",
    );
    begins(said("district: wuchang", "distrikt: wuchang"), "3: ");
    begins(said("do: submit\n", "do: submit\n    times: 1_0\n"), "12: 1_0 is read differently");
    begins(said("do: submit\n", "do: submit\n    times: 0\n"), "12: step 1: times is 1 to 5000, not 0");
    let again = "  - { at: +0m, actor: resident, do: submit, case: lamp, with: { title: 又一盏 } }\n  - at: +1h\n";
    begins(said("  - at: +1h\n", again), "14: step 2: \"lamp\" is named by a step before this one");
}

#[test]
fn what_there_is_not_may_be_named_only_where_that_is_what_it_is_refused_for() {
    let refused = |rule: &str, party: &str| {
        let text = RIGHT.replace("do: resolve", &format!("do: assign\n    refused: {rule}"));
        let with = format!("{{ party: {party} }}");
        faults(&text.replace("{ outcome: solved, evidence: [a.jpg] }", &with), Some(&wuchang()))
    };
    assert_eq!(refused("known-party", "nobody"), []);
    assert_eq!(refused("not-the-owner", "wuchang-water"), []);
    // It would be refused for the department that is none, and the story would hold for the wrong reason.
    for rule in ["not-the-owner", "InvalidArgument", "PermissionDenied"] {
        let found = refused(rule, "wuchang-watr");
        assert!(found.len() == 1 && found[0].what.contains("did you mean wuchang-water"), "{rule}: {found:?}");
        assert!(found[0].what.contains("known-party"), "{found:?}");
    }
    let found = refused("known-partey", "wuchang-water");
    assert!(found[0].what.contains("did you mean known-party"), "{found:?}");
    let found = refused("because-i-say-so", "wuchang-water");
    assert!(found[0].what.contains("the nearest are: "), "{found:?}");
}

#[test]
fn facts_that_must_not_be_and_counts_are_read_as_closely_as_those_that_must() {
    let expected = |with: &str| {
        let text = RIGHT.replace("    contains:\n", &format!("    {with}\n    contains:\n"));
        faults(&text, Some(&wuchang())).into_iter().map(|fault| fault.what).collect::<Vec<_>>()
    };
    let right = [
        "absent: [Overdue, { event: Called, with: { parties: wuchang-water } }]",
        "count: [{ event: Resolved, with: { outcome: solved }, is: 1 }, { event: Called, at_most: 0 }]",
        "order: [Received, { event: Assigned, with: { category: street-lights } }, Resolved]",
        "cases: { event: { event: Resolved, with: { outcome: solved } }, count: 1 }",
    ];
    for with in right {
        assert_eq!(expected(with), <[String; 0]>::default(), "{with}");
    }
    let wrong = [
        ("absent: [Overdu]", "did you mean Overdue"),
        ("absent: [{ event: Called, with: { parties: wuchang-watr } }]", "did you mean wuchang-water"),
        ("absent: [{ event: Called, wiht: { call: 1 } }]", "unknown field"),
        ("count: [{ event: Resolved }]", "add is, at_most or at_least"),
        ("count: [{ event: Resolved, with: { outcom: solved }, is: 1 }]", "no field of Resolved"),
        ("order: [{ event: Assigned, with: { category: lights } }]", "\"lights\" is no category"),
        ("order: [{ event: Overdue, with: { clock: reply } }]", "\"reply\" is no clock"),
    ];
    for (with, said) in wrong {
        let found = expected(with);
        assert!(found.len() == 1 && found[0].contains(said), "{with}: {found:?}");
    }
}

#[test]
fn shipped_stories_have_no_fault() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/stories");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let district = text.lines().find_map(|line| line.strip_prefix("district: ")).unwrap();
            assert_eq!(faults(&text, Some(&Charter::shipped(district).unwrap())), [], "{}", path.display());
        }
    }
}
