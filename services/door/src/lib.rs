//! The door for machines: HTTP for bridges and for residents' programs. It decides nothing and keeps nothing. What is asked here
//! it asks intake, the casebook and evaluation, with the asker's own token, and it answers when they have answered: the same
//! rules, fields, texts and limits as at their own doors, and nothing is acknowledged that is not on the record.
//!
//! Open `operations.rs` first: it has a row for everything that can be asked, from which both the routes and `/openapi.json` are
//! made. A request walks `listen.rs` (how long it may take, how large it may be) → the file of its row (`cases.rs`; a department's calls are in `desk.rs`; programs that speak Open311 go to `open311.rs`) → `hub.rs` (the services, and who asks) → `problem.rs` (how a "no" looks).

mod cases;
mod config;
mod desk;
mod hub;
mod listen;
mod open311;
mod openapi;
mod operations;
mod problem;
mod query;

use anyhow::Context;
use chassis::{Service, Starting};
use tokio::net::TcpListener;

pub use config::Config;

/// Opens the door. The services behind it are looked for when the first request comes, and again whenever they are lost.
///
/// # Errors
/// The address is taken, or a service's is none.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let hub = hub::Hub::new(&config, service.clock().clone())?;
    let listener = match &config.listener {
        Some(opened) => TcpListener::from_std(opened.try_clone()?)?,
        None => TcpListener::bind(config.door_listen)
            .await
            .with_context(|| format!("listening on {}", config.door_listen))?,
    };
    let router = operations::router(hub);
    tracing::info!(door = %listener.local_addr()?, "open for machines");
    service.spawn("door", chassis::listen::serve(listener, router, listen::BOUNDS, service.stopping()));
    Ok(())
}
