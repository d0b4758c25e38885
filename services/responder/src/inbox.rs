//! Orders from the hub: on local disk first, acknowledged after.

use std::sync::Arc;

use chassis::Clock;
use ids::Code;
use prost::Message;
use proto::dispatch::v1::Order;
use record::follow::{Delivered, Failure};
use record::{Broker, chain};
use tokio_util::sync::CancellationToken;

use crate::domain::Fact;
use crate::hub::Pauses;
use crate::store::{NewOrder, Store};
use crate::wire::{ReadOrder, read_order};

#[derive(Clone)]
pub struct Inbox {
    pub department: Code,
    pub store: Store,
    pub clock: Clock,
}

impl Inbox {
    /// Follows the department's orders until `stop`, and goes on trying while the hub has no place for them.
    pub async fn follow(self, broker: &Broker, stop: &CancellationToken) {
        let inbox = Arc::new(self);
        let mut pauses = Pauses::default();
        loop {
            let handler = {
                let inbox = Arc::clone(&inbox);
                move |delivered| {
                    let inbox = Arc::clone(&inbox);
                    async move { inbox.take(&delivered).await }
                }
            };
            match broker.orders_for(&inbox.department).run(stop.clone(), handler).await {
                Ok(()) => return,
                Err(error) => {
                    let department = inbox.department.as_str();
                    tracing::warn!(department, error = chain(&error), "no orders can be followed; trying again");
                }
            }
            if !pauses.pause(stop).await {
                return;
            }
        }
    }

    async fn take(&self, delivered: &Delivered) -> Result<(), Failure> {
        let count = |kind: &'static str| {
            let department = self.department.to_string();
            metrics::counter!("responder_orders_total", "department" => department, "kind" => kind).increment(1);
        };
        let unreadable = |error: Failure| {
            count("unreadable");
            error
        };
        let order = Order::decode(delivered.payload.clone()).map_err(Failure::permanent).map_err(unreadable)?;
        let ReadOrder { call, n, fact } = read_order(&order).map_err(Failure::permanent).map_err(unreadable)?;
        let payload = delivered.payload.to_vec();
        let new = NewOrder { call, n, received_at: self.clock.now(), payload };
        let is_new = self.store.take_order(new).await.map_err(Failure::transient)?;
        count(if is_new { kind(fact) } else { "repeat" });
        Ok(())
    }
}

fn kind(fact: Fact) -> &'static str {
    match fact {
        Fact::Called | Fact::CalledAgain(_) => "call",
        Fact::TaskGiven(_) => "task",
        Fact::Supervised => "supervision",
        Fact::Over => "over",
        // These are answers.
        Fact::Responded(_)
        | Fact::ReportedIn(_)
        | Fact::Progressed
        | Fact::Returned
        | Fact::Accounted
        | Fact::TaskDone(_)
        | Fact::Done => "answer",
    }
}
