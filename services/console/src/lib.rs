//! The console: pages for people. A resident reports and follows, a street's command centre works through its inbox, a
//! department answers its calls, a district watches. It decides nothing, keeps nothing, and talks to the services as everybody
//! does: by gRPC, with the token of whoever is signed in.
//!
//! A request walks `web.rs` (addresses) → `ask.rs` (who asks, in which language, with which form) → a room in `rooms/` →
//! `doors.rs` (the services) → `page.rs` (the frame around what is shown). Every text that we say is in `words/`, in three
//! languages side by side. Open `web.rs` first.
//!
//! Invariants: no page without the token of whoever looks, and none shows more than that token reads; a button is there only
//! if the service says that it would do something now; what was typed is never lost; nothing is fetched from elsewhere, and a
//! page works without its script; what people wrote is escaped.

mod ask;
mod assets;
mod charters;
mod config;
mod doors;
mod failure;
mod files;
mod form;
mod language;
mod page;
mod rooms;
mod session;
mod told;
mod web;
mod when;
mod words;

use anyhow::Context;
use chassis::{Issuer, Service, Starting};
use tokio::net::TcpListener;

pub use config::{CONSOLE_LISTEN, Config};

/// Serves the pages.
///
/// # Errors
/// The address is taken, a key cannot be read, or there is none by which people are recognised.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(async move {
        let address = config.console_listen;
        let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
        open(config, listener, service)
    })
}

/// The same, on a port that is open already.
///
/// # Errors
/// As [`start`].
pub fn open(config: Config, listener: TcpListener, service: &mut Service) -> anyhow::Result<()> {
    let verifier = service.verifier().context("without --identity-key-file nobody can sign in")?;
    let play = match &config.play_key_file {
        None => None,
        Some(file) => {
            let pem = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            Some(Issuer::from_pem(&pem).with_context(|| format!("reading {}", file.display()))?)
        }
    };
    if play.is_some() {
        tracing::warn!("for play: anybody who reaches the pages may be anybody");
    }
    let doors = doors::Doors::new(&config)?;
    let charters = charters::Charters::default();
    let app = ask::App {
        doors,
        charters,
        verifier,
        play,
        clock: service.clock().clone(),
        behind_tls: config.behind_tls,
        stopping: service.stopping(),
    };
    let address = listener.local_addr()?;
    let stopping = service.stopping();
    let pages = web::routes(app);
    service.spawn("pages", async move {
        axum::serve(listener, pages).with_graceful_shutdown(stopping.cancelled_owned()).await.context("serving pages")
    });
    tracing::info!(pages = %address, "serving");
    Ok(())
}
