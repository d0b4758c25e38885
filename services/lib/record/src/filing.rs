//! What the archivist alone may do to the record: put a tombstone where a case was, and take off what it stands for.
//!
//! The order is what keeps everything: the history is safe elsewhere, then the tombstone, then the commits
//! go. From the tombstone on the broker takes no commit of the case ([`Appender::append_commit`]); what is taken off lies
//! before a position, never after it. Each step finds out whether it was done before, so all of them can be repeated.

use std::collections::BTreeMap;

use async_nats::Request;
use async_nats::jetstream::ErrorCode;
use async_recursion::async_recursion as boxed;
use ids::{Code, HistoryKey};
use prost::Message;
use proto::record::v1::Filed;
use proto::streams::{CALLS, CASES, REFS, TIMERS, consumers};
use proto::subjects::{AlarmSubject, CommitSubject, FiledSubject, OrderSubject};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::append::{Appender, Tombstone};
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::load::{AsStored, StoredFiled, read_filed};
use crate::references::REFS_STREAM;

/// What the archivist does to the record.
#[derive(Clone, Debug)]
pub struct Filing {
    broker: Broker,
    appender: Appender,
}

/// What is on the record of one case.
#[derive(Clone, Debug)]
pub struct Standing {
    /// In the order of the record.
    pub commits: Vec<AsStored>,
    pub filed: Option<StoredFiled>,
}

/// The service that has furthest to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    pub consumer: String,
    /// Everything up to here it has settled.
    pub position: u64,
}

impl Filing {
    /// # Errors
    /// The stream of the record is not there.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self { broker: broker.clone(), appender: Appender::start(broker, CASES).await? })
    }

    /// What is there of a case: its commits as they are stored, its tombstone, or both where filing was interrupted.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn standing(&self, key: &HistoryKey) -> Result<Standing, BrokerError> {
        self.broker.standing_of(key).await
    }

    /// Who has not settled all that is on the record, and how far they are; `None` when everybody has. What lies before
    /// that position causes nothing any more.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn furthest_behind(&self) -> Result<Option<Behind>, BrokerError> {
        let mut behind: Option<Behind> = None;
        for spec in consumers().into_iter().filter(|spec| spec.stream == CASES) {
            let subject = format!("$JS.API.CONSUMER.INFO.{CASES}.{}", spec.name);
            let info: Answer<ConsumerInfo> = self.api(CASES, "look at a consumer", subject, String::new()).await?;
            let info = match info.error {
                None => info.answer,
                Some(error) if error.error_code() == ErrorCode::CONSUMER_NOT_FOUND => continue,
                Some(error) => return Err(BrokerError::unavailable("look at a consumer", error)),
            };
            let level = info.num_pending == 0 && info.num_ack_pending == 0;
            if !level && behind.as_ref().is_none_or(|other| info.ack_floor.stream_seq < other.position) {
                behind = Some(Behind { consumer: spec.name, position: info.ack_floor.stream_seq });
            }
        }
        Ok(behind)
    }

    /// Puts the tombstone of a case, unless something was written on it after `filed.last_position`.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn put_tombstone(&self, subject: &FiledSubject, filed: &Filed) -> Result<Tombstone, BrokerError> {
        self.appender.append_filed(subject, filed.encode_to_vec(), filed.last_position).await
    }

    /// Takes a tombstone away again: the case is open as it was. Only before anything was taken off.
    ///
    /// # Errors
    /// The broker does not answer, or does not let this user.
    #[boxed]
    pub async fn take_tombstone_back(&self, stored: &StoredFiled) -> Result<(), BrokerError> {
        self.delete(CASES, &stored.subject.to_string(), stored.sequence).await.map(|_| ())
    }

    /// Whether the record holds commits of a case beside `known`, asked where it is written: on replicas one may have
    /// been on its way when the tombstone was put.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn holds_more(&self, key: &HistoryKey, known: &[CommitSubject]) -> Result<bool, BrokerError> {
        let what = format!("look what is left of {key}");
        let request = serde_json::json!({ "subjects_filter": CommitSubject::whole_history(key) }).to_string();
        let info: Answer<StreamInfo> = self.api(CASES, &what, format!("$JS.API.STREAM.INFO.{CASES}"), request).await?;
        if let Some(error) = info.error {
            return Err(BrokerError::unavailable(what, error));
        }
        let known: std::collections::HashSet<String> = known.iter().map(ToString::to_string).collect();
        let left = info.answer.state.subjects.unwrap_or_default();
        Ok(left.keys().any(|subject| !known.contains(subject)))
    }

    /// Takes off the record what lies of a case up to a position, and says how many commits that were.
    ///
    /// # Errors
    /// The broker does not answer, or does not let this user.
    #[boxed]
    pub async fn take_off(&self, key: &HistoryKey, up_to: u64) -> Result<u64, BrokerError> {
        let history = CommitSubject::whole_history(key);
        let mut taken = self.take_away(CASES, &history, up_to).await?;
        // A replica that lags has not shown all of it.
        if self.broker.replicas_of_record().await? > 1 && self.holds_more(key, &[]).await? {
            taken += self.purge(CASES, &history, Some(up_to)).await?;
        }
        Ok(taken)
    }

    /// Forgets that an outside reference points at a case.
    ///
    /// # Errors
    /// As [`take_off`](Self::take_off).
    #[boxed]
    pub async fn forget_reference(&self, reference: &str) -> Result<u64, BrokerError> {
        self.purge(REFS_STREAM, &format!("$KV.{REFS}.{reference}"), None).await
    }

    /// Takes away what a department was ordered on a case.
    ///
    /// # Errors
    /// As [`take_off`](Self::take_off).
    #[boxed]
    pub async fn forget_orders(&self, department: &Code, case: &str) -> Result<u64, BrokerError> {
        self.take_away(CALLS, &OrderSubject::all_about(department, case), u64::MAX).await
    }

    /// Takes away the alarms that still wait for a case. One that rings meanwhile finds the case filed.
    ///
    /// # Errors
    /// As [`take_off`](Self::take_off).
    #[boxed]
    pub async fn forget_alarms(&self, key: &HistoryKey) -> Result<u64, BrokerError> {
        self.take_away(TIMERS, &AlarmSubject::schedules_about(key), u64::MAX).await
    }

    /// Takes away what matches up to a position, one by one: a purge makes the server count anew what each consumer of
    /// the stream has still to come, which takes longer than all of these together and holds the others up.
    async fn take_away(&self, stream: &'static str, filter: &str, up_to: u64) -> Result<u64, BrokerError> {
        let mut taken = 0;
        for message in self.broker.last_of_each(stream, &[filter]).await? {
            if message.sequence <= up_to && self.delete(stream, &message.subject, message.sequence).await? {
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// Deletes one message; false: it was not there any more.
    async fn delete(&self, stream: &'static str, subject: &str, sequence: u64) -> Result<bool, BrokerError> {
        let what = format!("delete {subject}");
        let request = serde_json::json!({ "seq": sequence, "no_erase": true }).to_string();
        let deleted: Answer<Done> =
            self.api(stream, &what, format!("$JS.API.STREAM.MSG.DELETE.{stream}"), request).await?;
        match deleted.error {
            None => Ok(true),
            Some(error) if error.error_code() == ErrorCode::SEQUENCE_NOT_FOUND => Ok(false),
            Some(error) => {
                Err(BrokerError::Rejected { what, code: error.error_code().0, description: error.to_string() })
            }
        }
    }

    async fn purge(&self, stream: &'static str, filter: &str, up_to: Option<u64>) -> Result<u64, BrokerError> {
        let what = format!("purge {filter}");
        let request = match up_to {
            // The server's bound is the first position that stays.
            Some(up_to) => serde_json::json!({ "filter": filter, "seq": up_to + 1 }),
            None => serde_json::json!({ "filter": filter }),
        };
        let subject = format!("$JS.API.STREAM.PURGE.{stream}");
        let purged: Answer<Done> = self.api(stream, &what, subject, request.to_string()).await?;
        match purged.error {
            None => Ok(purged.answer.purged),
            Some(error) => {
                Err(BrokerError::Rejected { what, code: error.error_code().0, description: error.to_string() })
            }
        }
    }

    async fn api<T: DeserializeOwned>(
        &self,
        stream: &'static str,
        what: &str,
        subject: String,
        request: String,
    ) -> Result<T, BrokerError> {
        let reply = self.broker.ask(stream, what, subject, Request::new().payload(request.into())).await?;
        serde_json::from_slice(&reply.payload).map_err(|source| BrokerError::unavailable(what, source))
    }
}

impl Broker {
    /// What is there of a case, for whoever only reads.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn standing_of(&self, key: &HistoryKey) -> Result<Standing, BrokerError> {
        let history = self.whole_history(key).await?;
        Ok(Standing { commits: history.commits, filed: history.filed })
    }

    /// Some of the tombstones from a position of the record on, in its order, and the position to go on from; `None`
    /// after the last. Of one district, if one is named.
    ///
    /// # Errors
    /// The broker does not answer, or something there is no tombstone.
    #[boxed]
    pub async fn tombstones(
        &self,
        district: Option<&Code>,
        from: u64,
    ) -> Result<(Vec<StoredFiled>, Option<u64>), BrokerError> {
        let filter = district.map_or_else(|| FiledSubject::ALL.to_owned(), FiledSubject::all_in);
        let page = self.stored_page(CASES, &filter, from).await?;
        let next = page.last().map(|last| last.sequence + 1);
        let read = page.iter().map(|message| read_filed(&message.subject, message.sequence, &message.payload));
        Ok((read.collect::<Result<_, _>>()?, next))
    }
}

/// An answer of the broker's: what was asked for, or an error in its place.
#[derive(Deserialize)]
struct Answer<T> {
    error: Option<async_nats::jetstream::Error>,
    #[serde(flatten)]
    answer: T,
}

#[derive(Deserialize)]
struct Done {
    #[serde(default)]
    purged: u64,
}

#[derive(Deserialize)]
struct ConsumerInfo {
    #[serde(default)]
    num_pending: u64,
    #[serde(default)]
    num_ack_pending: u64,
    #[serde(default)]
    ack_floor: Floor,
}

#[derive(Default, Deserialize)]
struct Floor {
    #[serde(default)]
    stream_seq: u64,
}

#[derive(Deserialize)]
struct StreamInfo {
    #[serde(default)]
    state: State,
}

#[derive(Default, Deserialize)]
struct State {
    subjects: Option<BTreeMap<String, u64>>,
}
