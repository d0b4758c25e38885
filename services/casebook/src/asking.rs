//! What of a question is read in more than one place: months, days and instants.

use std::ops::{Range, RangeInclusive};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proto::FromWireTime;
use proto::casebook::v1::GetScoresRequest;
use station::Violation;
use tonic::Status;

use crate::league::HOUR_S;

/// A month of a time zone, in microseconds since 1970.
pub fn month(text: &str, zone: &TimeZone) -> Result<Range<i64>, Status> {
    let wrong = |error: jiff::Error| {
        let description = format!("{text:?} is not a month as 2026-10 is: {error}");
        Status::from(Violation::new("month", "iso-8601-month", description))
    };
    let first = Date::strptime("%Y-%m-%d", format!("{text}-01")).map_err(wrong)?;
    let begins = |day: Date| Ok::<_, Status>(day.to_zoned(zone.clone()).map_err(wrong)?.timestamp().as_microsecond());
    Ok(begins(first)?..begins(first.saturating_add(1.month()))?)
}

/// The hours of a period of days in a time zone.
pub fn hours(request: &GetScoresRequest, zone: &TimeZone) -> Result<Range<i64>, Status> {
    let (from, to) = (day("from", &request.from)?, day("to", &request.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        return Err(Violation::new("to", "after-from", format!("{to} is before {from}")).into());
    }
    let begins = |field: &'static str, day: Date| -> Result<i64, Status> {
        let begins = day.to_zoned(zone.clone());
        let begins = begins.map_err(|error| Violation::new(field, "iso-8601-date", error.to_string()))?;
        Ok(begins.timestamp().as_second().div_euclid(HOUR_S))
    };
    let start = from.map_or(Ok(i64::MIN), |day| begins("from", day))?;
    let end = match to {
        None => i64::MAX,
        Some(day) => {
            let after = day.tomorrow().map_err(|error| Violation::new("to", "iso-8601-date", error.to_string()))?;
            begins("to", after)?
        }
    };
    Ok(start..end)
}

/// The time between the first and the last of these hours.
pub fn instants(hours: &Range<i64>) -> RangeInclusive<Timestamp> {
    let instant = |hour: i64, otherwise| Timestamp::from_second(hour.saturating_mul(HOUR_S)).unwrap_or(otherwise);
    instant(hours.start, Timestamp::MIN)..=instant(hours.end.saturating_sub(1), Timestamp::MAX)
}

pub fn microseconds(field: &'static str, at: &impl FromWireTime) -> Result<i64, Violation> {
    at.time()
        .map(jiff::Timestamp::as_microsecond)
        .map_err(|error| Violation::new(field, "timestamp", error.to_string()))
}

/// An ISO 8601 date; none when empty.
pub fn day(field: &'static str, text: &str) -> Result<Option<Date>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |error: jiff::Error| Violation::new(field, "iso-8601-date", format!("{text:?} is not a date: {error}"));
    Ok(Some(text.parse().map_err(wrong)?))
}
