//! What a request may cost before anybody looks at it: how large its body may be, how long it may take, and what becomes of a
//! panic. Connections and heads are bounded by the chassis.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chassis::listen::Bounds;
use futures::{FutureExt, StreamExt};
use tokio::time::timeout;

use crate::problem::Problem;

/// What a stranger may cost.
pub const BOUNDS: Bounds = Bounds { connections_max: 1024, head_max: Duration::from_secs(30) };

/// Largest body read, in bytes: the longest submission with every character escaped, and room for everything else.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Until a whole body is there.
const BODY_MAX: Duration = Duration::from_secs(30);

/// A whole body, as far as it may be large.
///
/// # Errors
/// 413 as soon as it is larger; 408 when it does not come.
pub async fn body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(size) = said.filter(|size| *size > BODY_BYTES_MAX) {
        return Err(too_large(&format!("{size} bytes")));
    }
    let read = async {
        let mut whole = Vec::with_capacity(said.unwrap_or_default());
        let mut parts = body.into_data_stream();
        while let Some(part) = parts.next().await {
            let part = part.map_err(|error| Problem::of_field("payload", "whole", error.to_string()))?;
            if whole.len() + part.len() > BODY_BYTES_MAX {
                return Err(too_large("more"));
            }
            whole.extend_from_slice(&part);
        }
        Ok(Bytes::from(whole))
    };
    timeout(BODY_MAX, read).await.unwrap_or_else(|_| {
        let wait = BODY_MAX.as_secs();
        Err(Problem::of_http(
            StatusCode::REQUEST_TIMEOUT,
            "body-time",
            format!("the body did not come within {wait} s"),
        ))
    })
}

fn too_large(size: &str) -> Problem {
    let problem = Problem::of_field("payload", "size", format!("{size}; at most {BODY_BYTES_MAX} fit"));
    Problem { status: StatusCode::PAYLOAD_TOO_LARGE, ..problem }
}

/// Counts and times what is asked by `path`, and answers where a handler panics: the process lives.
pub async fn observe(path: &'static str, request: Request, next: Next) -> Result<Response, Infallible> {
    let (began, method) = (Instant::now(), request.method().clone());
    let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            tracing::error!(path, panic = said, "a request panicked; it is answered, and the process goes on");
            metrics::counter!("requests_panicked_total", "subject" => path).increment(1);
            Problem::of_ours().into_response()
        }
    };
    let labels =
        [("method", method.to_string()), ("path", path.to_owned()), ("status", response.status().as_u16().to_string())];
    metrics::counter!("door_handled_total", &labels).increment(1);
    metrics::histogram!("door_handling_seconds", &labels).record(began.elapsed().as_secs_f64());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::{get, post};
    use chassis::CancellationToken;
    use chassis::listen::serve;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    use super::*;

    struct Served {
        address: std::net::SocketAddr,
        stopping: CancellationToken,
        life: JoinSet<anyhow::Result<()>>,
    }

    async fn served(bounds: Bounds) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        async fn sized(request: Request) -> Result<String, Problem> {
            let (parts, sent) = request.into_parts();
            Ok(body(&parts.headers, sent).await?.len().to_string())
        }
        let router = Router::new()
            .route("/sized", post(sized))
            .route("/dies", get(|| async { panic!("as it was told to") as String }))
            .layer(axum::middleware::from_fn(|request, next| observe("/", request, next)));
        let stopping = CancellationToken::new();
        let mut life = JoinSet::new();
        life.spawn(serve(listener, router, bounds, stopping.clone()));
        Served { address, stopping, life }
    }

    async fn said(stream: &mut TcpStream) -> String {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_is_not_waited_for() {
        let mut door = served(Bounds { head_max: Duration::from_millis(50), ..BOUNDS }).await;
        let mut slow = TcpStream::connect(door.address).await.unwrap();
        slow.write_all(b"POST /sized HTTP/1.1\r\nHost: a\r\n").await.unwrap();
        let _hung_up = timeout(Duration::from_secs(10), said(&mut slow)).await.expect("the connection is closed");
        door.stopping.cancel();
        door.life.join_next().await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused_before_it_has_come() {
        let mut door = served(BOUNDS).await;
        let mut large = TcpStream::connect(door.address).await.unwrap();
        large
            .write_all(b"POST /sized HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 999999999\r\n\r\n")
            .await
            .unwrap();
        let answer = said(&mut large).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("999999999 bytes; at most 262144 fit"), "{answer}");

        let mut chunked = TcpStream::connect(door.address).await.unwrap();
        chunked
            .write_all(
                b"POST /sized HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n",
            )
            .await
            .unwrap();
        chunked.write_all(&vec![b'a'; 0x40001]).await.unwrap();
        let answer = said(&mut chunked).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        door.stopping.cancel();
        door.life.join_next().await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_that_panics_is_answered_and_the_door_stays_open() {
        let mut door = served(BOUNDS).await;
        for _ in 0..2 {
            let mut stream = TcpStream::connect(door.address).await.unwrap();
            stream.write_all(b"GET /dies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
            let answer = said(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 500") && !answer.contains("told to"), "{answer}");
        }
        door.stopping.cancel();
        door.life.join_next().await.unwrap().unwrap().unwrap();
    }
}
