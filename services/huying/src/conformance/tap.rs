//! What a party says, heard where it arrives.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use record::{Broker, BrokerError, IncomingRequest};
use tokio::task::JoinSet;

/// Hears until it is dropped.
pub struct Tap {
    heard: Arc<Mutex<Vec<IncomingRequest>>>,
    _hearing: JoinSet<()>,
}

impl Tap {
    /// # Errors
    /// The broker does not let it.
    pub async fn on(broker: &Broker, subject: String) -> Result<Self, BrokerError> {
        let mut requests = broker.overhear(subject).await?;
        let heard: Arc<Mutex<Vec<IncomingRequest>>> = Arc::default();
        let (mut hearing, all) = (JoinSet::new(), Arc::clone(&heard));
        hearing.spawn(async move {
            while let Some(request) = requests.next().await {
                all.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        });
        Ok(Self { heard, _hearing: hearing })
    }

    /// How much was heard.
    pub fn count(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What was heard after the first `known`.
    pub fn since(&self, known: usize) -> Vec<IncomingRequest> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(known).cloned().collect()
    }
}
