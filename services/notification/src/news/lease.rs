//! Of several replicas one tells, so that of one case nothing overtakes what was before it. Who tells says so again and again;
//! when that stops, another takes over. Nobody compares clocks: whoever waits looks whether the word changes.

use std::time::{Duration, Instant};

use record::{BrokerError, NO_NOTE, Notes, chain};
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::documents::{read, written};

const KEY: &str = "teller";
/// How often whoever tells says so.
const SAY_EVERY: Duration = Duration::from_secs(3);
/// Without having said so for so long, it stops by itself: somebody else may have taken over after …
const SILENT_MAX: Duration = Duration::from_secs(7);
/// … so long.
const TAKEN_OVER_AFTER: Duration = Duration::from_secs(10);
/// How often whoever waits looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who tells; empty: nobody, whoever did has ended.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Teller {
    process: String,
}

/// Does `work` whenever it is ours to do, until `stop`.
pub async fn hold<F>(notes: &Notes, stop: &CancellationToken, work: impl Fn(CancellationToken) -> F)
where
    F: Future<Output = ()>,
{
    let us = Teller { process: format!("{:032x}", rand::random::<u128>()) };
    while !stop.is_cancelled() {
        let Some(mut version) = take(notes, &us, stop).await else { return };
        let done = stop.child_token();
        tokio::select! {
            () = work(done.clone()) => {}
            () = say(notes, &us, &mut version) => {
                tracing::warn!("another process tells bridges now, or the broker is away");
            }
        }
        done.cancel();
        if stop.is_cancelled() {
            // Whoever waits need not wait longer. If it cannot be said, they wait as long as ever.
            let _unsaid = put(notes, &Teller::default(), version).await;
        }
    }
}

/// Waits until it is ours; none: told to stop.
async fn take(notes: &Notes, us: &Teller, stop: &CancellationToken) -> Option<u64> {
    let mut known = (NO_NOTE, Instant::now());
    loop {
        match look(notes, us, &mut known).await {
            Ok(Some(version)) => return Some(version),
            Ok(None) => {}
            Err(error) => tracing::debug!(error = format!("{error:#}"), "who tells bridges is not known"),
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(notes: &Notes, us: &Teller, known: &mut (u64, Instant)) -> anyhow::Result<Option<u64>> {
    let version = match notes.get(KEY).await? {
        None => NO_NOTE,
        Some(note) => {
            let teller: Teller = read(&note.content)?;
            if known.0 != note.version {
                *known = (note.version, Instant::now());
            }
            let is_silent = known.1.elapsed() >= TAKEN_OVER_AFTER;
            if !teller.process.is_empty() && !is_silent {
                return Ok(None);
            }
            note.version
        }
    };
    match put(notes, us, version).await {
        Ok(version) => Ok(Some(version)),
        Err(BrokerError::Exists { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Ends when it is ours no more, or may not be.
async fn say(notes: &Notes, us: &Teller, version: &mut u64) {
    let mut said = Instant::now();
    loop {
        sleep(SAY_EVERY).await;
        match timeout(SILENT_MAX.saturating_sub(said.elapsed()), put(notes, us, *version)).await {
            Ok(Ok(new)) => (*version, said) = (new, Instant::now()),
            Ok(Err(BrokerError::Exists { .. })) | Err(_) => return,
            Ok(Err(error)) => tracing::debug!(error = chain(&error), "not said that we tell bridges"),
        }
        if said.elapsed() >= SILENT_MAX {
            return;
        }
    }
}

async fn put(notes: &Notes, teller: &Teller, on: u64) -> Result<u64, BrokerError> {
    notes.put(KEY, written(teller).unwrap_or_default(), on).await
}
