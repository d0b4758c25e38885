//! Shares, means and times, as they are shown: how many, of how many, and how sure one can be of it.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

/// Decimals of a percentage.
const DECIMALS: u32 = 2;
/// Decimals of a mean of scores.
const SCORE_DECIMALS: u32 = 4;
/// Standard deviations that hold 95 of 100 cases.
const Z_95: f64 = 1.959_963_984_540_054;

/// Some out of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub counted: u64,
    pub of: u64,
}

impl Share {
    pub fn add(&mut self, counts: bool) {
        self.counted += u64::from(counts);
        self.of += 1;
    }

    pub const fn out_of(counted: u64, of: u64) -> Self {
        Self { counted, of }
    }

    /// In percent; none of nothing.
    pub fn percent(&self) -> Option<Decimal> {
        Mean { sum: self.counted.into(), of: self.of }.percent()
    }

    /// Where the share would lie, 95 times of 100, if what was counted were a sample of what the unit does: Wilson's
    /// score interval, in percent with two decimals. It stays between 0 and 100 however few were counted.
    ///
    /// Additions, products, quotients and one square root of doubles, which every machine rounds alike.
    #[allow(clippy::cast_precision_loss, reason = "a district has fewer cases than 2^53")]
    pub fn interval(&self) -> Option<[String; 2]> {
        if self.of == 0 {
            return None;
        }
        let of = self.of as f64;
        let share = self.counted as f64 / of;
        let square = Z_95 * Z_95;
        let middle = (share + square / (2.0 * of)) / (1.0 + square / of);
        let half = Z_95 / (1.0 + square / of) * (share * (1.0 - share) / of + square / (4.0 * of * of)).sqrt();
        let shown = |value: f64| format!("{:.2}", (value * 100.0).clamp(0.0, 100.0));
        Some([shown(middle - half), shown(middle + half)])
    }
}

/// Decimals added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    pub sum: Decimal,
    pub of: u64,
}

impl Mean {
    pub fn add(&mut self, value: Decimal) {
        self.sum += value;
        self.of += 1;
    }

    /// Of rates from 0 to 1, in percent; none of nothing.
    pub fn percent(&self) -> Option<Decimal> {
        let mean = (self.sum * Decimal::ONE_HUNDRED).checked_div(self.of.into())?;
        Some(rounded(mean))
    }

    /// Of scores, with four decimals, as a period of evaluation publishes it; none of nothing.
    pub fn score(&self) -> Option<Decimal> {
        let mean = self.sum.checked_div(self.of.into())?;
        let mut mean = mean.round_dp_with_strategy(SCORE_DECIMALS, RoundingStrategy::MidpointNearestEven);
        mean.rescale(SCORE_DECIMALS);
        Some(mean)
    }
}

/// What some cases were scored: the mean of their totals, and of each component over the cases in which it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    pub total: Mean,
    pub rates: BTreeMap<String, Mean>,
}

impl Scores {
    /// Adds one score: the total, empty where it is held back, and after each semicolon a component with its rate. What was
    /// recorded before decimals were checked counts for nothing.
    pub fn add(&mut self, said: &str) {
        let mut parts = said.split(';');
        if let Some(total) = parts.next().and_then(|total| total.parse().ok()) {
            self.total.add(total);
        }
        for (component, rate) in parts.filter_map(|part| part.split_once('=')) {
            let Ok(rate) = rate.parse() else { continue };
            match self.rates.get_mut(component) {
                Some(known) => known.add(rate),
                None => self.rates.entry(component.to_owned()).or_default().add(rate),
            }
        }
    }

    pub fn of(&self, component: &str) -> Mean {
        self.rates.get(component).copied().unwrap_or_default()
    }
}

/// With exactly two decimals, the last rounded half to even.
pub fn rounded(value: Decimal) -> Decimal {
    let mut value = value.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointNearestEven);
    value.rescale(DECIMALS);
    value
}

/// Lengths of time in seconds, all of them: a median is of one that there was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(Vec<u32>);

impl Times {
    pub fn add(&mut self, seconds: u32) {
        self.0.push(seconds);
    }

    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The shortest that so many percent are not longer than, for each; none of nothing.
    pub fn percentiles<const N: usize>(&self, percents: [u64; N]) -> Option<[u64; N]> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = self.count().checked_sub(1)?;
        Some(percents.map(|percent| {
            let rank = (percent * self.count()).div_ceil(100).saturating_sub(1).min(last);
            usize::try_from(rank).ok().and_then(|rank| sorted.get(rank)).copied().unwrap_or_default().into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_wilsons_and_stays_within_bounds() {
        let shown = |counted, of| Share::out_of(counted, of).interval().map(|bounds| bounds.join(" "));
        assert_eq!(shown(0, 0), None);
        // Figures that others have published for this interval.
        assert_eq!(shown(0, 10).unwrap(), "0.00 27.75");
        assert_eq!(shown(10, 10).unwrap(), "72.25 100.00");
        assert_eq!(shown(81, 263).unwrap(), "25.53 36.62");
        assert_eq!(shown(1, 1).unwrap(), "20.65 100.00");
    }

    #[test]
    fn a_median_is_one_of_what_was_counted() {
        let of = |seconds: &[u32]| Times(seconds.to_vec()).percentiles([50, 90]);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some([7, 7]));
        assert_eq!(of(&[4, 1, 3, 2]), Some([2, 4]));
        assert_eq!(of(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), Some([5, 9]));
    }

    #[test]
    fn a_share_of_nothing_is_no_share_and_half_goes_to_even() {
        assert_eq!(Share::default().percent(), None);
        let shown = |counted, of| Share::out_of(counted, of).percent().unwrap().to_string();
        assert_eq!([shown(1, 3), shown(2, 2), shown(1, 800), shown(3, 800)], ["33.33", "100.00", "0.12", "0.38"]);
    }
}
