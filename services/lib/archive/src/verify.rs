//! Whether the archive is as it was put: every hash of every volume, every volume after the one before it, and every
//! tombstone on a file that can be read.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use ids::HistoryKey;
use record::Broker;
use record::filing::Filing;
use record::objects::Sha256Sum;

use crate::shelf::{Shelf, ShelfError};
use crate::volume::{self, Damage, VolumeName};

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub volumes: u64,
    /// Case files in them.
    pub files: u64,
    pub commits: u64,
    pub tombstones: u64,
    /// Files without a tombstone whose cases are still on the record: somebody wrote on them while they were filed.
    pub left_open: u64,
    /// In words; empty when all is well.
    pub damage: Vec<String>,
}

/// How far a look has come.
#[derive(Clone, Debug)]
pub enum Progress {
    Volume(VolumeName),
    /// So many tombstones.
    Tombstones(u64),
}

/// Looks at everything. Damage is in the findings; what cannot be looked at is an error.
///
/// # Errors
/// The broker does not answer.
pub async fn verify(broker: &Broker, mut tell: impl FnMut(Progress) + Send) -> Result<Findings, ShelfError> {
    let shelf = Shelf::open(broker, NonZeroUsize::MIN.saturating_add(1)).await?;
    let mut findings = Findings::default();
    let mut files = BTreeMap::new();
    let mut before: Option<(VolumeName, Sha256Sum)> = None;
    for name in shelf.volumes().await? {
        tell(Progress::Volume(name.clone()));
        findings.volumes += 1;
        let number = before.as_ref().map_or(1, |(before, _)| before.number + 1);
        if name.number != number {
            findings.damage.push(format!("{name}: number {number} should be here"));
        }
        match shelf.volume(&name).await {
            Ok(volume) => {
                findings.files += u64::from(volume.cases);
                findings.commits += commits_in(&volume);
                findings.damage.extend(volume.check().err().map(|damage| damage.to_string()));
                let (previous, sum) = before.map(|(name, sum)| (name.to_string(), sum.0.to_vec())).unwrap_or_default();
                if (&volume.head.previous, &volume.head.previous_sha256) != (&previous, &sum) {
                    let problem = format!("it follows {:?}, and {previous:?} is before it", volume.head.previous);
                    findings.damage.push(Damage::new(&name, problem).to_string());
                }
                files.insert(name.to_string(), u64::from(volume.cases));
                before = Some((name, volume.sha256));
            }
            Err(error) => {
                findings.damage.push(said(error)?);
                before = Some((name, Sha256Sum::default()));
            }
        }
    }
    tombstones(broker, &shelf, &mut files, &mut findings, &mut tell).await?;
    without_tombstone(broker, &shelf, files, &mut findings).await?;
    Ok(findings)
}

/// Each tombstone on a readable file of its case. What is left in `files` afterwards has none.
async fn tombstones(
    broker: &Broker,
    shelf: &Shelf,
    files: &mut BTreeMap<String, u64>,
    findings: &mut Findings,
    tell: &mut (impl FnMut(Progress) + Send),
) -> Result<(), ShelfError> {
    let mut from = 1;
    loop {
        let (page, next) = broker.tombstones(None, from).await?;
        for stored in &page {
            findings.tombstones += 1;
            match shelf.case(stored).await {
                Ok(_) => {
                    if let Some(left) = files.get_mut(&stored.filed.volume) {
                        *left = left.saturating_sub(1);
                    }
                }
                Err(error) => findings.damage.push(format!("{}: {}", stored.subject, said(error)?)),
            }
        }
        tell(Progress::Tombstones(findings.tombstones));
        match next {
            Some(next) => from = next,
            None => return Ok(()),
        }
    }
}

/// A file without a tombstone is nothing wrong as long as its case is on the record, or filed elsewhere.
async fn without_tombstone(
    broker: &Broker,
    shelf: &Shelf,
    files: BTreeMap<String, u64>,
    findings: &mut Findings,
) -> Result<(), ShelfError> {
    let filing = Filing::open(broker).await?;
    for (name, _) in files.into_iter().filter(|(_, left)| *left > 0) {
        let volume = shelf.volume(&name.parse()?).await?;
        for (_, file) in volume.files() {
            let Ok(file) = file else { continue };
            let key: HistoryKey = volume::key_of(&file.district, &file.case_id)?;
            let standing = filing.standing(&key).await?;
            match standing.filed {
                Some(_) => {}
                None if standing.commits.is_empty() => {
                    findings.damage.push(format!("{key}: neither its history nor its tombstone is on the record"));
                }
                None => findings.left_open += 1,
            }
        }
    }
    Ok(())
}

fn commits_in(volume: &volume::Volume) -> u64 {
    volume.files().filter_map(|(_, file)| file.ok()).map(|file| file.commits.len() as u64).sum()
}

/// Damage as a finding; a broker that does not answer is none.
fn said(error: ShelfError) -> Result<String, ShelfError> {
    match error {
        ShelfError::Damaged(damage) => Ok(damage.to_string()),
        ShelfError::Broker(error) if error.is_transient() => Err(error.into()),
        ShelfError::Broker(error) => Ok(record::chain(&error)),
    }
}
