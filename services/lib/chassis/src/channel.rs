//! The way in from outside: a gRPC channel whose calls carry a token, as [`crate::Verifier`] wants to see it.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, transport};

const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A channel whose calls carry a token.
pub type Authorised = InterceptedService<Channel, Bearer>;

/// Adds the token to every call.
#[derive(Clone, Debug)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Bearer {
    /// # Errors
    /// The token has characters that no token has.
    pub fn new(token: &str) -> Result<Self, NoChannel> {
        format!("Bearer {token}").parse().map(Self).map_err(|_| NoChannel::Token)
    }
}

/// A way to a gRPC address that connects when it is first used, and again when it breaks: for whoever speaks for many people
/// and gives each call a token of its own ([`Bearer`]).
///
/// # Errors
/// It is no address.
pub fn on_demand(url: &str) -> Result<Channel, NoChannel> {
    Ok(endpoint(url)?.connect_lazy())
}

/// A gRPC address, read and not connected to: needs no runtime, so that flags can be looked at by it.
///
/// # Errors
/// It is no address.
pub fn endpoint(url: &str) -> Result<Endpoint, NoChannel> {
    let endpoint = Endpoint::from_shared(url.to_owned());
    let endpoint = endpoint.map_err(|source| NoChannel::Address { url: url.to_owned(), source })?;
    Ok(endpoint.connect_timeout(CONNECT_MAX))
}

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub enum NoChannel {
    #[error("the token has characters no token has")]
    Token,
    #[error("{url:?} is not of the form http://host:port")]
    Address { url: String, source: transport::Error },
    #[error("connecting to {url}; is the installation running (`huying up`)?")]
    Unreachable { url: String, source: transport::Error },
}

/// Connects to a gRPC address with a token.
///
/// # Errors
/// See [`NoChannel`].
#[boxed]
pub async fn authorised(url: &str, token: &str) -> Result<Authorised, NoChannel> {
    let bearer = Bearer::new(token)?;
    let channel =
        endpoint(url)?.connect().await.map_err(|source| NoChannel::Unreachable { url: url.to_owned(), source })?;
    Ok(InterceptedService::new(channel, bearer))
}
