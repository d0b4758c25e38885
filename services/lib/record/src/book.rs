//! The mailbox of a case: where a command becomes a commit.
//!
//! Requests for one history queue up, are decided together on one state and committed once (D2), so that fifty
//! departments answering one call do not fight over a revision. At most one append per history and owner is under
//! way in a process (D1); a second process is held off by the revision in the subject.
//!
//! A cached state may be stale without any sign of it. So a refusal, or "nothing to do", counts only on a state
//! loaded in this very turn (D3). The opposite needs no such care: a commit decided on a stale state collides.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use ids::{CommandId, HistoryKey, Revision};
use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::record::v1::{Actor, Cause, Commit, Decision};
use proto::streams::CASES;
use proto::subjects::CommitSubject;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::history::{Aggregate, History};

/// Requests of one history decided together: a commit stays well below the largest message.
const DECIDED_TOGETHER_MAX: usize = 64;
/// Times a lost race is decided again before the caller hears of it.
const RACES_MAX: u32 = 5;
/// Times an append of unknown outcome is repeated, under the same commit id.
const REPEATS_MAX: u32 = 3;
/// Histories kept in memory; twice as many at most, because a generation is dropped at a time.
const CACHED_MAX: usize = 20_000;

/// A command and everything about it that goes on the record.
#[derive(Clone, Debug)]
pub struct Request<C> {
    pub command: C,
    pub cause: Cause,
    pub actor: Actor,
    /// Set when it came from outside; a repeat is answered with the first one's revision.
    pub command_id: Option<CommandId>,
    pub charter_version: String,
    pub at: Timestamp,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Answered<E> {
    /// Where it stands: the commit that holds it, or the last one when there was nothing to do.
    pub revision: Revision,
    pub at: Timestamp,
    /// The same command id was answered before.
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
    /// Others were faster, [`RACES_MAX`] times. Try again.
    #[error("others changed this at the same time; try again")]
    Contended,
    #[error("the record is out of reach")]
    Broker(#[source] Arc<BrokerError>),
}

/// A state with its place in history.
#[derive(Clone, Debug)]
pub struct Snapshot<S> {
    pub state: S,
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
    slots: Mutex<Slots<A>>,
    runners: TaskTracker,
}

struct Slots<A: Aggregate> {
    young: HashMap<HistoryKey, Arc<Slot<A>>>,
    old: HashMap<HistoryKey, Arc<Slot<A>>>,
}

struct Slot<A: Aggregate> {
    queue: Mutex<Queue<A>>,
    history: tokio::sync::Mutex<Option<History<A>>>,
}

struct Queue<A: Aggregate> {
    waiting: VecDeque<Pending<A>>,
    running: bool,
}

type Outcome<A> =
    Result<Answered<<A as decider::Decider>::Event>, Refused<<A as decider::Decider>::Refusal>>;

struct Pending<A: Aggregate> {
    request: Request<A::Command>,
    reply: oneshot::Sender<Outcome<A>>,
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
        let replicas = broker.stream(CASES).await?.cached_info().config.num_replicas;
        Ok(Self(Arc::new(Inner {
            broker: broker.clone(),
            appender: Appender::start(broker, CASES).await?,
            replicas,
            slots: Mutex::new(Slots { young: HashMap::new(), old: HashMap::new() }),
            runners: TaskTracker::new(),
        })))
    }

    /// Decides and records. Returns after the commit is durable.
    ///
    /// # Errors
    /// Refused by a rule, by the bound on a history, or because the record is out of reach.
    pub async fn decide(&self, key: &HistoryKey, request: Request<A::Command>) -> Outcome<A> {
        let slot = self.slot(key);
        let (reply, answer) = oneshot::channel();
        let start = {
            let mut queue = slot.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.waiting.push_back(Pending { request, reply });
            !std::mem::replace(&mut queue.running, true)
        };
        if start {
            // A task of its own: a caller that goes away must not take its neighbours' answers with it.
            let (book, key) = (self.clone(), key.clone());
            self.0.runners.spawn(async move { book.run(&key, &slot).await });
        }
        answer.await.unwrap_or_else(|_| Err(unreachable_record("the mailbox stopped")))
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
        let history = held.clone().unwrap_or_default();
        Ok(Snapshot {
            state: history.state,
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
        let slot = slots.old.remove(key).unwrap_or_else(|| {
            Arc::new(Slot {
                queue: Mutex::new(Queue { waiting: VecDeque::new(), running: false }),
                history: tokio::sync::Mutex::new(None),
            })
        });
        if slots.young.len() >= CACHED_MAX {
            slots.old = std::mem::take(&mut slots.young);
        }
        slots.young.insert(key.clone(), Arc::clone(&slot));
        slot
    }

    async fn run(&self, key: &HistoryKey, slot: &Slot<A>) {
        loop {
            let together = {
                let mut queue = slot.queue.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(first) = queue.waiting.front() else {
                    queue.running = false;
                    return;
                };
                // One commit stands under one charter version.
                let version = first.request.charter_version.clone();
                let count = queue
                    .waiting
                    .iter()
                    .take(DECIDED_TOGETHER_MAX)
                    .take_while(|pending| pending.request.charter_version == version)
                    .count();
                queue.waiting.drain(..count).collect::<Vec<_>>()
            };
            let mut held = slot.history.lock().await;
            self.settle(key, &mut held, together).await;
        }
    }

    /// One turn: decide all, append once, answer all.
    async fn settle(&self, key: &HistoryKey, held: &mut Option<History<A>>, together: Vec<Pending<A>>) {
        let mut fresh = false;
        for _ in 0..RACES_MAX {
            // Without a cached state, assume nothing has happened yet: if that is wrong, the append collides.
            let base = held.take().unwrap_or_default();
            let draft = Draft::decide(&base, &together);
            if draft.needs_fresh_state && !fresh {
                match self.load(key).await {
                    Ok(history) => *held = Some(history),
                    Err(error) => return fail(together, error),
                }
                fresh = true;
                continue;
            }
            if draft.decisions.is_empty() {
                *held = Some(base);
                return draft.answer(together);
            }
            match self.commit(key, &base, &draft).await {
                Ok(()) => {
                    *held = Some(base.with(&draft.events, draft.commands.clone(), draft.at));
                    return draft.answer(together);
                }
                Err(BrokerError::Exists { .. }) => match self.load_after_collision(key, &draft).await {
                    Ok((history, ours)) => {
                        *held = Some(history);
                        if ours {
                            return draft.answer(together);
                        }
                        fresh = true;
                        metrics::counter!("record_races_lost_total", "owner" => A::OWNER.as_str()).increment(1);
                    }
                    Err(error) => return fail(together, error),
                },
                Err(error) => return fail(together, error),
            }
        }
        for pending in together {
            let _ = pending.reply.send(Err(Refused::Contended));
        }
    }

    async fn commit(&self, key: &HistoryKey, base: &History<A>, draft: &Draft<A>) -> Result<(), BrokerError> {
        let subject = CommitSubject { key: key.clone(), owner: A::OWNER, revision: base.revision.next() }.to_string();
        let bytes = Commit {
            commit_id: draft.commit_id.clone(),
            at: Some(draft.at.to_wire()),
            charter_version: draft.charter_version.clone(),
            decisions: draft.decisions.clone(),
        }
        .encode_to_vec();
        let mut repeats = 0;
        loop {
            match self.0.appender.append(subject.clone(), bytes.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_transient() && repeats < REPEATS_MAX => repeats += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// After a collision: the history as it is, and whether the commit in our place is our own (a lost
    /// acknowledgement, not a lost race).
    async fn load_after_collision(
        &self,
        key: &HistoryKey,
        draft: &Draft<A>,
    ) -> Result<(History<A>, bool), BrokerError> {
        let commits = self.0.broker.load_owner(key, A::OWNER).await?;
        let ours = commits.iter().any(|stored| stored.commit.commit_id == draft.commit_id);
        Ok((History::replay(&commits)?, ours))
    }

    async fn load(&self, key: &HistoryKey) -> Result<History<A>, BrokerError> {
        let commits = self.0.broker.load_owner(key, A::OWNER).await?;
        let history = History::<A>::replay(&commits)?;
        if self.0.replicas > 1 {
            let leader = self.0.broker.last_revision_at_leader(key, A::OWNER).await?;
            if leader > history.revision {
                return Err(BrokerError::Unavailable {
                    what: format!("load {key}: a replica lags at revision {} of {leader}", history.revision),
                    source: None,
                });
            }
        }
        Ok(history)
    }
}

/// What a turn would record, and what it would answer.
struct Draft<A: Aggregate> {
    commit_id: String,
    at: Timestamp,
    charter_version: String,
    decisions: Vec<Decision>,
    events: Vec<A::Event>,
    commands: Vec<CommandId>,
    answers: Vec<Outcome<A>>,
    needs_fresh_state: bool,
}

impl<A: Aggregate> Draft<A> {
    fn decide(base: &History<A>, together: &[Pending<A>]) -> Self {
        let asked_at = together.iter().map(|pending| pending.request.at).max().unwrap_or_default();
        let mut draft = Self {
            commit_id: uuid::Uuid::now_v7().to_string(),
            // Time never runs backwards within a history, whatever the clocks of two processes say.
            at: base.at.map_or(asked_at, |last| last.max(asked_at)),
            charter_version: together.first().map(|first| first.request.charter_version.clone()).unwrap_or_default(),
            decisions: Vec::new(),
            events: Vec::new(),
            commands: Vec::new(),
            answers: Vec::new(),
            needs_fresh_state: false,
        };
        let mut state = base.state.clone();
        let next = base.revision.next();
        for Pending { request, .. } in together {
            let answer = draft.decide_one(base, &state, next, request);
            if let Ok(answered) = &answer {
                for event in &answered.events {
                    state = A::evolve(state, event);
                }
                draft.events.extend(answered.events.iter().cloned());
            }
            draft.answers.push(answer);
        }
        draft
    }

    fn decide_one(
        &mut self,
        base: &History<A>,
        state: &A::State,
        next: Revision,
        request: &Request<A::Command>,
    ) -> Outcome<A> {
        if let Some(command) = &request.command_id {
            let before = base.commands.get(command).copied();
            let now = self.commands.contains(command).then_some((next, self.at));
            if let Some((revision, at)) = before.or(now) {
                return Ok(Answered { revision, at, repeated: true, events: Vec::new() });
            }
        }
        if base.revision.0 >= A::REVISIONS_MAX && !A::is_ending(&request.command) {
            self.needs_fresh_state = true;
            return Err(Refused::Full(base.revision.0));
        }
        let events = A::decide(state, &request.command).map_err(|refusal| {
            self.needs_fresh_state = true;
            Refused::Rule(refusal)
        })?;
        if events.is_empty() {
            self.needs_fresh_state = true;
            return Ok(Answered { revision: base.revision, at: self.at, repeated: false, events });
        }
        self.decisions.push(Decision {
            cause: Some(request.cause.clone()),
            actor: Some(request.actor.clone()),
            command_id: request.command_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            events: events.iter().map(A::to_wire).collect(),
        });
        self.commands.extend(request.command_id.clone());
        Ok(Answered { revision: next, at: self.at, repeated: false, events })
    }

    fn answer(self, together: Vec<Pending<A>>) {
        for (pending, answer) in together.into_iter().zip(self.answers) {
            let _ = pending.reply.send(answer);
        }
    }
}

fn fail<A: Aggregate>(together: Vec<Pending<A>>, error: BrokerError) {
    let error = Arc::new(error);
    for pending in together {
        let _ = pending.reply.send(Err(Refused::Broker(Arc::clone(&error))));
    }
}

fn unreachable_record<R>(what: &str) -> Refused<R> {
    Refused::Broker(Arc::new(BrokerError::Unavailable { what: what.to_owned(), source: None }))
}
