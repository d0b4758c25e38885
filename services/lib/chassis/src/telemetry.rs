//! Logs, traces and the metrics recorder of a process: all of them global, so each is set up once per process.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, filter};

use crate::config::ConfigProblem;

/// How long spans may take to leave at the end, in seconds. A collector that is down must not hold up a restart.
const FLUSH_S_MAX: u64 = 3;

/// The broker's client logs every attempt to connect, twice a second while a broker is away, and every one that fails as an error;
/// what it means is said once by whoever uses it.
const BROKER_CLIENT: &str = "async_nats=warn,async_nats::connector=off";

/// Bucket bounds of every metric whose name ends in `_seconds`, in seconds: from a cached answer to a stuck broker.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The transports that carry the spans themselves. Tracing them would feed every export with the next one.
const CARRIERS: [&str; 5] = ["h2", "hyper", "opentelemetry", "tonic", "tower"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One line for people
    Human,
    /// One JSON object per line, for a collector
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// For services: the log is what they have to say.
    Stdout,
    /// For a command line tool, whose standard output is its answer.
    Stderr,
}

#[derive(Clone, Debug)]
pub struct LogConfig {
    /// `service.name` of the traces.
    pub service_name: String,
    /// Directives as in `info,record=debug`.
    pub filter: String,
    pub format: LogFormat,
    pub target: LogTarget,
    /// `http://host:port` of a collector that speaks OTLP over gRPC; `None` sends no traces.
    pub otlp_endpoint: Option<String>,
}

/// Keeps logs and traces going; flushes the traces when it is dropped, which may block for three seconds.
#[derive(Debug)]
#[must_use = "traces are flushed when this is dropped"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logs, the W3C propagator, and traces if there is somewhere to send them. If the process already has a
    /// subscriber (a test, a tool that embeds services), that one stays and this does nothing more. Must run inside a
    /// tokio runtime, on whose threads the exporter's connection lives.
    ///
    /// # Errors
    /// If the filter or the endpoint cannot be used.
    pub fn init(config: &LogConfig) -> anyhow::Result<Self> {
        global::set_text_map_propagator(TraceContextPropagator::new());
        // What was said of the client by name holds: of two directives for one target the last.
        let filter = format!("{BROKER_CLIENT},{}", config.filter);
        let filter = EnvFilter::try_new(filter).context("reading the log filter")?;
        let traces = config.otlp_endpoint.as_deref().map(|to| provider(&config.service_name, to)).transpose()?;
        let export = traces.as_ref().map(|provider| {
            // Independent of the log's filter: a quiet log should not leave holes in the traces.
            let ours = filter::filter_fn(|metadata| {
                !CARRIERS.iter().any(|carrier| metadata.target().split("::").next() == Some(carrier))
            });
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("huying"))
                .with_filter(ours)
                .with_filter(LevelFilter::INFO)
        });
        let installed = tracing_subscriber::registry().with(lines(config).with_filter(filter)).with(export).try_init();
        match installed {
            Ok(()) => {
                if let Some(provider) = &traces {
                    global::set_tracer_provider(provider.clone());
                }
                Ok(Self { traces })
            }
            Err(already @ TryInitError { .. }) => {
                tracing::debug!(%already, "telemetry stays as it was set up before");
                Ok(Self { traces: None })
            }
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.traces.take()
            && let Err(error) = provider.shutdown_with_timeout(Duration::from_secs(FLUSH_S_MAX))
        {
            tracing::warn!(%error, "the last traces were not delivered");
        }
    }
}

/// What [`Telemetry::init`] would stumble over.
pub(crate) fn problems(config: &LogConfig) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    if let Err(error) = EnvFilter::try_new(&config.filter) {
        problems.push(ConfigProblem::new("--log", format!("{:?} is no log filter: {error}", config.filter)));
    }
    if let Some(endpoint) = &config.otlp_endpoint
        && (!endpoint.starts_with("http://") || endpoint.parse::<axum::http::Uri>().is_err())
    {
        // The exporter is built without TLS: a collector beside the process does the rest of the way.
        problems
            .push(ConfigProblem::new("--otlp-endpoint", format!("{endpoint:?} is not of the form http://host:port")));
    }
    problems
}

/// The process's Prometheus metrics, to be rendered; the recorder is installed on first use.
///
/// # Errors
/// If somebody else's recorder is installed already.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let install = || {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| error.to_string())
    };
    HANDLE.get_or_init(install).clone().map_err(anyhow::Error::msg).context("installing the metrics recorder")
}

fn lines(config: &LogConfig) -> Box<dyn Layer<Registry> + Send + Sync> {
    let (writer, terminal) = match config.target {
        LogTarget::Stdout => (BoxMakeWriter::new(std::io::stdout), std::io::stdout().is_terminal()),
        LogTarget::Stderr => (BoxMakeWriter::new(std::io::stderr), std::io::stderr().is_terminal()),
    };
    let layer = tracing_subscriber::fmt::layer().with_ansi(terminal).with_writer(writer);
    match config.format {
        LogFormat::Human => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

fn provider(service_name: &str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .with_context(|| format!("preparing to send traces to {endpoint}"))?;
    let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
