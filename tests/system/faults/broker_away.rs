//! The broker goes and comes back: every service says so where platforms and operators look, once, and goes on by itself.

use std::time::{Duration, Instant};

use huying::accounts::CASEBOOK_USER;
use ids::Owner;
use serde_json::Value;
use tokio::task::block_in_place;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::burst::Burst;
use crate::support::city::{City, NATS};
use crate::support::program::get;
use crate::support::{until, until_now};

/// What an operator was promised.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// So often the services try to connect while the broker is away: long enough that one line for each try would show.
const KNOCKS: usize = 200;
/// Lines of one service about the whole of it: the loss, the return, the gate twice, and what was in hand.
const LINES_MAX: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_said_once_and_everything_goes_on_when_it_is_back() {
    let city = City::start(&[]);
    let services: Vec<&str> = Owner::ALL.iter().map(|owner| owner.as_str()).chain([CASEBOOK_USER]).collect();
    let lines_before: Vec<usize> = services.iter().map(|service| city.log(service).lines().count()).collect();

    city.kill(NATS);
    let begun = Instant::now();
    for service in &services {
        let closed = block_in_place(|| {
            until_now(&format!("{service} is not ready"), || {
                get(city.http(service), "/readyz").ok().filter(|(status, _)| *status == 503)
            })
        });
        let closed: Value = serde_json::from_str(&closed.1).unwrap();
        assert_eq!(closed["why"][format!("{service}/record")], "the connection to the broker is lost", "{closed}");
        assert_eq!(health(&city.grpc(service)).await, ServingStatus::NotServing, "{service}");
        let (_, metrics) = get(city.http(service), "/metrics").unwrap();
        for line in ["record_writable 0", "record_trouble{cause=\"no-connection\"} 1"] {
            assert!(metrics.lines().any(|said| said == line), "{service} does not say {line}");
        }
    }
    assert!(begun.elapsed() < KNOWN_WITHIN, "known after {:?}", begun.elapsed());
    block_in_place(|| city.until_knocked(NATS, KNOCKS));

    // Whoever starts now waits for it, and says so.
    city.kill("triage");
    city.launch("triage");
    until("triage waits", async || city.log("triage").contains("waiting for the broker").then_some(())).await;

    block_in_place(|| city.revive(NATS));
    for service in &services {
        block_in_place(|| city.await_ready(service));
        assert_eq!(health(&city.grpc(service)).await, ServingStatus::Serving, "{service}");
    }
    let answered = Burst::begin(&city, "intake", "away", 4).finish().await;
    assert_eq!(answered.len(), 4, "the same processes go on");

    for (service, before) in services.iter().zip(lines_before).filter(|(service, _)| **service != "triage") {
        let log = city.log(service);
        let said: Vec<&str> = log.lines().skip(before).collect();
        let count = |words: &str| said.iter().filter(|line| line.contains(words)).count();
        assert_eq!(count(" WARN ") + count(" ERROR "), 1, "{service}:\n{}", said.join("\n"));
        assert_eq!(count("the record cannot be written (HY-011)"), 1, "{service}:\n{}", said.join("\n"));
        assert_eq!(count("the record can be written again"), 1, "{service}:\n{}", said.join("\n"));
        // What is told to people goes on beside it, and is logged.
        let about_it = said.len() - count("charter taken") - count(" delivery_id=");
        assert!(about_it <= LINES_MAX, "{service} says {about_it} lines:\n{}", said.join("\n"));
    }
}

async fn health(grpc: &str) -> ServingStatus {
    let channel = Endpoint::from_shared(grpc.to_owned()).unwrap().connect().await.unwrap();
    HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap().into_inner().status()
}
