//! What there is to be less of: a list in `evaluation.yaml`, which a charter may have.

use ids::Code;
use rust_decimal::Decimal;
use vocabulary::CallerClass;

use crate::list::{Entry, listed};
use crate::reader::{Cursor, Fields, Kind};
use crate::{Charter, Name, Provenance};

/// Percent by which anything can go down.
const TARGET_MAX: Decimal = Decimal::ONE_HUNDRED;

/// Cases that there are to be fewer of than in the period before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BringDown {
    pub code: Code,
    pub name: Name,
    /// Of these categories; of any, if none is named.
    pub categories: Vec<Code>,
    /// Raised by these classes of callers; by any, if none is named.
    pub classes: Vec<CallerClass>,
    /// By how many percent, more than 0 and at most 100.
    pub target: Decimal,
    pub provenance: Provenance,
}

impl BringDown {
    /// Whether a case of this category, raised by somebody of this class, is one of them.
    #[must_use]
    pub fn counts(&self, category: &str, class: Option<CallerClass>) -> bool {
        let of_category = self.categories.is_empty() || self.categories.iter().any(|code| code.as_str() == category);
        of_category && (self.classes.is_empty() || class.is_some_and(|class| self.classes.contains(&class)))
    }
}

impl Charter {
    /// What there is to be less of, in the charter's order.
    #[must_use]
    pub fn bring_down(&self) -> &[BringDown] {
        &self.evaluation.bring_down
    }
}

type Row = (Vec<Code>, Vec<CallerClass>, Decimal);

pub(crate) fn read(fields: &Fields<'_, '_>) -> Vec<BringDown> {
    let one = |(Entry { code, name, provenance }, (categories, classes, target)): (_, Row)| BringDown {
        code,
        name,
        categories,
        classes,
        target,
        provenance,
    };
    listed(fields, "bring-down", Kind::BringDown, row).into_iter().map(one).collect()
}

fn row(fields: &Fields<'_, '_>) -> Option<Row> {
    let categories = fields.get("categories").map(|cursor| cursor.codes(Kind::Category)).unwrap_or_default();
    let classes = fields.list("classes").into_iter().filter_map(|class| class.parsed("caller-class")).collect();
    let target = fields.need("target").and_then(target);
    Some((categories, classes, target?))
}

fn target(cursor: Cursor<'_, '_>) -> Option<Decimal> {
    let target = cursor.decimal()?;
    let fits = target > Decimal::ZERO && target <= TARGET_MAX;
    if !fits {
        cursor.problem("bring-down-target", format!("{target} is not more than 0 and at most {TARGET_MAX} percent"));
    }
    fits.then_some(target)
}
