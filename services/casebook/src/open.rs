//! The cases that go on, with the clocks that run on each: what is due first before the others, and how many there are.
//!
//! A line says how a case is; this says until when, and for whom. It is kept while a case goes on, so it is as large as what is
//! open, whatever the record is. Only what was decided is read here, and no calendar: a clock that stands still is not due
//! before it goes on, and goes on with the time that the fact of that names.

mod clocks;
mod listing;

use ids::HistoryKey;
use prost::Message;
use proto::casebook::v1::CaseSummary;
use proto::record::v1::event::Of;
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::cases::position_of;
use crate::copy::CopyError;
use clocks::Clocks;
pub use listing::{Wanted, list};

/// `position` is the case's, as in `cases`. `due_us` is [`NEVER`] while no clock runs.
pub const TABLES: &str = "
    CREATE TABLE open (
        position INTEGER PRIMARY KEY, district TEXT NOT NULL, due_us INTEGER NOT NULL, owner TEXT NOT NULL,
        level TEXT NOT NULL, colour INTEGER NOT NULL, clocks BLOB NOT NULL);
    CREATE INDEX open_by_due ON open (district, due_us, position);
    CREATE INDEX open_by_owner ON open (district, owner, due_us, position);
    CREATE INDEX open_by_sort ON open (district, level, colour, due_us);";

/// Later than anything is due.
pub const NEVER: i64 = i64::MAX;

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    let told = |of: &Option<Of>| matches!(of, Some(Of::Intake(_) | Of::Triage(_) | Of::Dispatch(_)));
    if !stored.commit.facts().any(|event| told(&event.of)) {
        return Ok(());
    }
    let key = &stored.subject.key;
    let Some(position) = position_of(transaction, key.district.as_str(), &key.id)? else { return Ok(()) };
    let known = read(transaction, position)?;
    let mut clocks = known.clone().unwrap_or_default();
    for event in stored.commit.facts() {
        clocks.learn(event);
    }
    if clocks.goes_on {
        (clocks.owner, clocks.level) = holder(transaction, position)?;
    }
    match (clocks.goes_on, known) {
        // Those of a case that is over stay away, whatever is said of it later.
        (false, None) => Ok(()),
        (false, Some(_)) => {
            transaction.prepare_cached("DELETE FROM open WHERE position = ?1")?.execute([position])?;
            Ok(())
        }
        (true, known) if known.as_ref() == Some(&clocks) => Ok(()),
        (true, _) => write(transaction, key, position, &clocks),
    }
}

fn read(connection: &Connection, position: i64) -> Result<Option<Clocks>, CopyError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT clocks FROM open WHERE position = ?1")?
        .query_row([position], |row| row.get(0))
        .optional()?;
    Ok(bytes.map(|bytes| Clocks::decode(bytes.as_slice())).transpose()?)
}

/// Who has a case, and at which level.
fn holder(connection: &Connection, position: i64) -> Result<(String, String), CopyError> {
    let line: Vec<u8> = connection
        .prepare_cached("SELECT line FROM cases WHERE position = ?1")?
        .query_row([position], |row| row.get(0))?;
    let line = CaseSummary::decode(line.as_slice())?;
    Ok((line.owner, line.level))
}

fn write(transaction: &Transaction<'_>, key: &HistoryKey, position: i64, clocks: &Clocks) -> Result<(), CopyError> {
    let due_us = clocks.next().map_or(NEVER, |next| next.at_us);
    transaction.prepare_cached("INSERT OR REPLACE INTO open VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        position,
        key.district.as_str(),
        due_us,
        clocks.owner,
        clocks.level,
        clocks.colour(),
        clocks.encode_to_vec(),
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests;
