//! What of a question is read in more than one place: who asks, months, days and instants.

use std::ops::{Range, RangeInclusive};

use ids::Code;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proto::FromWireTime;
use proto::casebook::v1::GetScoresRequest;
use station::access::Scope;
use station::{Caller, Violation};
use tonic::Status;

use crate::league::HOUR_S;

/// Who asks, and what they may see of what they ask for.
#[derive(Clone)]
pub struct Asker {
    pub caller: Caller,
    pub scope: Scope,
}

impl Asker {
    /// The district that is named, or the asker's own, where that is one.
    pub fn own_district<'a>(&'a self, named: &'a str) -> Result<&'a str, Status> {
        match &self.scope {
            Scope::Districts(districts) | Scope::Only { districts, .. } if named.is_empty() && districts.len() == 1 => {
                Ok(districts[0].as_str())
            }
            Scope::All | Scope::Districts(_) | Scope::Only { .. } if named.is_empty() => {
                Err(Violation::new("district", "required", "your token is for several districts; name one").into())
            }
            Scope::All | Scope::Districts(_) | Scope::Only { .. } => Ok(named),
        }
    }

    /// Whether a district may be asked about.
    pub fn require(&self, district: &Code) -> Result<(), Status> {
        match &self.scope {
            Scope::All => Ok(()),
            Scope::Districts(districts) | Scope::Only { districts, .. } if districts.contains(district) => Ok(()),
            Scope::Districts(_) | Scope::Only { .. } => {
                Err(Status::not_found(format!("there is no district {district} that this token is for")))
            }
        }
    }
}

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
