//! Reading histories back: one request returns every commit of a case (multi-last direct get, D1).

use std::time::Duration;

use async_nats::header::{IntoHeaderName, NATS_SEQUENCE, NATS_SUBJECT};
use async_nats::jetstream::ErrorCode;
use async_nats::{HeaderValue, Message, Request, StatusCode};
use futures::StreamExt;
use ids::{HistoryKey, Owner, Revision};
use prost::Message as _;
use proto::record::v1::Commit;
use proto::streams::CASES;
use proto::subjects::CommitSubject;
use serde::Deserialize;

use crate::broker::{Broker, REQUEST_S_MAX};
use crate::error::BrokerError;
use crate::follow::Delivered;

/// Commits of one history that one request returns; the server refuses a request that more would match.
const COMMITS_LOADED_MAX: u64 = 1024;
/// Status of the message after the last one.
const END_OF_BATCH: u16 = 204;
/// How many messages that match were left out.
const PENDING: &str = "Nats-Num-Pending";

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

impl Broker {
    /// Every commit of one history, over all owners, in the order the broker took them. Empty when there is none.
    ///
    /// # Errors
    /// The broker does not answer, or something stored there is not a commit.
    pub async fn load(&self, key: &HistoryKey) -> Result<Vec<StoredCommit>, BrokerError> {
        self.multi_last(CommitSubject::whole_history(key)).await
    }

    /// Every commit of one owner about one history, by revision.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_owner(&self, key: &HistoryKey, owner: Owner) -> Result<Vec<StoredCommit>, BrokerError> {
        let mut commits = self.multi_last(CommitSubject::history_of(key, owner)).await?;
        commits.sort_by_key(|stored| stored.subject.revision);
        Ok(commits)
    }

    /// The last revision of an owner's history as the stream's LEADER knows it: a direct get may be served by a
    /// replica that lags (D3).
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn last_revision_at_leader(&self, key: &HistoryKey, owner: Owner) -> Result<Revision, BrokerError> {
        let what = format!("read the last revision of {key}.{owner}");
        let reply = self.ask_for_last(&what, "STREAM.MSG.GET", &CommitSubject::history_of(key, owner)).await?;
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
        let reply = self.ask_for_last(&what, "DIRECT.GET", filter).await?;
        match reply.status {
            Some(StatusCode::NOT_FOUND) => Ok(0),
            None | Some(StatusCode::OK) => {
                header(&reply, NATS_SEQUENCE).parse().map_err(|source| BrokerError::unavailable(what, source))
            }
            Some(status) => Err(rejected(what, status, reply.description)),
        }
    }

    async fn ask_for_last(&self, what: &str, api: &str, filter: &str) -> Result<Message, BrokerError> {
        let request = serde_json::json!({ "last_by_subj": filter }).to_string();
        self.ask(CASES, what, format!("$JS.API.{api}.{CASES}"), Request::new().payload(request.into())).await
    }

    async fn multi_last(&self, filter: String) -> Result<Vec<StoredCommit>, BrokerError> {
        let patience = Duration::from_secs(REQUEST_S_MAX);
        match tokio::time::timeout(patience, self.multi_last_unbounded(&filter)).await {
            Ok(loaded) => loaded,
            Err(late) => Err(BrokerError::unavailable(format!("load {filter}"), late)),
        }
    }

    async fn multi_last_unbounded(&self, filter: &str) -> Result<Vec<StoredCommit>, BrokerError> {
        let what = || format!("load {filter}");
        let inbox = self.client.new_inbox();
        let mut replies =
            self.client.subscribe(inbox.clone()).await.map_err(|source| BrokerError::unavailable(what(), source))?;
        let request = serde_json::json!({ "multi_last": [filter], "batch": COMMITS_LOADED_MAX }).to_string();
        self.client
            .publish_with_reply(format!("$JS.API.DIRECT.GET.{CASES}"), inbox, request.into())
            .await
            .map_err(|source| BrokerError::unavailable(what(), source))?;
        let mut commits = Vec::new();
        while let Some(reply) = replies.next().await {
            match reply.status {
                None | Some(StatusCode::OK) => commits.push(read_reply(&reply)?),
                Some(StatusCode::NOT_FOUND) => return Ok(commits),
                Some(StatusCode::NO_RESPONDERS) => {
                    return Err(BrokerError::NotProvisioned { what: format!("stream {CASES}") });
                }
                Some(status) if status == END_OF_BATCH => {
                    // The server also stops at a number of bytes; a history with a missing end would be a wrong one.
                    let left = header(&reply, PENDING);
                    if !matches!(left, "" | "0") {
                        let description = Some(format!("{left} commits did not fit into one answer"));
                        return Err(rejected(what(), status, description));
                    }
                    commits.sort_unstable_by_key(|stored: &StoredCommit| stored.sequence);
                    return Ok(commits);
                }
                Some(status) => return Err(rejected(what(), status, reply.description)),
            }
        }
        Err(BrokerError::Unavailable { what: what(), source: None })
    }
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

fn rejected(what: String, status: StatusCode, description: Option<String>) -> BrokerError {
    BrokerError::Rejected { what, code: u64::from(status.as_u16()), description: description.unwrap_or_default() }
}

fn header(reply: &Message, name: impl IntoHeaderName) -> &str {
    let headers = reply.headers.as_ref();
    headers.and_then(|headers| headers.get(name)).map(HeaderValue::as_str).unwrap_or("")
}

fn read_reply(reply: &Message) -> Result<StoredCommit, BrokerError> {
    let subject = header(reply, NATS_SUBJECT);
    let sequence = header(reply, NATS_SEQUENCE).parse().unwrap_or(0);
    read_commit(subject, sequence, &reply.payload)
}

/// Reads one stored message.
pub(crate) fn read_commit(subject: &str, sequence: u64, payload: &[u8]) -> Result<StoredCommit, BrokerError> {
    let commit = Commit::decode(payload)
        .map_err(|source| BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) })?;
    Ok(StoredCommit { subject: parse_subject(subject)?, sequence, commit })
}

fn parse_subject(subject: &str) -> Result<CommitSubject, BrokerError> {
    subject.parse().map_err(|source| BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) })
}
