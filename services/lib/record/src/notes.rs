//! What a service writes down for itself, and for whoever takes over from it: small documents by key, each written on the
//! version that it was made from. No part of the record.

use async_nats::jetstream::stream::{DirectGetErrorKind, Stream};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use futures::TryStreamExt;
use proto::streams::WEBHOOKS;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;

/// Name of the stream behind the bucket.
pub(crate) const WEBHOOKS_STREAM: &str = "KV_webhooks";

/// The bucket of webhooks.
#[derive(Clone, Debug)]
pub struct Notes {
    stream: Stream,
    appender: Appender,
}

/// A document, and its version for changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub content: Bytes,
    pub version: u64,
}

/// What a document is written on when there is none yet.
pub const NO_NOTE: u64 = 0;

impl Notes {
    /// Those of the webhooks.
    ///
    /// # Errors
    /// The bucket is not there.
    #[boxed]
    pub async fn of_webhooks(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self {
            stream: broker.stream(WEBHOOKS_STREAM).await?,
            appender: Appender::start(broker, WEBHOOKS_STREAM).await?,
        })
    }

    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn get(&self, key: &str) -> Result<Option<Note>, BrokerError> {
        match self.stream.direct_get_last_for_subject(subject(key)).await {
            Ok(message) => Ok(Some(Note { content: message.payload, version: message.sequence })),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(BrokerError::unavailable(format!("read note {key}"), error)),
        }
    }

    /// Writes a document on this version of it, and says which version it is then.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when it is another version meanwhile; or the broker does not answer.
    #[boxed]
    pub async fn put(&self, key: &str, content: Vec<u8>, on: u64) -> Result<u64, BrokerError> {
        self.appender.replace(subject(key), content, on).await
    }

    /// Takes this version of a document away. One that has another version by now stays.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn forget(&self, version: u64) -> Result<(), BrokerError> {
        match self.stream.delete_message(version).await {
            Ok(_) => Ok(()),
            // It is gone already, or was written anew.
            Err(error) if error.to_string().contains("no message found") => Ok(()),
            Err(error) => Err(BrokerError::unavailable(format!("forget note {version}"), error)),
        }
    }

    /// Keys that begin so, with what follows the beginning; `below` ends in a dot.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn keys(&self, below: &str) -> Result<Vec<String>, BrokerError> {
        let unread = |what: &str| format!("list notes below {below}{what}");
        let beginning = subject(below);
        let found = self.stream.info_with_subjects(format!("{beginning}>")).await;
        let found = found.map_err(|error| BrokerError::unavailable(unread(""), error))?;
        let subjects: Vec<(String, usize)> =
            found.try_collect().await.map_err(|error| BrokerError::unavailable(unread(", further on"), error))?;
        let mut keys: Vec<String> = subjects
            .into_iter()
            .filter_map(|(subject, _)| Some(subject.strip_prefix(&beginning)?.to_owned()))
            .collect();
        keys.sort();
        Ok(keys)
    }
}

fn subject(key: &str) -> String {
    format!("$KV.{WEBHOOKS}.{key}")
}
