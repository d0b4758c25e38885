//! Notification's events on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::notification::v1 as wire;
use proto::notification::v1::notification_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use station::Refuse;
use tonic::Code as StatusCode;

use crate::domain::{Command, Delivery, Event, Refusal, Rules, State, Transport};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Notification;
    /// One for every followed commit that is told; dispatch alone may have 350.
    const REVISIONS_MAX: u64 = 280;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Sent(delivery) => WireEvent::Sent(wire::Sent {
                delivery_id: delivery.id.clone(),
                text: delivery.text.clone(),
                recipient: delivery.recipient.clone(),
                transport: delivery.transport.as_str().to_owned(),
            }),
            Event::Undeliverable { delivery, error, attempts } => WireEvent::Undeliverable(wire::Undeliverable {
                delivery_id: delivery.id.clone(),
                text: delivery.text.clone(),
                recipient: delivery.recipient.clone(),
                transport: delivery.transport.as_str().to_owned(),
                error: error.clone(),
                attempts: *attempts,
            }),
        };
        AnyEvent { of: Some(Of::Notification(wire::NotificationEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Notification(wire::NotificationEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of notification"));
        };
        let delivery = |id: &str, text: &str, recipient: &str, transport: &str| {
            let known = Transport::ALL.into_iter().find(|known| known.as_str() == transport);
            let transport =
                known.ok_or_else(|| WireError::new("transport", format!("{transport:?} is not known here")))?;
            Ok(Delivery { id: id.to_owned(), text: text.to_owned(), recipient: recipient.to_owned(), transport })
        };
        Ok(match event {
            WireEvent::Sent(sent) => {
                Event::Sent(delivery(&sent.delivery_id, &sent.text, &sent.recipient, &sent.transport)?)
            }
            WireEvent::Undeliverable(lost) => Event::Undeliverable {
                delivery: delivery(&lost.delivery_id, &lost.text, &lost.recipient, &lost.transport)?,
                error: lost.error.clone(),
                attempts: lost.attempts,
            },
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        command.is_last()
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match *self {}
    }

    fn rule(&self) -> &'static str {
        match *self {}
    }
}
