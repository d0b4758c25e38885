//! The life of the copy: found or made, fed, thrown away when something is wrong with it, and made again. Whoever asks
//! meanwhile hears that it is being made; nothing else of the system notices.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use archive::Shelf;
use chassis::Gate;
use proto::casebook::v1::{AsOf, Freshness};
use record::projection::FeedError;
use record::{Broker, BrokerError, Projection, chain};
use rusqlite::Connection;
use station::broker_status;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::copy::{self, CopyError, Place, Readers, Writer};
use crate::keep::{Keeping, Unfile};
use crate::snapshot;

/// Waits before a copy that failed is made again; doubled each time, because what is wrong may last: a full disk.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long somebody who asks waits for a copy that is being made.
const READY_WAIT: Duration = Duration::from_secs(5);

/// The copy, for whoever asks. Cheap to clone.
#[derive(Clone)]
pub struct Copy {
    broker: Broker,
    shelf: Shelf,
    projection: Projection,
    readers: Arc<RwLock<Option<Arc<Readers>>>>,
    /// Rung when there are readers.
    opened: Arc<Notify>,
    /// Rung when a question finds the file damaged.
    damaged: Arc<Notify>,
}

/// Why a copy is not fed any more.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the copy cannot be opened")]
    Open(#[source] CopyError),
    #[error(transparent)]
    Feed(#[from] FeedError<CopyError>),
    #[error("a question found the file damaged")]
    Damaged,
    #[error("the record is out of reach")]
    Record(#[from] BrokerError),
    #[error("a task of it panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

impl Failed {
    /// Whether the file is to be made anew. A broker that is away is no fault of it.
    fn is_of_the_file(&self) -> bool {
        match self {
            Self::Record(_) | Self::Feed(FeedError::Record(_) | FeedError::Keeper(CopyError::Archive(_))) => false,
            Self::Open(_) | Self::Feed(_) | Self::Damaged | Self::Panicked(_) => true,
        }
    }
}

impl Copy {
    pub fn new(broker: &Broker, shelf: &Shelf) -> Self {
        Self {
            broker: broker.clone(),
            shelf: shelf.clone(),
            projection: Projection::default(),
            readers: Arc::default(),
            opened: Arc::default(),
            damaged: Arc::default(),
        }
    }

    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// Answers a question from the copy, as fresh as is asked for, and says how far the answer reads.
    ///
    /// # Errors
    /// UNAVAILABLE while the copy is being made, or when it does not get that far in time.
    pub async fn ask<T, F>(&self, freshness: Option<Freshness>, question: F) -> Result<(T, AsOf), Status>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, CopyError> + Send + 'static,
    {
        let readers = self.readers().await?;
        self.reach(freshness).await?;
        // Before the question: what comes meanwhile may be in the answer or not.
        let progress = self.projection.progress();
        let answer = readers.ask(question).await.map_err(|error| self.failed(&error))?;
        Ok((answer, AsOf { position: progress.position, behind: progress.behind }))
    }

    /// Whether a question is answered at once.
    pub fn is_open(&self) -> bool {
        self.readers.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits until the copy is as fresh as is asked for.
    async fn reach(&self, freshness: Option<Freshness>) -> Result<(), Status> {
        let Some(Freshness { at_least, current }) = freshness else { return Ok(()) };
        let position = if current {
            let end = self.broker.end_of_record().await.map_err(|error| broker_status(&error))?;
            end.max(at_least)
        } else {
            at_least
        };
        match self.projection.at_least(position).await {
            Ok(_) => Ok(()),
            Err(behind) => Err(Status::unavailable(format!("{behind}; ask again"))),
        }
    }

    async fn readers(&self) -> Result<Arc<Readers>, Status> {
        let opened = self.opened.notified();
        tokio::pin!(opened);
        opened.as_mut().enable();
        let now = || self.readers.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(readers) = now() {
            return Ok(readers);
        }
        let _late = tokio::time::timeout(READY_WAIT, opened).await;
        now().ok_or_else(|| {
            let progress = self.projection.progress();
            Status::unavailable(format!(
                "the casebook is being made from the record: it reads up to {}, {} commits are left; ask again",
                progress.position, progress.behind
            ))
        })
    }

    fn failed(&self, error: &CopyError) -> Status {
        tracing::error!(error = chain(error), "the copy cannot be read");
        if error.is_damage() {
            self.damaged.notify_one();
            return Status::unavailable("the casebook is damaged and is being made again; ask again");
        }
        Status::internal("the casebook cannot be read; it has been logged")
    }

    fn open(&self, readers: Option<Readers>) {
        *self.readers.write().unwrap_or_else(PoisonError::into_inner) = readers.map(Arc::new);
        self.opened.notify_waiters();
    }

    /// Keeps the copy level with the record until `stop`.
    ///
    /// # Errors
    /// Never: whatever fails is tried again.
    pub async fn tend(self, place: Place, stop: CancellationToken, gate: Gate) -> anyhow::Result<()> {
        let mut pause = PAUSE_MIN;
        loop {
            let failed = match self.feed(&place, &stop, &gate, &mut pause).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            metrics::counter!("casebook_copies_failed_total").increment(1);
            tracing::error!(error = chain(&failed), pause_s = pause.as_secs_f64(), "the copy failed (HY-009)");
            if failed.is_of_the_file() {
                self.open(None);
                if let Err(error) = place.discard() {
                    tracing::error!(%error, "the copy cannot be thrown away");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn feed(
        &self,
        place: &Place,
        stop: &CancellationToken,
        gate: &Gate,
        pause: &mut Duration,
    ) -> Result<(), Failed> {
        let Some((writer, is_old)) = self.begin(place, stop).await? else { return Ok(()) };
        if is_old {
            self.open(Some(Readers::of(place)));
        }
        let level = || {
            tracing::info!(position = self.projection.progress().position, "the copy is level with the record");
            if !is_old {
                self.open(Some(Readers::of(place)));
            }
            gate.open();
            *pause = PAUSE_MIN;
        };
        let position = writer.position;
        let (shelf, runtime) = (self.shelf.clone(), Handle::current());
        let unfile: Unfile = Box::new(move |stored| Ok(runtime.block_on(shelf.case(stored))?.commits));
        let fed =
            self.projection.feed(&self.broker, Keeping::new(writer.connection, unfile), position, stop.clone(), level);
        tokio::select! {
            fed = fed => Ok(fed?),
            () = self.damaged.notified() => Err(Failed::Damaged),
        }
    }

    /// The copy that is there; or the newest snapshot of one; or an empty one. And whether it was there.
    async fn begin(&self, place: &Place, stop: &CancellationToken) -> Result<Option<(Writer, bool)>, Failed> {
        let identity = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            identity = self.broker.identity_of_record() => identity?,
        };
        let (there, record) = (place.clone(), identity.clone());
        match tokio::task::spawn_blocking(move || copy::open(&there, &record)).await? {
            Ok(Some(writer)) => return Ok(Some((writer, true))),
            Ok(None) => {}
            Err(error) => tracing::warn!(error = chain(&error), "the copy is of no use and is made anew"),
        }
        let fetched = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            fetched = snapshot::fetch(&self.broker, place, &identity) => fetched,
        };
        let place = place.clone();
        let made = tokio::task::spawn_blocking(move || match fetched {
            Ok(true) => copy::open(&place, &identity)
                .and_then(|opened| opened.map_or_else(|| copy::create(&place, &identity), Ok)),
            Ok(false) => copy::create(&place, &identity),
            Err(error) => {
                tracing::warn!(error = chain(&error), "no snapshot can be used; reading the record from its beginning");
                copy::create(&place, &identity)
            }
        });
        Ok(Some((made.await?.map_err(Failed::Open)?, false)))
    }
}
