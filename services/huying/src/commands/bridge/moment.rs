//! Times as exports, spreadsheets and people write them. What may mean two instants is refused and never guessed.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Days with the year first.
const YEAR_FIRST: [&str; 4] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"];
/// Year last: whether the day or the month comes first is only clear where one of them is no month.
const DAY_THEN_MONTH: [&str; 2] = ["%d/%m/%Y", "%d.%m.%Y"];
const MONTH_THEN_DAY: [&str; 2] = ["%m/%d/%Y", "%m.%d.%Y"];
/// What stands between a day and its hours.
const BETWEEN: [&str; 3] = [" ", "T", ""];
/// The hours; a day alone stands for its beginning.
const HOURS: [&str; 8] = [
    "%H:%M:%S%.f",
    "%H:%M",
    "%I:%M:%S%.f %p",
    "%I:%M %p",
    "%H时%M分%S秒",
    "%H时%M分",
    "%I时%M分%S秒 %p",
    "%I时%M分 %p",
];
/// Halves of the day, which Chinese spreadsheets write before the hour.
const HALVES: [(&str, &str); 2] = [("上午", "AM"), ("下午", "PM")];
/// Spreadsheets count days from here; what lies before 1970 or after 2099 is more likely a number that means something else.
const SERIAL_ZERO: Date = Date::constant(1899, 12, 30);
const SERIALS: std::ops::RangeInclusive<f64> = 25_569.0..=73_050.0;
const DAY_S: f64 = 86_400.0;

/// An instant; a time without an offset is the district's.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, (&'static str, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(instant) = text.parse() {
        return Ok(Some(instant));
    }
    let unreadable = || {
        let said = "is not a time like 2019-02-28T11:25:05+08:00, 2019-02-28 11:25:05 or 2019年2月28日 11:25";
        ("instant", format!("{text:?} {said}"))
    };
    let (said, zone) = match with_offset(text) {
        Some((said, offset)) => (said, offset.to_time_zone()),
        None => (text, zone.clone()),
    };
    let said = half_last(said);
    let local = match of_forms(&said, &YEAR_FIRST).or_else(|| of_serial(&said)) {
        Some(local) => local,
        None => match (of_forms(&said, &DAY_THEN_MONTH), of_forms(&said, &MONTH_THEN_DAY)) {
            (Some(one), Some(other)) if one != other => {
                let (one, other) = (one.date(), other.date());
                let description = format!("{text:?} may be {one} or {other}; write the year first, as in {one}");
                return Err(("ambiguous-date", description));
            }
            (one, other) => one.or(other).ok_or_else(unreadable)?,
        },
    };
    zone.to_timestamp(local).map(Some).map_err(|_| unreadable())
}

fn of_forms(text: &str, days: &[&str]) -> Option<DateTime> {
    let of_day = |day: &&str| Date::strptime(day, text).ok().map(|day| day.at(0, 0, 0, 0));
    let with_hours = || {
        let forms = days.iter().flat_map(|day| BETWEEN.map(|between| format!("{day}{between}")));
        forms
            .flat_map(|day| HOURS.map(|hours| format!("{day}{hours}")))
            .find_map(|form| DateTime::strptime(form, text).ok())
    };
    days.iter().find_map(of_day).or_else(with_hours)
}

/// A time and the offset after it: `15:15:00 +0800`.
fn with_offset(text: &str) -> Option<(&str, Offset)> {
    if let Some(said) = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" Z")) {
        return Some((said.trim_end(), Offset::UTC));
    }
    let (said, offset) = text.split_at_checked(text.rfind(['+', '-'])?)?;
    // Before it are hours: a hyphen is also part of a day.
    let offset = ["%z", "%:z", "%:::z"].into_iter().find_map(|form| strtime::parse(form, offset).ok()?.offset());
    said.contains([':', '时']).then_some(said.trim_end()).zip(offset)
}

/// `2026-11-20 下午3:15` as `2026-11-20 3:15 PM`.
fn half_last(text: &str) -> String {
    let half = HALVES.into_iter().find_map(|(half, word)| Some((text.split_once(half)?, word)));
    half.map_or_else(
        || text.to_owned(),
        |((day, hours), word)| format!("{} {} {word}", day.trim_end(), hours.trim_start()),
    )
}

/// What a spreadsheet shows of a time whose cell has no form: days and their parts, to the second.
fn of_serial(text: &str) -> Option<DateTime> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let days: f64 = text.parse().ok().filter(|days| SERIALS.contains(days))?;
    let seconds = SignedDuration::try_from_secs_f64((days * DAY_S).round()).ok()?;
    SERIAL_ZERO.at(0, 0, 0, 0).checked_add(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    fn local(text: &str) -> Result<String, (&'static str, String)> {
        instant(text, &zone()).map(|read| read.unwrap().to_zoned(zone()).datetime().to_string())
    }

    #[test]
    fn a_time_without_an_offset_is_the_districts() {
        let expected: Timestamp = "2019-02-28T01:05:06Z".parse().unwrap();
        for text in [
            "2019-02-28T09:05:06+08:00",
            "2019-02-28 09:05:06",
            "2019/2/28 9:05:06",
            "2019-02-28T09:05:06",
            "2019-02-28T01:05:06Z",
            "2019-02-28 09:05:06 +0800",
            "2019-02-28 09:05:06+08",
            "2019/2/28 1:05:06 UTC",
            "2019-02-27 8:05:06 PM -05:00",
        ] {
            assert_eq!(instant(text, &zone()), Ok(Some(expected)), "{text}");
        }
        for text in ["yesterday", "15:15", "下午3:15", "4634", "463460", "1763600000", "2026-11-20 15:15 PM"] {
            assert!(instant(text, &zone()).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_read_as_exports_write_them_and_never_guessed() {
        for (text, meant) in [
            ("2026-11-20T09:15:00.000", "2026-11-20T09:15:00"),
            ("2026-11-20 09:15:00.25", "2026-11-20T09:15:00.25"),
            ("2026-11-20", "2026-11-20T00:00:00"),
            ("2026年11月20日 09:15", "2026-11-20T09:15:00"),
            ("2026年11月20日9时15分", "2026-11-20T09:15:00"),
            ("2026.11.20 9:15", "2026-11-20T09:15:00"),
            ("2026-11-20 9:15:00 AM", "2026-11-20T09:15:00"),
            ("2026/11/20 3:15:00 PM", "2026-11-20T15:15:00"),
            ("2026/11/20 12:15 am", "2026-11-20T00:15:00"),
            ("2026/11/20 下午3:15", "2026-11-20T15:15:00"),
            ("2026年11月20日 上午 9:15:30", "2026-11-20T09:15:30"),
            ("2026年11月20日下午3时15分", "2026-11-20T15:15:00"),
            ("46346", "2026-11-20T00:00:00"),
            ("46346.385", "2026-11-20T09:14:24"),
            ("11/20/2026 09:15:00 PM", "2026-11-20T21:15:00"),
            ("20/11/2026 09:15:00", "2026-11-20T09:15:00"),
            ("20.11.2026", "2026-11-20T00:00:00"),
            ("11/11/2026 9:15", "2026-11-11T09:15:00"),
        ] {
            assert_eq!(local(text).as_deref(), Ok(meant), "{text}");
        }
        let (rule, description) = local("10/11/2026 09:15").unwrap_err();
        assert!(rule == "ambiguous-date" && description.contains("2026-11-10") && description.contains("2026-10-11"));
    }
}
