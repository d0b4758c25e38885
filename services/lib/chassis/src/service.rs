//! What a service is given to live in: time, the word to stop, a place for its tasks, and doors to the outside.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::Request;
use axum::response::IntoResponse;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;

use crate::clock::Clock;
use crate::identity::{Identity, Verifier};
use crate::life::Life;
use crate::readiness::Readiness;

/// A service on its way up. Boxed, so that a service is compiled in its own crate, and not once more in every program that
/// starts it: whoever awaits the future of an `async fn` compiles it, with all that it awaits itself.
pub type Starting<'s> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 's>>;

/// One service's share of a process. Everything that [`Service::sibling`] does not say is its own is common to all
/// services of the process.
pub struct Service {
    name: &'static str,
    clock: Clock,
    readiness: Readiness,
    verifier: Option<Verifier>,
    pub(crate) life: Arc<Life>,
    pub(crate) doors: Doors,
}

/// What a service is made of, when a test makes one without a [`crate::Process`].
#[derive(Clone, Debug)]
pub struct ServiceParts {
    pub clock: Clock,
    /// Recognises callers' tokens; `None` refuses every call that needs one.
    pub verifier: Option<Verifier>,
}

/// What is to be served, in the order it was registered.
#[derive(Default)]
pub(crate) struct Doors {
    pub(crate) grpc: Vec<Registration>,
    pub(crate) names: Vec<&'static str>,
    pub(crate) descriptors: Vec<&'static [u8]>,
    pub(crate) http: axum::Router,
    pub(crate) policy: Option<Policy>,
}

/// Who may call a method at all, by its full name, and how often, if that has a bound: asked before anything of the call is
/// read.
///
/// # Errors
/// What the caller is refused with.
pub type Policy = fn(caller: &Identity, method: &str) -> Result<Option<fair::Pace>, tonic::Status>;

pub(crate) type Registration = Box<dyn FnOnce(Routes) -> Routes + Send + Sync>;

impl Service {
    /// A service on its own, for tests. In a process, [`crate::Process::start`] makes it.
    pub fn new(name: &'static str, parts: ServiceParts) -> Self {
        let readiness = Readiness::new(name);
        let life = Life::new(readiness.clone());
        Self { name, clock: parts.clock, readiness, verifier: parts.verifier, life, doors: Doors::default() }
    }

    /// Another service of the same process: the same clock, stop, tasks, readiness and callers' key; doors of its own,
    /// which open once they are [absorbed](Service::absorb).
    pub fn sibling(&self, name: &'static str) -> Self {
        Self {
            name,
            clock: self.clock.clone(),
            readiness: self.readiness.of(name),
            verifier: self.verifier.clone(),
            life: self.life.clone(),
            doors: Doors::default(),
        }
    }

    /// Takes over what a sibling registered, to serve it from the same two ports.
    ///
    /// # Panics
    /// If both registered the same HTTP route.
    pub fn absorb(&mut self, sibling: Service) {
        let Doors { grpc, names, descriptors, http, policy } = sibling.doors;
        self.doors.grpc.extend(grpc);
        self.doors.names.extend(names);
        self.doors.descriptors.extend(descriptors);
        self.doors.policy = self.doors.policy.or(policy);
        self.http(http);
    }

    /// The service's name, as in its logs and its gates.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The only clock to ask.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The conditions under which this service can be sent work.
    pub fn ready(&self) -> &Readiness {
        &self.readiness
    }

    /// Cancelled when the process begins to stop: take no new work, finish what is in hand, end. Streams to callers
    /// have to end too, or the drain waits for them until it overruns. Cancelling it concerns only whoever holds it.
    pub fn stopping(&self) -> CancellationToken {
        self.life.stopping()
    }

    /// Runs `task` beside the service; the process does not end before it does, within the drain's bound. If it fails
    /// or panics, that is logged with its whole chain, and the process stops with exit code 1. Ending well is fine at
    /// any time. It has no span of its own: what it processes starts its own traces.
    pub fn spawn(&self, what: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.life.spawn(format!("{}/{what}", self.name), task);
    }

    /// Serves gRPC to callers that can say who they are. A call without a valid token is refused with UNAUTHENTICATED;
    /// in any other, [`crate::identity()`] finds the caller.
    pub fn grpc<S>(&mut self, service: S)
    where
        S: tonic::codegen::Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.doors.names.push(S::NAME);
        self.doors.grpc.push(Box::new(move |routes| routes.add_service(service)));
    }

    /// Asks `policy` about every identified call of this process. The services of one process share it.
    pub fn admits_by(&mut self, policy: Policy) {
        self.doors.policy = Some(policy);
    }

    /// Recognises also tokens of a party's own people: see [`Verifier::and_people`].
    ///
    /// # Errors
    /// `pem` is no public Ed25519 key.
    pub fn recognises_people(&mut self, pem: &str, role: &str, party: &str) -> anyhow::Result<()> {
        self.verifier = Some(Verifier::and_people(self.verifier.take(), pem, role, party)?);
        Ok(())
    }

    /// Lets clients discover these contracts by reflection: an encoded `FileDescriptorSet`.
    pub fn descriptors(&mut self, encoded: &'static [u8]) {
        self.doors.descriptors.push(encoded);
    }

    /// Serves more HTTP beside `/healthz`, `/readyz` and `/metrics`. Whom these routes let in is theirs to decide.
    ///
    /// # Panics
    /// If a route is taken, or if two routers bring a fallback.
    pub fn http(&mut self, router: axum::Router) {
        self.doors.http = std::mem::take(&mut self.doors.http).merge(router);
    }

    /// What callers' tokens are recognised with; none: nobody can be identified.
    pub fn verifier(&self) -> Option<Verifier> {
        self.verifier.clone()
    }
}
