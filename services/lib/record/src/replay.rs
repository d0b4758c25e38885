//! Reading a stream from a position on: up to what is stored now, or for ever. What projections are fed from.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::load::{StoredCommit, read_commit};

/// A message as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredMessage {
    pub subject: String,
    pub sequence: u64,
    pub payload: Bytes,
}

impl Broker {
    /// Every commit matching `filters` from stream position `from` on, handed to `take` in the order of the stream,
    /// until `stop`. `caught_up` is called once, when everything stored at the start has been taken.
    ///
    /// # Errors
    /// The stream is not there, or `take` fails.
    pub async fn replay<E: From<BrokerError>>(
        &self,
        filters: Vec<String>,
        from: u64,
        stop: CancellationToken,
        mut caught_up: impl FnMut() + Send,
        mut take: impl AsyncFnMut(StoredCommit) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut position = from.max(1);
        let mut told = false;
        while !stop.is_cancelled() {
            let (last, mut messages) = match self.ordered(proto::streams::CASES, filters.clone(), position).await {
                Ok(opened) => opened,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "cannot read the record; trying again");
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                    }
                }
            };
            loop {
                if !told && position > last {
                    told = true;
                    caught_up();
                }
                let next = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    next = messages.next() => next,
                };
                let Some(Ok(message)) = next else { break };
                let Ok(info) = message.info() else { break };
                let sequence = info.stream_sequence;
                let more_stored = info.pending > 0;
                take(read_commit(&message.subject, sequence, &message.payload)?).await?;
                position = sequence + 1;
                if !told && !more_stored {
                    told = true;
                    caught_up();
                }
            }
        }
        Ok(())
    }

    /// What is stored now from `from` on, then the end.
    pub(crate) async fn stored(
        &self,
        stream: &'static str,
        filters: Vec<String>,
        from: u64,
    ) -> Result<impl Stream<Item = Result<StoredMessage, BrokerError>> + Send + use<>, BrokerError> {
        let (last, messages) = self.ordered(stream, filters.clone(), from).await?;
        let nothing = last == 0;
        Ok(futures::stream::unfold((messages, nothing), move |(mut messages, over)| async move {
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

    /// An ordered consumer, and the last position that matches the filters now (0 when none does).
    async fn ordered(
        &self,
        stream: &'static str,
        filters: Vec<String>,
        from: u64,
    ) -> Result<(u64, pull::Ordered), BrokerError> {
        let what = || format!("read {stream}");
        let stream = self.stream(stream).await?;
        let last = stream.cached_info().state.last_sequence;
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
        Ok((if pending == 0 { 0 } else { last }, messages))
    }
}
