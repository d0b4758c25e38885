//! The way out: every message is tried once, and has ended or not. When to try again is `patience.rs`.

use chassis::Clock;
use futures::StreamExt;
use ids::Code;
use jiff::Timestamp;
use proto::subjects::CommitSubject;
use serde::Serialize;
use tokio::sync::Semaphore;
use webhook::{Attempt, Guard, Poster, Target, short_id};

use crate::config::Config;
use crate::domain::{Delivery, Event, Transport};

/// Messages of one commit under way at once.
const TOGETHER_MAX: usize = 16;
/// Posts under way at once in this process: a receiver that is slow is not helped by more.
const POSTS_MAX: usize = 64;
/// Posts about red calls, beside those: they never wait for what is less urgent.
const RED_POSTS_MAX: usize = 16;
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
    /// As a webhook's receiver gets it.
    fn event(&self) -> webhook::Event {
        let kind = format!("huying.message.{}", self.text);
        // Strings, a time and words of ours: it can be written.
        let data = serde_json::to_value(self).unwrap_or_default();
        webhook::Event::new((&self.delivery_id, kind), format!("/huying/{}", self.district), &self.case_id, self.at, data)
    }

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

/// What came of one try of each.
#[derive(Debug, Default)]
pub struct Carried {
    pub ended: Vec<Event>,
    /// These may be taken later.
    pub failed: Vec<(Message, String)>,
}

pub enum Courier {
    /// Writes to the log: for districts that have no other way yet, and for demonstrations.
    Log,
    Webhook(Box<Webhook>),
}

/// One receiver for everything.
pub struct Webhook {
    poster: Poster,
    target: Target,
    clock: Clock,
    posts: Semaphore,
    red: Semaphore,
}

impl Webhook {
    pub fn new(poster: Poster, target: Target, clock: Clock) -> Self {
        Self { poster, target, clock, posts: Semaphore::new(POSTS_MAX), red: Semaphore::new(RED_POSTS_MAX) }
    }

    async fn post(&self, message: &Message) -> Attempt {
        // Neither semaphore is ever closed.
        let _permit = if message.is_red() { self.red.acquire().await } else { self.posts.acquire().await };
        self.poster.post(&self.target, &message.event(), self.clock.real_now()).await
    }
}

impl Courier {
    /// # Errors
    /// The webhook's secret cannot be read.
    pub fn open(config: &Config, clock: &Clock) -> anyhow::Result<Self> {
        let Some(target) = config.webhook()? else { return Ok(Self::Log) };
        let poster = Poster::open(Guard::with(&config.egress_allow))?;
        Ok(Self::Webhook(Box::new(Webhook::new(poster, target, clock.clone()))))
    }

    pub fn transport(&self) -> Transport {
        match self {
            Self::Log => Transport::Log,
            Self::Webhook(_) => Transport::Webhook,
        }
    }

    /// Tries every message, `times` being how often they have been tried, this time included.
    pub async fn carry(&self, messages: Vec<Message>, times: u32) -> Carried {
        let tries = futures::stream::iter(messages).map(|message| async move {
            let attempt = self.attempt(&message).await;
            (message, attempt)
        });
        let mut tries = tries.buffered(TOGETHER_MAX);
        let mut carried = Carried::default();
        while let Some((message, attempt)) = tries.next().await {
            match attempt {
                Attempt::Taken => carried.ended.push(Event::Sent(self.delivery(message))),
                Attempt::Refused(error) => carried.ended.push(self.undeliverable(message, &error, times)),
                Attempt::Failed(error, _) => carried.failed.push((message, error)),
            }
        }
        carried
    }

    /// The end of a message that nobody took in so many tries; none, if it could not even be written.
    pub fn undeliverable(&self, message: Message, error: &str, attempts: u32) -> Event {
        Event::Undeliverable { delivery: self.delivery(message), error: shortened(error), attempts }
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        match self {
            Self::Log => {
                // Neither who nor the words: a log is read by more people than a case, and a link in it opens one.
                let Message { delivery_id, text, case_id, district, at, urgency, recipient: _, rendered: _ } = message;
                let colour = urgency.as_ref().map(|urgency| urgency.colour);
                tracing::info!(delivery_id, text, case_id, %district, %at, colour, "notification");
                Attempt::Taken
            }
            Self::Webhook(webhook) => webhook.post(message).await,
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
    short_id(&format!("{about}|{position}|{text}|{recipient}"))
}

fn shortened(error: &str) -> String {
    error.chars().take(ERROR_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests;
