//! Which facts may be recorded: those that everybody knows who reads the record.
//!
//! The record has *forms*: each event says in which it came (`since`, where it is declared), and a version knows those up
//! to [`RECORD_FORM`]. The oldest form whose readers are admitted stands in the stream's metadata. Until an operator has
//! raised it, because every service runs a version that knows more, a version that could record more holds it back; so a
//! rollout can be undone at any time before. It is never lowered: what was recorded stays.

use std::sync::atomic::{AtomicU32, Ordering};

use async_nats::jetstream::stream::Config;
use async_recursion::async_recursion as boxed;
use proto::facts::RECORD_FORM;
use proto::streams::CASES;

use crate::broker::Broker;
use crate::error::BrokerError;

/// Name in the metadata of the stream.
const FORM: &str = "huying-readers-form";
/// Of a record that was made before it said so.
const FORM_UNSAID: u32 = 1;

/// An event that would be recorded and is not, because some readers may not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{event} is held back: it came with form {since} of the record, and readers of form {admitted} are still admitted; when \
     every service runs this version, `huying provision readers --raise` lets it through (HY-012)"
)]
pub struct HeldBack {
    pub event: &'static str,
    pub since: u32,
    pub admitted: u32,
}

/// What a writer knows of its readers.
#[derive(Debug)]
pub(crate) struct Readers {
    broker: Broker,
    admitted: AtomicU32,
}

impl Readers {
    pub(crate) async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        let admitted = AtomicU32::new(broker.readers_form().await?);
        Ok(Self { broker: broker.clone(), admitted })
    }

    /// Whether readers of older forms are gone, as far as is known without asking.
    pub(crate) fn know(&self, form: u32) -> bool {
        form <= self.admitted.load(Ordering::Relaxed)
    }

    /// Whether every reader knows this event. Asked again only where the answer was no: it is only ever raised.
    pub(crate) async fn must_know(&self, newest: Newest) -> Result<Option<HeldBack>, BrokerError> {
        if newest.since <= self.admitted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let admitted = self.broker.readers_form().await?;
        self.admitted.store(admitted, Ordering::Relaxed);
        if newest.since <= admitted {
            return Ok(None);
        }
        metrics::counter!("record_held_back_total", "event" => newest.event).increment(1);
        Ok(Some(HeldBack { event: newest.event, since: newest.since, admitted }))
    }
}

/// Of several events the one that came last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Newest {
    event: &'static str,
    since: u32,
}

impl Newest {
    pub(crate) fn or(self, event: &proto::record::v1::Event) -> Self {
        if event.since() > self.since { Self { event: event.name(), since: event.since() } } else { self }
    }
}

impl Broker {
    /// The oldest form of the record whose readers are admitted.
    ///
    /// # Errors
    /// The broker does not answer, or the record is not there.
    #[boxed]
    pub async fn readers_form(&self) -> Result<u32, BrokerError> {
        Ok(form_of(&self.stream(CASES).await?.cached_info().config))
    }

    /// From now on facts up to form `to` may be recorded. Returns whether that is news.
    ///
    /// # Errors
    /// This version does not know that form; or the broker refuses.
    #[boxed]
    pub async fn raise_readers_form(&self, to: u32) -> Result<bool, BrokerError> {
        let what = || format!("admit only readers of form {to} of the record");
        if to > RECORD_FORM {
            let description = format!("this version knows the record up to form {RECORD_FORM}");
            return Err(BrokerError::Rejected { what: what(), code: 0, description });
        }
        let mut config = self.stream(CASES).await?.cached_info().config.clone();
        if form_of(&config) >= to {
            return Ok(false);
        }
        config.metadata.insert(FORM.to_owned(), to.to_string());
        let updated = self.jetstream.update_stream(config).await;
        updated.map_err(|source| BrokerError::unavailable(what(), source))?;
        Ok(true)
    }
}

/// What the stream's configuration says, or what a new record begins with.
pub(crate) fn form_to_keep(before: Option<&Config>) -> (String, String) {
    (FORM.to_owned(), before.map_or(RECORD_FORM, form_of).to_string())
}

fn form_of(config: &Config) -> u32 {
    config.metadata.get(FORM).and_then(|form| form.parse().ok()).unwrap_or(FORM_UNSAID)
}
