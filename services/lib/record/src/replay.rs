//! Reading the record from a position on, for ever. What projections are fed from.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use futures::StreamExt;
use jiff::Timestamp;
use proto::streams::CASES;
use proto::subjects::FiledSubject;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::load::{StoredCommit, StoredFiled, StoredMessage, read_commit, read_filed};
use crate::standing::warn_unless_known;

/// Waits before a broken reader is opened again, and before a broker that is away is tried again.
const REOPEN_DELAY: Duration = Duration::from_millis(50);
const AWAY_DELAY: Duration = Duration::from_secs(1);
/// How long nothing may come before a reader asks whether there is nothing: a consumer that somebody has paused is as
/// silent as one that has everything.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// A reader of the record that ends only when it is stopped: [`Scan`], with what it finds read.
pub struct Replay(Scan);

/// What lies on the record, as it is stored.
#[derive(Clone, Debug)]
pub enum Found {
    Message {
        subject: String,
        sequence: u64,
        payload: Bytes,
        /// When the broker took it, by its own clock.
        stored_at: Timestamp,
    },
    /// Once: everything that was stored has been read.
    LevelWithRecord,
}

/// A reader of the record that takes everything as it is, and ends only when it is stopped.
pub struct Scan {
    broker: Broker,
    filters: Vec<String>,
    /// The next position to read.
    position: u64,
    stop: CancellationToken,
    reading: Option<Reading>,
    reconnections: watch::Receiver<u64>,
    level: Level,
    /// Messages that match and were stored after the last one read, as the broker said with it.
    behind: u64,
    /// Where the record ended when nothing had come for a while, and it was asked.
    ended_at: u64,
}

/// How a reader stands to what was stored when it began.
enum Level {
    Behind,
    /// It has everything, and has not said so yet.
    Reached,
    Told,
}

/// What a reader meets.
#[derive(Clone, Debug)]
pub enum Step {
    Commit(Box<StoredCommit>),
    /// A case was filed: its commits have left the record, or are about to.
    Filed(Box<StoredFiled>),
    /// Once: everything that was stored has been read.
    LevelWithRecord,
}

impl Replay {
    /// The next step; `None` when stopped. Waits out a broker that is away.
    ///
    /// # Errors
    /// Something stored is not a commit.
    pub async fn next(&mut self) -> Result<Option<Step>, BrokerError> {
        let Some(found) = self.0.next().await else { return Ok(None) };
        Ok(Some(match found {
            Found::LevelWithRecord => Step::LevelWithRecord,
            Found::Message { subject, sequence, payload, .. } if FiledSubject::is_one(&subject) => {
                Step::Filed(Box::new(read_filed(&subject, sequence, &payload)?))
            }
            Found::Message { subject, sequence, payload, .. } => {
                Step::Commit(Box::new(read_commit(&subject, sequence, &payload)?))
            }
        }))
    }

    /// How many commits are stored that it has not read, as last heard from the broker.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.0.behind
    }
}

impl Scan {
    /// The next thing; `None` when stopped. Waits out a broker that is away.
    #[boxed]
    pub async fn next(&mut self) -> Option<Found> {
        loop {
            if matches!(self.level, Level::Reached) {
                self.level = Level::Told;
                return Some(Found::LevelWithRecord);
            }
            let Some(reading) = &mut self.reading else {
                Box::pin(self.open()).await;
                if self.stop.is_cancelled() {
                    return None;
                }
                continue;
            };
            let next = tokio::select! {
                () = self.stop.cancelled() => return None,
                // A broker that was started again has forgotten what we read by.
                Ok(()) = self.reconnections.changed() => None,
                next = reading.next() => next,
                () = tokio::time::sleep(SILENCE_MAX) => {
                    if self.may_have_missed_something().await {
                        tracing::debug!(position = self.position, "nothing came, and there is more; reading anew");
                        self.reading = None;
                    }
                    continue;
                }
            };
            let Some((message, stored_at, left)) = next else {
                self.reading = None;
                self.wait(REOPEN_DELAY).await;
                continue;
            };
            self.position = message.sequence + 1;
            self.behind = left;
            if left == 0 && matches!(self.level, Level::Behind) {
                self.level = Level::Reached;
            }
            let StoredMessage { subject, sequence, payload } = message;
            return Some(Found::Message { subject, sequence, payload, stored_at });
        }
    }

    /// Whether the record has grown past what was read since this was asked last: a new reader finds out by what.
    async fn may_have_missed_something(&mut self) -> bool {
        let Ok(stream) = self.broker.stream(CASES).await else { return false };
        let end = stream.cached_info().state.last_sequence;
        let grown = end >= self.position && end > self.ended_at;
        self.ended_at = end;
        grown
    }

    /// Opens the reader, or waits a while.
    async fn open(&mut self) {
        self.reconnections.mark_unchanged();
        let opened = tokio::select! {
            () = self.stop.cancelled() => return,
            opened = self.broker.read_from(self.filters.clone(), self.position) => opened,
        };
        match opened {
            Ok((left, reading)) => {
                self.behind = left;
                if left == 0 && matches!(self.level, Level::Behind) {
                    self.level = Level::Reached;
                }
                self.reading = Some(reading);
            }
            Err(error) => {
                warn_unless_known!(error = chain(&error), "cannot read the record; trying again");
                self.wait(AWAY_DELAY).await;
            }
        }
    }

    async fn wait(&mut self, delay: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }
}

/// An ordered consumer that never goes back.
struct Reading {
    messages: pull::Ordered,
    position: u64,
}

impl Reading {
    /// The next message, when it was stored, and how many that are stored are left after it; `None` when it has to be opened
    /// again.
    async fn next(&mut self) -> Option<(StoredMessage, Timestamp, u64)> {
        loop {
            let message = match self.messages.next().await? {
                Ok(message) => message,
                Err(error) => {
                    tracing::debug!(error = chain(&error), "reading interrupted");
                    return None;
                }
            };
            let info = message.info().ok()?;
            // When the broker lost the consumer before it delivered anything, the client asks for everything again.
            if info.stream_sequence < self.position {
                continue;
            }
            self.position = info.stream_sequence + 1;
            let stored = StoredMessage {
                subject: message.subject.to_string(),
                sequence: info.stream_sequence,
                payload: message.payload.clone(),
            };
            let stored_at = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos()).unwrap_or_default();
            return Some((stored, stored_at, info.pending));
        }
    }
}

impl Broker {
    /// Reads every commit that matches `filters` (none: all there are), in the order of the record, from position `from` on.
    #[must_use]
    pub fn replay(&self, filters: Vec<String>, from: u64, stop: CancellationToken) -> Replay {
        Replay(self.scan(filters, from, stop))
    }

    /// The same, and nothing of it is read.
    #[must_use]
    pub fn scan(&self, filters: Vec<String>, from: u64, stop: CancellationToken) -> Scan {
        Scan {
            broker: self.clone(),
            filters,
            position: from.max(1),
            stop,
            reading: None,
            reconnections: self.reconnections(),
            level: Level::Behind,
            behind: 0,
            ended_at: 0,
        }
    }

    /// A reader, and how many stored messages lie before it.
    async fn read_from(&self, filters: Vec<String>, from: u64) -> Result<(u64, Reading), BrokerError> {
        let what = "read the record";
        let consumer = self
            .stream(CASES)
            .await?
            .create_consumer(pull::OrderedConfig {
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
                filter_subjects: filters,
                ..pull::OrderedConfig::default()
            })
            .await
            .map_err(|source| BrokerError::unavailable(what, source))?;
        let left = consumer.cached_info().num_pending;
        let messages = consumer.messages().await.map_err(|source| BrokerError::unavailable(what, source))?;
        Ok((left, Reading { messages, position: from }))
    }
}
