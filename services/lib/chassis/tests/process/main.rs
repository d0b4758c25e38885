//! A whole process on real sockets: its doors, its readiness, its end. `desk.rs` is the service it serves.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod desk;
mod streams;
mod traces;

use std::net::SocketAddr;

use chassis::{CALLS, Clock, Identity, Issuer, MESSAGE_BYTES_MAX, Outcome, Pace, Process, ProcessConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::server::NamedService;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use desk::{Desk, HOUR, ask, channel, clerk, descriptors, free_ports, mumble, process, talk};

#[tokio::test]
async fn a_caller_is_known_by_its_token_and_refused_without_one() {
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    service.grpc(Desk::default());
    let now = service.clock().real_now();
    let running = process.serve(service).await.unwrap();
    let channel = channel(&running).await;

    let refused = ask(&channel, None, "who am I?").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("authorization: Bearer"), "{refused}");

    let expired = issuer.issue(&clerk(), now - 2 * HOUR, HOUR);
    let refused = ask(&channel, Some(&expired), "who am I?").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("expired"), "{refused}");

    let foreign = Issuer::generate().issue(&clerk(), now, HOUR);
    assert_eq!(ask(&channel, Some(&foreign), "who am I?").await.unwrap_err().code(), Code::Unauthenticated);

    let token = issuer.issue(&clerk(), now, HOUR);
    assert_eq!(ask(&channel, Some(&token), "who am I?").await.unwrap(), "w-017 of wuchang");

    let (_, metrics) = get(running.http_addr(), "/metrics").await;
    for line in [
        r#"grpc_server_handled_total{service="test.v1.Desk",method="Ask",code="OK"} "#,
        r#"grpc_server_handled_total{service="test.v1.Desk",method="unknown",code="UNAUTHENTICATED"} "#,
        r#"grpc_server_handling_seconds_bucket{service="test.v1.Desk",method="Ask",code="OK",le="10"} "#,
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_share_in_hand_is_told_when_to_come_again_and_others_are_served_meanwhile() {
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    let desk = Desk::default();
    service.grpc(desk.clone());
    let now = service.clock().real_now();
    let token = issuer.issue(&clerk(), now, HOUR);
    let neighbour = issuer.issue(&Identity { staff_ref: "w-018".into(), ..clerk() }, now, HOUR);
    let running = process.serve(service).await.unwrap();
    let (crowded, other) = (channel(&running).await, channel(&running).await);
    let mut crowd = JoinSet::new();
    for _ in 0..CALLS.of_one_max {
        let (crowded, token) = (crowded.clone(), token.clone());
        // The one that looks whether all are there may have the last place for a moment.
        crowd.spawn(async move {
            loop {
                match ask(&crowded, Some(&token), "linger").await {
                    Err(refused) if refused.code() == Code::ResourceExhausted => tokio::task::yield_now().await,
                    answered => return answered,
                }
            }
        });
    }
    let refused = loop {
        if let Err(refused) = ask(&other, Some(&token), "who am I?").await {
            break refused;
        }
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()), "{refused}");
    assert_eq!(ask(&other, Some(&neighbour), "who am I?").await.unwrap(), "w-018 of wuchang");

    let mut answered = 0;
    while answered < CALLS.of_one_max {
        desk.leave.notify_waiters();
        while let Some(answer) = crowd.try_join_next() {
            assert!(answer.unwrap().is_ok());
            answered += 1;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&other, Some(&token), "who am I?").await.unwrap(), "w-017 of wuchang");
}

#[tokio::test]
async fn a_message_is_measured_before_it_is_decoded_and_its_caller_asked_before_that() {
    fn nobody(_: &Identity, method: &str) -> Result<Option<Pace>, tonic::Status> {
        Err(tonic::Status::permission_denied(format!("nobody may {method}")))
    }
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    service.grpc(Desk::default());
    service.descriptors(descriptors());
    let token = issuer.issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();
    let way = channel(&running).await;
    // Field 1 with its length, and the text.
    let fits = "a".repeat(MESSAGE_BYTES_MAX - 4);
    assert_eq!(ask(&way, Some(&token), &fits).await.unwrap(), "w-017 of wuchang");
    let refused = ask(&way, Some(&token), &format!("{fits}a")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("262144 bytes"), "{refused}");
    let questions = tokio_stream::iter(["short".to_owned(), format!("{fits}a")]);
    let mut talking = talk(&way, &token, questions).await.unwrap();
    // What came in one piece with it may be refused with it.
    let refused = loop {
        match talking.message().await {
            Ok(answer) => assert_eq!(answer.unwrap(), "answer to short"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");

    let (process, mut service) = self::process(Some(&issuer)).await;
    service.grpc(Desk::default());
    service.admits_by(nobody);
    let running = process.serve(service).await.unwrap();
    let way = channel(&running).await;
    let refused = ask(&way, Some(&token), &format!("{fits}a")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
}

#[tokio::test]
async fn who_asks_more_often_than_their_pace_is_told_when_to_come_again() {
    fn slowly(_: &Identity, _: &str) -> Result<Option<Pace>, tonic::Status> {
        Ok(Some(Pace { per_s: 1, at_once: 2 }))
    }
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    service.grpc(Desk::default());
    service.admits_by(slowly);
    let now = service.clock().real_now();
    let token = issuer.issue(&clerk(), now, HOUR);
    let running = process.serve(service).await.unwrap();
    let way = channel(&running).await;
    let asked = futures::future::join_all((0..6).map(|_| ask(&way, Some(&token), "who am I?"))).await;
    let refused: Vec<_> = asked.into_iter().filter_map(Result::err).collect();
    assert!(refused.len() >= 3, "{refused:?}");
    for refused in refused {
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
        assert!(refused.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()), "{refused}");
    }
    let other = issuer.issue(&Identity { staff_ref: "w-018".into(), ..clerk() }, now, HOUR);
    ask(&way, Some(&other), "who am I?").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_nothing_keeps_nobody_out() {
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    service.grpc(Desk::default());
    let token = issuer.issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();
    // More than there are places for whoever asks how the process is.
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(running.http_addr()).await.unwrap());
    }
    let (status, _) = get(running.http_addr(), "/healthz").await;
    assert_eq!(status, 200);
    // And whoever waits long enough is sent away.
    let mut callers = Vec::new();
    for _ in 0..8 {
        callers.push(TcpStream::connect(running.grpc_addr()).await.unwrap());
    }
    let way = channel(&running).await;
    assert_eq!(ask(&way, Some(&token), "who am I?").await.unwrap(), "w-017 of wuchang");
    let mut end = Vec::new();
    let longest = silent.first_mut().unwrap();
    let sent_away = tokio::time::timeout(std::time::Duration::from_secs(30), longest.read_to_end(&mut end)).await;
    assert!(sent_away.is_ok(), "a silent connection is not kept");
}

#[tokio::test]
async fn what_is_no_message_of_the_contract_is_the_senders_fault() {
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    service.grpc(Desk::default());
    let token = issuer.issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();
    let channel = channel(&running).await;

    let refused = mumble(&channel, &token).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("payload") && refused.message().contains("invalid wire type"), "{refused}");
    assert_eq!(ask(&channel, Some(&token), "who am I?").await.unwrap(), "w-017 of wuchang");
}

#[tokio::test]
async fn without_a_key_every_identified_call_is_refused() {
    let (process, mut service) = process(None).await;
    service.grpc(Desk::default());
    let token = Issuer::generate().issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();

    let refused = ask(&channel(&running).await, Some(&token), "who am I?").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("--identity-key-file"), "{refused}");
}

#[tokio::test]
async fn a_process_is_ready_when_every_gate_of_every_service_is_open() {
    let (process, mut service) = process(None).await;
    let mut sibling = service.sibling("dispatch");
    let (ours, theirs) = (service.ready().gate("record"), sibling.ready().gate("record"));
    sibling.grpc(Desk::default());
    sibling.http(axum::Router::new().route("/extra", axum::routing::get(async || "more")));
    service.absorb(sibling);
    let running = process.serve(service).await.unwrap();
    let http = running.http_addr();
    let mut health = HealthClient::new(channel(&running).await);

    let (status, body) = get(http, "/readyz").await;
    assert_eq!((status, body.as_str()), (503, r#"{"closed":["clockwork/record","dispatch/record"],"ready":false}"#));
    ours.open();
    assert_eq!(get(http, "/readyz").await.0, 503);
    assert_eq!(checked(&mut health, "").await, Ok(ServingStatus::NotServing));
    theirs.open();
    assert_eq!(get(http, "/readyz").await.0, 200);
    assert_eq!(checked(&mut health, "").await, Ok(ServingStatus::Serving));
    assert_eq!(checked(&mut health, Desk::NAME).await, Ok(ServingStatus::Serving));
    assert_eq!(checked(&mut health, "nobody").await, Err(Code::NotFound));
    theirs.close();
    assert_eq!(checked(&mut health, Desk::NAME).await, Ok(ServingStatus::NotServing));

    assert_eq!(get(http, "/healthz").await, (200, "alive".to_owned()));
    assert_eq!(get(http, "/extra").await, (200, "more".to_owned()));
}

#[tokio::test]
async fn a_stopping_process_is_not_ready_while_it_finishes_its_last_call() {
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    let desk = Desk::default();
    service.grpc(desk.clone());
    let stopping = service.stopping();
    let token = issuer.issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();
    let http = running.http_addr();
    let channel = channel(&running).await;

    let everything = HealthCheckRequest { service: String::new() };
    let mut watched = HealthClient::new(channel.clone()).watch(everything).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let mut last_call = JoinSet::new();
    last_call.spawn(async move { ask(&channel, Some(&token), "linger").await });
    desk.entered.notified().await;

    running.stop();
    stopping.cancelled().await;
    let mut end = JoinSet::new();
    end.spawn(running.wait());
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(watched.message().await.unwrap(), None, "a watcher does not hold up the stop");
    assert_eq!(get(http, "/readyz").await, (503, r#"{"closed":["stopping"],"ready":false}"#.to_owned()));
    assert_eq!(get(http, "/healthz").await.0, 200);
    assert!(end.try_join_next().is_none(), "it waits for the call in hand");

    desk.leave.notify_one();
    assert_eq!(last_call.join_next().await.unwrap().unwrap().unwrap(), "w-017 of wuchang");
    assert_eq!(end.join_next().await.unwrap().unwrap(), Outcome::Polite);
}

#[tokio::test]
async fn anyone_may_ask_what_is_served() {
    let (process, mut service) = process(None).await;
    service.descriptors(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let running = process.serve(service).await.unwrap();

    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel(&running).await);
    let mut answers = reflection.server_reflection_info(tokio_stream::once(list)).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("not a list: {answer:?}") };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    assert_eq!(names, ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"]);
}

#[tokio::test]
async fn a_failed_task_ends_the_process() {
    for failing in [true, false] {
        let (process, service) = process(None).await;
        service.spawn("inbox", async move {
            assert!(failing, "an invariant broke");
            anyhow::bail!("the broker said no")
        });
        let running = process.serve(service).await.unwrap();
        assert_eq!(running.wait().await, Outcome::TaskFailed);
    }
}

#[tokio::test]
async fn a_drain_ends_after_its_bound_whatever_is_still_at_work() {
    let config = ProcessConfig { drain_s_max: 0, ..free_ports() };
    let (process, service) = Process::start(config, "clockwork", Clock::real()).await.unwrap();
    service.spawn("inbox", std::future::pending());
    let running = process.serve(service).await.unwrap();
    running.stop();
    assert_eq!(running.wait().await, Outcome::DrainOverran);
}

async fn checked(health: &mut HealthClient<Channel>, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: service.to_owned() };
    Ok(health.check(request).await.map_err(|status| status.code())?.into_inner().status())
}

/// The status and body of a plain GET.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
