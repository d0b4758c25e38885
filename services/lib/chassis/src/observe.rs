//! One span, one count and one duration for every gRPC call, refused ones included.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use opentelemetry::global;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::Status;
use tonic::Code;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What a label says in place of a name that a caller may have made up.
const UNKNOWN: &str = "unknown";

/// Watches a call from its headers to the end of its answer. `served` are the services there are.
pub(crate) async fn observe(State(served): State<Arc<[&'static str]>>, request: Request, next: Next) -> Response {
    let mut call = Call::begin(&served, &request);
    let response = next.run(request).instrument(call.span.clone()).await;
    if call.note(response.headers()) {
        return response;
    }
    response.map(|body| Body::new(Observed { call: Some(call), body }))
}

/// A call in progress. When it is dropped it is over, and without a status by then its caller has gone away.
struct Call {
    service: &'static str,
    method: String,
    began: Instant,
    code: Option<Code>,
    span: Span,
}

impl Call {
    fn begin(served: &[&'static str], request: &Request) -> Self {
        let path = request.uri().path().trim_start_matches('/');
        let (service, method) = path.split_once('/').unwrap_or((path, ""));
        let service = served.iter().find(|name| **name == service).copied();
        // Only a service we have names its span: the path is the caller's to choose.
        let (service, method) = service.map_or((UNKNOWN, UNKNOWN), |service| (service, method));
        let span = tracing::info_span!("grpc", otel.name = format!("{service}/{method}"), otel.kind = "server");
        // As attributes and not as fields: every log line within the call would repeat the fields.
        span.set_attribute("rpc.system", "grpc");
        span.set_attribute("rpc.service", service);
        span.set_attribute("rpc.method", method.to_owned());
        let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Metadata(request.headers())));
        // It fails if traces go nowhere or this span is filtered out; then there is nothing to be the child of.
        let _no_traces = span.set_parent(parent);
        Self { service, method: method.to_owned(), began: Instant::now(), code: None, span }
    }

    /// Whether these headers, or trailers, end the call with a status. An answer without a body has it in its headers.
    fn note(&mut self, headers: &HeaderMap) -> bool {
        if let Some(status) = headers.get("grpc-status") {
            self.code = Some(Code::from_bytes(status.as_bytes()));
        }
        self.code.is_some()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        self.span.set_attribute("rpc.grpc.status_code", i64::from(i32::from(code)));
        if is_our_fault(code) {
            self.span.set_status(Status::error(name(code)));
        }
        // Before these two codes nobody has looked at the method's name, so it may be anything.
        let unseen = matches!(code, Code::Unauthenticated | Code::Unimplemented);
        let method = if unseen { UNKNOWN.to_owned() } else { std::mem::take(&mut self.method) };
        let labels = [("service", self.service.to_owned()), ("method", method), ("code", name(code).to_owned())];
        metrics::counter!("grpc_server_handled_total", &labels).increment(1);
        metrics::histogram!("grpc_server_handling_seconds", &labels).record(self.began.elapsed().as_secs_f64());
    }
}

/// An answer on its way out. The call is over with its last frame, before the caller can see that it is.
struct Observed {
    call: Option<Call>,
    body: Body,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { call, body } = &mut *self;
        let span = call.as_ref().map_or_else(Span::none, |call| call.span.clone());
        let frame = ready!(span.in_scope(|| Pin::new(body).poll_frame(context)));
        let over = match (&frame, call.as_mut()) {
            (Some(Ok(frame)), Some(call)) => frame.trailers_ref().is_some_and(|trailers| call.note(trailers)),
            (Some(Err(_)) | None, Some(call)) => {
                call.code = Some(Code::Unknown);
                true
            }
            (_, None) => false,
        };
        if over {
            *call = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Metadata<'a>(&'a HeaderMap);

impl Extractor for Metadata<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// The codes for which OpenTelemetry calls a server's span failed. The others are answers.
fn is_our_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
