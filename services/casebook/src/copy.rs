//! The file: one SQLite database, one writer, a few readers beside it (WAL), and in it the position up to which it
//! contains the record.
//!
//! It is a copy. One that is of an older form, of another record, damaged, or that cannot be written is thrown away and
//! made again; nobody but the casebook notices.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use archive::ShelfError;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::{callbacks, cases, course, joined, league, officers, open, powers, publications, queue};

/// Counted up with every change of a table, or of what a fact does to one: a copy of another form is made again.
pub const FORM: i64 = 7;
/// Questions answered at the same time; each holds a connection. The machine has fewer cores than that, but some wait for
/// the disk.
const READERS: usize = 8;
/// How long a connection waits for another one's lock: only a checkpoint takes one, and not for long.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 256;
/// Pages of the file that one connection keeps in memory, in KiB.
const READER_CACHE_KIB: i64 = 8 * 1024;
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// Pages of the log beside the file before it is written back into it.
const CHECKPOINT_PAGES: i64 = 4000;

const META: &str = "
    CREATE TABLE IF NOT EXISTS meta (
        id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL, position INTEGER NOT NULL);";

/// Something is wrong with the copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a line of the copy does not read")]
    Line(#[from] prost::DecodeError),
    #[error("a line of the copy does not read: {0}")]
    Form(String),
    #[error("a filed case cannot be read")]
    Archive(#[from] ShelfError),
    #[error("the folder of the copy")]
    Folder(#[from] io::Error),
}

impl CopyError {
    /// Whether the file itself is at fault, so that only making it anew helps.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            }
            Self::Line(_) | Self::Form(_) => true,
            Self::Archive(_) | Self::Folder(_) => false,
        }
    }
}

/// Where the copy lies.
#[derive(Clone, Debug)]
pub struct Place {
    file: PathBuf,
    /// A folder that goes with the process.
    _temporary: Option<Arc<TempDir>>,
}

impl Place {
    /// `None`: a folder of its own that goes with the process.
    ///
    /// # Errors
    /// No such folder can be made.
    pub fn new(file: Option<&Path>) -> io::Result<Self> {
        if let Some(file) = file {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            return Ok(Self { file: file.to_owned(), _temporary: None });
        }
        let folder = tempfile::Builder::new().prefix("huying-casebook-").tempdir()?;
        Ok(Self { file: folder.path().join("casebook.sqlite"), _temporary: Some(Arc::new(folder)) })
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A name beside the file, for what becomes one.
    pub fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(ending);
        name.into()
    }

    /// Throws the copy away.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn discard(&self) -> io::Result<()> {
        for file in [self.file.clone(), self.beside("-wal"), self.beside("-shm")] {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// The one connection that writes.
pub struct Writer {
    pub connection: Connection,
    pub position: u64,
}

/// Opens the copy of `record`, or says why the one that is there is of no use: [`None`] when there is none.
///
/// # Errors
/// It cannot be read.
pub fn open(place: &Place, record: &str) -> Result<Option<Writer>, CopyError> {
    if !place.file.exists() {
        return Ok(None);
    }
    let connection = writing(place)?;
    let form: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if form != FORM {
        tracing::info!(form, wanted = FORM, "the copy is of another form and is made anew");
        return Ok(None);
    }
    let meta: Option<(String, i64)> = connection
        .query_row("SELECT record, position FROM meta", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match meta {
        Some((of, position)) if of == record => Some(Writer { connection, position: position.unsigned_abs() }),
        Some(_) | None => {
            tracing::info!("the copy is of another record and is made anew");
            None
        }
    })
}

/// An empty copy of `record`, in place of whatever was there.
///
/// # Errors
/// The folder cannot be written.
pub fn create(place: &Place, record: &str) -> Result<Writer, CopyError> {
    place.discard()?;
    let connection = writing(place)?;
    let tables = [
        META,
        cases::TABLES,
        course::TABLES,
        joined::TABLE,
        queue::TABLE,
        callbacks::TABLE,
        league::TABLES,
        officers::TABLES,
        publications::TABLE,
        powers::TABLE,
        open::TABLES,
    ];
    connection.execute_batch(&format!("BEGIN; {} COMMIT;", tables.join("\n")))?;
    connection.execute("INSERT INTO meta VALUES (1, ?1, 0)", [record])?;
    // Last: a copy without its form is not one yet.
    connection.pragma_update(None, "user_version", FORM)?;
    Ok(Writer { connection, position: 0 })
}

fn writing(place: &Place) -> Result<Connection, CopyError> {
    let connection = Connection::open(&place.file)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may take the last commits, which come again; it does not damage the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// Writes how far the copy reads, with what it read.
pub fn reached(transaction: &Transaction<'_>, position: u64) -> Result<(), CopyError> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    transaction.prepare_cached("UPDATE meta SET position = ?1")?.execute([position])?;
    Ok(())
}

/// Connections that only read. The pools that are published follow SQLite's binding some releases behind, and this is all
/// of one that is needed.
#[derive(Debug)]
pub struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    pub fn of(place: &Place) -> Self {
        Self { file: place.file.clone(), idle: Mutex::default(), permits: Semaphore::new(READERS) }
    }

    /// Runs a question on a thread that may block.
    ///
    /// # Errors
    /// The copy cannot be read.
    pub async fn ask<T, F>(self: &Arc<Self>, question: F) -> Result<T, CopyError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, CopyError> + Send + 'static,
    {
        let Ok(_permit) = self.permits.acquire().await else { return Err(CopyError::Form("closed".to_owned())) };
        let readers = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => readers.connect()?,
            };
            let answer = {
                // One moment of the copy for the whole question.
                let moment = connection.transaction()?;
                question(&moment)?
            };
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(answer)
        });
        asked.await.unwrap_or_else(|panic| Err(CopyError::Form(panic.to_string())))
    }

    fn connect(&self) -> Result<Connection, CopyError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(BUSY_MAX)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(connection)
    }
}
