//! What is done about files without anybody asking: those that nobody named in time go, and those that nobody looked through are
//! looked through when the scanner is back. Every replica does it; none is in the way of another.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::intake::v1::{EvidenceCheck, EvidenceState};
use proto::subjects::EvidenceNote;
use record::evidence::{Known, ToDo};
use record::{BrokerError, chain};
use tokio_util::sync::CancellationToken;

use super::scanner::{Scanner, Verdict};
use super::{Files, is_refused};

/// How long a file waits for a request that names it: somebody who was called away from a form comes back the same day.
pub const WAITS: SignedDuration = SignedDuration::from_hours(24);
/// Between two looks at what waits: all that came in within a day is read each time.
const COLLECT_EVERY: Duration = Duration::from_secs(15 * 60);
/// Between two tries of a scanner that was away.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Deletes what nobody has named in time, until the process stops.
pub async fn collect_what_waits(files: Arc<Files>, stop: CancellationToken) -> anyhow::Result<()> {
    while passes(COLLECT_EVERY, &stop).await {
        if let Err(error) = files.collect(files.clock.now()).await {
            tracing::debug!(error = chain(&error), "files cannot be collected now; later");
        }
    }
    Ok(())
}

/// Looks through what was taken while the scanner was away, until the process stops.
pub async fn look_through_what_is_held(files: Arc<Files>, stop: CancellationToken) -> anyhow::Result<()> {
    while files.scanner.is_some() && passes(LOOK_EVERY, &stop).await {
        if let Err(error) = files.look_through_what_waits().await {
            tracing::debug!(error = chain(&error), "files cannot be looked through now; later");
        }
    }
    Ok(())
}

/// False: the process stops.
async fn passes(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}

impl Files {
    /// Deletes the content of what has waited too long, and says of how many.
    pub async fn collect(&self, now: Timestamp) -> Result<usize, BrokerError> {
        let mut deleted = 0;
        for todo in self.known.to_do(EvidenceNote::Waiting).await? {
            let since = todo.task.since.as_ref().and_then(|since| since.time().ok());
            if since.is_some_and(|since| now.duration_since(since) < WAITS) {
                continue;
            }
            deleted += usize::from(self.collect_one(&todo).await?);
        }
        if deleted > 0 {
            tracing::info!(deleted, "files that no request has named");
        }
        Ok(deleted)
    }

    /// Says first that it is gone: whoever names it at the same moment is told that it is not there, or we that it is named.
    async fn collect_one(&self, todo: &ToDo) -> Result<bool, BrokerError> {
        let (district, hash) = (&todo.subject.district, &todo.task.hash);
        let known = self.known.get(district, hash).await?;
        // A content that came in a second time, or whose sender died before it was known, is nobody's.
        if let Some(Known { mut file, version }) = known.filter(|known| known.file.object == todo.task.object) {
            match file.state() {
                EvidenceState::Named => {
                    self.known.done(todo).await?;
                    return Ok(false);
                }
                EvidenceState::Waiting => {
                    file.set_state(EvidenceState::Gone);
                    match self.known.put(district, hash, &file, Some(version)).await {
                        Ok(_) => {}
                        Err(BrokerError::Exists { .. }) => return Ok(false),
                        Err(error) => return Err(error),
                    }
                }
                EvidenceState::Gone | EvidenceState::Unspecified => {}
            }
        }
        self.delete(&todo.task.object).await?;
        self.known.done(todo).await?;
        Ok(true)
    }

    /// Looks through what was taken while the scanner was away, until it is away again.
    pub async fn look_through_what_waits(&self) -> Result<(), BrokerError> {
        let Some(scanner) = &self.scanner else { return Ok(()) };
        for todo in self.known.to_do(EvidenceNote::Unchecked).await? {
            if !self.look_through_one(scanner, &todo).await? {
                break;
            }
        }
        Ok(())
    }

    /// False: the scanner gives no verdict.
    async fn look_through_one(&self, scanner: &Scanner, todo: &ToDo) -> Result<bool, BrokerError> {
        let (district, hash) = (&todo.subject.district, &todo.task.hash);
        let content = self.objects.get_bytes(&todo.task.object).await?;
        let known = self.known.get(district, hash).await?;
        let known = known.filter(|known| known.file.object == todo.task.object);
        if let (Some(content), Some(Known { mut file, version })) = (content, known) {
            let verdict = match scanner.look_through(&content).await {
                Ok(verdict) => verdict,
                Err(error) => {
                    tracing::debug!(%scanner, %error, "the scanner is still away");
                    return Ok(false);
                }
            };
            let mut about = file.about.take().unwrap_or_default();
            match verdict {
                Verdict::Clean => about.set_check(EvidenceCheck::Clean),
                Verdict::Found(found) => {
                    tracing::warn!(found, %district, hash, "malware in a file that was held; its content is deleted");
                    about.set_check(EvidenceCheck::Refused);
                    file.set_state(EvidenceState::Gone);
                }
            }
            file.about = Some(about);
            match self.known.put(district, hash, &file, Some(version)).await {
                Ok(_) => {}
                // Somebody has named it meanwhile; it is looked through again.
                Err(BrokerError::Exists { .. }) => return Ok(true),
                Err(error) => return Err(error),
            }
            if is_refused(&file) {
                self.delete(&todo.task.object).await?;
            }
        }
        self.known.done(todo).await?;
        Ok(true)
    }
}
