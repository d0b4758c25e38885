//! A department's file copied and brought back, whoever works on it meanwhile.
//!
//! A copy is one file without a log, whole or not there: it is written beside its place, verified as it lies on disk, and then
//! put there. It never takes the place of anything.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use rusqlite::Connection;

use super::{lists, lock, schema, tables};

/// Whoever runs the department alone: there are texts of cases in it.
const MODE: u32 = 0o600;
/// What is beside a file while it is written.
const UNFINISHED: &str = "unfinished";

/// What a copy holds, counted in the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub calls: u32,
    pub orders: u32,
    pub answers: u32,
    /// Answers that the hub has not taken.
    pub waiting: u32,
    /// Refusals that nobody has seen.
    pub unseen: u32,
}

/// Copies a department's file as it is at one moment, while another process works on it or none.
///
/// # Errors
/// It is not there or not ours, `to` is there already, the disk says no, or what was written is not what it should be.
pub fn back_up(file: &Path, to: &Path) -> anyhow::Result<Copied> {
    let reading = || format!("reading {}", file.display());
    ensure!(file.exists(), "there is no {}: nothing was ever kept there", file.display());
    let source = schema::open_for_reading(file).with_context(reading)?;
    schema::must_be_known(&source).with_context(reading)?;
    let department = department_of(file);
    copy(&source, to, |copy| {
        // Whoever works on it works on another file.
        schema::add_tables(copy)?;
        tables::without_name(copy, &department)
    })
}

/// Puts a copy in the place of a file that is lost.
///
/// # Errors
/// The department has a file, or another process works on it; or the copy is damaged, not ours or another department's.
pub fn restore(copied: &Path, file: &Path) -> anyhow::Result<Copied> {
    let reading = || format!("reading {}", copied.display());
    let department = department_of(file);
    let directory = file.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    let _lock = lock(&file.with_extension("lock"))?;
    for known in [file.to_owned(), beside(file, "-wal"), beside(file, "-shm")] {
        let there =
            "is there, and nothing is put in its place: move it away first, it may hold answers that the copy has not";
        ensure!(!known.exists(), "{} {there}", known.display());
    }
    ensure!(copied.exists(), "there is no {}", copied.display());
    let source = schema::open_for_reading(copied).with_context(reading)?;
    verify(&source).with_context(reading)?;
    let whose: String = source.query_row("SELECT department FROM file", [], |row| row.get(0)).with_context(reading)?;
    ensure!(whose == department, "{} is a copy of {whose}, not of {department}", copied.display());
    copy(&source, file, |_| Ok(()))
}

fn department_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Copies what `source` shows at one moment.
fn copy(
    source: &Connection,
    to: &Path,
    finish: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> anyhow::Result<Copied> {
    let writing = || format!("writing {}", to.display());
    ensure!(!to.exists(), "{} is there already, and is not written over", to.display());
    let name = to.file_name().with_context(|| format!("{} names no file", to.display()))?;
    let directory = match to.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let unfinished = Unfinished::make(directory.join(format!("{}.{UNFINISHED}", name.to_string_lossy())))?;
    let path = unfinished.0.to_str().context("its path is not UTF-8")?;
    // Of one moment, without the log and without what was deleted.
    source.execute("VACUUM INTO ?1", [path]).with_context(writing)?;
    {
        let copy = Connection::open(&unfinished.0).with_context(writing)?;
        // One file and nothing beside it.
        copy.pragma_update(None, "journal_mode", "DELETE").with_context(writing)?;
        finish(&copy).with_context(writing)?;
    }
    File::open(&unfinished.0).and_then(|file| file.sync_all()).with_context(writing)?;
    let copied = verify(&schema::open_for_reading(&unfinished.0)?).with_context(|| format!("verifying {path}"))?;
    // Unlike renaming it never writes over what has come meanwhile.
    match std::fs::hard_link(&unfinished.0, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already, and is not written over", to.display())
        }
        Err(error) => return Err(error).with_context(writing),
    }
    File::open(directory).and_then(|directory| directory.sync_all()).with_context(writing)?;
    Ok(copied)
}

/// That a copy is whole, as it lies on disk, and what it holds.
fn verify(copy: &Connection) -> anyhow::Result<Copied> {
    schema::must_be_known(copy)?;
    let found: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    ensure!(found == "ok", "it is damaged: {found}");
    let count = |what: &str| copy.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0));
    Ok(Copied {
        calls: count("calls")?,
        orders: count("orders")?,
        answers: count("answers")?,
        waiting: count("answers WHERE state = 'kept'")?,
        unseen: lists::unseen(copy)?.count,
    })
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file that is being written; gone when it is dropped, whatever came of it.
struct Unfinished(PathBuf);

impl Unfinished {
    fn make(path: PathBuf) -> anyhow::Result<Self> {
        // What another attempt left behind when it was killed.
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("removing {}", path.display())),
        }
        let made = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path);
        made.with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.0);
    }
}
