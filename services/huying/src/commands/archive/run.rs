//! `huying archive run`: files what is due, and goes on where the last run ended.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::filing::{Archivist, FilingError, Plan, Report, Step};
use chassis::Clock;
use ids::{Code, HistoryKey};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use record::filing::Behind;
use serde_json::{Value, json};

use super::Record;
use crate::failure::BadUsage;
use crate::number::between;
use crate::out;
use crate::provision::newest;

/// File what is due: every case that was closed as long ago as its charter says.
///
/// It may be interrupted at any time, also by a power cut: nothing is lost, and the next run finishes what this one
/// began. Ctrl-C ends it after the step in hand. Run it every night; a second one at the same time stops by itself.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: Record,
    /// Only this district, by code
    #[arg(long, value_name = "CODE")]
    district: Option<Code>,
    /// File what was closed before this, whatever the charter says: 2026-07-01, or an instant with an offset
    #[arg(long, value_name = "WHEN", value_parser = closed_before)]
    closed_before: Option<ClosedBefore>,
    /// At most this many cases
    #[arg(long, value_name = "N", value_parser = between(0_u64, u64::MAX))]
    limit: Option<u64>,
    /// Say how much is due, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// A day begins when it does in the district.
#[derive(Clone, Copy, Debug)]
enum ClosedBefore {
    Day(Date),
    Instant(Timestamp),
}

fn closed_before(text: &str) -> Result<ClosedBefore, String> {
    let day = text.parse().map(ClosedBefore::Day).ok().filter(|_| text.len() == "2026-07-01".len());
    day.or_else(|| text.parse().map(ClosedBefore::Instant).ok())
        .ok_or_else(|| "a day like 2026-07-01 or an instant like 2026-07-01T00:00:00+08:00".to_owned())
}

impl ClosedBefore {
    fn in_zone(self, zone: &TimeZone) -> anyhow::Result<Timestamp> {
        match self {
            Self::Day(day) => Ok(day.to_zoned(zone.clone())?.timestamp()),
            Self::Instant(at) => Ok(at),
        }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let broker = args.record.connect().await?;
    let archivist = Archivist::open(&broker).await?;
    let (bundles, _) = broker.charters().await?;
    let now = Clock::real().real_now();
    let mut before = BTreeMap::new();
    for charter in newest(&bundles) {
        if args.district.as_ref().is_none_or(|district| *district == charter.district) {
            let at = match args.closed_before {
                Some(closed_before) => closed_before.in_zone(&charter.time_zone)?,
                None => charter.filed_if_closed_before(now),
            };
            before.insert(charter.district.clone(), at);
        }
    }
    if let Some(district) = args.district.filter(|district| !before.contains_key(district)) {
        return Err(BadUsage::new(format!("district {district} has no charter on the record")).into());
    }
    let plan = Plan { closed_before: before, limit: args.limit, now };
    if args.dry_run {
        let (due, held_by) = archivist.due(&plan).await?;
        return print_due(&due, held_by.as_ref(), args.json);
    }
    let report = file(&archivist, &plan).await?;
    if args.json { out::json(&described(&report)) } else { print(&report) }
}

/// Files, with a line on the terminal that says how far it is.
async fn file(archivist: &Archivist, plan: &Plan) -> anyhow::Result<Report> {
    let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    let interrupted = AtomicBool::new(false);
    let mut seen = Seen::default();
    let mut watch = |step: Step| {
        seen.add(&step);
        line.set_message(seen.to_string());
        line.tick();
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut filing = std::pin::pin!(archivist.run(plan, &mut watch));
    let ended = loop {
        tokio::select! {
            ended = &mut filing => break ended,
            signal = tokio::signal::ctrl_c(), if !interrupted.load(Ordering::Relaxed) => {
                signal?;
                interrupted.store(true, Ordering::Relaxed);
            }
        }
    };
    line.finish_and_clear();
    match ended {
        Err(FilingError::Stopped) => {
            anyhow::bail!("stopped; what was filed is filed, and the next run goes on from here")
        }
        ended => Ok(ended?),
    }
}

/// What the terminal shows.
#[derive(Default)]
struct Seen {
    volumes: u64,
    tombstones: u64,
    filed: u64,
    doing: String,
}

impl Seen {
    fn add(&mut self, step: &Step) {
        match step {
            Step::Resumed { cases, .. } => self.doing = format!("finishing {cases} cases of the last run"),
            Step::Packed { cases } => self.doing = format!("storing {cases} cases"),
            Step::Stored(_) => "reading them back".clone_into(&mut self.doing),
            Step::ReadBack(_) => {
                self.volumes += 1;
                "tombstones".clone_into(&mut self.doing);
            }
            Step::Tombstone(_) => self.tombstones += 1,
            Step::Forgotten(_) => "references, orders, alarms".clone_into(&mut self.doing),
            Step::TakenOff(_) => {
                "taking them off the record".clone_into(&mut self.doing);
                self.filed += 1;
            }
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { volumes, tombstones, filed, doing } = self;
        write!(f, "{volumes} volumes, {tombstones} tombstones, {filed} cases filed; {doing}")
    }
}

fn print_due(due: &BTreeMap<Code, u64>, held_by: Option<&Behind>, json: bool) -> anyhow::Result<()> {
    let all: u64 = due.values().sum();
    if json {
        let due: BTreeMap<&str, u64> = due.iter().map(|(district, cases)| (district.as_str(), *cases)).collect();
        return out::json(&json!({ "due": all, "districts": due, "held_by": held_by.map(held) }));
    }
    for (district, cases) in due {
        out::line(format_args!("{cases:>10}  {district}"))?;
    }
    out::line(format_args!("{all:>10}  due"))?;
    note(held_by);
    Ok(())
}

fn described(report: &Report) -> Value {
    json!({
        "filed": report.filed,
        "taken_off": report.taken_off,
        "volumes": report.volumes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bytes": report.bytes,
        "left_open": report.left_open.iter().map(HistoryKey::to_string).collect::<Vec<_>>(),
        "held_by": report.held_by.as_ref().map(held),
        "seconds": report.seconds,
        "cases_per_s": per_second(report),
    })
}

fn held(behind: &Behind) -> Value {
    json!({ "consumer": behind.consumer, "settled_up_to": behind.position })
}

fn per_second(report: &Report) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let filed = report.filed as f64;
    (filed / report.seconds.max(f64::EPSILON)).round()
}

fn print(report: &Report) -> anyhow::Result<()> {
    let Report { filed, taken_off, bytes, seconds, .. } = report;
    out::line(format_args!(
        "filed {filed} cases in {} volumes, {bytes} bytes; {taken_off} messages fewer at the broker; {seconds:.1} s, {} a second",
        report.volumes.len(),
        per_second(report)
    ))?;
    for key in &report.left_open {
        eprintln!("left open: {key}; somebody wrote on it meanwhile, or it cannot be read. The next run looks again");
    }
    note(report.held_by.as_ref());
    Ok(())
}

fn note(held_by: Option<&Behind>) {
    if let Some(Behind { consumer, position }) = held_by {
        eprintln!("more is due, and waits until {consumer} has settled what comes after position {position}");
    }
}
