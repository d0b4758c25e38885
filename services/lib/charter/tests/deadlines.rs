//! When a limit runs out: known days, and what must hold for all days.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use std::sync::LazyLock;

use charter::{Charter, Deadline, Limit, LimitUnit, Standstill, shipped_sources};
use jiff::civil::{Date, DateTime, date};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

static WUCHANG: LazyLock<Charter> = LazyLock::new(|| Charter::shipped("wuchang").unwrap());

/// The same rules in a zone whose clocks change twice a year.
static NEW_YORK: LazyLock<Charter> = LazyLock::new(|| {
    let mut files = shipped_sources("wuchang").unwrap();
    for file in &mut files {
        file.text = file.text.replace("Asia/Shanghai", "America/New_York");
    }
    Charter::parse(&files).unwrap()
});

/// The same rules where the clocks show universal time.
static GREENWICH: LazyLock<Charter> = LazyLock::new(|| {
    let mut files = shipped_sources("wuchang").unwrap();
    for file in &mut files {
        file.text = file.text.replace("Asia/Shanghai", "Etc/UTC");
    }
    Charter::parse(&files).unwrap()
});

/// It stood from so many minutes after `start` on for so long.
fn stood(start: Timestamp, after: i64, minutes: i64) -> Standstill {
    let from = start + SignedDuration::from_mins(after);
    Standstill { from, until: from + SignedDuration::from_mins(minutes) }
}

fn at(charter: &Charter, local: &str) -> Timestamp {
    charter.time_zone.to_timestamp(local.parse::<DateTime>().unwrap()).unwrap()
}

fn due(start: &str, limit: &str) -> (String, bool) {
    let Deadline { due, provisional } = WUCHANG.deadline(at(&WUCHANG, start), &limit.parse().unwrap());
    (due.to_zoned(WUCHANG.time_zone.clone()).datetime().to_string(), provisional)
}

#[test]
fn the_published_calendar_decides_which_days_are_working_days() {
    let working = |day: Date| WUCHANG.calendar().is_working(day);
    for make_up in [date(2019, 2, 2), date(2019, 4, 28), date(2019, 5, 5), date(2020, 10, 10), date(2024, 2, 4)] {
        assert!(working(make_up), "{make_up} was worked");
    }
    for off in [date(2019, 5, 1), date(2019, 5, 3), date(2020, 1, 31), date(2023, 10, 6), date(2024, 6, 10)] {
        assert!(!working(off), "{off} was off");
    }
    let calendar = WUCHANG.calendar();
    let known = |first: Date, last: Date| first.series(jiff::Span::new().days(1)).take_while(move |day| *day <= last);
    let all = known(date(2019, 1, 1), date(2026, 12, 31));
    assert_eq!(all.filter(|day| calendar.is_known(*day) && working(*day)).count(), 1994);
}

#[test]
fn working_days_end_when_the_offices_close() {
    // Tuesday 30 April 2019: four days off, then a Sunday that was worked.
    assert_eq!(due("2019-04-30T10:00", "1wd"), ("2019-05-05T17:30:00".to_owned(), false));
    assert_eq!(due("2019-04-30T10:00", "2wd"), ("2019-05-06T17:30:00".to_owned(), false));
    // The hour of the start does not matter, and a start on a day off counts from the next working day.
    assert_eq!(due("2019-05-03T23:59", "1wd"), ("2019-05-05T17:30:00".to_owned(), false));
}

#[test]
fn working_hours_skip_the_lunch_break_the_night_and_the_holidays() {
    assert_eq!(due("2019-04-30T11:00", "1wh").0, "2019-04-30T12:00:00");
    assert_eq!(due("2019-04-30T11:30", "1wh").0, "2019-04-30T14:30:00");
    assert_eq!(due("2019-04-30T17:00", "1wh").0, "2019-05-05T09:00:00");
    assert_eq!(due("2019-05-02T03:00", "8wh").0, "2019-05-06T09:30:00");
    // A fraction of a second costs neither a lunch break nor a night.
    assert_eq!(due("2019-04-30T11:00:00.004", "1wh").0, "2019-04-30T12:00:00");
    assert_eq!(due("2019-04-30T16:30:00.999", "1wh").0, "2019-04-30T17:30:00");
}

#[test]
fn everything_else_runs_on_the_clock() {
    assert_eq!(due("2019-04-30T23:50", "30min").0, "2019-05-01T00:20:00");
    assert_eq!(due("2019-02-21T15:00", "24h").0, "2019-02-22T15:00:00");
    assert_eq!(due("2019-04-30T10:00", "3d").0, "2019-05-03T10:00:00");
}

#[test]
fn beyond_the_published_years_plain_weekdays_count_provisionally() {
    assert_eq!(due("2026-12-31T10:00", "1wd"), ("2027-01-01T17:30:00".to_owned(), true));
    assert_eq!(due("2026-12-31T17:00", "1wh"), ("2027-01-01T09:00:00".to_owned(), true));
    assert_eq!(due("2026-12-31T10:00", "7d"), ("2027-01-07T10:00:00".to_owned(), false));
}

/// Holidays are published first, and the weekend days that are worked for them may come later.
#[test]
fn a_year_without_make_up_days_is_provisional_and_one_in_which_none_are_worked_is_not() {
    let with = |year: &str| {
        let mut sources = charter::shipped_sources("wuchang").unwrap();
        let calendar = sources.iter_mut().find(|file| file.path == "calendar.yaml").unwrap();
        calendar.text.push_str(year);
        Charter::parse(&sources).unwrap()
    };
    let counted = |charter: &Charter, limit: &str| {
        let start = at(charter, "2026-12-31T10:00");
        let Deadline { due, provisional } = charter.deadline(start, &limit.parse().unwrap());
        assert_eq!(provisional, charter.is_provisional(limit.parse().unwrap(), due));
        (due.to_zoned(charter.time_zone.clone()).datetime().to_string(), provisional)
    };
    let without = with("\n  2027:\n    holidays: { new-year: 01-01 }\n");
    assert_eq!(counted(&without, "1wd"), ("2027-01-04T17:30:00".to_owned(), true));
    assert_eq!(counted(&without, "7d"), ("2027-01-07T10:00:00".to_owned(), false));
    assert_eq!(without.calendar().without_make_up_days().collect::<Vec<_>>(), [2027]);
    assert_eq!(without.calendar().published_to(), Some(2026));
    let none_worked = with("\n  2027:\n    holidays: { new-year: 01-01 }\n    make-up: []\n");
    assert_eq!(counted(&none_worked, "1wd"), ("2027-01-04T17:30:00".to_owned(), false));
}

/// The same answer, found by looking at every single minute or day.
fn slowly(charter: &Charter, start: Timestamp, limit: Limit) -> Timestamp {
    let zone = &charter.time_zone;
    let open = |instant: Timestamp| {
        let local = instant.to_zoned(zone.clone()).datetime();
        let hours = charter.calendar().office_hours();
        charter.calendar().is_working(local.date())
            && hours.iter().any(|(opening, closing)| (*opening..*closing).contains(&local.time()))
    };
    match limit.unit {
        LimitUnit::WorkingHours => {
            let (mut now, mut left) = (start, limit.amount * 60);
            while left > 0 {
                left -= u32::from(open(now));
                now += SignedDuration::from_mins(1);
            }
            now
        }
        LimitUnit::WorkingDays => {
            let mut day = start.to_zoned(zone.clone()).date();
            for _ in 0..limit.amount {
                day = day.tomorrow().unwrap();
                while !charter.calendar().is_working(day) {
                    day = day.tomorrow().unwrap();
                }
            }
            let (_, closing) = charter.calendar().office_hours().last().unwrap();
            zone.to_timestamp(day.to_datetime(*closing)).unwrap()
        }
        LimitUnit::Minutes => start + SignedDuration::from_mins(limit.amount.into()),
        LimitUnit::Hours => start + SignedDuration::from_hours(limit.amount.into()),
        LimitUnit::Days => start + SignedDuration::from_hours(i64::from(limit.amount) * 24),
    }
}

fn limits(amounts: std::ops::Range<u32>) -> impl Strategy<Value = Limit> {
    use LimitUnit::{Days, Hours, Minutes, WorkingDays, WorkingHours};
    let unit = prop::sample::select(vec![Minutes, Hours, Days, WorkingDays, WorkingHours]);
    (amounts, unit).prop_map(|(amount, unit)| Limit { amount, unit })
}

/// Whole minutes from 2018 to 2028: before, in and beyond the published years.
fn starts() -> impl Strategy<Value = Timestamp> {
    (25_246_080i64..30_505_920).prop_map(|minute| Timestamp::from_second(minute * 60).unwrap())
}

proptest! {
    #[test]
    fn it_agrees_with_a_slow_count(start in starts(), limit in limits(1..40), abroad: bool) {
        let charter = if abroad { &*NEW_YORK } else { &*WUCHANG };
        prop_assert_eq!(charter.deadline(start, &limit).due, slowly(charter, start, limit));
    }

    #[test]
    fn who_starts_later_is_never_due_earlier(start in starts(), later in 0i64..20_000, limit in limits(1..300), abroad: bool) {
        let charter = if abroad { &*NEW_YORK } else { &*WUCHANG };
        let first = charter.deadline(start, &limit).due;
        let second = charter.deadline(start + SignedDuration::from_mins(later), &limit).due;
        prop_assert!(start < first && first <= second);
    }

    #[test]
    fn who_has_more_is_never_due_earlier(start in starts(), limit in limits(1..300), more in 0u32..50) {
        let longer = Limit { amount: limit.amount + more, ..limit };
        let (short, long) = (WUCHANG.deadline(start, &limit), WUCHANG.deadline(start, &longer));
        prop_assert!(short.due <= long.due);
        prop_assert!(!short.provisional || long.provisional);
    }

    #[test]
    fn a_standstill_cut_in_two_costs_the_same(
        start in starts(), limit in limits(1..40), after in 0i64..20_000, first in 0i64..9_000, second in 0i64..9_000
    ) {
        let whole = [stood(start, after, first + second)];
        let parts = [stood(start, after, first), stood(start, after + first, second)];
        prop_assert_eq!(WUCHANG.deadline_after(start, &limit, &whole), WUCHANG.deadline_after(start, &limit, &parts));
    }

    #[test]
    fn what_stands_longer_is_never_due_earlier_and_what_begins_too_late_costs_nothing(
        start in starts(), limit in limits(1..40), after in 0i64..20_000, long in 0i64..9_000, more in 0i64..900
    ) {
        let due = |minutes| WUCHANG.deadline_after(start, &limit, &[stood(start, after, minutes)]).due;
        prop_assert!(due(long) <= due(long + more));
        let usual = WUCHANG.deadline(start, &limit).due;
        prop_assert!(usual <= due(long));
        let late = Standstill { from: usual, until: usual + SignedDuration::from_mins(long) };
        prop_assert_eq!(WUCHANG.deadline_after(start, &limit, &[late]).due, usual);
    }

    /// Eight hours apart and neither with a summer time since 1991: the same hands of the clock mean the same.
    #[test]
    fn a_limit_is_counted_in_the_offices_own_time(
        start in starts(), limit in limits(1..40), after in 0i64..20_000, long in 0i64..9_000
    ) {
        let here = start + SignedDuration::from_hours(8);
        let there = WUCHANG.deadline_after(start, &limit, &[stood(start, after, long)]);
        let moved = GREENWICH.deadline_after(here, &limit, &[stood(here, after, long)]);
        prop_assert_eq!((moved.due - SignedDuration::from_hours(8), moved.provisional), (there.due, there.provisional));
    }

    #[test]
    fn no_instant_and_no_limit_is_too_much(second in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(), limit in limits(1..10_001)) {
        let start = Timestamp::from_second(second).unwrap();
        prop_assert!(WUCHANG.deadline(start, &limit).due >= start);
    }
}
