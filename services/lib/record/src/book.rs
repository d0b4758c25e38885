//! The mailbox of a case: where a command becomes a commit.
//!
//! Requests for one history queue up, are decided together on one state and committed once (D2), so that fifty
//! departments answering one call do not fight over a revision. At most one append per history and owner is under
//! way in a process (D1); a second process is held off by the revision in the subject.
//!
//! A cached state may be stale without any sign of it. So a refusal, or "nothing to do", counts only on a state
//! loaded in this very turn (D3). The opposite needs no such care: a commit decided on a stale state collides.
//!
//! What a turn would record is a `Draft` (`draft.rs`); here it is written, and its answers are handed out.

use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use ids::{CommandId, HistoryKey, Revision};
use jiff::Timestamp;
use proto::facts::CHAINED_SINCE;
use proto::record::v1::{Actor, Cause, cause};
use proto::streams::{CASES, COMMIT_BYTES_MAX};
use proto::subjects::CommitSubject;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use crate::append::{Appender, Lane};
use crate::broker::Broker;
use crate::draft::Draft;
use crate::error::BrokerError;
use crate::follow::Failure;
use crate::history::{Aggregate, History};
use crate::links::{self, Tip};
use crate::mailbox::Mailbox;
use crate::objects::Sha256Sum;
use crate::readers::{HeldBack, Readers};

/// Largest commit we write, in bytes; what the broker takes includes the headers.
pub const BYTES_MAX: usize = COMMIT_BYTES_MAX as usize - 4096;
/// Times a lost race is decided again before the caller hears of it.
const RACES_MAX: u32 = 5;
/// Times an append of unknown outcome is repeated, under the same commit id.
const REPEATS_MAX: u32 = 3;
/// Times a lagging replica is read again, and how long to wait before each.
const LAG_READS_MAX: u32 = 10;
const LAG_WAIT: Duration = Duration::from_millis(20);
/// Histories kept in memory; twice as many at most, because a generation is dropped at a time.
const CACHED_MAX: usize = 20_000;

/// A command and everything about it that goes on the record.
#[derive(Clone, Debug)]
pub struct Request<C> {
    pub command: C,
    pub cause: Cause,
    pub actor: Actor,
    /// Set when it came from outside: its sender's name for it. A repeat is answered as the first.
    pub command_id: Option<CommandId>,
    /// Of what was asked, so that the same name for something else is told apart. Empty: not compared.
    pub content_digest: Vec<u8>,
    pub charter_version: String,
    pub at: Timestamp,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Answered<E> {
    /// Where it stands: the commit that holds it, or the last one when there was nothing to do.
    pub revision: Revision,
    /// Of that commit in the stream: who reads as of this position sees it.
    pub position: u64,
    pub at: Timestamp,
    /// The same sender's command id was answered before.
    pub repeated: bool,
    /// What followed; empty when repeated or nothing was to do.
    pub events: Vec<E>,
}

/// Why nothing was recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused<R> {
    /// The rules say no. This is an answer.
    #[error("{0}")]
    Rule(R),
    /// The history has reached its bound; only what ends it is taken (D1).
    #[error("this history has {0} commits and takes only what ends it (HY-006)")]
    Full(u64),
    /// The sender has used this command id before, for something else.
    #[error("this command id was used before for something else; each request needs one of its own")]
    OtherContent,
    /// It would make a commit of so many bytes.
    #[error("a commit of {0} bytes is too large: {BYTES_MAX} fit")]
    TooLarge(usize),
    /// It is of a kind that not every reader of the record knows yet.
    #[error(transparent)]
    HeldBack(HeldBack),
    /// The case is closed and filed, and nothing is added to it any more.
    #[error("{0} is closed and filed; submit what is new as a report of its own, with related_case {id}", id = .0.id)]
    Filed(HistoryKey),
    /// Others were faster, [`RACES_MAX`] times. Try again.
    #[error("others changed this at the same time; try again")]
    Contended,
    /// The record is out of reach, or holds what cannot be read: the error says which.
    #[error(transparent)]
    Broker(Arc<BrokerError>),
}

impl<R> Refused<R> {
    /// For whoever was not asked but follows: the rule that says no, or what becomes of the message.
    ///
    /// # Errors
    /// Transient if it may work later, permanent if it never will.
    pub fn rule_or_failure(self) -> Result<R, Failure> {
        Err(match self {
            Self::Rule(rule) => return Ok(rule),
            Self::Full(commits) => Failure::permanent(Refused::<Infallible>::Full(commits)),
            Self::TooLarge(bytes) => Failure::permanent(Refused::<Infallible>::TooLarge(bytes)),
            Self::OtherContent => Failure::permanent(Refused::<Infallible>::OtherContent),
            Self::Filed(key) => Failure::permanent(Refused::<Infallible>::Filed(key)),
            Self::HeldBack(held) => Failure::transient(held),
            Self::Contended => Failure::transient(Refused::<Infallible>::Contended),
            Self::Broker(error) => Failure::from(error),
        })
    }
}

/// A state with its place in history.
#[derive(Clone, Debug)]
pub struct Snapshot<S> {
    pub state: Arc<S>,
    pub revision: Revision,
    /// The alarm this history asks for, and the commit that made it necessary.
    pub alarm: Option<(Timestamp, Revision)>,
}

/// All histories of one aggregate that this process has in hand.
pub struct Book<A: Aggregate>(Arc<Inner<A>>);

struct Inner<A: Aggregate> {
    broker: Broker,
    appender: Appender,
    replicas: usize,
    readers: Readers,
    slots: Mutex<Slots<A>>,
    runners: TaskTracker,
}

struct Slots<A: Aggregate> {
    young: HashMap<HistoryKey, Arc<Slot<A>>>,
    old: HashMap<HistoryKey, Arc<Slot<A>>>,
}

struct Slot<A: Aggregate> {
    mailbox: Mailbox<A>,
    history: tokio::sync::Mutex<Option<History<A>>>,
}

pub(crate) type Outcome<A> =
    Result<Answered<<A as decider::Decider>::Event>, Refused<<A as decider::Decider>::Refusal>>;

/// The outcome, or what the rules died of.
type Settled<A> = std::thread::Result<Outcome<A>>;

pub(crate) struct Pending<A: Aggregate> {
    pub request: Request<A::Command>,
    /// Nobody waits for the answer before, and what comes until then may stand in the same commit.
    pub can_wait_until: Option<Instant>,
    reply: oneshot::Sender<Settled<A>>,
    /// What the commit is caused by, in traces.
    span: Span,
}

/// Why requests could not be settled together.
enum Stumble {
    Panic(Box<dyn Any + Send>),
    TooLarge(usize),
    HeldBack(HeldBack),
}

impl<A: Aggregate> Clone for Book<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Aggregate> Book<A> {
    /// # Errors
    /// The stream of the record is not there.
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        let replicas = broker.replicas_of_record().await?;
        Ok(Self(Arc::new(Inner {
            broker: broker.clone(),
            appender: Appender::start(broker, CASES).await?,
            replicas,
            readers: Readers::open(broker).await?,
            slots: Mutex::new(Slots { young: HashMap::new(), old: HashMap::new() }),
            runners: TaskTracker::new(),
        })))
    }

    /// Decides and records. Returns after the commit is durable.
    ///
    /// # Errors
    /// Refused by a rule, by the bound on a history, or because the record is out of reach.
    ///
    /// # Panics
    /// When the rules do on this request, so that its message counts as what it is: poison.
    pub async fn decide(&self, key: &HistoryKey, request: Request<A::Command>) -> Outcome<A> {
        self.put(key, request, None).await
    }

    /// Decides and records as [`decide`](Self::decide), in one commit with what comes next for this history, if that comes within
    /// `patience`. Until then nothing is on the record, and whoever asks has to ask again if this process dies.
    ///
    /// # Errors
    /// As [`decide`](Self::decide).
    pub async fn decide_with_the_next(
        &self,
        key: &HistoryKey,
        request: Request<A::Command>,
        patience: Duration,
    ) -> Outcome<A> {
        self.put(key, request, Some(Instant::now() + patience)).await
    }

    async fn put(&self, key: &HistoryKey, request: Request<A::Command>, can_wait_until: Option<Instant>) -> Outcome<A> {
        let slot = self.slot(key);
        let (reply, answer) = oneshot::channel();
        if slot.mailbox.put(Pending { request, can_wait_until, reply, span: Span::current() }) {
            // A task of its own: a caller that goes away must not take its neighbours' answers with it.
            let (book, key) = (self.clone(), key.clone());
            self.0.runners.spawn(async move { book.run(&key, &slot).await });
        }
        match answer.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Refused::Broker(Arc::new(BrokerError::Unavailable {
                what: "decide: the mailbox stopped".to_owned(),
                source: None,
            }))),
        }
    }

    /// The state as of `at_least`, from memory if it is there.
    ///
    /// # Errors
    /// The record is out of reach.
    pub async fn snapshot(&self, key: &HistoryKey, at_least: Revision) -> Result<Snapshot<A::State>, BrokerError> {
        let slot = self.slot(key);
        let mut held = slot.history.lock().await;
        let fits = held.as_ref().is_some_and(|history| history.revision >= at_least);
        if !fits {
            *held = Some(self.load(key).await?);
        }
        let history = held.get_or_insert_default();
        Ok(Snapshot {
            state: Arc::clone(&history.state),
            revision: history.revision,
            alarm: history.alarm.map(|alarm| (alarm.due, alarm.set_at)),
        })
    }

    /// The state as the record has it now.
    ///
    /// # Errors
    /// The record is out of reach.
    pub async fn read(&self, key: &HistoryKey) -> Result<Snapshot<A::State>, BrokerError> {
        self.snapshot(key, Revision(u64::MAX)).await
    }

    fn slot(&self, key: &HistoryKey) -> Arc<Slot<A>> {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.young.get(key) {
            return Arc::clone(slot);
        }
        let slot = slots
            .old
            .remove(key)
            .unwrap_or_else(|| Arc::new(Slot { mailbox: Mailbox::default(), history: tokio::sync::Mutex::new(None) }));
        if slots.young.len() >= CACHED_MAX {
            slots.old = std::mem::take(&mut slots.young);
        }
        slots.young.insert(key.clone(), Arc::clone(&slot));
        slot
    }

    /// Whether nothing follows `revision` on the record now, asked where it is written.
    pub(crate) async fn is_last(&self, key: &HistoryKey, revision: Revision) -> Result<bool, BrokerError> {
        self.0.broker.is_last(key, A::OWNER, revision).await
    }

    async fn run(&self, key: &HistoryKey, slot: &Slot<A>) {
        while let Some(together) = slot.mailbox.next_turn().await {
            let span = together.first().map_or_else(Span::none, |first| first.span.clone());
            let mut held = slot.history.lock().await;
            self.turn(key, &mut held, together).instrument(span).await;
        }
    }

    /// Settles requests together, or, where one of them would spoil it for the others, each by itself.
    async fn turn(&self, key: &HistoryKey, held: &mut Option<History<A>>, together: Vec<Pending<A>>) {
        match self.settle(key, held, &together).await {
            Ok(answers) => hand_out(together, answers.into_iter().map(Ok)),
            Err(stumble) if together.len() == 1 => hand_out(together, [stumble.into_answer()]),
            Err(_) => {
                for pending in together {
                    let alone = self.settle(key, held, slice::from_ref(&pending)).await;
                    let answer = alone.map_or_else(Stumble::into_answer, |mut answers| Ok(answers.remove(0)));
                    hand_out(vec![pending], [answer]);
                }
            }
        }
    }

    /// The outcome of each. A panic of the rules leaves no cached state behind.
    async fn settle(
        &self,
        key: &HistoryKey,
        held: &mut Option<History<A>>,
        together: &[Pending<A>],
    ) -> Result<Vec<Outcome<A>>, Stumble> {
        let settled = AssertUnwindSafe(self.decide_and_record(key, held, together)).catch_unwind().await;
        settled.unwrap_or_else(|panic| Err(Stumble::Panic(panic)))
    }

    /// Decide all, append once.
    async fn decide_and_record(
        &self,
        key: &HistoryKey,
        held: &mut Option<History<A>>,
        together: &[Pending<A>],
    ) -> Result<Vec<Outcome<A>>, Stumble> {
        let fail = |error: BrokerError| {
            let refused = if let BrokerError::Filed { key } = error {
                Refused::Filed(key)
            } else {
                Refused::Broker(Arc::new(error))
            };
            Ok(together.iter().map(|_| Err(refused.clone())).collect())
        };
        let mut fresh = false;
        let mut races = 0;
        while races < RACES_MAX {
            // Without a cached state, assume nothing has happened yet: if that is wrong, the append collides.
            let base = held.take().unwrap_or_default();
            let mut draft = Draft::decide(&base, together);
            if draft.needs_fresh_state && !fresh {
                match self.load(key).await {
                    Ok(history) => *held = Some(history),
                    Err(error) => return fail(error),
                }
                fresh = true;
                continue;
            }
            if draft.is_empty() {
                let position = base.position;
                *held = Some(base);
                return Ok(draft.into_answers(position));
            }
            match self.0.readers.must_know(draft.newest).await {
                Ok(None) => {}
                Ok(Some(too_new)) => {
                    *held = Some(base);
                    return Err(Stumble::HeldBack(too_new));
                }
                Err(error) => return fail(error),
            }
            let subject = CommitSubject { key: key.clone(), owner: A::OWNER, revision: base.revision.next() };
            let previous = self.previous(key, &base);
            let bytes = Bytes::from(draft.take_commit(previous));
            if bytes.len() > BYTES_MAX {
                *held = Some(base);
                return Err(Stumble::TooLarge(bytes.len()));
            }
            let tip = Tip::of(&bytes, previous.is_some());
            match self.commit(lane_of(together), &subject, bytes).await {
                Ok(position) => {
                    let (state, commands) = (Arc::clone(&draft.state), std::mem::take(&mut draft.commands));
                    *held = Some(base.with(state, commands, draft.at, position).ending_in(Some(tip)));
                    return Ok(draft.into_answers(position));
                }
                Err(BrokerError::Exists { .. }) => match self.load_looking_for(key, &draft.commit_id).await {
                    Ok((history, ours)) => {
                        *held = Some(history);
                        if let Some(position) = ours {
                            return Ok(draft.into_answers(position));
                        }
                        fresh = true;
                        races += 1;
                        metrics::counter!("record_races_lost_total", "owner" => A::OWNER.as_str()).increment(1);
                    }
                    Err(error) => return fail(error),
                },
                Err(error) => return fail(error),
            }
        }
        Ok(together.iter().map(|_| Err(Refused::Contended)).collect())
    }

    /// What the next commit names as the one before it. A chain that has begun goes on, whoever writes; a new one begins when
    /// no writer is left that knows nothing of chains: its commits would look as if somebody had cut them off.
    fn previous(&self, key: &HistoryKey, base: &History<A>) -> Option<Sha256Sum> {
        let begun = base.tip.is_some_and(|tip| tip.linked);
        (begun || self.0.readers.know(CHAINED_SINCE))
            .then(|| base.tip.map_or_else(|| links::beginning(key, A::OWNER), |tip| tip.sha256))
    }

    /// Where it was stored.
    async fn commit(&self, lane: Lane, subject: &CommitSubject, bytes: Bytes) -> Result<u64, BrokerError> {
        let appender = self.0.appender.in_lane(lane);
        let mut repeats = 0;
        loop {
            match appender.append_commit(subject, bytes.clone()).await {
                Ok(position) => return Ok(position),
                Err(error) if error.is_transient() && repeats < REPEATS_MAX => repeats += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn load(&self, key: &HistoryKey) -> Result<History<A>, BrokerError> {
        Ok(self.load_looking_for(key, "").await?.0)
    }

    /// The history as it is, and where a commit of ours is in it, if it is. After a collision that one tells a lost
    /// acknowledgement from a lost race.
    async fn load_looking_for(
        &self,
        key: &HistoryKey,
        commit_id: &str,
    ) -> Result<(History<A>, Option<u64>), BrokerError> {
        let mut reads = 0;
        loop {
            let (commits, last) = self.0.broker.load_owner_with_last(key, A::OWNER).await?;
            let tip = commits.last().zip(last).map(|(stored, bytes)| Tip::stored(&stored.commit, &bytes));
            let history = History::<A>::replay(&commits)?.ending_in(tip);
            // On several replicas one that lags may have answered.
            if self.0.replicas <= 1 || self.is_last(key, history.revision).await? {
                let ours = commits.iter().find(|stored| stored.commit.commit_id == commit_id);
                return Ok((history, ours.map(|stored| stored.sequence)));
            }
            if reads == LAG_READS_MAX {
                let what = format!("load {key}: a replica lags at revision {}", history.revision);
                return Err(BrokerError::Unavailable { what, source: None });
            }
            reads += 1;
            tokio::time::sleep(LAG_WAIT).await;
        }
    }
}

/// Somebody waits for what comes of a command, and nobody for what comes of a commit or of an alarm.
fn lane_of<A: Aggregate>(together: &[Pending<A>]) -> Lane {
    let is_asked = |pending: &Pending<A>| matches!(pending.request.cause.kind, Some(cause::Kind::Command(_)));
    if together.iter().any(is_asked) { Lane::Asked } else { Lane::Followed }
}

fn hand_out<A: Aggregate>(together: Vec<Pending<A>>, answers: impl IntoIterator<Item = Settled<A>>) {
    for (pending, answer) in together.into_iter().zip(answers) {
        // Whoever asked may have gone away.
        let _ = pending.reply.send(answer);
    }
}

impl Stumble {
    fn into_answer<T, R>(self) -> std::thread::Result<Result<T, Refused<R>>> {
        match self {
            Self::Panic(panic) => Err(panic),
            Self::TooLarge(bytes) => Ok(Err(Refused::TooLarge(bytes))),
            Self::HeldBack(held) => Ok(Err(Refused::HeldBack(held))),
        }
    }
}
