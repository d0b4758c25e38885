//! Is anything still under way? The clock of a story moves only when nothing is (D9).

use async_recursion::async_recursion as boxed;
use futures::TryStreamExt;
use proto::streams::{CALLS, CASES, RETRY, TIMERS};

use crate::broker::Broker;
use crate::error::BrokerError;

/// What is under way, and how far the streams have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Messages that a durable consumer has not settled: `(consumer, messages)`.
    pub unsettled: Vec<(String, u64)>,
    /// Last position of each stream. Two equal readings without anything unsettled mean quiet.
    pub positions: Vec<u64>,
}

impl Activity {
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }
}

impl Broker {
    /// Looks again, `before` being the last look: a stream that was settled then and has nothing new is settled now,
    /// however many consumers it has.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn activity(&self, before: Option<&Activity>) -> Result<Activity, BrokerError> {
        let settled = before.filter(|before| before.is_settled());
        let mut activity = Activity { unsettled: Vec::new(), positions: Vec::new() };
        for (number, name) in [CASES, CALLS, TIMERS, RETRY].into_iter().enumerate() {
            let stream = self.stream(name).await?;
            let position = stream.cached_info().state.last_sequence;
            activity.positions.push(position);
            if settled.is_some_and(|settled| settled.positions.get(number) == Some(&position)) {
                continue;
            }
            let consumers: Vec<_> = stream
                .consumers()
                .try_collect()
                .await
                .map_err(|source| BrokerError::unavailable(format!("look at the consumers of {name}"), source))?;
            for consumer in consumers {
                let Some(durable) = consumer.config.durable_name else { continue };
                let open = consumer.num_pending + consumer.num_ack_pending as u64;
                if open > 0 {
                    activity.unsettled.push((durable, open));
                }
            }
        }
        Ok(activity)
    }
}
