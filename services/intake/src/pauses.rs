//! Bridges that somebody has paused: what they bring and say is refused for now, at every door, and stays with them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ids::Code;
use record::{Broker, ConnectorState};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// The name of the rule.
const RULE: &str = "connector-paused";
/// When a paused bridge may come again: it is a person who resumes it.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Pauses(Arc<RwLock<HashMap<Code, ConnectorState>>>);

impl Pauses {
    /// As it stands now.
    ///
    /// # Errors
    /// The bucket is not there, or the broker does not answer.
    pub async fn open(broker: &Broker) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(RwLock::new(broker.connectors().await?.into_iter().collect()))))
    }

    /// Follows what is decided from now on.
    pub async fn follow(self, broker: Broker, stop: CancellationToken) -> anyhow::Result<()> {
        let apply = |connector: Code, state: ConnectorState| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let before = known.insert(connector.clone(), state.clone());
            if before.is_none_or(|before| before.paused != state.paused) {
                tracing::info!(%connector, paused = state.paused, by = state.by, reason = state.reason, "decided");
            }
        };
        broker.follow_connectors(stop, apply).await?;
        Ok(())
    }

    /// # Errors
    /// UNAVAILABLE, rule `connector-paused`, with when to come again.
    pub fn let_in(&self, bridge: &Code) -> Result<(), Status> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(pause) = known.get(bridge).filter(|state| state.paused) else { return Ok(()) };
        let (since, why) = (pause.at, &pause.reason);
        let message =
            format!("{bridge} is paused since {since}: {why}; nothing was taken in, keep it and send it again");
        Err(station::not_now(RULE, &message, AGAIN_AFTER))
    }
}
