//! The scores of a period added up, unit by unit: exact sums, before anything is divided or rounded.

use std::collections::{BTreeMap, BTreeSet};

use charter::Unrated;
use ids::Code;
use rust_decimal::Decimal;

use crate::domain::Score;

/// Everything that was counted of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub units: BTreeMap<Code, Sum>,
    /// How many scores came about by which formula.
    pub formulas: BTreeMap<UsedFormula, u32>,
    /// Scores of outside units, which are kept out.
    pub external: u32,
    /// Cases that were excluded, whatever they had been scored.
    pub excluded_cases: u32,
    /// Of those, how many each unit was called to, or had, where nobody was called.
    pub excluded: BTreeMap<Code, u32>,
}

/// One unit's scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// With a total.
    pub cases: u32,
    /// Without one, because of what nobody rated.
    pub held_back: u32,
    pub totals: Decimal,
    /// By component: the sum of its rates, and over how many cases; none of them for one that nobody rated.
    pub rates: BTreeMap<Code, (Decimal, u32)>,
    /// Of an appraisal: matters that it brought in itself.
    pub reported: u32,
    /// Of an appraisal: who acted for it, by staff number.
    pub staff: BTreeSet<String>,
}

/// A formula as the scores themselves name it: the one in force when each case was scored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedFormula {
    pub name: String,
    pub unrated: Unrated,
    pub weights: Vec<(Code, Decimal)>,
}

impl UsedFormula {
    #[must_use]
    pub fn of(score: &Score) -> Self {
        Self {
            name: score.formula.clone(),
            unrated: score.unrated,
            weights: score.parts.iter().map(|part| (part.code.clone(), part.weight.normalize())).collect(),
        }
    }
}

impl Counted {
    /// Takes in one score. Of one case and unit only the latest of the period may come.
    pub fn add(&mut self, score: &Score, is_external: bool) {
        if is_external {
            self.external += 1;
            return;
        }
        *self.formulas.entry(UsedFormula::of(score)).or_default() += 1;
        let sum = self.units.entry(score.party.clone()).or_default();
        match score.total {
            Some(total) => {
                sum.cases += 1;
                sum.totals += total;
            }
            None => sum.held_back += 1,
        }
        for part in &score.parts {
            let rates = sum.rates.entry(part.code.clone()).or_default();
            if let Some(rate) = part.rate {
                rates.0 += rate;
                rates.1 += 1;
            }
        }
    }

    /// Takes in a case that was excluded, with the units it concerned, each once.
    pub fn exclude<'u>(&mut self, units: impl IntoIterator<Item = &'u Code>) {
        self.excluded_cases += 1;
        for unit in units {
            *self.excluded.entry(unit.clone()).or_default() += 1;
        }
    }
}
