//! Asks every identified call for its token, lets nobody have more than their share, and hands the caller's identity on.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use fair::{Bounds, Paces, TooMuch, Turn, Turnstile};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::clock::Clock;
use crate::identity::{Identity, Verifier};
use crate::measure::Shapes;
use crate::receipt::REFERENCE_PREFIX;
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
    pub(crate) shapes: Shapes,
    /// Calls that are not answered yet; of a stream, that have not begun.
    pub(crate) in_hand: Turnstile<Whose>,
    pub(crate) paces: Arc<Paces<Whose>>,
}

/// Calls in hand at once in one process. At three hundred a second the last of them waits three seconds; further ones are
/// told at once to come again, because what waits longer is asked for a second time meanwhile. One caller has half of that,
/// and beside others a sixteenth at work.
pub const CALLS: Bounds = Bounds { held_max: 1024, of_one_max: 512, shared_max: 64 };

/// How long whoever met an overload waits: as long as it takes to work off what is in hand.
const OVERLOADED_RETRY: Duration = Duration::from_secs(3);

/// Who shares one share: a caller, or all who show a receipt, because whether a receipt is one only its case knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    Receipts,
    Caller(Identity),
}

impl Whose {
    fn of(identity: &Identity) -> Self {
        if identity.staff_ref.starts_with(REFERENCE_PREFIX) {
            return Self::Receipts;
        }
        Self::Caller(identity.clone())
    }
}

/// UNAVAILABLE: so much is in hand that nothing was done for this; with the time after which it is asked again. Not
/// RESOURCE_EXHAUSTED, which a responder takes for final: it is what a full history is answered with.
#[must_use]
pub fn overloaded() -> Status {
    let wait = OVERLOADED_RETRY.as_secs();
    let message = format!("more comes than can be handled; nothing was done, send it again in {wait} s");
    later(Code::Unavailable, message, OVERLOADED_RETRY)
}

/// RESOURCE_EXHAUSTED: this caller asks for more than one caller gets; with the time after which it is asked again.
fn too_much_of_one(wait: Duration) -> Status {
    let seconds = wait.as_secs_f64();
    let message =
        format!("more comes from you than one caller may ask; nothing was done, send it again in {seconds:.1} s");
    later(Code::ResourceExhausted, message, wait)
}

fn later(code: Code, message: String, wait: Duration) -> Status {
    Status::with_error_details(code, message, ErrorDetails::with_retry_info(Some(wait)))
}

pub(crate) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let identity = match door.who(request.headers()) {
        Ok(identity) => identity,
        Err(why) => {
            tracing::info!(path = request.uri().path(), why, "call refused");
            return Status::unauthenticated(why).into_http();
        }
    };
    let (_in_hand, measured) = match door.let_in(&identity, request).await {
        Ok(both) => both,
        Err(refused) => return refused.into_http(),
    };
    request = measured;
    request.extensions_mut().insert(identity);
    next.run(request).await
}

impl Door {
    /// First whether the caller may at all, then whether it is their turn, then whether what they ask may be decoded.
    async fn let_in(&self, identity: &Identity, request: Request) -> Result<(Turn<Whose>, Request), Status> {
        let method = request.uri().path().trim_start_matches('/');
        let admitted = self.policy.map(|policy| policy(identity, method)).transpose();
        let pace = admitted.inspect_err(|refused| tracing::info!(method, why = refused.message(), "call refused"))?;
        let whose = Whose::of(identity);
        if let Some(pace) = pace.flatten() {
            self.paces.ask(whose.clone(), pace).map_err(|wait| refused(too_much_of_one(wait)))?;
        }
        let turn = self.in_hand.enter(whose).map_err(|much| {
            refused(match much {
                TooMuch::OfOne => too_much_of_one(OVERLOADED_RETRY),
                TooMuch::InAll => overloaded(),
            })
        })?;
        turn.come().await;
        let request = self.shapes.measured(request).await?;
        Ok((turn, request))
    }
}

/// Counted.
fn refused(status: Status) -> Status {
    metrics::counter!("grpc_server_refused_overloaded_total").increment(1);
    status
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
