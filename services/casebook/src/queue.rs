//! The cases that wait for a person to judge them.

use ids::HistoryKey;
use prost::Message;
use proto::casebook::v1::QueuedCase;
use proto::facts::{Facts, TriageFacts};
use proto::triage::v1::{Claimed, Classified, Dismissed, Judged, QueuedForJudgement, Regraded};
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use station::access::Scope;

use crate::cases::list::concerned;
use crate::cases::position_of;
use crate::copy::CopyError;

/// `waiting_since` is the position at which the case was queued: the oldest first is by it.
pub const TABLE: &str = "
    CREATE TABLE queue (
        waiting_since INTEGER PRIMARY KEY, district TEXT NOT NULL, case_id TEXT NOT NULL, queued BLOB NOT NULL);
    CREATE UNIQUE INDEX queue_by_id ON queue (district, case_id);
    CREATE INDEX queue_by_district ON queue (district, waiting_since);";

/// What a commit makes of a case that waits, or does not.
enum Change {
    Waits(Box<QueuedCase>),
    IsClaimed(String),
    WaitsNoMore,
}

struct Following;

impl Facts for Following {
    type Found = Option<Change>;

    fn nothing() -> Option<Change> {
        None
    }
}

impl TriageFacts for Following {
    fn queued_for_judgement(&mut self, fact: &QueuedForJudgement) -> Option<Change> {
        Some(Change::Waits(Box::new(QueuedCase {
            title: fact.title.clone(),
            reason: fact.reason.clone(),
            candidates: fact.candidates.clone(),
            due: fact.due,
            ..QueuedCase::default()
        })))
    }

    fn claimed(&mut self, fact: &Claimed) -> Option<Change> {
        Some(Change::IsClaimed(fact.by.clone()))
    }

    fn classified(&mut self, _: &Classified) -> Option<Change> {
        Some(Change::WaitsNoMore)
    }

    fn judged(&mut self, _: &Judged) -> Option<Change> {
        Some(Change::WaitsNoMore)
    }

    fn regraded(&mut self, _: &Regraded) -> Option<Change> {
        Some(Change::WaitsNoMore)
    }

    fn dismissed(&mut self, _: &Dismissed) -> Option<Change> {
        Some(Change::WaitsNoMore)
    }
}

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    let key = &stored.subject.key;
    for change in stored.commit.triage_facts().filter_map(|fact| fact.told_to(&mut Following)) {
        match change {
            Change::Waits(queued) => {
                let queued = QueuedCase { case_id: key.id.clone(), district: key.district.to_string(), ..*queued };
                let since = i64::try_from(stored.sequence).unwrap_or(i64::MAX);
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO queue VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![since, key.district.as_str(), key.id, queued.encode_to_vec()])?;
            }
            Change::IsClaimed(by) => {
                if let Some(queued) = waiting(transaction, key)? {
                    let queued = QueuedCase { claimed_by: by, ..queued };
                    transaction
                        .prepare_cached("UPDATE queue SET queued = ?3 WHERE district = ?1 AND case_id = ?2")?
                        .execute(params![key.district.as_str(), key.id, queued.encode_to_vec()])?;
                }
            }
            Change::WaitsNoMore => {
                transaction
                    .prepare_cached("DELETE FROM queue WHERE district = ?1 AND case_id = ?2")?
                    .execute(params![key.district.as_str(), key.id])?;
            }
        }
    }
    Ok(())
}

fn waiting(connection: &Connection, key: &HistoryKey) -> Result<Option<QueuedCase>, CopyError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT queued FROM queue WHERE district = ?1 AND case_id = ?2")?
        .query_row(params![key.district.as_str(), key.id], |row| row.get(0))
        .optional()?;
    Ok(bytes.map(|bytes| QueuedCase::decode(bytes.as_slice())).transpose()?)
}

/// At most `at_most` cases of a district (empty: of all that the scope has), longest waiting first.
///
/// # Errors
/// The copy cannot be read.
pub fn list(
    connection: &Connection,
    district: &str,
    scope: &Scope,
    at_most: usize,
) -> Result<Vec<QueuedCase>, CopyError> {
    let mut statement = connection.prepare_cached(
        "SELECT district, case_id, queued FROM queue WHERE (?1 = '' OR district = ?1) ORDER BY waiting_since",
    )?;
    let mut rows = statement.query([district])?;
    let mut found = Vec::new();
    while found.len() < at_most
        && let Some(row) = rows.next()?
    {
        let (district, case): (String, String) = (row.get(0)?, row.get(1)?);
        if reaches(connection, scope, &district, &case)? {
            found.push(QueuedCase::decode(row.get_ref(2)?.as_blob().unwrap_or_default())?);
        }
    }
    Ok(found)
}

/// Whether a scope reaches a case of the casebook.
///
/// # Errors
/// The copy cannot be read.
pub fn reaches(connection: &Connection, scope: &Scope, district: &str, case_id: &str) -> Result<bool, CopyError> {
    let here = match scope {
        Scope::All => true,
        Scope::Districts(districts) | Scope::Only { districts, .. } => {
            districts.iter().any(|known| known.as_str() == district)
        }
    };
    if !here || !matches!(scope, Scope::Only { .. }) {
        return Ok(here);
    }
    match position_of(connection, district, case_id)? {
        Some(position) => concerned(connection, scope, position),
        None => Ok(false),
    }
}
