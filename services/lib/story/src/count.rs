//! How many of a story's cases there were of some kind in some time: before and after a measure, for example.

use proto::FromWireTime;
use proto::casebook::v1::Case;

use crate::expect::{describe as fact_described, matches};
use crate::facts::Clock;
use crate::format::{CaseCount, instant};

/// A difference, if there is one. Cases that others have in the same installation do not count.
pub fn difference(expected: &CaseCount, clock: Clock<'_>, cases: &[Case]) -> anyhow::Result<Option<String>> {
    let begins = clock.begins;
    let bound = |text: &Option<String>| text.as_ref().map(|text| instant(begins, text)).transpose();
    let (from, to) = (bound(&expected.from)?, bound(&expected.to)?);
    let counted = |case: &&Case| {
        let summary = case.summary.clone().unwrap_or_default();
        let Ok(received) = summary.received_at.time() else { return false };
        let of_category = expected.category.as_ref().is_none_or(|category| *category == summary.category);
        let with_event =
            expected.event.as_ref().is_none_or(|fact| case.timeline.iter().any(|entry| matches(fact, begins, entry)));
        of_category && with_event && from.is_none_or(|from| from <= received) && to.is_none_or(|to| received < to)
    };
    let found = cases.iter().filter(counted).count();
    Ok((found != expected.count).then(|| format!("expected {}, found {found}", describe(expected, clock))))
}

fn describe(expected: &CaseCount, clock: Clock<'_>) -> String {
    let mut said = format!("{} cases", expected.count);
    let fact = expected.event.as_ref().map(|fact| fact_described(fact, clock));
    let meant = |at: &Option<String>| at.as_deref().map(|at| clock.meant(at));
    let (from, to) = (meant(&expected.from), meant(&expected.to));
    for (word, value) in [(" of ", expected.category.clone()), (" with ", fact), (" from ", from), (" to ", to)] {
        if let Some(value) = value {
            said = format!("{said}{word}{value}");
        }
    }
    said
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use proto::ToWireTime;
    use proto::casebook::v1::{CaseSummary, TimelineEntry};

    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::format::Fact;

    #[test]
    fn cases_are_counted_by_category_time_and_fact() {
        let begins: Timestamp = "2024-05-06T01:00:00Z".parse().unwrap();
        let clock = Clock { begins, zone: &TimeZone::get("Asia/Shanghai").unwrap() };
        let case = |day: i64, category: &str, event: &str| Case {
            summary: Some(CaseSummary {
                category: category.to_owned(),
                received_at: Some((begins + jiff::SignedDuration::from_hours(24 * day)).to_wire()),
                ..CaseSummary::default()
            }),
            timeline: vec![TimelineEntry { event: event.to_owned(), ..TimelineEntry::default() }],
            ..Case::default()
        };
        let cases = [
            case(0, "noise", "Closed"),
            case(2, "noise", "Reopened"),
            case(5, "noise", "Closed"),
            case(2, "ponding", "Closed"),
        ];
        let expected = |category: &str, from: &str, to: &str, event: Option<&str>, count| CaseCount {
            category: Some(category.to_owned()),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            event: event.map(|event| Fact { event: event.to_owned(), with: Default::default() }),
            count,
        };
        let holds = |count: &CaseCount| difference(count, clock, &cases).unwrap().is_none();
        assert!(holds(&expected("noise", "+0d", "+5d", None, 2)), "the end is not in it");
        assert!(holds(&expected("noise", "+0d", "+6d", Some("Closed"), 2)));
        let wrong = expected("noise", "+1d", "+5d", Some("Closed"), 1);
        assert_eq!(
            difference(&wrong, clock, &cases).unwrap().as_deref(),
            Some(
                "expected 1 cases of noise with Closed from 2024-05-07 09:00 (+1d) to 2024-05-11 09:00 (+5d), found 0"
            )
        );
    }
}
