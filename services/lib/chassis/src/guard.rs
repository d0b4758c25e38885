//! What holds for every gRPC call, whatever it does: a panic in it is answered and the process lives, and the stop of the
//! process ends it. What is in hand is finished; what would go on for ever ends with UNAVAILABLE, which says to ask again.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use http_body::{Body as HttpBody, Frame, SizeHint};
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Code, Status};

/// What a guard has to know of a process.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) stopping: CancellationToken,
    /// Paths of the methods that answer with a stream and are asked once.
    watched: Arc<HashSet<String>>,
}

impl Guard {
    /// For the methods that these descriptors declare.
    pub(crate) fn new<'d>(stopping: CancellationToken, descriptors: impl IntoIterator<Item = &'d [u8]>) -> Self {
        // One that cannot be read is refused where reflection is set up.
        let files = descriptors.into_iter().filter_map(|encoded| FileDescriptorSet::decode(encoded).ok());
        let mut watched = HashSet::new();
        for file in files.flat_map(|set| set.file) {
            for service in &file.service {
                let streams = service.method.iter().filter(|it| it.server_streaming() && !it.client_streaming());
                let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
                watched.extend(streams.map(|method| path(method.name())));
            }
        }
        Self { stopping, watched: Arc::new(watched) }
    }
}

pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let is_watched = guard.watched.contains(&path);
    let request = request.map(|body| Body::new(Asking { body, stop: Some(guard.stop()) }));
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => readable(response).map(|body| {
            let stop = is_watched.then(|| guard.stop());
            Body::new(Answering { body, stop, path, is_over: false })
        }),
        Err(panic) => died(&path, &*panic).into_http(),
    }
}

/// A request that is no message of its contract is the sender's fault, and said so; the transport calls it ours.
fn readable(response: Response) -> Response {
    let status = Status::from_header_map(response.headers());
    let unreadable =
        status.filter(|status| status.code() == Code::Internal && status.message().starts_with(UNREADABLE));
    unreadable.map_or(response, |status| {
        let why = status.message().trim_start_matches(UNREADABLE);
        Status::invalid_argument(format!(
            "payload: this is not the message that its contract describes{why} (protobuf)"
        ))
        .into_http()
    })
}

/// How `prost` begins what it says of bytes that it cannot read.
const UNREADABLE: &str = "failed to decode Protobuf message";

type Stop = Pin<Box<WaitForCancellationFutureOwned>>;

impl Guard {
    fn stop(&self) -> Stop {
        Box::pin(self.stopping.clone().cancelled_owned())
    }
}

fn has_come(stop: &mut Option<Stop>, context: &mut Context<'_>) -> bool {
    stop.as_mut().is_some_and(|stop| stop.as_mut().poll(context).is_ready())
}

/// The answer to a call whose handler panicked; logged here, once.
fn died(path: &str, panic: &(dyn Any + Send)) -> Status {
    tracing::error!(method = path, panic = said(panic), "a call panicked; it is answered, and the process goes on");
    metrics::counter!("grpc_server_panics_total").increment(1);
    Status::internal("something is wrong here; it has been logged")
}

/// What a panic said.
pub(crate) fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// What ends a stream when its process stops; UNAVAILABLE, so that its reader asks again.
#[must_use]
pub fn leaving() -> Status {
    Status::unavailable("this process stops; ask again")
}

/// What a caller sends. After the stop nothing more is waited for: a stream of requests ends with what has come.
struct Asking {
    body: Body,
    /// None when it was cut.
    stop: Option<Stop>,
}

impl HttpBody for Asking {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, stop } = &mut *self;
        if stop.is_none() {
            return Poll::Ready(None);
        }
        match Pin::new(body).poll_frame(context) {
            Poll::Pending if has_come(stop, context) => {
                *stop = None;
                Poll::Ready(Some(Err(axum::Error::new(leaving()))))
            }
            polled @ (Poll::Ready(_) | Poll::Pending) => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stop.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is answered. One that goes on by itself is ended by the stop; every other ends with what it answers.
struct Answering {
    body: Body,
    stop: Option<Stop>,
    path: String,
    is_over: bool,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, stop, path, is_over } = &mut *self;
        if *is_over {
            return Poll::Ready(None);
        }
        let last = match catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(context))) {
            Ok(Poll::Pending) if has_come(stop, context) => leaving(),
            Ok(polled) => return polled,
            Err(panic) => died(path, &*panic),
        };
        *is_over = true;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(match last.add_header(&mut trailers) {
            Ok(()) => Ok(Frame::trailers(trailers)),
            Err(status) => Err(axum::Error::new(status)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
