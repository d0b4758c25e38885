//! What is known of the files that people sent, as the stream EVIDENCE keeps it: one message for each content of a district,
//! under its hash, and one for everything that is still to be done about one. The content itself is an object.
//!
//! Who names a file in a request says so here first, and records what was asked afterwards ([`Evidence::name`]); who
//! deletes what nobody has named says so here first, too. Both expect what they have read, so one of them is told that the
//! other was faster, and nothing that lies on the record is ever deleted.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use ids::Code;
use prost::Message;
use proto::intake::v1::{EvidenceState, EvidenceTask, KeptEvidence};
use proto::streams::EVIDENCE;
use proto::subjects::{EvidenceNote, EvidenceSubject};

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;

/// How often somebody else may have been faster with one file before it is given up.
const TURNS_MAX: usize = 5;
/// How long the message of something that is done stays, empty.
const DONE_STAYS: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Evidence {
    broker: Broker,
    stream: Stream,
    appender: Appender,
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub file: KeptEvidence,
    /// Position in EVIDENCE, for changing it.
    pub version: u64,
}

/// Something still to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct ToDo {
    pub subject: EvidenceSubject,
    pub task: EvidenceTask,
    version: u64,
}

impl Evidence {
    /// # Errors
    /// The stream is not there.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self {
            broker: broker.clone(),
            stream: broker.stream(EVIDENCE).await?,
            appender: Appender::start(broker, EVIDENCE).await?,
        })
    }

    /// What is known of the content with this hash, also once it is gone.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn get(&self, district: &Code, hash: &str) -> Result<Option<Known>, BrokerError> {
        let subject = known(district, hash);
        // The leader's word: what was acknowledged a moment ago may be asked for now.
        match self.stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => {
                let file = KeptEvidence::decode(message.payload).map_err(|source| corrupt(&subject, source))?;
                Ok(Some(Known { file, version: message.sequence }))
            }
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(BrokerError::unavailable(format!("read {subject}"), error)),
        }
    }

    /// Writes what is known of a file, where `before` still is what is known; nothing, for one that is new.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when somebody was faster; or the broker does not answer.
    #[boxed]
    pub async fn put(
        &self,
        district: &Code,
        hash: &str,
        file: &KeptEvidence,
        before: Option<u64>,
    ) -> Result<u64, BrokerError> {
        self.appender.replace(known(district, hash), file.encode_to_vec(), before.unwrap_or(0)).await
    }

    /// Says that a request names a file, which therefore stays: before what was asked is recorded. `None`: there is none
    /// of this hash, or it is gone.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn name(&self, district: &Code, hash: &str) -> Result<Option<KeptEvidence>, BrokerError> {
        for _ in 0..TURNS_MAX {
            let Some(Known { mut file, version }) = self.get(district, hash).await? else { return Ok(None) };
            match file.state() {
                EvidenceState::Named => return Ok(Some(file)),
                EvidenceState::Gone | EvidenceState::Unspecified => return Ok(None),
                EvidenceState::Waiting => file.set_state(EvidenceState::Named),
            }
            match self.put(district, hash, &file, Some(version)).await {
                Ok(_) => return Ok(Some(file)),
                Err(BrokerError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let what = format!("name {}, which others change as well", known(district, hash));
        Err(BrokerError::Unavailable { what, source: None })
    }

    /// Everything of this sort that is still to be done.
    ///
    /// # Errors
    /// The broker does not answer, or something there is none of these.
    #[boxed]
    pub async fn to_do(&self, note: EvidenceNote) -> Result<Vec<ToDo>, BrokerError> {
        let stored = self.broker.stored(EVIDENCE, &note.of_all(), 1).await?;
        let left = stored.into_iter().filter(|message| !message.payload.is_empty());
        left.map(|message| {
            let subject = message.subject.parse().map_err(|source| corrupt(&message.subject, source))?;
            let task = EvidenceTask::decode(message.payload).map_err(|source| corrupt(&message.subject, source))?;
            Ok(ToDo { subject, task, version: message.sequence })
        })
        .collect()
    }

    /// Writes down what is to be done, in place of what was written down under the same name.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn note(&self, subject: &EvidenceSubject, task: &EvidenceTask) -> Result<(), BrokerError> {
        self.appender.send(subject.to_string(), task.encode_to_vec().into(), HeaderMap::new()).await.map(|_| ())
    }

    /// It is done, unless it was written down anew meanwhile.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn done(&self, todo: &ToDo) -> Result<(), BrokerError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, todo.version.to_string());
        headers.insert(NATS_MESSAGE_TTL, format!("{}s", DONE_STAYS.as_secs()));
        match self.appender.send(todo.subject.to_string(), Bytes::new(), headers).await {
            Ok(_) | Err(BrokerError::Exists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn known(district: &Code, hash: &str) -> String {
    EvidenceSubject { note: EvidenceNote::Known, district: district.clone(), name: hash.to_owned() }.to_string()
}

fn corrupt(subject: &str, source: impl std::error::Error + Send + Sync + 'static) -> BrokerError {
    BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) }
}
