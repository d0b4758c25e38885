use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::{Client, ConnectOptions};

use crate::error::BrokerError;

/// Oldest server that honours every header we rely on.
pub const SERVER_VERSION_MIN: &str = "2.15.0";

/// How long one request to the broker may take before its outcome counts as unknown. Twenty times the slowest
/// fsync seen on a loaded disk.
pub(crate) const REQUEST_S_MAX: u64 = 5;

/// Who we are to the broker.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// File with the seed of an nkey user; the broker knows the public half.
    NkeyFile(PathBuf),
    /// Seed itself, for the all-in-one that made it.
    NkeySeed(String),
    /// A broker without accounts, for tests.
    None,
}

/// How to reach the broker.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `nats://host:port`, several separated by commas.
    pub url: String,
    pub credentials: Credentials,
    /// Shown in the broker's connection list.
    pub name: String,
    /// Replies come to `_INBOX_<this>.>`: an account's permissions name it.
    pub inbox: String,
}

/// A connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker {
    pub(crate) client: Client,
    pub(crate) jetstream: jetstream::Context,
}

impl Broker {
    /// Connects and checks the server's version.
    ///
    /// # Errors
    /// Not reachable, credentials refused, or the server is too old.
    pub async fn connect(config: &BrokerConfig) -> Result<Self, BrokerError> {
        let options = match &config.credentials {
            Credentials::NkeyFile(path) => ConnectOptions::with_nkey(read_seed(path)?),
            Credentials::NkeySeed(seed) => ConnectOptions::with_nkey(seed.clone()),
            Credentials::None => ConnectOptions::new(),
        };
        let client = options
            .name(&config.name)
            .custom_inbox_prefix(format!("_INBOX_{}", config.inbox))
            .request_timeout(Some(Duration::from_secs(REQUEST_S_MAX)))
            .client_capacity(8192)
            .subscription_capacity(65_536)
            .event_callback(|event| async move { tracing::info!(%event, "broker connection") })
            .connect(config.url.split(',').map(str::trim).collect::<Vec<_>>())
            .await
            .map_err(|source| BrokerError::unavailable(format!("connect to {}", config.url), source))?;
        let version = client.server_info().version;
        let numbers = |text: &str| -> Vec<u64> {
            text.split(['.', '-']).take(3).map(|part| part.parse().unwrap_or(0)).collect()
        };
        if numbers(&version) < numbers(SERVER_VERSION_MIN) {
            return Err(BrokerError::TooOld { found: version, needed: SERVER_VERSION_MIN });
        }
        let jetstream = jetstream::new(client.clone());
        Ok(Self { client, jetstream })
    }

    /// Sends what is still in our buffers.
    pub async fn flush(&self) {
        let _ = self.client.flush().await;
    }

    pub(crate) async fn stream(&self, name: &str) -> Result<jetstream::stream::Stream, BrokerError> {
        self.jetstream.get_stream(name).await.map_err(|source| {
            if source.to_string().contains("not found") {
                BrokerError::NotProvisioned { what: format!("stream {name}") }
            } else {
                BrokerError::unavailable(format!("look up stream {name}"), source)
            }
        })
    }
}

fn read_seed(path: &Path) -> Result<String, BrokerError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BrokerError::Credentials(format!("{} cannot be read: {error}", path.display())))?;
    text.lines()
        .map(str::trim)
        .find(|line| line.starts_with("SU"))
        .map(str::to_owned)
        .ok_or_else(|| BrokerError::Credentials(format!("{} has no user seed (a line starting with SU)", path.display())))
}
