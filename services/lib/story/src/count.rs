//! How many of a story's cases there were of some kind in some time: before and after a measure, for example.

use jiff::Timestamp;
use proto::FromWireTime;
use proto::casebook::v1::Case;

use crate::format::{CaseCount, instant};

/// A difference, if there is one. Cases that others have in the same installation do not count.
pub fn difference(expected: &CaseCount, begins: Timestamp, cases: &[Case]) -> anyhow::Result<Option<String>> {
    let bound = |text: &Option<String>| text.as_ref().map(|text| instant(begins, text)).transpose();
    let (from, to) = (bound(&expected.from)?, bound(&expected.to)?);
    let counted = |case: &&Case| {
        let summary = case.summary.clone().unwrap_or_default();
        let Ok(received) = summary.received_at.time() else { return false };
        let of_category = expected.category.as_ref().is_none_or(|category| *category == summary.category);
        let with_event =
            expected.event.as_ref().is_none_or(|event| case.timeline.iter().any(|entry| entry.event == *event));
        of_category && with_event && from.is_none_or(|from| from <= received) && to.is_none_or(|to| received < to)
    };
    let found = cases.iter().filter(counted).count();
    Ok((found != expected.count).then(|| format!("expected {}, found {found}", describe(expected))))
}

fn describe(expected: &CaseCount) -> String {
    let mut said = format!("{} cases", expected.count);
    for (word, value) in
        [(" of ", &expected.category), (" with ", &expected.event), (" from ", &expected.from), (" to ", &expected.to)]
    {
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

    use super::*;

    #[test]
    fn cases_are_counted_by_category_time_and_fact() {
        let begins: Timestamp = "2024-05-06T01:00:00Z".parse().unwrap();
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
            event: event.map(str::to_owned),
            count,
        };
        let holds = |count: &CaseCount| difference(count, begins, &cases).unwrap().is_none();
        assert!(holds(&expected("noise", "+0d", "+5d", None, 2)), "the end is not in it");
        assert!(holds(&expected("noise", "+0d", "+6d", Some("Closed"), 2)));
        let wrong = expected("noise", "+1d", "+5d", Some("Closed"), 1);
        assert_eq!(
            difference(&wrong, begins, &cases).unwrap().as_deref(),
            Some("expected 1 cases of noise with Closed from +1d to +5d, found 0")
        );
    }
}
