//! Reading a stream from a position on: up to what is stored now, or for ever. What projections are fed from.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::load::{StoredCommit, read_commit};

/// A reader of the record that ends only when it is stopped.
pub struct Replay {
    broker: Broker,
    filters: Vec<String>,
    /// The next position to read.
    position: u64,
    stop: CancellationToken,
    messages: Option<pull::Ordered>,
    level: Level,
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
    /// Once: everything that was stored has been read.
    LevelWithRecord,
}

impl Replay {
    /// The next step; `None` when stopped. Waits out a broker that is away.
    ///
    /// # Errors
    /// Something stored is not a commit.
    pub async fn next(&mut self) -> Result<Option<Step>, BrokerError> {
        loop {
            if matches!(self.level, Level::Reached) {
                self.level = Level::Told;
                return Ok(Some(Step::LevelWithRecord));
            }
            let Some(messages) = &mut self.messages else {
                self.open().await;
                if self.stop.is_cancelled() {
                    return Ok(None);
                }
                continue;
            };
            let next = tokio::select! {
                () = self.stop.cancelled() => return Ok(None),
                next = messages.next() => next,
            };
            let Some(Ok(message)) = next else {
                self.messages = None;
                continue;
            };
            let Ok(info) = message.info() else { continue };
            let (sequence, pending) = (info.stream_sequence, info.pending);
            self.position = sequence + 1;
            if pending == 0 && matches!(self.level, Level::Behind) {
                self.level = Level::Reached;
            }
            return Ok(Some(Step::Commit(Box::new(read_commit(&message.subject, sequence, &message.payload)?))));
        }
    }

    /// Opens the reader, or waits a while.
    async fn open(&mut self) {
        match self.broker.ordered(proto::streams::CASES, self.filters.clone(), self.position).await {
            Ok((pending, messages)) => {
                if pending == 0 && matches!(self.level, Level::Behind) {
                    self.level = Level::Reached;
                }
                self.messages = Some(messages);
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "cannot read the record; trying again");
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        }
    }
}

/// A message as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredMessage {
    pub subject: String,
    pub sequence: u64,
    pub payload: Bytes,
}

impl Broker {
    /// Reads every commit that matches `filters`, in the order of the record, from position `from` on.
    #[must_use]
    pub fn replay(&self, filters: Vec<String>, from: u64, stop: CancellationToken) -> Replay {
        Replay { broker: self.clone(), filters, position: from.max(1), stop, messages: None, level: Level::Behind }
    }

    /// What is stored now from `from` on, then the end.
    pub(crate) async fn stored(
        &self,
        stream: &'static str,
        filters: Vec<String>,
        from: u64,
    ) -> Result<impl Stream<Item = Result<StoredMessage, BrokerError>> + Send + use<>, BrokerError> {
        let (pending, messages) = self.ordered(stream, filters, from).await?;
        Ok(futures::stream::unfold((messages, pending == 0), move |(mut messages, over)| async move {
            if over {
                return None;
            }
            let message = match messages.next().await? {
                Ok(message) => message,
                Err(source) => {
                    return Some((Err(BrokerError::unavailable(format!("read {stream}"), source)), (messages, true)));
                }
            };
            let Ok(info) = message.info() else { return None };
            let stored = StoredMessage {
                subject: message.subject.to_string(),
                sequence: info.stream_sequence,
                payload: message.payload.clone(),
            };
            let over = info.pending == 0;
            Some((Ok(stored), (messages, over)))
        }))
    }

    /// An ordered consumer, and how many stored messages it will deliver.
    async fn ordered(
        &self,
        stream: &'static str,
        filters: Vec<String>,
        from: u64,
    ) -> Result<(u64, pull::Ordered), BrokerError> {
        let what = || format!("read {stream}");
        let stream = self.stream(stream).await?;
        let consumer = stream
            .create_consumer(pull::OrderedConfig {
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from.max(1) },
                filter_subjects: filters,
                ..pull::OrderedConfig::default()
            })
            .await
            .map_err(|source| BrokerError::unavailable(what(), source))?;
        let pending = consumer.cached_info().num_pending;
        let messages = consumer.messages().await.map_err(|source| BrokerError::unavailable(what(), source))?;
        Ok((pending, messages))
    }
}
