//! How sure a mean is: its 95 % interval, in whole numbers throughout, so that whoever computes it anew gets the same digits.
//!
//! A case's total lies between 0 and 100, but it is no yes or no, so the interval of a share does not fit as it stands. Of
//! all numbers from 0 to 1 with mean *p*, none vary more than yes and no do: their variance is at most *p*(1 − *p*) (Bhatia
//! and Davis 2000). So Wilson's interval (1927) of a share *p* in *n* cases holds for the mean as well: it is wide enough for
//! any totals, never outside 0 to 100, and says something even of one case. It asks for nothing but the mean, as it is
//! published, and the number of cases.
//!
//! ```text
//! (2np + z² ± z √(z² + 4np(1 − p))) / 2(n + z²),  z = 1.96
//! ```
//! The lower end is rounded down and the upper one up, to two places of a hundred.

use rust_decimal::Decimal;

use super::table::MEAN_PLACES;

/// Decimal places of either end.
pub const INTERVAL_PLACES: u32 = 2;
/// A hundred in units of a published mean.
const WHOLE: u128 = 100 * 10u128.pow(MEAN_PLACES);
/// z² = 1.96² in ten thousandths.
const Z_SQUARED: u128 = 38_416;

/// The interval of a mean from 0 to 100 of `cases` totals. The mean is taken as it is published, with four places.
#[must_use]
pub fn interval(mean: Decimal, cases: u32) -> (Decimal, Decimal) {
    let (p, n) = (in_units(mean), u128::from(cases));
    // Everything times 2·10⁸·(n + z²), and the ends in hundredths of a percent: nothing is divided before the end.
    let middle = 200 * n * p + 10_000 * Z_SQUARED;
    let root = root_up(Z_SQUARED * (Z_SQUARED * WHOLE * WHOLE / 10_000 + 4 * n * p * (WHOLE - p)));
    let whole = 20_000 * n + 2 * Z_SQUARED;
    let low = middle.saturating_sub(root) / whole;
    let high = (middle + root).div_ceil(whole).min(100 * 10u128.pow(INTERVAL_PLACES));
    let percent = |ends: u128| Decimal::new(i64::try_from(ends).unwrap_or(i64::MAX), INTERVAL_PLACES);
    (percent(low), percent(high))
}

fn in_units(mean: Decimal) -> u128 {
    let mut mean = mean.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED);
    mean.rescale(MEAN_PLACES);
    u128::try_from(mean.mantissa()).unwrap_or_default()
}

/// The smallest whole number whose square is not below.
fn root_up(square: u128) -> u128 {
    let down = square.isqrt();
    if down * down == square { down } else { down + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends(mean: &str, cases: u32) -> (String, String) {
        let (low, high) = interval(mean.parse().unwrap(), cases);
        (low.to_string(), high.to_string())
    }

    fn pair(low: &str, high: &str) -> (String, String) {
        (low.to_owned(), high.to_owned())
    }

    #[test]
    fn the_interval_is_wilsons_with_its_ends_rounded_outward() {
        // By hand for one full mark: 1 / (1 + z²) to 1.
        assert_eq!(ends("100", 1), pair("20.65", "100.00"));
        assert_eq!(ends("0", 1), pair("0.00", "79.35"));
        // 50 of 100: (0.5 + 0.019208 ± 0.0998…) / 1.038416, as textbooks have it.
        assert_eq!(ends("50", 100), pair("40.38", "59.62"));
        assert_eq!(ends("85", 20), pair("63.95", "94.77"));
    }

    proptest! {
        #[test]
        fn a_mean_is_within_its_interval_and_more_cases_make_it_narrower(mean in 0i64..=1_000_000, cases in 1u32..100_000) {
            let mean = Decimal::new(mean, MEAN_PLACES);
            let (low, high) = interval(mean, cases);
            prop_assert!(Decimal::ZERO <= low && low <= mean && mean <= high && high <= Decimal::ONE_HUNDRED);
            let (lower, higher) = interval(mean, cases * 4);
            prop_assert!(low <= lower && higher <= high);
        }
    }
}
