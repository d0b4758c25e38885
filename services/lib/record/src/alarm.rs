//! The broker keeps the clocks (D4): one scheduled message per history and owner, for its earliest open deadline.
//!
//! Setting it again replaces it. It may come early (the deadline moved) or for nothing (the case is closed): the
//! owner looks at its state and sets it again, or does not. Nothing is ever cancelled.

use async_nats::HeaderMap;
use async_nats::header::{NATS_SCHEDULE, NATS_SCHEDULE_TARGET};
use ids::{HistoryKey, Owner};
use jiff::Timestamp;
use proto::streams::TIMERS;
use proto::subjects::AlarmSubject;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::follow::{Delivered, Failure};

/// The alarms of one owner.
#[derive(Clone, Debug)]
pub struct Alarms {
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
    pub async fn open(broker: &Broker, owner: Owner) -> Result<Self, BrokerError> {
        Ok(Self { owner, appender: Appender::start(broker, TIMERS).await? })
    }

    /// Sets the alarm of `key` to `due`. `rings_at` is the same instant by the broker's clock, which differs while
    /// a story plays (D9). An instant that has passed rings at once.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn set(&self, key: &HistoryKey, due: Timestamp, rings_at: Timestamp) -> Result<(), BrokerError> {
        let subject = AlarmSubject { owner: self.owner, key: key.clone() };
        self.appender.send(subject.schedule(), due.to_string().into_bytes(), headers(&subject, rings_at)).await?;
        Ok(())
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
