//! The tables of one department, and how the file is opened.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use rusqlite::{Connection, OpenFlags};

/// The oldest version of the tables whose programs can work on a file that we wrote: a file of a later one is left alone. What
/// only comes in addition, and an older program need not fill, leaves it as it is, so that a version can be rolled back.
const VERSION: i64 = 1;
/// Files that once got a column `stored_at` in place of [`ADDED`], which nobody reads any more. They keep their version.
const VERSION_WITH_STORED_AT: i64 = 2;

/// How long we wait for somebody else who looks into the file, an operator with a shell for example.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// Statements kept ready: more than there are.
const STATEMENTS_READY_MAX: usize = 48;

const TABLES: &str = "
    -- As they came. (district, case_id, n) is the name of an order for good.
    CREATE TABLE orders (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        district TEXT NOT NULL, case_id TEXT NOT NULL, n TEXT NOT NULL,
        call INTEGER NOT NULL, received_at TEXT NOT NULL, payload BLOB NOT NULL,
        UNIQUE (district, case_id, n)) STRICT;
    -- state: kept, accepted, refused. What is kept has to be sent until the hub takes it.
    CREATE TABLE answers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        district TEXT NOT NULL, case_id TEXT NOT NULL, command_id TEXT NOT NULL,
        call INTEGER NOT NULL, payload BLOB NOT NULL,
        state TEXT NOT NULL, revision INTEGER NOT NULL, refusal BLOB NOT NULL,
        hub_position INTEGER NOT NULL DEFAULT 0, -- position in the hub's record
        UNIQUE (district, case_id, command_id)) STRICT;
    CREATE INDEX answers_kept ON answers (id) WHERE state = 'kept';
    -- How far each call has come: derived from the two above, for lists and for tidying up.
    CREATE TABLE calls (
        district TEXT NOT NULL, case_id TEXT NOT NULL, call INTEGER NOT NULL,
        state TEXT NOT NULL, finished INTEGER NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (district, case_id, call)) STRICT, WITHOUT ROWID;
    CREATE INDEX calls_in_order ON calls (finished, position);
    CREATE INDEX calls_done ON calls (position) WHERE state = 'done';
";

/// What the first files did not have, and programs of before leave alone.
const MORE_TABLES: &str = "
    -- Refusals that nobody was told of, in the order in which they came. Whatever is seen leaves.
    CREATE TABLE IF NOT EXISTS unseen (
        turn INTEGER PRIMARY KEY AUTOINCREMENT,
        answer INTEGER NOT NULL UNIQUE, refused_at TEXT NOT NULL) STRICT;
    -- Which file this is, in one row, and whose. A copy has no name until it is worked on: positions after it may name other
    -- orders.
    CREATE TABLE IF NOT EXISTS file (name TEXT NOT NULL, department TEXT NOT NULL) STRICT;
    -- How far the department's own system has been told of orders by webhook, in one row; and those it has not taken.
    CREATE TABLE IF NOT EXISTS told (position INTEGER NOT NULL, unfinished_until INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS untold (position INTEGER PRIMARY KEY, tries TEXT NOT NULL) STRICT;
";
/// The same for answers: those that the hub took from a program without it stand at position 0.
const ADDED: &str = "ALTER TABLE answers ADD COLUMN hub_position INTEGER NOT NULL DEFAULT 0";
const HAS_ADDED: &str = "SELECT count(*) > 0 FROM pragma_table_info('answers') WHERE name = 'hub_position'";

pub fn open_for_writing(file: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(file)?;
    settle_in(&connection)?;
    // Everything that is acknowledged has to survive a power cut (D6).
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(TABLES).context("making the tables")?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    must_be_known(&transaction)?;
    if !transaction.query_row(HAS_ADDED, [], |row| row.get(0))? {
        transaction.execute_batch(ADDED).context("adding to the tables")?;
    }
    add_tables(&transaction).context("adding to the tables")?;
    transaction.commit()?;
    Ok(connection)
}

/// Adds what a file of an older program has not.
pub fn add_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(MORE_TABLES)
}

/// Whether we can work on a file.
pub fn must_be_known(connection: &Connection) -> anyhow::Result<()> {
    let version = version(connection)?;
    let known = [VERSION, VERSION_WITH_STORED_AT].contains(&version);
    ensure!(known, "it has version {version}, this program reads version {VERSION}");
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// For those who look only.
pub fn open_for_reading(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    settle_in(&connection)?;
    Ok(connection)
}

fn settle_in(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_READY_MAX);
    connection.busy_timeout(BUSY_MAX)
}
