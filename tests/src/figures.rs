//! What a figure is held against, and how figures are summed up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proto::streams::CASES;
use record::append::Grouping;
use record::{Appender, Broker};
use tokio::sync::Semaphore;

const RAW_MEASURED: Duration = Duration::from_secs(4);

/// Bare compare-and-set publishes a second, `in_flight` at once, of `samples` in turn. `name` keeps runs apart.
///
/// # Errors
/// The broker does not answer.
pub async fn raw(
    broker: &Broker,
    grouping: Grouping,
    in_flight: usize,
    name: &str,
    samples: &[Vec<u8>],
) -> anyhow::Result<f64> {
    let appender = Appender::with_grouping(broker, CASES, grouping);
    let slots = Arc::new(Semaphore::new(in_flight));
    let stored = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut number = 0usize;
    while begun.elapsed() < RAW_MEASURED {
        let permit = Arc::clone(&slots).acquire_owned().await?;
        // Subjects of the record that no service follows.
        let subject = format!("period.bench.{name}-{number}.evaluation.1");
        let payload = samples[number % samples.len()].clone();
        number += 1;
        let (appender, stored) = (appender.clone(), Arc::clone(&stored));
        tokio::task::spawn(async move {
            if appender.append(subject, payload).await.is_ok() {
                stored.fetch_add(1, Ordering::Relaxed);
            }
            drop(permit);
        });
    }
    let per_s = stored.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    let _all = slots.acquire_many(u32::try_from(in_flight)?).await?;
    Ok(per_s)
}

#[must_use]
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the list itself")]
    let index = ((sorted.len() as f64 * percent / 100.0) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().map(round).unwrap_or_default()
}

#[must_use]
pub fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
