//! Which cases joined which: what becomes of a case concerns the senders of those, too.

use proto::intake::v1::intake_event::Event;
use record::StoredCommit;
use rusqlite::{Connection, Transaction, params};

use crate::copy::CopyError;

pub const TABLE: &str = "
    CREATE TABLE joined (
        district TEXT NOT NULL, earlier TEXT NOT NULL, case_id TEXT NOT NULL,
        PRIMARY KEY (district, earlier, case_id)) WITHOUT ROWID;";

/// The case that these commits say theirs joined, and where on the record they say so.
#[must_use]
pub fn link(commits: &[StoredCommit]) -> Option<(String, u64)> {
    commits.iter().find_map(|stored| {
        let mut facts = stored.commit.intake_facts();
        let earlier = facts
            .find_map(|fact| if let Event::LinkedAsDuplicate(link) = fact { Some(link.into.clone()) } else { None });
        earlier.map(|earlier| (earlier, stored.sequence))
    })
}

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    let Some((earlier, _)) = link(std::slice::from_ref(stored)) else { return Ok(()) };
    let key = &stored.subject.key;
    transaction.prepare_cached("INSERT OR IGNORE INTO joined VALUES (?1, ?2, ?3)")?.execute(params![
        key.district.as_str(),
        earlier,
        key.id
    ])?;
    Ok(())
}

/// Those that joined a case, and those that joined them.
///
/// # Errors
/// The copy cannot be read.
pub fn to(connection: &Connection, district: &str, case_id: &str) -> Result<Vec<String>, CopyError> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE those (case_id) AS (
            SELECT case_id FROM joined WHERE district = ?1 AND earlier = ?2
            UNION SELECT joined.case_id FROM joined, those WHERE district = ?1 AND earlier = those.case_id)
         SELECT case_id FROM those",
    )?;
    let found = statement.query_map(params![district, case_id], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
