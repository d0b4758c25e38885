//! People's pages, in the same process: they ask the services over gRPC all the same, as everybody does.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use chassis::Service;
use tokio::net::TcpListener;

use super::{Ports, UpConfig};
use crate::data::DataFolder;

/// Opens the port.
///
/// # Errors
/// It is taken.
pub(super) async fn listen(config: &UpConfig) -> anyhow::Result<TcpListener> {
    let usual = match config.ports {
        Ports::Default => console::CONSOLE_LISTEN,
        Ports::Auto => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    };
    let address = config.console_listen.unwrap_or(usual);
    TcpListener::bind(address).await.with_context(|| {
        format!("the pages cannot be opened at {address}; if another program is there, stop it or use --console-listen")
    })
}

/// What links in messages begin with if nobody says it: these pages, unless they are at every address of the machine, which
/// is none to be followed.
pub(super) fn link_base(address: SocketAddr) -> Option<String> {
    (!address.ip().is_unspecified()).then(|| format!("http://{address}"))
}

/// Serves, and says where.
///
/// # Errors
/// A key cannot be read.
pub(super) fn open(
    config: &UpConfig,
    folder: &DataFolder,
    services_url: String,
    listener: TcpListener,
    main: &mut Service,
) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let mut console = console::Config::beside(services_url);
    console.play_key_file = config.play.then(|| folder.private_key_file());
    let mut service = main.sibling("console");
    console::open(console, listener, &mut service).context("starting console")?;
    main.absorb(service);
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_an_address_that_can_be_followed() {
        let base = |address: &str| link_base(address.parse().unwrap());
        assert_eq!(base("127.0.0.1:7090").as_deref(), Some("http://127.0.0.1:7090"));
        assert_eq!(base("[::1]:7090").as_deref(), Some("http://[::1]:7090"));
        assert_eq!((base("0.0.0.0:7090"), base("[::]:7090")), (None, None));
    }
}
