//! How many cases came in, how they ended, and how much of it was solved close to the people.

use std::collections::BTreeMap;
use std::ops::Range;

use charter::Level;
use proto::casebook::v1::{self as wire, Breakdown, Count, StatisticsResponse};
use proto::intake::v1::{CallerClass, CaseKind, Way};
use proto::word;
use rusqlite::{Connection, params};
use rust_decimal::{Decimal, RoundingStrategy};
use station::wire::to_level;

use super::facets::{DAY_US, Facet};
use crate::copy::CopyError;

/// Decimals of a share.
const SHARE_DECIMALS: u32 = 2;
/// The columns that a sort is read from.
const FACET: &str = "state, level, kind, caller_class, way, channel, ended";
/// The instants of a window that has no beginning, or no end.
pub const ALWAYS: Range<i64> = i64::MIN..i64::MAX;

/// Which cases of a district are counted.
#[derive(Clone, Debug)]
pub struct Which {
    /// Received within, in microseconds since 1970.
    pub window: Range<i64>,
    /// Of this class of callers; 0: of all.
    pub class: i32,
    /// These, by id; none: all.
    pub only: Option<Vec<String>>,
}

/// Cases with one value of a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    received: u64,
    /// With an outcome.
    closed: u64,
}

/// Cases of one property each, by its values.
type Tallies = BTreeMap<String, Tally>;

/// Counts cases of a district.
///
/// # Errors
/// The copy cannot be read.
pub fn statistics(
    connection: &Connection,
    district: &str,
    which: &Which,
    containment: &charter::Containment,
) -> Result<StatisticsResponse, CopyError> {
    let sorts = match &which.only {
        None => within(connection, district, &which.window)?,
        Some(ids) => among(connection, district, ids, &which.window)?,
    };
    let of_class = |facet: &Facet| which.class == 0 || facet.caller_class == which.class;
    let sorts = || sorts.iter().filter(|(facet, _)| of_class(facet));
    let by = |value: fn(&Facet) -> String| {
        let mut tallies = Tallies::new();
        for (facet, cases) in sorts() {
            let tally = tallies.entry(value(facet)).or_default();
            tally.received += cases;
            tally.closed += if facet.ended { *cases } else { 0 };
        }
        tallies
    };
    let levels = by(|facet| facet.level.clone());
    let closed = levels.values().map(|tally| tally.closed).sum();
    let properties = [
        ("state", by(|facet| facet.state.clone())),
        ("level", levels.clone()),
        ("kind", by(|facet| word(CaseKind::try_from(facet.kind).unwrap_or_default().as_str_name(), "CASE_KIND_"))),
        (
            "caller-class",
            by(|facet| {
                let class = CallerClass::try_from(facet.caller_class).unwrap_or_default();
                word(class.as_str_name(), "CALLER_CLASS_")
            }),
        ),
        ("way", by(|facet| word(Way::try_from(facet.way).unwrap_or_default().as_str_name(), "WAY_"))),
        ("channel", by(|facet| facet.channel.clone())),
    ];
    let breakdown = |(by, tallies): (&str, Tallies)| Breakdown {
        by: by.to_owned(),
        counts: tallies
            .into_iter()
            .map(|(value, tally)| Count { value, received: tally.received, closed: tally.closed })
            .collect(),
    };
    let contained = |definition| contained(definition, containment.target, &levels, closed);
    Ok(StatisticsResponse {
        received: levels.values().map(|tally| tally.received).sum(),
        closed,
        breakdowns: properties.into_iter().map(breakdown).collect(),
        containment: containment.definitions.iter().map(contained).collect(),
        as_of: None,
    })
}

/// How many of these cases, received within a window, are of each sort.
fn among(
    connection: &Connection,
    district: &str,
    ids: &[String],
    window: &Range<i64>,
) -> Result<Vec<(Facet, u64)>, CopyError> {
    let these = format!(
        "SELECT {FACET}, count(*) FROM cases JOIN facets ON facets.id = cases.facet \
         WHERE cases.district = ?1 AND case_id IN (SELECT value FROM json_each(?2)) \
           AND received_us >= ?3 AND received_us < ?4 GROUP BY facets.id"
    );
    let ids = serde_json::Value::from(ids).to_string();
    counted(connection, &these, params![district, ids, window.start, window.end])
}

/// How many cases of each sort came in within a window: whole days are counted already, and of the days that it cuts the
/// cases are.
fn within(connection: &Connection, district: &str, window: &Range<i64>) -> Result<Vec<(Facet, u64)>, CopyError> {
    if *window == ALWAYS {
        let ever = format!("SELECT {FACET}, cases FROM facets WHERE district = ?1 AND cases > 0");
        return counted(connection, &ever, params![district]);
    }
    // The first and the last whole day; a window within one day has none.
    let first = window.start.div_euclid(DAY_US) + i64::from(window.start.rem_euclid(DAY_US) != 0);
    let end = window.end.div_euclid(DAY_US).max(first);
    let day = |day: i64| day.saturating_mul(DAY_US);
    let parts = format!(
        "SELECT {FACET}, sum(part.cases) FROM facets JOIN ( \
           SELECT facet, cases FROM days WHERE facet IN (SELECT id FROM facets WHERE district = ?1) \
             AND day >= ?2 AND day < ?3 \
           UNION ALL \
           SELECT facet, count(*) FROM cases WHERE district = ?1 AND received_us >= ?4 AND received_us < ?5 GROUP BY facet \
           UNION ALL \
           SELECT facet, count(*) FROM cases WHERE district = ?1 AND received_us >= ?6 AND received_us < ?7 GROUP BY facet \
         ) AS part ON part.facet = facets.id GROUP BY facets.id"
    );
    let (before, after) = (window.start..day(first).min(window.end), day(end).max(window.start)..window.end);
    let asked = params![district, first, end, before.start, before.end, after.start, after.end];
    counted(connection, &parts, asked)
}

fn counted(
    connection: &Connection,
    question: &str,
    asked: &[&dyn rusqlite::ToSql],
) -> Result<Vec<(Facet, u64)>, CopyError> {
    let mut statement = connection.prepare_cached(question)?;
    let rows = statement.query_map(asked, |row| {
        let facet = Facet {
            state: row.get(0)?,
            level: row.get(1)?,
            kind: row.get(2)?,
            caller_class: row.get(3)?,
            way: row.get(4)?,
            channel: row.get(5)?,
            ended: row.get(6)?,
        };
        Ok((facet, row.get::<_, i64>(7)?.unsigned_abs()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn contained(
    definition: &charter::ContainmentDefinition,
    target: Decimal,
    levels: &Tallies,
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
