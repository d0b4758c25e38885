//! How a message gets to disk: one publish that must not exist yet, or a group of them in one go (D1).
//!
//! On one replica with `sync_interval: always` every publish costs an fsync, and an atomic batch costs a few
//! whatever its size. So an [`Appender`] sends plain pipelined publishes while few wait, and batches once
//! [`GROUP_MIN`] do. What somebody waits for goes before what only follows ([`Lane`]). Callers never see any of it: they get a
//! sequence, [`BrokerError::Exists`], or a failure.

mod lanes;

use std::sync::Arc;
use std::time::Duration;

use async_nats::header::{
    NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
};
use async_nats::{HeaderMap, PublishError, Request};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use futures::StreamExt;
use proto::subjects::{CommitSubject, FiledSubject};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::trace;

pub use self::lanes::Lane;
use self::lanes::Lanes;

/// Appends waiting before a batch pays. On one replica a batch costs six flushes and 2.2 ms of the server's processor whatever
/// its size, a publish costs one flush and a tenth of a ms: below this a batch is dearer than the publishes it replaces.
pub const GROUP_MIN: usize = 24;
/// Largest batch; the server's own limit is higher.
const GROUP_MAX: usize = 500;
/// Batches under way at once. The server stages one after the other, so a second would only wait there, and what waits
/// here instead makes the next one larger.
const GROUPS_IN_FLIGHT_MAX: usize = 1;
/// Plain publishes under way at once while grouping is on: enough to keep the disk busy, few enough that a burst
/// gathers into a group. Every service appends for itself, so the server sees a multiple of this.
const PLAIN_IN_FLIGHT_GROUPING: usize = 16;
/// Plain publishes under way at once when grouping is off.
const PLAIN_IN_FLIGHT: usize = 1000;
/// Plain publishes under way at once of what somebody waits for, beside those and beside a batch: a few need not wait until
/// one of the others is done. A crowd of them goes into the next batch, ahead of the rest.
const ASKED_IN_FLIGHT: usize = 4;
/// Appends that may wait in this process before callers wait as well.
const QUEUE_MAX: usize = 8192;
/// Longest wait for one append, queue included, before its outcome counts as unknown: two requests' worth.
const APPEND_S_MAX: u64 = 10;
/// "wrong last sequence": the subject exists already, or whatever else a message expected is not so.
const CODE_WRONG_LAST: u64 = 10_071;
/// The same, said of a message that is still on its way to the replicas.
const CODE_WRONG_LAST_IN_FLIGHT: u64 = 10_164;
/// Times a commit is sent again because another one of its case was on its way, and the wait before each: a few times
/// what a round of the replicas takes. Only one commit of a case is on its way at once there, whoever its owner.
const IN_FLIGHT_MAX: u32 = 200;
const IN_FLIGHT_WAIT: Duration = Duration::from_millis(2);
/// The store took no message. A full disk has the same code; only the text tells them apart.
const CODE_STORE_FAILED: u64 = 10_077;
/// What it says when `discard_new_per_subject` kept a second message away.
const TEXT_PER_SUBJECT: &str = "per subject";

/// Whose last sequence a message expects, where it is not its own subject's; the client has no name for it.
const NATS_EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

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
    lane: Lane,
}

#[derive(Debug)]
struct Item {
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
    lane: Lane,
    reply: oneshot::Sender<Result<u64, Unstored>>,
}

/// Why a message is not where it should be.
#[derive(Debug)]
enum Unstored {
    /// What it expected of the last message under some subject is not so.
    WrongLast,
    /// A message with the same expectation is on its way to the replicas; this one was not even looked at.
    InFlight,
    /// Its own subject exists already.
    Exists,
    Broker(BrokerError),
}

impl From<BrokerError> for Unstored {
    fn from(error: BrokerError) -> Self {
        Self::Broker(error)
    }
}

/// What became of a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstone {
    Stored,
    /// There was one already.
    There,
    /// Somebody wrote on the case since it was read: it stays open.
    Changed,
}

impl Appender {
    /// The committer of `stream` on this connection, started by the first who asks. The stream's number of replicas
    /// decides about grouping.
    ///
    /// # Errors
    /// The stream is not there or the broker does not answer.
    #[boxed]
    pub async fn start(broker: &Broker, stream: &'static str) -> Result<Self, BrokerError> {
        let replicas = broker.stream(stream).await?.cached_info().config.num_replicas;
        let grouping = if replicas > 1 { Grouping::Off } else { Grouping::Adaptive };
        Ok(broker.appender_or(stream, |broker| Self::with_grouping(broker, stream, grouping)))
    }

    /// A committer by itself, for measuring.
    #[must_use]
    pub fn with_grouping(broker: &Broker, stream: &'static str, grouping: Grouping) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let committer = Committer { broker: broker.clone(), stream, grouping, tracker: TaskTracker::new() };
        committer.tracker.spawn(committer.clone().run(waiting));
        Self { queue, stream, lane: Lane::default() }
    }

    /// The same committer, for what goes in that lane.
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        Self { lane, ..self.clone() }
    }

    /// Writes `payload` under `subject`, which must not exist, and returns its sequence in the stream.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when the subject exists; [`BrokerError::Unavailable`] when the outcome is unknown.
    pub async fn append(&self, subject: String, payload: impl Into<Bytes>) -> Result<u64, BrokerError> {
        self.replace(subject, payload, 0).await
    }

    /// Writes `payload` under `subject`, whose last sequence must be `expected`; 0 means it must not exist.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub async fn replace(&self, subject: String, payload: impl Into<Bytes>, expected: u64) -> Result<u64, BrokerError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        self.send(subject, payload.into(), headers).await
    }

    /// Records a commit. The stream itself keeps its subject unique; what the message expects is that its case is not
    /// filed, so whatever its writer remembers or forgets, nothing is added to a case that has left the record.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when this revision exists, [`BrokerError::Filed`] when the case is filed;
    /// [`BrokerError::Unavailable`] when the outcome is unknown.
    pub async fn append_commit(&self, subject: &CommitSubject, payload: impl Into<Bytes>) -> Result<u64, BrokerError> {
        let (name, payload) = (subject.to_string(), payload.into());
        let Some(tombstone) = FiledSubject::of(&subject.key) else { return self.append(name, payload).await };
        match self.expecting(name.clone(), payload, &tombstone.to_string(), 0).await {
            Ok(sequence) => Ok(sequence),
            Err(Unstored::Exists) => Err(BrokerError::Exists { subject: name }),
            Err(Unstored::WrongLast) => Err(BrokerError::Filed { key: subject.key.clone() }),
            Err(Unstored::InFlight) => Err(BrokerError::Unavailable { what: format!("append {name}"), source: None }),
            Err(Unstored::Broker(error)) => Err(error),
        }
    }

    /// Puts the tombstone of a case, of which nothing lies after `last_position`.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn append_filed(
        &self,
        subject: &FiledSubject,
        payload: impl Into<Bytes>,
        last_position: u64,
    ) -> Result<Tombstone, BrokerError> {
        let (name, history) = (subject.to_string(), CommitSubject::whole_history(&subject.key()));
        match self.expecting(name.clone(), payload.into(), &history, last_position).await {
            Ok(_) => Ok(Tombstone::Stored),
            Err(Unstored::Exists) => Ok(Tombstone::There),
            Err(Unstored::WrongLast) => Ok(Tombstone::Changed),
            Err(Unstored::InFlight) => Err(BrokerError::Unavailable { what: format!("append {name}"), source: None }),
            Err(Unstored::Broker(error)) => Err(error),
        }
    }

    /// Writes `payload` under `subject`, if the last message that matches `filter` is at `expected`; 0 means that none
    /// does.
    #[boxed]
    async fn expecting(&self, subject: String, payload: Bytes, filter: &str, expected: u64) -> Result<u64, Unstored> {
        let mut tries = 0;
        loop {
            let mut headers = HeaderMap::new();
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, filter);
            match self.offer(subject.clone(), payload.clone(), headers).await {
                Err(Unstored::InFlight) if tries < IN_FLIGHT_MAX => {
                    tries += 1;
                    tokio::time::sleep(IN_FLIGHT_WAIT).await;
                }
                answered => return answered,
            }
        }
    }

    /// Writes `payload` under `subject` with headers of the caller's own, unconditionally.
    #[boxed]
    pub(crate) async fn send(&self, subject: String, payload: Bytes, headers: HeaderMap) -> Result<u64, BrokerError> {
        self.offer(subject.clone(), payload, headers).await.map_err(|unstored| match unstored {
            Unstored::WrongLast | Unstored::InFlight | Unstored::Exists => BrokerError::Exists { subject },
            Unstored::Broker(error) => error,
        })
    }

    async fn offer(&self, subject: String, payload: Bytes, mut headers: HeaderMap) -> Result<u64, Unstored> {
        trace::inject(&mut headers);
        let (reply, answer) = oneshot::channel();
        let gone = || BrokerError::Unavailable { what: format!("append to {}", self.stream), source: None };
        let item = Item { subject, headers, payload, lane: self.lane, reply };
        let appended = async {
            self.queue.send(item).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        };
        tokio::time::timeout(Duration::from_secs(APPEND_S_MAX), appended).await.map_err(|_| gone())?
    }
}

#[derive(Clone)]
struct Committer {
    broker: Broker,
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
        let asked = Arc::new(Semaphore::new(ASKED_IN_FLIGHT));
        let mut waiting: Lanes<Item> = Lanes::default();
        loop {
            if waiting.is_empty() {
                match arriving.recv().await {
                    Some(item) => waiting.push(item.lane, item),
                    None => return,
                }
            }
            drain(&mut arriving, &mut waiting);
            let in_a_group = self.pays_to_group(&waiting);
            let turns = if in_a_group { &groups } else { &plains };
            tokio::select! {
                biased;
                turn = Arc::clone(turns).acquire_owned() => {
                    let Ok(permit) = turn else { return };
                    drain(&mut arriving, &mut waiting);
                    match (in_a_group, self.pays_to_group(&waiting)) {
                        (true, _) => self.start_group(&mut waiting, permit),
                        // So many have come meanwhile.
                        (false, true) => {}
                        (false, false) => self.start_plain(waiting.pop(), permit),
                    }
                }
                turn = Arc::clone(&asked).acquire_owned(), if (1..GROUP_MIN).contains(&waiting.asked()) => {
                    let Ok(permit) = turn else { return };
                    self.start_plain(waiting.pop_asked(), permit);
                }
                Some(item) = arriving.recv(), if waiting.len() < QUEUE_MAX => waiting.push(item.lane, item),
            }
        }
    }

    fn pays_to_group(&self, waiting: &Lanes<Item>) -> bool {
        self.grouping == Grouping::Adaptive && waiting.len() >= GROUP_MIN
    }

    fn start_group(&self, waiting: &mut Lanes<Item>, permit: OwnedSemaphorePermit) {
        waiting.retain(|item| !item.reply.is_closed());
        // Two messages of one subject in a batch do not see each other.
        let mut group = waiting.take_group(GROUP_MAX, |item| item.subject.clone());
        if group.len() <= 1 {
            return self.start_plain(group.pop(), permit);
        }
        let committer = self.clone();
        self.tracker.spawn(async move {
            committer.send_group(group).await;
            drop(permit);
        });
    }

    fn start_plain(&self, item: Option<Item>, permit: OwnedSemaphorePermit) {
        let Some(item) = item else { return };
        let committer = self.clone();
        self.tracker.spawn(async move {
            committer.send_plain(item).await;
            drop(permit);
        });
    }

    async fn send_plain(&self, item: Item) {
        // Nobody waits for it any more, and whoever gave it up counts on nothing.
        if item.reply.is_closed() {
            return;
        }
        metrics::counter!("record_appends_total", "stream" => self.stream, "form" => "plain").increment(1);
        let result = self.publish(item.subject, item.headers, item.payload).await.map(|ack| ack.sequence);
        let _ = item.reply.send(result);
    }

    /// All or nothing. When the broker refuses the group, every member is sent again by itself, so that each gets its
    /// own answer; one that was stored after all then finds itself: `Exists`. When nothing is known, nobody is told
    /// more than that.
    async fn send_group(&self, group: Vec<Item>) {
        let published = tokio::time::timeout(Duration::from_secs(APPEND_S_MAX), self.publish_group(&group)).await;
        match published.unwrap_or_else(|late| Err(BrokerError::unavailable("append a group", late).into())) {
            Ok(ack) if ack.count == Some(group.len() as u64) => {
                metrics::counter!("record_appends_total", "stream" => self.stream, "form" => "grouped")
                    .increment(group.len() as u64);
                // A group is stored in one go, so its sequences have no gap.
                let first = ack.sequence + 1 - group.len() as u64;
                for (sequence, item) in (first..).zip(group) {
                    let _ = item.reply.send(Ok(sequence));
                }
            }
            Err(Unstored::Broker(error)) if error.is_transient() => {
                metrics::counter!("record_groups_refused_total", "stream" => self.stream).increment(1);
                for item in group {
                    let what = format!("append {} in a group: {}", item.subject, chain(&error));
                    let _ = item.reply.send(Err(BrokerError::Unavailable { what, source: None }.into()));
                }
            }
            Ok(_) | Err(_) => {
                metrics::counter!("record_groups_refused_total", "stream" => self.stream).increment(1);
                futures::stream::iter(group)
                    .for_each_concurrent(PLAIN_IN_FLIGHT_GROUPING, |item| self.send_plain(item))
                    .await;
            }
        }
    }

    async fn publish_group(&self, group: &[Item]) -> Result<Stored, Unstored> {
        let batch = uuid::Uuid::new_v4().simple().to_string();
        let what = || format!("append a group to {}", self.stream);
        let headers_of = |position: usize, item: &Item| {
            let mut headers = item.headers.clone();
            headers.insert(NATS_BATCH_ID, batch.as_str());
            headers.insert(NATS_BATCH_SEQUENCE, (position + 1).to_string());
            headers
        };
        let Some((last, before)) = group.split_last() else {
            return Err(BrokerError::Unavailable { what: what(), source: None }.into());
        };
        for (position, item) in before.iter().enumerate() {
            let headers = headers_of(position, item);
            let sent = self.broker.client.publish_with_headers(item.subject.clone(), headers, item.payload.clone());
            // One that is too large, say: then each goes by itself.
            let refused =
                |error: PublishError| BrokerError::Rejected { what: what(), code: 0, description: error.to_string() };
            sent.await.map_err(refused)?;
        }
        let mut headers = headers_of(before.len(), last);
        headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
        self.publish(last.subject.clone(), headers, last.payload.clone()).await
    }

    async fn publish(&self, subject: String, headers: HeaderMap, payload: Bytes) -> Result<Stored, Unstored> {
        let what = format!("append {subject}");
        let request = Request::new().headers(headers).payload(payload);
        let standing = &self.broker.standing;
        let reply = match self.broker.ask(self.stream, &what, subject, request).await {
            Ok(reply) => reply,
            Err(error) => {
                if error.is_transient() {
                    standing.unanswered(self.stream);
                }
                return Err(error.into());
            }
        };
        let ack: Ack =
            serde_json::from_slice(&reply.payload).map_err(|source| BrokerError::unavailable(what.as_str(), source))?;
        match (ack.error, ack.seq) {
            (None, Some(sequence)) => {
                standing.stored(self.stream);
                Ok(Stored { sequence, count: ack.count })
            }
            (None, None) => Err(BrokerError::Unavailable { what, source: None }.into()),
            (Some(error), _) => Err(match error.err_code {
                CODE_WRONG_LAST => Unstored::WrongLast,
                CODE_WRONG_LAST_IN_FLIGHT => Unstored::InFlight,
                CODE_STORE_FAILED if error.description.contains(TEXT_PER_SUBJECT) => Unstored::Exists,
                code if error.code >= 500 => {
                    standing.not_stored(self.stream, &format!("{} (error {code})", error.description));
                    let what = format!("{what}: {} (error {code})", error.description);
                    BrokerError::Unavailable { what, source: None }.into()
                }
                code => BrokerError::Rejected { what, code, description: error.description }.into(),
            }),
        }
    }
}

/// Where a message is now, and how many a group put there.
struct Stored {
    sequence: u64,
    count: Option<u64>,
}

#[derive(Deserialize)]
struct Ack {
    seq: Option<u64>,
    count: Option<u64>,
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

fn drain(arriving: &mut mpsc::Receiver<Item>, waiting: &mut Lanes<Item>) {
    while waiting.len() < QUEUE_MAX {
        match arriving.try_recv() {
            Ok(item) => waiting.push(item.lane, item),
            Err(_) => return,
        }
    }
}
