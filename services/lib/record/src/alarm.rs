//! The broker keeps the clocks (D4): one scheduled message per history and owner, for its earliest open deadline.
//!
//! Setting it again replaces it. It may come early (the deadline moved) or for nothing (the case is closed): the
//! owner looks at its state and sets it again, or does not. Nothing is ever cancelled.

use async_nats::HeaderMap;
use async_nats::header::{NATS_SCHEDULE, NATS_SCHEDULE_TARGET};
use async_nats::jetstream::stream::DirectGetErrorKind;
use async_recursion::async_recursion as boxed;
use ids::{HistoryKey, Owner, Revision};
use jiff::Timestamp;
use proto::streams::TIMERS;
use proto::subjects::AlarmSubject;

use crate::append::Appender;
use crate::book::{Book, Snapshot};
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::follow::{Delivered, Failure};
use crate::history::Aggregate;

/// The alarms of one owner.
#[derive(Clone, Debug)]
pub struct Alarms {
    broker: Broker,
    owner: Owner,
    appender: Appender,
}

/// An alarm that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub key: HistoryKey,
    pub due: Timestamp,
}

impl Alarms {
    /// # Errors
    /// The stream of timers is not there.
    #[boxed]
    pub async fn open(broker: &Broker, owner: Owner) -> Result<Self, BrokerError> {
        Ok(Self { broker: broker.clone(), owner, appender: Appender::start(broker, TIMERS).await? })
    }

    /// Sets the alarm of `key` to `due`. `rings_at` is the same instant by the broker's clock, which differs while
    /// a story plays (D9). An instant that has passed rings at once.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn set(&self, key: &HistoryKey, due: Timestamp, rings_at: Timestamp) -> Result<(), BrokerError> {
        let subject = AlarmSubject { owner: self.owner, key: key.clone() };
        self.appender.send(subject.schedule(), due.to_string().into(), headers(&subject, rings_at)).await?;
        Ok(())
    }

    /// Sets the alarm that a history asks for, if it was the commit of revision `by` that made it necessary. `rings_at`
    /// turns an instant into the broker's. Returns the state it went by.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn set_after_commit<A: Aggregate>(
        &self,
        book: &Book<A>,
        key: &HistoryKey,
        by: Revision,
        rings_at: impl Fn(Timestamp) -> Timestamp,
    ) -> Result<Snapshot<A::State>, BrokerError> {
        let snapshot = book.snapshot(key, by).await?;
        if !matches!(snapshot.alarm, Some((_, set_at)) if set_at == by) {
            return Ok(snapshot);
        }
        self.set_and_look_again(book, key, snapshot, rings_at, |snapshot| snapshot.alarm.map(|(due, _)| due)).await
    }

    /// Sets the alarm that a history needs after the one due at `rang` has rung. Returns the state it went by.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn set_after_ringing<A: Aggregate>(
        &self,
        book: &Book<A>,
        key: &HistoryKey,
        rang: Timestamp,
        rings_at: impl Fn(Timestamp) -> Timestamp,
    ) -> Result<Snapshot<A::State>, BrokerError> {
        let snapshot = book.read(key).await?;
        self.set_and_look_again(book, key, snapshot, rings_at, |snapshot| {
            let standing = snapshot.alarm.map(|(due, _)| due).filter(|due| *due > rang);
            standing.or_else(|| A::next_deadline(&snapshot.state))
        })
        .await
    }

    /// A redelivery may come late, and another replica may set a newer alarm while ours is under way. So whoever has
    /// set one looks whether the record still asks for it: the last to set is then right.
    async fn set_and_look_again<A: Aggregate>(
        &self,
        book: &Book<A>,
        key: &HistoryKey,
        mut snapshot: Snapshot<A::State>,
        rings_at: impl Fn(Timestamp) -> Timestamp,
        wanted: impl Fn(&Snapshot<A::State>) -> Option<Timestamp>,
    ) -> Result<Snapshot<A::State>, BrokerError> {
        let mut set = None;
        loop {
            let due = match wanted(&snapshot) {
                Some(due) if set != Some(due) => due,
                Some(_) | None => return Ok(snapshot),
            };
            self.set(key, due, rings_at(due)).await?;
            set = Some(due);
            if book.is_last(key, snapshot.revision).await? {
                return Ok(snapshot);
            }
            snapshot = book.read(key).await?;
        }
    }
}

impl Alarms {
    /// Alarms of this owner that rang and that nobody has taken yet: when each was due, and when the broker rang it.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn rung(&self) -> Result<Vec<(Timestamp, Timestamp)>, BrokerError> {
        let what = || format!("read the timers of {}", self.owner);
        let stream = self.broker.stream(TIMERS).await?;
        let mut rung = Vec::new();
        let mut sequence = 0;
        loop {
            let next = stream
                .direct_get_builder()
                .sequence(sequence + 1)
                .next_by_subject(AlarmSubject::all_timers_of(self.owner))
                .send()
                .await;
            let message = match next {
                Ok(message) => message,
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => return Ok(rung),
                Err(error) => return Err(BrokerError::unavailable(what(), error)),
            };
            sequence = message.sequence;
            let corrupt = |source| BrokerError::Corrupt { subject: message.subject.to_string(), source };
            let due = read_due(&message.payload).map_err(corrupt)?;
            let rang = Timestamp::from_nanosecond(message.time.unix_timestamp_nanos())
                .map_err(|error| corrupt(Box::new(error)))?;
            rung.push((due, rang));
        }
    }
}

impl Alarm {
    /// Reads a timer message.
    ///
    /// # Errors
    /// Permanent: the message is not one of ours.
    pub fn read(delivered: &Delivered) -> Result<Self, Failure> {
        let subject: AlarmSubject = delivered.subject.parse().map_err(Failure::permanent)?;
        Ok(Self { key: subject.key, due: read_due(&delivered.payload).map_err(Failure::permanent)? })
    }
}

pub(crate) fn headers(subject: &AlarmSubject, rings_at: Timestamp) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_SCHEDULE, format!("@at {rings_at}"));
    headers.insert(NATS_SCHEDULE_TARGET, subject.timer());
    headers
}

pub(crate) fn read_due(payload: &[u8]) -> Result<Timestamp, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(payload)?.parse()?)
}
