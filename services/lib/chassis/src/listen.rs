//! HTTP/1 as it is listened to: how many connections there are, how long a head may take to come, and an end that finishes what
//! is in hand.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::entrance::{Entrance, Guest, Room};

/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// Bytes of one head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// `GET / HTTP/1.1` and the end of its line.
const GREETING_BYTES: usize = 16;

/// What a stranger may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once. Beyond them whoever has said nothing for longest has to go.
    pub connections_max: usize,
    /// From an open connection, or the answer before, until a whole head is there.
    pub head_max: Duration,
}

/// Serves until the process stops, then finishes what is in hand.
///
/// # Errors
/// None; what goes wrong concerns one connection.
pub async fn serve(
    listener: TcpListener,
    router: axum::Router,
    bounds: Bounds,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let Bounds { connections_max, head_max } = bounds;
    let room = Room { connections_max, greeting_bytes: GREETING_BYTES, greeting_max: head_max };
    let entrance = Entrance::new(listener, room);
    let mut connections = JoinSet::new();
    loop {
        let guest = tokio::select! {
            guest = entrance.accept() => guest,
            () = stopping.cancelled() => break,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(guest, router.clone(), head_max, stopping.clone()));
    }
    drop(entrance);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn connection(guest: Guest, router: axum::Router, head_max: Duration, stopping: CancellationToken) {
    let mut served = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_max)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(guest), TowerToHyperService::new(router))
    );
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopping.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
