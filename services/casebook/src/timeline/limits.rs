//! Limits beside facts, and whether they are certain: what is counted in working days is provisional in a year whose
//! holidays and make-up days (调休) are not published, and whoever looks at it shall see that (D7).

use pbjson_types::Timestamp as WireTime;
use proto::FromWireTime;
use proto::casebook::v1::Limit;
use proto::dispatch::v1::ClockStart;

use super::Timeline;

/// A limit whose due date was recorded with whether it is provisional, or is somebody's word and no count.
pub fn limit(name: &str, due: Option<WireTime>, kept: Option<bool>, provisional: bool) -> Option<Limit> {
    due.map(|due| Limit { name: name.to_owned(), due: Some(due), kept, provisional })
}

impl Timeline {
    /// A limit that the charter names `code`; beside a fact the city's is the city's.
    pub fn named_limit(&self, code: &str, due: Option<WireTime>, kept: Option<bool>) -> Option<Limit> {
        let name = code.strip_suffix("-answer").unwrap_or(code);
        let counted = self.charter.as_deref().and_then(|charter| charter.limit(code)).copied();
        limit(name, due, kept, self.is_provisional(counted, due))
    }

    /// A limit of a call: all of them were counted at once.
    pub fn limit_of_call(&self, call: u32, name: &str, due: Option<WireTime>, kept: Option<bool>) -> Option<Limit> {
        limit(name, due, kept, self.call(call).due_provisional)
    }

    /// The time a case has, by what it is counted from.
    pub fn limit_of_case(&self, name: &str, due: Option<WireTime>, kept: Option<bool>) -> Option<Limit> {
        limit(name, due, kept, self.is_provisional(self.case_limit, due))
    }

    /// The case's time is counted by this from now on.
    pub fn counts_by(&mut self, start: Option<&ClockStart>) {
        self.case_limit = start.and_then(|start| start.limit.parse().ok()).or(self.case_limit);
    }

    fn is_provisional(&self, counted: Option<charter::Limit>, due: Option<WireTime>) -> bool {
        let asked = self.charter.as_deref().zip(counted).zip(due.time().ok());
        asked.is_some_and(|((charter, counted), due)| charter.is_provisional(counted, due))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use std::sync::Arc;

    use charter::{Charter, shipped_sources};
    use proto::ToWireTime;

    use super::*;

    /// 2026 is published in full; of 2027 the holidays are there, and the days that are worked for them are not.
    fn timeline() -> Timeline {
        let mut sources = shipped_sources("wuchang").unwrap();
        let calendar = sources.iter_mut().find(|file| file.path == "calendar.yaml").unwrap();
        calendar.text.push_str("\n  2027:\n    holidays: { new-year: 01-01 }\n");
        Timeline::new(Some(Arc::new(Charter::parse(&sources).unwrap())))
    }

    #[test]
    fn what_is_counted_in_working_days_is_provisional_where_no_make_up_days_are_published() {
        let at = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().to_wire());
        let mut timeline = timeline();
        let provisional = |limit: Option<Limit>| limit.unwrap().provisional;
        // The city has three working days, a caller who rates seven days on the clock.
        assert!(!provisional(timeline.named_limit("city-answer", at("2026-12-30T09:30:00Z"), None)));
        assert!(provisional(timeline.named_limit("city-answer", at("2027-01-05T09:30:00Z"), None)));
        assert!(!provisional(timeline.named_limit("rating", at("2027-01-05T09:30:00Z"), None)));
        timeline.counts_by(Some(&ClockStart { limit: "13wd".to_owned(), at: None }));
        assert!(provisional(timeline.limit_of_case("completion", at("2027-01-11T09:30:00Z"), Some(false))));
        timeline.counts_by(Some(&ClockStart { limit: "15d".to_owned(), at: None }));
        assert!(!provisional(timeline.limit_of_case("completion", at("2027-01-11T09:30:00Z"), Some(false))));
    }
}
