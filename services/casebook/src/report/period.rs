//! A period of days: what people write, its days in the district's time zone, and the period before it.

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// Days of the longest period: a statement reads all that went on in it, and a year is the longest anybody is assessed by.
pub const DAYS_MAX: i32 = 366;
/// What a period begins and ends within: there is room before and after it in every calendar.
const YEARS: Range<i16> = 1900..3000;

/// A first and a last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub first: Date,
    pub last: Date,
    whole: Whole,
}

/// What it is one of, so that the one before is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Month,
    Year,
    /// So many days.
    Days,
}

/// What was written is no period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPeriod {
    /// Name of the rule it breaks.
    pub rule: &'static str,
    text: String,
}

impl fmt::Display for NoPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let wrong = |rule, text: String| NoPeriod { rule, text };
        let unread = || {
            let said = "write a day (2026-04-17), a month (2026-04), a year (2026), or 2026-04-01..2026-04-15";
            wrong("period", format!("{text:?} is no period: {said}"))
        };
        let day = |text: &str| -> Result<Date, NoPeriod> {
            let is_iso = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            is_iso.then(|| text.parse().ok()).flatten().ok_or_else(unread)
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let period = match text.split_once("..") {
            Some((first, last)) => Self { first: day(first)?, last: day(last)?, whole: Whole::Days },
            None => match (text.len(), text.split_once('-')) {
                (4, None) if digits(text) => {
                    let first = day(&format!("{text}-01-01"))?;
                    Self { first, last: day(&format!("{text}-12-31"))?, whole: Whole::Year }
                }
                (7, Some((year, month))) if year.len() == 4 && digits(year) && digits(month) => {
                    let first = day(&format!("{text}-01"))?;
                    Self { first, last: first.last_of_month(), whole: Whole::Month }
                }
                _ => {
                    let day = day(text)?;
                    Self { first: day, last: day, whole: Whole::Days }
                }
            },
        };
        if !YEARS.contains(&period.first.year()) || !YEARS.contains(&period.last.year()) {
            let said = format!("{text:?} is not within the years {} to {}", YEARS.start, YEARS.end - 1);
            return Err(wrong("period-years", said));
        }
        if period.last < period.first {
            return Err(wrong("after-from", format!("{} is before {}", period.last, period.first)));
        }
        if period.count() > DAYS_MAX {
            let said = format!("{text:?} is {} days long, at most {DAYS_MAX} fit", period.count());
            return Err(wrong("period-length", said));
        }
        Ok(period)
    }
}

impl Period {
    /// How many days it has.
    pub fn count(&self) -> i32 {
        (self.last - self.first).get_days() + 1
    }

    /// The one that it is compared with: the month or year before it, or as many days just before it.
    #[must_use]
    pub fn before(&self) -> Self {
        let back = |day: Date, span: Span| day.checked_sub(span).unwrap_or(date(1, 1, 1));
        let last = back(self.first, 1.day());
        let first = match self.whole {
            Whole::Month => last.first_of_month(),
            Whole::Year => last.first_of_year(),
            Whole::Days => back(last, (i64::from(self.count()) - 1).days()),
        };
        Self { first, last, whole: self.whole }
    }

    /// Its days, and the instants at which each begins and the last one ends, in microseconds since 1970.
    pub fn days(&self, zone: &TimeZone) -> Vec<(Date, Range<i64>)> {
        let begins = |day: Date| {
            // A day whose midnight the clock skips begins when the clock goes on.
            day.to_zoned(zone.clone()).map_or(i64::MAX, |begin| begin.timestamp().as_microsecond())
        };
        let days = self.first.series(1.day()).take_while(|day| *day <= self.last);
        days.map(|day| (day, begins(day)..begins(day.tomorrow().unwrap_or(day)))).collect()
    }

    /// From its first instant to its last one.
    pub fn instants(&self, zone: &TimeZone) -> Option<RangeInclusive<Timestamp>> {
        let begins = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp());
        let end = begins(self.last.tomorrow().ok()?)?.checked_sub(1.nanosecond()).ok()?;
        Some(begins(self.first)?..=end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String, String), &'static str> {
        let period: Period = text.parse().map_err(|wrong: NoPeriod| wrong.rule)?;
        let before = period.before();
        let shown = |period: Period| format!("{}..{}", period.first, period.last);
        Ok((shown(period), shown(before), period.count().to_string()))
    }

    fn shown(period: &str, before: &str, days: &str) -> Result<(String, String, String), &'static str> {
        Ok((period.to_owned(), before.to_owned(), days.to_owned()))
    }

    #[test]
    fn a_month_is_compared_with_the_month_before_and_days_with_as_many_before() {
        assert_eq!(read("2026-04"), shown("2026-04-01..2026-04-30", "2026-03-01..2026-03-31", "30"));
        assert_eq!(read("2024-03"), shown("2024-03-01..2024-03-31", "2024-02-01..2024-02-29", "31"));
        assert_eq!(read("2026"), shown("2026-01-01..2026-12-31", "2025-01-01..2025-12-31", "365"));
        assert_eq!(read("2026-01-01"), shown("2026-01-01..2026-01-01", "2025-12-31..2025-12-31", "1"));
        assert_eq!(read("2026-04-11..2026-04-20"), shown("2026-04-11..2026-04-20", "2026-04-01..2026-04-10", "10"));
    }

    #[test]
    fn what_is_no_period_is_refused_by_its_rule() {
        for text in ["", "26", "2026-4", "2026-13", "2026-02-30", "20260417", "april", "2026-04-01..", "٢٠٢٦", "+202"]
        {
            assert_eq!(read(text), Err("period"), "{text:?}");
        }
        assert_eq!(read("2026-04-02..2026-04-01"), Err("after-from"));
        assert_eq!(read("2025-01-01..2026-01-02"), Err("period-length"));
        assert!(read("2024-01-01..2024-12-31").is_ok(), "a leap year fits");
        assert_eq!(read("1899"), Err("period-years"));
    }

    #[test]
    fn a_day_begins_where_the_district_is() {
        let period: Period = "2026-04-17".parse().unwrap();
        let [(_, day)] = &period.days(&TimeZone::get("Asia/Shanghai").unwrap())[..] else { panic!("one day") };
        assert_eq!(day.start, "2026-04-16T16:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
        assert_eq!(day.end - day.start, 86_400_000_000);
    }
}
