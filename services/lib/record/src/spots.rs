//! What was handled where, as the stream SPOTS keeps it: one message for each case at each place, replaced when the case
//! moves on, gone by itself when it is too long ago. It is a copy of what is on the record, kept where one look-up
//! finds it.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL};
use async_nats::jetstream::stream::{DirectGetErrorKind, Stream};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use prost::Message;
use proto::dispatch::v1::Spot;
use proto::streams::SPOTS;
use proto::subjects::SpotSubject;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;

/// Messages that one look-up returns; the server refuses it when more would match.
const FOUND_MAX: u64 = 1024;
/// What it says then.
const CODE_TOO_MANY: u64 = 413;
/// How often somebody else may have been faster with one message before it is given up.
const TURNS_MAX: usize = 5;

#[derive(Clone, Debug)]
pub struct Spots {
    broker: Broker,
    stream: Stream,
    appender: Appender,
}

/// A case at a place, as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub subject: SpotSubject,
    /// Position in SPOTS.
    pub sequence: u64,
    pub spot: Spot,
}

impl Spots {
    /// # Errors
    /// The stream is not there.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self {
            broker: broker.clone(),
            stream: broker.stream(SPOTS).await?,
            appender: Appender::start(broker, SPOTS).await?,
        })
    }

    /// Everything under any of `filters`, from one request; none if that is more than one answer holds.
    ///
    /// # Errors
    /// The broker does not answer, or something stored there is not a spot.
    #[boxed]
    pub async fn find(&self, filters: &[String]) -> Result<Option<Vec<Known>>, BrokerError> {
        let last_of_each = |from| serde_json::json!({ "multi_last": filters, "seq": from, "batch": FOUND_MAX });
        let messages = match self.broker.pages(SPOTS, "look a place up", 1, last_of_each).await {
            Ok(messages) => messages,
            Err(BrokerError::Rejected { code: CODE_TOO_MANY, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let known = messages.into_iter().map(|message| {
            let subject = message.subject.parse().map_err(|source| corrupt(&message.subject, source))?;
            Ok(Known { subject, sequence: message.sequence, spot: read(&message.subject, &message.payload)? })
        });
        known.collect::<Result<_, _>>().map(Some)
    }

    /// Puts `spot` where it belongs for as long as it `stays`, unless something newer is there. Returns where in the
    /// stream the message is that then holds.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn put(&self, subject: &SpotSubject, spot: &Spot, stays: Duration) -> Result<u64, BrokerError> {
        let name = subject.to_string();
        // What has only just come to be somewhere has nothing there to look for.
        let mut expected = if spot.changed == spot.assigned { Err(0) } else { self.standing(&name, spot).await? };
        for _ in 0..TURNS_MAX {
            let last = match expected {
                Ok(newer) => return Ok(newer),
                Err(last) => last,
            };
            let mut headers = HeaderMap::new();
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, last.to_string());
            headers.insert(NATS_MESSAGE_TTL, format!("{}s", stays.as_secs().max(1)));
            match self.appender.send(name.clone(), spot.encode_to_vec().into(), headers).await {
                Err(BrokerError::Exists { .. }) => expected = self.standing(&name, spot).await?,
                stored => return stored,
            }
        }
        Err(BrokerError::Unavailable { what: format!("write {name}, which others write as well"), source: None })
    }

    /// Where something as new as `spot` is stored; or else the sequence of what it replaces, 0 if nothing is there.
    async fn standing(&self, name: &str, spot: &Spot) -> Result<Result<u64, u64>, BrokerError> {
        match self.stream.direct_get_last_for_subject(name).await {
            Ok(message) => {
                let there = read(name, &message.payload)?;
                Ok(if there.changed >= spot.changed { Ok(message.sequence) } else { Err(message.sequence) })
            }
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(Err(0)),
            Err(error) => Err(BrokerError::unavailable(format!("read {name}"), error)),
        }
    }
}

fn read(subject: &str, payload: &Bytes) -> Result<Spot, BrokerError> {
    Spot::decode(payload.clone()).map_err(|source| corrupt(subject, source))
}

fn corrupt(subject: &str, source: impl std::error::Error + Send + Sync + 'static) -> BrokerError {
    BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) }
}
