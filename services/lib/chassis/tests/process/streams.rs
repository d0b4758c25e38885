//! Streams and panics: what a caller hears when a process stops, or when what it asked makes a handler die.

use chassis::{Issuer, Outcome, Running};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic::transport::Channel;

use crate::desk::{Desk, HOUR, ask, channel, clerk, descriptors, process, talk, watch};

/// A process that serves a desk, a way to it, and a token for it.
async fn desk() -> (Desk, Running, Channel, String) {
    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    let desk = Desk::default();
    service.grpc(desk.clone());
    service.descriptors(descriptors());
    let token = issuer.issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();
    let channel = channel(&running).await;
    (desk, running, channel, token)
}

#[tokio::test]
async fn a_stop_ends_every_stream_after_what_is_in_hand_is_answered() {
    let (desk, running, channel, token) = desk().await;
    let mut watched = watch(&channel, &token, "news").await.unwrap();
    assert_eq!(watched.message().await.unwrap().unwrap(), "answer to news");
    // One who has asked and may ask on, and one who has nothing more to ask.
    let open = tokio_stream::iter(["first".to_owned(), "linger".to_owned()]).chain(tokio_stream::pending());
    let mut talking = talk(&channel, &token, open).await.unwrap();
    assert_eq!(talking.message().await.unwrap().unwrap(), "answer to first");
    let mut next = JoinSet::new();
    next.spawn(async move {
        let answer = talking.message().await;
        (answer, talking)
    });
    desk.entered.notified().await;

    running.stop();
    let mut end = JoinSet::new();
    end.spawn(running.wait());
    let cut = watched.message().await.unwrap_err();
    assert_eq!(cut.code(), Code::Unavailable, "{cut}");
    assert!(end.try_join_next().is_none(), "it waits for what is in hand");
    desk.leave.notify_one();
    let (answer, mut talking) = next.join_next().await.unwrap().unwrap();
    assert_eq!(answer.unwrap().unwrap(), "answer to linger", "what was asked before is answered");
    let cut = talking.message().await.unwrap_err();
    assert_eq!(cut.code(), Code::Unavailable, "{cut}");
    assert_eq!(end.join_next().await.unwrap().unwrap(), Outcome::Polite);
}

#[tokio::test]
async fn a_stream_that_is_asked_to_the_end_is_answered_to_the_end_whatever_stops() {
    let (desk, running, channel, token) = desk().await;
    let mut talking = talk(&channel, &token, tokio_stream::iter(["linger".to_owned()])).await.unwrap();
    let mut next = JoinSet::new();
    next.spawn(async move {
        let answer = talking.message().await;
        (answer, talking)
    });
    desk.entered.notified().await;
    running.stop();
    desk.leave.notify_one();
    let (answer, mut talking) = next.join_next().await.unwrap().unwrap();
    assert_eq!(answer.unwrap().unwrap(), "answer to linger");
    assert_eq!(talking.message().await.unwrap(), None);
    assert_eq!(running.wait().await, Outcome::Polite);
}

#[tokio::test]
async fn whoever_asks_what_a_handler_dies_of_is_told_and_the_process_lives() {
    let (_, running, channel, token) = desk().await;
    let died = ask(&channel, Some(&token), "poison").await.unwrap_err();
    assert_eq!(died.code(), Code::Internal, "{died}");
    assert!(!died.message().contains("invariant"), "nobody outside is told more: {died}");
    // The same where the handler is at work on a stream.
    let questions = tokio_stream::iter(["poison".to_owned(), "second".to_owned()]);
    let mut talking = talk(&channel, &token, questions).await.unwrap();
    assert_eq!(talking.message().await.unwrap_err().code(), Code::Internal);
    assert_eq!(ask(&channel, Some(&token), "who am I?").await.unwrap(), "w-017 of wuchang");
    running.stop();
    assert_eq!(running.wait().await, Outcome::Polite);
}
