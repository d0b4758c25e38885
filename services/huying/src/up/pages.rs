//! People's pages, in the same process: they ask the services over gRPC all the same, as everybody does.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use chassis::Service;
use tokio::net::TcpListener;

use super::{Ports, UpConfig};
use crate::data::DataFolder;

/// Opens the port and serves, and says where.
///
/// # Errors
/// The port is taken, or a key cannot be read.
pub(super) async fn open(
    config: &UpConfig,
    folder: &DataFolder,
    services_url: String,
    main: &mut Service,
) -> anyhow::Result<SocketAddr> {
    let usual = match config.ports {
        Ports::Default => console::CONSOLE_LISTEN,
        Ports::Auto => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    };
    let address = config.console_listen.unwrap_or(usual);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("the pages cannot be opened at {address}; if another program is there, stop it or use --console-listen")
    })?;
    let address = listener.local_addr()?;
    let mut console = console::Config::beside(services_url);
    console.play_key_file = config.play.then(|| folder.private_key_file());
    let mut service = main.sibling("console");
    console::open(console, listener, &mut service).context("starting console")?;
    main.absorb(service);
    Ok(address)
}
