//! A department's end of the wire: it pulls its own consumer on CALLS through what the hub exports to its account,
//! and nothing else (D5).

use async_nats::jetstream;
use ids::Code;
use proto::streams::CALLS;

use crate::broker::Broker;
use crate::follow::Follower;

/// Prefix under which the hub's API is imported into a department's account.
pub const HUB_API: &str = "HUB.API";

impl Broker {
    /// Follows the orders addressed to one department, from the department's own account.
    #[must_use]
    pub fn orders_for(&self, department: &Code) -> Follower {
        let through_the_hub = jetstream::with_prefix(self.client.clone(), HUB_API);
        Follower::new(through_the_hub, CALLS, department.to_string(), None)
    }
}
