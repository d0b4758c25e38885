//! How a message gets to disk: one publish that must not exist yet, or a group of them in one go (D1).
//!
//! On one replica with `sync_interval: always` every publish costs an fsync, and an atomic batch costs a few
//! whatever its size. So an [`Appender`] sends plain pipelined publishes while few wait, and batches once
//! [`GROUP_MIN`] do. Callers never see any of it: they get a sequence, [`BrokerError::Exists`], or a failure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_nats::header::{
    NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE,
    NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
};
use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::broker::{Broker, REQUEST_S_MAX};
use crate::error::BrokerError;
use crate::trace;

/// Appends waiting before a batch pays: below it a batch is slower than the publishes it replaces.
pub const GROUP_MIN: usize = 20;
/// Largest batch; the server's own limit is higher.
const GROUP_MAX: usize = 500;
/// Batches under way at once. The server stages them one after the other, so more only wait there.
const GROUPS_IN_FLIGHT_MAX: usize = 2;
/// Plain publishes under way at once while grouping is on: enough to keep the disk busy, few enough that a
/// burst gathers into a group.
const PLAIN_IN_FLIGHT_GROUPING: usize = 24;
/// Plain publishes under way at once when grouping is off.
const PLAIN_IN_FLIGHT: usize = 1000;
/// Appends that may wait in this process before callers wait as well.
const QUEUE_MAX: usize = 8192;
/// "wrong last sequence": the subject exists already.
const CODE_WRONG_LAST: u64 = 10_071;
const CODE_WRONG_LAST_IN_FLIGHT: u64 = 10_164;
/// `discard_new_per_subject`: written without an expectation, and exists already.
const CODE_MAX_PER_SUBJECT: u64 = 10_077;

/// When to send batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// On one replica with `sync_interval: always`.
    Adaptive,
    /// On several replicas, whose Raft log groups fsyncs itself.
    Off,
}

/// Appends to one stream for one process.
#[derive(Clone, Debug)]
pub struct Appender {
    queue: mpsc::Sender<Item>,
    stream: &'static str,
}

#[derive(Debug)]
struct Item {
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
    reply: oneshot::Sender<Result<u64, BrokerError>>,
}

impl Appender {
    /// Starts the committer of `stream`, whose number of replicas decides about grouping.
    ///
    /// # Errors
    /// The stream is not there or the broker does not answer.
    pub async fn start(broker: &Broker, stream: &'static str) -> Result<Self, BrokerError> {
        let replicas = broker.stream(stream).await?.cached_info().config.num_replicas;
        let grouping = if replicas > 1 { Grouping::Off } else { Grouping::Adaptive };
        Ok(Self::with_grouping(broker, stream, grouping))
    }

    #[must_use]
    pub fn with_grouping(broker: &Broker, stream: &'static str, grouping: Grouping) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let committer = Committer { client: broker.client.clone(), stream, grouping, tracker: TaskTracker::new() };
        committer.tracker.spawn(committer.clone().run(waiting));
        Self { queue, stream }
    }

    /// Writes `payload` under `subject`, which must not exist, and returns its sequence in the stream.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when the subject exists; [`BrokerError::Unavailable`] when the outcome is unknown.
    pub async fn append(&self, subject: String, payload: Vec<u8>) -> Result<u64, BrokerError> {
        self.replace(subject, payload, 0).await
    }

    /// Writes `payload` under `subject`, whose last sequence must be `expected`; 0 means it must not exist.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub async fn replace(&self, subject: String, payload: Vec<u8>, expected: u64) -> Result<u64, BrokerError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        self.send(subject, payload, headers).await
    }

    /// Writes `payload` under `subject` with headers of the caller's own, unconditionally.
    pub(crate) async fn send(
        &self,
        subject: String,
        payload: Vec<u8>,
        mut headers: HeaderMap,
    ) -> Result<u64, BrokerError> {
        trace::inject(&mut headers);
        let (reply, answer) = oneshot::channel();
        let gone = || BrokerError::Unavailable { what: format!("append to {}", self.stream), source: None };
        let item = Item { subject, headers, payload: payload.into(), reply };
        self.queue.send(item).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

#[derive(Clone)]
struct Committer {
    client: Client,
    stream: &'static str,
    grouping: Grouping,
    tracker: TaskTracker,
}

impl Committer {
    async fn run(self, mut arriving: mpsc::Receiver<Item>) {
        let groups = Arc::new(Semaphore::new(GROUPS_IN_FLIGHT_MAX));
        let plains = Arc::new(Semaphore::new(match self.grouping {
            Grouping::Adaptive => PLAIN_IN_FLIGHT_GROUPING,
            Grouping::Off => PLAIN_IN_FLIGHT,
        }));
        let mut waiting: VecDeque<Item> = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match arriving.recv().await {
                    Some(item) => waiting.push_back(item),
                    None => return,
                }
            }
            drain(&mut arriving, &mut waiting);
            if self.pays_to_group(&waiting) {
                let Ok(permit) = Arc::clone(&groups).acquire_owned().await else { return };
                drain(&mut arriving, &mut waiting);
                let group = take_group(&mut waiting);
                let committer = self.clone();
                self.tracker.spawn(async move {
                    committer.send_group(group).await;
                    drop(permit);
                });
            } else {
                let Ok(permit) = Arc::clone(&plains).acquire_owned().await else { return };
                drain(&mut arriving, &mut waiting);
                if self.pays_to_group(&waiting) {
                    continue;
                }
                let Some(item) = waiting.pop_front() else { continue };
                let committer = self.clone();
                self.tracker.spawn(async move {
                    committer.send_plain(item).await;
                    drop(permit);
                });
            }
        }
    }

    fn pays_to_group(&self, waiting: &VecDeque<Item>) -> bool {
        self.grouping == Grouping::Adaptive && waiting.len() >= GROUP_MIN
    }

    async fn send_plain(&self, item: Item) {
        metrics::counter!("record_appends_total", "stream" => self.stream, "form" => "plain").increment(1);
        let result = self.publish(item.subject, item.headers, item.payload).await;
        let _ = item.reply.send(result);
    }

    /// All or nothing; on anything but success every member is sent again by itself, so that each gets its own
    /// answer. A member of a batch that was stored after all then finds itself: `Exists`.
    async fn send_group(&self, group: Vec<Item>) {
        let batch = uuid::Uuid::new_v4().simple().to_string();
        let last = group.len();
        let mut commit = None;
        for (position, item) in group.iter().enumerate() {
            let mut headers = item.headers.clone();
            headers.insert(NATS_BATCH_ID, batch.as_str());
            headers.insert(NATS_BATCH_SEQUENCE, (position + 1).to_string());
            if position + 1 == last {
                headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
                commit = Some(self.publish(item.subject.clone(), headers, item.payload.clone()).await);
            } else {
                let sent =
                    self.client.publish_with_headers(item.subject.clone(), headers, item.payload.clone()).await;
                if sent.is_err() {
                    break;
                }
            }
        }
        if let Some(Ok(last_sequence)) = commit {
            metrics::counter!("record_appends_total", "stream" => self.stream, "form" => "grouped")
                .increment(last as u64);
            for (back, item) in group.into_iter().rev().enumerate() {
                let _ = item.reply.send(Ok(last_sequence - back as u64));
            }
        } else {
            metrics::counter!("record_groups_refused_total", "stream" => self.stream).increment(1);
            for item in group {
                self.send_plain(item).await;
            }
        }
    }

    async fn publish(&self, subject: String, headers: HeaderMap, payload: Bytes) -> Result<u64, BrokerError> {
        let request =
            Request::new().headers(headers).payload(payload).timeout(Some(Duration::from_secs(REQUEST_S_MAX)));
        let reply = self.client.send_request(subject.clone(), request).await.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => BrokerError::NotProvisioned { what: format!("stream {}", self.stream) },
            RequestErrorKind::TimedOut
            | RequestErrorKind::InvalidSubject
            | RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::Other => BrokerError::unavailable(format!("append {subject}"), error),
        })?;
        let ack: Ack = serde_json::from_slice(&reply.payload)
            .map_err(|source| BrokerError::unavailable(format!("append {subject}"), source))?;
        match (ack.error, ack.seq) {
            (None, Some(sequence)) => Ok(sequence),
            (None, None) => Err(BrokerError::Unavailable { what: format!("append {subject}"), source: None }),
            (Some(error), _) => Err(match error.err_code {
                CODE_WRONG_LAST | CODE_WRONG_LAST_IN_FLIGHT | CODE_MAX_PER_SUBJECT => BrokerError::Exists { subject },
                code if error.code >= 500 => BrokerError::Unavailable {
                    what: format!("append {subject}: {} (error {code})", error.description),
                    source: None,
                },
                code => BrokerError::Rejected {
                    what: format!("append {subject}"),
                    code,
                    description: error.description,
                },
            }),
        }
    }
}

#[derive(Deserialize)]
struct Ack {
    seq: Option<u64>,
    error: Option<AckError>,
}

#[derive(Deserialize)]
struct AckError {
    code: u64,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

fn drain(arriving: &mut mpsc::Receiver<Item>, waiting: &mut VecDeque<Item>) {
    while waiting.len() < QUEUE_MAX {
        match arriving.try_recv() {
            Ok(item) => waiting.push_back(item),
            Err(_) => return,
        }
    }
}

/// The longest prefix without a repeated subject: two messages of one subject in a batch do not see each other.
fn take_group(waiting: &mut VecDeque<Item>) -> Vec<Item> {
    let mut subjects = std::collections::HashSet::new();
    let length = waiting.iter().take(GROUP_MAX).take_while(|item| subjects.insert(item.subject.clone())).count();
    waiting.drain(..length).collect()
}
