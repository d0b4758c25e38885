use std::fmt;
use std::str::FromStr;

/// How long something may take. Written `30min`, `2h`, `3d`, `3wd` or `8wh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// 1 to [`Limit::AMOUNT_MAX`].
    pub amount: u32,
    pub unit: LimitUnit,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitUnit {
    /// `min`: minutes on the clock.
    Minutes,
    /// `h`: hours on the clock.
    Hours,
    /// `d`: days of 24 hours, holidays included.
    Days,
    /// `wd`: working days; due when the offices close on the last of them.
    WorkingDays,
    /// `wh`: hours in which the offices are open.
    WorkingHours,
}

impl LimitUnit {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Minutes, "min"),
        (Self::Hours, "h"),
        (Self::Days, "d"),
        (Self::WorkingDays, "wd"),
        (Self::WorkingHours, "wh"),
    ];
}

impl Limit {
    /// Ten thousand days are 27 years: longer than any matter, short enough for every calendar sum.
    pub const AMOUNT_MAX: u32 = 10_000;

    /// Minutes on the clock if no holiday came between, for comparing limits of different units.
    pub(crate) const fn nominal_minutes(self) -> u64 {
        let minutes = match self.unit {
            LimitUnit::Minutes => 1,
            LimitUnit::Hours | LimitUnit::WorkingHours => 60,
            LimitUnit::Days | LimitUnit::WorkingDays => 24 * 60,
        };
        self.amount as u64 * minutes
    }
}

/// Why a text is not a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a limit is a number from 1 to 10000 and a unit: 30min, 2h, 3d, 3wd (working days) or 8wh (working hours), not {0:?}"
)]
pub struct LimitError(String);

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let wrong = || LimitError(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, unit) = text.split_at(digits);
        let amount = amount.parse().ok().filter(|amount| (1..=Self::AMOUNT_MAX).contains(amount)).ok_or_else(wrong)?;
        let (unit, _) = LimitUnit::ALL.into_iter().find(|(_, word)| *word == unit).ok_or_else(wrong)?;
        Ok(Self { amount, unit })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.unit {
            LimitUnit::Minutes => "min",
            LimitUnit::Hours => "h",
            LimitUnit::Days => "d",
            LimitUnit::WorkingDays => "wd",
            LimitUnit::WorkingHours => "wh",
        };
        write!(f, "{}{word}", self.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_limit_reads_back_as_it_is_written(amount in 1..=Limit::AMOUNT_MAX, unit in 0..5usize) {
            let limit = Limit { amount, unit: LimitUnit::ALL[unit].0 };
            prop_assert_eq!(limit.to_string().parse(), Ok(limit));
        }
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in ["", "0h", "h", "2", "2x", "-1h", "1.5h", "10001d", "2 h", "99999999999h"] {
            assert!(text.parse::<Limit>().is_err(), "{text:?}");
        }
    }
}
