//! A broker of its own for each test, what is written there, and copies of it.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use archive::Shelf;
use archive::filing::{Archivist, Plan, Report};
use async_nats::jetstream::{self, stream};
use audit::{Findings, anchor, verify};
use futures::TryStreamExt;
use ids::{CaseId, Code, HistoryKey, Kind, Owner, Revision};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use proto::ToWireTime;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Closed, DispatchEvent};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{IntakeEvent, Received};
use proto::record::v1::event::Of;
use proto::record::v1::{Commit, Decision, Event};
use proto::streams::{ANCHORS, CASES};
use proto::subjects::{AnchorSubject, CommitSubject};
use record::objects::Sha256Sum;
use record::{Appender, Broker, BrokerConfig, Credentials, links};
use testkit::Nats;

/// The archive's bucket, as the broker knows it.
pub const VOLUMES: &str = "OBJ_archive";

pub struct World {
    pub nats: Nats,
    pub broker: Broker,
}

pub fn district() -> Code {
    "wuchang".parse().unwrap()
}

impl World {
    /// Provisioned, and nobody follows what is written.
    pub async fn new() -> Self {
        let nats = Nats::start().unwrap();
        let broker = connect(&nats.url()).await;
        broker.provision(1, &[]).await.unwrap();
        let world = Self { nats, broker };
        let cases = world.stream(CASES).await;
        let consumers: Vec<String> = cases.consumer_names().try_collect().await.unwrap();
        for consumer in consumers {
            cases.delete_consumer(&consumer).await.unwrap();
        }
        world
    }

    /// The next commit of a chain, as a service writes it.
    pub async fn write(&self, key: &HistoryKey, owner: Owner, event: Option<Of>) -> u64 {
        let before = self.broker.load_owner(key, owner).await.unwrap();
        let revision = Revision(before.len() as u64 + 1);
        let previous = match before.last() {
            None => links::beginning(key, owner),
            Some(last) => Sha256Sum::of(&self.stream(CASES).await.direct_get(last.sequence).await.unwrap().payload),
        };
        let decision = Decision { events: vec![Event { of: event }], ..Decision::default() };
        let commit = Commit {
            commit_id: format!("{key}-{owner}-{revision}"),
            at: Some(days(-200).to_wire()),
            decisions: vec![decision],
            previous_sha256: previous.0.to_vec(),
            ..Commit::default()
        };
        let subject = CommitSubject { key: key.clone(), owner, revision };
        let appender = Appender::start(&self.broker, CASES).await.unwrap();
        appender.append_commit(&subject, commit.encode_to_vec()).await.unwrap()
    }

    /// A case that was closed long ago.
    pub async fn closed_case(&self, n: u8) -> HistoryKey {
        let key = case(n);
        let received =
            Received {
                received_at: Some(days(-202).to_wire()), title: "路灯不亮".to_owned(), ..Received::default()
            };
        let received = Of::Intake(IntakeEvent { event: Some(IntakeFact::Received(received)) });
        self.write(&key, Owner::Intake, Some(received)).await;
        self.write(&key, Owner::Dispatch, None).await;
        let closed = DispatchFact::Closed(Closed { reason: 1, outcome: 1 });
        let closed = Of::Dispatch(DispatchEvent { event: Some(closed) });
        self.write(&key, Owner::Dispatch, Some(closed)).await;
        self.write(&key, Owner::Evaluation, None).await;
        key
    }

    pub async fn file_all(&self) -> Report {
        let plan = Plan { closed_before: [(district(), days(-180))].into(), limit: None, now: days(0) };
        let archivist = Archivist::open(&self.broker).await.unwrap();
        archivist.run(&plan, &mut |_| ControlFlow::Continue(())).await.unwrap()
    }

    /// Makes what is due in so many days.
    pub async fn anchor_in(&self, ahead: i64) -> Vec<String> {
        make(&self.broker, &TimeZone::UTC, days(ahead)).await
    }

    pub async fn verify(&self) -> Findings {
        verify::verify(&self.broker, &district(), |_| ()).await.unwrap()
    }

    pub async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.nats.url()).await.unwrap())
    }

    pub async fn stream(&self, name: &str) -> stream::Stream {
        self.jetstream().await.get_stream(name).await.unwrap()
    }

    /// What lies in a stream, by its positions; nothing, where something was.
    pub async fn messages(&self, name: &str) -> Vec<Option<(String, Vec<u8>)>> {
        let stream = self.stream(name).await;
        let last = stream.get_info().await.unwrap().state.last_sequence;
        let mut messages = Vec::new();
        for sequence in 1..=last {
            let message = stream.direct_get(sequence).await.ok();
            messages.push(message.map(|message| (message.subject.to_string(), message.payload.to_vec())));
        }
        messages
    }

    /// The same record on another server, where whoever copied it has changed something on the way.
    pub async fn forged(&self, change: impl FnOnce(&mut Forgery)) -> Findings {
        let mut forgery = Forgery {
            cases: self.messages(CASES).await,
            anchors: self.messages(ANCHORS).await,
            volumes: self.messages(VOLUMES).await,
        };
        change(&mut forgery);
        let nats = Nats::start().unwrap();
        let broker = connect(&nats.url()).await;
        let copy = Self { nats, broker };
        let jetstream = copy.jetstream().await;
        let all_kinds = Kind::ALL.map(|kind| format!("{}.>", kind.as_str()));
        let cases: Vec<String> = all_kinds.into_iter().chain(["filed.>".to_owned(), "gone.>".to_owned()]).collect();
        let anchors = vec![AnchorSubject::ALL.to_owned(), "gone-anchor.>".to_owned()];
        let volumes = vec!["$O.archive.>".to_owned(), "gone-volume.>".to_owned()];
        for (name, subjects, messages) in
            [(CASES, cases, forgery.cases), (ANCHORS, anchors, forgery.anchors), (VOLUMES, volumes, forgery.volumes)]
        {
            let gone = subjects.last().unwrap().replace('>', "x");
            let config =
                stream::Config { name: name.to_owned(), subjects, allow_direct: true, ..stream::Config::default() };
            let stream = jetstream.create_stream(config).await.unwrap();
            for message in messages {
                let is_there = message.is_some();
                let (subject, payload) = message.unwrap_or_else(|| (gone.clone(), Vec::new()));
                #[expect(clippy::disallowed_methods, reason = "a forger writes what they like")]
                let stored = jetstream.publish(subject, payload.into()).await.unwrap().await.unwrap();
                if !is_there {
                    stream.delete_message(stored.sequence).await.unwrap();
                }
            }
        }
        copy.verify().await
    }
}

/// What somebody may change who writes a record anew.
pub struct Forgery {
    pub cases: Vec<Option<(String, Vec<u8>)>>,
    pub anchors: Vec<Option<(String, Vec<u8>)>>,
    pub volumes: Vec<Option<(String, Vec<u8>)>>,
}

impl Forgery {
    /// What lies under a subject.
    pub fn at(&mut self, subject: &str) -> &mut Option<(String, Vec<u8>)> {
        let mut all = self.cases.iter_mut().chain(&mut self.anchors);
        all.find(|it| it.as_ref().is_some_and(|it| it.0 == subject)).unwrap()
    }

    /// Flips a bit under a subject.
    pub fn flip(&mut self, subject: &str) {
        let bytes = &mut self.at(subject).as_mut().unwrap().1;
        // In the name of the commit, where it reads on as well as before.
        let at = bytes.iter().position(|byte| *byte == b'-').unwrap();
        bytes[at] ^= 1;
    }
}

pub async fn make(broker: &Broker, zone: &TimeZone, now: Timestamp) -> Vec<String> {
    let shelf = Shelf::open(broker, NonZeroUsize::MIN).await.unwrap();
    let made = anchor::make(broker, &shelf, &district(), zone, now).await.unwrap();
    made.into_iter().map(|subject| subject.to_string()).collect()
}

pub async fn connect(url: &str) -> Broker {
    let config =
        BrokerConfig { url: url.to_owned(), credentials: Credentials::None, name: "test".into(), inbox: "test".into() };
    Broker::connect(&config).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the broker goes by the real clock")]
pub fn days(ahead: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * ahead)
}

pub fn case(n: u8) -> HistoryKey {
    use rand::SeedableRng;
    let id = CaseId::draw(jiff::civil::date(2026, 5, 1), &mut rand::rngs::StdRng::from_seed([n; 32]));
    HistoryKey::case(district(), &id)
}
