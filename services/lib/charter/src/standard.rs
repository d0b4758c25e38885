//! The one standard of scoring of a district: a list in `evaluation.yaml`, which a charter may have. It says for what a
//! unit may be marked down, and by how much at most, so that every street and community marks alike.

use std::collections::BTreeSet;

use ids::Code;
use rust_decimal::Decimal;

use crate::list::{Entry, listed};
use crate::reader::{Cursor, Fields, Kind};
use crate::{Charter, Name, Provenance};

/// For what a mark may be less than the full one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    pub code: Code,
    pub name: Name,
    /// By how much at most: of a mark of 1, more than 0.
    pub most: Decimal,
    pub provenance: Provenance,
}

/// Why grounds do not carry a deduction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ungrounded {
    #[error("{0:?} is no ground of the district's standard: {1}")]
    Unknown(String, String),
    #[error("{0:?} stands there twice")]
    Twice(String),
    #[error("nothing is deducted: leave the grounds out")]
    NothingDeducted,
    #[error("{deducted} is deducted, and what is named allows {most} at most")]
    TooMuch { deducted: Decimal, most: Decimal },
}

impl Charter {
    /// The district's standard; empty: it has none.
    #[must_use]
    pub fn standard(&self) -> &[Ground] {
        &self.evaluation.standard
    }

    /// What a mark from 0 to 1 rests on, by the standard. A deduction that names nothing of it rests on its reason in words.
    ///
    /// # Errors
    /// It does not carry the deduction.
    pub fn grounds(&self, mark: Decimal, named: &[String]) -> Result<Vec<Code>, Ungrounded> {
        let known = || self.standard().iter().map(|ground| ground.code.as_str()).collect::<Vec<_>>().join(", ");
        let deducted = Decimal::ONE - mark;
        match (deducted.is_zero(), named.is_empty()) {
            (_, true) => return Ok(vec![]),
            (true, false) => return Err(Ungrounded::NothingDeducted),
            (false, false) => {}
        }
        let (mut seen, mut most) = (BTreeSet::new(), Decimal::ZERO);
        for code in named {
            let ground = self.standard().iter().find(|ground| ground.code.as_str() == code);
            let ground = ground.ok_or_else(|| Ungrounded::Unknown(code.clone(), known()))?;
            if !seen.insert(ground.code.clone()) {
                return Err(Ungrounded::Twice(code.clone()));
            }
            most += ground.most;
        }
        if deducted > most {
            return Err(Ungrounded::TooMuch { deducted, most });
        }
        Ok(seen.into_iter().collect())
    }
}

pub(crate) fn read(fields: &Fields<'_, '_>) -> Vec<Ground> {
    let one = |(Entry { code, name, provenance }, most): (_, Decimal)| Ground { code, name, most, provenance };
    listed(fields, "standard", Kind::Ground, |fields| fields.need("most").and_then(most)).into_iter().map(one).collect()
}

fn most(cursor: Cursor<'_, '_>) -> Option<Decimal> {
    let most = cursor.decimal()?;
    let fits = most > Decimal::ZERO && most <= Decimal::ONE;
    if !fits {
        cursor.problem("ground-most", format!("{most} is not more than 0 and at most 1, which is the full mark"));
    }
    fits.then_some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deduction_rests_on_the_standard_of_its_district_and_is_no_larger_than_that_allows() {
        let heping = Charter::shipped("heping").unwrap();
        let of = |mark: &str, named: &[&str]| {
            let named: Vec<String> = named.iter().map(|code| (*code).to_owned()).collect();
            heping.grounds(mark.parse().unwrap(), &named).map(|grounds| grounds.len())
        };
        assert_eq!(of("1", &[]), Ok(0));
        assert_eq!(of("1", &["late"]), Err(Ungrounded::NothingDeducted));
        assert_eq!(of("0.1", &[]), Ok(0), "the reason in words is enough");
        assert!(matches!(of("0.9", &["mood"]), Err(Ungrounded::Unknown(..))));
        assert_eq!(of("0.9", &["late", "late"]), Err(Ungrounded::Twice("late".to_owned())));
        let (deducted, most) = (Decimal::new(4, 1), Decimal::new(3, 1));
        assert_eq!(of("0.6", &["late"]), Err(Ungrounded::TooMuch { deducted, most }));
        assert_eq!((of("0.7", &["late"]), of("0.5", &["late", "rarely-there"])), (Ok(1), Ok(2)));
        // A district without a standard has a reason in words.
        let wuchang = Charter::shipped("wuchang").unwrap();
        assert_eq!(wuchang.grounds(Decimal::ZERO, &[]), Ok(vec![]));
        assert!(matches!(wuchang.grounds(Decimal::ZERO, &["late".to_owned()]), Err(Ungrounded::Unknown(..))));
    }
}
