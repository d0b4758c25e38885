//! The list of cases: one SQLite table fed from the record. A copy, never a source: delete the file and it comes
//! back.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chassis::Gate;
use ids::Kind;
use prost::Message;
use proto::intake::v1::{CaseSummary, ListRequest, ListResponse};
use record::{Broker, Step, StoredCommit};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::reading;

/// Commits that may wait to be written.
const QUEUE_MAX: usize = 4096;
/// Commits written in one transaction.
const TRANSACTION_MAX: usize = 1000;
/// How long a reader waits for the list to come level with the record.
const LEVEL_WITH_RECORD: Duration = Duration::from_secs(5);
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1000;

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
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS cases (
                district TEXT NOT NULL, case_id TEXT NOT NULL, state TEXT NOT NULL, level TEXT NOT NULL,
                owner TEXT NOT NULL, first_position INTEGER NOT NULL, line BLOB NOT NULL,
                PRIMARY KEY (district, case_id)) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS cases_by_position ON cases (first_position);
             CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL);
             INSERT OR IGNORE INTO progress VALUES (1, 0);",
        )?;
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
        let filters = vec![format!("{}.>", Kind::Case.as_str())];
        let mut record = broker.replay(filters, from, stop);
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
        while let Some(first) = waiting.blocking_recv() {
            let mut commits = vec![first];
            while commits.len() < TRANSACTION_MAX
                && let Ok(more) = waiting.try_recv()
            {
                commits.push(more);
            }
            let last = commits.last().map_or(0, |stored| stored.sequence);
            {
                let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
                let transaction = connection.transaction()?;
                for stored in &commits {
                    write_one(&transaction, stored)?;
                }
                transaction.execute("UPDATE progress SET position = ?1", [i64::try_from(last)?])?;
                transaction.commit()?;
            }
            self.position.send_replace(last);
        }
        Ok(())
    }

    /// Waits until everything up to `position` is in the list.
    pub async fn level_with(&self, position: u64) {
        let mut seen = self.position.subscribe();
        // A list that lags is better than none: the answer says what it has.
        let _ = tokio::time::timeout(LEVEL_WITH_RECORD, seen.wait_for(|at| *at >= position)).await;
    }

    pub fn list(&self, request: &ListRequest, district: &str) -> anyhow::Result<ListResponse> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let size = match request.page_size {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let before: i64 = request.page_token.parse().unwrap_or(i64::MAX);
        let filter = "(?1 = '' OR district = ?1) AND (?2 = '' OR state = ?2) AND (?3 = '' OR level = ?3) \
                      AND (?4 = '' OR owner = ?4)";
        let (state, level, owner) = (&request.state, &request.level, &request.owner);
        let total: i64 = connection
            .prepare_cached(&format!("SELECT count(*) FROM cases WHERE {filter}"))?
            .query_row(params![district, state, level, owner], |row| row.get(0))?;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT first_position, line FROM cases WHERE {filter} AND first_position < ?5 \
             ORDER BY first_position DESC LIMIT ?6"
        ))?;
        let rows = statement.query_map(params![district, state, level, owner, before, size], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
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

fn write_one(connection: &Connection, stored: &StoredCommit) -> anyhow::Result<()> {
    let (district, case) = (stored.subject.key.district.as_str(), stored.subject.key.id.as_str());
    let known: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT first_position, line FROM cases WHERE district = ?1 AND case_id = ?2")?
        .query_row(params![district, case], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (first_position, mut line) = match known {
        Some((position, line)) => (position, CaseSummary::decode(line.as_slice())?),
        None => (
            i64::try_from(stored.sequence)?,
            CaseSummary { case_id: case.to_owned(), district: district.to_owned(), ..CaseSummary::default() },
        ),
    };
    reading::apply(&mut line, &stored.commit);
    connection.prepare_cached("INSERT OR REPLACE INTO cases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        district,
        case,
        line.state,
        line.level,
        line.owner,
        first_position,
        line.encode_to_vec()
    ])?;
    Ok(())
}
