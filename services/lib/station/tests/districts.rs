//! Two districts on a real broker, the charter of one of which cannot be read.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use charter::Charter;
use chassis::{CancellationToken, Clock};
use ids::{HistoryKey, Kind, Owner, Revision};
use prost::Message;
use proto::charter::v1::CharterBundle;
use proto::record::v1::{Commit, Decision};
use proto::streams::{CASES, record_consumer};
use proto::subjects::CommitSubject;
use record::dead_letters::{DeadLetters, Letter, Operator};
use record::follow::ACK_PENDING_MAX;
use record::{Appender, Broker, BrokerConfig, Credentials, StoredCommit};
use station::{Charters, Station, bundle};
use testkit::Nats;
use tokio_util::task::TaskTracker;

/// Thousands of letters are written and removed, each with its own flush of the disk.
const WAIT: Duration = Duration::from_secs(180);

fn shipped(district: &str) -> CharterBundle {
    bundle(&Charter::shipped(district).unwrap())
}

/// Of no form there ever was.
fn garbled(district: &str) -> CharterBundle {
    let mut bundle = shipped(district);
    bundle.files[0].text = "{".to_owned();
    bundle
}

fn commit(district: &str, number: usize) -> CommitSubject {
    let key = HistoryKey { kind: Kind::Case, district: district.parse().unwrap(), id: format!("{number}") };
    CommitSubject { key, owner: Owner::Intake, revision: Revision(1) }
}

async fn append(broker: &Broker, subjects: impl Iterator<Item = CommitSubject>) {
    let appender = Appender::start(broker, CASES).await.unwrap();
    let commit = Commit { commit_id: "any".to_owned(), decisions: vec![Decision::default()], ..Commit::default() };
    let payload = commit.encode_to_vec();
    let tasks = TaskTracker::new();
    for subject in subjects {
        let (appender, payload) = (appender.clone(), payload.clone());
        tasks.spawn(async move { appender.append(subject.to_string(), payload).await.unwrap() });
    }
    tasks.close();
    tasks.wait().await;
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WAIT;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// I12: more of one district's commits wait than a consumer may have unsettled, and the other's are handled behind them;
/// and nothing is lost of the first, once its charter can be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_district_whose_charter_cannot_be_read_stands_in_nobodys_way_and_loses_nothing() {
    let nats = Nats::start().unwrap();
    let config = BrokerConfig {
        url: nats.url(),
        credentials: Credentials::None,
        name: "test".to_owned(),
        inbox: "test".to_owned(),
    };
    let broker = Broker::connect(&config).await.unwrap();
    broker.provision(1, &[]).await.unwrap();
    let charters = Charters::with_patience(Duration::from_secs(1));
    charters.take(&garbled("wuchang"));
    charters.take(&shipped("heping"));
    let more_than_fit = usize::try_from(ACK_PENDING_MAX).unwrap() + 100;
    append(&broker, (0..more_than_fit).map(|number| commit("wuchang", number))).await;
    append(&broker, [commit("heping", 0)].into_iter()).await;

    let station = Station { broker: broker.clone(), charters: charters.clone(), clock: Clock::real() };
    let handled: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let stop = CancellationToken::new();
    let follower = broker.follower(CASES, &record_consumer(Owner::Triage)).await.unwrap();
    let seen = Arc::clone(&handled);
    let tasks = TaskTracker::new();
    let following = tasks.spawn(follower.run(stop.clone(), move |delivered| {
        let (station, seen) = (station.clone(), Arc::clone(&seen));
        async move {
            let stored = StoredCommit::read(&delivered)?;
            station.charter_to_follow(&stored.subject.key.district)?;
            seen.lock().unwrap().insert(stored.subject.key.to_string());
            Ok(())
        }
    }));
    let count = |district: &str| {
        let prefix = format!("case.{district}.");
        handled.lock().unwrap().iter().filter(|key| key.starts_with(&prefix)).count()
    };

    until("the other district's case is handled", async || (count("heping") == 1).then_some(())).await;
    let dead_letters = DeadLetters::open(&broker).await.unwrap();
    let letters = until("all that cannot be handled is set aside", async || {
        Some(dead_letters.list().await.unwrap()).filter(|letters| letters.len() == more_than_fit)
    })
    .await;
    let because = |Letter { content, .. }: &Letter| content.error.starts_with("no-charter");
    assert!(letters.iter().all(because), "{:?}", letters[0]);
    assert_eq!(count("wuchang"), 0);

    let operator = Operator { by: "operator".to_owned(), reason: String::new() };
    charters.take(&CharterBundle { version: "2019-2".to_owned(), ..shipped("wuchang") });
    dead_letters.retry(&letters, &operator, |_| {}).await.unwrap();
    until("what was set aside is handled", async || (count("wuchang") == more_than_fit).then_some(())).await;
    assert!(dead_letters.list().await.unwrap().is_empty());
    stop.cancel();
    following.await.unwrap().unwrap();
}
