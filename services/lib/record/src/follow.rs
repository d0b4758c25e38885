//! Following a stream: permit, pull, span, handler under a progress heartbeat, ONE settlement (D2).
//!
//! A handler returns what happened; it never acknowledges. Transient failures come back after a growing delay for
//! as long as it takes. A permanent failure, or a message that made its handler panic three times, goes to the
//! dead letters first and is terminated after, so that it stops nothing else (I12). A letter that was handed back is
//! followed like any other message.
//!
//! What a newer version wrote is set aside in the same way, and with it what comes after it in the same history, so that
//! nothing is decided there on half of what happened: a version that was rolled back goes on with every other case, and
//! `huying dlq retry` brings the rest back to one that knows it.

mod look;

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::jetstream::{self, AckKind, ErrorCode};
use async_recursion::async_recursion as boxed;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use ids::HistoryKey;
use proto::streams::RETRY;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::broker::{Broker, flush};
use crate::dead_letters::DeadLetters;
pub use crate::delivered::Delivered;
use crate::error::{BrokerError, chain};
pub use crate::failure::Failure;
use crate::sparing::Sparing;
use crate::standing::{explains_failures, warn_unless_known};
use crate::trace;

/// How long the broker waits for a settlement before it delivers again, in seconds.
pub const ACK_WAIT_S: u64 = 10;
/// Unsettled messages a consumer may have.
pub const ACK_PENDING_MAX: i64 = 2000;
/// How often a running handler says that it is alive: three times per `ACK_WAIT_S`.
const PROGRESS_EVERY: Duration = Duration::from_secs(3);
/// First delay after a transient failure; doubled each time up to `RETRY_DELAY_MAX`.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);
/// Panics one message may cause in a process before it counts as poison.
const PANICS_MAX: u64 = 3;
/// Messages whose panics a process remembers.
const PANICS_REMEMBERED_MAX: usize = 10_000;
/// Histories that a process remembers to have set aside. Whatever is beyond it, or before a restart, is followed again
/// from its next fact on, which stands for itself (D4).
const SET_ASIDE_MAX: usize = 10_000;
/// How often the broker says that a consumer without messages is alive. Two silences, and the pull is made anew.
const IDLE_HEARTBEAT: Duration = Duration::from_secs(5);
/// Waits before a broken pull, and before a broker that is away, is tried again.
const REOPEN_DELAY: Duration = Duration::from_millis(100);
const AWAY_DELAY: Duration = Duration::from_secs(1);
/// Messages of one consumer handled at the same time in one process.
pub const CONCURRENCY: usize = 256;
/// The same for dead letters that were handed back. Thousands may come at once, and what happens now goes first.
const RETRIED_CONCURRENCY: usize = 16;

/// What is done with each message. Its future is on the heap: whatever wraps a future holds it in place and moves it, and a
/// handler's is kilobytes.
type Handler = Arc<dyn Fn(Delivered) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// Which durable consumer to follow, and where its dead letters go.
#[derive(Clone, Debug)]
pub struct Follower {
    jetstream: jetstream::Context,
    stream: &'static str,
    consumer: String,
    /// `None` where the account has no place for them: then they are logged and terminated.
    dead_letters: Option<DeadLetters>,
    /// By position in the followed stream. Deliveries do not tell: most repeats are transient failures.
    panics: Arc<Mutex<HashMap<u64, u64>>>,
    /// Histories with a fact that this version does not know.
    set_aside: Arc<Mutex<HashSet<HistoryKey>>>,
    /// Of the failures that pass.
    warnings: Arc<Sparing>,
    settlements: Arc<Settlements>,
}

/// How messages ended, counted. Looked up once: it is said of every message.
#[derive(Debug)]
struct Settlements {
    acknowledged: metrics::Counter,
    put_off: metrics::Counter,
    buried: metrics::Counter,
}

impl Broker {
    /// Follows a durable consumer of the hub.
    ///
    /// # Errors
    /// The dead-letter stream is not there.
    #[boxed]
    pub async fn follower(&self, stream: &'static str, consumer: &str) -> Result<Follower, BrokerError> {
        let dead_letters = DeadLetters::open(self).await?;
        Ok(Follower::new(self.jetstream.clone(), stream, consumer.to_owned(), Some(dead_letters)))
    }
}

impl Follower {
    pub(crate) fn new(
        jetstream: jetstream::Context,
        stream: &'static str,
        consumer: String,
        dead_letters: Option<DeadLetters>,
    ) -> Self {
        let settlements = Arc::new(Settlements::of(&consumer));
        Self {
            jetstream,
            stream,
            consumer,
            dead_letters,
            panics: Arc::default(),
            set_aside: Arc::default(),
            warnings: Arc::default(),
            settlements,
        }
    }

    /// Handles every message until `stop`, then finishes those in hand. Dead letters of this consumer that were handed
    /// back are messages like the others.
    ///
    /// # Errors
    /// The consumer does not exist; anything passing is waited out.
    pub fn run<H, F>(self, stop: CancellationToken, handler: H) -> BoxFuture<'static, Result<(), BrokerError>>
    where
        H: Fn(Delivered) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        // Everything below is compiled once, here, and not once more for every handler there is.
        let handler: Handler = Arc::new(move |delivered| Box::pin(handler(delivered)));
        Box::pin(self.follow(stop, handler))
    }

    async fn follow(self, stop: CancellationToken, handler: Handler) -> Result<(), BrokerError> {
        let me = Arc::new(self);
        let in_hand = TaskTracker::new();
        let found = CancellationToken::new();
        let own = me.pull(me.stream, CONCURRENCY, &found, &stop, &handler, &in_hand);
        let handed_back = async {
            // What is not provisioned is said of the stream that matters.
            tokio::select! {
                () = stop.cancelled() => Ok(()),
                () = found.cancelled() => me.pull(RETRY, RETRIED_CONCURRENCY, &found, &stop, &handler, &in_hand).await,
            }
        };
        let follow = Box::pin(async {
            match &me.dead_letters {
                None => own.await,
                Some(_) => tokio::try_join!(own, handed_back).map(|((), ())| ()),
            }
        });
        let followed = tokio::select! {
            followed = follow => followed,
            never = Box::pin(me.look_after(&found)) => match never {},
        };
        in_hand.close();
        in_hand.wait().await;
        // Settlements are unconfirmed; those still in our buffers would come again.
        flush(&me.jetstream.client()).await;
        followed
    }

    /// Handles what `stream` has for this consumer, so many at a time, until `stop`. Says when it has `found` it.
    async fn pull(
        self: &Arc<Self>,
        stream: &'static str,
        at_once: usize,
        found: &CancellationToken,
        stop: &CancellationToken,
        handler: &Handler,
        in_hand: &TaskTracker,
    ) -> Result<(), BrokerError> {
        let me = self;
        let permits = Arc::new(Semaphore::new(at_once));
        let mut consumer_known = false;
        while !stop.is_cancelled() {
            let mut messages = match me.messages(stream, at_once).await {
                Ok(messages) => messages,
                Err(error @ BrokerError::NotProvisioned { .. }) if !consumer_known => return Err(error),
                Err(error) => {
                    me.warn(|kept_back| {
                        tracing::warn!(
                            consumer = me.consumer,
                            error = chain(&error),
                            kept_back,
                            "cannot follow; trying again"
                        );
                    });
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(AWAY_DELAY) => continue,
                    }
                }
            };
            consumer_known = true;
            found.cancel();
            loop {
                // The permit comes first: what waits in the broker waits for whoever is free. And a stop comes before
                // either, however much there is to do.
                let pulled = async {
                    let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
                    Some((messages.next().await?, permit))
                };
                let next = tokio::select! {
                    biased;
                    () = stop.cancelled() => None,
                    next = pulled => next,
                };
                let Some((message, permit)) = next else { break };
                match message {
                    Ok(message) => {
                        let (me, handler) = (Arc::clone(me), Arc::clone(handler));
                        let mut handled = Box::pin(async move {
                            me.handle(stream, message, &handler).await;
                            drop(permit);
                        });
                        // Much of what is followed asks for nothing: that is over at the first look, without a task.
                        if handled.as_mut().now_or_never().is_none() {
                            in_hand.spawn(handled);
                        }
                    }
                    Err(error) => {
                        tracing::debug!(consumer = me.consumer, error = chain(&error), "pull interrupted");
                        break;
                    }
                }
            }
            if stop.is_cancelled() {
                me.catch_up(stream).await;
            }
            me.hand_back(messages).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(REOPEN_DELAY) => {}
            }
        }
        Ok(())
    }

    async fn messages(&self, stream: &'static str, at_once: usize) -> Result<pull::Stream, BrokerError> {
        let consumer = self.consumer(stream).await?;
        let messages = consumer.stream().max_messages_per_batch(at_once).heartbeat(IDLE_HEARTBEAT).messages();
        messages.await.map_err(|source| BrokerError::unavailable(self.following(stream), source))
    }

    async fn consumer(&self, stream: &'static str) -> Result<PullConsumer, BrokerError> {
        self.jetstream.get_consumer_from_stream(&self.consumer, stream).await.map_err(|source| match source.kind() {
            ConsumerErrorKind::JetStream(error) if error.error_code() == ErrorCode::CONSUMER_NOT_FOUND => {
                BrokerError::NotProvisioned { what: format!("consumer {} of {stream}", self.consumer) }
            }
            // The hub was provisioned by a version that took no letters back.
            ConsumerErrorKind::JetStream(error)
                if stream == RETRY && error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                BrokerError::NotProvisioned { what: format!("stream {stream}") }
            }
            ConsumerErrorKind::TimedOut
            | ConsumerErrorKind::Request
            | ConsumerErrorKind::InvalidConsumerType
            | ConsumerErrorKind::InvalidName
            | ConsumerErrorKind::JetStream(_)
            | ConsumerErrorKind::Other => BrokerError::unavailable(self.following(stream), source),
        })
    }

    fn following(&self, stream: &str) -> String {
        format!("follow {} on {stream}", self.consumer)
    }

    async fn handle(&self, stream: &str, message: jetstream::Message, handler: &Handler) {
        let Some(delivered) = Delivered::read(stream, &message) else { return };
        let sequence = delivered.sequence;
        let span = tracing::info_span!(
            "process",
            otel.name = format!("process {}", delivered.template()),
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.operation.type = "process",
            consumer = self.consumer,
            deliveries = delivered.deliveries,
        );
        trace::adopt(&span, message.headers.as_ref());
        if let Some(key) = self.waits_behind(&delivered) {
            let why =
                format!("newer-version: it waits behind a fact of {key} that this version does not know (HY-012)");
            let kind = self.set_aside(&delivered, &why).await;
            self.settlements.count(&kind);
            let _ = message.ack_with(kind).await;
            return;
        }
        let work = AssertUnwindSafe(async { handler(delivered).await }).catch_unwind().instrument(span.clone());
        let kind = match under_heartbeat(work, &message).await {
            Ok(Ok(())) => AckKind::Ack,
            Ok(Err(failure)) => Box::pin(self.after_failure(stream, &message, failure)).instrument(span).await,
            Err(panic) => Box::pin(self.after_panic(stream, &message, panic)).instrument(span).await,
        };
        if matches!(kind, AckKind::Ack | AckKind::Term) {
            self.panics.lock().unwrap_or_else(PoisonError::into_inner).remove(&sequence);
        }
        self.settlements.count(&kind);
        // Unconfirmed: a lost acknowledgement is a redelivery, and that changes nothing.
        let _ = message.ack_with(kind).await;
    }

    async fn after_failure(&self, stream: &str, message: &jetstream::Message, failure: Failure) -> AckKind {
        let Some(delivered) = Delivered::read(stream, message) else { return AckKind::Term };
        match failure {
            Failure::Transient(error) => {
                self.will_try_again(&delivered, &*error);
                AckKind::Nak(Some(retry_delay(delivered.deliveries)))
            }
            Failure::Later(error, after) => {
                self.will_try_again(&delivered, &*error);
                AckKind::Nak(Some(after))
            }
            Failure::Permanent(error) => self.bury(&delivered, &chain(&*error)).await,
            Failure::Newer(error) => {
                let why = chain(&*error);
                self.remember_newer(&delivered, &why);
                self.set_aside(&delivered, &why).await
            }
        }
    }

    /// Says it of the first message, and then once in a while: what concerns one concerns all.
    fn will_try_again(&self, delivered: &Delivered, error: &(dyn Error + 'static)) {
        self.warn(|kept_back| {
            tracing::warn!(subject = delivered.subject, error = chain(error), kept_back, "will try again");
        });
    }

    fn warn(&self, say: impl FnOnce(u64)) {
        if !explains_failures()
            && let Some(kept_back) = self.warnings.may_say(Instant::now())
        {
            say(kept_back);
        }
    }

    fn remember_newer(&self, delivered: &Delivered, why: &str) {
        let mut set_aside = self.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
        if set_aside.is_empty() {
            let (consumer, subject) = (&self.consumer, &delivered.subject);
            tracing::warn!(
                consumer,
                subject,
                error = why,
                "a newer version wrote this; what it is about is set aside from here on (HY-012)"
            );
        }
        if set_aside.len() >= SET_ASIDE_MAX {
            set_aside.clear();
        }
        set_aside.extend(delivered.history());
    }

    /// The history of a message, if an earlier one of it had to be set aside.
    fn waits_behind(&self, delivered: &Delivered) -> Option<HistoryKey> {
        let set_aside = self.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
        if set_aside.is_empty() {
            return None;
        }
        delivered.history().filter(|key| set_aside.contains(key))
    }

    /// Keeps a message for a version that can handle it. An account without a place for that leaves it with the broker.
    async fn set_aside(&self, delivered: &Delivered, why: &str) -> AckKind {
        metrics::counter!("record_set_aside_total", "consumer" => self.consumer.clone()).increment(1);
        match &self.dead_letters {
            None => AckKind::Nak(Some(RETRY_DELAY_MAX)),
            Some(letters) => self.buried(letters, delivered, why).await,
        }
    }

    async fn after_panic(&self, stream: &str, message: &jetstream::Message, panic: Box<dyn Any + Send>) -> AckKind {
        let Some(delivered) = Delivered::read(stream, message) else { return AckKind::Term };
        let why = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let panics = self.count_panic(delivered.sequence);
        tracing::error!(subject = delivered.subject, panics, why, "handler panicked");
        if panics < PANICS_MAX {
            AckKind::Nak(Some(retry_delay(panics)))
        } else {
            self.bury(&delivered, &format!("the handler panicked {panics} times: {why}")).await
        }
    }

    /// What was pulled and not begun goes to the next replica now, not after [`ACK_WAIT_S`]. Reading it can make the
    /// client ask for more; what the broker still sends then comes again after that time.
    async fn hand_back(&self, mut messages: pull::Stream) {
        let mut left = Vec::new();
        // Unconstrained: the runtime's share of one task ends before the buffer does.
        while let Some(Some(Ok(message))) = tokio::task::unconstrained(messages.next()).now_or_never() {
            left.push(message);
        }
        if left.is_empty() {
            return;
        }
        // The broker must know that we stopped pulling, or it gives us the same messages again.
        drop(messages);
        flush(&self.jetstream.client()).await;
        for message in left {
            let _ = message.ack_with(AckKind::Nak(None)).await;
        }
    }

    /// Until what the broker has sent us is here: it answers a question after what it sent before.
    async fn catch_up(&self, stream: &'static str) {
        let answer = self.jetstream.get_consumer_from_stream::<pull::Config, _, _>(&self.consumer, stream);
        let _ = tokio::time::timeout(AWAY_DELAY, answer).await;
    }

    fn count_panic(&self, sequence: u64) -> u64 {
        let mut panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        if panics.len() >= PANICS_REMEMBERED_MAX {
            panics.clear();
        }
        let count = panics.entry(sequence).or_default();
        *count += 1;
        *count
    }

    async fn bury(&self, delivered: &Delivered, why: &str) -> AckKind {
        tracing::error!(
            subject = delivered.subject,
            sequence = delivered.sequence,
            error = why,
            "dead letter (HY-004)"
        );
        match &self.dead_letters {
            None => AckKind::Term,
            Some(letters) => self.buried(letters, delivered, why).await,
        }
    }

    async fn buried(&self, letters: &DeadLetters, delivered: &Delivered, why: &str) -> AckKind {
        match letters.bury(&self.consumer, delivered, why).await {
            Ok(()) => AckKind::Term,
            Err(error) => {
                warn_unless_known!(error = chain(&error), "cannot bury; trying again");
                AckKind::Nak(Some(RETRY_DELAY_MAX))
            }
        }
    }
}

impl Settlements {
    fn of(consumer: &str) -> Self {
        let counter = |settlement: &'static str| metrics::counter!("record_settled_total", "consumer" => consumer.to_owned(), "settlement" => settlement);
        Self { acknowledged: counter("ack"), put_off: counter("retry"), buried: counter("dead-letter") }
    }

    fn count(&self, kind: &AckKind) {
        match kind {
            AckKind::Ack => self.acknowledged.increment(1),
            AckKind::Nak(_) => self.put_off.increment(1),
            AckKind::Progress | AckKind::Next | AckKind::Term => self.buried.increment(1),
        }
    }
}

async fn under_heartbeat<T>(work: impl Future<Output = T>, message: &jetstream::Message) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(PROGRESS_EVERY) => {
                let _ = message.ack_with(AckKind::Progress).await;
            }
        }
    }
}

fn retry_delay(deliveries: u64) -> Duration {
    let doublings = u32::try_from(deliveries.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    (RETRY_DELAY_MIN * 2u32.pow(doublings)).min(RETRY_DELAY_MAX)
}
