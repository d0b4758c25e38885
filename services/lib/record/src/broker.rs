use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, Message, Request, RequestErrorKind, ServerError,
};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use futures::StreamExt;
use proto::streams::CASES;
use tokio::sync::{OnceCell, watch};

use crate::append::Appender;
use crate::error::BrokerError;
use crate::replies::Replies;
use crate::standing::Standing;

/// Oldest server that honours every header we rely on.
pub const SERVER_VERSION_MIN: &str = "2.15.0";

/// How long one request to the broker may take before its outcome counts as unknown. Twenty times the slowest
/// fsync seen on a loaded disk.
pub(crate) const REQUEST_S_MAX: u64 = 5;

/// Longest wait between two attempts to connect again: a broker that is back must not wait for us.
const RECONNECT_DELAY_MS_MAX: u64 = 500;
/// How often a silent connection is asked whether it is alive. The third question without an answer breaks it.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Longest wait for the broker to have read what was sent.
const FLUSH_MAX: Duration = Duration::from_secs(2);

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
    /// Counts the times the connection was made.
    connections: watch::Receiver<u64>,
    /// One per stream, for everybody who writes through this connection: the more they share, the larger the groups.
    appenders: Arc<Mutex<HashMap<&'static str, Appender>>>,
    /// Whose appenders these are, if not this connection's own.
    writer: Option<Arc<Broker>>,
    pub(crate) replies: Replies,
    /// Whether what it writes to can be written.
    pub(crate) standing: Arc<Standing>,
    /// What the broker has forbidden last on this connection, in its words.
    forbidden: watch::Receiver<Option<String>>,
    /// Copies of the record that the broker keeps.
    replicas: Arc<OnceCell<usize>>,
}

impl Broker {
    /// Connects and checks the server's version.
    ///
    /// # Errors
    /// Not reachable, credentials refused, or the server is too old.
    #[boxed]
    pub async fn connect(config: &BrokerConfig) -> Result<Self, BrokerError> {
        let options = match &config.credentials {
            Credentials::NkeyFile(path) => ConnectOptions::with_nkey(read_seed(path)?),
            Credentials::NkeySeed(seed) => ConnectOptions::with_nkey(seed.clone()),
            Credentials::None => ConnectOptions::new(),
        };
        let (connected, connections) = watch::channel(0);
        let (forbid, forbidden) = watch::channel(None);
        let standing = Arc::new(Standing::default());
        let noted = Arc::clone(&standing);
        let client = options
            .name(&config.name)
            .custom_inbox_prefix(format!("_INBOX_{}", config.inbox))
            .request_timeout(Some(Duration::from_secs(REQUEST_S_MAX)))
            .client_capacity(8192)
            .subscription_capacity(65_536)
            .ping_interval(PING_EVERY)
            .reconnect_delay_callback(reconnect_delay)
            .event_callback(move |event| {
                note(&event, &connected, &forbid, &noted);
                std::future::ready(())
            })
            .connect(config.url.split(',').map(str::trim).collect::<Vec<_>>())
            .await
            .map_err(|source| not_connected(&config.url, source))?;
        let version = client.server_info().version;
        if is_too_old(&version) {
            return Err(BrokerError::TooOld { found: version, needed: SERVER_VERSION_MIN });
        }
        let jetstream = jetstream::new(client.clone());
        Ok(Self {
            client,
            jetstream,
            connections,
            appenders: Arc::default(),
            writer: None,
            replies: Replies::default(),
            standing,
            forbidden,
            replicas: Arc::default(),
        })
    }

    /// The same connection, but what it appends goes through `writer`'s, in one group with what others append there
    /// (D1: one committer per process and stream). `writer`'s user must be allowed to write it.
    #[must_use]
    pub fn writing_through(self, writer: Arc<Self>) -> Self {
        Self { standing: Arc::clone(&writer.standing), writer: Some(writer), ..self }
    }

    /// Streams that this connection appends to, or those who write through the same one.
    pub(crate) fn streams_appended_to(&self) -> Vec<&'static str> {
        let appenders = &self.writer.as_deref().unwrap_or(self).appenders;
        appenders.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// The client that may look at all of them.
    pub(crate) fn jetstream_of_writer(&self) -> &jetstream::Context {
        &self.writer.as_deref().unwrap_or(self).jetstream
    }

    /// The appender of `stream`: the one that is there, or else `new`, made for the connection it will write through.
    pub(crate) fn appender_or(&self, stream: &'static str, new: impl FnOnce(&Self) -> Appender) -> Appender {
        if let Some(writer) = &self.writer {
            return writer.appender_or(stream, new);
        }
        // The appender keeps what it is given, so that must not keep the appender.
        let bare = Self { appenders: Arc::default(), ..self.clone() };
        let mut appenders = self.appenders.lock().unwrap_or_else(PoisonError::into_inner);
        appenders.entry(stream).or_insert_with(|| new(&bare)).clone()
    }

    /// Whether the connection stands. When it breaks, it is made again by itself.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// What the broker has forbidden since the connection was made, last and in its words. Whoever asked for it only sees a
    /// timeout.
    #[must_use]
    pub fn forbidden(&self) -> watch::Receiver<Option<String>> {
        self.forbidden.clone()
    }

    /// Ends when the broker has read what was sent on this connection until now.
    #[boxed]
    pub async fn flush(&self) {
        flush(&self.client).await;
    }

    /// Changes whenever a lost connection is made again. Whatever the broker keeps per connection is gone then.
    pub(crate) fn reconnections(&self) -> watch::Receiver<u64> {
        let mut connections = self.connections.clone();
        connections.mark_unchanged();
        connections
    }

    /// One request to the part of the broker that keeps `stream`, and its answer. The time also covers the wait for
    /// room in the client's own queue, which fills while the connection is away.
    pub(crate) async fn ask(
        &self,
        stream: &str,
        what: &str,
        subject: String,
        request: Request,
    ) -> Result<Message, BrokerError> {
        let patience = Duration::from_secs(REQUEST_S_MAX);
        let asked = self.client.send_request(subject, request.timeout(Some(patience)));
        let answer = tokio::time::timeout(patience, asked).await;
        let error = match answer.map_err(|late| BrokerError::unavailable(what, late))? {
            Ok(message) => return Ok(message),
            Err(error) => error,
        };
        Err(match error.kind() {
            RequestErrorKind::NoResponders => self.nobody_keeps(stream, what).await,
            RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                BrokerError::Rejected { what: what.to_owned(), code: 0, description: error.to_string() }
            }
            RequestErrorKind::TimedOut | RequestErrorKind::Other => BrokerError::unavailable(what, error),
        })
    }

    /// What it means that nobody answered for a stream. It is there and has no leader, or JetStream is off, as often as it was
    /// never made; only the broker's word for that counts.
    pub(crate) async fn nobody_keeps(&self, stream: &str, what: &str) -> BrokerError {
        match self.stream(stream).await {
            Err(error @ BrokerError::NotProvisioned { .. }) => error,
            Ok(_) | Err(_) => {
                let what = format!("{what}: nobody keeps stream {stream} now (no leader, or JetStream is off)");
                BrokerError::Unavailable { what, source: None }
            }
        }
    }

    /// How many replicas the record has, as it was when first asked.
    pub(crate) async fn replicas_of_record(&self) -> Result<usize, BrokerError> {
        let look = || async { Ok(self.stream(CASES).await?.cached_info().config.num_replicas) };
        self.replicas.get_or_try_init(look).await.copied()
    }

    pub(crate) async fn stream(&self, name: &str) -> Result<jetstream::stream::Stream, BrokerError> {
        self.jetstream.get_stream(name).await.map_err(|source| match source.kind() {
            GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                BrokerError::NotProvisioned { what: format!("stream {name}") }
            }
            GetStreamErrorKind::JetStream(_)
            | GetStreamErrorKind::EmptyName
            | GetStreamErrorKind::InvalidStreamName
            | GetStreamErrorKind::Request => BrokerError::unavailable(format!("look up stream {name}"), source),
        })
    }
}

/// What is lost and what comes back is said by the standing, once; the events themselves come twice a second while a broker
/// is away.
fn note(event: &Event, connected: &watch::Sender<u64>, forbid: &watch::Sender<Option<String>>, standing: &Standing) {
    match event {
        Event::Connected => {
            // What was forbidden may have been granted since.
            forbid.send_replace(None);
            connected.send_modify(|times| *times += 1);
            standing.connected();
            tracing::debug!(%event, "broker connection");
        }
        Event::Disconnected => {
            standing.disconnected();
            tracing::debug!(%event, "broker connection");
        }
        // A client error is how a disconnection is told first, also when the broker was asked to stop.
        Event::LameDuckMode | Event::Draining | Event::Closed | Event::ClientError(_) => {
            tracing::debug!(%event, "broker connection");
        }
        // It arrives here and nowhere else: whoever asked only sees a timeout, and asks again.
        Event::ServerError(ServerError::Other(text)) if is_forbidden(text) => {
            let said = forbid.send_if_modified(|known| known.replace(text.clone()).as_ref() != Some(text));
            if said {
                tracing::warn!(%event, "broker connection");
            } else {
                tracing::debug!(%event, "broker connection");
            }
        }
        Event::SlowConsumer(_) | Event::ServerError(_) => {
            tracing::warn!(%event, "broker connection");
        }
    }
}

fn is_forbidden(text: &str) -> bool {
    text.to_ascii_lowercase().contains("permissions violation")
}

/// A broker that may come, or one that will not have us.
fn not_connected(url: &str, source: ConnectError) -> BrokerError {
    match source.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::ServerParse => {
            BrokerError::Credentials(format!("{url}: {source}"))
        }
        ConnectErrorKind::Dns
        | ConnectErrorKind::TimedOut
        | ConnectErrorKind::Tls
        | ConnectErrorKind::Io
        | ConnectErrorKind::MaxReconnects => BrokerError::unavailable(format!("connect to {url}"), source),
    }
}

fn reconnect_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
    Duration::from_millis(2_u64.pow(doublings).min(RECONNECT_DELAY_MS_MAX))
}

/// Pre-releases count as the release they lead to: they have its headers.
fn is_too_old(version: &str) -> bool {
    let numbers =
        |text: &str| -> Vec<u64> { text.split(['.', '-']).take(3).map(|part| part.parse().unwrap_or(0)).collect() };
    numbers(version) < numbers(SERVER_VERSION_MIN)
}

/// The seed of an nkey user, from its file.
///
/// # Errors
/// [`BrokerError::Credentials`]: it cannot be read, or holds something else.
pub fn read_seed(path: &Path) -> Result<String, BrokerError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BrokerError::Credentials(format!("{} cannot be read: {error}", path.display())))?;
    text.lines().map(str::trim).find(|line| line.starts_with("SU")).map(str::to_owned).ok_or_else(|| {
        let kind = if text.contains("-----BEGIN") { ": it is a PEM file, which is for tokens" } else { "" };
        BrokerError::Credentials(format!("{} has no user seed (a line starting with SU){kind}", path.display()))
    })
}

/// Ends when the broker has read what was sent until now. The client's own flush ends before that: what lies in the
/// socket or in the client's buffer is lost with the connection (`findings/async-nats-flush-is-no-delivery.sh`). Only
/// what comes back proves that it was read.
pub(crate) async fn flush(client: &Client) {
    let read = tokio::time::timeout(FLUSH_MAX, async {
        let inbox = client.new_inbox();
        let mut heard = client.subscribe(inbox.clone()).await.ok()?;
        client.publish(inbox, Bytes::new()).await.ok()?;
        heard.next().await
    });
    if !matches!(read.await, Ok(Some(_))) {
        tracing::warn!("the broker did not say that it has read everything; what was sent last may come again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_older_than_the_headers_we_rely_on_is_refused() {
        for old in ["2.14.9", "2.9.25", "1.99.0", "2.2.6-beta.1", "", "unknown"] {
            assert!(is_too_old(old), "{old:?} must be refused");
        }
        for new in ["2.15.0", "2.15.1", "2.15.0-RC.1", "2.16.0", "3.0.0", "10.0.0"] {
            assert!(!is_too_old(new), "{new:?} must be taken");
        }
    }

    #[test]
    fn a_broker_that_is_back_is_found_within_half_a_second() {
        assert!(reconnect_delay(1) < Duration::from_millis(10));
        assert_eq!(reconnect_delay(1_000_000), Duration::from_millis(RECONNECT_DELAY_MS_MAX));
    }
}
