//! How fast the whole system is, and against what: one run, every figure a ratio to something measured in it.
//!
//! Everything runs in this process as `huying up` runs it: the broker with `sync_interval: always`, all services, the
//! departments' responders (answering by themselves), and this load. A lifecycle is: submit, classify, call, respond,
//! report in, done, resolve, rate, score, close; with one department and all notifications.
//!
//! As many lifecycles as go (closed loop); bare compare-and-set publishes of the same bytes on the same server, one by
//! one and in batches; submissions at a fixed rate, alarms beside them; ten times as many as go. Writes the figures to `target/bench.json`.

#![allow(clippy::print_stdout, reason = "the figures are the answer")]
#![allow(clippy::disallowed_methods, reason = "the load is not part of any service; every phase waits for its own")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Parser;
use huying::up::Running;
use huying_tests::against::{self, FIGURES};
use huying_tests::figures::{percentile, raw, round};
use huying_tests::load::{Access, Load, MEASURED, Overload, UNDER_WAY, WARM_UP, installation};
use ids::{HistoryKey, Kind, Owner};
use record::Broker;
use record::alarm::Alarms;
use record::append::Grouping;
use serde::Serialize;

chassis::allocator!();

/// Rate of the open loop, per second; half of the maximum if that is lower.
const OPEN_LOOP_RATE: f64 = 370.0;
const ALARMS: usize = 200;

/// Measure throughput and latency of everything in one process; writes target/bench.json
#[derive(Clone, Debug, Parser)]
struct Args {
    /// Cases a second in the open loop; half of the maximum measured just before, 370 at most, if not said
    #[arg(long)]
    rate: Option<f64>,
    /// Folder with the programs of another build: both run in turn, and the ratios of their medians are printed
    #[arg(long, value_name = "FOLDER")]
    against: Option<PathBuf>,
    /// How often each of the two runs
    #[arg(long, default_value_t = 5, requires = "against")]
    rounds: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    lifecycles_per_s: f64,
    commits_per_s: f64,
    durable_messages_per_s: f64,
    /// Processor time of a lifecycle: of all that is ours, the load included, and of the broker.
    own_cpu_ms: f64,
    broker_cpu_ms: f64,
    raw_plain_per_s: f64,
    raw_grouped_per_s: f64,
    /// Durable messages of the whole system ÷ raw grouped, and ÷ raw plain.
    ratio: f64,
    ratio_to_plain: f64,
    open_loop_per_s: f64,
    submit_p50_ms: f64,
    submit_p99_ms: f64,
    lifecycle_p50_ms: f64,
    lifecycle_p99_ms: f64,
    timer_late_ms_max: f64,
    ready_ms: f64,
    cores: usize,
    /// Ten times the maximum for some seconds.
    overload: Overload,
}

/// How many times the maximum comes in the overload.
const FLOOD: f64 = 10.0;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(folder) = args.against {
        let compared = against::run(&folder, args.rounds, |line| println!("{line}"))?;
        return write(&compared, "target/bench-against.json");
    }
    let telemetry = chassis::telemetry::LogConfig {
        service_name: "bench".into(),
        filter: "error".into(),
        format: chassis::telemetry::LogFormat::Human,
        target: chassis::telemetry::LogTarget::Stderr,
        otlp_endpoint: None,
    };
    let _telemetry = chassis::telemetry::Telemetry::init(&telemetry)?;
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let running = Running::start(installation(folder.path())).await?;
    let ready = started.elapsed();
    running.departments_open().await;
    let load = Arc::new(Load::open(&Access::of(&running), &[]).await?);

    println!(
        "closed loop: {UNDER_WAY} cases under way, {} s after {} s of warm-up …",
        MEASURED.as_secs(),
        WARM_UP.as_secs()
    );
    let full = Box::pin(load.closed_loop()).await?;
    println!("raw: bare publishes of the same bytes …");
    let samples = load.sample_commits().await?;
    let raw_plain = raw(&load.broker, Grouping::Off, 1000, "plain", &samples).await?;
    let raw_grouped = raw(&load.broker, Grouping::Adaptive, 4000, "grouped", &samples).await?;
    let rate = args.rate.unwrap_or_else(|| OPEN_LOOP_RATE.min(full.lifecycles_per_s / 2.0));
    println!("open loop: {rate:.0} cases a second, with {ALARMS} alarms beside …");
    let (open, late) = tokio::try_join!(load.open_loop(rate), alarms(&load.broker))?;

    println!("overload: {:.0} submissions a second …", full.lifecycles_per_s * FLOOD);
    let overload = Box::pin(load.overload(full.lifecycles_per_s * FLOOD)).await?;

    let figures = Figures {
        lifecycles_per_s: round(full.lifecycles_per_s),
        commits_per_s: round(full.commits_per_s),
        durable_messages_per_s: round(full.durable_messages_per_s),
        own_cpu_ms: hundredths(full.own_cpu_ms),
        broker_cpu_ms: hundredths(full.broker_cpu_ms),
        raw_plain_per_s: round(raw_plain),
        raw_grouped_per_s: round(raw_grouped),
        ratio: hundredths(full.durable_messages_per_s / raw_grouped),
        ratio_to_plain: hundredths(full.durable_messages_per_s / raw_plain),
        open_loop_per_s: round(rate),
        submit_p50_ms: percentile(&open.submits, 50.0),
        submit_p99_ms: percentile(&open.submits, 99.0),
        lifecycle_p50_ms: percentile(&open.lives, 50.0),
        lifecycle_p99_ms: percentile(&open.lives, 99.0),
        timer_late_ms_max: round(late),
        ready_ms: round(ready.as_secs_f64() * 1000.0),
        overload,
        cores: std::thread::available_parallelism().map_or(0, usize::from),
    };
    running.stop().await?;
    write(&figures, FIGURES)
}

fn write(figures: &impl Serialize, path: &str) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(figures)?;
    std::fs::create_dir_all("target")?;
    std::fs::write(path, &json)?;
    println!("{json}");
    Ok(())
}

/// The latest of [`ALARMS`] alarms, in ms after it was due.
async fn alarms(broker: &Broker) -> anyhow::Result<f64> {
    // Intake has no deadlines of its own, so nobody takes these before they are read here.
    let alarms = Alarms::open(broker, Owner::Intake).await?;
    let now = chassis::Clock::real().now();
    for number in 0..ALARMS {
        let due = now.checked_add(jiff::SignedDuration::from_millis(1500 + i64::try_from(number)? * 40))?;
        let key = HistoryKey { kind: Kind::Period, district: "bench".parse()?, id: format!("alarm-{number}") };
        alarms.set(&key, due, due).await?;
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let rung = alarms.rung().await?;
        if rung.len() == ALARMS {
            let late = rung.iter().map(|(due, rang)| rang.duration_since(*due).as_secs_f64() * 1000.0);
            return Ok(late.fold(0.0, f64::max));
        }
        ensure!(Instant::now() < deadline, "{} of {ALARMS} alarms rang", rung.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
