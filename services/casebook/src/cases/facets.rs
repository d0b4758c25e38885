//! What sort of case a case is now, and how many there are of each sort, ever and by the day they came in.
//!
//! There are some hundred sorts in a district, however many cases: lists merge them, statistics add them up, and neither
//! has to look at the cases.

use std::collections::HashMap;

use ids::Code;
use proto::casebook::v1::CaseSummary;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::copy::CopyError;

/// Sorts that the writer remembers; when it is full it is emptied.
const REMEMBERED_MAX: usize = 20_000;
pub const DAY_US: i64 = 86_400_000_000;

/// What cases are listed and counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Facet {
    pub state: String,
    pub level: String,
    pub kind: i32,
    pub caller_class: i32,
    pub way: i32,
    pub channel: String,
    /// Closed, and with an outcome.
    pub ended: bool,
}

impl Facet {
    pub fn of(line: &CaseSummary) -> Self {
        Self {
            state: line.state.clone(),
            level: line.level.clone(),
            kind: line.kind,
            caller_class: line.caller_class,
            way: line.way,
            channel: line.channel.clone(),
            ended: line.closed_at.is_some() && !line.outcome.is_empty(),
        }
    }
}

/// Numbers of sorts that were met lately.
#[derive(Debug, Default)]
pub struct Known(HashMap<(Code, Facet), i64>);

impl Known {
    pub fn id_of(&mut self, transaction: &Transaction<'_>, district: &Code, facet: &Facet) -> Result<i64, CopyError> {
        let key = (district.clone(), facet.clone());
        if let Some(id) = self.0.get(&key) {
            return Ok(*id);
        }
        let Facet { state, level, kind, caller_class, way, channel, ended } = facet;
        let named = params![district.as_str(), state, level, kind, caller_class, way, channel, ended];
        let known = transaction
            .prepare_cached(
                "SELECT id FROM facets WHERE district = ?1 AND state = ?2 AND level = ?3 AND kind = ?4 \
                 AND caller_class = ?5 AND way = ?6 AND channel = ?7 AND ended = ?8",
            )?
            .query_row(named, |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                transaction
                    .prepare_cached(
                        "INSERT INTO facets (district, state, level, kind, caller_class, way, channel, ended, cases) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
                    )?
                    .execute(named)?;
                transaction.last_insert_rowid()
            }
        };
        if self.0.len() >= REMEMBERED_MAX {
            self.0.clear();
        }
        self.0.insert(key, id);
        Ok(id)
    }
}

/// What one transaction changes, added up before it is written.
#[derive(Debug, Default)]
pub struct Counts {
    facets: HashMap<i64, i64>,
    days: HashMap<(i64, i64), i64>,
}

impl Counts {
    pub fn came(&mut self, facet: i64, received_us: i64) {
        self.add(facet, received_us, 1);
    }

    pub fn moved(&mut self, from: i64, to: i64, received_us: i64) {
        self.add(from, received_us, -1);
        self.add(to, received_us, 1);
    }

    fn add(&mut self, facet: i64, received_us: i64, cases: i64) {
        *self.facets.entry(facet).or_default() += cases;
        *self.days.entry((facet, received_us.div_euclid(DAY_US))).or_default() += cases;
    }

    pub fn write(self, transaction: &Transaction<'_>) -> Result<(), CopyError> {
        for (facet, cases) in self.facets.into_iter().filter(|(_, cases)| *cases != 0) {
            transaction
                .prepare_cached("UPDATE facets SET cases = cases + ?2 WHERE id = ?1")?
                .execute([facet, cases])?;
        }
        for ((facet, day), cases) in self.days.into_iter().filter(|(_, cases)| *cases != 0) {
            transaction
                .prepare_cached(
                    "INSERT INTO days (facet, day, cases) VALUES (?1, ?2, ?3) \
                     ON CONFLICT DO UPDATE SET cases = cases + excluded.cases",
                )?
                .execute([facet, day, cases])?;
            // A day that has none left of a sort is not kept.
            if cases < 0 {
                transaction
                    .prepare_cached("DELETE FROM days WHERE facet = ?1 AND day = ?2 AND cases = 0")?
                    .execute([facet, day])?;
            }
        }
        Ok(())
    }
}
