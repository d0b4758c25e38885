//! How a case leaves the record: walk, pack, store, read back, tombstone, forget, take off.
//!
//! Everything may die between any two steps and begin again. What was done is read from what is there: the newest
//! volume says how far the walk had come, and a case of it of which nothing is left on the record is done. So a run
//! first finishes the newest volume and then goes on where that one ends; and no step is taken before the one it rests
//! on is durable.
//!
//! Two runs at the same time do no harm either: volumes are named by their content, a tombstone is put once, and who
//! finds another volume of the same number beside its own takes its own back and stops.

mod finish;

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Instant;

use async_recursion::async_recursion as boxed;
use futures::{StreamExt, stream};
use ids::{Code, HistoryKey, Kind, Owner};
use jiff::Timestamp;
use proto::FromWireTime;
use proto::subjects::CommitSubject;
use record::filing::{Behind, Filing, Standing};
use record::{AsStored, Broker, BrokerError, StoredCommit};
use tokio_util::sync::CancellationToken;

use crate::facts::{Facts, closes};
use crate::shelf::{Shelf, ShelfError};
use crate::volume::{self, Damage, Mark, Volume, VolumeName, Writer};

/// Cases of one volume: the broker keeps two subjects for a volume, so with a thousand or more they cost nothing, and
/// one volume is read in a fraction of a second.
pub const VOLUME_CASES_MAX: usize = 4096;
/// Compressed bytes after which a volume is sealed, whatever its number of cases. A run holds two in memory.
pub const VOLUME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Histories loaded at the same time.
const LOADS_AT_ONCE: usize = 32;

/// What is to be filed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// By district: what was closed before this is due.
    pub closed_before: BTreeMap<Code, Timestamp>,
    /// At most this many cases.
    pub limit: Option<u64>,
    /// What filed cases are stamped with.
    pub now: Timestamp,
}

/// A step that was taken, and is durable. Whoever watches can stop the run after any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Cases of an interrupted run that are finished first.
    Resumed {
        volume: VolumeName,
        cases: u64,
    },
    /// Cases that are due were found and read.
    Packed {
        cases: u64,
    },
    Stored(VolumeName),
    ReadBack(VolumeName),
    Tombstone(HistoryKey),
    /// References, orders and alarms of the case are gone.
    Forgotten(HistoryKey),
    TakenOff(HistoryKey),
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Cases that have left the record.
    pub filed: u64,
    /// Messages that the broker no longer keeps because of it.
    pub taken_off: u64,
    pub volumes: Vec<VolumeName>,
    /// Compressed.
    pub bytes: u64,
    /// Due, and passed by: somebody wrote on them, or a commit of theirs cannot be read.
    pub left_open: Vec<HistoryKey>,
    /// Who kept the run from going on, because what comes next is not settled there.
    pub held_by: Option<Behind>,
    pub seconds: f64,
}

/// Why a run ended early. What it did is done; the next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum FilingError {
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Whoever watches wanted it so.
    #[error("stopped; the next run goes on from here")]
    Stopped,
    #[error("another run wrote a volume at the same time; run it again when that one has ended")]
    Rival,
    /// Neither its history nor its tombstone is on the record, though a volume holds it: nobody but a person with the
    /// archivist's key can have done that.
    #[error("{key} lies in {volume}, and neither its history nor its tombstone is on the record (HY-008)")]
    Lost { key: HistoryKey, volume: VolumeName },
}

impl From<BrokerError> for FilingError {
    fn from(error: BrokerError) -> Self {
        Self::Shelf(error.into())
    }
}

impl From<Damage> for FilingError {
    fn from(damage: Damage) -> Self {
        Self::Shelf(damage.into())
    }
}

/// Whoever files.
#[derive(Clone, Debug)]
pub struct Archivist {
    broker: Broker,
    filing: Filing,
    shelf: Shelf,
}

/// Looks at every step and says whether to go on.
pub type Watch<'w> = &'w mut (dyn FnMut(Step) -> ControlFlow<()> + Send);

/// A case that may be due, and the position from which the walk goes on after it.
#[derive(Clone, Debug)]
struct Candidate {
    key: HistoryKey,
    walked: Option<u64>,
}

/// What a walk found.
struct Walk {
    candidates: Vec<Candidate>,
    /// Where it ended; holds once all candidates are in a volume.
    mark: BTreeMap<Code, u64>,
    held_by: Option<Behind>,
}

impl Archivist {
    /// # Errors
    /// The record or the archive is not provisioned, or the broker does not answer.
    #[boxed]
    pub async fn open(broker: &Broker) -> Result<Self, BrokerError> {
        Ok(Self {
            broker: broker.clone(),
            filing: Filing::open(broker).await?,
            // A run goes from volume to volume and reads none twice.
            shelf: Shelf::open(broker, NonZeroUsize::MIN).await?,
        })
    }

    /// How many cases of each district are due, up to the plan's limit. Writes nothing.
    ///
    /// # Errors
    /// The broker does not answer, or the newest volume is damaged.
    #[boxed]
    pub async fn due(&self, plan: &Plan) -> Result<(BTreeMap<Code, u64>, Option<Behind>), FilingError> {
        let newest = self.newest().await?;
        let mark = newest.map(|newest| newest.mark.clone()).unwrap_or_default();
        let behind = self.filing.furthest_behind().await?;
        let most = plan.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let walk = self.walk(plan, &mark, behind.as_ref(), most).await?;
        let mut due = BTreeMap::new();
        for candidate in walk.candidates {
            *due.entry(candidate.key.district).or_default() += 1;
        }
        Ok((due, walk.held_by))
    }

    /// Files what is due, after what an earlier run left half done.
    ///
    /// # Errors
    /// The broker does not answer, a volume is damaged, another run is under way, or `watch` wants it to stop.
    pub async fn run(&self, plan: &Plan, watch: Watch<'_>) -> Result<Report, FilingError> {
        let began = Instant::now();
        let mut report = Report::default();
        let mut newest = self.newest().await?;
        let mut mark = newest.as_ref().map(|newest| newest.mark.clone()).unwrap_or_default();
        let mut again: Vec<Candidate> = mark.left_open.drain(..).map(|key| Candidate { key, walked: None }).collect();
        if let Some(newest) = &newest {
            let left = Box::pin(self.resume(newest, plan, watch, &mut report)).await?;
            again.extend(left.into_iter().map(|key| Candidate { key, walked: None }));
        }
        let behind = self.filing.furthest_behind().await?;
        loop {
            let left = plan
                .limit
                .map_or(usize::MAX, |limit| usize::try_from(limit.saturating_sub(report.filed)).unwrap_or(usize::MAX));
            let most = VOLUME_CASES_MAX.min(left);
            let mut walk = self.walk(plan, &mark, behind.as_ref(), most.saturating_sub(again.len())).await?;
            walk.candidates.splice(0..0, again.drain(..));
            report.held_by = walk.held_by.take();
            if walk.candidates.is_empty() || most == 0 {
                break;
            }
            let packed = Box::pin(self.pack(plan, newest.as_ref(), mark, walk, behind.as_ref())).await?;
            mark = packed.mark;
            go_on(watch, Step::Packed { cases: u64::from(packed.writer.cases()) })?;
            if packed.writer.cases() == 0 {
                continue;
            }
            let volume = Box::pin(self.store(packed.writer, &mark, watch)).await?;
            let files = finish::files_of(&volume, plan.now)?;
            let left = Box::pin(self.finish(&volume, files, watch, &mut report)).await?;
            mark.left_open.extend(left);
            report.bytes += volume.bytes() as u64;
            report.volumes.push(volume.name.clone());
            newest = Some(volume);
        }
        report.left_open = mark.left_open;
        report.seconds = began.elapsed().as_secs_f64();
        Ok(report)
    }

    /// The newest volume. Of two with its number, which runs at the same time and a crash can leave, the one that
    /// tombstones point at; the other is taken away.
    async fn newest(&self) -> Result<Option<Volume>, FilingError> {
        let names = self.shelf.volumes().await?;
        let Some(last) = names.last() else { return Ok(None) };
        let mut kept: Option<Volume> = None;
        for name in names.iter().filter(|name| name.number == last.number) {
            let volume = self.shelf.read(name).await?;
            let Some(other) = kept.take() else {
                kept = Some(volume);
                continue;
            };
            let (stays, goes) = if self.is_pointed_at(&volume).await? { (volume, other) } else { (other, volume) };
            self.shelf.objects().delete(&goes.name.to_string()).await?;
            kept = Some(stays);
        }
        Ok(kept)
    }

    async fn is_pointed_at(&self, volume: &Volume) -> Result<bool, FilingError> {
        for (_, file) in volume.files() {
            let file = file?;
            let filed = self.broker.filed(&volume::key_of(&file.district, &file.case_id)?).await?;
            if filed.is_some_and(|stored| stored.filed.volume == volume.name.to_string()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Up to `most` cases that dispatch closed before the plan's times, in the order of the record.
    async fn walk(&self, plan: &Plan, mark: &Mark, behind: Option<&Behind>, most: usize) -> Result<Walk, FilingError> {
        let mut walk = Walk { candidates: Vec::new(), mark: mark.walked.clone(), held_by: None };
        for (district, closed_before) in &plan.closed_before {
            if walk.candidates.len() >= most {
                break;
            }
            let from = mark.walked.get(district).copied().unwrap_or(1);
            let filter = CommitSubject::all_of_in(Kind::Case, district, Owner::Dispatch);
            let stop = CancellationToken::new();
            let mut reader = self.broker.replay(vec![filter], from, stop.clone());
            while walk.candidates.len() < most {
                let Some(record::Step::Commit(stored)) = reader.next().await? else { break };
                if stored.commit.at.time().is_ok_and(|at| at >= *closed_before) {
                    break;
                }
                if let Some(behind) = behind.filter(|behind| behind.position < stored.sequence) {
                    walk.held_by = Some(behind.clone());
                    break;
                }
                let after = stored.sequence + 1;
                walk.mark.insert(district.clone(), after);
                if closes(&stored) {
                    walk.candidates.push(Candidate { key: stored.subject.key, walked: Some(after) });
                }
            }
            stop.cancel();
        }
        Ok(walk)
    }

    /// Reads the candidates and writes the due ones into a volume, until it is full.
    async fn pack(
        &self,
        plan: &Plan,
        previous: Option<&Volume>,
        mark: Mark,
        walk: Walk,
        behind: Option<&Behind>,
    ) -> Result<Packed, FilingError> {
        let mut packed = Packed { writer: Writer::begin(previous, plan.now)?, mark };
        let mut seen = HashSet::new();
        let mut read = pin!(
            stream::iter(walk.candidates)
                .map(|candidate| async move { (self.filing.standing(&candidate.key).await, candidate) })
                .buffered(LOADS_AT_ONCE)
        );
        let mut full = false;
        while let Some((standing, Candidate { key, walked })) = read.next().await {
            full |= packed.writer.bytes() >= VOLUME_BYTES_MAX;
            if full {
                // What the walk found is found again from where this volume ends; the others are only known here.
                packed.mark.left_open.extend(walked.is_none().then_some(key));
                continue;
            }
            let standing = standing?;
            let fate = if seen.insert(key.clone()) { fate_of(&standing, behind) } else { Fate::Over };
            match fate {
                Fate::Due(commits) => {
                    packed.writer.add(&key, commits)?;
                }
                Fate::Open => packed.mark.left_open.push(key.clone()),
                Fate::Over => {}
            }
            if let Some(after) = walked {
                packed.mark.walked.insert(key.district, after);
            }
        }
        if !full {
            packed.mark.walked = walk.mark;
        }
        Ok(packed)
    }

    /// Makes a volume durable, and reads it back.
    async fn store(&self, writer: Writer, mark: &Mark, watch: Watch<'_>) -> Result<Volume, FilingError> {
        let (name, bytes) = writer.seal(mark)?;
        self.shelf.objects().put_bytes(&name.to_string(), &bytes).await?;
        drop(bytes);
        go_on(watch, Step::Stored(name.clone()))?;
        let rivals = self.shelf.volumes().await?;
        if rivals.iter().any(|other| other.number == name.number && *other != name) {
            self.shelf.objects().delete(&name.to_string()).await?;
            return Err(FilingError::Rival);
        }
        let volume = self.shelf.read(&name).await?;
        volume.check()?;
        go_on(watch, Step::ReadBack(name))?;
        Ok(volume)
    }
}

struct Packed {
    writer: Writer,
    mark: Mark,
}

/// What becomes of a candidate.
enum Fate<'s> {
    Due(&'s [AsStored]),
    /// To be looked at again.
    Open,
    /// Filed already, or never closed.
    Over,
}

fn fate_of<'s>(standing: &'s Standing, behind: Option<&Behind>) -> Fate<'s> {
    let Standing { commits, filed } = standing;
    let Some(last) = commits.last() else { return Fate::Over };
    if filed.is_some() {
        return Fate::Over;
    }
    if behind.is_some_and(|behind| behind.position < last.sequence) {
        return Fate::Open;
    }
    match commits.iter().map(AsStored::read).collect::<Result<Vec<StoredCommit>, _>>() {
        Ok(read) if Facts::of(&read).closed_at.is_some() => Fate::Due(commits),
        Ok(_) => Fate::Over,
        // A case that nobody can read is nothing to put away (HY-004).
        Err(_) => Fate::Open,
    }
}

fn go_on(watch: Watch<'_>, step: Step) -> Result<(), FilingError> {
    match watch(step) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(FilingError::Stopped),
    }
}
