//! Reading histories back: one request returns every commit of a case (multi-last direct get, D1).

use std::time::Duration;

use async_nats::header::{IntoHeaderName, NATS_SEQUENCE, NATS_SUBJECT};
use async_nats::jetstream::ErrorCode;
use async_nats::{HeaderValue, Message, Request, StatusCode};
use bytes::Bytes;
use ids::{HistoryKey, Owner, Revision};
use prost::Message as _;
use proto::record::v1::{Commit, Filed};
use proto::streams::CASES;
use proto::subjects::{CommitSubject, FiledSubject};
use serde::Deserialize;

use crate::broker::{Broker, REQUEST_S_MAX};
use crate::error::BrokerError;
use crate::follow::Delivered;

/// Commits of one history that can be loaded; the server refuses a request that more would match.
const COMMITS_LOADED_MAX: u64 = 1024;
/// What is read at a time of a stream that has no such bound.
const PAGE_MESSAGES: u64 = 1000;
const PAGE_BYTES: u64 = 16 * 1024 * 1024;
/// Status of the message after the last one.
const END_OF_BATCH: u16 = 204;
/// How many messages that match were left out.
const PENDING: &str = "Nats-Num-Pending";

/// A message as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredMessage {
    pub subject: String,
    pub sequence: u64,
    pub payload: Bytes,
}

/// A commit with the subject it is stored under.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCommit {
    pub subject: CommitSubject,
    /// Position in the stream: the order in which the broker took commits of all histories.
    pub sequence: u64,
    pub commit: Commit,
}

impl StoredCommit {
    /// Reads a followed message.
    ///
    /// # Errors
    /// [`BrokerError::Corrupt`]: it is not a commit.
    pub fn read(delivered: &Delivered) -> Result<Self, BrokerError> {
        read_commit(&delivered.subject, delivered.sequence, &delivered.payload)
    }
}

/// A commit byte for byte, for whoever keeps it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsStored {
    pub subject: CommitSubject,
    pub sequence: u64,
    pub payload: Bytes,
}

impl AsStored {
    /// # Errors
    /// [`BrokerError::Corrupt`]: it is not a commit.
    pub fn read(&self) -> Result<StoredCommit, BrokerError> {
        Ok(StoredCommit {
            subject: self.subject.clone(),
            sequence: self.sequence,
            commit: decode(&self.subject, &self.payload)?,
        })
    }
}

/// The tombstone of a filed case.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFiled {
    pub subject: FiledSubject,
    /// Position in the stream.
    pub sequence: u64,
    pub filed: Filed,
}

/// What is on the record about one case.
pub(crate) struct WholeHistory {
    pub commits: Vec<AsStored>,
    pub filed: Option<StoredFiled>,
}

impl Broker {
    /// Every commit of one history, over all owners, in the order the broker took them. Empty when there is none.
    ///
    /// # Errors
    /// [`BrokerError::Filed`]: the case has left the record. Or the broker does not answer, or something stored there
    /// is not a commit.
    pub async fn load(&self, key: &HistoryKey) -> Result<Vec<StoredCommit>, BrokerError> {
        self.load_unfiled(key, CommitSubject::whole_history(key)).await
    }

    /// Every commit of one owner about one history, by revision.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_owner(&self, key: &HistoryKey, owner: Owner) -> Result<Vec<StoredCommit>, BrokerError> {
        let mut commits = self.load_unfiled(key, CommitSubject::history_of(key, owner)).await?;
        commits.sort_by_key(|stored| stored.subject.revision);
        Ok(commits)
    }

    /// The tombstone of a case, if it is filed.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn filed(&self, key: &HistoryKey) -> Result<Option<StoredFiled>, BrokerError> {
        let Some(subject) = FiledSubject::of(key) else { return Ok(None) };
        let subject = subject.to_string();
        let last = self.last_directly(&format!("look up {subject}"), &subject).await?;
        last.map(|last| read_filed(&subject, header(&last, NATS_SEQUENCE).parse().unwrap_or(0), &last.payload))
            .transpose()
    }

    /// Commits of a history and its tombstone, as they are.
    pub(crate) async fn whole_history(&self, key: &HistoryKey) -> Result<WholeHistory, BrokerError> {
        let (commits, filed) = self.history_and_tombstone(key, CommitSubject::whole_history(key)).await?;
        let as_stored = |message: StoredMessage| {
            Ok(AsStored {
                subject: parse_subject(&message.subject)?,
                sequence: message.sequence,
                payload: message.payload,
            })
        };
        Ok(WholeHistory { commits: commits.into_iter().map(as_stored).collect::<Result<_, BrokerError>>()?, filed })
    }

    /// The tombstone is asked for with the commits: whoever is told of no tombstone has been told of every commit.
    async fn load_unfiled(&self, key: &HistoryKey, filter: String) -> Result<Vec<StoredCommit>, BrokerError> {
        match self.history_and_tombstone(key, filter).await? {
            (_, Some(_)) => Err(BrokerError::Filed { key: key.clone() }),
            (messages, None) => messages
                .iter()
                .map(|message| read_commit(&message.subject, message.sequence, &message.payload))
                .collect(),
        }
    }

    async fn history_and_tombstone(
        &self,
        key: &HistoryKey,
        filter: String,
    ) -> Result<(Vec<StoredMessage>, Option<StoredFiled>), BrokerError> {
        let tombstone = FiledSubject::of(key).map(|subject| subject.to_string());
        let filters: Vec<&str> = [Some(filter.as_str()), tombstone.as_deref()].into_iter().flatten().collect();
        let mut messages = self.multi_last(&filters).await?;
        let of_tombstone = messages.iter().position(|message| Some(&message.subject) == tombstone.as_ref());
        let filed = of_tombstone.map(|position| messages.remove(position));
        let filed = filed.map(|message| read_filed(&message.subject, message.sequence, &message.payload));
        Ok((messages, filed.transpose()?))
    }

    /// The last revision of an owner's history as the stream's LEADER knows it: a direct get may be served by a
    /// replica that lags (D3). Where there is one replica, that is the leader, and direct is cheaper.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn last_revision_at_leader(&self, key: &HistoryKey, owner: Owner) -> Result<Revision, BrokerError> {
        let what = format!("read the last revision of {key}.{owner}");
        let filter = CommitSubject::history_of(key, owner);
        if self.replicas_of_record().await? <= 1 {
            let last = self.last_directly(&what, &filter).await?;
            return last.map_or(Ok(Revision::NONE), |last| Ok(parse_subject(header(&last, NATS_SUBJECT))?.revision));
        }
        let reply = self.ask_for_last(&what, "STREAM.MSG.GET", &filter).await?;
        let reply: AtLeader =
            serde_json::from_slice(&reply.payload).map_err(|source| BrokerError::unavailable(what.as_str(), source))?;
        match (reply.message, reply.error) {
            (Some(message), _) => Ok(parse_subject(&message.subject)?.revision),
            (None, Some(error)) if error.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(Revision::NONE),
            (None, Some(error)) => Err(BrokerError::unavailable(what, error)),
            (None, None) => Err(BrokerError::Unavailable { what, source: None }),
        }
    }

    /// Position of the last message of the record that matches `filter`; 0 when none does.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn last_position(&self, filter: &str) -> Result<u64, BrokerError> {
        let what = format!("find the end of {filter}");
        let Some(last) = self.last_directly(&what, filter).await? else { return Ok(0) };
        header(&last, NATS_SEQUENCE).parse().map_err(|source| BrokerError::unavailable(what, source))
    }

    async fn last_directly(&self, what: &str, filter: &str) -> Result<Option<Message>, BrokerError> {
        let reply = self.ask_for_last(what, "DIRECT.GET", filter).await?;
        match reply.status {
            Some(StatusCode::NOT_FOUND) => Ok(None),
            None | Some(StatusCode::OK) => Ok(Some(reply)),
            Some(status) => Err(rejected(what, status, reply.description)),
        }
    }

    async fn ask_for_last(&self, what: &str, api: &str, filter: &str) -> Result<Message, BrokerError> {
        let request = serde_json::json!({ "last_by_subj": filter }).to_string();
        self.ask(CASES, what, format!("$JS.API.{api}.{CASES}"), Request::new().payload(request.into())).await
    }

    async fn multi_last(&self, filters: &[&str]) -> Result<Vec<StoredMessage>, BrokerError> {
        let what = format!("load {}", filters.first().copied().unwrap_or_default());
        let last_of_each =
            |from| serde_json::json!({ "multi_last": filters, "seq": from, "batch": COMMITS_LOADED_MAX });
        self.pages(CASES, &what, 1, last_of_each).await
    }

    /// What is stored in `stream` from `from` on, in its order.
    pub(crate) async fn stored(
        &self,
        stream: &'static str,
        filter: &str,
        from: u64,
    ) -> Result<Vec<StoredMessage>, BrokerError> {
        let what = format!("read {stream}");
        self.pages(stream, &what, from, |from| next_of(filter, from)).await
    }

    /// The same, as much as one answer holds.
    pub(crate) async fn stored_page(
        &self,
        stream: &'static str,
        filter: &str,
        from: u64,
    ) -> Result<Vec<StoredMessage>, BrokerError> {
        let what = format!("read {stream}");
        let mut messages = Vec::new();
        let patience = Duration::from_secs(REQUEST_S_MAX);
        let request = next_of(filter, from);
        let page = self.page(stream, &what, &request, &mut messages);
        tokio::time::timeout(patience, page).await.map_err(|late| BrokerError::unavailable(what.as_str(), late))??;
        Ok(messages)
    }

    /// Direct gets of many messages until none is left: the server also ends an answer at a number of bytes.
    async fn pages(
        &self,
        stream: &'static str,
        what: &str,
        mut from: u64,
        page_from: impl Fn(u64) -> serde_json::Value,
    ) -> Result<Vec<StoredMessage>, BrokerError> {
        let mut messages = Vec::new();
        loop {
            let patience = Duration::from_secs(REQUEST_S_MAX);
            let page = tokio::time::timeout(patience, self.page(stream, what, &page_from(from), &mut messages)).await;
            let left = page.map_err(|late| BrokerError::unavailable(what, late))??;
            match messages.last() {
                Some(last) if left && last.sequence >= from => from = last.sequence + 1,
                Some(_) | None => return Ok(messages),
            }
        }
    }

    /// Adds one answer to `messages`, and says whether something that matches is left.
    async fn page(
        &self,
        stream: &'static str,
        what: &str,
        request: &serde_json::Value,
        messages: &mut Vec<StoredMessage>,
    ) -> Result<bool, BrokerError> {
        let mut replies =
            self.replies.ask(&self.client, format!("$JS.API.DIRECT.GET.{stream}"), request.to_string().into()).await?;
        while let Some(reply) = replies.next().await {
            match reply.status {
                None | Some(StatusCode::OK) => messages.push(StoredMessage {
                    subject: header(&reply, NATS_SUBJECT).to_owned(),
                    sequence: header(&reply, NATS_SEQUENCE).parse().unwrap_or(0),
                    payload: reply.payload,
                }),
                Some(StatusCode::NOT_FOUND) => return Ok(false),
                Some(StatusCode::NO_RESPONDERS) => {
                    return Err(BrokerError::NotProvisioned { what: format!("stream {stream}") });
                }
                Some(status) if status == END_OF_BATCH => return Ok(!matches!(header(&reply, PENDING), "" | "0")),
                Some(status) => return Err(rejected(what, status, reply.description)),
            }
        }
        Err(BrokerError::Unavailable { what: what.to_owned(), source: None })
    }
}

fn next_of(filter: &str, from: u64) -> serde_json::Value {
    serde_json::json!({ "next_by_subj": filter, "seq": from, "batch": PAGE_MESSAGES, "max_bytes": PAGE_BYTES })
}

#[derive(Deserialize)]
struct AtLeader {
    message: Option<LastMessage>,
    error: Option<async_nats::jetstream::Error>,
}

#[derive(Deserialize)]
struct LastMessage {
    subject: String,
}

fn rejected(what: &str, status: StatusCode, description: Option<String>) -> BrokerError {
    let code = u64::from(status.as_u16());
    BrokerError::Rejected { what: what.to_owned(), code, description: description.unwrap_or_default() }
}

fn header(reply: &Message, name: impl IntoHeaderName) -> &str {
    let headers = reply.headers.as_ref();
    headers.and_then(|headers| headers.get(name)).map(HeaderValue::as_str).unwrap_or("")
}

/// Reads one stored message.
pub(crate) fn read_commit(subject: &str, sequence: u64, payload: &[u8]) -> Result<StoredCommit, BrokerError> {
    let subject = parse_subject(subject)?;
    let commit = decode(&subject, payload)?;
    Ok(StoredCommit { subject, sequence, commit })
}

fn decode(subject: &CommitSubject, payload: &[u8]) -> Result<Commit, BrokerError> {
    Commit::decode(payload)
        .map_err(|source| BrokerError::Corrupt { subject: subject.to_string(), source: Box::new(source) })
}

/// Reads one tombstone.
pub(crate) fn read_filed(subject: &str, sequence: u64, payload: &[u8]) -> Result<StoredFiled, BrokerError> {
    let corrupt = |source| BrokerError::Corrupt { subject: subject.to_owned(), source };
    Ok(StoredFiled {
        subject: subject.parse().map_err(|error| corrupt(Box::new(error) as _))?,
        sequence,
        filed: Filed::decode(payload).map_err(|error| corrupt(Box::new(error) as _))?,
    })
}

fn parse_subject(subject: &str) -> Result<CommitSubject, BrokerError> {
    subject.parse().map_err(|source| BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) })
}
