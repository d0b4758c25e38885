//! The gRPC door: what was said to whom, and how a text would read.

use ids::{Code, Owner};
use proto::notification::v1::notification_service_server::NotificationService;
use proto::notification::v1::{
    Delivery, ListDeliveriesRequest, ListDeliveriesResponse, PreviewRequest, PreviewResponse,
};
use record::{Aggregate, BrokerError, StoredCommit, WireError};
use station::desk::case_key;
use station::{Caller, Desk, Violation, broker_status};
use tonic::{Request, Response, Status};

use crate::domain::{Event, Rules};

/// Values of a preview; a text knows six.
const VALUES_MAX: usize = 20;
/// Characters of one value.
const VALUE_LENGTH_MAX: usize = 2000;

pub struct Door {
    desk: Desk<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }
}

#[tonic::async_trait]
impl NotificationService for Door {
    async fn list_deliveries(
        &self,
        request: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let (district, _, key) = case_key(&request.district, &request.case_id)?;
        let charter = self.desk.station.charter(district.as_str())?;
        let action = "huying.notification.v1.NotificationService/ListDeliveries";
        self.desk.may(&caller, action, &key, &charter).await?;
        let commits = self.desk.station.broker.load_owner(&key, Owner::Notification).await;
        let commits = commits.map_err(|error| broker_status(&error))?;
        let deliveries = commits.iter().map(deliveries).collect::<Result<Vec<_>, _>>()?;
        Ok(Response::new(ListDeliveriesResponse { deliveries: deliveries.concat() }))
    }

    async fn preview(&self, request: Request<PreviewRequest>) -> Result<Response<PreviewResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let district: Code = request
            .district
            .parse()
            .map_err(|error: ids::CodeError| Violation::new("district", "code", error.to_string()))?;
        let charter = self.desk.station.charter(district.as_str())?;
        caller.may_in("huying.notification.v1.NotificationService/Preview", &charter)?;
        let text = charter.text(&request.text).ok_or_else(|| {
            Violation::new("text", "known-text", format!("{:?} is not a text of this charter", request.text))
        })?;
        let long = |(variable, value): (&String, &String)| variable.len().max(value.chars().count()) > VALUE_LENGTH_MAX;
        if request.values.len() > VALUES_MAX || request.values.iter().any(long) {
            let description = format!("at most {VALUES_MAX} values of at most {VALUE_LENGTH_MAX} characters fit");
            return Err(Violation::new("values", "size", description).into());
        }
        let values = request.values.into_iter().collect();
        let rendered =
            charter::render(&text.zh, &values).map_err(|error| Violation::new("values", "template", error))?;
        Ok(Response::new(PreviewResponse { rendered }))
    }
}

fn deliveries(stored: &StoredCommit) -> Result<Vec<Delivery>, Status> {
    let events = stored.commit.decisions.iter().flat_map(|decision| &decision.events);
    let corrupt = |error: WireError| {
        broker_status(&BrokerError::Corrupt { subject: stored.subject.to_string(), source: Box::new(error) })
    };
    events.map(|event| Ok(delivery(stored, Rules::from_wire(event).map_err(corrupt)?))).collect()
}

fn delivery(stored: &StoredCommit, event: Event) -> Delivery {
    let (delivery, delivered, error) = match event {
        Event::Sent(delivery) => (delivery, true, String::new()),
        Event::Undeliverable { delivery, error, .. } => (delivery, false, error),
    };
    Delivery {
        delivery_id: delivery.id,
        text: delivery.text,
        recipient: delivery.recipient,
        transport: delivery.transport.as_str().to_owned(),
        at: stored.commit.at,
        delivered,
        error,
    }
}
