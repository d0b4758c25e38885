//! A process from its open ports to its exit code.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_recursion::async_recursion as boxed;
use axum::middleware::from_fn_with_state;
use fair::Turnstile;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::pb::health_server::HealthServer;

use crate::clock::Clock;
use crate::config::ProcessConfig;
use crate::door::{CALLS, Door, admit};
use crate::entrance::{Entrance, Room};
use crate::guard::{Guard, guard};
use crate::health::FromReadiness;
use crate::life::Life;
use crate::listen::Bounds;
use crate::measure::Shapes;
use crate::observe::observe;
use crate::service::{Doors, Service, ServiceParts};
use crate::telemetry;

/// How often metrics that nobody fetches are folded together, in seconds, so that they do not pile up.
const METRICS_UPKEEP_S: u64 = 5;

/// An idle connection is asked this often, in seconds, whether its other end still lives; and is given this long.
const KEEPALIVE_S: u64 = 30;
const KEEPALIVE_ANSWER_S_MAX: u64 = 10;

/// Calls in progress on one connection. Beyond it a client waits, and the process keeps its memory.
const STREAMS_PER_CONNECTION_MAX: u32 = 1024;

/// Connections to call by: a thousand responders and as many again. They begin with the 24 bytes that HTTP/2 begins with.
const CALLERS: Room =
    Room { connections_max: 2048, greeting_bytes: 24, greeting_max: Duration::from_secs(HANDSHAKE_S_MAX) };
const HANDSHAKE_S_MAX: u64 = 10;

/// Whoever asks whether this process lives, and for its metrics. A probe takes milliseconds, and nobody's silence keeps it out.
const PROBES: Bounds = Bounds { connections_max: 256, head_max: Duration::from_secs(HANDSHAKE_S_MAX) };

/// Served to whoever asks, and named in metrics like the others.
const OPEN_SERVICES: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// A process whose ports are open and whose doors are still closed.
pub struct Process {
    grpc: TcpListener,
    http: TcpListener,
    metrics: PrometheusHandle,
    running: Running,
}

/// A process at work. Whoever holds it waits for its end; dropped, it closes the HTTP port and leaves the rest.
#[must_use = "a process is waited for"]
pub struct Running {
    life: Arc<Life>,
    grpc_addr: SocketAddr,
    http_addr: SocketAddr,
    drain_max: Duration,
    /// Serves HTTP until `work_done`: the platform keeps asking while the process drains, so this door closes last.
    http: JoinSet<()>,
    work_done: CancellationToken,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told to stop, and everything in hand was finished.
    Polite,
    /// A task failed or panicked; the log says which and why.
    TaskFailed,
    /// It was told to stop, and did not finish in time; the log says what was still at work.
    DrainOverran,
}

impl Outcome {
    /// What the process leaves behind: 0 if it stopped politely, else 1.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Polite => 0,
            Self::TaskFailed | Self::DrainOverran => 1,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.exit_code().into()
    }
}

impl Process {
    /// Opens the ports, and makes the service whose doors they will be. Nothing is answered before
    /// [`Process::serve`].
    ///
    /// # Errors
    /// If the identity key cannot be used, an address is taken, or the process has another metrics recorder.
    #[boxed]
    pub async fn start(config: ProcessConfig, name: &'static str, clock: Clock) -> anyhow::Result<(Self, Service)> {
        let verifier = config.verifier().context("loading --identity-key-file")?;
        if verifier.is_none() {
            tracing::warn!("no --identity-key-file: every call that needs an identity will be refused");
        }
        let metrics = telemetry::metrics()?;
        let (grpc, grpc_addr) = listen(config.grpc_listen).await.context("opening --grpc-listen")?;
        let (http, http_addr) = listen(config.http_listen).await.context("opening --http-listen")?;

        let service = Service::new(name, ServiceParts { clock, verifier });
        service.spawn("metrics upkeep", upkeep(metrics.clone(), service.stopping()));
        let running = Running {
            life: service.life.clone(),
            grpc_addr,
            http_addr,
            drain_max: Duration::from_secs(config.drain_s_max),
            http: JoinSet::new(),
            work_done: CancellationToken::new(),
        };
        Ok((Self { grpc, http, metrics, running }, service))
    }

    /// Where gRPC will be served.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.running.grpc_addr
    }

    /// Where HTTP will be served.
    pub fn http_addr(&self) -> SocketAddr {
        self.running.http_addr
    }

    /// Opens the doors that `service` registered, beside health, reflection and metrics.
    ///
    /// # Errors
    /// If a descriptor cannot be read.
    ///
    /// # Panics
    /// If two services claim the same gRPC name or HTTP route.
    #[boxed]
    pub async fn serve(self, mut service: Service) -> anyhow::Result<Running> {
        let Self { grpc, http, metrics, mut running } = self;
        let life = running.life.clone();
        let http_routes = crate::http::router(life.clone(), service.ready().clone(), metrics)
            .merge(std::mem::take(&mut service.doors.http));

        let stopping = life.stopping();
        let grpc = Server::builder()
            .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
            .http2_keepalive_interval(Some(Duration::from_secs(KEEPALIVE_S)))
            .http2_keepalive_timeout(Some(Duration::from_secs(KEEPALIVE_ANSWER_S_MAX)))
            .add_routes(grpc_routes(service, life.stopping())?)
            .serve_with_incoming_shutdown(Entrance::new(grpc, CALLERS).into_stream(), stopping.cancelled_owned());
        life.spawn("gRPC server".to_owned(), async move { grpc.await.context("serving gRPC") });

        let http = crate::listen::serve(http, http_routes, PROBES, running.work_done.clone());
        running.http.spawn(async move {
            if let Err(error) = http.await {
                life.fail("HTTP server", error);
            }
        });
        tracing::info!(grpc = %running.grpc_addr, http = %running.http_addr, "serving");
        Ok(running)
    }

    /// For a service that will not be served after all: what it has spawned still has to end.
    pub fn unserved(self) -> Running {
        self.running
    }
}

impl Running {
    /// Where gRPC is served.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// Where HTTP is served.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Begins to stop: not ready from here on, then no new work. [`Running::wait`] sees it through.
    pub fn stop(&self) {
        self.life.stop();
    }

    /// Completes when the process begins to stop, for whatever reason.
    #[boxed]
    pub async fn stopped(&self) {
        self.life.stopped().await;
    }

    /// Waits until the process is told to stop or a task fails; then until calls and tasks in hand have ended, or
    /// `drain_s_max` has passed.
    #[boxed]
    pub async fn wait(mut self) -> Outcome {
        self.life.stopped().await;
        tracing::info!(drain_s_max = self.drain_max.as_secs(), "stopping: no new work, finishing what is in hand");
        let drain = async {
            self.life.tasks_done().await;
            self.work_done.cancel();
            while self.http.join_next().await.is_some() {}
        };
        let overran = timeout(self.drain_max, drain).await.is_err();
        if overran {
            let mut still = self.life.still_working();
            if !self.http.is_empty() {
                still.push("HTTP server".to_owned());
            }
            tracing::error!(?still, "the drain overran; what was in hand is cut off");
        }
        match (self.life.has_failed(), overran) {
            (true, _) => Outcome::TaskFailed,
            (false, true) => Outcome::DrainOverran,
            (false, false) => Outcome::Polite,
        }
    }
}

/// The identified services behind the door; health and reflection, which platforms and tools ask, in front of it.
fn grpc_routes(service: Service, stopping: CancellationToken) -> anyhow::Result<Routes> {
    let door = Door {
        verifier: service.verifier(),
        clock: service.clock().clone(),
        policy: service.doors.policy,
        shapes: Shapes::new(service.doors.descriptors.iter().copied()),
        in_hand: Turnstile::new(CALLS),
        paces: Arc::default(),
    };
    let readiness = service.ready().clone();
    let Doors { grpc, names, descriptors, .. } = service.doors;

    let mut identified = grpc.into_iter().fold(Routes::default(), |routes, add| add(routes)).into_axum_router();
    if !names.is_empty() {
        identified = identified.route_layer(from_fn_with_state(door, admit));
    }
    let reflection = || {
        let health = std::iter::once(tonic_health::pb::FILE_DESCRIPTOR_SET);
        health.chain(descriptors.iter().copied()).fold(
            tonic_reflection::server::Builder::configure(),
            tonic_reflection::server::Builder::register_encoded_file_descriptor_set,
        )
    };
    let all = Routes::from(identified)
        .add_service(reflection().build_v1().context("reading descriptors for reflection")?)
        .add_service(reflection().build_v1alpha().context("reading descriptors for reflection")?)
        .add_service(HealthServer::new(FromReadiness { readiness, names: names.clone() }));

    let guarded = Guard::new(stopping, descriptors.iter().copied());
    let served: Arc<[&'static str]> = names.into_iter().chain(OPEN_SERVICES).collect();
    let all = all.into_axum_router().layer(from_fn_with_state(guarded, guard));
    Ok(Routes::from(all.layer(from_fn_with_state(served, observe))))
}

async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

async fn upkeep(metrics: PrometheusHandle, stopping: CancellationToken) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(Duration::from_secs(METRICS_UPKEEP_S));
    while stopping.run_until_cancelled(tick.tick()).await.is_some() {
        metrics.run_upkeep();
    }
    Ok(())
}
