//! The list of cases: one SQLite table fed from the record. A copy, never a source: delete the file and it comes
//! back.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chassis::Gate;
use ids::{Code, HistoryKey, Kind, Owner};
use jiff::Timestamp;
use prost::Message;
use proto::intake::v1::{CaseSummary, ListRequest, ListResponse};
use proto::subjects::CommitSubject;
use record::{Broker, Step, StoredCommit};
use rusqlite::{Connection, OptionalExtension, params};
use station::broker_status;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use vocabulary::Point;

use self::row::Row;
use crate::domain::duplicates::Features;

/// Commits that may wait to be written.
const QUEUE_MAX: usize = 4096;
/// Commits written in one transaction.
const TRANSACTION_MAX: usize = 1000;
/// Cases whose lines the writer remembers; when it is full it is emptied.
const REMEMBERED_MAX: usize = 20_000;
/// Whose facts make a line (see [`reading`]): what is rated or told changes nothing on it.
const FOLLOWED: [Owner; 4] = [Owner::Intake, Owner::Triage, Owner::Dispatch, Owner::EnforcementCenter];
/// How long a reader waits for the list to come level with the record.
const LEVEL_WITH_RECORD: Duration = Duration::from_secs(5);
/// Cases looked at for one suggestion. At 13,000 a day in a district, places narrow them down to far fewer.
const CANDIDATES_MAX: u32 = 2000;
/// Characters of a text kept for comparing; the matter is said in the first sentences.
pub const WORDS_LENGTH_MAX: usize = 500;
/// What is compared of a row.
const FEATURES: &str = "line, received_us, place_party, address, longitude, latitude, words";
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1000;

/// Counted up with every change of [`TABLES`].
const SCHEMA: i64 = 4;
/// `candidate` is 0 once a case can no longer be the one that others are part of; `ended` is 1 once it is closed with an
/// outcome.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS cases (
        district TEXT NOT NULL, case_id TEXT NOT NULL, state TEXT NOT NULL, level TEXT NOT NULL, owner TEXT NOT NULL,
        first_position INTEGER NOT NULL, line BLOB NOT NULL,
        kind INTEGER NOT NULL, caller_class INTEGER NOT NULL, channel TEXT NOT NULL, way INTEGER NOT NULL,
        campaign TEXT NOT NULL,
        received_us INTEGER NOT NULL DEFAULT 0, place_party TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '',
        longitude REAL, latitude REAL, words TEXT NOT NULL DEFAULT '', candidate INTEGER NOT NULL DEFAULT 1,
        ended INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (district, case_id)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS cases_by_position ON cases (first_position);
    CREATE INDEX IF NOT EXISTS cases_by_time ON cases (district, received_us);
    CREATE INDEX IF NOT EXISTS cases_by_party ON cases (district, place_party, received_us);
    CREATE INDEX IF NOT EXISTS cases_by_address ON cases (district, address, received_us);
    CREATE INDEX IF NOT EXISTS cases_by_latitude ON cases (district, latitude);
    CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL);
    INSERT OR IGNORE INTO progress VALUES (1, 0);";

#[derive(Clone)]
pub struct Projection {
    connection: Arc<Mutex<Connection>>,
    position: watch::Sender<u64>,
}

impl Projection {
    pub fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        let connection = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        // It can always be made again, so nothing waits for the disk.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        let known: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if known != SCHEMA {
            // Of another form: it comes back from the record.
            connection.execute_batch("DROP TABLE IF EXISTS cases; DROP TABLE IF EXISTS progress;")?;
            connection.pragma_update(None, "user_version", SCHEMA)?;
        }
        connection.execute_batch(TABLES)?;
        let position: u64 =
            connection.query_row("SELECT position FROM progress", [], |row| row.get::<_, i64>(0))?.unsigned_abs();
        Ok(Self { connection: Arc::new(Mutex::new(connection)), position: watch::Sender::new(position) })
    }

    /// Follows the record until `stop`; opens `gate` when level with it for the first time.
    pub async fn feed(self, broker: Broker, stop: CancellationToken, gate: Gate) -> anyhow::Result<()> {
        let (queue, waiting) = mpsc::channel::<StoredCommit>(QUEUE_MAX);
        let from = *self.position.borrow() + 1;
        let writer = tokio::task::spawn_blocking({
            let projection = self.clone();
            move || projection.write(waiting)
        });
        let mut record = broker.replay(filters(), from, stop);
        while let Some(step) = record.next().await? {
            match step {
                // The writer ends only after this queue does.
                Step::Commit(stored) => drop(queue.send(*stored).await),
                Step::LevelWithRecord => gate.open(),
            }
        }
        drop(queue);
        writer.await?
    }

    fn write(&self, mut waiting: mpsc::Receiver<StoredCommit>) -> anyhow::Result<()> {
        let mut remembered = HashMap::new();
        while let Some(first) = waiting.blocking_recv() {
            let mut commits = vec![first];
            while commits.len() < TRANSACTION_MAX
                && let Ok(more) = waiting.try_recv()
            {
                commits.push(more);
            }
            self.write_all(&mut remembered, &commits)?;
        }
        Ok(())
    }

    /// One transaction, in which every case that changes is written once.
    fn write_all(&self, remembered: &mut HashMap<HistoryKey, Row>, commits: &[StoredCommit]) -> anyhow::Result<()> {
        let Some(last) = commits.last() else { return Ok(()) };
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        let mut rows: HashMap<&HistoryKey, Row> = HashMap::new();
        for stored in commits {
            let key = &stored.subject.key;
            let row = match rows.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(match remembered.remove(key) {
                    Some(row) => row,
                    None => Row::read(&transaction, key)?.unwrap_or_else(|| Row::new(stored)),
                }),
            };
            row.apply(stored);
        }
        if remembered.len() + rows.len() > REMEMBERED_MAX {
            remembered.clear();
        }
        for (key, mut row) in rows {
            row.save(&transaction, key)?;
            remembered.insert(key.clone(), row);
        }
        transaction.execute("UPDATE progress SET position = ?1", [i64::try_from(last.sequence)?])?;
        transaction.commit()?;
        self.position.send_replace(last.sequence);
        Ok(())
    }

    /// Waits until everything up to `position` is in the list.
    pub async fn level_with(&self, position: u64) {
        let mut seen = self.position.subscribe();
        // A list that lags is better than none: the answer says what it has.
        let _ = tokio::time::timeout(LEVEL_WITH_RECORD, seen.wait_for(|at| *at >= position)).await;
    }

    /// Reads something, level with the record: whoever has seen a case acknowledged finds it.
    ///
    /// # Errors
    /// The record is out of reach, or the file cannot be read.
    pub async fn read<T: Send + 'static>(
        &self,
        broker: &Broker,
        look: impl FnOnce(&Self) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Status> {
        let last = futures::future::try_join_all(filters().iter().map(|filter| broker.last_position(filter))).await;
        let last = last.map_err(|error| broker_status(&error))?;
        self.level_with(last.into_iter().max().unwrap_or_default()).await;
        let projection = self.clone();
        let found = tokio::task::spawn_blocking(move || look(&projection)).await;
        found.unwrap_or_else(|error| Err(error.into())).map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "the list cannot be read");
            Status::internal("the list cannot be read; it has been logged")
        })
    }

    /// Of a case, what it is compared by.
    pub fn features(&self, district: &str, case_id: &str) -> anyhow::Result<Option<Features>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement =
            connection.prepare_cached(&format!("SELECT {FEATURES} FROM cases WHERE district = ?1 AND case_id = ?2"))?;
        let found = statement.query_row(params![district, case_id], compared).optional()?;
        found.map(|(line, features)| with_category(&line, features).map(|(_, features)| features)).transpose()
    }

    /// Cases that may be where `asked` is, received in `window` (microseconds since 1970), newest first; at most
    /// [`CANDIDATES_MAX`].
    pub fn candidates(
        &self,
        district: &str,
        asked: &Features,
        window: RangeInclusive<i64>,
        degrees: (f64, f64),
    ) -> anyhow::Result<Vec<(CaseSummary, Features)>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {FEATURES} FROM cases WHERE district = ?1 AND candidate = 1 AND received_us BETWEEN ?2 AND ?3 AND ( \
             (?4 <> '' AND place_party = ?4) OR (?5 <> '' AND address = ?5) \
             OR (longitude BETWEEN ?6 AND ?7 AND latitude BETWEEN ?8 AND ?9) \
             OR (?4 = '' AND ?5 = '' AND ?6 IS NULL)) ORDER BY received_us DESC LIMIT {CANDIDATES_MAX}"
        ))?;
        let (party, address) = (asked.party.as_ref().map_or("", Code::as_str), asked.address.as_str());
        let (east, north) = degrees;
        let side = |at: fn(&Point) -> f64, by: f64| asked.point.as_ref().map(|point| at(point) + by);
        let (longitude, latitude) = (|point: &Point| point.longitude, |point: &Point| point.latitude);
        let rows = statement.query_map(
            params![
                district,
                window.start(),
                window.end(),
                party,
                address,
                side(longitude, -east),
                side(longitude, east),
                side(latitude, -north),
                side(latitude, north)
            ],
            compared,
        )?;
        rows.map(|row| row.map_err(Into::into).and_then(|(line, features)| with_category(&line, features))).collect()
    }

    pub fn list(&self, request: &ListRequest, district: &str) -> anyhow::Result<ListResponse> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let size = match request.page_size {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let before: i64 = request.page_token.parse().unwrap_or(i64::MAX);
        let filter = "(?1 = '' OR district = ?1) AND (?2 = '' OR state = ?2) AND (?3 = '' OR level = ?3) \
                      AND (?4 = '' OR owner = ?4) AND (?5 = 0 OR kind = ?5) AND (?6 = 0 OR caller_class = ?6) \
                      AND (?7 = '' OR channel = ?7) AND (?8 = 0 OR way = ?8) AND (?9 = '' OR campaign = ?9)";
        let wanted = params![
            district,
            request.state,
            request.level,
            request.owner,
            request.kind,
            request.caller_class,
            request.channel,
            request.way,
            request.campaign
        ];
        let total: i64 = connection
            .prepare_cached(&format!("SELECT count(*) FROM cases WHERE {filter}"))?
            .query_row(wanted, |row| row.get(0))?;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT first_position, line FROM cases WHERE {filter} AND first_position < ?10 \
             ORDER BY first_position DESC LIMIT ?11"
        ))?;
        let page = [wanted, params![before, size]].concat();
        let rows =
            statement.query_map(page.as_slice(), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        let mut cases = Vec::new();
        let mut last = None;
        for row in rows {
            let (position, line) = row?;
            cases.push(CaseSummary::decode(line.as_slice())?);
            last = Some(position);
        }
        let full = cases.len() == size as usize;
        Ok(ListResponse {
            cases,
            next_page_token: last.filter(|_| full).map(|position| position.to_string()).unwrap_or_default(),
            total: total.unsigned_abs(),
        })
    }
}

fn filters() -> Vec<String> {
    FOLLOWED.map(|owner| CommitSubject::all_of(Kind::Case, owner)).to_vec()
}

/// One row of [`FEATURES`]: the line, and everything but what the line says.
fn compared(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Vec<u8>, Features)> {
    let party: String = row.get(2)?;
    let (longitude, latitude): (Option<f64>, Option<f64>) = (row.get(4)?, row.get(5)?);
    let features = Features {
        party: party.parse().ok(),
        address: row.get(3)?,
        point: longitude.zip(latitude).map(|(longitude, latitude)| Point { longitude, latitude }),
        text: row.get(6)?,
        at: Timestamp::from_microsecond(row.get(1)?).unwrap_or_default(),
        ..Features::default()
    };
    Ok((row.get(0)?, features))
}

fn with_category(line: &[u8], features: Features) -> anyhow::Result<(CaseSummary, Features)> {
    let line = CaseSummary::decode(line)?;
    let features = Features { category: line.category.clone(), title: line.title.clone(), ..features };
    Ok((line, features))
}

mod row;
mod statistics;
#[cfg(test)]
mod tests;
