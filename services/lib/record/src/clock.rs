//! The clock everybody goes by while a story plays (D9): one document, and a way to know that all have seen it.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::kv;
use async_recursion::async_recursion as boxed;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use proto::streams::{CLOCK, TIMERS};
use proto::subjects::{AlarmSubject, CLOCK_SEEN};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::alarm;
use crate::append::Appender;
use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::load::StoredMessage;
use crate::standing::warn_unless_known;

const KEY: &str = "now";
/// How long the first roll call waits for processes to speak up.
const ROLL_CALL: Duration = Duration::from_millis(300);
/// How long a process may take to see a new version before it counts as gone.
const SEEN_S_MAX: u64 = 5;
/// How often it is asked: one that connects again meanwhile has missed the question.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Wait before a broker that is away is tried again.
const AWAY_DELAY: Duration = Duration::from_secs(1);
/// Alarms moved at the same time.
const MOVED_AT_ONCE: usize = 256;

/// What the platform's time is: `virtual_time` at the moment `real_time`, running at real speed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockDocument {
    pub virtual_time: Timestamp,
    pub real_time: Timestamp,
    /// Counts the jumps.
    #[serde(default)]
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct Seen {
    process: String,
    version: u64,
}

impl Broker {
    /// Follows the clock until `stop`: `apply` gets every version, and the roll call is answered once it did. A version
    /// may come again after the connection was away.
    ///
    /// # Errors
    /// The bucket is not there.
    pub async fn follow_clock(
        &self,
        process: String,
        stop: CancellationToken,
        mut apply: impl FnMut(ClockDocument) + Send,
    ) -> Result<(), BrokerError> {
        let bucket = self.clock_bucket().await?;
        let mut questions = self
            .client
            .subscribe(CLOCK_SEEN)
            .await
            .map_err(|source| BrokerError::unavailable("listen to the roll call", source))?;
        let mut reconnections = self.reconnections();
        let mut version = 0;
        let mut asked: Vec<(u64, async_nats::Subject)> = Vec::new();
        while !stop.is_cancelled() {
            let mut changes = match bucket.watch_with_history(KEY).await {
                Ok(changes) => changes,
                Err(error) => {
                    warn_unless_known!(error = chain(&error), "cannot follow the clock; trying again");
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(AWAY_DELAY) => continue,
                    }
                }
            };
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    // A broker that was started again has forgotten what we watch by.
                    Ok(()) = reconnections.changed() => break,
                    change = changes.next() => {
                        let Some(Ok(change)) = change else { break };
                        if let Ok(document) = serde_json::from_slice::<ClockDocument>(&change.value) {
                            version = change.revision;
                            apply(ClockDocument { version, ..document });
                        }
                    }
                    Some(question) = questions.next() => {
                        let wanted = std::str::from_utf8(&question.payload).ok().and_then(|text| text.parse().ok());
                        if let (Some(wanted), Some(reply)) = (wanted, question.reply) {
                            asked.push((wanted, reply));
                        }
                    }
                }
                for (_, reply) in asked.extract_if(.., |(wanted, _)| *wanted <= version) {
                    let seen = Seen { process: process.clone(), version };
                    let _ = self.client.publish(reply, serde_json::to_vec(&seen).unwrap_or_default().into()).await;
                }
            }
        }
        Ok(())
    }

    async fn clock_bucket(&self) -> Result<kv::Store, BrokerError> {
        // The client tells a bucket that is not there from a broker that is away by its text alone.
        self.stream(&format!("KV_{CLOCK}")).await?;
        let bucket = self.jetstream.get_key_value(CLOCK).await;
        bucket.map_err(|source| BrokerError::unavailable("open the bucket of the clock", source))
    }
}

/// Moves the clock. Only a story runner has one.
#[derive(Debug)]
pub struct ClockMover {
    broker: Broker,
    bucket: kv::Store,
    timers: Appender,
    followers: HashSet<String>,
}

impl ClockMover {
    /// Calls the roll: whoever answers now is waited for after every jump.
    ///
    /// # Errors
    /// The bucket is not there, or the broker does not answer.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        let mut mover = Self {
            broker: broker.clone(),
            bucket: broker.clock_bucket().await?,
            timers: Appender::start(broker, TIMERS).await?,
            followers: HashSet::new(),
        };
        mover.call_roll().await?;
        Ok(mover)
    }

    /// Who follows the clock now.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn call_roll(&mut self) -> Result<usize, BrokerError> {
        self.followers = self.gather(0, None).await?;
        Ok(self.followers.len())
    }

    /// Sets the platform's time to `to`, waits until every process goes by it, and moves the alarms nearer.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn jump(&mut self, to: Timestamp) -> Result<ClockDocument, BrokerError> {
        #[allow(clippy::disallowed_methods, reason = "the anchor is the one place where both clocks meet")]
        let real_time = Timestamp::now();
        let document = ClockDocument { virtual_time: to, real_time, version: 0 };
        let bytes = serde_json::to_vec(&document).unwrap_or_default();
        let version = self
            .bucket
            .put(KEY, bytes.into())
            .await
            .map_err(|source| BrokerError::unavailable("move the clock", source))?;
        let seen = self.gather(version, Some(&self.followers)).await?;
        for gone in self.followers.difference(&seen) {
            tracing::warn!(process = gone, "does not follow the clock any more");
        }
        self.followers = seen;
        let timers = &self.timers;
        futures::stream::iter(self.schedules().await?)
            .map(|(subject, due)| async move {
                let rings_at = real_time.checked_add(due.duration_since(to)).unwrap_or(real_time);
                let headers = alarm::headers(&subject, rings_at);
                timers.send(subject.schedule(), due.to_string().into(), headers).await
            })
            .buffer_unordered(MOVED_AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await?;
        Ok(ClockDocument { version, ..document })
    }

    /// The earliest alarm that waits, by the platform's clock.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn next_alarm(&self) -> Result<Option<Timestamp>, BrokerError> {
        Ok(self.schedules().await?.into_iter().map(|(_, due)| due).min())
    }

    async fn schedules(&self) -> Result<Vec<(AlarmSubject, Timestamp)>, BrokerError> {
        let stored = self.broker.stored(TIMERS, AlarmSubject::ALL_SCHEDULES, 1).await?;
        let read = |message: StoredMessage| {
            let corrupt = |source| BrokerError::Corrupt { subject: message.subject.clone(), source };
            let subject = message.subject.parse().map_err(|error| corrupt(Box::new(error)))?;
            Ok((subject, alarm::read_due(&message.payload).map_err(corrupt)?))
        };
        stored.into_iter().map(read).collect()
    }

    /// Everyone who has seen `version`: all of `known`, or whoever speaks up in time.
    async fn gather(&self, version: u64, known: Option<&HashSet<String>>) -> Result<HashSet<String>, BrokerError> {
        let what = "call the roll";
        let client = &self.broker.client;
        let inbox = client.new_inbox();
        let mut answers =
            client.subscribe(inbox.clone()).await.map_err(|source| BrokerError::unavailable(what, source))?;
        let wait = if known.is_some() { Duration::from_secs(SEEN_S_MAX) } else { ROLL_CALL };
        let deadline = tokio::time::Instant::now() + wait;
        let mut ask_again = tokio::time::interval(ASK_AGAIN);
        let mut seen = HashSet::new();
        while known.is_none_or(|known| !known.is_subset(&seen)) {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                _ = ask_again.tick() => {
                    client
                        .publish_with_reply(CLOCK_SEEN, inbox.clone(), version.to_string().into())
                        .await
                        .map_err(|source| BrokerError::unavailable(what, source))?;
                }
                Some(answer) = answers.next() => {
                    if let Ok(answer) = serde_json::from_slice::<Seen>(&answer.payload) {
                        seen.insert(answer.process);
                    }
                }
            }
        }
        Ok(seen)
    }
}
