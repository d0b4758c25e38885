//! The desk: where a request becomes a commit and an answer, for all three reasons a request can have.

use std::sync::Arc;

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
use tonic::Status;

use crate::refusal::{Refuse, Violation, broker_status, status_of};
use crate::{Caller, Station};

/// One service's book of histories, with its alarms.
pub struct Desk<A: Aggregate> {
    pub station: Station,
    book: Book<A>,
    alarms: Alarms,
}

impl<A: Aggregate> Clone for Desk<A> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), book: self.book.clone(), alarms: self.alarms.clone() }
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
        })
    }

    /// Somebody asks. Answered after the commit; the same `command_id` again gets the same answer again.
    ///
    /// # Errors
    /// Refused, with the code the rule maps to; UNAVAILABLE when the record is out of reach.
    pub async fn ask(
        &self,
        key: &HistoryKey,
        caller: &Caller,
        command_id: CommandId,
        charter: &Charter,
        command: A::Command,
    ) -> Result<Answered<A::Event>, Status> {
        let cause = Cause { kind: Some(cause::Kind::Command(command_id.to_string())) };
        let request = Request {
            command,
            cause,
            actor: caller.actor(),
            command_id: Some(command_id),
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

    /// A commit was followed, and asks for a decision here. A refusal is the end of it: there is nobody to answer.
    ///
    /// # Errors
    /// The record is out of reach; the message comes again.
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
        let now = self.station.now().max(alarm.due);
        let cause = Cause { kind: Some(cause::Kind::Deadline(alarm.due.to_wire())) };
        let nothing_due = match self.decide_unasked(&alarm.key, cause, charter, now, command(now)).await? {
            Reaction::Decided(answered) => answered.events.is_empty(),
            Reaction::Refused => true,
            // Its alarms have no history to be set for.
            Reaction::Filed => false,
        };
        if nothing_due {
            self.alarms.keep_on(&self.book, &alarm.key, alarm.due, |due| self.station.clock.to_real(due)).await?;
        }
        Ok(())
    }

    /// Effects of one's own commit start here: the state as it is now (never as it was at that commit), and the
    /// alarm set if this commit made it necessary.
    ///
    /// # Errors
    /// The record is out of reach; the message comes again.
    pub async fn follow_own(&self, stored: &StoredCommit) -> Result<Snapshot<A::State>, Failure> {
        let (key, revision) = (&stored.subject.key, stored.subject.revision);
        Ok(self.alarms.keep(&self.book, key, revision, |due| self.station.clock.to_real(due)).await?)
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
            charter_version: charter.version.clone(),
            at,
        };
        match self.book.decide(key, request).await {
            Ok(answered) => Ok(Reaction::Decided(answered)),
            Err(Refused::Rule(refusal)) => {
                metrics::counter!("reactions_refused_total", "rule" => refusal.rule()).increment(1);
                tracing::info!(%key, rule = refusal.rule(), %refusal, "a followed fact asks for nothing here");
                Ok(Reaction::Refused)
            }
            Err(Refused::Filed(key)) => {
                metrics::counter!("reactions_refused_total", "rule" => "filed").increment(1);
                tracing::info!(%key, "a followed fact asks for nothing of a filed case");
                Ok(Reaction::Filed)
            }
            Err(refused @ Refused::Full(_)) => Err(Failure::permanent(refused.to_string())),
            Err(refused @ (Refused::Contended | Refused::Broker(_))) => Err(Failure::transient(refused.to_string())),
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
/// Permanent: it is not one.
pub fn read_stored(delivered: &Delivered) -> Result<StoredCommit, Failure> {
    StoredCommit::read(delivered).map_err(Failure::permanent)
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

/// A command id of a request; without one a new one is made, and repeating is the sender's risk.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn command_id(text: &str) -> Result<CommandId, Status> {
    let made;
    let text = if text.is_empty() {
        made = uuid::Uuid::new_v4().to_string();
        &made
    } else {
        text
    };
    text.parse()
        .map_err(|error: ids::CommandIdError| Violation::new("command_id", "command-id", error.to_string()).into())
}

/// Subject of a case's history, for those who read and do not decide.
#[must_use]
pub fn is_case_of(subject: &CommitSubject, owner: Owner) -> bool {
    subject.owner == owner && subject.key.kind == ids::Kind::Case
}
