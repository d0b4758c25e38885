//! Reading histories back: one request returns every commit of a case (multi-last direct get, D1).

use std::time::Duration;

use async_nats::StatusCode;
use futures::StreamExt;
use ids::{HistoryKey, Owner, Revision};
use prost::Message;
use proto::record::v1::Commit;
use proto::streams::CASES;
use proto::subjects::CommitSubject;

use crate::broker::{Broker, REQUEST_S_MAX};
use crate::error::BrokerError;
use crate::follow::Delivered;

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
        let what = || format!("read the last revision of {key}.{owner}");
        let filter = CommitSubject::history_of(key, owner);
        let request = serde_json::json!({ "last_by_subj": filter }).to_string();
        let reply = self
            .client
            .request(format!("$JS.API.STREAM.MSG.GET.{CASES}"), request.into())
            .await
            .map_err(|source| BrokerError::unavailable(what(), source))?;
        let reply: serde_json::Value =
            serde_json::from_slice(&reply.payload).map_err(|source| BrokerError::unavailable(what(), source))?;
        match reply.pointer("/message/subject").and_then(serde_json::Value::as_str) {
            None => Ok(Revision::NONE),
            Some(subject) => Ok(parse_subject(subject)?.revision),
        }
    }

    /// Position of the last message of the record that matches `filter`; 0 when none does.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn last_position(&self, filter: &str) -> Result<u64, BrokerError> {
        let what = || format!("find the end of {filter}");
        let request = serde_json::json!({ "last_by_subj": filter }).to_string();
        let reply = self
            .client
            .request(format!("$JS.API.DIRECT.GET.{CASES}"), request.into())
            .await
            .map_err(|source| BrokerError::unavailable(what(), source))?;
        let sequence = reply.headers.as_ref().and_then(|headers| headers.get(async_nats::header::NATS_SEQUENCE));
        Ok(sequence.and_then(|value| value.as_str().parse().ok()).unwrap_or(0))
    }

    async fn multi_last(&self, filter: String) -> Result<Vec<StoredCommit>, BrokerError> {
        let what = || format!("load {filter}");
        let inbox = self.client.new_inbox();
        let mut replies =
            self.client.subscribe(inbox.clone()).await.map_err(|source| BrokerError::unavailable(what(), source))?;
        let request = serde_json::json!({ "multi_last": [filter], "batch": 1024 }).to_string();
        self.client
            .publish_with_reply(format!("$JS.API.DIRECT.GET.{CASES}"), inbox, request.into())
            .await
            .map_err(|source| BrokerError::unavailable(what(), source))?;
        let mut commits = Vec::new();
        loop {
            let reply = tokio::time::timeout(Duration::from_secs(REQUEST_S_MAX), replies.next())
                .await
                .map_err(|source| BrokerError::unavailable(what(), source))?
                .ok_or_else(|| BrokerError::Unavailable { what: what(), source: None })?;
            match reply.status {
                // End of batch, and nothing found.
                Some(status) if status.as_u16() == 204 || status == StatusCode::NOT_FOUND => return Ok(commits),
                Some(StatusCode::NO_RESPONDERS) => {
                    return Err(BrokerError::NotProvisioned { what: format!("stream {CASES}") });
                }
                Some(status) if status != StatusCode::OK => {
                    return Err(BrokerError::Rejected {
                        what: what(),
                        code: u64::from(status.as_u16()),
                        description: reply.description.unwrap_or_default(),
                    });
                }
                Some(_) | None => commits.push(read_reply(&reply)?),
            }
        }
    }
}

fn read_reply(reply: &async_nats::Message) -> Result<StoredCommit, BrokerError> {
    let header = |name| {
        reply.headers.as_ref().and_then(|headers| headers.get(name)).map(async_nats::HeaderValue::as_str).unwrap_or("")
    };
    let subject = header(async_nats::header::NATS_SUBJECT);
    let sequence = header(async_nats::header::NATS_SEQUENCE).parse().unwrap_or(0);
    read_commit(subject, sequence, &reply.payload)
}

/// Reads one stored message.
pub(crate) fn read_commit(subject: &str, sequence: u64, payload: &[u8]) -> Result<StoredCommit, BrokerError> {
    let commit = Commit::decode(payload)
        .map_err(|source| BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) })?;
    Ok(StoredCommit { subject: parse_subject(subject)?, sequence, commit })
}

fn parse_subject(subject: &str) -> Result<CommitSubject, BrokerError> {
    subject
        .parse()
        .map_err(|source| BrokerError::Corrupt { subject: subject.to_owned(), source: Box::new(source) })
}
