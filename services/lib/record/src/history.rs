//! A history folded into what the next decision needs.

use std::collections::HashMap;
use std::sync::Arc;

use decider::Decider;
use ids::{CommandId, Owner, Revision};
use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::record::v1::{Actor, Event};

use crate::error::BrokerError;
use crate::links::Tip;
use crate::load::StoredCommit;

/// Who decided what names no actor.
static NOBODY: Actor = Actor { role: 0, party: String::new(), staff_ref: String::new() };

/// How far the clock that stamped a commit may be behind the broker's, which rings the alarms.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(5);

/// A decider whose events are kept in the record by one owner.
pub trait Aggregate:
    Decider<
        State: Send + Sync,
        Command: Send + Sync,
        Event: Clone + Send + Sync,
        Refusal: Clone + std::fmt::Debug + std::fmt::Display + Send + Sync,
    > + 'static
{
    const OWNER: Owner;
    /// Commits this owner may add to one history before only an ending is taken. All owners together stay below
    /// what one load returns.
    const REVISIONS_MAX: u64;

    fn to_wire(event: &Self::Event) -> Event;

    /// # Errors
    /// The event is of another owner, or a field does not fit.
    fn from_wire(event: &Event) -> Result<Self::Event, WireError>;

    /// The earliest deadline that is still open, if any.
    fn next_deadline(state: &Self::State) -> Option<Timestamp>;

    /// Whether the command leads to an end, and so is taken even when the history is full.
    fn is_ending(command: &Self::Command) -> bool;
}

/// A stored event does not have the form its type promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {problem}")]
pub struct WireError {
    pub field: &'static str,
    pub problem: String,
}

impl WireError {
    pub fn new(field: &'static str, problem: impl std::fmt::Display) -> Self {
        Self { field, problem: problem.to_string() }
    }
}

/// The alarm a history asks for, as a function of its commits alone: whoever replays it sets the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub due: Timestamp,
    /// The commit that made it necessary to set it.
    pub set_at: Revision,
}

/// A request from outside, by its sender's name for it: two senders may use the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sent {
    role: i32,
    party: String,
    /// Whoever acts for no party stands for themselves; colleagues share their party's names.
    staff_ref: String,
    id: CommandId,
}

impl Sent {
    pub fn by(actor: &Actor, id: CommandId) -> Self {
        let staff_ref = if actor.party.is_empty() { actor.staff_ref.clone() } else { String::new() };
        Self { role: actor.role, party: actor.party.clone(), staff_ref, id }
    }
}

/// Where a request was answered, and what it asked for: empty, where that was not written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub revision: Revision,
    pub position: u64,
    pub at: Timestamp,
    pub digest: Vec<u8>,
}

pub(crate) struct History<A: Aggregate> {
    /// Shared with whoever looks at it.
    pub state: Arc<A::State>,
    pub revision: Revision,
    /// Of the last commit, in the stream.
    pub position: u64,
    /// Requests from outside that are answered already (D2).
    pub commands: HashMap<Sent, Taken>,
    pub alarm: Option<Alarm>,
    /// When the last commit was decided.
    pub at: Option<Timestamp>,
    /// The last commit, for the next one to name.
    pub tip: Option<Tip>,
}

impl<A: Aggregate> Default for History<A> {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            revision: Revision::NONE,
            position: 0,
            commands: HashMap::new(),
            alarm: None,
            at: None,
            tip: None,
        }
    }
}

impl<A: Aggregate> Clone for History<A> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            revision: self.revision,
            position: self.position,
            commands: self.commands.clone(),
            alarm: self.alarm,
            at: self.at,
            tip: self.tip,
        }
    }
}

impl<A: Aggregate> History<A> {
    pub fn replay(commits: &[StoredCommit]) -> Result<Self, BrokerError> {
        commits.iter().try_fold(Self::default(), |history, stored| {
            let corrupt =
                |source| BrokerError::Corrupt { subject: stored.subject.to_string(), source: Box::new(source) };
            let next = history.revision.next();
            if stored.subject.revision != next {
                return Err(corrupt(WireError::new("revision", format!("{next} is missing before it"))));
            }
            stored.must_be_known()?;
            history.with_stored(stored).map_err(corrupt)
        })
    }

    /// Its last commit is this one.
    pub fn ending_in(self, tip: Option<Tip>) -> Self {
        Self { tip, ..self }
    }

    /// Adds a commit as it is stored.
    fn with_stored(mut self, stored: &StoredCommit) -> Result<Self, WireError> {
        let commit = &stored.commit;
        let at = commit.at.time().map_err(|error| WireError::new("at", error))?;
        let mut events = Vec::new();
        let mut commands = Vec::new();
        for decision in &commit.decisions {
            if !decision.command_id.is_empty() {
                let id = decision.command_id.parse().map_err(|error| WireError::new("command_id", error))?;
                let actor = decision.actor.as_ref().unwrap_or(&NOBODY);
                commands.push((Sent::by(actor, id), decision.content_digest.clone()));
            }
            for event in &decision.events {
                events.push(A::from_wire(event)?);
            }
        }
        let state = evolved::<A>(std::mem::take(&mut self.state), &events);
        Ok(self.with(state, commands, at, stored.sequence))
    }

    /// Adds a commit as it was decided and stored, `state` being what it left behind.
    pub fn with(mut self, state: Arc<A::State>, commands: Vec<(Sent, Vec<u8>)>, at: Timestamp, position: u64) -> Self {
        self.revision = self.revision.next();
        self.position = position;
        self.at = Some(at);
        for (sent, digest) in commands {
            self.commands.insert(sent, Taken { revision: self.revision, position, at, digest });
        }
        self.state = state;
        // An alarm that has passed has fired, or may have by a clock that is ahead of ours: whatever is open now
        // needs a new one. One alarm too many does no harm.
        let standing = self.alarm.filter(|alarm| alarm.due.duration_since(at) > CLOCKS_APART);
        self.alarm = match (A::next_deadline(&self.state), standing) {
            // An earlier alarm than needed does no harm: it comes, finds nothing due, and is set again.
            (Some(due), Some(alarm)) if alarm.due <= due => Some(alarm),
            (Some(due), _) => Some(Alarm { due, set_at: self.revision }),
            (None, standing) => standing,
        };
        self
    }
}

/// What `events` make of a state; copied only if somebody else looks at it.
pub(crate) fn evolved<A: Aggregate>(state: Arc<A::State>, events: &[A::Event]) -> Arc<A::State> {
    if events.is_empty() {
        return state;
    }
    Arc::new(events.iter().fold(Arc::unwrap_or_clone(state), A::evolve))
}
