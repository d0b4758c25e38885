//! A followed message.

use async_nats::jetstream;
use bytes::Bytes;
use ids::HistoryKey;
use jiff::Timestamp;
use prost::Message as _;
use proto::record::v1::DeadLetter;
use proto::streams::RETRY;
use proto::subjects::{AlarmSubject, CommitSubject};

/// A message in hand.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub subject: String,
    /// Position in its stream.
    pub sequence: u64,
    pub payload: Bytes,
    /// 1 for the first time.
    pub deliveries: u64,
    /// When the broker stored it, by its clock: real time. Of a letter that was handed back: when it was.
    pub stored_at: Timestamp,
    /// 1, unless it is a dead letter that was handed back.
    pub attempt: u32,
}

impl Delivered {
    /// A message as it was first followed, also when it comes back as a dead letter.
    pub(crate) fn read(stream: &str, message: &jetstream::Message) -> Option<Self> {
        let info = message.info().ok()?;
        let deliveries = u64::try_from(info.delivered).unwrap_or(1);
        let stored_at = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos()).unwrap_or_default();
        if stream == RETRY {
            // What no letter is was put there by nobody of ours: it waits for a person to look.
            let letter = DeadLetter::decode(message.payload.clone())
                .inspect_err(|error| tracing::error!(%error, subject = %message.subject, "this is no dead letter"))
                .ok()?;
            return Some(Self {
                subject: letter.subject,
                sequence: letter.stream_sequence,
                payload: letter.payload.into(),
                deliveries,
                stored_at,
                attempt: letter.attempt,
            });
        }
        Some(Self {
            subject: message.subject.to_string(),
            sequence: info.stream_sequence,
            payload: message.payload.clone(),
            deliveries,
            stored_at,
            attempt: 1,
        })
    }

    /// Whose history it is about.
    pub(crate) fn history(&self) -> Option<HistoryKey> {
        let commit = self.subject.parse::<CommitSubject>().map(|subject| subject.key);
        commit.or_else(|_| self.subject.parse::<AlarmSubject>().map(|subject| subject.key)).ok()
    }

    /// The subject without what is particular to one case: span names stay few.
    pub(crate) fn template(&self) -> String {
        let tokens: Vec<&str> = self.subject.split('.').collect();
        match tokens[..] {
            [kind, _, _, owner, _] if kind != "call" => format!("{kind}.<district>.<id>.{owner}.<revision>"),
            ["call", ..] => "call.<department>.<case>.<n>".to_owned(),
            ["timer", owner, kind, ..] => format!("timer.{owner}.{kind}.<district>.<id>"),
            _ => tokens.first().copied().unwrap_or_default().to_owned(),
        }
    }
}
