//! Whether size matters: the same figures with ten thousand, a hundred thousand and a million cases on the record.
//!
//! One store grows from size to size. Its cases are real lifecycles, written again with other ids, times, places and
//! words; at each size every service is started as a process of its own, timed, weighed, asked and loaded. It goes on
//! where it was stopped: sizes that are measured are not measured again, cases that are written are not written again.
//! Writes the figures to `target/bench-size.json`.

#![allow(clippy::print_stdout, reason = "the figures are the answer")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chassis::CancellationToken;
use clap::Parser;
use huying::accounts::{ARCHIVIST_USER, PROVISION_USER};
use huying_tests::figures::{raw, round};
use huying_tests::load::Load;
use huying_tests::size::fill::{fill, forget_the_past};
use huying_tests::size::processes::{Installation, rss_mb};
use huying_tests::size::reading::Reader;
use huying_tests::size::{DEPARTMENTS, PHASE, say, templates};
use ids::Owner;
use record::append::Grouping;
use serde::{Deserialize, Serialize};

/// Of all cases one in so many is filed, and at most so many.
const FILED_OF: u64 = 5;
const FILED_MAX: u64 = 40_000;

/// Measure at growing sizes.
#[derive(Debug, Parser)]
struct Args {
    /// How many cases, from small to large
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    cases: Vec<u64>,
    /// Where the store is kept, and found again by the next run
    #[arg(long, default_value = "target/bench-size")]
    data: PathBuf,
    /// A checkout of another version, built there: its `huying up` runs on a copy of each store
    #[arg(long, value_name = "FOLDER")]
    against: Option<PathBuf>,
}

/// `target/bench-size.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Figures {
    at: BTreeMap<u64, At>,
    /// The same questions by command line to `huying up` of this version and of the other.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    beside: BTreeMap<u64, BTreeMap<String, Beside>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct At {
    list_p50_ms: f64,
    list_p99_ms: f64,
    queue_p50_ms: f64,
    queue_p99_ms: f64,
    statistics_p50_ms: f64,
    statistics_p99_ms: f64,
    suggest_p50_ms: f64,
    suggest_p99_ms: f64,
    timeline_p50_ms: f64,
    timeline_p99_ms: f64,
    lifecycles_per_s: f64,
    /// Processor time for one lifecycle, by process; whoever asks is not among them.
    #[serde(default)]
    cpu_ms_per_lifecycle: BTreeMap<String, f64>,
    append_per_s: f64,
    append_per_s_while_listing: f64,
    lists_per_s_while_appending: f64,
    /// With what a service keeps beside the record in place.
    start_s: BTreeMap<String, f64>,
    /// The first time on this store.
    first_start_s: BTreeMap<String, f64>,
    rss_mb: BTreeMap<String, f64>,
    /// Memory of the broker for each stored case, after it was started on the store; the empty broker taken off.
    broker_kb_per_case: f64,
    /// Commits a second while the store was filled; none if it was there.
    fill_per_s: Option<f64>,
    /// Filing: so many of the cases were filed, and how fast.
    filed: u64,
    filed_per_s: f64,
    /// Memory that the broker, started again, has less of for each filed case.
    broker_kb_less_per_filed_case: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    /// From started to ready; none: not within `huying up`'s own patience.
    start_s: Option<f64>,
    /// `huying case list --json`, whole command, median of several.
    list_ms: Option<f64>,
    rss_mb: Option<f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let begun = Instant::now();
    let output = Path::new("target/bench-size.json");
    let mut figures: Figures = match std::fs::read_to_string(output) {
        Ok(text) if args.data.join("fill.json").exists() => serde_json::from_str(&text)?,
        Ok(_) | Err(_) => Figures::default(),
    };
    ensure!(args.cases.is_sorted(), "the store only grows: name the sizes from small to large");
    for cases in &args.cases {
        if !figures.at.contains_key(cases) {
            let at = Box::pin(measure(&args.data, *cases, begun)).await;
            figures.at.insert(*cases, at.with_context(|| format!("at {cases} cases"))?);
            write(output, &figures)?;
        }
        if let Some(other) = &args.against
            && !figures.beside.contains_key(cases)
        {
            let beside = beside(&args.data, other, begun)?;
            figures.beside.insert(*cases, beside);
            write(output, &figures)?;
        }
    }
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}

fn write(output: &Path, figures: &Figures) -> anyhow::Result<()> {
    std::fs::create_dir_all("target")?;
    Ok(std::fs::write(output, serde_json::to_string_pretty(figures)? + "\n")?)
}

async fn measure(data: &Path, cases: u64, begun: Instant) -> anyhow::Result<At> {
    say(begun, format_args!("{cases} cases: the store …"));
    let mut installation = Installation::open(data)?;
    let broker = installation.access().connect(PROVISION_USER).await?;
    let empty_mb = empty_broker_mb(data, &installation)?;
    let played = Box::pin(templates::play()).await?;
    say(begun, format_args!("{} cases played on the real services", played.len()));
    let fill_per_s = within(fill(data, &broker, &played, cases, begun)).await?;
    forget_the_past(&broker).await?;
    say(begun, "what was handled where …");
    installation.tool_at_the_broker(&["provision", "spots"])?;
    drop(broker);
    installation.restart_nats()?;
    let nats_mb = installation.rss_mb()?["nats-server"];

    let services: Vec<&str> = Owner::ALL.iter().map(|owner| owner.as_str()).chain(["casebook"]).collect();
    let mut first_start_s = BTreeMap::new();
    let mut start_s = BTreeMap::new();
    for started in [&mut first_start_s, &mut start_s] {
        for service in &services {
            installation.stop(service)?;
            let took = installation.start(service)?.as_secs_f64();
            say(begun, format_args!("{service} is ready after {took:.2} s"));
            started.insert((*service).to_owned(), (took * 100.0).round() / 100.0);
        }
    }
    for department in DEPARTMENTS {
        installation.start(department)?;
    }

    let mut reader = Reader::open(&installation).await?;
    say(begun, "lists, queues, statistics, suggestions, timelines …");
    let (lists, queues) = (within(reader.lists()).await?, within(reader.queues()).await?);
    let (statistics, suggestions) = (within(reader.statistics()).await?, within(reader.suggestions()).await?);
    let timelines = within(reader.timelines()).await?;
    say(begun, "appends, alone and beside lists …");
    let access = installation.access();
    let load = Arc::new(Load::open(&access, &DEPARTMENTS).await?);
    let appends = within(appends(&load, &mut reader)).await?;
    say(begun, "lifecycles …");
    let (loaded, used_before) = (Instant::now(), installation.cpu_s()?);
    let full = within(load.closed_loop()).await?;
    let lifecycles = loaded.elapsed().as_secs_f64() * full.lifecycles_per_s;
    let used = installation.cpu_s()?.into_iter().map(|(name, used)| {
        let during = used - used_before.get(&name).copied().unwrap_or_default();
        (name, (during * 100_000.0 / lifecycles).round() / 100.0)
    });
    let cpu_ms_per_lifecycle = used.collect();
    let rss_mb = installation.rss_mb()?;
    drop((load, reader));
    say(begun, "filing …");
    installation.stop_all_but_nats()?;
    installation.restart_nats()?;
    let unfiled_mb = installation.rss_mb()?["nats-server"];
    let (filed, filed_per_s) = file(&installation, (cases / FILED_OF).min(FILED_MAX))?;
    installation.restart_nats()?;
    let less_mb = unfiled_mb - installation.rss_mb()?["nats-server"];
    say(begun, format_args!("{filed} cases filed, {filed_per_s} a second, {less_mb:.1} MB less at the broker"));
    installation.stop_all()?;
    Ok(At {
        list_p50_ms: lists.p50,
        list_p99_ms: lists.p99,
        queue_p50_ms: queues.p50,
        queue_p99_ms: queues.p99,
        statistics_p50_ms: statistics.p50,
        statistics_p99_ms: statistics.p99,
        suggest_p50_ms: suggestions.p50,
        suggest_p99_ms: suggestions.p99,
        timeline_p50_ms: timelines.p50,
        timeline_p99_ms: timelines.p99,
        lifecycles_per_s: round(full.lifecycles_per_s),
        cpu_ms_per_lifecycle,
        append_per_s: round(appends.alone),
        append_per_s_while_listing: round(appends.beside_lists),
        lists_per_s_while_appending: round(appends.lists_per_s),
        start_s,
        first_start_s,
        rss_mb,
        broker_kb_per_case: round((nats_mb - empty_mb) * 1024.0 / cases as f64),
        fill_per_s: fill_per_s.map(round),
        filed,
        filed_per_s,
        broker_kb_less_per_filed_case: round(less_mb * 1024.0 / filed.max(1) as f64),
    })
}

/// Files closed cases: how many were, and how many a second.
fn file(installation: &Installation, limit: u64) -> anyhow::Result<(u64, f64)> {
    let (now, limit) = (chassis::Clock::real().real_now().to_string(), limit.to_string());
    let args = ["archive", "run", "--closed-before", &now, "--limit", &limit, "--json"];
    let report: serde_json::Value = serde_json::from_str(&installation.tool_as(ARCHIVIST_USER, &args)?)?;
    let filed = report["filed"].as_u64().context("a report says how many were filed")?;
    Ok((filed, report["cases_per_s"].as_f64().context("and how fast")?))
}

/// Memory of the broker before the first case, kept beside the store.
fn empty_broker_mb(data: &Path, installation: &Installation) -> anyhow::Result<f64> {
    let file = data.join("empty-broker.json");
    if let Ok(text) = std::fs::read_to_string(&file) {
        return Ok(serde_json::from_str(&text)?);
    }
    let mb = installation.rss_mb()?["nats-server"];
    std::fs::write(&file, serde_json::to_string(&mb)?)?;
    Ok(mb)
}

struct Appends {
    alone: f64,
    beside_lists: f64,
    lists_per_s: f64,
}

/// Twice each, in turn: the machine is not the same from minute to minute.
async fn appends(load: &Load, reader: &mut Reader) -> anyhow::Result<Appends> {
    let samples = load.sample_commits().await?;
    let run = uuid::Uuid::new_v4().simple().to_string();
    let mut sums = Appends { alone: 0.0, beside_lists: 0.0, lists_per_s: 0.0 };
    for turn in 0..2 {
        let name = format!("{run}-alone-{turn}");
        sums.alone += raw(&load.broker, Grouping::Adaptive, 4000, &name, &samples).await? / 2.0;
        let stop = CancellationToken::new();
        let name = format!("{run}-beside-{turn}");
        let appending = async {
            let begun = Instant::now();
            let per_s = raw(&load.broker, Grouping::Adaptive, 4000, &name, &samples).await;
            stop.cancel();
            Ok::<_, anyhow::Error>((per_s?, begun.elapsed().as_secs_f64()))
        };
        let ((per_s, seconds), lists) = tokio::try_join!(appending, reader.keep_listing(&stop))?;
        sums.beside_lists += per_s / 2.0;
        sums.lists_per_s += lists as f64 / seconds / 2.0;
    }
    Ok(sums)
}

/// This version and another by what both can: `huying up` on a copy of the store, and `huying case list`.
fn beside(data: &Path, other: &Path, begun: Instant) -> anyhow::Result<BTreeMap<String, Beside>> {
    let own = std::env::current_exe()?.parent().context("this program lies somewhere")?.join("huying");
    let built = ["release", "debug"].map(|profile| other.join("target").join(profile).join("huying"));
    let theirs = built.into_iter().find(|path| path.exists()).context("--against is not built")?;
    let mut beside = BTreeMap::new();
    for (name, huying) in [("this", own), ("against", theirs)] {
        say(begun, format_args!("huying up of {name} on a copy of the store …"));
        let copy = data.with_extension("copy");
        if copy.exists() {
            std::fs::remove_dir_all(&copy)?;
        }
        let copied = std::process::Command::new("cp").args(["-a", "--reflink=auto"]).arg(data).arg(&copy).status()?;
        ensure!(copied.success(), "the store cannot be copied to {}", copy.display());
        beside.insert(name.to_owned(), up(&huying, &copy)?);
        std::fs::remove_dir_all(&copy)?;
    }
    Ok(beside)
}

fn up(huying: &Path, data: &Path) -> anyhow::Result<Beside> {
    let log = std::fs::File::create(data.join("up.log"))?;
    let started = Instant::now();
    let mut up = std::process::Command::new(huying)
        .args(["up", "--ports", "auto", "--data"])
        .arg(data)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let endpoints = data.join("endpoints.json");
    let ready = loop {
        if endpoints.exists() {
            break Some(started.elapsed().as_secs_f64());
        }
        if up.try_wait()?.is_some() {
            break None;
        }
        ensure!(started.elapsed() < PHASE, "huying up neither gets ready nor gives up");
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut found = Beside { start_s: ready.map(round), list_ms: None, rss_mb: None };
    if ready.is_some() {
        let mut took = Vec::new();
        for _ in 0..9 {
            let asked = Instant::now();
            let listed =
                std::process::Command::new(huying).args(["case", "list", "--json", "--data"]).arg(data).output()?;
            ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
            took.push(asked.elapsed().as_secs_f64() * 1000.0);
        }
        found.list_ms = Some(huying_tests::figures::percentile(&took, 50.0));
        found.rss_mb = Some(rss_mb(up.id())?);
        let pid = i32::try_from(up.id()).ok().and_then(rustix::process::Pid::from_raw).context("it has an id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        up.wait()?;
    }
    Ok(found)
}

async fn within<T>(phase: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PHASE, phase).await.context("a phase took too long")?
}
