//! What one department keeps on its own disk: orders as they came, answers until the hub has taken them.
//!
//! One SQLite file, one thread that writes ([`group`]), one connection that reads. `schema.rs` has the tables.

mod copy;
mod group;
mod lists;
mod schema;
mod tables;
mod untold;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use ids::{CaseId, Code, CommandId};
use jiff::Timestamp;
use proto::dispatch::v1::Order;
use proto::responder::v1::{ReceivedCall, RefusedAnswer};
use rusqlite::Connection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::{AnswerId, CallKey};
use crate::wire::{ReadAnswer, Verdict};
use group::Writer;

pub use copy::{Copied, back_up, restore};
pub use group::StoreError;
pub use lists::{Page, Place, Reach, Which};
pub use untold::{Progress, Told, Untold};

/// Orders kept; beyond it the oldest finished calls are forgotten.
const ORDERS_MAX: i64 = 100_000;
/// New orders between two looks at that bound.
const TIDY_EVERY: u64 = 1000;

/// An order to be kept.
#[derive(Clone, Debug)]
pub struct NewOrder {
    pub call: CallKey,
    /// Its name within the case.
    pub n: String,
    pub received_at: Timestamp,
    /// As it came.
    pub payload: Vec<u8>,
}

/// An answer that the hub has not taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub id: AnswerId,
    pub call: CallKey,
    pub payload: Vec<u8>,
}

/// What keeping an answer came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    New(AnswerId),
    /// It was kept before; the hub's verdict, if there is one.
    Again(AnswerId, Option<Verdict>),
    /// Another answer was kept under the same command id.
    Different,
}

/// Refusals that nobody has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    pub count: u32,
    /// Turn of the newest there ever was.
    pub newest: i64,
}

/// Cheap to clone; all clones are one store.
#[derive(Clone, Debug)]
pub struct Store {
    /// Which file it is: a copy that was put back has another name.
    name: Arc<str>,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
    /// Position of the newest order.
    newest: watch::Sender<i64>,
    unseen: watch::Sender<Unseen>,
    taken: Arc<AtomicU64>,
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It is not ours, another process works on it, or the disk says no.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let lock = lock(&file.with_extension("lock"))?;
        let opening = || format!("opening {}", file.display());
        let connection = schema::open_for_writing(file).with_context(opening)?;
        tables::tidy(&connection, ORDERS_MAX).with_context(opening)?;
        tables::forget_strays(&connection).with_context(opening)?;
        let forgotten = tables::forget_unseen(&connection).with_context(opening)?;
        if forgotten > 0 {
            tracing::warn!(forgotten, file = %file.display(), "refused answers that nobody looked at are not listed any more");
        }
        let new_name = uuid::Uuid::new_v4().simple().to_string();
        let department = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = tables::name_of_file(&connection, &department, &new_name).with_context(opening)?;
        let newest = watch::Sender::new(lists::last_position(&connection).with_context(opening)?);
        let unseen = watch::Sender::new(lists::unseen(&connection).with_context(opening)?);
        Ok(Self {
            name: name.into(),
            writer: Writer::start(connection, lock).context("starting the store's thread")?,
            reader: Arc::new(Mutex::new(Reader { file: file.to_owned(), connection: None })),
            newest,
            unseen,
            taken: Arc::default(),
        })
    }

    /// Keeps an order; false for a repeat (I11).
    ///
    /// # Errors
    /// It is not on disk.
    pub async fn take_order(&self, order: NewOrder) -> Result<bool, StoreError> {
        let newest = self.newest.clone();
        let seen = move |position: &Option<i64>| {
            if let Some(position) = position {
                newest.send_if_modified(|newest| {
                    let later = *position > *newest;
                    *newest = (*newest).max(*position);
                    later
                });
            }
        };
        let position = self.writer.write(move |connection| tables::take_order(connection, &order), seen).await?;
        if position.is_some() && self.taken.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.writer.write_later(|connection| tables::tidy(connection, ORDERS_MAX), |()| {});
        }
        Ok(position.is_some())
    }

    /// Keeps an answer. `after` runs when it is on disk, even if the caller has gone away meanwhile.
    ///
    /// # Errors
    /// It is not on disk.
    pub async fn keep(
        &self,
        answer: ReadAnswer,
        after: impl FnOnce(&Kept) + Send + 'static,
    ) -> Result<Kept, StoreError> {
        let unseen = self.unseen.clone();
        let keep = move |connection: &Connection| {
            let kept = tables::keep(connection, &answer)?;
            let told = matches!(kept, Kept::Again(_, Some(Verdict::Refused(_))));
            Ok((kept, told.then(|| lists::unseen(connection)).transpose()?))
        };
        let after = move |(kept, now): &(Kept, Option<Unseen>)| {
            now.iter().for_each(|now| say(&unseen, *now));
            after(kept);
        };
        Ok(self.writer.write(keep, after).await?.0)
    }

    /// Writes the hub's verdict down with whatever is written next; a refusal with the time, if nobody was told. If it is
    /// lost in a crash, the answer is sent again under the same command id and gets the same verdict.
    pub fn settle(&self, id: AnswerId, call: CallKey, verdict: Verdict, unseen_since: Option<Timestamp>) {
        let unseen = self.unseen.clone();
        self.writer.write_later(
            move |connection| {
                tables::settle(connection, id, &call, &verdict, unseen_since)?;
                unseen_since.map(|_| lists::unseen(connection)).transpose()
            },
            move |now| now.iter().for_each(|now| say(&unseen, *now)),
        );
    }

    /// Somebody has seen that an answer was refused; false: no answer of this name was.
    ///
    /// # Errors
    /// It is not on disk.
    pub async fn see_refused(&self, district: Code, case: CaseId, command_id: CommandId) -> Result<bool, StoreError> {
        let unseen = self.unseen.clone();
        let see = move |connection: &Connection| {
            let found = tables::see_refused(connection, &district, &case, &command_id)?;
            Ok((found, lists::unseen(connection)?))
        };
        let told = move |(_, now): &(bool, Unseen)| say(&unseen, *now);
        Ok(self.writer.write(see, told).await?.0)
    }

    /// Returns when everything up to here is on disk.
    ///
    /// # Errors
    /// Something is not.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.writer.write(|_| Ok(()), |_: &()| {}).await
    }

    /// Answers that the hub has not taken, in the order of keeping.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn unsent(&self) -> Result<Vec<KeptAnswer>, StoreError> {
        self.writer.write(tables::unsent, |_| {}).await
    }

    /// Orders after a position, oldest first, without those up to `unfinished_until` whose call is finished. A part of
    /// them; none means that there are no more.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn orders_after(&self, position: i64, unfinished_until: i64) -> Result<Vec<(i64, Order)>, StoreError> {
        self.read(move |connection| lists::orders_after(connection, position, unfinished_until)).await
    }

    /// A page of calls as they are now, and where the next one begins. At most 3 MiB of them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn calls(&self, which: Which, page: Page) -> Result<(Vec<ReceivedCall>, Option<Place>), StoreError> {
        // Verdicts that were written for later are part of how it is now.
        self.flush().await?;
        self.read(move |connection| lists::calls(connection, which, page)).await
    }

    /// Refusals that nobody has seen, after this turn, with their turns. A part of them; none means that there are no more.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn refused_after(&self, turn: i64) -> Result<Vec<(i64, RefusedAnswer)>, StoreError> {
        self.read(move |connection| lists::refused(connection, turn)).await
    }

    /// How far the department's own system has been told of orders, and what it has not taken.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn untold(&self) -> Result<(Option<Told>, Vec<Untold>), StoreError> {
        self.writer.write(untold::read, |_| {}).await
    }

    /// Writes down what it was told.
    ///
    /// # Errors
    /// It is not on disk.
    pub async fn told(&self, progress: Progress) -> Result<(), StoreError> {
        self.writer.write(move |connection| untold::write(connection, &progress), |()| {}).await
    }

    /// Follows what nobody has seen.
    #[must_use]
    pub fn unseen(&self) -> watch::Receiver<Unseen> {
        self.unseen.subscribe()
    }

    /// Which file this is: a copy that was put back has another name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Follows the position of the newest order.
    #[must_use]
    pub fn newest(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Cancelled when the writing thread is gone: a bug, as long as somebody holds the store.
    #[must_use]
    pub fn ended(&self) -> CancellationToken {
        self.writer.ended()
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        let work = move || read(reader.lock().unwrap_or_else(PoisonError::into_inner).connection()?);
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => Ok(result?),
            Err(_shutting_down) => Err(StoreError::Closed),
        }
    }
}

/// A second connection, so that long lists do not hold up what is being written. Most departments of an all-in-one never
/// need it, and it costs memory: it is opened when somebody looks.
#[derive(Debug)]
struct Reader {
    file: PathBuf,
    connection: Option<Connection>,
}

impl Reader {
    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => schema::open_for_reading(&self.file)?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// Whoever follows hears of a change alone.
fn say(unseen: &watch::Sender<Unseen>, now: Unseen) {
    unseen.send_if_modified(|known| std::mem::replace(known, now) != now);
}

/// Two processes on one file would send the same answers at the same time.
fn lock(file: &Path) -> anyhow::Result<File> {
    let lock = File::create(file).with_context(|| format!("making {}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("another process runs this department: {} is locked", file.display()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", file.display())),
    }
}

#[cfg(test)]
mod tests;
