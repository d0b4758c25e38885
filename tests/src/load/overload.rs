//! More than can be handled: what those hear who come then, and how soon the next one is served as before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chassis::CancellationToken;
use serde::Serialize;
use tokio::task::JoinSet;

use super::{Load, Submission};

/// How long more is submitted than can be handled.
const FLOOD: Duration = Duration::from_secs(5);
/// An answer within so many ms is one as before the flood.
const AS_BEFORE_MS: f64 = 100.0;
/// Longest wait for that.
const RECOVERY_MAX: Duration = Duration::from_secs(60);

/// What became of the submissions of a flood.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overload {
    pub offered_per_s: f64,
    pub accepted: u64,
    /// Told when to come again.
    pub refused: u64,
    /// Anything else: another refusal, or no answer. There must be none.
    pub otherwise: u64,
    /// Until one is acknowledged as before the flood, after its end.
    pub recovered_s: f64,
    /// Most memory of this process, the load included, in MB.
    pub rss_mb: f64,
}

impl Load {
    /// Submits `rate` matters a second for a while, whatever becomes of them, and then one after the other until they are
    /// acknowledged as before.
    ///
    /// # Errors
    /// The broker does not answer, or it did not recover.
    pub async fn overload(self: &Arc<Self>, rate: f64) -> anyhow::Result<Overload> {
        let stop = CancellationToken::new();
        let mut record = self.watch(self.end_of_record().await? + 1, stop.clone());
        let mut people = JoinSet::new();
        let flood = {
            let load = Arc::clone(self);
            tokio::task::spawn(async move { load.flood(rate).await })
        };
        // Whoever got through is served to the end.
        while !flood.is_finished() || !people.is_empty() {
            if let Ok(step) = tokio::time::timeout(Duration::from_millis(100), record.next()).await
                && let Some(record::Step::Commit(stored)) = step?
            {
                self.react(&stored, &mut people);
            }
            while let Some(done) = people.try_join_next() {
                // A call of theirs may meet the same refusal; the case stays open then.
                let _ = done?;
            }
        }
        let figures = flood.await.context("the flood")??;
        self.quiet().await?;
        stop.cancel();
        Ok(figures)
    }

    async fn flood(self: Arc<Self>, rate: f64) -> anyhow::Result<Overload> {
        let mut figures = Overload { offered_per_s: rate.round(), ..Overload::default() };
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
        let begun = Instant::now();
        let mut submits = JoinSet::new();
        while begun.elapsed() < FLOOD {
            ticks.tick().await;
            let load = Arc::clone(&self);
            submits.spawn(async move { load.offer().await });
            while let Some(done) = submits.try_join_next() {
                figures.count(done?);
            }
        }
        while let Some(done) = submits.join_next().await {
            figures.count(done?);
        }
        let over = Instant::now();
        loop {
            if let Ok(Submission::Accepted { took_ms, .. }) = self.offer().await
                && took_ms < AS_BEFORE_MS
            {
                break;
            }
            ensure!(over.elapsed() < RECOVERY_MAX, "no answer in {AS_BEFORE_MS} ms within {RECOVERY_MAX:?} of a flood");
        }
        figures.recovered_s = (over.elapsed().as_secs_f64() * 100.0).round() / 100.0;
        figures.rss_mb = crate::cpu::peak_rss_mb()?;
        Ok(figures)
    }
}

impl Overload {
    fn count(&mut self, became: anyhow::Result<Submission>) {
        match became {
            Ok(Submission::Accepted { .. }) => self.accepted += 1,
            Ok(Submission::Later) => self.refused += 1,
            Ok(Submission::Refused(_)) | Err(_) => self.otherwise += 1,
        }
    }
}
