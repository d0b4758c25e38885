//! Messages that could not be handled, each kept once so that a person can look and decide.

use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::record::v1::DeadLetter;
use proto::streams::DLQ;
use proto::subjects::DeadLetterSubject;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::follow::Delivered;
use crate::load::StoredMessage;

/// Characters of a chain of causes that are kept.
const WHY_LENGTH_MAX: usize = 4000;

/// The dead-letter stream.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    broker: Broker,
    appender: Appender,
}

impl DeadLetters {
    /// # Errors
    /// The stream is not there.
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self { broker: broker.clone(), appender: Appender::start(broker, DLQ).await? })
    }

    pub(crate) async fn bury(&self, consumer: &str, delivered: &Delivered, why: &str) -> Result<(), BrokerError> {
        let subject = DeadLetterSubject { consumer: consumer.to_owned(), stream_sequence: delivered.sequence };
        #[allow(clippy::disallowed_methods, reason = "when a machine failed is real time, whatever the story's clock")]
        let at = Timestamp::now();
        let letter = DeadLetter {
            consumer: consumer.to_owned(),
            subject: delivered.subject.clone(),
            stream_sequence: delivered.sequence,
            error: why.chars().take(WHY_LENGTH_MAX).collect(),
            deliveries: delivered.deliveries,
            at: Some(at.to_wire()),
            payload: delivered.payload.to_vec(),
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
    pub async fn list(&self) -> Result<Vec<DeadLetter>, BrokerError> {
        let messages = self.broker.stored(DLQ, DeadLetterSubject::ALL, 1).await?;
        let read = |message: StoredMessage| {
            DeadLetter::decode(message.payload)
                .map_err(|source| BrokerError::Corrupt { subject: message.subject, source: Box::new(source) })
        };
        messages.into_iter().map(read).collect()
    }
}
