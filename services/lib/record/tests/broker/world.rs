//! A broker of its own for each test, and the few words that the stories need.

use std::time::Duration;

use ids::{Code, HistoryKey, Kind, Owner, Revision};
use jiff::Timestamp;
use proto::record::v1::{Actor, Cause, Commit, Decision, cause};
use proto::subjects::CommitSubject;
use record::{Book, Broker, BrokerConfig, Credentials, Request, StoredCommit};
use testkit::Nats;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::tally::{Command, Tally};

/// Longest wait for anything that is going to happen.
pub const WAIT: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A provisioned broker and a connection to it.
pub struct World {
    pub nats: Nats,
    pub broker: Broker,
    /// What runs beside the test; stopped with it.
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl World {
    pub async fn new() -> Self {
        let nats = Nats::start().unwrap();
        let broker = connect(&nats.url()).await;
        broker.provision(1, &[code("wuchang-jsj")]).await.unwrap();
        Self { nats, broker, tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    /// Another connection, as another process has.
    pub async fn another(&self) -> Broker {
        connect(&self.nats.url()).await
    }

    /// A book that has nothing in memory, on a connection of its own.
    pub async fn book(&self) -> Book<Tally> {
        Book::open(&self.another().await).await.unwrap()
    }

    /// The client below the record, for what a stranger might do.
    pub async fn stranger(&self) -> async_nats::Client {
        async_nats::connect(self.nats.url()).await.unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub async fn connect(url: &str) -> Broker {
    let config =
        BrokerConfig { url: url.to_owned(), credentials: Credentials::None, name: "test".into(), inbox: "test".into() };
    Broker::connect(&config).await.unwrap()
}

pub fn code(text: &str) -> Code {
    text.parse().unwrap()
}

pub fn case(id: &str) -> HistoryKey {
    HistoryKey { kind: Kind::Case, district: code("wuchang"), id: id.to_owned() }
}

pub fn subject(key: &HistoryKey, owner: Owner, revision: u64) -> CommitSubject {
    CommitSubject { key: key.clone(), owner, revision: Revision(revision) }
}

/// Somebody inside the platform asks.
pub fn request(command: Command) -> Request<Command> {
    Request {
        command,
        cause: cause("somebody asked"),
        actor: Actor::default(),
        command_id: None,
        content_digest: Vec::new(),
        charter_version: "2026".to_owned(),
        at: now(),
    }
}

/// Somebody outside asks, under a name that makes asking again the same question.
pub fn request_named(command_id: &str, command: Command) -> Request<Command> {
    Request { command_id: Some(command_id.parse().unwrap()), ..request(command) }
}

pub fn cause(command: &str) -> Cause {
    Cause { kind: Some(cause::Kind::Command(command.to_owned())) }
}

/// A commit for which only its place matters.
pub fn any_commit(commit_id: &str) -> Commit {
    Commit {
        commit_id: commit_id.to_owned(),
        at: Some(proto::ToWireTime::to_wire(now())),
        charter_version: "2026".to_owned(),
        decisions: vec![Decision { cause: Some(cause("it happened")), ..Decision::default() }],
        ..Commit::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "the broker goes by the real clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

pub fn in_ms(ms: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_millis(ms)
}

/// Waits until `look` finds what it looks for.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WAIT;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits for `future`, but not for ever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(WAIT, future).await.unwrap_or_else(|_| panic!("still not: {what}"))
}

pub fn revisions(commits: &[StoredCommit]) -> Vec<u64> {
    commits.iter().map(|stored| stored.subject.revision.0).collect()
}

/// 1, 2, … `last`: what the revisions of one owner are, without gaps (I4).
pub fn gapless(last: u64) -> Vec<u64> {
    (1..=last).collect()
}
