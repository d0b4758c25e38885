//! The days of a period: one, a month or a year of the district's calendar; and whose work a table of these days is about.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// A year before the first case of anybody, and one in which nobody will ask any more.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=9000;

/// A period, by its name: `2026-04-09`, `2026-04` or `2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    Day(Date),
    /// By its first day.
    Month(Date),
    /// By its first day.
    Year(Date),
}

/// It is the name of no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no period: write a day, a month or a year as 2026-04-09, 2026-04 or 2026")]
pub struct NoPeriod(String);

/// Whose work a table is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// Those who were called.
    #[default]
    Called,
    /// Grid members: each grid has one.
    Grids,
    /// Those who work in communities.
    Communities,
}

impl Whose {
    const ALL: [Self; 3] = [Self::Called, Self::Grids, Self::Communities];

    /// Before the days in a table's name. A period of those who were called has its days' name alone.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Called => "",
            Self::Grids => "grids-",
            Self::Communities => "communities-",
        }
    }
}

/// A table by its name: `2026-04`, `grids-2026-04`, `communities-2026`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    pub whose: Whose,
    pub span: Span,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.whose.prefix(), self.span)
    }
}

impl FromStr for TableName {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let named = Whose::ALL.into_iter().rev().find_map(|whose| Some((whose, text.strip_prefix(whose.prefix())?)));
        let (whose, span) = named.unwrap_or((Whose::Called, text));
        Ok(Self { whose, span: span.parse().map_err(|_| NoPeriod(text.to_owned()))? })
    }
}

impl Span {
    /// The first day.
    #[must_use]
    pub const fn first(self) -> Date {
        match self {
            Self::Day(first) | Self::Month(first) | Self::Year(first) => first,
        }
    }

    /// The day after the last one.
    #[must_use]
    pub fn after(self) -> Date {
        match self {
            Self::Day(first) => first.saturating_add(1.day()),
            Self::Month(first) => first.saturating_add(1.month()),
            Self::Year(first) => first.saturating_add(1.year()),
        }
    }

    #[must_use]
    pub const fn is_year(self) -> bool {
        matches!(self, Self::Year(_))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Month(_) => write!(f, "{:04}-{:02}", first.year(), first.month()),
            Self::Year(_) => write!(f, "{:04}", first.year()),
        }
    }
}

impl FromStr for Span {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let wrong = || NoPeriod(text.to_owned());
        let mut numbers = text.split('-').map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<i16>().ok().filter(|_| digits).ok_or_else(wrong)
        });
        let year = numbers.next().unwrap_or_else(|| Err(wrong()))?;
        let (month, day) = (numbers.next().transpose()?, numbers.next().transpose()?);
        let part = |part: Option<i16>| i8::try_from(part.unwrap_or(1)).map_err(|_| wrong());
        let first = Date::new(year, part(month)?, part(day)?).map_err(|_| wrong())?;
        let span = match (month, day) {
            (_, Some(_)) => Self::Day(first),
            (Some(_), None) => Self::Month(first),
            (None, None) => Self::Year(first),
        };
        // One name for each: 2026-4 and 2026-04 would be two histories.
        if YEARS.contains(&year) && span.to_string() == text { Ok(span) } else { Err(wrong()) }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::Day(date(2000, 1, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_by_whose_work_it_is_about_and_its_days() {
        for name in ["2026", "2026-04-09", "grids-2026-04", "communities-2026"] {
            assert_eq!(name.parse::<TableName>().unwrap().to_string(), name);
        }
        assert_eq!("grids-2026-04".parse::<TableName>().unwrap().whose, Whose::Grids);
        for wrong in ["grids-", "grids", "ballot-april", "grids-2026-4", "grids-grids-2026", "streets-2026"] {
            assert!(wrong.parse::<TableName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_period_has_one_name_and_ends_before_the_next_begins() {
        for (name, first, after) in [
            ("2024-02-28", "2024-02-28", "2024-02-29"),
            ("2024-02", "2024-02-01", "2024-03-01"),
            ("2026-12", "2026-12-01", "2027-01-01"),
            ("2026", "2026-01-01", "2027-01-01"),
        ] {
            let span: Span = name.parse().unwrap();
            assert_eq!((span.to_string().as_str(), span.first().to_string().as_str()), (name, first));
            assert_eq!(span.after().to_string(), after);
        }
        for wrong in
            ["", "2026-4", "2026-13", "2026-02-29", "26", "1999", "2026-04-09-01", "+2026", "2026-", "２０２６"]
        {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
