//! The table of a period: what was counted, with means, intervals, ranks and tiers.
//!
//! Everything after the means follows from what is published: the interval from the mean and the number of cases, the rank
//! from the mean or a year's result, the tier from the ranks. So whoever has the table can check it with a pencil, and whoever
//! has the record can make it again. Means are divided exactly and rounded half to even: a sum of a million totals with
//! twelve decimal places is within 28 digits, and its quotient cannot lie so near to the middle of two published values that
//! the 28th digit would decide.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ids::Code;
use rust_decimal::{Decimal, RoundingStrategy};

use super::counted::{Counted, Sum, UsedFormula};
use super::interval::interval;
use super::span::{TableName, Whose};
use super::tiers::tiers;

/// Decimal places of a mean.
pub const MEAN_PLACES: u32 = 4;

/// What of the charter a table is made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Best first, in percent of the ranked units.
    pub tiers: Vec<(Code, Decimal)>,
    pub ranked_from: u32,
    /// What a year's result is made of: street and imported, in percent.
    pub yearly: Option<(Decimal, Decimal)>,
}

impl Terms {
    /// As far as they hold for a period: tiers and a result from elsewhere are a year's, of those who were called.
    #[must_use]
    pub fn of(charter: &charter::Charter, name: TableName) -> Self {
        let publishing = charter.publishing();
        let is_year = name.span.is_year() && name.whose == Whose::Called;
        let of_a_year = charter.tiers().iter().filter(|_| is_year);
        Self {
            tiers: of_a_year.map(|tier| (tier.code.clone(), tier.share.normalize())).collect(),
            ranked_from: publishing.ranked_from,
            yearly: publishing
                .yearly
                .filter(|_| is_year)
                .map(|yearly| (yearly.street.normalize(), yearly.imported.normalize())),
        }
    }
}

/// What is published, beside which period it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub terms: Terms,
    pub formulas: Vec<(UsedFormula, u32)>,
    /// Best first; after the ranked ones the others, by code.
    pub rows: Vec<Row>,
    pub excluded_cases: u32,
    pub excluded: Vec<(Code, u32)>,
    pub external: u32,
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub unit: Code,
    /// 1, 2, 2, 4, …; none of who has too few cases, or no total.
    pub rank: Option<u32>,
    /// With a total.
    pub cases: u32,
    pub held_back: u32,
    /// Of the totals, 0 to 100.
    pub mean: Option<Decimal>,
    /// The mean's 95 % interval.
    pub interval: Option<(Decimal, Decimal)>,
    pub imported: Option<Decimal>,
    /// Of a year that has an imported part; exact.
    pub result: Option<Decimal>,
    pub tier: Option<Code>,
    pub rates: Vec<Rate>,
    /// Of an appraisal: matters that it brought in itself.
    pub reported: u32,
    /// Of an appraisal: who acted for it, by staff number.
    pub staff: Vec<String>,
}

/// A component's mean over the cases in which it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    pub component: Code,
    /// In percent; none: not rated.
    pub mean: Option<Decimal>,
    pub cases: u32,
}

impl Table {
    #[must_use]
    pub fn of(counted: &Counted, terms: Terms, marks: &BTreeMap<Code, Decimal>) -> Self {
        let mut rows: Vec<Row> =
            counted.units.iter().map(|(unit, sum)| Row::of(unit, sum, &terms, marks.get(unit).copied())).collect();
        // By code already: what is equal stays so.
        rows.sort_by_key(|row| Reverse(row.worth(&terms)));
        rank(&mut rows, &terms);
        Self {
            terms,
            formulas: counted.formulas.iter().map(|(formula, scores)| (formula.clone(), *scores)).collect(),
            rows,
            excluded_cases: counted.excluded_cases,
            excluded: counted.excluded.iter().map(|(unit, cases)| (unit.clone(), *cases)).collect(),
            external: counted.external,
        }
    }

    /// Who has cases enough to be ranked by a result of which the imported part is missing.
    #[must_use]
    pub fn without_mark(&self) -> Vec<Code> {
        let lacks = |row: &&Row| row.imported.is_none() && row.mean.is_some() && row.cases >= self.terms.ranked_from;
        let rows = self.rows.iter().filter(|_| self.terms.yearly.is_some());
        rows.filter(lacks).map(|row| row.unit.clone()).collect()
    }

    #[must_use]
    pub fn has(&self, unit: &Code) -> bool {
        self.rows.iter().any(|row| row.unit == *unit)
    }
}

impl Row {
    fn of(unit: &Code, sum: &Sum, terms: &Terms, mark: Option<Decimal>) -> Self {
        let mean = mean(sum.totals, sum.cases);
        let imported = mark.filter(|_| terms.yearly.is_some());
        let result = terms.yearly.zip(mean).zip(imported).map(|(((street, elsewhere), mean), imported)| {
            ((street * mean + elsewhere * imported) / Decimal::ONE_HUNDRED).normalize()
        });
        let rates = sum.rates.iter().map(|(component, (rates, cases))| Rate {
            component: component.clone(),
            mean: self::mean(*rates * Decimal::ONE_HUNDRED, *cases),
            cases: *cases,
        });
        Self {
            unit: unit.clone(),
            rank: None,
            cases: sum.cases,
            held_back: sum.held_back,
            mean,
            interval: mean.map(|mean| interval(mean, sum.cases)),
            imported: imported.map(|mark| mark.normalize()),
            result,
            tier: None,
            rates: rates.collect(),
            reported: sum.reported,
            staff: sum.staff.iter().cloned().collect(),
        }
    }

    /// By what it is ranked; none: it is not.
    fn worth(&self, terms: &Terms) -> Option<Decimal> {
        let worth = if terms.yearly.is_some() { self.result } else { self.mean };
        worth.filter(|_| self.cases >= terms.ranked_from)
    }
}

/// Ranks and tiers of rows that are in order.
fn rank(rows: &mut [Row], terms: &Terms) {
    let mut before: Option<(Decimal, u32)> = None;
    for (place, row) in (1u32..).zip(rows.iter_mut()) {
        let Some(worth) = row.worth(terms) else { break };
        let rank = before.filter(|(like, _)| *like == worth).map_or(place, |(_, rank)| rank);
        row.rank = Some(rank);
        before = Some((worth, rank));
    }
    let ranks: Vec<u32> = rows.iter().map_while(|row| row.rank).collect();
    for (row, tier) in rows.iter_mut().zip(tiers(&terms.tiers, &ranks)) {
        row.tier = Some(tier);
    }
}

/// With exactly four decimal places, the last rounded half to even; none of nothing.
#[must_use]
pub fn mean(sum: Decimal, count: u32) -> Option<Decimal> {
    let mut mean = sum
        .checked_div(Decimal::from(count))?
        .round_dp_with_strategy(MEAN_PLACES, RoundingStrategy::MidpointNearestEven);
    mean.rescale(MEAN_PLACES);
    Some(mean)
}
