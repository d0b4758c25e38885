//! The working calendar, and when a limit is due: `calendar.yaml` (D7).
//!
//! China moves whole weeks around its holidays and works some weekends in exchange; nothing of it can be
//! computed, it has to be published. For years not yet published plain weekdays count, and the result says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use vocabulary::number::is_whole;

use crate::reader::{Cursor, Fields};
use crate::{Limit, LimitUnit};

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub due: Timestamp,
    /// Counted over a year whose holidays or make-up days were not published yet; to be computed again when they are.
    pub provisional: bool,
}

/// Time during which a clock stood still: from its beginning on, until it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standstill {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Standstill {
    /// Never negative, whatever the clocks of two processes say.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        self.until.duration_since(self.from).max(SignedDuration::ZERO)
    }
}

/// The days and hours in which the offices work.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    /// Opening and closing, in order, without overlap; at least one.
    hours: Vec<(Time, Time)>,
    years: BTreeMap<i16, Year>,
}

#[derive(Clone, Debug, Default)]
struct Year {
    holidays: BTreeSet<Date>,
    /// None: not published yet, which is not the same as that there are none.
    make_up: Option<BTreeSet<Date>>,
}

impl Calendar {
    /// Whether the offices work on this day. Where nothing is published: Monday to Friday.
    #[must_use]
    pub fn is_working(&self, date: Date) -> bool {
        match self.years.get(&date.year()) {
            Some(year) if year.holidays.contains(&date) => false,
            Some(year) if year.make_up.as_ref().is_some_and(|days| days.contains(&date)) => true,
            Some(_) | None => !is_weekend(date),
        }
    }

    /// Whether the holidays of this day's year are published, and the weekend days that are worked for them.
    #[must_use]
    pub fn is_known(&self, date: Date) -> bool {
        self.years.get(&date.year()).is_some_and(|year| year.make_up.is_some())
    }

    /// Years whose holidays are there and whose make-up days are not.
    pub fn without_make_up_days(&self) -> impl Iterator<Item = i16> {
        self.years.iter().filter(|(_, year)| year.make_up.is_none()).map(|(number, _)| *number)
    }

    /// The last year that is published in full.
    #[must_use]
    pub fn published_to(&self) -> Option<i16> {
        self.years.iter().filter(|(_, year)| year.make_up.is_some()).map(|(number, _)| *number).next_back()
    }

    /// Opening and closing times of a working day, in order.
    #[must_use]
    pub fn office_hours(&self) -> &[(Time, Time)] {
        &self.hours
    }

    /// When `limit` runs out for something that started at `start` in an office of this time zone and stood still
    /// during `standstills`, which are in order and do not overlap.
    pub(crate) fn deadline(
        &self,
        zone: &TimeZone,
        start: Timestamp,
        limit: Limit,
        standstills: &[Standstill],
    ) -> Deadline {
        let amount = i64::from(limit.amount);
        let on_the_clock =
            |seconds: i64| Deadline { due: on_the_clock(start, seconds, standstills), provisional: false };
        let counted = match limit.unit {
            LimitUnit::Minutes => Some(on_the_clock(amount * 60)),
            LimitUnit::Hours => Some(on_the_clock(amount * 3_600)),
            LimitUnit::Days => Some(on_the_clock(amount * 86_400)),
            LimitUnit::WorkingDays => self.after_working_days(zone, start, limit.amount, standstills),
            // To the second, as office hours are: a fraction over one would cost a lunch break, or a night.
            LimitUnit::WorkingHours => Timestamp::from_second(start.as_second()).ok().and_then(|start| {
                self.after_working_hours(zone, start, SignedDuration::from_hours(amount), standstills)
            }),
        };
        // Only a start in the last years of the calendar jiff knows runs out of days.
        counted.unwrap_or(Deadline { due: Timestamp::MAX, provisional: true })
    }

    /// The end of office hours on the n-th working day after the day of `start`. A day at whose closing the clock
    /// stood still does not count.
    fn after_working_days(
        &self,
        zone: &TimeZone,
        start: Timestamp,
        amount: u32,
        standstills: &[Standstill],
    ) -> Option<Deadline> {
        let (_, closing) = self.hours.last()?;
        let mut date = start.to_zoned(zone.clone()).date();
        let (mut left, mut provisional) = (amount, false);
        loop {
            date = date.tomorrow().ok()?;
            provisional |= !self.is_known(date);
            if !self.is_working(date) {
                continue;
            }
            let closes = zone.to_timestamp(date.to_datetime(*closing)).ok()?;
            if standstills.iter().any(|standstill| standstill.from < closes && closes <= standstill.until) {
                continue;
            }
            left = left.saturating_sub(1);
            if left == 0 {
                return Some(Deadline { due: closes, provisional });
            }
        }
    }

    /// The first instant at which the offices have been open that long since `start`, without the standstills.
    fn after_working_hours(
        &self,
        zone: &TimeZone,
        start: Timestamp,
        amount: SignedDuration,
        standstills: &[Standstill],
    ) -> Option<Deadline> {
        self.hours.first()?;
        let mut date = start.to_zoned(zone.clone()).date();
        let (mut left, mut provisional) = (amount, false);
        loop {
            provisional |= !self.is_known(date);
            for (opening, closing) in self.hours.iter().filter(|_| self.is_working(date)) {
                let opens = zone.to_timestamp(date.to_datetime(*opening)).ok()?.max(start);
                let closes = zone.to_timestamp(date.to_datetime(*closing)).ok()?;
                for (from, until) in without(standstills, opens, closes) {
                    let open = until.duration_since(from);
                    if open >= left {
                        return Some(Deadline { due: from.checked_add(left).ok()?, provisional });
                    }
                    left -= open;
                }
            }
            date = date.tomorrow().ok()?;
        }
    }
}

/// So long after `start`, later by every standstill that began before the time was up.
fn on_the_clock(start: Timestamp, seconds: i64, standstills: &[Standstill]) -> Timestamp {
    let later = |due: Timestamp, by| due.checked_add(by).unwrap_or(Timestamp::MAX);
    standstills.iter().fold(later(start, SignedDuration::from_secs(seconds)), |due, standstill| {
        let stood = Standstill { from: standstill.from.max(start), until: standstill.until };
        if stood.from < due { later(due, stood.length()) } else { due }
    })
}

/// What is left of a span without the standstills, in order.
fn without(standstills: &[Standstill], from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut left = Vec::new();
    let mut begins = from;
    for standstill in standstills.iter().filter(|standstill| standstill.until > from && standstill.from < until) {
        if standstill.from > begins {
            left.push((begins, standstill.from));
        }
        begins = begins.max(standstill.until);
    }
    if begins < until {
        left.push((begins, until));
    }
    left
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Calendar {
    file.map(|fields| {
        let hours = fields.need("office-hours").map(office_hours).unwrap_or_default();
        let mut years = BTreeMap::new();
        for (number, cursor) in fields.need("years").map(Cursor::entries).unwrap_or_default() {
            let year_of = |text: &str| text.parse().ok().filter(|year| is_whole(text) && (1900..=2999).contains(year));
            match year_of(number) {
                Some(number) => years.insert(number, cursor.map(|fields| year(number, fields)).unwrap_or_default()),
                None => {
                    cursor.problem("calendar-sane", format!("{number} is not a year"));
                    continue;
                }
            };
        }
        let span = years.keys().next_back().zip(years.keys().next()).map_or(0, |(last, first)| last - first + 1);
        if usize::try_from(span) != Ok(years.len()) {
            fields.cursor.problem("calendar-sane", "a year is missing between the first and the last");
        }
        Calendar { hours, years }
    })
    .unwrap_or_default()
}

fn office_hours(cursor: Cursor<'_, '_>) -> Vec<(Time, Time)> {
    let mut hours: Vec<(Time, Time)> = Vec::new();
    for entry in cursor.list() {
        let Some(text) = entry.text() else { continue };
        let read = text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        match read {
            Some((from, to)) if from < to && hours.last().is_none_or(|(_, closing)| *closing <= from) => {
                hours.push((from, to));
            }
            Some(_) => entry.problem("calendar-sane", format!("{text} does not follow the hours before it")),
            None => entry.problem("calendar-sane", format!("office hours are written 08:30-12:00, not {text}")),
        }
    }
    if hours.is_empty() {
        cursor.problem("calendar-sane", "the offices are never open");
    }
    hours
}

fn year(number: i16, fields: &Fields<'_, '_>) -> Year {
    let mut year = Year::default();
    for (_, cursor) in fields.need("holidays").map(Cursor::entries).unwrap_or_default() {
        for date in days(number, cursor) {
            if !year.holidays.insert(date) {
                cursor.problem("calendar-sane", format!("{date} is in two holidays"));
            }
        }
    }
    let make_up = fields.get("make-up").map(Cursor::list);
    year.make_up = make_up.is_some().then(BTreeSet::new);
    for cursor in make_up.unwrap_or_default() {
        for date in days(number, cursor) {
            if !is_weekend(date) || year.holidays.contains(&date) {
                cursor.problem("calendar-sane", format!("{date} is not a weekend day outside the holidays"));
            }
            year.make_up.get_or_insert_default().insert(date);
        }
    }
    year
}

/// `05-01` or `05-01..05-04` of that year.
fn days(year: i16, cursor: Cursor<'_, '_>) -> Vec<Date> {
    let Some(text) = cursor.text() else { return Vec::new() };
    let (from, to) = text.split_once("..").unwrap_or((&text, &text));
    let date = |day: &str| format!("{year:04}-{day}").parse::<Date>().ok();
    if [from, to].iter().any(|day| date(day).is_some() && day.len() != "05-01".len()) {
        cursor.form("calendar-sane", format!("days are written 05-01 or 05-01..05-04, without a time, not {text}"));
    }
    match date(from).zip(date(to)) {
        Some((from, to)) if from <= to => {
            std::iter::successors(Some(from), |date| date.tomorrow().ok()).take_while(|date| *date <= to).collect()
        }
        Some(_) | None => {
            cursor.problem("calendar-sane", format!("days are written 05-01 or 05-01..05-04, not {text}"));
            Vec::new()
        }
    }
}
