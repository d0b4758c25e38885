//! What one case costs from its first commit to its last, counted at the broker: figures that no machine changes.
//!
//! Plays the lifecycle of the benchmark a fixed number of times and compares commits, durable messages, deliveries and
//! allocations with the table in `docs/performance.md`. More than the table says is a failure; less is to be written
//! down.

#![allow(clippy::print_stdout, reason = "the figures are the answer")]

use std::alloc::System;
use std::collections::BTreeMap;
use std::sync::Arc;

use huying::up::{Ports, Running, UpConfig};
use huying_tests::load::{Access, DISTRICT, Load};
use proto::streams::CASES;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

const WARM_UP: usize = 20;
const COUNTED: usize = 200;
/// Few enough that what is decided together is decided so for its own sake, not for the crowd's.
const UNDER_WAY: usize = 4;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = UpConfig {
        charters: vec![DISTRICT.to_owned()],
        ports: Ports::Auto,
        auto: true,
        ..UpConfig::new(folder.path().join("data"))
    };
    let running = Running::start(config).await?;
    running.departments_open().await;
    let load = Arc::new(Load::open(&Access::of(&running), &[]).await?);
    Box::pin(load.bounded(WARM_UP, UNDER_WAY)).await?;
    let before = load.broker.counts().await?;
    let begun = load.broker.end_of_record().await?;
    let allocated = ALLOCATOR.stats();
    Box::pin(load.bounded(COUNTED, UNDER_WAY)).await?;
    let after = load.broker.counts().await?;
    let allocated = ALLOCATOR.stats() - allocated;

    let each = |now: &BTreeMap<String, u64>, then: &BTreeMap<String, u64>| -> BTreeMap<String, f64> {
        now.iter()
            .map(|(name, count)| (name.clone(), (count - then.get(name).unwrap_or(&0)) as f64 / COUNTED as f64))
            .filter(|(_, count)| *count > 0.0)
            .collect()
    };
    let (written, delivered) = (each(&after.written, &before.written), each(&after.delivered, &before.delivered));
    println!("commits      {:.2}", written.get(CASES).unwrap_or(&0.0));
    println!("written      {:.2} {written:?}", written.values().sum::<f64>());
    println!("deliveries   {:.2} {delivered:?}", delivered.values().sum::<f64>());
    println!("allocations  {:.0}", (allocated.allocations + allocated.reallocations) as f64 / COUNTED as f64);
    for (form, count) in load.forms(begun + 1).await? {
        println!("{:7.2}  {form}", count as f64 / COUNTED as f64);
    }
    running.stop().await?;
    Ok(())
}
