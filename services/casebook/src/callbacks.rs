//! The callback queue: resolved cases that nobody has rated.

use jiff::Timestamp;
use proto::casebook::v1::UnratedCase;
use proto::evaluation::v1::{CallbackLogged, Rated, RatingLapsed, RatingPutOff, RatingRequested};
use proto::facts::{EvaluationFacts, Facts};
use proto::{FromWireTime, ToWireTime};
use record::StoredCommit;
use rusqlite::{Connection, Transaction, params};
use station::access::Scope;

use crate::copy::CopyError;
use crate::queue::reaches;

/// `unrated_since` is the position at which a rating was asked for.
pub const TABLE: &str = "
    CREATE TABLE callbacks (
        unrated_since INTEGER PRIMARY KEY, district TEXT NOT NULL, case_id TEXT NOT NULL, round INTEGER NOT NULL,
        callbacks INTEGER NOT NULL, again_s INTEGER NOT NULL);
    CREATE UNIQUE INDEX callbacks_by_id ON callbacks (district, case_id);
    CREATE INDEX callbacks_by_district ON callbacks (district, unrated_since);";

enum Change {
    Asked {
        round: u32,
    },
    /// `again_s`: when to try again, in seconds since 1970; 0: at any time.
    CalledBack {
        again_s: i64,
    },
    Over,
}

struct Following;

impl Facts for Following {
    type Found = Option<Change>;

    fn nothing() -> Option<Change> {
        None
    }
}

impl EvaluationFacts for Following {
    fn rating_requested(&mut self, fact: &RatingRequested) -> Option<Change> {
        Some(Change::Asked { round: fact.round })
    }

    fn callback_logged(&mut self, fact: &CallbackLogged) -> Option<Change> {
        Some(Change::CalledBack { again_s: fact.again_at.time().map_or(0, |at| at.as_second()) })
    }

    fn rated(&mut self, _: &Rated) -> Option<Change> {
        Some(Change::Over)
    }

    fn rating_lapsed(&mut self, _: &RatingLapsed) -> Option<Change> {
        Some(Change::Over)
    }

    fn rating_put_off(&mut self, _: &RatingPutOff) -> Option<Change> {
        Some(Change::Over)
    }
}

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    let key = &stored.subject.key;
    for change in stored.commit.evaluation_facts().filter_map(|fact| fact.told_to(&mut Following)) {
        let (district, case) = (key.district.as_str(), key.id.as_str());
        match change {
            // Resolved again, it waits anew.
            Change::Asked { round } => transaction
                .prepare_cached("INSERT OR REPLACE INTO callbacks VALUES (?1, ?2, ?3, ?4, 0, 0)")?
                .execute(params![i64::try_from(stored.sequence).unwrap_or(i64::MAX), district, case, round])?,
            Change::CalledBack { again_s } => transaction
                .prepare_cached(
                    "UPDATE callbacks SET callbacks = callbacks + 1, again_s = ?3 WHERE district = ?1 AND case_id = ?2",
                )?
                .execute(params![district, case, again_s])?,
            Change::Over => transaction
                .prepare_cached("DELETE FROM callbacks WHERE district = ?1 AND case_id = ?2")?
                .execute(params![district, case])?,
        };
    }
    Ok(())
}

/// Who is to be called back, longest waiting first; whom to try later, at `now`, after all others.
///
/// # Errors
/// The copy cannot be read.
pub fn list(
    connection: &Connection,
    district: &str,
    scope: &Scope,
    now: Timestamp,
    at_most: usize,
) -> Result<Vec<UnratedCase>, CopyError> {
    let mut statement = connection.prepare_cached(
        "SELECT case_id, round, callbacks, again_s FROM callbacks WHERE district = ?1 \
             ORDER BY max(again_s - ?2, 0), unrated_since",
    )?;
    let mut rows = statement.query(params![district, now.as_second()])?;
    let mut found = Vec::new();
    while found.len() < at_most
        && let Some(row) = rows.next()?
    {
        let case_id: String = row.get(0)?;
        if reaches(connection, scope, district, &case_id)? {
            let district = district.to_owned();
            let again_at = Timestamp::from_second(row.get(3)?).ok().filter(|at| *at > now).map(ToWireTime::to_wire);
            found.push(UnratedCase { case_id, district, round: row.get(1)?, callbacks: row.get(2)?, again_at });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proto::evaluation::v1::EvaluationEvent;
    use proto::evaluation::v1::evaluation_event::Event;
    use proto::record::v1::event::Of;

    use super::*;
    use crate::tests::{commit, connection};

    fn fact(event: Event) -> Of {
        Of::Evaluation(EvaluationEvent { event: Some(event) })
    }

    fn requested(round: u32) -> Of {
        fact(Event::RatingRequested(RatingRequested { round, ..RatingRequested::default() }))
    }

    #[test]
    fn the_longest_unrated_is_called_back_first() {
        let mut connection = connection();
        let transaction = connection.transaction().unwrap();
        for (position, case, of) in [
            (1, "first", requested(1)),
            (2, "second", requested(1)),
            (3, "third", requested(1)),
            (4, "third", fact(Event::CallbackLogged(CallbackLogged::default()))),
            (5, "second", fact(Event::Rated(Rated::default()))),
            (5, "first", fact(Event::RatingPutOff(RatingPutOff::default()))),
            // Resolved again: it waits anew, behind the third.
            (6, "first", requested(2)),
        ] {
            take(&transaction, &commit(position, case, of)).unwrap();
        }
        let now = Timestamp::UNIX_EPOCH;
        let listed = |at_most| -> Vec<_> {
            let found = list(&transaction, "wuchang", &Scope::All, now, at_most).unwrap();
            found.into_iter().map(|it| (it.case_id, it.round, it.callbacks)).collect()
        };
        assert_eq!(listed(10), [("third".to_owned(), 1, 1), ("first".to_owned(), 2, 0)]);
        assert_eq!(listed(1).len(), 1);
        assert!(list(&transaction, "heping", &Scope::All, now, 10).unwrap().is_empty());
    }

    #[test]
    fn who_is_to_be_tried_later_comes_after_all_others_until_then() {
        let mut connection = connection();
        let transaction = connection.transaction().unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let again_at = Some(at(1000).to_wire());
        let called = fact(Event::CallbackLogged(CallbackLogged { again_at, ..CallbackLogged::default() }));
        for (position, case, of) in [(1, "first", requested(1)), (2, "second", requested(1)), (3, "first", called)] {
            take(&transaction, &commit(position, case, of)).unwrap();
        }
        let listed = |now| -> Vec<_> {
            let found = list(&transaction, "wuchang", &Scope::All, now, 10).unwrap();
            found.into_iter().map(|it| (it.case_id, it.again_at.is_some())).collect()
        };
        assert_eq!(listed(at(999)), [("second".to_owned(), false), ("first".to_owned(), true)]);
        assert_eq!(listed(at(1000)), [("first".to_owned(), false), ("second".to_owned(), false)]);
    }
}
