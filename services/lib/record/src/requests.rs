//! Requests over NATS: what bridges and departments send, answered after the commit.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use fair::{Bounds, Turnstile};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::trace;

/// Requests in hand at the same time in one process, on one subject. At three hundred a second the last of them waits three
/// seconds; further ones are told at once to come again, because what waits longer is asked for a second time meanwhile. One
/// account has half of that, and beside others a few at work: so whoever comes while another floods waits for a few.
pub const IN_HAND: Bounds = Bounds { held_max: 1024, of_one_max: 512, shared_max: 16 };

/// Longest wait, after a stop, for a request that the broker has sent already.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// A request in hand.
#[derive(Clone, Debug)]
pub struct IncomingRequest {
    pub subject: String,
    pub payload: Bytes,
}

/// What answers a request.
type Handler = Arc<dyn Fn(IncomingRequest) -> BoxFuture<'static, Vec<u8>> + Send + Sync>;

/// Why a request was not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unhandled {
    /// The handler panicked on it.
    Panicked,
    /// Too many others are in hand, or too many of the same account.
    Overloaded,
}

/// Sends requests and waits for their answers.
#[derive(Clone, Debug)]
pub struct Requester(Broker);

impl Broker {
    #[must_use]
    pub fn requester(&self) -> Requester {
        Requester(self.clone())
    }

    /// Answers requests on `subject` together with the other replicas of `group`, until `stop`. Whoever asked what was not
    /// handled hears what `instead` says of it: silence would be asked again for ever.
    ///
    /// # Errors
    /// The subscription is refused.
    pub fn serve<'f, H, F>(
        &'f self,
        subject: &'static str,
        group: &'f str,
        stop: CancellationToken,
        instead: fn(&IncomingRequest, Unhandled) -> Vec<u8>,
        handler: H,
    ) -> BoxFuture<'f, Result<(), BrokerError>>
    where
        H: Fn(IncomingRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<u8>> + Send + 'static,
    {
        // What answers is compiled once, here, and not once more for every handler there is.
        let handler: Handler = Arc::new(move |request| Box::pin(handler(request)));
        Box::pin(self.answer(subject, group, stop, instead, handler))
    }

    async fn answer(
        &self,
        subject: &'static str,
        group: &str,
        stop: CancellationToken,
        instead: fn(&IncomingRequest, Unhandled) -> Vec<u8>,
        handler: Handler,
    ) -> Result<(), BrokerError> {
        let mut requests = self
            .client
            .queue_subscribe(subject, group.to_owned())
            .await
            .map_err(|source| BrokerError::unavailable(format!("listen on {subject}"), source))?;
        let turnstile = Turnstile::new(IN_HAND);
        let refused = metrics::counter!("requests_refused_overloaded_total", "subject" => subject);
        let in_hand = TaskTracker::new();
        let mut stopping = false;
        loop {
            let message = tokio::select! {
                biased;
                () = stop.cancelled(), if !stopping => {
                    // What the client has read by now is ours to answer. What the broker sends until it has heard of this
                    // is lost (findings/async-nats-drain-loses-messages.sh): whoever asked asks again.
                    stopping = true;
                    match tokio::time::timeout(DRAIN_MAX, requests.drain()).await {
                        Ok(Ok(())) => continue,
                        Ok(Err(_)) | Err(_) => break,
                    }
                }
                message = requests.next() => message,
                // A broker that is away never says that this was all.
                () = tokio::time::sleep(DRAIN_MAX), if stopping => break,
            };
            let Some(message) = message else { break };
            let Some(reply) = message.reply.clone() else { continue };
            let Ok(turn) = turnstile.enter(sender(&message.subject)) else {
                refused.increment(1);
                let request = IncomingRequest { subject: message.subject.to_string(), payload: message.payload };
                let _ = self.client.publish(reply, instead(&request, Unhandled::Overloaded).into()).await;
                continue;
            };
            let span = tracing::info_span!(
                "process",
                otel.name = format!("process {subject}"),
                otel.kind = "server",
                messaging.system = "nats",
            );
            trace::adopt(&span, message.headers.as_ref());
            let (handler, client) = (Arc::clone(&handler), self.client.clone());
            let work = async move {
                turn.come().await;
                let request = IncomingRequest { subject: message.subject.to_string(), payload: message.payload };
                let asked = request.clone();
                let handled = AssertUnwindSafe(async move { handler(request).await }).catch_unwind().await;
                let answer = handled.unwrap_or_else(|panic| {
                    let why = panic.downcast_ref::<String>().map(String::as_str);
                    let why = why.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
                    tracing::error!(
                        subject = asked.subject,
                        why,
                        "a request made its handler panic; it is answered so"
                    );
                    metrics::counter!("requests_panicked_total", "subject" => subject).increment(1);
                    instead(&asked, Unhandled::Panicked)
                });
                let _ = client.publish(reply, answer.into()).await;
                drop(turn);
            };
            in_hand.spawn(work.instrument(span));
        }
        in_hand.close();
        in_hand.wait().await;
        // An answer that nobody has read is no answer.
        self.flush().await;
        Ok(())
    }
}

/// Whose account a request comes from: the broker lets nobody ask under another's name (D5).
fn sender(subject: &str) -> String {
    subject.split('.').nth(1).unwrap_or_default().to_owned()
}

impl Requester {
    /// # Errors
    /// Nobody answered within `wait`: the outcome is unknown, send it again; unless it is too large to be sent at all.
    #[boxed]
    pub async fn request(&self, subject: String, payload: Vec<u8>, wait: Duration) -> Result<Bytes, BrokerError> {
        let mut headers = async_nats::HeaderMap::new();
        trace::inject(&mut headers);
        let what = format!("ask on {subject}");
        let request = async_nats::Request::new().payload(payload.into()).headers(headers).timeout(Some(wait));
        // The client's own queue is full while the connection is away: that wait counts too.
        let reply = tokio::time::timeout(wait, self.0.client.send_request(subject, request)).await;
        match reply {
            Ok(Ok(reply)) => Ok(reply.payload),
            Ok(Err(source)) if source.kind() == RequestErrorKind::MaxPayloadExceeded => {
                Err(BrokerError::TooLarge { what, description: chain(&source) })
            }
            Ok(Err(source)) => Err(BrokerError::unavailable(what, source)),
            Err(late) => Err(BrokerError::unavailable(what, late)),
        }
    }
}
