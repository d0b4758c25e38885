//! Notification tells people what happened: it follows the record, says a few things in the charter's own words to
//! callers and parties, and records what became of each delivery.
//!
//! Open `table.rs` first: it has a row for every event, with who is told what, or why nobody is. A commit then walks
//! `inbox.rs` (the order of things) → `told.rs` (who they are, by what it says and by `standing.rs`) → `words.rs` (the
//! text) → `courier.rs` and `ways.rs` (the way out) → `company.rs` (what is recorded together) → `domain/` (what is
//! recorded). How long a receiver that is away is waited for is in `patience.rs`. Bridges are told by `news.rs` what became
//! of their cases.
//!
//! Invariants: delivery is at least once, and whoever receives can tell a repeat by its delivery id, which depends on
//! nothing but what is told to whom; what one recipient has got is recorded while others are still tried; nobody is named,
//! a caller is the opaque reference the case came with (D8). There are no timers and no effects of our own commits.

mod cases;
mod company;
pub mod config;
mod courier;
pub mod domain;
mod grpc;
mod inbox;
mod links;
pub mod news;
mod patience;
mod polls;
pub mod standing;
pub mod table;
pub mod told;
mod ways;
mod wire;
mod words;

use std::sync::Arc;

use chassis::{Service, Starting};
use proto::notification::v1::notification_service_server::NotificationServiceServer;
use proto::notification::v1::webhook_service_server::WebhookServiceServer;
use station::{Desk, Station};

pub use config::Config;
pub use domain::Rules;

/// Connects, follows the record, serves gRPC.
///
/// # Errors
/// The broker is not reachable or not provisioned, or the webhook's secret cannot be read.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let courier = courier::Courier::open(&config, service.clock())?;
    let links = links::Links::open(&config)?;
    let station = Station::open(&config.station, service).await?;
    let desk = Desk::<Rules>::open(&station).await?;
    let inbox = Arc::new(inbox::Inbox::new(desk.clone(), courier, links));

    service.spawn("follow the record", inbox::follow(inbox, service.stopping()));
    let bridges = config.bridges()?;
    let news = match bridges.is_empty() {
        true => None,
        false => Some(news::News::open(&station, bridges, &config.egress_allow).await?),
    };
    if let Some(news) = news.clone() {
        service.spawn("tell bridges", news::tell(news, service.stopping()));
    }
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(NotificationServiceServer::new(grpc::Door::new(desk)));
    service.grpc(WebhookServiceServer::new(news::Door::new(news)));
    Ok(())
}
