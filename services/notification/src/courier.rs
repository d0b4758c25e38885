//! The way out: every message is tried once, and has ended or not. When to try again is `patience.rs`.

use chassis::Clock;
use futures::StreamExt;
use ids::Code;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proto::subjects::CommitSubject;
use serde::Serialize;
use tokio::sync::Semaphore;
use webhook::{Attempt, Guard, Poster, Target, short_id};

use crate::config::Config;
use crate::domain::{Delivery, Event, Transport};
use crate::ways::{Way, Ways};

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
    /// By which it goes.
    #[serde(skip)]
    pub way: Way,
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
        webhook::Event::new(
            (&self.delivery_id, kind),
            format!("/huying/{}", self.district),
            &self.case_id,
            self.at,
            data,
        )
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

/// Carries messages by whatever way their recipient has.
pub struct Courier {
    ways: Ways,
    /// For whoever has no way of their own; none: the log.
    webhook: Option<Target>,
    /// None where everything goes to the log.
    poster: Option<Poster>,
    clock: Clock,
    posts: Semaphore,
    red: Semaphore,
}

impl Courier {
    /// # Errors
    /// The webhook's secret or the file of ways cannot be read.
    pub fn open(config: &Config, clock: &Clock) -> anyhow::Result<Self> {
        let (webhook, ways) = (config.webhook()?, config.ways()?);
        let goes_out = webhook.is_some() || ways.is_some();
        let poster = goes_out.then(|| Poster::open(Guard::with(&config.egress_allow))).transpose()?;
        Ok(Self::new(webhook, ways.unwrap_or_default(), poster, clock.clone()))
    }

    pub fn new(webhook: Option<Target>, ways: Ways, poster: Option<Poster>, clock: Clock) -> Self {
        Self { ways, webhook, poster, clock, posts: Semaphore::new(POSTS_MAX), red: Semaphore::new(RED_POSTS_MAX) }
    }

    /// The same message for each way of its recipient.
    pub fn by_each_way(&self, message: &Message) -> Vec<Message> {
        let base = &message.delivery_id;
        let ways = self.ways.of(&message.recipient).into_iter();
        ways.map(|way| Message { delivery_id: id_by(base, &way), way, ..message.clone() }).collect()
    }

    /// Until when a message waits because people sleep: what is about no call, by a way of their own. A webhook's receiver knows
    /// itself when to pass something on.
    pub fn waits_until(&self, message: &Message, zone: &TimeZone) -> Option<Timestamp> {
        let can_wait = message.urgency.is_none() && message.way != Way::Otherwise;
        self.ways.quiet.filter(|_| can_wait)?.until(self.clock.real_now(), zone)
    }

    fn transport(&self, message: &Message) -> Transport {
        let otherwise = if self.webhook.is_some() { Transport::Webhook } else { Transport::Log };
        message.way.transport().unwrap_or(otherwise)
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
        // Neither semaphore is ever closed.
        let _permit = if message.is_red() { self.red.acquire().await } else { self.posts.acquire().await };
        let now = self.clock.real_now();
        if let Some(poster) = &self.poster {
            if let Some(attempt) = self.ways.attempt(message, poster, now).await {
                return attempt;
            }
            if let Some(target) = &self.webhook {
                return poster.post(target, &message.event(), now).await;
            }
        }
        // Neither who nor the words: a log is read by more people than a case, and a link in it opens one.
        let Message { delivery_id, text, case_id, district, at, urgency, recipient: _, rendered: _, way: _ } = message;
        let colour = urgency.as_ref().map(|urgency| urgency.colour);
        tracing::info!(delivery_id, text, case_id, %district, %at, colour, "notification");
        Attempt::Taken
    }

    fn delivery(&self, message: Message) -> Delivery {
        let transport = self.transport(&message);
        let Message { delivery_id, text, recipient, .. } = message;
        Delivery { id: delivery_id, text, recipient, transport }
    }
}

/// The id of a message by one of its recipient's ways.
fn id_by(base: &str, way: &Way) -> String {
    match way {
        Way::Otherwise => base.to_owned(),
        Way::Email(_) | Way::Sms(_) | Way::WeCom(_) | Way::DingTalk { .. } => {
            short_id(&format!("{base}{}", way.name()))
        }
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
pub mod tests;
