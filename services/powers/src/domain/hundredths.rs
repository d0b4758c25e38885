//! Yuan and points: decimals with two places, counted in hundredths, so that no sum is ever rounded.

use std::fmt;
use std::str::FromStr;

/// Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hundredths(u64);

impl Hundredths {
    pub const ZERO: Self = Self(0);
    /// A thousand million yuan: more than a street has, and far from where sums would not fit.
    pub const MAX: Self = Self(100_000_000_000);
    /// A hundred points.
    pub const HUNDRED: Self = Self(10_000);

    /// None where it would be more than [`Hundredths::MAX`].
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| *sum <= Self::MAX)
    }

    /// None where less than nothing would be left.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Why a text is no such number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HundredthsError {
    #[error("write digits, with a point and at most two places if need be: 120000.50")]
    Form,
    #[error("at most {max} fits", max = Hundredths::MAX)]
    TooMuch,
}

impl FromStr for Hundredths {
    type Err = HundredthsError;

    fn from_str(text: &str) -> Result<Self, HundredthsError> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) || places.len() > 2 {
            return Err(HundredthsError::Form);
        }
        let read = |text: &str| text.parse::<u64>().map_err(|_| HundredthsError::TooMuch);
        let places = if places.len() == 1 { read(places)? * 10 } else { read(places)? };
        let sum = read(whole)?.checked_mul(100).and_then(|whole| whole.checked_add(places)).map(Self);
        sum.filter(|sum| *sum <= Self::MAX).ok_or(HundredthsError::TooMuch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_written_with_digits_and_at_most_two_places() {
        for (written, means) in [("0", "0.00"), ("7.5", "7.50"), ("120000.05", "120000.05"), ("007", "7.00")] {
            assert_eq!(written.parse::<Hundredths>().unwrap().to_string(), means);
        }
        for wrong in ["", ".5", "5.", "1.234", "-1", "+1", "1e3", "1,000", "一百", " 1"] {
            assert_eq!(wrong.parse::<Hundredths>(), Err(HundredthsError::Form), "{wrong:?}");
        }
        for much in ["1000000000.01", "99999999999999999999999"] {
            assert_eq!(much.parse::<Hundredths>(), Err(HundredthsError::TooMuch), "{much}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_back_as_it_is_written_and_what_was_added_can_be_taken_away(a in 0u64..=50_000_000_000, b in 0u64..=50_000_000_000) {
            let (a, b) = (Hundredths(a), Hundredths(b));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            let sum = a.plus(b).unwrap();
            prop_assert_eq!(sum.minus(b), Some(a));
            prop_assert_eq!(a.minus(b).is_some(), a >= b);
        }
    }
}
