//! A copy of the record that can be looked at: fed commit by commit, it knows how far it reads, and can be asked to read
//! at least that far. What it keeps, and how, is its [`Keeper`]'s.
//!
//! A copy is never a source. Whatever is wrong with one is mended by throwing it away, and its end is never silent: a
//! keeper that fails ends [`Projection::feed`] with its error.

use std::time::{Duration, Instant};

use async_recursion::async_recursion as boxed;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::load::{StoredCommit, StoredFiled};
use crate::replay::Step;
use crate::sparing::Sparing;

/// Commits that may wait to be kept.
const QUEUE_MAX: usize = 4096;
/// Commits kept in one go.
const TOGETHER_MAX: usize = 1000;
/// How long a reader waits for a position it asks for. A copy that works is milliseconds behind.
pub const WAIT_S_MAX: u64 = 5;
/// How often a copy that is far behind says how far it has come.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// What keeps a copy: a file, as a rule. It is called from a thread that may block.
pub trait Keeper: Send + 'static {
    type Error: std::error::Error + Send + Sync + 'static;

    /// Adds what stands on the record, in its order, and the position of the last one with them: all or nothing.
    ///
    /// # Errors
    /// It could not be kept. The copy is not used any more.
    fn keep(&mut self, entries: &[Entry]) -> Result<(), Self::Error>;
}

/// What stands on the record.
#[derive(Clone, Debug)]
pub enum Entry {
    Commit(StoredCommit),
    /// A case was filed. Whoever reads the record from its beginning does not meet its commits any more.
    Filed(StoredFiled),
}

impl Entry {
    #[must_use]
    pub fn position(&self) -> u64 {
        match self {
            Self::Commit(stored) => stored.sequence,
            Self::Filed(stored) => stored.sequence,
        }
    }
}

/// How far a copy reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Of the last commit it contains.
    pub position: u64,
    /// Commits on the record that it does not contain, as last heard.
    pub behind: u64,
}

/// The copy does not read as far as was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the copy reads up to {}, {} commits behind the record; {wanted} was asked for", .progress.position, .progress.behind)]
pub struct Behind {
    pub wanted: u64,
    pub progress: Progress,
}

/// Why a copy is not fed any more.
#[derive(Debug, thiserror::Error)]
pub enum FeedError<E: std::error::Error + 'static> {
    #[error("the copy cannot be kept")]
    Keeper(#[source] E),
    #[error("the record cannot be read")]
    Record(#[source] BrokerError),
    #[error("the thread that keeps the copy panicked")]
    Panicked,
}

/// How far a copy reads, for whoever looks at it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Projection {
    progress: watch::Sender<Progress>,
}

impl Default for Projection {
    fn default() -> Self {
        Self { progress: watch::Sender::new(Progress::default()) }
    }
}

impl Projection {
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits until the copy contains everything up to `position`: whoever was told the position of what they recorded
    /// then reads it.
    ///
    /// # Errors
    /// It did not within [`WAIT_S_MAX`].
    #[boxed]
    pub async fn at_least(&self, position: u64) -> Result<Progress, Behind> {
        let mut seen = self.progress.subscribe();
        let reached = seen.wait_for(|progress| progress.position >= position);
        let reached = tokio::time::timeout(Duration::from_secs(WAIT_S_MAX), reached).await;
        match reached {
            Ok(Ok(progress)) => Ok(*progress),
            Ok(Err(_)) | Err(_) => Err(Behind { wanted: position, progress: self.progress() }),
        }
    }

    /// Feeds `keeper`, which contains everything up to `position`, with what comes after, until `stop`. `level` is called
    /// once, when it contains everything that was recorded before it began.
    ///
    /// # Errors
    /// The keeper failed, or something on the record does not read.
    pub async fn feed<K: Keeper>(
        &self,
        broker: &Broker,
        mut keeper: K,
        position: u64,
        stop: CancellationToken,
        level: impl FnOnce(),
    ) -> Result<(), FeedError<K::Error>> {
        self.progress.send_replace(Progress { position, behind: 0 });
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let progress = self.progress.clone();
        let mut keeping = tokio::task::spawn_blocking(move || keep_all(&mut keeper, waiting, &progress));
        let reading = self.read(broker, position, queue, stop, level);
        // Whichever ends first ends both: the reader at a stop, the keeper when it fails.
        tokio::select! {
            read = reading => {
                let kept = keeping.await;
                read.map_err(FeedError::Record)?;
                kept.map_err(|_| FeedError::Panicked)?.map_err(FeedError::Keeper)
            }
            kept = &mut keeping => kept.map_err(|_| FeedError::Panicked)?.map_err(FeedError::Keeper),
        }
    }

    async fn read(
        &self,
        broker: &Broker,
        position: u64,
        queue: mpsc::Sender<(Entry, u64)>,
        stop: CancellationToken,
        level: impl FnOnce(),
    ) -> Result<(), BrokerError> {
        let mut record = broker.replay(Vec::new(), position + 1, stop);
        let (mut level, mut last, mut told) = (Some(level), position, Instant::now());
        let newer = Sparing::default();
        loop {
            let mut entry = None;
            match record.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(Step::Commit(stored))) => {
                    // What of it is known is kept. A version that knows all of it makes a copy of its own form.
                    if let Err(error) = stored.must_be_known() {
                        metrics::counter!("projection_unread_total").increment(1);
                        if newer.may_say(Instant::now()).is_some() {
                            tracing::warn!(error = chain(&error), "left out of the copy");
                        }
                    }
                    entry = Some(Entry::Commit(*stored));
                }
                Ok(Some(Step::Filed(stored))) => entry = Some(Entry::Filed(*stored)),
                Ok(Some(Step::LevelWithRecord)) => {
                    let mut kept = self.progress.subscribe();
                    if kept.wait_for(|progress| progress.position >= last).await.is_ok()
                        && let Some(level) = level.take()
                    {
                        level();
                    }
                }
                // A copy without one fact is better than none. Whoever decides on this history says more of it.
                Err(error @ BrokerError::Corrupt { .. }) => {
                    metrics::counter!("projection_unread_total").increment(1);
                    tracing::error!(error = chain(&error), "left out of the copy");
                }
                Err(error) => return Err(error),
            }
            if let Some(entry) = entry {
                last = entry.position();
                if queue.send((entry, record.behind())).await.is_err() {
                    // The keeper has ended, and says why.
                    return Ok(());
                }
            }
            if level.is_some() && told.elapsed() >= PROGRESS_EVERY {
                let Progress { position, behind } = self.progress();
                tracing::info!(position, behind, "reading the record");
                told = Instant::now();
            }
        }
    }
}

fn keep_all<K: Keeper>(
    keeper: &mut K,
    mut waiting: mpsc::Receiver<(Entry, u64)>,
    progress: &watch::Sender<Progress>,
) -> Result<(), K::Error> {
    while let Some((first, mut behind)) = waiting.blocking_recv() {
        let mut entries = vec![first];
        while entries.len() < TOGETHER_MAX
            && let Ok((more, left)) = waiting.try_recv()
        {
            entries.push(more);
            behind = left;
        }
        keeper.keep(&entries)?;
        let position = entries.last().map_or(0, Entry::position);
        progress.send_replace(Progress { position, behind });
    }
    Ok(())
}
