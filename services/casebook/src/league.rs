//! The league of scores: what each unit was worth over a period, in exact decimals.
//!
//! What is shown of a case is its latest resolution: scores of a later round replace those of an earlier one, party by
//! party. Sums are kept by the hour, so that a period of any time zone is added up without looking at its cases.

use std::collections::BTreeMap;
use std::ops::Range;

use proto::FromWireTime;
use proto::casebook::v1::{CaseScore, PartyScore};
use proto::evaluation::v1::evaluation_event::Event;
use proto::evaluation::v1::{Component, Scored};
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::copy::CopyError;

/// Decimal places of a mean.
const MEAN_PLACES: u32 = 4;
pub const HOUR_S: i64 = 3600;

pub const TABLES: &str = "
    CREATE TABLE scores (
        district TEXT NOT NULL, case_id TEXT NOT NULL, party TEXT NOT NULL, hour INTEGER NOT NULL, sum TEXT NOT NULL,
        PRIMARY KEY (district, case_id, party)) WITHOUT ROWID;
    CREATE TABLE league (
        district TEXT NOT NULL, hour INTEGER NOT NULL, party TEXT NOT NULL, sum TEXT NOT NULL,
        PRIMARY KEY (district, hour, party)) WITHOUT ROWID;";

/// Scores of one party added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    cases: i64,
    totals: Decimal,
    /// By component: the sum of its rates, and over how many cases.
    rates: BTreeMap<String, (Decimal, i64)>,
}

impl Sum {
    fn of(score: &Scored) -> Result<Self, CopyError> {
        let rates = score
            .components
            .iter()
            .filter(|part| !part.rate.is_empty())
            .map(|part| Ok((part.code.clone(), (decimal(&part.rate)?, 1))));
        Ok(Self { cases: 1, totals: decimal(&score.total)?, rates: rates.collect::<Result<_, CopyError>>()? })
    }

    /// Adds another one, `times` times: minus one takes it back.
    fn add(&mut self, other: &Self, times: i64) {
        self.cases += other.cases * times;
        self.totals += other.totals * Decimal::from(times);
        for (component, (rate, cases)) in &other.rates {
            let sum = self.rates.entry(component.clone()).or_default();
            sum.0 += *rate * Decimal::from(times);
            sum.1 += cases * times;
        }
        self.rates.retain(|_, (_, cases)| *cases != 0);
    }

    fn shown(&self, party: &str, components: &[(String, String)]) -> PartyScore {
        let percent = |component: &str| match self.rates.get(component) {
            Some((sum, cases)) => mean(*sum * Decimal::ONE_HUNDRED, *cases),
            None => String::new(),
        };
        PartyScore {
            party: party.to_owned(),
            cases: self.cases.unsigned_abs(),
            score: mean(self.totals, self.cases),
            components: components
                .iter()
                .map(|(code, weight)| Component { code: code.clone(), weight: weight.clone(), rate: percent(code) })
                .collect(),
        }
    }
}

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    for fact in stored.commit.evaluation_facts() {
        let Event::Scored(score) = fact else { continue };
        let Ok(at) = stored.commit.at.time() else { continue };
        // What was recorded before decimals were checked counts for nothing, and is shown in the case itself.
        let Ok(sum) = Sum::of(score) else { continue };
        let (district, case, party) =
            (stored.subject.key.district.as_str(), stored.subject.key.id.as_str(), score.party.as_str());
        let hour = at.as_second().div_euclid(HOUR_S);
        let before: Option<(i64, String)> = transaction
            .prepare_cached("SELECT hour, sum FROM scores WHERE district = ?1 AND case_id = ?2 AND party = ?3")?
            .query_row(params![district, case, party], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((hour, earlier)) = before {
            add(transaction, (district, hour, party), &read(&earlier)?, -1)?;
        }
        transaction.prepare_cached("INSERT OR REPLACE INTO scores VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            district,
            case,
            party,
            hour,
            write(&sum)?
        ])?;
        add(transaction, (district, hour, party), &sum, 1)?;
    }
    Ok(())
}

fn add(
    transaction: &Transaction<'_>,
    (district, hour, party): (&str, i64, &str),
    sum: &Sum,
    times: i64,
) -> Result<(), CopyError> {
    let key = params![district, hour, party];
    let known: Option<String> = transaction
        .prepare_cached("SELECT sum FROM league WHERE district = ?1 AND hour = ?2 AND party = ?3")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let mut total = known.map(|known| read(&known)).transpose()?.unwrap_or_default();
    total.add(sum, times);
    if total.cases == 0 {
        transaction
            .prepare_cached("DELETE FROM league WHERE district = ?1 AND hour = ?2 AND party = ?3")?
            .execute(key)?;
    } else {
        transaction.prepare_cached("INSERT OR REPLACE INTO league VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            district,
            hour,
            party,
            write(&total)?
        ])?;
    }
    Ok(())
}

/// Every party scored within a period (hours since 1970), by code. `components` are those of the formula, with their
/// weights.
///
/// # Errors
/// The copy cannot be read.
pub fn scores(
    connection: &Connection,
    district: &str,
    hours: &Range<i64>,
    components: &[(String, String)],
) -> Result<Vec<PartyScore>, CopyError> {
    let mut statement =
        connection.prepare_cached("SELECT party, sum FROM league WHERE district = ?1 AND hour >= ?2 AND hour < ?3")?;
    let mut rows = statement.query(params![district, hours.start, hours.end])?;
    let mut parties: BTreeMap<String, Sum> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let sum = read(row.get_ref(1)?.as_str().unwrap_or_default())?;
        parties.entry(row.get(0)?).or_default().add(&sum, 1);
    }
    Ok(parties.iter().map(|(party, sum)| sum.shown(party, components)).collect())
}

/// What each party was scored for a case, by code.
///
/// # Errors
/// The copy cannot be read.
pub fn of_case(connection: &Connection, district: &str, case_id: &str) -> Result<Vec<CaseScore>, CopyError> {
    let mut statement = connection
        .prepare_cached("SELECT party, sum FROM scores WHERE district = ?1 AND case_id = ?2 ORDER BY party")?;
    let mut rows = statement.query(params![district, case_id])?;
    let mut scores = Vec::new();
    while let Some(row) = rows.next()? {
        let sum = read(row.get_ref(1)?.as_str().unwrap_or_default())?;
        scores.push(CaseScore { party: row.get(0)?, score: mean(sum.totals, sum.cases) });
    }
    Ok(scores)
}

fn read(sum: &str) -> Result<Sum, CopyError> {
    serde_json::from_str(sum).map_err(|error| CopyError::Form(error.to_string()))
}

fn write(sum: &Sum) -> Result<String, CopyError> {
    serde_json::to_string(sum).map_err(|error| CopyError::Form(error.to_string()))
}

fn decimal(text: &str) -> Result<Decimal, CopyError> {
    text.parse().map_err(|error: rust_decimal::Error| CopyError::Form(format!("{text:?}: {error}")))
}

/// With exactly four decimal places, the last rounded half to even.
fn mean(sum: Decimal, count: i64) -> String {
    let mean = sum.checked_div(count.into()).unwrap_or_default();
    let mut mean = mean.round_dp_with_strategy(MEAN_PLACES, RoundingStrategy::MidpointNearestEven);
    mean.rescale(MEAN_PLACES);
    mean.to_string()
}

#[cfg(test)]
mod tests {
    use proto::evaluation::v1::EvaluationEvent;
    use proto::record::v1::event::Of;

    use super::*;
    use crate::tests::{commit_at, connection};

    const MONDAY: i64 = 1_795_000_000;
    const TUESDAY: i64 = MONDAY + 24 * HOUR_S;

    fn scored(party: &str, total: &str, street: &str) -> Of {
        let components = vec![Component { code: "satisfaction".into(), weight: "50".into(), rate: street.to_owned() }];
        let score = Scored { party: party.into(), total: total.into(), components, ..Scored::default() };
        Of::Evaluation(EvaluationEvent { event: Some(Event::Scored(score)) })
    }

    #[test]
    fn a_later_round_replaces_the_score_and_a_mean_has_four_places() {
        let mut connection = connection();
        let transaction = connection.transaction().unwrap();
        for (position, case, at, of) in [
            (1, "a", MONDAY, scored("jsj", "10", "0.1")),
            (2, "a", TUESDAY, scored("jsj", "85", "0.9")),
            (3, "b", MONDAY, scored("jsj", "100", "1")),
            (4, "c", MONDAY, scored("jsj", "80", "")),
            (5, "c", MONDAY, scored("traffic", "66.6667", "")),
        ] {
            take(&transaction, &commit_at(position, case, at, of)).unwrap();
        }
        let components = [("satisfaction".to_owned(), "50".to_owned())];
        let shown = |hours: Range<i64>| -> Vec<String> {
            let line = |it: PartyScore| format!("{} {} {} {}", it.party, it.cases, it.score, it.components[0].rate);
            scores(&transaction, "wuchang", &hours, &components).unwrap().into_iter().map(line).collect()
        };
        assert_eq!(shown(0..i64::MAX), ["jsj 3 88.3333 95.0000", "traffic 1 66.6667 "]);
        assert_eq!(shown(0..TUESDAY / HOUR_S), ["jsj 2 90.0000 100.0000", "traffic 1 66.6667 "]);
    }
}
