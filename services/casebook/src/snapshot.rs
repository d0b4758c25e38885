//! Snapshots of the copy in the object store: a new replica begins with the newest one and reads only what came after.
//!
//! One is named by what it is of: `<record>.<form>.<position>`. Whoever publishes one takes the older ones away.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use record::objects::Objects;
use record::{Broker, BrokerError, Projection, chain};
use rusqlite::{Connection, OpenFlags};
use tokio_util::sync::CancellationToken;

use crate::copy::{CopyError, FORM, Place};

/// Bucket of the snapshots.
pub use proto::streams::SNAPSHOTS as BUCKET;

/// Snapshots that are left when one is published: the new one, and the one before for whoever is reading it.
const KEPT: usize = 2;
/// Commits a copy must have come on since the last snapshot for another one to be worth while: they are read in a second.
const COMMITS_MIN: u64 = 20_000;
/// How hard to press. Higher levels take a multiple of the time for a few percent.
const LEVEL: i32 = 3;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("the copy cannot be read")]
    Copy(#[from] CopyError),
    #[error("the folder of the copy")]
    Folder(#[from] io::Error),
    #[error("a task of it panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    record: String,
    form: i64,
    position: u64,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{:020}", self.record, self.form, self.position)
    }
}

impl Name {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (record, form, position) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { record: record.to_owned(), form: form.parse().ok()?, position: position.parse().ok()? })
    }
}

/// Puts the newest snapshot of `record` in this form where the copy belongs, and says whether there was one. What the
/// bucket gives is held against its hash.
///
/// # Errors
/// The broker does not answer, or what it gives is not what was stored.
pub async fn fetch(broker: &Broker, place: &Place, record: &str) -> Result<bool, SnapshotError> {
    let bucket = Objects::open(broker, BUCKET).await?;
    let fitting = |name: &Name| name.record == record && name.form == FORM;
    let newest = bucket.list().await?.into_iter().filter_map(|head| Name::read(&head.name)).filter(fitting);
    let Some(name) = newest.max_by_key(|name| name.position) else { return Ok(false) };
    tracing::info!(position = name.position, "fetching the newest snapshot");
    let (pressed, opened) = (place.beside(".fetched.zst"), place.beside(".fetched"));
    let fetched = bucket.get(&name.to_string(), tokio::fs::File::create(&pressed).await?, |_| {}).await;
    let unpacked = match fetched {
        Ok(Some(_)) => {
            let (from, to) = (pressed.clone(), opened.clone());
            tokio::task::spawn_blocking(move || unpack(&from, &to)).await?.map(|()| true)
        }
        // Taken away by who published a newer one.
        Ok(None) => Ok(false),
        Err(error) => {
            let _left = std::fs::remove_file(&pressed);
            return Err(error.into());
        }
    };
    let _gone = std::fs::remove_file(&pressed);
    if !unpacked? {
        return Ok(false);
    }
    place.discard()?;
    std::fs::rename(&opened, place.file())?;
    Ok(true)
}

fn unpack(from: &Path, to: &Path) -> io::Result<()> {
    zstd::stream::copy_decode(std::fs::File::open(from)?, std::fs::File::create(to)?)
}

/// Publishes a snapshot now and then, until `stop`.
///
/// # Errors
/// Never: what fails is logged, and tried the next time.
pub async fn publish_every(
    every: Option<Duration>,
    broker: Broker,
    place: Place,
    projection: Projection,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Some(every) = every else { return Ok(()) };
    let mut last = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(every) => {}
        }
        if projection.progress().position < last + COMMITS_MIN {
            continue;
        }
        match publish(&broker, &place).await {
            Ok(position) => {
                metrics::counter!("casebook_snapshots_total").increment(1);
                tracing::info!(position, "a snapshot is published");
                last = position;
            }
            Err(error) => tracing::warn!(error = chain(&error), "no snapshot is published"),
        }
    }
}

/// Publishes a snapshot, takes older ones away, and returns the position it reads up to.
///
/// # Errors
/// The copy cannot be read, or the broker does not take it.
pub async fn publish(broker: &Broker, place: &Place) -> Result<u64, SnapshotError> {
    let bucket = Objects::open(broker, BUCKET).await?;
    let taken = {
        let place = place.clone();
        tokio::task::spawn_blocking(move || take(&place)).await??
    };
    let put = bucket.put(&taken.name.to_string(), tokio::fs::File::open(&taken.pressed).await?, |_| {}).await;
    let _gone = std::fs::remove_file(&taken.pressed);
    put?;
    let mut older: Vec<Name> = bucket.list().await?.into_iter().filter_map(|head| Name::read(&head.name)).collect();
    // Of another record or form, they help nobody here; but while versions change, another replica may begin with one.
    older.retain(|name| name.record == taken.name.record && name.form <= FORM);
    older.sort_by_key(|name| std::cmp::Reverse((name.form, name.position)));
    for name in older.iter().skip(KEPT) {
        bucket.delete(&name.to_string()).await?;
    }
    Ok(taken.name.position)
}

struct Taken {
    name: Name,
    pressed: PathBuf,
}

/// A copy of the copy as of one moment, without what was deleted in it; the writer goes on meanwhile.
fn take(place: &Place) -> Result<Taken, SnapshotError> {
    let (taken, pressed) = (place.beside(".taken"), place.beside(".taken.zst"));
    let _left = std::fs::remove_file(&taken);
    {
        let connection =
            Connection::open_with_flags(place.file(), OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(CopyError::from)?;
        connection.execute("VACUUM INTO ?1", [taken.to_string_lossy()]).map_err(CopyError::from)?;
    }
    let name = {
        let connection = Connection::open(&taken).map_err(CopyError::from)?;
        let named = connection.query_row("SELECT record, position FROM meta", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        });
        let (record, position) = named.map_err(CopyError::from)?;
        Name { record, form: FORM, position: position.unsigned_abs() }
    };
    let mut encoder = zstd::Encoder::new(std::fs::File::create(&pressed)?, LEVEL)?;
    io::copy(&mut std::fs::File::open(&taken)?, &mut encoder)?;
    encoder.finish()?.flush()?;
    std::fs::remove_file(&taken)?;
    Ok(Taken { name, pressed })
}
