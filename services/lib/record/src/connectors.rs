//! Connectors that somebody has paused: bridges and departments, each with who did it, when and why. A bucket with a key for each, so
//! that whoever lets a bridge in knows at once.
//!
//! What a paused department was ordered waits at its consumer, which the broker itself holds back. What a paused bridge brings is
//! refused for now, and stays with its sender.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::Request;
use async_nats::jetstream::kv;
use async_recursion::async_recursion as boxed;
use futures::{StreamExt, TryStreamExt};
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proto::streams::{CALLS, CONNECTORS};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::standing::warn_unless_known;

/// Wait before a broker that is away is tried again.
const AWAY_DELAY: Duration = Duration::from_secs(1);
/// How long the broker holds a department's orders back: until it is resumed, but it wants an instant.
const HELD_BACK: SignedDuration = SignedDuration::from_hours(24 * 365 * 10);

/// What was decided about a connector last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorState {
    pub paused: bool,
    /// Whoever decided so.
    pub by: String,
    pub reason: String,
    pub at: Timestamp,
}

impl Broker {
    /// What was decided about connectors; those about which nothing was are not among them.
    ///
    /// # Errors
    /// The bucket is not there, or the broker does not answer.
    #[boxed]
    pub async fn connectors(&self) -> Result<BTreeMap<Code, ConnectorState>, BrokerError> {
        let bucket = self.connectors_bucket().await?;
        let away = |source| BrokerError::unavailable("list what was decided about connectors", source);
        let mut names = bucket.keys().await.map_err(away)?;
        let mut states = BTreeMap::new();
        let listed = |source| BrokerError::unavailable("list what was decided about connectors", source);
        while let Some(name) = names.try_next().await.map_err(listed)? {
            let got = bucket.get(name.as_str()).await;
            let value =
                got.map_err(|source| BrokerError::unavailable(format!("read what was decided about {name}"), source))?;
            if let (Ok(code), Some(state)) = (name.parse(), value.as_deref().and_then(read)) {
                states.insert(code, state);
            }
        }
        Ok(states)
    }

    /// Decides about a connector.
    ///
    /// # Errors
    /// The bucket is not there, or the broker does not answer.
    #[boxed]
    pub async fn decide_connector(&self, connector: &Code, state: &ConnectorState) -> Result<(), BrokerError> {
        let what = || format!("write what was decided about {connector}");
        let bucket = self.connectors_bucket().await?;
        let text = serde_json::to_vec(state).unwrap_or_default();
        let put = bucket.put(connector.as_str(), text.into()).await;
        put.map(|_| ()).map_err(|source| BrokerError::unavailable(what(), source))
    }

    /// Has the broker hold a department's orders back, or give them out again. They stay where they are.
    ///
    /// # Errors
    /// The department has no consumer, or the broker does not answer.
    #[boxed]
    pub async fn hold_orders_back(&self, department: &Code, now: Timestamp, back: bool) -> Result<(), BrokerError> {
        let what = format!("hold the orders of {department} back");
        let body = if back { format!("{{\"pause_until\":\"{}\"}}", now + HELD_BACK) } else { "{}".to_owned() };
        let request = Request::new().payload(body.into());
        let subject = format!("$JS.API.CONSUMER.PAUSE.{CALLS}.{department}");
        let answer = self.ask(CALLS, &what, subject, request).await?;
        let said: Answer = serde_json::from_slice(&answer.payload)
            .map_err(|source| BrokerError::unavailable(what.as_str(), source))?;
        match said.error {
            Some(error) => Err(BrokerError::Rejected { what, code: error.err_code, description: error.description }),
            None => Ok(()),
        }
    }

    /// Follows what is decided about connectors until `stop`; what was decided before comes first.
    ///
    /// # Errors
    /// The bucket is not there.
    pub async fn follow_connectors(
        &self,
        stop: CancellationToken,
        mut apply: impl FnMut(Code, ConnectorState) + Send,
    ) -> Result<(), BrokerError> {
        let bucket = self.connectors_bucket().await?;
        let mut reconnections = self.reconnections();
        while !stop.is_cancelled() {
            let mut changes = match bucket.watch_with_history(">").await {
                Ok(changes) => changes,
                Err(error) => {
                    warn_unless_known!(error = chain(&error), "cannot follow the connectors; trying again");
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(AWAY_DELAY) => continue,
                    }
                }
            };
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    // A broker that was started again has forgotten what we watch by.
                    Ok(()) = reconnections.changed() => break,
                    change = changes.next() => {
                        let Some(Ok(change)) = change else { break };
                        if let (Ok(code), Some(state)) = (change.key.parse(), read(&change.value)) {
                            apply(code, state);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn connectors_bucket(&self) -> Result<kv::Store, BrokerError> {
        // The client tells a bucket that is not there from a broker that is away by its text alone.
        self.stream(&format!("KV_{CONNECTORS}")).await?;
        let bucket = self.jetstream.get_key_value(CONNECTORS).await;
        bucket.map_err(|source| BrokerError::unavailable("open the bucket of the connectors", source))
    }
}

fn read(value: &[u8]) -> Option<ConnectorState> {
    serde_json::from_slice(value).ok()
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Wrong>,
}

#[derive(Deserialize)]
struct Wrong {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}
