//! Asks every identified call for its token, and hands the caller's identity on.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::clock::Clock;
use crate::identity::{Identity, Verifier};
use crate::service::Policy;

/// Who is calling, as the token said that came with the call.
///
/// # Errors
/// UNAUTHENTICATED if nobody asked: the service was not registered with [`crate::Service::grpc`].
pub fn identity<T>(request: &tonic::Request<T>) -> Result<&Identity, Status> {
    request.extensions().get().ok_or_else(|| Status::unauthenticated("the caller of this method was not identified"))
}

#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) verifier: Option<Verifier>,
    pub(crate) clock: Clock,
    pub(crate) policy: Option<Policy>,
    /// Of calls that are not answered yet; of a stream, that has not begun.
    pub(crate) room: Arc<Semaphore>,
}

/// Calls in hand at once in one process. At three hundred a second the last of them waits three seconds; further ones are
/// told at once to come again, because what waits longer is asked for a second time meanwhile.
pub const CALLS_IN_HAND_MAX: usize = 1024;

/// How long whoever met an overload waits: as long as it takes to work off what is in hand.
const OVERLOADED_RETRY: Duration = Duration::from_secs(3);

/// UNAVAILABLE: so much is in hand that nothing was done for this; with the time after which it is asked again. Not
/// RESOURCE_EXHAUSTED, which a responder takes for final: it is what a full history is answered with.
#[must_use]
pub fn overloaded() -> Status {
    let wait = OVERLOADED_RETRY.as_secs();
    let message = format!("more comes than can be handled; nothing was done, send it again in {wait} s");
    Status::with_error_details(Code::Unavailable, message, ErrorDetails::with_retry_info(Some(OVERLOADED_RETRY)))
}

pub(crate) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    match door.who(request.headers()) {
        Ok(identity) => {
            let method = request.uri().path().trim_start_matches('/');
            if let Some(Err(refused)) = door.policy.map(|policy| policy(&identity, method)) {
                tracing::info!(method, why = refused.message(), "call refused");
                return refused.into_http();
            }
            let Ok(_in_hand) = door.room.try_acquire() else {
                metrics::counter!("grpc_server_refused_overloaded_total").increment(1);
                return overloaded().into_http();
            };
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(why) => {
            tracing::info!(path = request.uri().path(), why, "call refused");
            Status::unauthenticated(why).into_http()
        }
    }
}

impl Door {
    fn who(&self, headers: &HeaderMap) -> Result<Identity, String> {
        let Some(verifier) = &self.verifier else {
            return Err("this process was started without --identity-key-file, so it cannot tell who is calling; \
                 its operator has to give it the public key that tokens are signed with"
                .to_owned());
        };
        let Some(header) = headers.get(AUTHORIZATION) else {
            return Err("this call needs a token; send the one your operator gave you as metadata, \
                 `authorization: Bearer <token>`"
                .to_owned());
        };
        let token = header.to_str().ok().and_then(|text| text.split_once(' '));
        let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            return Err("the authorization metadata is not of the form `Bearer <token>`".to_owned());
        };
        verifier.verify(token.trim(), self.clock.real_now()).map_err(|error| error.to_string())
    }
}
