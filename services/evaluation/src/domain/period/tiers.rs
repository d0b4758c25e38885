//! Forced bands of a ranking: how many units each tier has, and who is in it.
//!
//! Of *n* ranked units a tier of *s* percent has *n·s*/100 seats. Their whole parts are given first; what is left goes to the
//! largest remainders, of equal ones to the better tier. Units are seated from the best down. Who is ranked alike is treated
//! alike: all of them are in the tier in which the first of them is seated, and the seats they take beyond it are missing in
//! the tiers below.

use ids::Code;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Seats of each tier, in their order. `shares` are in percent and sum to 100.
#[must_use]
pub fn seats(shares: &[Decimal], units: usize) -> Vec<usize> {
    let quotas: Vec<Decimal> = shares.iter().map(|share| share * Decimal::from(units) / Decimal::ONE_HUNDRED).collect();
    let mut seats: Vec<usize> = quotas.iter().map(|quota| quota.floor().to_usize().unwrap_or_default()).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    // Stable: of equal remainders the better tier stays first.
    order.sort_by_key(|tier| std::cmp::Reverse(quotas.get(*tier).map(Decimal::fract)));
    let left = units.saturating_sub(seats.iter().sum());
    for tier in order.into_iter().take(left) {
        if let Some(seats) = seats.get_mut(tier) {
            *seats += 1;
        }
    }
    seats
}

/// The tier of each unit. `ranks` are those of the ranked units from the best down, equal ones beside each other.
#[must_use]
pub fn tiers(tiers: &[(Code, Decimal)], ranks: &[u32]) -> Vec<Code> {
    let shares: Vec<Decimal> = tiers.iter().map(|(_, share)| *share).collect();
    let seats = seats(&shares, ranks.len());
    let seated: Vec<&Code> =
        tiers.iter().zip(seats).flat_map(|((tier, _), seats)| std::iter::repeat_n(tier, seats)).collect();
    let mut given: Vec<Code> = Vec::with_capacity(ranks.len());
    for (place, rank) in ranks.iter().enumerate() {
        let like_the_one_before = place.checked_sub(1).filter(|before| ranks.get(*before) == Some(rank));
        let tier = match like_the_one_before {
            Some(before) => given.get(before).cloned(),
            None => seated.get(place).map(|tier| (*tier).clone()),
        };
        given.extend(tier);
    }
    given
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shipped() -> Vec<(Code, Decimal)> {
        [("excellent", 60), ("good", 30), ("fair", 10)]
            .map(|(code, share)| (code.parse().unwrap(), Decimal::from(share)))
            .to_vec()
    }

    fn counted(given: &[Code]) -> Vec<usize> {
        shipped().iter().map(|(tier, _)| given.iter().filter(|it| *it == tier).count()).collect()
    }

    /// All sizes a district has: seats sum up, and none is a whole seat away from its share.
    #[test]
    fn sixty_thirty_ten_of_1_to_200_units() {
        for units in 1..=200usize {
            let shares = [60, 30, 10];
            let seats = seats(&shares.map(Decimal::from), units);
            assert_eq!(seats.iter().sum::<usize>(), units);
            for (seats, share) in seats.iter().zip(shares) {
                assert!((seats * 100).abs_diff(units * share) < 100, "{units}: {seats} of {share} %");
            }
            let ranks: Vec<u32> = (1..=u32::try_from(units).unwrap()).collect();
            assert_eq!(counted(&tiers(&shipped(), &ranks)), seats, "without ties every seat is taken");
        }
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainder_and_of_equal_ones_to_the_better_tier() {
        let of = |units| seats(&[60, 30, 10].map(Decimal::from), units);
        assert_eq!(of(1), [1, 0, 0]);
        assert_eq!(of(2), [1, 1, 0]);
        assert_eq!(of(3), [2, 1, 0]);
        // 3, 1.5 and 0.5: the better of the equal remainders.
        assert_eq!(of(5), [3, 2, 0]);
        assert_eq!(of(7), [4, 2, 1]);
        assert_eq!(of(10), [6, 3, 1]);
        assert_eq!(seats(&[50, 50].map(Decimal::from), 3), [2, 1]);
    }

    proptest! {
        #[test]
        fn who_is_ranked_alike_is_in_one_tier_and_a_better_rank_in_no_worse_one(ties in prop::collection::vec(1u32..5, 1..60)) {
            // As a ranking has it: 1, 1, 3, …
            let mut ranks = Vec::new();
            for size in ties {
                let rank = u32::try_from(ranks.len()).unwrap() + 1;
                ranks.extend((0..size).map(|_| rank));
            }
            let given = tiers(&shipped(), &ranks);
            prop_assert_eq!(given.len(), ranks.len());
            let order: Vec<usize> =
                given.iter().map(|tier| shipped().iter().position(|(known, _)| known == tier).unwrap()).collect();
            prop_assert!(order.is_sorted());
            for (one, other) in ranks.iter().zip(&given).zip(ranks.iter().zip(&given).skip(1)) {
                prop_assert!(one.0 != other.0 || one.1 == other.1, "{:?} and {:?}", one, other);
            }
            // Nobody is worse off than their own seat.
            let alone: Vec<u32> = (1..=u32::try_from(ranks.len()).unwrap()).collect();
            let seats = tiers(&shipped(), &alone);
            let place = |tier: &Code| shipped().iter().position(|(known, _)| known == tier).unwrap();
            prop_assert!(given.iter().zip(&seats).all(|(given, seat)| place(given) <= place(seat)));
        }
    }
}
