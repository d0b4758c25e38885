//! Which case belongs to which outside reference: created once, then pointing for ever (D10).

use async_nats::jetstream::stream::{DirectGetErrorKind, Stream};
use async_recursion::async_recursion as boxed;
use proto::streams::REFS;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;

/// Name of the stream behind the bucket.
pub(crate) const REFS_STREAM: &str = "KV_refs";

/// The bucket of references.
#[derive(Clone, Debug)]
pub struct References {
    stream: Stream,
    appender: Appender,
}

/// What a reference points at, and its version for changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub target: String,
    pub version: u64,
}

impl References {
    /// # Errors
    /// The bucket is not there.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self { stream: broker.stream(REFS_STREAM).await?, appender: Appender::start(broker, REFS_STREAM).await? })
    }

    /// Points `key` at `target` if it points at nothing yet; otherwise says where it points.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn point(&self, key: &str, target: &str) -> Result<Result<u64, Reference>, BrokerError> {
        match self.appender.append(subject(key), target.as_bytes().to_vec()).await {
            Ok(version) => Ok(Ok(version)),
            Err(BrokerError::Exists { subject }) => match self.get(key).await? {
                Some(reference) => Ok(Err(reference)),
                None => Err(BrokerError::Unavailable { what: format!("read {subject}"), source: None }),
            },
            Err(error) => Err(error),
        }
    }

    /// Points `key` elsewhere, if nobody else did so meanwhile.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when somebody did; or the broker does not answer.
    #[boxed]
    pub async fn redirect(&self, key: &str, from: &Reference, target: &str) -> Result<u64, BrokerError> {
        self.appender.replace(subject(key), target.as_bytes().to_vec(), from.version).await
    }

    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn get(&self, key: &str) -> Result<Option<Reference>, BrokerError> {
        match self.stream.direct_get_last_for_subject(subject(key)).await {
            Ok(message) => Ok(Some(Reference {
                target: String::from_utf8_lossy(&message.payload).into_owned(),
                version: message.sequence,
            })),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(BrokerError::unavailable(format!("read reference {key}"), error)),
        }
    }
}

fn subject(key: &str) -> String {
    format!("$KV.{REFS}.{key}")
}
