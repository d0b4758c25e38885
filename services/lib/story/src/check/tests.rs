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
}

#[test]
fn what_is_to_be_refused_may_name_what_there_is_not_but_not_another_rule() {
    let refused = |rule: &str| {
        let text = RIGHT.replace("do: resolve", &format!("do: assign\n    refused: {rule}"));
        faults(&text.replace("{ outcome: solved, evidence: [a.jpg] }", "{ party: nobody }"), Some(&wuchang()))
    };
    assert_eq!(refused("known-party"), []);
    assert_eq!(refused("InvalidArgument"), []);
    let found = refused("known-partey");
    assert!(found[0].what.contains("did you mean known-party"), "{found:?}");
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
