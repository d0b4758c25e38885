//! A department's end of the wire: it pulls its own consumer on CALLS through what the hub exports to its account,
//! and nothing else (D5). And what the hub can see of it from its own end.

use async_nats::jetstream;
use async_recursion::async_recursion as boxed;
use futures::StreamExt;
use futures::stream::BoxStream;
use ids::Code;
use jiff::Timestamp;
use proto::streams::CALLS;

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::follow::Follower;
use crate::requests::IncomingRequest;

/// Prefix under which the hub's API is imported into a department's account.
pub const HUB_API: &str = "HUB.API";

/// How far a department has come with its orders, as the broker knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrdersTaken {
    /// Deliveries, those repeated included.
    pub delivered: u64,
    /// Delivered and not acknowledged.
    pub in_hand: u64,
    /// Not delivered yet.
    pub waiting: u64,
    /// When one was delivered last.
    pub last: Option<Timestamp>,
}

impl Broker {
    /// How far a department has come, seen from the hub.
    ///
    /// # Errors
    /// The broker does not answer, or the department has no consumer.
    #[boxed]
    pub async fn orders_taken(&self, department: &Code) -> Result<OrdersTaken, BrokerError> {
        let what = || format!("look how far {department} is with its orders");
        let stream = self.stream(CALLS).await?;
        let looked = stream.consumer_info(department.as_str()).await;
        let info = looked.map_err(|source| BrokerError::unavailable(what(), source))?;
        Ok(OrdersTaken {
            delivered: info.delivered.consumer_sequence,
            in_hand: info.num_ack_pending as u64,
            waiting: info.num_pending,
            last: info.delivered.last_active.and_then(|at| Timestamp::from_nanosecond(at.unix_timestamp_nanos()).ok()),
        })
    }

    /// Hears requests that others answer, from now on. What comes while the connection is away is not heard.
    ///
    /// # Errors
    /// The subscription is refused.
    #[boxed]
    pub async fn overhear(&self, subject: String) -> Result<BoxStream<'static, IncomingRequest>, BrokerError> {
        let what = format!("listen on {subject}");
        let heard = self.client.subscribe(subject).await.map_err(|source| BrokerError::unavailable(what, source))?;
        // Whoever acts after this is heard.
        self.flush().await;
        let read = |message: async_nats::Message| IncomingRequest {
            subject: message.subject.to_string(),
            payload: message.payload,
        };
        Ok(heard.map(read).boxed())
    }

    /// Follows the orders addressed to one department, from the department's own account.
    #[must_use]
    pub fn orders_for(&self, department: &Code) -> Follower {
        let through_the_hub = jetstream::with_prefix(self.client.clone(), HUB_API);
        Follower::new(through_the_hub, CALLS, department.to_string(), None)
    }
}
