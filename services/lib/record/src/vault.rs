//! What is kept of people, sealed, and the keys to it, each under a subject of its own (D8). What is erased here is overwritten
//! on disk: the server writes noise over a message that is deleted by its number.

use async_nats::jetstream::stream::{DirectGetErrorKind, LastRawMessageErrorKind, Stream};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use proto::streams::{KEYS, VAULT};
use proto::subjects::PersonSubject;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;

/// Times a message is looked for again that somebody else wrote meanwhile, before it is said to be still there.
const TRIES_MAX: u32 = 8;

/// Both streams, for the one service that keeps people.
#[derive(Clone, Debug)]
pub struct Vault {
    sealed: Shelf,
    keys: Shelf,
}

#[derive(Clone, Debug)]
struct Shelf {
    stream: Stream,
    appender: Appender,
    subject: fn(&str) -> String,
}

impl Vault {
    /// # Errors
    /// A stream is not there.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self {
            sealed: Shelf::open(broker, VAULT, PersonSubject::sealed).await?,
            keys: Shelf::open(broker, KEYS, PersonSubject::key).await?,
        })
    }

    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn key(&self, name: &str) -> Result<Option<Bytes>, BrokerError> {
        Ok(self.keys.get(name).await?.map(|(key, _)| key))
    }

    /// Keeps a key under a name that has none; otherwise says which it has.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn keep_key(&self, name: &str, key: Vec<u8>) -> Result<Bytes, BrokerError> {
        let kept = Bytes::from(key);
        match self.keys.appender.append((self.keys.subject)(name), kept.clone()).await {
            Ok(_) => Ok(kept),
            Err(BrokerError::Exists { subject }) => {
                let known = self.key(name).await?;
                known.ok_or_else(|| BrokerError::Unavailable { what: format!("read {subject}"), source: None })
            }
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn sealed(&self, name: &str) -> Result<Option<Bytes>, BrokerError> {
        Ok(self.sealed.get(name).await?.map(|(sealed, _)| sealed))
    }

    /// Keeps what is sealed, in place of what was.
    ///
    /// # Errors
    /// The broker does not answer, or somebody keeps something else at the same time.
    #[boxed]
    pub async fn keep_sealed(&self, name: &str, sealed: Vec<u8>) -> Result<(), BrokerError> {
        let version = self.sealed.get(name).await?.map_or(0, |(_, version)| version);
        self.sealed.appender.replace((self.sealed.subject)(name), sealed, version).await.map(|_| ())
    }

    /// Takes a key away for good, and with it what it opens; and what it opened.
    ///
    /// # Errors
    /// The broker does not answer, or does not let this user.
    #[boxed]
    pub async fn erase(&self, name: &str) -> Result<(), BrokerError> {
        self.keys.erase(name).await?;
        self.sealed.erase(name).await
    }
}

impl Shelf {
    async fn open(broker: &Broker, name: &'static str, subject: fn(&str) -> String) -> Result<Self, BrokerError> {
        let (stream, appender) = (broker.stream(name).await?, Appender::start(broker, name).await?);
        Ok(Self { stream, appender, subject })
    }

    async fn get(&self, name: &str) -> Result<Option<(Bytes, u64)>, BrokerError> {
        match self.stream.direct_get_last_for_subject((self.subject)(name)).await {
            Ok(message) => Ok(Some((message.payload, message.sequence))),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(BrokerError::unavailable(format!("read {}", (self.subject)(name)), error)),
        }
    }

    async fn erase(&self, name: &str) -> Result<(), BrokerError> {
        let what = || format!("erase {}", (self.subject)(name));
        for _ in 0..TRIES_MAX {
            // Of the leader: a replica may still have what is gone, and not yet what has come.
            let last = match self.stream.get_last_raw_message_by_subject(&(self.subject)(name)).await {
                Ok(message) => message.sequence,
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    return Ok(());
                }
                Err(error) => return Err(BrokerError::unavailable(what(), error)),
            };
            // Without `no_erase`: the bytes are overwritten.
            if let Err(error) = self.stream.delete_message(last).await {
                tracing::debug!(%error, "somebody else erased it, or it cannot be");
                if self.get(name).await?.is_some() {
                    return Err(BrokerError::unavailable(what(), error));
                }
            }
        }
        Err(BrokerError::Unavailable { what: what(), source: None })
    }
}
