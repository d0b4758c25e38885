//! A broker of its own for each test, and cases with everything that is kept about one.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use archive::Shelf;
use archive::filing::{Archivist, FilingError, Plan, Report, Step};
use archive::verify::{Findings, verify};
use async_nats::jetstream::{self, consumer};
use futures::{StreamExt, TryStreamExt};
use ids::{CaseId, HistoryKey, Owner, Revision};
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use proto::ToWireTime;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Called, CalledParty, Closed, DispatchEvent};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{IntakeEvent, Received};
use proto::record::v1::event::Of;
use proto::record::v1::{Cause, Commit, Decision, Event, cause};
use proto::streams::{CALLS, CASES, TIMERS};
use proto::subjects::{AlarmSubject, CommitSubject, FiledSubject, OrderSubject};
use record::{Appender, Broker, BrokerConfig, Credentials, References, StoredCommit};
use testkit::Nats;

pub const DISTRICT: &str = "wuchang";
const DEPARTMENT: &str = "wuchang-water";

pub struct World {
    pub nats: Nats,
    pub broker: Broker,
}

impl World {
    /// With services that have settled whatever there is.
    pub async fn new() -> Self {
        let world = Self::followed().await;
        let stream = world.stream(CASES).await;
        let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
        for name in names {
            stream.delete_consumer(&name).await.unwrap();
        }
        world
    }

    /// With services that have not begun.
    pub async fn followed() -> Self {
        let nats = Nats::start().unwrap();
        let broker = connect(&nats.url()).await;
        broker.provision(1, &[DEPARTMENT.parse().unwrap()]).await.unwrap();
        Self { nats, broker }
    }

    /// Every service takes what waits for it.
    pub async fn settle_all(&self) {
        let stream = self.stream(CASES).await;
        let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
        for name in names {
            let consumer: consumer::PullConsumer = stream.get_consumer(&name).await.unwrap();
            let mut waiting = consumer.fetch().max_messages(1000).messages().await.unwrap();
            while let Some(message) = waiting.next().await {
                message.unwrap().double_ack().await.unwrap();
            }
        }
    }

    /// Received, with two departments called, and open.
    pub async fn open_case(&self, n: u8, at: Timestamp) -> HistoryKey {
        let key = key(n);
        let received = Received {
            external_ref_hash: vec![n; 32],
            title: format!("路灯不亮 {n}"),
            received_at: Some(at.to_wire()),
            ..Received::default()
        };
        commit(&self.broker, &key, Owner::Intake, 1, at, vec![intake(IntakeFact::Received(received))]).await;
        let parties =
            [DEPARTMENT, "wuchang-other"].map(|party| CalledParty { party: party.to_owned(), duty: 1 }).to_vec();
        let called = DispatchFact::Called(Called { call: 1, parties, ..Called::default() });
        commit(&self.broker, &key, Owner::Dispatch, 1, at, vec![dispatch(called)]).await;

        let references = References::open(&self.broker).await.unwrap();
        references.point(&format!("{n:02x}").repeat(32), &format!("{DISTRICT}.{}", key.id)).await.unwrap().unwrap();
        let order = OrderSubject { department: DEPARTMENT.parse().unwrap(), case: id(n), n: "1-0".to_owned() };
        let calls = Appender::start(&self.broker, CALLS).await.unwrap();
        calls.append(order.to_string(), "order".as_bytes().to_vec()).await.unwrap();
        let alarm = AlarmSubject { owner: Owner::Dispatch, key: key.clone() };
        let mut headers = async_nats::HeaderMap::new();
        let rings_at = days_ago(-300).round(jiff::Unit::Second).unwrap();
        headers.insert("Nats-Schedule", format!("@at {rings_at}"));
        headers.insert("Nats-Schedule-Target", alarm.timer());
        let jetstream = self.jetstream().await;
        #[expect(clippy::disallowed_methods, reason = "an alarm is set as dispatch does it")]
        jetstream.publish_with_headers(alarm.schedule(), headers, "due".into()).await.unwrap().await.unwrap();
        key
    }

    /// The same, closed, and with a commit of somebody else after that.
    pub async fn closed_case(&self, n: u8, at: Timestamp) -> HistoryKey {
        let key = self.open_case(n, at - SignedDuration::from_hours(48)).await;
        let closed = DispatchFact::Closed(Closed { reason: 1, outcome: 1 });
        commit(&self.broker, &key, Owner::Dispatch, 2, at, vec![dispatch(closed)]).await;
        commit(&self.broker, &key, Owner::Evaluation, 1, at + SignedDuration::from_secs(3), vec![]).await;
        key
    }

    pub async fn archivist(&self) -> Archivist {
        Archivist::open(&connect(&self.nats.url()).await).await.unwrap()
    }

    pub async fn file(&self, plan: &Plan) -> Report {
        self.watched(plan, |_| {}).await.unwrap()
    }

    pub async fn watched(&self, plan: &Plan, mut see: impl FnMut(&Step) + Send) -> Result<Report, FilingError> {
        let mut watch = |step: Step| {
            see(&step);
            ControlFlow::Continue(())
        };
        self.archivist().await.run(plan, &mut watch).await
    }

    pub async fn histories(&self, cases: &[HistoryKey]) -> Vec<Vec<StoredCommit>> {
        let mut histories = Vec::new();
        for key in cases {
            histories.push(self.broker.load(key).await.unwrap());
        }
        histories
    }

    pub async fn as_archived(&self, cases: &[HistoryKey]) -> Vec<Vec<StoredCommit>> {
        let shelf = Shelf::open(&self.broker, NonZeroUsize::MIN).await.unwrap();
        let mut histories = Vec::new();
        for key in cases {
            let stored = self.broker.filed(key).await.unwrap().unwrap_or_else(|| panic!("{key} is not filed"));
            histories.push(shelf.case(&stored).await.unwrap().commits);
        }
        histories
    }

    pub async fn verify(&self) -> Findings {
        verify(&self.broker, |_| {}).await.unwrap()
    }

    pub async fn subjects_of(&self, stream: &str) -> BTreeSet<String> {
        let subjects = self.stream(stream).await.info_with_subjects(">").await.unwrap();
        subjects.map_ok(|(subject, _)| subject).try_collect().await.unwrap()
    }

    /// How much the broker keeps of these cases beside their commits.
    pub async fn kept_beside(&self, cases: &[HistoryKey]) -> usize {
        let mut kept = 0;
        for stream in [CALLS, TIMERS] {
            let subjects = self.subjects_of(stream).await;
            kept += subjects.iter().filter(|subject| cases.iter().any(|key| subject.contains(&key.id))).count();
        }
        kept + self.subjects_of("KV_refs").await.len()
    }

    pub async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.nats.url()).await.unwrap())
    }

    pub async fn stream(&self, name: &str) -> jetstream::stream::Stream {
        self.jetstream().await.get_stream(name).await.unwrap()
    }
}

pub async fn append(broker: &Broker, key: &HistoryKey, owner: Owner, revision: u64, events: Vec<Event>) {
    commit(broker, key, owner, revision, days_ago(0), events).await;
}

async fn commit(broker: &Broker, key: &HistoryKey, owner: Owner, revision: u64, at: Timestamp, events: Vec<Event>) {
    let subject = CommitSubject { key: key.clone(), owner, revision: Revision(revision) };
    let cause = Some(Cause { kind: Some(cause::Kind::Command("it happened".to_owned())) });
    let commit = Commit {
        commit_id: format!("{subject}"),
        at: Some(at.to_wire()),
        charter_version: "2026".to_owned(),
        decisions: vec![Decision { cause, events, ..Decision::default() }],
        ..Commit::default()
    };
    let appender = Appender::start(broker, CASES).await.unwrap();
    appender.append_commit(&subject, commit.encode_to_vec()).await.unwrap();
}

/// Waits for something in the middle of a step.
pub fn now<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(move || handle.block_on(future))
}

pub async fn connect(url: &str) -> Broker {
    let config =
        BrokerConfig { url: url.to_owned(), credentials: Credentials::None, name: "test".into(), inbox: "test".into() };
    Broker::connect(&config).await.unwrap()
}

/// What was closed so many days ago is due.
pub fn plan(days: i64) -> Plan {
    let closed_before = [(DISTRICT.parse().unwrap(), days_ago(days))].into();
    Plan { closed_before, limit: None, now: days_ago(0) }
}

#[expect(clippy::disallowed_methods, reason = "the broker goes by the real clock")]
pub fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

pub fn tombstone_of(key: &HistoryKey) -> String {
    FiledSubject::of(key).unwrap().to_string()
}

fn key(n: u8) -> HistoryKey {
    HistoryKey::case(DISTRICT.parse().unwrap(), &id(n))
}

fn id(n: u8) -> CaseId {
    use rand::SeedableRng;
    CaseId::draw(jiff::civil::date(2026, 5, 1), &mut rand::rngs::StdRng::from_seed([n; 32]))
}

fn intake(fact: IntakeFact) -> Event {
    Event { of: Some(Of::Intake(IntakeEvent { event: Some(fact) })) }
}

fn dispatch(fact: DispatchFact) -> Event {
    Event { of: Some(Of::Dispatch(DispatchEvent { event: Some(fact) })) }
}
