//! Requests over NATS: what bridges and departments send, answered after the commit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::trace;

/// Requests handled at the same time in one process; further ones wait in the subscription.
const CONCURRENCY: usize = 1024;

/// A request in hand.
#[derive(Clone, Debug)]
pub struct IncomingRequest {
    pub subject: String,
    pub payload: Bytes,
}

/// Sends requests and waits for their answers.
#[derive(Clone, Debug)]
pub struct Requester(Broker);

impl Broker {
    #[must_use]
    pub fn requester(&self) -> Requester {
        Requester(self.clone())
    }

    /// Answers requests on `subject` together with the other replicas of `group`, until `stop`.
    ///
    /// # Errors
    /// The subscription is refused.
    pub async fn serve<H, F>(
        &self,
        subject: &'static str,
        group: &str,
        stop: CancellationToken,
        handler: H,
    ) -> Result<(), BrokerError>
    where
        H: Fn(IncomingRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<u8>> + Send + 'static,
    {
        let mut requests = self
            .client
            .queue_subscribe(subject, group.to_owned())
            .await
            .map_err(|source| BrokerError::unavailable(format!("listen on {subject}"), source))?;
        let permits = Arc::new(Semaphore::new(CONCURRENCY));
        let in_hand = TaskTracker::new();
        let handler = Arc::new(handler);
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
            let message = tokio::select! {
                () = stop.cancelled() => break,
                message = requests.next() => message,
            };
            let Some(message) = message else { break };
            let Some(reply) = message.reply.clone() else { continue };
            let span = tracing::info_span!(
                "process",
                otel.name = format!("process {subject}"),
                otel.kind = "server",
                messaging.system = "nats",
            );
            trace::adopt(&span, message.headers.as_ref());
            let (handler, client) = (Arc::clone(&handler), self.client.clone());
            let work = async move {
                let request = IncomingRequest { subject: message.subject.to_string(), payload: message.payload };
                let answer = handler(request).await;
                let _ = client.publish(reply, answer.into()).await;
                drop(permit);
            };
            in_hand.spawn(work.instrument(span));
        }
        let _ = requests.unsubscribe().await;
        in_hand.close();
        in_hand.wait().await;
        Ok(())
    }
}

impl Requester {
    /// # Errors
    /// Nobody answered within `wait`: the outcome is unknown, send it again.
    pub async fn request(&self, subject: String, payload: Vec<u8>, wait: Duration) -> Result<Bytes, BrokerError> {
        let mut headers = async_nats::HeaderMap::new();
        trace::inject(&mut headers);
        let request = async_nats::Request::new().payload(payload.into()).headers(headers).timeout(Some(wait));
        let reply = self
            .0
            .client
            .send_request(subject.clone(), request)
            .await
            .map_err(|source| BrokerError::unavailable(format!("ask on {subject}"), source))?;
        Ok(reply.payload)
    }
}
