//! Group commit: one thread writes, and what was asked meanwhile goes to disk together, with one fsync for all.
//!
//! Nothing is answered before it is on disk. This file knows no table.

use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Writes in one transaction: enough that the fsync no longer counts, few enough that nobody waits for the others.
const GROUP_MAX: usize = 256;
/// How long a write that nobody waits for may wait for others to share its fsync.
const LATER_MAX: Duration = Duration::from_millis(50);
/// How long something is in the write-ahead log alone. By itself SQLite waits for 4 MiB, which is a small department's week: a
/// copy of the file without its log had nothing of it.
const LOGGED_MAX: Duration = Duration::from_secs(5);

/// It could not be written, or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the local store cannot be used: {0}")]
    Disk(String),
    #[error("the local store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Disk(error.to_string())
    }
}

/// Whoever holds it can have things written. The thread ends with the last one.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Unbounded, because what goes in is bounded already: senders wait for their answers, and what nobody waits for
    /// is at most one verdict per kept answer.
    queue: Sender<Entry>,
    ended: CancellationToken,
}

struct Entry {
    job: Box<dyn Job>,
    /// Somebody waits for it.
    awaited: bool,
}

trait Job: Send {
    fn write(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn committed(self: Box<Self>);
    fn failed(self: Box<Self>, error: StoreError);
}

struct Write<T, F, A> {
    write: F,
    result: Option<T>,
    after: A,
    reply: Option<oneshot::Sender<Result<T, StoreError>>>,
}

impl<T, F, A> Job for Write<T, F, A>
where
    T: Send,
    F: Fn(&Connection) -> rusqlite::Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.result = Some((self.write)(connection)?);
        Ok(())
    }

    fn committed(self: Box<Self>) {
        let Some(result) = self.result else { return };
        (self.after)(&result);
        if let Some(reply) = self.reply {
            let _ = reply.send(Ok(result));
        }
    }

    fn failed(self: Box<Self>, error: StoreError) {
        match self.reply {
            Some(reply) => drop(reply.send(Err(error))),
            None => tracing::error!(%error, "not written; nobody waits for it"),
        }
    }
}

impl Writer {
    /// Starts the thread. It holds `lock` until it has written its last.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(connection: Connection, lock: File) -> std::io::Result<Self> {
        let (queue, waiting) = channel();
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        std::thread::Builder::new().name("responder-store".to_owned()).spawn(move || {
            run(connection, &waiting);
            drop(lock);
            drop(guard);
        })?;
        Ok(Self { queue, ended })
    }

    /// Writes, and answers when it is on disk. `after` runs then even if the caller has gone away meanwhile.
    /// `write` may run twice: when its group fails, it is tried alone.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { write, result: None, after, reply: Some(reply) });
        self.queue.send(Entry { job, awaited: true }).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Writes with the next group, and runs `after` when it is on disk; an error is logged.
    pub fn write_later<T: Send + 'static>(
        &self,
        write: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) {
        let job = Box::new(Write { write, result: None, after, reply: None });
        let _ = self.queue.send(Entry { job, awaited: false });
    }

    /// Cancelled when the thread is gone, which nobody expects while somebody holds a writer.
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry")
    }
}

fn run(mut connection: Connection, waiting: &Receiver<Entry>) {
    // Since when something has been in the log alone.
    let mut logged_since: Option<Instant> = None;
    loop {
        let next = match logged_since {
            None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => waiting.recv_timeout(LOGGED_MAX.saturating_sub(since.elapsed())),
        };
        if logged_since.is_some_and(|since| since.elapsed() >= LOGGED_MAX) {
            check_point(&connection);
            logged_since = None;
        }
        let first = match next {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let until = Instant::now() + LATER_MAX;
        let mut awaited = first.awaited;
        let mut group = vec![first.job];
        while group.len() < GROUP_MAX {
            let wait = if awaited { Duration::ZERO } else { until.saturating_duration_since(Instant::now()) };
            let Ok(next) = waiting.recv_timeout(wait) else { break };
            awaited |= next.awaited;
            group.push(next.job);
        }
        metrics::histogram!("responder_group_writes").record(f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX)));
        commit(&mut connection, group);
        logged_since.get_or_insert_with(Instant::now);
    }
}

/// Brings what is in the log into the file itself; nobody waits for it but who comes next. What a reader still needs stays.
fn check_point(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the log of the local store was not brought into its file");
    }
}

fn commit(connection: &mut Connection, mut group: Vec<Box<dyn Job>>) {
    match write_all(connection, &mut group) {
        Ok(()) => group.into_iter().for_each(Job::committed),
        // One of them may be the reason; alone it stops nothing else.
        Err(_) if group.len() > 1 => {
            for job in group {
                commit(connection, vec![job]);
            }
        }
        Err(error) => {
            tracing::error!(%error, "a write to the local store failed");
            for job in group {
                job.failed(StoreError::Disk(error.to_string()));
            }
        }
    }
}

fn write_all(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        job.write(&transaction)?;
    }
    transaction.commit()
}
