//! On a real broker: the same problem three times at one place, followed in every order that may happen.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use charter::Charter;
use chassis::{Clock, Process, ProcessConfig};
use ids::{CaseId, HistoryKey, Owner, Revision};
use proto::ToWireTime;
use proto::common::v1::{Level, Place};
use proto::record::v1::{Commit, Decision, Event, event::Of};
use proto::subjects::CharterSubject;
use proto::triage::v1::{Classified, Judgement, TriageEvent, triage_event};
use record::Aggregate;
use station::{Desk, Station, bundle};
use testkit::Nats;
use vocabulary::Outcome;

use super::*;
use crate::domain::{Event as Told, Rules};
use crate::reaction::{Ground, reactions};

const DISTRICT: &str = "wuchang";
const STREET: &str = "wuchang-yangyuan-command-centre";

/// Dispatch's desk on a broker of its own, followed by hand.
struct World {
    nats: Nats,
    charter: Arc<Charter>,
    app: App,
    recurrences: Recurrences,
    _process: Process,
}

impl World {
    async fn begin() -> Self {
        let nats = Nats::start().unwrap();
        let charter = Charter::shipped(DISTRICT).unwrap();
        let broker = station_config(&nats).connect("provision").await.unwrap();
        broker.provision(1, &[]).await.unwrap();
        let subject = CharterSubject { district: charter.district.clone(), version: charter.version.clone() };
        broker.publish_charter(&subject, &bundle(&charter)).await.unwrap();
        let (app, recurrences, process) = desk(&nats).await;
        Self { nats, charter: Arc::new(charter), app, recurrences, _process: process }
    }

    /// Everything the process knew is gone.
    async fn restart(&mut self) {
        (self.app, self.recurrences, self._process) = desk(&self.nats).await;
    }

    /// A case of ponding at `place`, judged and given to the street.
    async fn assign(&self, case: &str, place: &Place) -> HistoryKey {
        let key = HistoryKey { kind: Kind::Case, district: DISTRICT.parse().unwrap(), id: case.to_owned() };
        let judgement = Judgement {
            category: "ponding".to_owned(),
            level: Level::B1.into(),
            party: STREET.to_owned(),
            ..Judgement::default()
        };
        let fact = Classified { judgement: Some(judgement), place: Some(place.clone()), ..Classified::default() };
        let fact = TriageEvent { event: Some(triage_event::Event::Classified(fact)) };
        let event = Event { of: Some(Of::Triage(fact)) };
        let triaged = StoredCommit {
            subject: CommitSubject { key: key.clone(), owner: Owner::Triage, revision: Revision(1) },
            sequence: 0,
            commit: Commit {
                at: Some(self.app.now().to_wire()),
                decisions: vec![Decision { events: vec![event], ..Decision::default() }],
                ..Commit::default()
            },
        };
        let ground = Ground { charter: &self.charter, now: self.app.now() };
        let asked = reactions(ground, &triaged, &[], &State::default()).unwrap().pop().unwrap();
        self.decide(&key, asked.command).await;
        key
    }

    async fn resolve(&self, key: &HistoryKey) {
        let resolve = Command::Resolve {
            by: STREET.parse().unwrap(),
            outcome: Outcome::Solved,
            summary: "rinsed".to_owned(),
            evidence: vec!["sha256:77d6".to_owned()],
            rating_due: self.app.rating_due(&self.charter),
        };
        self.decide(key, resolve).await;
    }

    async fn decide(&self, key: &HistoryKey, command: Command) {
        let before = self.history(key).await.len();
        let to = CommitSubject { key: key.clone(), owner: Owner::Triage, revision: Revision(1) };
        self.app.desk.react(key, &to, &self.charter, command).await.unwrap();
        assert_eq!(self.history(key).await.len(), before + 1, "the rules take it");
    }

    async fn history(&self, key: &HistoryKey) -> Vec<StoredCommit> {
        self.recurrences.broker.load_owner(key, Owner::Dispatch).await.unwrap()
    }

    /// Follows commit number `revision` of a case as the inbox does.
    async fn follow(&self, key: &HistoryKey, revision: usize) {
        let stored = self.history(key).await.swap_remove(revision - 1);
        let state = self.app.desk.read(key).await.unwrap().state;
        self.recurrences.follow(&self.app, &stored, &state).await.unwrap();
    }

    /// Which cases the record of this one says came before it.
    async fn found(&self, key: &HistoryKey) -> Vec<String> {
        let history = self.history(key).await;
        let mut facts =
            history.iter().flat_map(|stored| stored.commit.facts()).map(|fact| Rules::from_wire(fact).unwrap());
        let found =
            facts.find_map(|fact| if let Told::RecurrenceFound { earlier, .. } = fact { Some(earlier) } else { None });
        found.unwrap_or_default().iter().map(ToString::to_string).collect()
    }
}

async fn desk(nats: &Nats) -> (App, Recurrences, Process) {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = ProcessConfig { grpc_listen: free, http_listen: free, ..ProcessConfig::default() };
    let (process, service) = Process::start(config, "dispatch", Clock::real()).await.unwrap();
    let station = Station::open(&station_config(nats), &service).await.unwrap();
    let recurrences = Recurrences::open(&station.broker).await.unwrap();
    (App::new(Desk::<Rules>::open(&station).await.unwrap()), recurrences, process)
}

fn station_config(nats: &Nats) -> station::Config {
    station::Config { nats_url: nats.url(), nats_nkey_file: None, play: false, nats_nkey_seed: None, writer: None }
}

fn address() -> Place {
    let (party, address) = ("wuchang-yangyuan".to_owned(), "橋梁村路口".to_owned());
    Place { party, address, ..Place::default() }
}

/// `north` metres from the same point.
fn point(north: f64) -> Place {
    let (longitude, latitude) = (Some(114.35), Some(30.6 + north / 111_195.0));
    Place { party: "wuchang-yangyuan".to_owned(), longitude, latitude, ..Place::default() }
}

fn cases() -> [String; 3] {
    let case = |random: &str| {
        let ids = "0123456789abcdefghjkmnpqrstvwxyz".chars().map(|check| format!("190506-{random}{check}"));
        let mut valid = ids.filter(|id| id.parse::<CaseId>().is_ok());
        valid.next().unwrap()
    };
    ["7k3q9x", "8k3q9x", "9k3q9x"].map(case)
}

/// Twice handled, and the third time assigned: every commit is on the record, and none has been followed.
async fn third_time(world: &World, places: [&Place; 3]) -> [HistoryKey; 3] {
    let [first, second, third] = cases();
    let first = world.assign(&first, places[0]).await;
    world.resolve(&first).await;
    let second = world.assign(&second, places[1]).await;
    world.resolve(&second).await;
    let third = world.assign(&third, places[2]).await;
    [first, second, third]
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_in_whichever_order_the_commits_are_followed() {
    let [one, two, _] = cases();
    // By case and revision: in the order of the record; the one that asks first of all; and each case backwards.
    let in_order = [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1)];
    let asked_first = [(2, 1), (0, 1), (1, 1), (1, 2), (0, 2)];
    let backwards = [(2, 1), (1, 2), (1, 1), (0, 2), (0, 1)];
    for order in [in_order, asked_first, backwards] {
        let world = World::begin().await;
        let keys = third_time(&world, [&address(), &address(), &address()]).await;
        for (case, revision) in order {
            world.follow(&keys[case], revision).await;
        }
        assert_eq!(world.found(&keys[2]).await, [one.clone(), two.clone()], "{order:?}");
        assert!(world.found(&keys[1]).await.is_empty(), "twice is not too often");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_still_found_after_a_restart_and_by_spots_that_were_written_anew() {
    let mut world = World::begin().await;
    let [first, second, third] = third_time(&world, [&address(), &address(), &address()]).await;
    for (key, revision) in [(&first, 1), (&first, 2)] {
        world.follow(key, revision).await;
    }
    // The second case is as one from before there were spots.
    let charter = Arc::clone(&world.charter);
    let written = write_spots(&world.recurrences.broker, |_| Some(Arc::clone(&charter)), |_, _| {}).await.unwrap();
    assert_eq!(written, 3);
    world.restart().await;
    world.follow(&third, 1).await;
    assert_eq!(world.found(&third).await, [first.id, second.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn following_it_again_finds_what_stood_when_it_asked() {
    let world = World::begin().await;
    let keys = third_time(&world, [&address(), &address(), &address()]).await;
    for (key, revision) in [(&keys[0], 1), (&keys[0], 2), (&keys[1], 1), (&keys[1], 2)] {
        world.follow(key, revision).await;
    }
    let terms = crate::terms::general(&world.charter, world.app.now());
    world.decide(&keys[0], Command::Reopen { reason: "it is back".to_owned(), terms }).await;
    world.follow(&keys[0], 3).await;
    // It asked before that, so it still counts.
    world.follow(&keys[2], 1).await;
    assert_eq!(world.found(&keys[2]).await, [keys[0].id.clone(), keys[1].id.clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_one_place_as_far_as_the_charter_says_and_no_farther() {
    let world = World::begin().await;
    let keys = third_time(&world, [&point(0.0), &point(40.0), &point(20.0)]).await;
    for (key, revision) in [(&keys[0], 1), (&keys[0], 2), (&keys[1], 1), (&keys[1], 2), (&keys[2], 1)] {
        world.follow(key, revision).await;
    }
    assert_eq!(world.found(&keys[2]).await.len(), 2, "50 m is the charter's distance");

    let world = World::begin().await;
    let keys = third_time(&world, [&point(0.0), &point(90.0), &point(30.0)]).await;
    for (key, revision) in [(&keys[0], 1), (&keys[0], 2), (&keys[1], 1), (&keys[1], 2), (&keys[2], 1)] {
        world.follow(key, revision).await;
    }
    assert!(world.found(&keys[2]).await.is_empty());
}
