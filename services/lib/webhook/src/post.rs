//! One try of one event.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use async_recursion::async_recursion as boxed;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

use crate::event::Event;
use crate::guard::Guard;
use crate::secret::Secrets;

/// How long a receiver may take to answer, from the first packet to the last.
const ANSWER_S_MAX: u64 = 10;
/// How long until it takes the connection.
const CONNECT_S_MAX: u64 = 5;
/// Of an answer's body so much is read, so that the connection can be used again; no receiver is asked to say anything.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Longest pause that a receiver may ask for by `Retry-After`.
const RETRY_AFTER_S_MAX: u64 = 3600;
/// The body is a CloudEvent in structured mode.
const CLOUD_EVENT: &str = "application/cloudevents+json; charset=utf-8";

/// Where to, and signed with what.
#[derive(Clone, Debug)]
pub struct Target {
    url: Url,
    pub secrets: Secrets,
}

/// What is no address to post to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("not a URL: {0}")]
    Form(String),
    #[error("only https:// and http:// can be posted to")]
    Scheme,
    #[error("it has no host")]
    Host,
}

impl Target {
    #[must_use]
    pub fn new(url: Url, secrets: Secrets) -> Self {
        Self { url, secrets }
    }

    /// # Errors
    /// It is no address that can be posted to.
    pub fn url(text: &str) -> Result<Url, BadAddress> {
        let url: Url =
            text.parse().map_err(|error: <Url as std::str::FromStr>::Err| BadAddress::Form(error.to_string()))?;
        match (url.scheme(), url.has_host()) {
            ("http" | "https", true) => Ok(url),
            ("http" | "https", false) => Err(BadAddress::Host),
            (_, _) => Err(BadAddress::Scheme),
        }
    }

    /// The address without what may open something: no name, no password, no query.
    #[must_use]
    pub fn shown(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.url.scheme(), self.url.host_str().unwrap_or_default(), self.url.path())
    }
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It answered 2xx.
    Taken,
    /// It says that it will never take this.
    Refused(String),
    /// It may take it later, and not before this time has passed, if it asked for one.
    Failed(String, Option<Duration>),
}

impl Attempt {
    /// Why it was not taken.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Taken => None,
            Self::Refused(why) | Self::Failed(why, _) => Some(why),
        }
    }
}

/// Posts events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Poster {
    /// To whatever the guard admits.
    https: Client,
    /// In the clear only to what is listed.
    http: Client,
    guard: Guard,
}

impl Poster {
    /// # Errors
    /// The machine has no certificates to check a receiver's by.
    pub fn open(guard: Guard) -> anyhow::Result<Self> {
        // An error means that another part of the process has chosen before us, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |guard: Guard| {
            Client::builder()
                .timeout(Duration::from_secs(ANSWER_S_MAX))
                .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
                // A redirect would take a signed message to somebody who was not configured.
                .redirect(Policy::none())
                // A proxy would look names up by itself, past the guard.
                .no_proxy()
                .dns_resolver(guard)
                .build()
                .context("preparing webhooks, which need this machine's CA certificates")
        };
        Ok(Self { https: client(guard.clone())?, http: client(guard.only_listed())?, guard })
    }

    /// Posts an event, signed at this time.
    #[boxed]
    pub async fn post(&self, target: &Target, event: &Event, now: Timestamp) -> Attempt {
        let Target { url, secrets } = target;
        let (body, timestamp_s) = (event.body(), now.as_second());
        let headers = [
            (CONTENT_TYPE.as_str(), CLOUD_EVENT.to_owned()),
            ("webhook-id", event.id().to_owned()),
            ("webhook-timestamp", timestamp_s.to_string()),
            ("webhook-signature", secrets.sign(event.id(), timestamp_s, &body)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        match self.send(url, &headers, body).await {
            Ok(_) => Attempt::Taken,
            Err(attempt) => attempt,
        }
    }

    /// Posts something in a form of its receiver's own, and gives the beginning of what it answered.
    ///
    /// # Errors
    /// It was not taken.
    #[boxed]
    pub async fn send(&self, url: &Url, headers: &[(String, String)], body: Vec<u8>) -> Result<Vec<u8>, Attempt> {
        let (client, guard) = match url.scheme() {
            "https" => (&self.https, self.guard.clone()),
            _ => (&self.http, self.guard.only_listed()),
        };
        // An address in figures is looked up by nobody.
        let host = url.host_str().unwrap_or_default();
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>()
            && !guard.admits(address)
        {
            return Err(Attempt::Failed(guard.refuses(host, address).to_string(), None));
        }
        let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
        let mut request = client.post(url.clone()).body(body);
        if !is_typed {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(answer) => {
                let judged = judge(answer.status(), retry_after(&answer));
                let beginning = read_a_little(answer).await;
                if judged == Attempt::Taken { Ok(beginning) } else { Err(judged) }
            }
            // Its address may carry credentials, and this text is kept.
            Err(error) => Err(Attempt::Failed(chain(&error.without_url()), None)),
        }
    }

    /// Where a server is that is spoken to in another way, if it may be reached; without `encrypted` only a listed one.
    ///
    /// # Errors
    /// It may not, or its name leads nowhere.
    #[boxed]
    pub async fn look_up(&self, host: &str, port: u16, encrypted: bool) -> Result<SocketAddr, String> {
        let guard = if encrypted { self.guard.clone() } else { self.guard.only_listed() };
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|error| format!("{host} leads nowhere: {error}"))?.collect();
        let admitted = guard.filtered(host, found).map_err(|refused| refused.to_string())?;
        admitted.first().copied().ok_or_else(|| format!("{host} leads nowhere"))
    }
}

/// A 4xx says that this will never be taken, except those that ask for patience.
fn judge(status: StatusCode, after: Option<Duration>) -> Attempt {
    let answer = format!("the receiver answered {status}");
    match status {
        status if status.is_success() => Attempt::Taken,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Attempt::Failed(answer, after)
        }
        status if status.is_client_error() => Attempt::Refused(answer),
        status if status.is_redirection() => Attempt::Failed(format!("{answer}; redirects are not followed"), after),
        _ => Attempt::Failed(answer, after),
    }
}

/// In seconds; a date is not read.
fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds: u64 = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_S_MAX)))
}

async fn read_a_little(mut answer: Response) -> Vec<u8> {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        let room = ANSWER_BYTES_MAX - read.len();
        read.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    read
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
