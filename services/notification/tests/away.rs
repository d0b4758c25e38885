//! The service on a real broker, with a receiver that takes nothing for a while.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use charter::Charter;
use chassis::{Clock, Outcome, Process, ProcessConfig};
use ids::{HistoryKey, Kind, Owner, Revision};
use notification::{Config, start};
use prost::Message;
use proto::ToWireTime;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{IntakeEvent, Received};
use proto::notification::v1::notification_event::Event as Fact;
use proto::record::v1::event::Of;
use proto::record::v1::{Commit, Decision, Event};
use proto::streams::CASES;
use proto::subjects::{CharterSubject, CommitSubject};
use record::{Appender, Broker, BrokerConfig, Credentials};
use testkit::Nats;

const WAIT: Duration = Duration::from_secs(60);
/// Each delivers the message anew. Ten deliveries once ended its life.
const RESTARTS: usize = 12;

#[derive(Default)]
struct Receiver {
    posts: AtomicUsize,
    is_back: AtomicBool,
}

async fn take(State(receiver): State<Arc<Receiver>>) -> StatusCode {
    receiver.posts.fetch_add(1, Ordering::SeqCst);
    if receiver.is_back.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_a_message_is_delivered_again_its_receiver_gets_it_when_it_is_back() {
    let nats = Nats::start().unwrap();
    let broker = connect(&nats).await;
    broker.provision(1, &[]).await.unwrap();
    let charter = Charter::shipped("heping").unwrap();
    let version = CharterSubject { district: charter.district.clone(), version: charter.version.clone() };
    broker.publish_charter(&version, &station::bundle(&charter)).await.unwrap();
    let key = HistoryKey { kind: Kind::Case, district: charter.district.clone(), id: "261121-7k3q9xf".to_owned() };
    let receipt = CommitSubject { key: key.clone(), owner: Owner::Intake, revision: Revision(1) };
    let appender = Appender::start(&broker, CASES).await.unwrap();
    appender.append(receipt.to_string(), received()).await.unwrap();

    let receiver = Arc::new(Receiver::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/huying", listener.local_addr().unwrap());
    let router = Router::new().route("/huying", post(take)).with_state(Arc::clone(&receiver));
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let station =
        station::Config { nats_url: nats.url(), nats_nkey_file: None, play: false, nats_nkey_seed: None, writer: None };
    let config = Config {
        station,
        webhook_url: Some(url.parse().unwrap()),
        webhook_secret_file: Some(secret.path().to_owned()),
        webhooks_file: None,
        ways_file: None,
        egress_allow: vec!["127.0.0.1/32".parse().unwrap()],
        receipt_key_file: None,
        link_base: None,
    };

    // Each process tries, and ends.
    for restarted in 1..=RESTARTS {
        let tried = async || (receiver.posts.load(Ordering::SeqCst) >= restarted).then_some(());
        run_until("the message is tried", &config, tried).await;
    }
    let ended = async || broker.load_owner(&key, Owner::Notification).await.unwrap();
    assert!(ended().await.is_empty(), "nobody has given it up");

    receiver.is_back.store(true, Ordering::SeqCst);
    let commits = run_until("it is delivered", &config, async || Some(ended().await).filter(|it| !it.is_empty())).await;
    let facts: Vec<&Fact> = commits.iter().flat_map(|stored| stored.commit.notification_facts()).collect();
    assert!(matches!(&facts[..], [Fact::Sent(sent)] if sent.text == "received"), "{facts:?}");
}

/// The service in a process of its own, as long as it takes to see something.
async fn run_until<T>(what: &str, config: &Config, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let any = "127.0.0.1:0".parse().unwrap();
    let ports = ProcessConfig { grpc_listen: any, http_listen: any, ..ProcessConfig::default() };
    let (process, mut service) = Process::start(ports, "notification", Clock::real()).await.unwrap();
    start(config.clone(), &mut service).await.unwrap();
    let running = process.serve(service).await.unwrap();
    let deadline = Instant::now() + WAIT;
    let found = loop {
        if let Some(found) = look().await {
            break found;
        }
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    running.stop();
    assert_eq!(running.wait().await, Outcome::Polite);
    found
}

async fn connect(nats: &Nats) -> Broker {
    let config = BrokerConfig {
        url: nats.url(),
        credentials: Credentials::None,
        name: "test".to_owned(),
        inbox: "test".to_owned(),
    };
    Broker::connect(&config).await.unwrap()
}

fn received() -> Vec<u8> {
    let received = Received { title: "有人私占小院停车".to_owned(), ..Received::default() };
    let of = Some(Of::Intake(IntakeEvent { event: Some(IntakeFact::Received(received)) }));
    Commit {
        commit_id: "receipt".to_owned(),
        at: Some(Clock::real().real_now().to_wire()),
        decisions: vec![Decision { events: vec![Event { of }], ..Decision::default() }],
        ..Commit::default()
    }
    .encode_to_vec()
}
