//! The life of the copy, on a real broker.

use std::num::NonZeroUsize;
use std::time::Duration;

use archive::Shelf;
use chassis::{Clock, Service, ServiceParts};
use proto::casebook::v1::{Freshness, ListRequest};
use proto::streams::CASES;
use record::{Appender, Broker, BrokerConfig, Credentials, StoredCommit};
use station::access::Scope;
use testkit::Nats;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::{commit, received};
use crate::cases::list::{Wanted, list};
use crate::copy::{self, CopyError, Place};
use crate::snapshot;
use crate::tending::Copy;

const CURRENT: Freshness = Freshness { at_least: 0, current: true };
/// Longest wait for anything that is going to happen.
const WAIT: Duration = Duration::from_secs(30);

struct World {
    _nats: Nats,
    broker: Broker,
    shelf: Shelf,
}

impl World {
    async fn new() -> Self {
        let nats = Nats::start().unwrap();
        let config = BrokerConfig {
            url: nats.url(),
            credentials: Credentials::None,
            name: "casebook".into(),
            inbox: "casebook".into(),
        };
        let broker = Broker::connect(&config).await.unwrap();
        broker.provision(1, &[]).await.unwrap();
        let shelf = Shelf::open(&broker, NonZeroUsize::MIN).await.unwrap();
        Self { _nats: nats, broker, shelf }
    }

    /// A case comes in; its position.
    async fn receive(&self, case: &str) -> u64 {
        use prost::Message;
        let StoredCommit { subject, commit, .. } = commit(1, case, received(1, 100, 114.3, "路灯不亮"));
        let appender = Appender::start(&self.broker, CASES).await.unwrap();
        appender.append(subject.to_string(), commit.encode_to_vec()).await.unwrap()
    }

    async fn identity(&self) -> String {
        self.broker.identity_of_record().await.unwrap()
    }
}

/// A copy that is being tended.
struct Tended {
    copy: Copy,
    stop: CancellationToken,
    life: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Tended {
    #[allow(clippy::disallowed_methods, reason = "the test waits for it in `stop`")]
    fn begin(world: &World, place: &Place) -> Self {
        let (copy, stop) = (Copy::new(&world.broker, &world.shelf), CancellationToken::new());
        let service = Service::new("casebook", ServiceParts { clock: Clock::real(), verifier: None });
        let gate = service.ready().gate("copy");
        let life = tokio::spawn(copy.clone().tend(place.clone(), stop.clone(), gate));
        Self { copy, stop, life }
    }

    async fn listed(&self) -> Vec<String> {
        let wanted = Wanted::new(ListRequest::default(), Scope::All).unwrap().unwrap();
        let listed = self.copy.ask(Some(CURRENT), move |connection| list(connection, &wanted));
        let (listed, as_of) = tokio::time::timeout(WAIT, listed).await.expect("an answer").unwrap();
        assert_eq!(as_of.behind, 0);
        listed.cases.into_iter().map(|line| line.case_id).collect()
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(WAIT, self.life).await.expect("it ends").unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_deleted_garbled_or_cut_off_comes_back_whole() {
    let world = World::new().await;
    for n in 0..50 {
        world.receive(&format!("case-{n}")).await;
    }
    let place = Place::new(None).unwrap();
    let tended = Tended::begin(&world, &place);
    let whole = tended.listed().await;
    assert_eq!(whole.len(), 50);
    tended.stop().await;
    let spoil: [fn(&Place); 4] = [
        |place| place.discard().unwrap(),
        |place| std::fs::write(place.file(), b"SQLite format 3\0 and nothing of it").unwrap(),
        |place| {
            let file = std::fs::OpenOptions::new().write(true).open(place.file()).unwrap();
            let half = file.metadata().unwrap().len() / 2;
            file.set_len(half).unwrap();
        },
        // As it is: nothing is wrong with it.
        |_| {},
    ];
    for spoil in spoil {
        spoil(&place);
        let tended = Tended::begin(&world, &place);
        assert_eq!(tended.listed().await, whole);
        tended.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_finds_the_file_damaged_has_it_made_again() {
    let world = World::new().await;
    world.receive("one").await;
    let place = Place::new(None).unwrap();
    let tended = Tended::begin(&world, &place);
    assert_eq!(tended.listed().await, ["one"]);
    let made = |place: &Place| {
        use std::os::unix::fs::MetadataExt;
        // A file system may give the number of a file that is gone to the next one.
        std::fs::metadata(place.file()).map(|file| (file.ino(), file.created().ok())).ok()
    };
    let before = made(&place);
    let damaged = tended.copy.ask(None, |_| Err::<(), _>(CopyError::Form("garbled".to_owned()))).await;
    assert_eq!(damaged.unwrap_err().code(), Code::Unavailable);
    let again = async {
        while made(&place).is_none_or(|now| Some(now) == before) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WAIT, again).await.expect("a new file");
    assert_eq!(tended.listed().await, ["one"]);
    tended.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_replica_begins_with_the_newest_snapshot_of_this_record_and_form() {
    let world = World::new().await;
    let record = world.identity().await;
    let (first, second) = (Place::new(None).unwrap(), Place::new(None).unwrap());
    assert!(!snapshot::fetch(&world.broker, &second, &record).await.unwrap(), "there is none yet");
    let tended = Tended::begin(&world, &first);
    let mut published = Vec::new();
    for n in 0..3 {
        world.receive(&format!("case-{n}")).await;
        tended.listed().await;
        published.push(snapshot::publish(&world.broker, &first).await.unwrap());
    }
    assert_eq!(published, [1, 2, 3], "each says how far it reads");
    let later = world.receive("later").await;

    assert!(snapshot::fetch(&world.broker, &second, &record).await.unwrap());
    let fetched = copy::open(&second, &record).unwrap().expect("a copy of this record and form");
    assert_eq!(fetched.position, 3);
    drop(fetched);
    let replica = Tended::begin(&world, &second);
    assert_eq!(replica.listed().await, tended.listed().await);
    assert_eq!(replica.copy.projection().progress().position, later);
    replica.stop().await;

    assert!(!snapshot::fetch(&world.broker, &second, "another record").await.unwrap());
    tended.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_none_is_left_and_the_record_read_from_its_beginning() {
    let world = World::new().await;
    world.receive("one").await;
    let name = format!("{}.{}.{:020}", world.identity().await, copy::FORM, 1);
    let bucket = record::objects::Objects::open(&world.broker, snapshot::BUCKET).await.unwrap();
    bucket.put_bytes(&name, b"no snapshot").await.unwrap();
    let tended = Tended::begin(&world, &Place::new(None).unwrap());
    assert_eq!(tended.listed().await, ["one"]);
    tended.stop().await;
}
