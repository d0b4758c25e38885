//! The arithmetic of a score: exact decimals, no floating point anywhere.
//!
//! `total = Σ(weight · rate) / Σ(weight) · 100` over the components whose rate is known. A component that nobody rated
//! is left out, which spreads its weight over the others in proportion; where the charter holds the total back instead,
//! there is none, and what is known is scored all the same. A total that ends is given exactly; only one
//! that would go on for ever (thirds, sevenths) is rounded, half to even, to [`TOTAL_PLACES`] places. Never with
//! trailing zeros.

use charter::{ScoreSource, Unrated};
use ids::Code;
use rust_decimal::{Decimal, RoundingStrategy};

use super::Round;

/// Decimal places of a total whose division does not end.
pub const TOTAL_PLACES: u32 = 4;
/// A quotient that has not ended after this many places is taken not to end. By whole percents one ends after six
/// places at most (64 = 2⁶), and the rates bring two; twelve places times a weight still fit a decimal exactly.
const PLACES_TRIED: u32 = 12;

/// How a score comes about: as much of the charter's formula as the arithmetic needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    pub name: String,
    pub weights: Vec<Weight>,
    pub unrated: Unrated,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    pub code: Code,
    /// Percent of the whole.
    pub weight: Decimal,
    pub source: ScoreSource,
}

impl From<&charter::Formula> for Formula {
    fn from(formula: &charter::Formula) -> Self {
        let weights = formula.components.iter().map(|component| Weight {
            code: component.code.clone(),
            weight: component.weight,
            source: component.source,
        });
        Self { name: formula.name.clone(), weights: weights.collect(), unrated: formula.unrated }
    }
}

/// One department's score for one resolution of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    pub round: u32,
    pub party: Code,
    /// Name of the formula.
    pub formula: String,
    pub unrated: Unrated,
    pub parts: Vec<Part>,
    /// 0 to 100; none where it is held back because of what nobody rated.
    pub total: Option<Decimal>,
}

impl Score {
    /// What its own parts make of it: the same as [`Score::total`], or it was not computed by these rules.
    #[must_use]
    pub fn total_of_parts(&self) -> Option<Decimal> {
        let held_back = self.unrated == Unrated::HeldBack && self.parts.iter().any(|part| part.rate.is_none());
        total(&self.parts).filter(|_| !held_back)
    }
}

/// One component with what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub code: Code,
    pub weight: Decimal,
    /// 0 to 1; none when nobody rated.
    pub rate: Option<Decimal>,
}

/// The total of what is known; none when nothing is.
#[must_use]
pub fn total(parts: &[Part]) -> Option<Decimal> {
    let known = || parts.iter().filter_map(|part| part.rate.map(|rate| (part.weight, rate)));
    let weight: Decimal = known().map(|(weight, _)| weight).sum();
    let points: Decimal = known().map(|(weight, rate)| weight * rate * Decimal::ONE_HUNDRED).sum();
    let quotient = points.checked_div(weight)?;
    let round_to = |places| quotient.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
    let ended = round_to(PLACES_TRIED);
    let total = if ended * weight == points { ended } else { round_to(TOTAL_PLACES) };
    Some(total.normalize())
}

impl Round {
    /// The scores that are complete and not given yet: of each party for which every rating that the formula needs is
    /// known or, once the time to rate is over, whatever is known.
    #[must_use]
    pub fn scores_due(&self, formula: &Formula) -> Vec<Score> {
        let unscored = self.asked.performance.keys().filter(|party| !self.scored.contains(*party));
        unscored.filter_map(|party| self.score_of(party, formula)).collect()
    }

    fn score_of(&self, party: &Code, formula: &Formula) -> Option<Score> {
        let parts: Vec<Part> = formula
            .weights
            .iter()
            .map(|weight| Part {
                code: weight.code.clone(),
                weight: weight.weight,
                rate: self.rate_of(party, weight.source),
            })
            .collect();
        let complete = self.lapsed || parts.iter().all(|part| part.rate.is_some());
        if !complete || parts.iter().all(|part| part.rate.is_none()) {
            return None;
        }
        let mut score = Score {
            round: self.asked.round,
            party: party.clone(),
            formula: formula.name.clone(),
            unrated: formula.unrated,
            parts,
            total: None,
        };
        score.total = score.total_of_parts();
        Some(score)
    }

    fn rate_of(&self, party: &Code, source: ScoreSource) -> Option<Decimal> {
        let clocks = self.asked.performance.get(party)?.clocks;
        let kept = |kept: bool| Some(if kept { Decimal::ONE } else { Decimal::ZERO });
        match source {
            ScoreSource::ResponseOnTime => kept(clocks.responded_in_time),
            ScoreSource::ReportedInOnTime => kept(clocks.reported_in_in_time),
            ScoreSource::DoneOnTime => kept(clocks.done_in_time),
            ScoreSource::CallerRating => self.caller,
            // Of one that was called again, what it got before counts when nothing newer has come in time.
            ScoreSource::StreetRating if !self.lapsed && self.rated_in(party).is_none() => None,
            ScoreSource::StreetRating => self.street.get(party).map(|(_, rate)| *rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Parts from `weight, rate` pairs as they are written; an empty rate is an unknown one.
    fn parts(written: &[(&str, &str)]) -> Vec<Part> {
        let part = |(weight, rate): &(&str, &str)| Part {
            code: "part".parse().unwrap(),
            weight: weight.parse().unwrap(),
            rate: (!rate.is_empty()).then(|| rate.parse().unwrap()),
        };
        written.iter().map(part).collect()
    }

    fn scored(written: &[(&str, &str)]) -> Option<String> {
        total(&parts(written)).map(|total| total.to_string())
    }

    #[test]
    fn late_to_respond_done_in_time_and_nine_tenths_from_the_street_make_85() {
        assert_eq!(scored(&[("10", "0"), ("40", "1"), ("50", "0.9")]).as_deref(), Some("85"));
    }

    #[test]
    fn half_a_call_and_a_basically_satisfied_caller_in_heping() {
        assert_eq!(scored(&[("50", "1"), ("20", "0.6"), ("30", "0.85")]).as_deref(), Some("87.5"));
        assert_eq!(scored(&[("50", "0"), ("20", "0.6"), ("30", "0.85")]).as_deref(), Some("37.5"));
    }

    #[test]
    fn what_nobody_rated_is_spread_over_the_rest() {
        // 10·0 + 40·1 over the 50 that are known.
        assert_eq!(scored(&[("10", "0"), ("40", "1"), ("50", "")]).as_deref(), Some("80"));
        // An eighth ends after three places, however many it takes.
        assert_eq!(scored(&[("50", "1"), ("20", ""), ("30", "0.85")]).as_deref(), Some("94.375"));
        assert_eq!(scored(&[("50", ""), ("20", ""), ("30", "")]), None);
        assert_eq!(scored(&[]), None);
    }

    #[test]
    fn only_a_total_that_does_not_end_is_rounded() {
        // 40 · 0.5 + 20 · 1 over 60: 66.66…
        assert_eq!(scored(&[("40", "0.5"), ("20", "1"), ("40", "")]).as_deref(), Some("66.6667"));
        // 20.7 over 90 ends, and 1 over 64 does so after six places.
        assert_eq!(scored(&[("70", "0.01"), ("20", "1"), ("10", "")]).as_deref(), Some("23"));
        assert_eq!(scored(&[("1", "1"), ("63", "0"), ("36", "")]).as_deref(), Some("1.5625"));
        assert_eq!(scored(&[("1", "0.01"), ("63", "0"), ("36", "")]).as_deref(), Some("0.015625"));
    }

    /// Three weights that sum to 100, none of them 0.
    fn weights() -> impl Strategy<Value = [u32; 3]> {
        (1u32..99, 1u32..99)
            .prop_filter("three positive weights", |(one, two)| one + two < 100)
            .prop_map(|(one, two)| [one, two, 100 - one - two])
    }

    /// Hundredths, or nothing.
    fn rates() -> impl Strategy<Value = [Option<u32>; 3]> {
        proptest::array::uniform3(proptest::option::of(0u32..=100))
    }

    fn made(weights: [u32; 3], rates: [Option<u32>; 3]) -> Vec<Part> {
        let hundredths = |rate: u32| Decimal::new(i64::from(rate), 2);
        let pair = weights.into_iter().zip(rates);
        pair.map(|(weight, rate)| Part {
            code: "part".parse().unwrap(),
            weight: weight.into(),
            rate: rate.map(hundredths),
        })
        .collect()
    }

    proptest! {
        #[test]
        fn full_marks_are_100_and_nothing_is_0(weights in weights(), rates in rates()) {
            prop_assume!(rates.iter().any(Option::is_some));
            prop_assert_eq!(total(&made(weights, rates.map(|rate| rate.map(|_| 100)))), Some(Decimal::ONE_HUNDRED));
            prop_assert_eq!(total(&made(weights, rates.map(|rate| rate.map(|_| 0)))), Some(Decimal::ZERO));
        }

        #[test]
        fn a_better_rate_never_lowers_the_total(weights in weights(), rates in rates(), which in 0usize..3, by in 1u32..=100) {
            prop_assume!(rates[which].is_some());
            let mut better = rates;
            better[which] = rates[which].map(|rate| (rate + by).min(100));
            let (before, after) = (total(&made(weights, rates)), total(&made(weights, better)));
            prop_assert!(after >= before, "{:?} after {:?}", after, before);
        }

        #[test]
        fn when_all_is_known_the_total_is_the_weighted_sum_to_the_last_digit(
            weights in weights(), rates in proptest::array::uniform3(0u32..=100),
        ) {
            let sum: u32 = weights.iter().zip(rates).map(|(weight, rate)| weight * rate).sum();
            prop_assert_eq!(total(&made(weights, rates.map(Some))), Some(Decimal::new(i64::from(sum), 2)));
        }

        #[test]
        fn a_total_is_within_its_rates_and_close_to_the_true_quotient(weights in weights(), rates in rates()) {
            let parts = made(weights, rates);
            let Some(total) = total(&parts) else {
                prop_assert!(rates.iter().all(Option::is_none));
                return Ok(());
            };
            let known: Vec<u32> = rates.iter().flatten().copied().collect();
            let bound = |rate: Option<&u32>| Decimal::from(rate.copied().unwrap_or_default());
            prop_assert!(bound(known.iter().min()) <= total && total <= bound(known.iter().max()));
            // Against whole numbers: |total · Σw − Σ(w·r)| is at most half a unit of the last place, times Σw.
            let weight: u32 = weights.iter().zip(rates).filter(|(_, rate)| rate.is_some()).map(|(weight, _)| weight).sum();
            let points: u32 = weights.iter().zip(rates).map(|(weight, rate)| weight * rate.unwrap_or(0)).sum();
            let off = (total * Decimal::from(weight) - Decimal::from(points)).abs();
            prop_assert!(off <= Decimal::new(5, TOTAL_PLACES + 1) * Decimal::from(weight), "{total} for {points}/{weight}");
            prop_assert_eq!(total, total.normalize());
        }
    }
}
