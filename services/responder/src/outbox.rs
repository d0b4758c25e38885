//! Answers on their way to the hub: kept first, then sent until the hub has taken or refused them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use anyhow::Context;
use chassis::Clock;
use ids::Code;
use proto::responder::v1::AnswerStatus;
use station::BadInput;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::domain::{AnswerId, CallKey, Delay, Queue};
use crate::store::{Kept, Store, StoreError};
use crate::wire::{ReadAnswer, Verdict, only_kept, read_reply};

/// How long somebody who answers waits for the hub's verdict. Then the answer is kept, and that is the status.
pub const VERDICT_WAIT: Duration = Duration::from_secs(5);
/// Answers kept for a hub that is away: a large department's work of weeks.
const KEPT_MAX: usize = 100_000;

/// Why an answer was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("the answer has not the right form: {0:?}")]
    BadInput(BadInput),
    #[error("another answer was given under this command id already")]
    AnotherAnswer,
    #[error("{KEPT_MAX} answers wait for the hub already; this one is not kept")]
    Full,
    #[error("the answer could not be kept")]
    NotKept(#[from] StoreError),
}

/// Cheap to clone; all clones are one outbox.
#[derive(Clone)]
pub struct Outbox {
    department: Code,
    store: Store,
    unsent: Arc<Mutex<Unsent>>,
    /// Something was added.
    added: Arc<Notify>,
    waiting: metrics::Gauge,
    clock: Clock,
}

/// What the hub has not taken yet, and who waits for its word.
#[derive(Default)]
struct Unsent {
    queue: Queue<Letter>,
    askers: HashMap<AnswerId, Vec<oneshot::Sender<Verdict>>>,
    /// Nothing is sent any more.
    ended: bool,
}

#[derive(Clone)]
struct Letter {
    call: CallKey,
    payload: Vec<u8>,
    /// Whoever asked, as long as they wait: what is sent later starts a trace of its own.
    asker: Weak<Span>,
}

impl Outbox {
    /// Takes up what was kept and not sent when the process ended.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open(department: Code, store: Store, clock: Clock) -> Result<Self, StoreError> {
        let mut unsent = Unsent::default();
        for kept in store.unsent().await? {
            let letter = Letter { call: kept.call.clone(), payload: kept.payload, asker: Weak::new() };
            unsent.queue.add(kept.call, kept.id, letter);
        }
        let waiting = metrics::gauge!("responder_answers_waiting", "department" => department.to_string());
        let unsent = Arc::new(Mutex::new(unsent));
        let outbox = Self { department, store, unsent, added: Arc::default(), waiting, clock };
        outbox.count_waiting(&outbox.unsent());
        Ok(outbox)
    }

    /// Answers not yet taken by the hub.
    pub fn waiting(&self) -> usize {
        self.unsent().queue.waiting()
    }

    /// Keeps an answer and waits for the hub's verdict, at most [`VERDICT_WAIT`]. Once kept, it is sent even if the
    /// caller goes away.
    ///
    /// # Errors
    /// It was not kept.
    pub async fn answer(&self, answer: ReadAnswer) -> Result<AnswerStatus, AnswerError> {
        let until = Instant::now() + VERDICT_WAIT;
        let asker = Arc::new(Span::current());
        // The second time for a verdict that came in between: then the store has it.
        for _ in 0..2 {
            let (asked, verdict) = oneshot::channel();
            let kept = self.keep(answer.clone(), &asker, asked).await?;
            match kept {
                Kept::Different => return Err(AnswerError::AnotherAnswer),
                Kept::Again(_, Some(verdict)) => return Ok(verdict.into()),
                Kept::New(_) | Kept::Again(_, None) => match tokio::time::timeout_at(until, verdict).await {
                    Ok(Ok(verdict)) => return Ok(verdict.into()),
                    Ok(Err(_nobody_knows)) => {}
                    Err(_elapsed) => break,
                },
            }
        }
        Ok(only_kept())
    }

    async fn keep(
        &self,
        answer: ReadAnswer,
        asker: &Arc<Span>,
        asked: oneshot::Sender<Verdict>,
    ) -> Result<Kept, AnswerError> {
        if self.waiting() >= KEPT_MAX {
            return Err(AnswerError::Full);
        }
        let letter =
            Letter { call: answer.call.clone(), payload: answer.payload.clone(), asker: Arc::downgrade(asker) };
        let outbox = self.clone();
        Ok(self.store.keep(answer, move |kept| outbox.take(kept, letter, asked)).await?)
    }

    fn take(&self, kept: &Kept, letter: Letter, asked: oneshot::Sender<Verdict>) {
        let mut unsent = self.unsent();
        let id = match kept {
            Kept::New(id) => {
                unsent.queue.add(letter.call.clone(), *id, letter);
                self.count_waiting(&unsent);
                self.added.notify_one();
                *id
            }
            Kept::Again(id, None) => *id,
            Kept::Again(_, Some(_)) | Kept::Different => return,
        };
        if !unsent.ended && unsent.queue.contains(id) {
            let askers = unsent.askers.entry(id).or_default();
            // Whoever asks again and again while the hub is away leaves nothing behind.
            askers.retain(|asker| !asker.is_closed());
            askers.push(asked);
        }
    }

    /// Sends, until `stop`; then waits for what is with the hub. `send` is a request that gives the reply, or nothing
    /// when none came.
    ///
    /// # Errors
    /// Sending panicked.
    pub async fn run<S, F>(&self, send: S, stop: CancellationToken) -> anyhow::Result<()>
    where
        S: Fn(Vec<u8>) -> F,
        F: Future<Output = Option<Vec<u8>>> + Send + 'static,
    {
        let mut with_hub = JoinSet::new();
        loop {
            let stopping = stop.is_cancelled();
            let mut wake_at = None;
            if !stopping {
                let mut unsent = self.unsent();
                while let Some((id, letter)) = unsent.queue.next(Instant::now().into_std()) {
                    let reply = send(letter.payload).instrument(sending(&letter.asker));
                    with_hub.spawn(async move { (id, letter.call, reply.await) });
                }
                wake_at = unsent.queue.wake_at();
            } else if with_hub.is_empty() {
                return Ok(());
            }
            tokio::select! {
                () = stop.cancelled(), if !stopping => {}
                () = self.added.notified(), if !stopping => {}
                () = at(wake_at), if !stopping => {}
                Some(done) = with_hub.join_next() => {
                    let (id, call, reply) = done.context("sending an answer")?;
                    self.replied(id, call, reply);
                }
            }
        }
    }

    fn replied(&self, id: AnswerId, call: CallKey, reply: Option<Vec<u8>>) {
        let verdict = reply.map_or(Err(Delay::HubSilent), |reply| read_reply(&reply));
        let department = self.department.as_str();
        let outcome = match &verdict {
            Ok(Verdict::Accepted { .. }) => "accepted",
            Ok(Verdict::Refused(refusal)) => {
                tracing::info!(department, case = %call.case, call = call.call, code = refusal.code,
                    refusal = refusal.message, "the hub refused an answer");
                "refused"
            }
            Err(Delay::HubBusy) => "busy",
            Err(Delay::HubSilent) => "silent",
        };
        metrics::counter!("responder_answers_total", "department" => department.to_owned(), "outcome" => outcome)
            .increment(1);
        let mut unsent = self.unsent();
        let was_silent = unsent.queue.hub_is_silent();
        match verdict {
            Ok(verdict) => {
                let askers = unsent.askers.remove(&id).unwrap_or_default();
                let told = askers.into_iter().filter_map(|asker| asker.send(verdict.clone()).ok()).count();
                let unseen_since = (told == 0).then(|| self.clock.now());
                // Before it leaves the queue, so that whoever misses it there finds it in the store.
                self.store.settle(id, call, verdict, unseen_since);
                unsent.queue.settled(id);
            }
            Err(why) => unsent.queue.put_back(id, why, Instant::now().into_std()),
        }
        let waiting = unsent.queue.waiting();
        match (was_silent, unsent.queue.hub_is_silent()) {
            (false, true) => tracing::warn!(department, waiting, "the hub does not answer; answers are kept"),
            (true, false) => tracing::info!(department, waiting, "the hub answers again"),
            (false, false) | (true, true) => {}
        }
        self.count_waiting(&unsent);
    }

    /// Nothing is sent any more: whoever waits is told that it is kept, and the last verdicts go to disk.
    pub async fn end(&self) {
        {
            let mut unsent = self.unsent();
            unsent.ended = true;
            unsent.askers.clear();
        }
        if let Err(error) = self.store.flush().await {
            // They are asked for again at the next start.
            tracing::warn!(department = self.department.as_str(), %error, "the last verdicts are not on disk");
        }
    }

    fn count_waiting(&self, unsent: &Unsent) {
        // The bound on what is kept is far below what the conversion can hold.
        self.waiting.set(f64::from(u32::try_from(unsent.queue.waiting()).unwrap_or(u32::MAX)));
    }

    fn unsent(&self) -> MutexGuard<'_, Unsent> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sending(asker: &Weak<Span>) -> Span {
    let parent = asker.upgrade().and_then(|asker| asker.id());
    tracing::info_span!(
        parent: parent,
        "send",
        otel.name = "send ans.<department>.call",
        otel.kind = "client",
        messaging.system = "nats",
    )
}

async fn at(time: Option<std::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
