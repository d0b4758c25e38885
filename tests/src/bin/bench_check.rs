//! What one case costs from its first commit to its last, counted at the broker: figures that no machine changes.
//!
//! Plays the lifecycle of the benchmark a fixed number of times and compares what it wrote, what was delivered and what
//! was allocated with the table in `docs/performance.md`. More than the table says is a failure, and so is much less:
//! then the table is to be changed.

#![allow(clippy::print_stdout, reason = "the figures are the answer")]
#![allow(clippy::cast_precision_loss, reason = "figures")]

use std::alloc::System;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use huying::up::Running;
use huying_tests::load::{Access, Load, installation};
use proto::streams::CASES;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

const TABLE: &str = "docs/performance.md";
const WARM_UP: usize = 20;
const COUNTED: usize = 200;
/// Few enough that what is decided together is decided so for its own sake, not for the crowd's.
const UNDER_WAY: usize = 4;
/// How far a count may be from the table: what is decided together differs a little from run to run.
const TOLERANCE: f64 = 0.03;
/// Of allocations, where every wait for the network counts.
const TOLERANCE_OF_ALLOCATIONS: f64 = 0.15;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let table = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(TABLE);
    let table = std::fs::read_to_string(&table).with_context(|| format!("read {}", table.display()))?;
    let folder = tempfile::tempdir()?;
    let running = Running::start(installation(folder.path())).await?;
    running.departments_open().await;
    let load = Arc::new(Load::open(&Access::of(&running), &[]).await?);
    Box::pin(load.bounded(WARM_UP, UNDER_WAY)).await?;
    let (before, begun) = (load.broker.counts().await?, load.broker.end_of_record().await?);
    let allocated = ALLOCATOR.stats();
    Box::pin(load.bounded(COUNTED, UNDER_WAY)).await?;
    let allocated = ALLOCATOR.stats() - allocated;
    let after = load.broker.counts().await?;
    let forms = load.forms(begun + 1).await?;
    running.stop().await?;

    let (written, delivered) = (each(&after.written, &before.written), each(&after.delivered, &before.delivered));
    let counts = [
        ("commits", written.get(CASES).copied().unwrap_or_default(), TOLERANCE),
        ("messages written", written.values().sum(), TOLERANCE),
        ("deliveries", delivered.values().sum(), TOLERANCE),
        ("allocations", of_one(allocated.allocations + allocated.reallocations), TOLERANCE_OF_ALLOCATIONS),
    ];
    println!("What each of {COUNTED} cases cost:");
    let mut agrees = true;
    for (what, counted, tolerance) in counts {
        let expected = expected(&table, what)?;
        let verdict = if counted > expected * (1.0 + tolerance) {
            "MORE THAN"
        } else if counted < expected * (1.0 - tolerance) {
            "less than"
        } else {
            "as"
        };
        agrees &= verdict == "as";
        println!("  {counted:9.2} {what}, {verdict} {TABLE} says ({expected})");
    }
    println!("Written to each stream: {written:?}");
    println!("Committed together:");
    for (form, count) in forms {
        println!("  {:6.2}  {form}", of_one(count));
    }
    if !agrees {
        println!("Find out why. If it is meant to be so, change the table in {TABLE}.");
    }
    Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_one(count: usize) -> f64 {
    count as f64 / COUNTED as f64
}

fn each(now: &BTreeMap<String, u64>, then: &BTreeMap<String, u64>) -> BTreeMap<String, f64> {
    let grown = now.iter().map(|(name, count)| (name, count - then.get(name).unwrap_or(&0)));
    grown.filter(|(_, count)| *count > 0).map(|(name, count)| (name.clone(), count as f64 / COUNTED as f64)).collect()
}

/// The figure in the row of the table that begins so.
fn expected(table: &str, what: &str) -> anyhow::Result<f64> {
    let row = table.lines().find_map(|line| line.strip_prefix(&format!("| {what} |")));
    let figure = row.and_then(|row| row.split('|').next()).with_context(|| format!("{TABLE} has no row '{what}'"))?;
    figure.trim().replace(',', "").parse().with_context(|| format!("the row '{what}' in {TABLE} has no figure"))
}
