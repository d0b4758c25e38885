//! The services behind the door, and who asks them: whoever asked here, with the token that came along.

use std::time::Duration;

use anyhow::Context;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::Clock;
use jiff::Timestamp;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::config::Config;

/// How long a service may take to answer. A submission that ran into it is sent again, under the same reference.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Largest answer read, in bytes: a case with the longest history there can be.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Headers of a trace, which goes on behind the door.
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

/// Channels to the services; they connect when they are needed.
#[derive(Clone, Debug)]
pub struct Hub {
    intake: Channel,
    casebook: Channel,
    evaluation: Channel,
    responder: Channel,
    clock: Clock,
}

pub fn endpoint(url: &str) -> anyhow::Result<Endpoint> {
    let endpoint = chassis::endpoint(url).with_context(|| format!("{url:?} is no address"))?;
    let is_whole = endpoint.uri().scheme().is_some() && endpoint.uri().authority().is_some();
    anyhow::ensure!(is_whole, "{url:?} is not of the form http://host:port");
    Ok(endpoint.timeout(ANSWER_MAX))
}

impl Hub {
    pub fn new(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let channel = |url: &str| Ok::<_, anyhow::Error>(endpoint(url)?.connect_lazy());
        Ok(Self {
            intake: channel(&config.intake_url)?,
            casebook: channel(&config.casebook_url)?,
            evaluation: channel(&config.evaluation_url)?,
            responder: channel(&config.responder_url)?,
            clock,
        })
    }

    /// The time as the services see it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn intake(&self, asker: Asker) -> IntakeServiceClient<Asking> {
        IntakeServiceClient::with_interceptor(self.intake.clone(), asker)
    }

    pub fn casebook(&self, asker: Asker) -> CasebookServiceClient<Asking> {
        let casebook = CasebookServiceClient::with_interceptor(self.casebook.clone(), asker);
        casebook.max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    pub fn responder(&self, asker: Asker) -> ResponderServiceClient<Asking> {
        let responder = ResponderServiceClient::with_interceptor(self.responder.clone(), asker);
        responder.max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    pub fn evaluation(&self, asker: Asker) -> EvaluationServiceClient<Asking> {
        EvaluationServiceClient::with_interceptor(self.evaluation.clone(), asker)
    }
}

/// A channel on which somebody asks.
pub type Asking = InterceptedService<Channel, Asker>;

/// Who asks: a token, which the services look at. Without one they say what is missing.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    said: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
}

impl Asker {
    /// By the headers of a request. A key that came as the password of a user (`http://any:KEY@host/`, a `.netrc`) is a token
    /// too, for programs that know no other way to send one.
    pub fn of(headers: &HeaderMap) -> Self {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Self::new(
            headers,
            token.map(|said| password(said).map_or_else(|| said.to_owned(), |key| format!("Bearer {key}"))),
        )
    }

    /// By a key that came as a parameter, and else by the headers.
    pub fn with_key(headers: &HeaderMap, key: Option<&str>) -> Self {
        match key.map(str::trim).filter(|key| !key.is_empty()) {
            Some(key) => Self::new(headers, Some(format!("Bearer {key}"))),
            None => Self::of(headers),
        }
    }

    fn new(headers: &HeaderMap, authorization: Option<String>) -> Self {
        let trace = TRACE.into_iter().filter_map(|name| Some((name, headers.get(name)?.to_str().ok()?.to_owned())));
        let token = authorization.map(|token| ("authorization", token));
        // What is no metadata is no token either, and is said to be none.
        let said = trace.chain(token).filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
        Self { said: said.collect() }
    }
}

/// The password in `Basic …`.
fn password(authorization: &str) -> Option<String> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

impl Interceptor for Asker {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for (name, value) in &self.said {
            request.metadata_mut().insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_as_a_password_or_as_a_parameter() {
        let said =
            |asker: Asker| asker.said.iter().map(|(_, value)| value.to_str().unwrap().to_owned()).collect::<Vec<_>>();
        let headers = |value: &str| HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        let basic = headers(&format!("Basic {}", STANDARD.encode("any:a.b.c")));
        assert_eq!(said(Asker::of(&basic)), ["Bearer a.b.c"]);
        assert_eq!(said(Asker::of(&headers("Bearer a.b.c"))), ["Bearer a.b.c"]);
        assert_eq!(said(Asker::of(&headers("Basic ?"))), ["Basic ?"], "the services say what is wrong with it");
        assert_eq!(said(Asker::with_key(&headers("Bearer x"), Some("a.b.c"))), ["Bearer a.b.c"]);
        assert_eq!(said(Asker::with_key(&HeaderMap::new(), Some("  "))), Vec::<String>::new());
    }

    #[test]
    fn an_address_is_whole() {
        assert!(endpoint("http://intake:7070").is_ok());
        assert!(endpoint("intake").is_err() && endpoint("http://").is_err());
    }
}
