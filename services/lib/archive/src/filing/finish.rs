//! From a stored volume to a record without its cases: tombstone, forget, take off.

use std::pin::pin;

use futures::{StreamExt, stream};
use ids::HistoryKey;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::record::v1::Filed;
use proto::subjects::{CommitSubject, FiledSubject};
use record::filing::Standing;
use record::{StoredCommit, Tombstone};

use super::{Archivist, FilingError, Plan, Report, Step, Watch, go_on};
use crate::facts::Facts;
use crate::volume::{self, Place, Volume, VolumeName};

/// Tombstones put at the same time: enough for groups (D1).
const TOMBSTONES_AT_ONCE: usize = 512;
/// Other cases at the same time. Each message that goes is a write that the broker syncs, and it takes them one by one.
const REQUESTS_AT_ONCE: usize = 16;

/// A case file of a volume, as filing goes through it.
pub(super) struct File {
    key: HistoryKey,
    filed: Filed,
    facts: Facts,
    subjects: Vec<CommitSubject>,
}

enum Became {
    Entombed,
    Open,
    FiledElsewhere,
}

impl Archivist {
    /// Finishes what is not finished of a volume that was stored before. Returns which of its cases stay open.
    pub(super) async fn resume(
        &self,
        volume: &Volume,
        plan: &Plan,
        watch: Watch<'_>,
        report: &mut Report,
    ) -> Result<Vec<HistoryKey>, FilingError> {
        // Taken off is the last step of a case: of whom nothing is left is done.
        let mut held = pin!(
            stream::iter(files_of(volume, plan.now)?)
                .map(|file| async move {
                    let holds = self.filing.holds_more(&file.key, &[]).await?;
                    Ok::<_, FilingError>(holds.then_some(file))
                })
                .buffered(REQUESTS_AT_ONCE)
        );
        let mut files = Vec::new();
        while let Some(file) = held.next().await {
            files.extend(file?);
        }
        if files.is_empty() {
            return Ok(Vec::new());
        }
        go_on(watch, Step::Resumed { volume: volume.name.clone(), cases: files.len() as u64 })?;
        self.finish(volume, files, watch, report).await
    }

    /// From a volume that was read back to a record without its cases. Returns which of them stay open.
    pub(super) async fn finish(
        &self,
        volume: &Volume,
        files: Vec<File>,
        watch: Watch<'_>,
        report: &mut Report,
    ) -> Result<Vec<HistoryKey>, FilingError> {
        let mut left_open = Vec::new();

        let mut standing = Vec::new();
        let mut put = pin!(
            stream::iter(files)
                .map(|file| async move {
                    let answer = self.entomb(volume, &file).await;
                    (file, answer)
                })
                .buffered(TOMBSTONES_AT_ONCE)
        );
        while let Some((file, became)) = put.next().await {
            match became? {
                Became::Entombed => {
                    go_on(watch, Step::Tombstone(file.key.clone()))?;
                    standing.push(file);
                }
                Became::Open => left_open.push(file.key),
                Became::FiledElsewhere => {}
            }
        }

        let mut alone = Vec::new();
        let mut looked = pin!(
            stream::iter(standing)
                .map(|file| async move {
                    let answer = self.stays_filed(&file).await;
                    (file, answer)
                })
                .buffered(REQUESTS_AT_ONCE)
        );
        while let Some((file, stays)) = looked.next().await {
            if stays? { alone.push(file) } else { left_open.push(file.key) }
        }

        let mut bare = Vec::new();
        let mut forgotten = pin!(
            stream::iter(alone)
                .map(|file| async move {
                    let answer = self.forget(&file).await;
                    (file, answer)
                })
                .buffered(REQUESTS_AT_ONCE)
        );
        while let Some((file, messages)) = forgotten.next().await {
            report.taken_off += messages?;
            go_on(watch, Step::Forgotten(file.key.clone()))?;
            bare.push(file);
        }

        let mut off = pin!(
            stream::iter(bare)
                .map(|file| async move {
                    let answer = self.filing.take_off(&file.key, file.filed.last_position).await;
                    (file, answer)
                })
                .buffered(REQUESTS_AT_ONCE)
        );
        while let Some((file, messages)) = off.next().await {
            report.taken_off += messages?;
            report.filed += 1;
            go_on(watch, Step::TakenOff(file.key))?;
        }
        Ok(left_open)
    }

    async fn entomb(&self, volume: &Volume, file: &File) -> Result<Became, FilingError> {
        let Some(subject) = FiledSubject::of(&file.key) else { return Ok(Became::Open) };
        match self.filing.put_tombstone(&subject, &file.filed).await? {
            Tombstone::Stored => return Ok(Became::Entombed),
            Tombstone::There | Tombstone::Changed => {}
        }
        // Put before, by us or by another run; or somebody wrote on the case since it was read.
        let Standing { commits, filed } = self.filing.standing(&file.key).await?;
        match filed {
            Some(stored) if (&stored.filed.volume, stored.filed.offset) == (&file.filed.volume, file.filed.offset) => {
                Ok(Became::Entombed)
            }
            Some(_) => Ok(Became::FiledElsewhere),
            None if commits.is_empty() => Err(FilingError::Lost { key: file.key.clone(), volume: volume.name.clone() }),
            None => Ok(Became::Open),
        }
    }

    /// On replicas a commit may have been on its way when the tombstone was put. Then the case is not over, and the
    /// tombstone goes again; nothing of it has been taken off yet.
    async fn stays_filed(&self, file: &File) -> Result<bool, FilingError> {
        if !self.filing.holds_more(&file.key, &file.subjects).await? {
            return Ok(true);
        }
        if let Some(stored) = self.broker.filed(&file.key).await? {
            self.filing.take_tombstone_back(&stored).await?;
        }
        Ok(false)
    }

    async fn forget(&self, file: &File) -> Result<u64, FilingError> {
        let mut messages = self.filing.forget_alarms(&file.key).await?;
        for department in &file.facts.departments {
            messages += self.filing.forget_orders(department, &file.key.id).await?;
        }
        if let Some(reference) = &file.facts.reference {
            messages += self.filing.forget_reference(reference).await?;
        }
        Ok(messages)
    }
}

pub(super) fn files_of(volume: &Volume, now: Timestamp) -> Result<Vec<File>, FilingError> {
    volume
        .files()
        .map(|(place, file)| {
            let file = file?;
            let commits = volume::history_of(&file)?;
            let facts = Facts::of(&commits);
            Ok(File {
                key: volume::key_of(&file.district, &file.case_id)?,
                filed: tombstone(&volume.name, &place, &commits, &facts, now),
                subjects: commits.into_iter().map(|stored| stored.subject).collect(),
                facts,
            })
        })
        .collect()
}

fn tombstone(name: &VolumeName, place: &Place, commits: &[StoredCommit], facts: &Facts, now: Timestamp) -> Filed {
    Filed {
        volume: name.to_string(),
        offset: place.offset,
        length: place.length,
        sha256: place.sha256.0.to_vec(),
        commits: u32::try_from(commits.len()).unwrap_or(u32::MAX),
        last_position: commits.last().map_or(0, |last| last.sequence),
        filed_at: Some(now.to_wire()),
        received_at: facts.received_at,
        closed_at: facts.closed_at,
        outcome: facts.outcome.into(),
    }
}
