//! Messages that could not be handled, each kept once so that a person can look and decide.

use async_nats::jetstream::stream::DeleteMessageErrorKind;
use async_nats::jetstream::{self, ErrorCode};
use async_recursion::async_recursion as boxed;
use futures::StreamExt;
use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::record::v1::{DeadLetter, LetterEnd, LetterFate};
use proto::streams::{DLQ, RETRY};
use proto::subjects::{DeadLetterSubject, LetterPosition};

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::follow::Delivered;
use crate::load::StoredMessage;

/// Characters of a chain of causes that are kept.
const WHY_LENGTH_MAX: usize = 4000;

/// Letters handed back at the same time: enough to share the disk's flushes.
const RETRIES_AT_ONCE: usize = 64;

/// What the server says of a message that it does not have.
const TEXT_GONE: &str = "no message found";

/// The dead-letter stream.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    broker: Broker,
    appender: Appender,
}

/// Who decides about a letter, and why.
#[derive(Clone, Debug)]
pub struct Operator {
    pub by: String,
    pub reason: String,
}

/// A letter where it is kept.
#[derive(Clone, Debug)]
pub struct Letter {
    pub content: DeadLetter,
    pub position: LetterPosition,
    /// Its place in the stream of letters.
    kept_at: u64,
}

impl DeadLetters {
    /// # Errors
    /// The stream is not there.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self { broker: broker.clone(), appender: Appender::start(broker, DLQ).await? })
    }

    pub(crate) async fn bury(&self, consumer: &str, delivered: &Delivered, why: &str) -> Result<(), BrokerError> {
        let position = LetterPosition { sequence: delivered.sequence, attempt: delivered.attempt };
        let subject = DeadLetterSubject { consumer: consumer.to_owned(), position };
        let letter = DeadLetter {
            consumer: consumer.to_owned(),
            subject: delivered.subject.clone(),
            stream_sequence: delivered.sequence,
            error: why.chars().take(WHY_LENGTH_MAX).collect(),
            deliveries: delivered.deliveries,
            at: Some(real_now().to_wire()),
            payload: delivered.payload.to_vec(),
            attempt: delivered.attempt,
        };
        match self.appender.append(subject.to_string(), letter.encode_to_vec()).await {
            Ok(_) | Err(BrokerError::Exists { .. }) => {
                metrics::counter!("record_dead_letters_total", "consumer" => consumer.to_owned()).increment(1);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn list(&self) -> Result<Vec<Letter>, BrokerError> {
        let messages = self.broker.stored(DLQ, DeadLetterSubject::ALL, 1).await?;
        let read = |message: StoredMessage| {
            let content = DeadLetter::decode(message.payload)
                .map_err(|source| BrokerError::Corrupt { subject: message.subject, source: Box::new(source) })?;
            let position = LetterPosition { sequence: content.stream_sequence, attempt: content.attempt.max(1) };
            Ok(Letter { content, position, kept_at: message.sequence })
        };
        messages.into_iter().map(read).collect()
    }

    /// What was decided about those that are gone, oldest first.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn ends(&self) -> Result<Vec<LetterEnd>, BrokerError> {
        let messages = self.broker.stored(DLQ, DeadLetterSubject::ALL_ENDS, 1).await?;
        let read = |message: StoredMessage| {
            LetterEnd::decode(message.payload)
                .map_err(|source| BrokerError::Corrupt { subject: message.subject, source: Box::new(source) })
        };
        messages.into_iter().map(read).collect()
    }

    /// Hands letters back to whoever gave them up, writes down who did, and takes them from the list. `done` hears of each.
    ///
    /// Queued first and taken from the list then: who is stopped in between has it handled twice, which changes nothing.
    /// One that fails again is a new letter, of the next attempt, so that neither can hide the other.
    ///
    /// # Errors
    /// The broker does not answer. Those of which `done` has not heard are still there.
    pub async fn retry(
        &self,
        letters: &[Letter],
        operator: &Operator,
        mut done: impl FnMut(&Letter),
    ) -> Result<(), BrokerError> {
        let queue = Appender::start(&self.broker, RETRY).await?;
        let handed_back = futures::stream::iter(letters).map(|letter| {
            let queue = &queue;
            async move {
                let next = LetterPosition { attempt: letter.position.attempt + 1, ..letter.position };
                let subject = DeadLetterSubject { consumer: letter.content.consumer.clone(), position: next };
                let content = DeadLetter { attempt: next.attempt, ..letter.content.clone() };
                match queue.append(subject.retry(), content.encode_to_vec()).await {
                    // It waits there already: whoever handed it back before was stopped in between.
                    Ok(_) | Err(BrokerError::Exists { .. }) => {}
                    Err(error) => return Err(error),
                }
                self.end(letter, LetterFate::HandedBack, operator).await?;
                Ok(letter)
            }
        });
        let mut handed_back = handed_back.buffered(RETRIES_AT_ONCE);
        while let Some(letter) = handed_back.next().await {
            done(letter?);
        }
        Ok(())
    }

    /// Takes a letter from the list for good, and writes down who did and why: what it should have caused never happens.
    ///
    /// # Errors
    /// The broker does not answer, or may not delete for us.
    #[boxed]
    pub async fn drop(&self, letter: &Letter, operator: &Operator) -> Result<(), BrokerError> {
        self.end(letter, LetterFate::Dropped, operator).await
    }

    async fn end(&self, letter: &Letter, fate: LetterFate, operator: &Operator) -> Result<(), BrokerError> {
        let subject = DeadLetterSubject { consumer: letter.content.consumer.clone(), position: letter.position };
        let end = LetterEnd {
            letter: Some(DeadLetter { payload: Vec::new(), ..letter.content.clone() }),
            fate: fate.into(),
            by: operator.by.clone(),
            reason: operator.reason.clone(),
            at: Some(real_now().to_wire()),
        };
        match self.appender.append(subject.end(), end.encode_to_vec()).await {
            // Whoever was faster has decided.
            Ok(_) | Err(BrokerError::Exists { .. }) => self.remove(letter).await,
            Err(error) => Err(error),
        }
    }

    async fn remove(&self, letter: &Letter) -> Result<(), BrokerError> {
        let what = || format!("remove the dead letter {} {}", letter.content.consumer, letter.position);
        let stream = self.broker.stream(DLQ).await?;
        stream.delete_message(letter.kept_at).await.map(|_| ()).or_else(|source| match source.kind() {
            // Somebody else was faster.
            DeleteMessageErrorKind::JetStream(error) if is_gone(&error) => Ok(()),
            DeleteMessageErrorKind::JetStream(error) => {
                Err(BrokerError::Rejected { what: what(), code: error.error_code().0, description: error.to_string() })
            }
            DeleteMessageErrorKind::Request | DeleteMessageErrorKind::TimedOut => {
                Err(BrokerError::unavailable(what(), source))
            }
        })
    }
}

#[allow(clippy::disallowed_methods, reason = "when a machine failed is real time, whatever the story's clock")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

/// Whether there is nothing to remove. Only the text tells it from other failures under the same code.
fn is_gone(error: &jetstream::Error) -> bool {
    let code = error.error_code();
    code == ErrorCode::SEQUENCE_NOT_FOUND
        || (code == ErrorCode::STREAM_MESSAGE_DELETE_FAILED && error.to_string().contains(TEXT_GONE))
}
