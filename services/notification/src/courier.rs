//! The way out: every message of one commit is tried, and either all have ended or all are tried again.

use data_encoding::HEXLOWER;
use futures::StreamExt;
use ids::Code;
use jiff::Timestamp;
use proto::subjects::CommitSubject;
use record::follow::Failure;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::domain::{Delivery, Event, Transport};
use crate::webhook::Webhook;

/// Times a followed commit is delivered to us before what still fails is undeliverable: about half a minute of
/// growing delays.
pub const ATTEMPTS_MAX: u64 = 10;
/// Messages of one commit under way at once.
const TOGETHER_MAX: usize = 16;
/// Hexadecimal digits of a delivery id: 128 bits, as a UUID.
const ID_LENGTH: usize = 32;
/// Characters of an error that go on the record.
const ERROR_LENGTH_MAX: usize = 500;

/// What is told, as a webhook's receiver gets it. The same message is the same bytes however often it is sent.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub delivery_id: String,
    /// Code of the charter's text.
    pub text: String,
    pub recipient: String,
    pub case_id: String,
    pub district: Code,
    pub rendered: String,
    /// When it happened.
    pub at: Timestamp,
    /// About a call; whoever delivers it knows by it what to do first, and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

/// The colour of the call that a message is about, and the means that the charter has for it.
#[derive(Clone, Debug, Serialize)]
pub struct Urgency {
    pub colour: &'static str,
    pub means: Vec<&'static str>,
}

impl Message {
    /// Red before yellow, yellow before blue, and whatever has no colour last.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self.urgency.as_ref().map(|urgency| urgency.colour) {
            Some("red") => 0,
            Some("yellow") => 1,
            Some(_) => 2,
            None => 3,
        }
    }

    /// It waits behind nothing that is not red.
    #[must_use]
    pub fn is_red(&self) -> bool {
        self.rank() == 0
    }
}

/// What came of one try.
#[derive(Debug)]
pub enum Attempt {
    Delivered,
    /// It will never be taken.
    Refused(String),
    /// It may be taken later.
    Failed(String),
}

pub enum Courier {
    /// Writes to the log: for districts that have no other way yet, and for demonstrations.
    Log,
    Webhook(Webhook),
}

impl Courier {
    /// # Errors
    /// The webhook's secret cannot be read.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(match config.webhook()? {
            None => Self::Log,
            Some((url, secret)) => Self::Webhook(Webhook::open(url, secret)?),
        })
    }

    pub fn transport(&self) -> Transport {
        match self {
            Self::Log => Transport::Log,
            Self::Webhook(_) => Transport::Webhook,
        }
    }

    /// Tries every message. `deliveries` counts how often the commit they are about has been followed, this time
    /// included.
    ///
    /// # Errors
    /// Transient: one of them failed and may be taken later. All will be sent again, under the same ids.
    pub async fn settle(&self, messages: Vec<Message>, deliveries: u64) -> Result<Vec<Event>, Failure> {
        let tries = futures::stream::iter(messages).map(|message| async move {
            let attempt = self.attempt(&message).await;
            (message, attempt)
        });
        let tried: Vec<(Message, Attempt)> = tries.buffered(TOGETHER_MAX).collect().await;
        let failed = tried.iter().find_map(|(message, attempt)| match attempt {
            Attempt::Failed(error) => Some(format!("{} to {}: {error}", message.text, message.recipient)),
            Attempt::Delivered | Attempt::Refused(_) => None,
        });
        if let Some(error) = failed
            && deliveries < ATTEMPTS_MAX
        {
            return Err(Failure::transient(error));
        }
        Ok(tried.into_iter().map(|(message, attempt)| self.outcome(message, attempt, deliveries)).collect())
    }

    /// The end of a message that could not even be written.
    pub fn unwritten(&self, message: Message, error: &str) -> Event {
        Event::Undeliverable { delivery: self.delivery(message), error: shortened(error), attempts: 0 }
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        match self {
            Self::Log => {
                let Message { delivery_id, text, recipient, case_id, district, rendered, at, urgency } = message;
                let colour = urgency.as_ref().map(|urgency| urgency.colour);
                tracing::info!(delivery_id, text, recipient, case_id, %district, rendered, %at, colour, "notification");
                Attempt::Delivered
            }
            Self::Webhook(webhook) => webhook.post(message).await,
        }
    }

    fn outcome(&self, message: Message, attempt: Attempt, deliveries: u64) -> Event {
        match attempt {
            Attempt::Delivered => Event::Sent(self.delivery(message)),
            Attempt::Refused(error) | Attempt::Failed(error) => Event::Undeliverable {
                delivery: self.delivery(message),
                error: shortened(&error),
                attempts: u32::try_from(deliveries).unwrap_or(u32::MAX),
            },
        }
    }

    fn delivery(&self, message: Message) -> Delivery {
        let Message { delivery_id, text, recipient, .. } = message;
        Delivery { id: delivery_id, text, recipient, transport: self.transport() }
    }
}

/// Depends on what is told to whom and on nothing else, so that a repeat can be recognised.
#[must_use]
pub fn delivery_id(about: &CommitSubject, position: usize, text: &str, recipient: &str) -> String {
    let mut id = HEXLOWER.encode(&Sha256::digest(format!("{about}|{position}|{text}|{recipient}")));
    id.truncate(ID_LENGTH);
    id
}

fn shortened(error: &str) -> String {
    error.chars().take(ERROR_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests;
