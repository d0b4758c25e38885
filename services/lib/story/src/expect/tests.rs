#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proto::ToWireTime;
use proto::casebook::v1::{Case, TimelineEntry};

use super::differences;
use crate::facts::Clock;
use crate::format::Expectation;

/// A call of two departments at 09:00 in the district, of which one is late by its response and then by its report-in.
fn said(expected: &str) -> Vec<String> {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let clock = Clock { begins: "2019-06-17T01:00:00Z".parse().unwrap(), zone: &zone };
    let fact = |minutes: i64, event: &str, detail: &str| TimelineEntry {
        at: Some((clock.begins + jiff::SignedDuration::from_mins(minutes)).to_wire()),
        owner: "dispatch".to_owned(),
        event: event.to_owned(),
        detail_json: detail.to_owned(),
        ..TimelineEntry::default()
    };
    let case = Case {
        timeline: vec![
            fact(0, "Called", r#"{"call": 1, "colour": "COLOUR_YELLOW"}"#),
            fact(5, "Responded", r#"{"call": 1, "party": "wuchang-fire"}"#),
            fact(
                30,
                "Overdue",
                r#"{"clock": "CLOCK_RESPONSE", "party": "wuchang-water", "due": "2019-06-17T01:30:00Z"}"#,
            ),
            fact(40, "Responded", r#"{"call": 1, "party": "wuchang-water"}"#),
            fact(
                60,
                "Overdue",
                r#"{"clock": "CLOCK_REPORT_IN", "party": "wuchang-water", "due": "2019-06-17T02:00:00Z"}"#,
            ),
        ],
        ..Case::default()
    };
    let expected: Expectation = serde_saphyr::from_str(expected).unwrap();
    differences(&expected, clock, &case, &BTreeMap::new())
}

#[test]
fn an_order_may_mean_one_of_several_facts_of_a_name() {
    let water = "{ event: Responded, with: { party: wuchang-water } }";
    let fire = "{ event: Responded, with: { party: wuchang-fire } }";
    assert_eq!(said(&format!("order: [Called, {fire}, Overdue, {water}, Overdue]")), <[String; 0]>::default());
    // By name alone this would hold: the other one responded first.
    assert_eq!(said("order: [Called, Responded, Overdue]"), <[String; 0]>::default());
    assert_eq!(
        said(&format!("order: [Called, {water}, {fire}]")),
        ["order: no Responded with party = \"wuchang-fire\" after Responded with party = \"wuchang-water\"; there is \
          no Responded"]
    );
}

#[test]
fn what_must_not_be_there_is_found_with_its_time() {
    assert_eq!(said("absent: [Returned, { event: Overdue, with: { party: wuchang-fire } }]"), <[String; 0]>::default());
    assert_eq!(
        said("absent: [{ event: Overdue, with: { clock: report-in } }]"),
        ["absent: there is Overdue with clock = report-in at 2019-06-17 10:00"]
    );
}

#[test]
fn facts_are_counted_by_their_fields() {
    assert_eq!(
        said(
            "count: [{ event: Overdue, with: { party: wuchang-water }, is: 2 }, { event: Overdue, at_least: 1, at_most: 2 }]"
        ),
        <[String; 0]>::default()
    );
    assert_eq!(
        said("count: [{ event: Overdue, with: { clock: response }, is: 2 }, { event: Responded, at_most: 1 }]"),
        [
            "count: expected 2 × Overdue with clock = response, found 1",
            "count: expected at most 1 × Responded, found 2"
        ]
    );
}

/// Whoever mends a story reads the clock of its district, not that of Greenwich.
#[test]
fn times_that_differ_are_told_in_the_zone_of_the_district() {
    assert_eq!(
        said("contains: [{ event: Overdue, with: { clock: response, due: +31m } }]"),
        [
            "contains: no Overdue with clock = response, due = 2019-06-17 09:31 (+31m); there is clock = response, due = \
          2019-06-17 09:30 and clock = report-in, due = 2019-06-17 10:00"
        ]
    );
    assert_eq!(
        said("elapsed: [{ from: Called, to: Overdue, is: 25m }]"),
        ["elapsed from Called to Overdue: expected 25m, is 30m (2019-06-17 09:00 to 2019-06-17 09:30)"]
    );
}
