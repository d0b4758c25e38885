//! What was written and delivered, counted where it happens: at the broker.

use std::collections::BTreeMap;

use async_recursion::async_recursion as boxed;
use futures::TryStreamExt;
use proto::streams::{CALLS, CASES, CLOCK, REFS, RETRY, SPOTS, TIMERS};

use crate::broker::Broker;
use crate::error::BrokerError;

/// Counts since the streams were made. They only grow, so two readings tell what happened between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages written to each stream, those that are gone again included.
    pub written: BTreeMap<String, u64>,
    /// Deliveries of each durable consumer, those repeated included.
    pub delivered: BTreeMap<String, u64>,
}

impl Broker {
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn counts(&self) -> Result<Counts, BrokerError> {
        let mut counts = Counts::default();
        let buckets = [REFS, CLOCK].map(|bucket| format!("KV_{bucket}"));
        for name in [CASES, CALLS, TIMERS, RETRY, SPOTS].map(str::to_owned).into_iter().chain(buckets) {
            let stream = self.stream(&name).await?;
            let away = |source| BrokerError::unavailable(format!("look at the consumers of {name}"), source);
            let mut consumers = stream.consumers();
            while let Some(consumer) = consumers.try_next().await.map_err(away)? {
                if let Some(durable) = consumer.config.durable_name {
                    *counts.delivered.entry(durable).or_default() += consumer.delivered.consumer_sequence;
                }
            }
            counts.written.insert(name.clone(), stream.cached_info().state.last_sequence);
        }
        Ok(counts)
    }
}
