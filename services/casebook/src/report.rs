//! The statement of a period: indicators, league tables, what is open. Every figure names its base and its requirement.
//!
//! A question reads the courses of the cases that had a fact in the period or in the one before it (`course.rs`), walks
//! each (`walk.rs`: what counts, and when), sums what lies in the period (`figures.rs`) and lays it out (`tables.rs`). It
//! costs what the period holds, and holds sums in memory, not cases. There is no clock in it: what is open is open as of
//! the end of the period, or of the last fact on the record, so the same record gives the same bytes.

mod figures;
mod period;
mod share;
mod table;
mod tables;
mod walk;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use charter::{Charter, Name, PartyKind};
use ids::Code;
use jiff::Timestamp;
use jiff::civil::Date;
use proto::ToWireTime;
use proto::casebook::v1::{ReportRequest, ReportResponse};
use rusqlite::Connection;
use station::Violation;

pub use period::{NoPeriod, Period};

use crate::copy::CopyError;
use crate::course;
use figures::Figures;
use tables::Shown;

/// Of what a statement is wanted.
#[derive(Clone, Debug)]
pub struct Asked {
    pub charter: Arc<Charter>,
    pub period: Period,
    /// Only of this street or community.
    pub only: Option<Code>,
}

impl Asked {
    /// # Errors
    /// The period is none, or is still to come; the party is no street or community of the charter.
    pub fn new(charter: Arc<Charter>, request: &ReportRequest, now: Timestamp) -> Result<Self, Violation> {
        let read: Result<Period, NoPeriod> = request.period.parse();
        let period = read.map_err(|wrong| Violation::new("period", wrong.rule, wrong.to_string()))?;
        if Days::of(&period, &charter).window.start > now.as_microsecond() {
            let description = format!("{} has not begun: nothing is known of the future", period.first);
            return Err(Violation::new("period", "period-begun", description));
        }
        let only = if request.party.is_empty() { None } else { Some(place(&charter, &request.party)?) };
        Ok(Self { charter, period, only })
    }
}

/// What the district is called; the charter's own name where it is no party of it.
fn name_of(charter: &Charter) -> &Name {
    let above = charter.district_centre().parent.as_ref();
    let district = charter.party(charter.district.as_str()).or_else(|| charter.party(above?.as_str()));
    district.map_or(&charter.name, |party| &party.name)
}

fn place(charter: &Charter, code: &str) -> Result<Code, Violation> {
    let found = charter.party(code).filter(|party| matches!(party.kind, PartyKind::Street | PartyKind::Community));
    found.map(|party| party.code.clone()).ok_or_else(|| {
        let description = format!("{code:?} is not a street or a community of this charter");
        Violation::new("party", "known-place", description)
    })
}

/// One of the two periods.
struct Days {
    dates: Vec<Date>,
    begin: Vec<i64>,
    window: Range<i64>,
}

impl Days {
    fn of(period: &Period, charter: &Charter) -> Self {
        let days = period.days(&charter.time_zone);
        let window = days.first().map_or(0, |(_, day)| day.start)..days.last().map_or(0, |(_, day)| day.end);
        let (dates, begin) = days.into_iter().map(|(date, day)| (date, day.start)).unzip();
        Self { dates, begin, window }
    }
}

/// # Errors
/// The copy cannot be read.
pub fn report(connection: &Connection, asked: &Asked) -> Result<ReportResponse, CopyError> {
    let (charter, district) = (&asked.charter, asked.charter.district.as_str());
    let (period, earlier) = (asked.period, asked.period.before());
    let (days, days_before) = (Days::of(&period, charter), Days::of(&earlier, charter));
    let last = course::seen(connection, district)?;
    // The last fact itself is known.
    let until_us = last.map_or(days.window.end, |last| days.window.end.min(last.saturating_add(1)));
    let figures =
        |days: &Days| Figures::new(charter, days.window.clone(), days.begin.clone(), until_us, asked.only.clone());
    let (mut now, mut before) = (figures(&days), figures(&days_before));
    course::read(connection, district, days_before.window.start, days.window.end, |course| {
        now.add(course);
        before.add(course);
    })?;
    let shown = Shown { days: &days.dates, figures: &now };
    let shown_before = Shown { days: &days_before.dates, figures: &before };
    let named = |code: &Code| charter.party(code.as_str()).map(|party| table::named(&party.name));
    Ok(ReportResponse {
        district: district.to_owned(),
        name: Some(table::named(name_of(charter))),
        from: period.first.to_string(),
        to: period.last.to_string(),
        before_from: earlier.first.to_string(),
        before_to: earlier.last.to_string(),
        time_zone: charter.time_zone.iana_name().unwrap_or_default().to_owned(),
        until: last.and_then(|last| {
            let until = last.min(days.window.end);
            Timestamp::from_microsecond(until).ok().map(ToWireTime::to_wire)
        }),
        charter_version: charter.version.clone(),
        party: asked.only.as_ref().map(ToString::to_string).unwrap_or_default(),
        party_name: asked.only.as_ref().and_then(named),
        tables: tables::tables(charter, &shown, &shown_before),
        as_of: None,
    })
}
