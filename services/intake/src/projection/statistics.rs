//! How many cases came in, how they ended, and how much of it was solved close to the people.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::PoisonError;

use charter::Level;
use proto::intake::v1::{self as wire, Breakdown, CallerClass, CaseKind, Count, StatisticsResponse, Way};
use rusqlite::types::Value;
use rust_decimal::{Decimal, RoundingStrategy};
use station::wire::to_level;

use super::Projection;

/// Decimals of a share.
const SHARE_DECIMALS: u32 = 2;
/// What cases are counted by: the name in the answer, and the column.
const PROPERTIES: [(&str, &str); 6] = [
    ("state", "state"),
    ("level", LEVEL),
    ("kind", "kind"),
    ("caller-class", "caller_class"),
    ("way", "way"),
    ("channel", "channel"),
];
const LEVEL: &str = "level";

/// Cases with one value of a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    received: u64,
    /// With an outcome.
    closed: u64,
}

impl Projection {
    /// Counts the cases of a district received within `window` (microseconds since 1970), of one class of callers or,
    /// with 0, of all.
    pub fn statistics(
        &self,
        district: &str,
        window: &Range<i64>,
        class: i32,
        containment: &charter::Containment,
    ) -> anyhow::Result<StatisticsResponse> {
        let mut breakdowns = Vec::new();
        let mut levels = BTreeMap::new();
        for (by, column) in PROPERTIES {
            let tallies = self.tally(column, district, window, class)?;
            if column == LEVEL {
                levels.clone_from(&tallies);
            }
            let counts = tallies.into_iter().map(|(value, tally)| Count {
                value,
                received: tally.received,
                closed: tally.closed,
            });
            breakdowns.push(Breakdown { by: by.to_owned(), counts: counts.collect() });
        }
        let closed = levels.values().map(|tally| tally.closed).sum();
        Ok(StatisticsResponse {
            received: levels.values().map(|tally| tally.received).sum(),
            closed,
            breakdowns,
            containment: containment
                .definitions
                .iter()
                .map(|definition| contained(definition, containment.target, &levels, closed))
                .collect(),
        })
    }

    fn tally(
        &self,
        column: &'static str,
        district: &str,
        window: &Range<i64>,
        class: i32,
    ) -> anyhow::Result<BTreeMap<String, Tally>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {column}, count(*), sum(ended) FROM cases WHERE district = ?1 AND received_us >= ?2 \
             AND received_us < ?3 AND (?4 = 0 OR caller_class = ?4) GROUP BY {column}"
        ))?;
        let rows = statement.query_map(rusqlite::params![district, window.start, window.end, class], |row| {
            let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
            Ok((word(column, row.get(0)?), Tally { received: number(1)?, closed: number(2)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A value as people and filters write it.
fn word(column: &str, value: Value) -> String {
    let number = match value {
        Value::Text(text) => return text,
        Value::Integer(number) => i32::try_from(number).unwrap_or_default(),
        Value::Null | Value::Real(_) | Value::Blob(_) => 0,
    };
    let name = match column {
        "kind" => CaseKind::try_from(number).unwrap_or_default().as_str_name().trim_start_matches("CASE_KIND_"),
        "way" => Way::try_from(number).unwrap_or_default().as_str_name().trim_start_matches("WAY_"),
        _ => CallerClass::try_from(number).unwrap_or_default().as_str_name().trim_start_matches("CALLER_CLASS_"),
    };
    name.to_lowercase().replace('_', "-")
}

fn contained(
    definition: &charter::ContainmentDefinition,
    target: Decimal,
    levels: &BTreeMap<String, Tally>,
    closed: u64,
) -> wire::Containment {
    let of_level = |level: &Level| levels.get(level.as_str()).map_or(0, |tally| tally.closed);
    let counted: u64 = definition.levels.iter().map(of_level).sum();
    let share = (closed > 0).then(|| {
        let share = Decimal::from(counted) * Decimal::ONE_HUNDRED / Decimal::from(closed);
        share.round_dp_with_strategy(SHARE_DECIMALS, RoundingStrategy::MidpointNearestEven)
    });
    wire::Containment {
        code: definition.code.to_string(),
        name: definition.name.zh.clone(),
        levels: definition.levels.iter().map(|level| to_level(*level)).collect(),
        counted,
        closed,
        share: share.map(|share| format!("{share:.2}")).unwrap_or_default(),
        target: target.normalize().to_string(),
        // Compared before it is rounded: 89.999 is below 90.
        below_target: closed > 0 && Decimal::from(counted) * Decimal::ONE_HUNDRED < target * Decimal::from(closed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charter::Charter;

    fn levels(closed: &[(Level, u64)]) -> BTreeMap<String, Tally> {
        let tally = |closed: u64| Tally { received: closed, closed };
        closed.iter().map(|(level, closed)| (level.to_string(), tally(*closed))).collect()
    }

    #[test]
    fn nine_of_ten_is_enough_and_one_less_in_a_hundred_thousand_is_not() {
        let charter = Charter::shipped("wuchang").unwrap();
        let wanted = charter.containment();
        let within = wanted.definitions.iter().find(|found| found.code.as_str() == "within-the-street").unwrap();
        let share = |near: u64, far: u64| {
            let levels = levels(&[(Level::A, 1), (Level::B1, near - 1), (Level::B2, far)]);
            let found = contained(within, wanted.target, &levels, near + far);
            (found.share, found.below_target)
        };
        assert_eq!(share(90, 10), ("90.00".to_owned(), false));
        assert_eq!(share(89_999, 10_001), ("90.00".to_owned(), true));
        assert_eq!(contained(within, wanted.target, &levels(&[]), 0).share, "");
        assert!(!contained(within, wanted.target, &levels(&[]), 0).below_target);
    }

    #[test]
    fn each_wording_of_the_base_counts_its_own_levels() {
        let charter = Charter::shipped("wuchang").unwrap();
        let wanted = charter.containment();
        let levels = levels(&[(Level::A, 2), (Level::B1, 1), (Level::B2, 4), (Level::C, 1)]);
        let shares: Vec<_> =
            wanted.definitions.iter().map(|way| contained(way, wanted.target, &levels, 8).share).collect();
        assert_eq!(shares, ["25.00", "37.50", "87.50"]);
    }
}
