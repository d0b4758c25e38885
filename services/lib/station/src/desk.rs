//! The desk: where a request becomes a commit and an answer, for all three reasons a request can have.

use std::sync::Arc;
use std::time::Duration;

use charter::Charter;
use ids::{CaseId, Code, CommandId, HistoryKey, Owner, Revision};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::record::v1::{Cause, cause};
use proto::subjects::CommitSubject;
use record::alarm::{Alarm, Alarms};
use record::book::Snapshot;
use record::follow::{Delivered, Failure};
use record::{Aggregate, Answered, Book, Refused, Request, StoredCommit, WireError};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tonic::Status;
use vocabulary::reference::{NotOpaque, number_free};

use crate::access::{Matter, Remembered};
use crate::refusal::{Refuse, Violation, broker_status, status_of};
use crate::{Caller, Station};

/// Of a digest kept in a commit: two requests of one sender never meet by chance.
const DIGEST_BYTES: usize = 16;

/// One service's book of histories, with its alarms.
pub struct Desk<A: Aggregate> {
    pub station: Station,
    book: Book<A>,
    alarms: Alarms,
    matters: Arc<Remembered>,
}

impl<A: Aggregate> Clone for Desk<A> {
    fn clone(&self) -> Self {
        Self {
            station: self.station.clone(),
            book: self.book.clone(),
            alarms: self.alarms.clone(),
            matters: Arc::clone(&self.matters),
        }
    }
}

impl<A: Aggregate<Refusal: Refuse>> Desk<A> {
    /// # Errors
    /// The broker is not provisioned.
    pub async fn open(station: &Station) -> anyhow::Result<Self> {
        Ok(Self {
            station: station.clone(),
            book: Book::open(&station.broker).await?,
            alarms: Alarms::open(&station.broker, A::OWNER).await?,
            matters: Arc::default(),
        })
    }

    /// Somebody asks. Answered after the commit; the same sender's command id again gets the same answer again.
    ///
    /// # Errors
    /// Refused, with the code the rule maps to; UNAVAILABLE when the record is out of reach.
    pub async fn ask(
        &self,
        key: &HistoryKey,
        caller: &Caller,
        named: Named,
        charter: &Charter,
        command: A::Command,
    ) -> Result<Answered<A::Event>, Status> {
        let cause = Cause { kind: Some(cause::Kind::Command(named.id.to_string())) };
        let request = Request {
            command,
            cause,
            actor: caller.actor(),
            command_id: Some(named.id),
            content_digest: named.digest,
            charter_version: charter.version.clone(),
            at: self.station.now(),
        };
        self.book.decide(key, request).await.map_err(status_of)
    }

    /// Somebody asks, and wants to see the rule that says no rather than its status.
    ///
    /// # Errors
    /// As the book says it.
    pub async fn offer(
        &self,
        key: &HistoryKey,
        request: Request<A::Command>,
    ) -> Result<Answered<A::Event>, Refused<A::Refusal>> {
        self.book.decide(key, request).await
    }

    /// As [`offer`](Self::offer), in one commit with what comes next for this history, if that comes within `patience`.
    ///
    /// # Errors
    /// As the book says it.
    pub async fn offer_with_the_next(
        &self,
        key: &HistoryKey,
        request: Request<A::Command>,
        patience: Duration,
    ) -> Result<Answered<A::Event>, Refused<A::Refusal>> {
        self.book.decide_with_the_next(key, request, patience).await
    }

    /// A commit was followed, and asks for a decision here. A refusal is the end of it: there is nobody to answer.
    ///
    /// # Errors
    /// Transient while the record is out of reach: the message comes again. Permanent when it can never be decided.
    pub async fn react(
        &self,
        key: &HistoryKey,
        to: &CommitSubject,
        charter: &Charter,
        command: A::Command,
    ) -> Result<(), Failure> {
        let cause = Cause { kind: Some(cause::Kind::Commit(to.to_string())) };
        self.decide_unasked(key, cause, charter, self.station.now(), command).await.map(|_| ())
    }

    /// An alarm rang. `command` gets `now`, which is never before the deadline even when our clock lags behind the
    /// broker's (D4). When nothing was due, the alarm is set again to what is.
    ///
    /// # Errors
    /// The record is out of reach; the alarm comes again.
    pub async fn ring(
        &self,
        alarm: &Alarm,
        charter: &Charter,
        command: impl FnOnce(Timestamp) -> A::Command,
    ) -> Result<(), Failure> {
        let now = self.station.this_second().max(alarm.due);
        let cause = Cause { kind: Some(cause::Kind::Deadline(alarm.due.to_wire())) };
        let nothing_due = match self.decide_unasked(&alarm.key, cause, charter, now, command(now)).await? {
            Reaction::Decided(answered) => answered.events.is_empty(),
            Reaction::Refused => true,
            // Its alarms have no history to be set for.
            Reaction::Filed => false,
        };
        if nothing_due {
            let to_real = |due| self.station.clock.to_real(due);
            self.alarms.set_after_ringing(&self.book, &alarm.key, alarm.due, to_real).await?;
        }
        Ok(())
    }

    /// What every commit of one's own leads to: the alarm is set if this commit made it necessary. Effects start from the
    /// answer, the state as it is now and never as it was at that commit.
    ///
    /// # Errors
    /// The record is out of reach; the message comes again.
    pub async fn after_own_commit(&self, stored: &StoredCommit) -> Result<Snapshot<A::State>, Failure> {
        let (key, revision) = (&stored.subject.key, stored.subject.revision);
        Ok(self.alarms.set_after_commit(&self.book, key, revision, |due| self.station.clock.to_real(due)).await?)
    }

    /// The state as the record has it now.
    ///
    /// # Errors
    /// UNAVAILABLE when the record is out of reach.
    pub async fn read(&self, key: &HistoryKey) -> Result<Snapshot<A::State>, Status> {
        self.book.read(key).await.map_err(|error| broker_status(&error))
    }

    /// The state as this process knows it: enough to fill a request up before it is decided, which finds out whether
    /// it was stale.
    ///
    /// # Errors
    /// UNAVAILABLE when it has to be loaded and the record is out of reach.
    pub async fn glance(&self, key: &HistoryKey) -> Result<Arc<A::State>, Status> {
        let known = self.book.snapshot(key, Revision::NONE.next()).await;
        Ok(known.map_err(|error| broker_status(&error))?.state)
    }

    /// Whom a case concerns, by what everybody has recorded about it.
    ///
    /// # Errors
    /// UNAVAILABLE when the record is out of reach.
    pub async fn matter(&self, key: &HistoryKey) -> Result<Arc<Matter>, Status> {
        let commits = self.station.broker.load(key).await.map_err(|error| broker_status(&error))?;
        Ok(self.matters.put(key, Matter::of_case(key, &commits)))
    }

    /// Whether `caller` may do this to a case. `charter` is the one of its district.
    ///
    /// # Errors
    /// As [`Caller::may`]; UNAVAILABLE when the record is out of reach.
    pub async fn may(
        &self,
        caller: &Caller,
        action: &'static str,
        key: &HistoryKey,
        charter: &Charter,
    ) -> Result<(), Status> {
        if self.matters.get(key).is_some_and(|known| caller.may(action, &known, charter).is_ok()) {
            return Ok(());
        }
        caller.may(action, &*self.matter(key).await?, charter)
    }

    /// As [`Desk::read`], for something followed.
    ///
    /// # Errors
    /// Transient while the record is out of reach, permanent when it holds what cannot be read.
    pub async fn read_to_follow(&self, key: &HistoryKey) -> Result<Snapshot<A::State>, Failure> {
        Ok(self.book.read(key).await?)
    }

    /// As [`Desk::glance`], for something followed.
    ///
    /// # Errors
    /// As [`Desk::read_to_follow`].
    pub async fn glance_to_follow(&self, key: &HistoryKey) -> Result<Arc<A::State>, Failure> {
        Ok(self.book.snapshot(key, Revision::NONE.next()).await?.state)
    }

    async fn decide_unasked(
        &self,
        key: &HistoryKey,
        cause: Cause,
        charter: &Charter,
        at: Timestamp,
        command: A::Command,
    ) -> Result<Reaction<A::Event>, Failure> {
        let request = Request {
            command,
            cause,
            actor: Caller::system().actor(),
            command_id: None,
            content_digest: Vec::new(),
            charter_version: charter.version.clone(),
            at,
        };
        match self.book.decide(key, request).await {
            Ok(answered) => Ok(Reaction::Decided(answered)),
            Err(Refused::Filed(key)) => {
                metrics::counter!("reactions_refused_total", "rule" => "filed").increment(1);
                tracing::info!(%key, "a followed fact asks for nothing of a filed case");
                Ok(Reaction::Filed)
            }
            Err(refused) => {
                let refusal = refused.rule_or_failure()?;
                metrics::counter!("reactions_refused_total", "rule" => refusal.rule()).increment(1);
                tracing::info!(%key, rule = refusal.rule(), %refusal, "a followed fact asks for nothing here");
                Ok(Reaction::Refused)
            }
        }
    }
}

/// What came of something that nobody asked for.
enum Reaction<E> {
    Decided(Answered<E>),
    Refused,
    Filed,
}

/// A followed message as the commit it is.
///
/// # Errors
/// Permanent: it is not one. Newer: it has a fact that this version does not know.
pub fn read_stored(delivered: &Delivered) -> Result<StoredCommit, Failure> {
    Ok(StoredCommit::read(delivered)?)
}

/// The events of a followed commit, in the follower's own words.
///
/// # Errors
/// Permanent: an event does not have the form its type promises.
pub fn events_of<A: Aggregate>(stored: &StoredCommit) -> Result<Vec<A::Event>, Failure> {
    stored
        .commit
        .decisions
        .iter()
        .flat_map(|decision| &decision.events)
        .map(|event| A::from_wire(event).map_err(|error: WireError| Failure::permanent(error)))
        .collect()
}

/// District and case id of a request, parsed at the edge.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn case_key(district: &str, case_id: &str) -> Result<(Code, CaseId, HistoryKey), Status> {
    let district: Code =
        district.parse().map_err(|error: ids::CodeError| Violation::new("district", "code", error.to_string()))?;
    let case: CaseId =
        case_id.parse().map_err(|error: ids::CaseIdError| Violation::new("case_id", "case-id", error.to_string()))?;
    let key = HistoryKey::case(district.clone(), &case);
    Ok((district, case, key))
}

/// A request under its sender's name for it, with a digest of what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: CommandId,
    digest: Vec<u8>,
}

/// A request's command id, and what it stands for; without one a new one is made, and repeating is the sender's risk.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn named(command_id: &str, request: &impl Serialize) -> Result<Named, Status> {
    let made;
    let text = if command_id.is_empty() {
        made = uuid::Uuid::new_v4().to_string();
        &made
    } else {
        command_id
    };
    let violation = |error: ids::CommandIdError| Violation::new("command_id", "command-id", error.to_string());
    let personal = |wrong: NotOpaque| Violation::new("command_id", "opaque-reference", wrong.to_string());
    number_free(text).map_err(personal)?;
    Ok(Named { id: text.parse().map_err(violation)?, digest: digest(request) })
}

/// The same of what is done in the asker's own name: a colleague who asks the same asks something else.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn named_by(command_id: &str, request: &impl Serialize, staff_ref: &str) -> Result<Named, Status> {
    named(command_id, &(request, staff_ref))
}

/// Enough to tell what was asked from what else could have been. It goes on the record, so the numbers that are masked there
/// are masked here before: nobody can find them by trying. What cannot be written down is refused for its field
/// anyway, and has none.
fn digest(request: &impl Serialize) -> Vec<u8> {
    let Ok(text) = serde_json::to_string(request) else { return Vec::new() };
    let digest = Sha256::digest(vocabulary::mask::mask(&text).0);
    digest.into_iter().take(DIGEST_BYTES).collect()
}

/// Where something was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// In the owner's part of the history.
    pub revision: u64,
    /// In the stream of the record.
    pub position: u64,
}

impl<E> From<Answered<E>> for Recorded {
    fn from(answered: Answered<E>) -> Self {
        Self { revision: answered.revision.0, position: answered.position }
    }
}

/// Subject of a case's history, for those who read and do not decide.
#[must_use]
pub fn is_case_of(subject: &CommitSubject, owner: Owner) -> bool {
    subject.owner == owner && subject.key.kind == ids::Kind::Case
}
