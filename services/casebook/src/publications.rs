//! Which periods' tables were published: from then on those who were rated within them read the votes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use charter::Charter;
use ids::Code;
use proto::evaluation::v1::evaluation_event::Event;
use record::StoredCommit;
use rusqlite::{Connection, Transaction, params};
use station::access::Publications;

use crate::copy::CopyError;
use crate::report::Period;

pub const TABLE: &str = "
    CREATE TABLE published (
        district TEXT NOT NULL, period TEXT NOT NULL, PRIMARY KEY (district, period)) WITHOUT ROWID;";

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    for fact in stored.commit.evaluation_facts() {
        let Event::PeriodPublished(published) = fact else { continue };
        // An appraisal of grid members, say, opens no votes.
        let Some(table) = published.table.as_ref().filter(|it| it.period.parse::<Period>().is_ok()) else { continue };
        let insert = "INSERT OR IGNORE INTO published VALUES (?1, ?2)";
        transaction.prepare_cached(insert)?.execute(params![stored.subject.key.district.as_str(), table.period])?;
    }
    Ok(())
}

/// What the copy says is published, for whoever asks what they may see.
#[derive(Debug, Default)]
pub struct Known {
    published: Publications,
    /// Rows that were read already; none is ever taken away.
    rows: AtomicU64,
}

/// District and period of each row, if there are more than were read already.
pub type News = Vec<(String, String)>;

impl Known {
    pub fn published(&self) -> &Publications {
        &self.published
    }

    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Takes in what was read. `charter_of` says in which time zone the days of a district are.
    pub fn learn(&self, news: &News, charter_of: impl Fn(&Code) -> Option<Arc<Charter>>) {
        let mut all = true;
        for (district, period) in news {
            let span = district.parse::<Code>().ok().zip(period.parse::<Period>().ok());
            let Some((district, period)) = span else { continue };
            let window = charter_of(&district).and_then(|charter| period.instants(&charter.time_zone));
            match window {
                Some(window) => self.published.take(&district, window),
                None => all = false,
            }
        }
        if all && !news.is_empty() {
            self.rows.store(news.len() as u64, Ordering::Relaxed);
        }
    }
}

/// All rows, if there are more than `known`.
///
/// # Errors
/// The copy cannot be read.
pub fn news(connection: &Connection, known: u64) -> Result<News, CopyError> {
    let rows: i64 = connection.prepare_cached("SELECT count(*) FROM published")?.query_row([], |row| row.get(0))?;
    if rows.unsigned_abs() <= known {
        return Ok(News::new());
    }
    let mut all = connection.prepare_cached("SELECT district, period FROM published")?;
    let all = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(all.collect::<Result<_, _>>()?)
}
