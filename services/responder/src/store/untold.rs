//! Which orders the department's own system has been told of by webhook, and which it has not taken.

use prost::Message;
use proto::dispatch::v1::Order;
use rusqlite::{Connection, OptionalExtension, params};
use webhook::Tries;

/// How far the system has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Orders up to here were told, or wait.
    pub position: i64,
    /// Of those up to here only the unfinished are told: they were there before anybody was told.
    pub unfinished_until: i64,
}

/// An order that was not taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Untold {
    pub position: i64,
    pub order: Order,
    pub tries: Tries,
}

/// What has to be written together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub told: Option<Told>,
    pub waits: Vec<(i64, Tries)>,
    pub taken: Vec<i64>,
}

pub fn write(connection: &Connection, progress: &Progress) -> rusqlite::Result<()> {
    if let Some(Told { position, unfinished_until }) = progress.told {
        connection.execute("DELETE FROM told", [])?;
        connection
            .prepare_cached("INSERT INTO told (position, unfinished_until) VALUES (?1, ?2)")?
            .execute([position, unfinished_until])?;
    }
    for (position, tries) in &progress.waits {
        let tries =
            serde_json::to_string(tries).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        connection
            .prepare_cached(
                "INSERT INTO untold (position, tries) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET tries = excluded.tries",
            )?
            .execute(params![position, tries])?;
    }
    for position in &progress.taken {
        connection.prepare_cached("DELETE FROM untold WHERE position = ?1")?.execute([position])?;
    }
    Ok(())
}

/// How far the system has been told, if ever, and what waits, in the order of arrival. What was forgotten waits no more.
pub fn read(connection: &Connection) -> rusqlite::Result<(Option<Told>, Vec<Untold>)> {
    let told = connection
        .query_row("SELECT position, unfinished_until FROM told", [], |row| {
            Ok(Told { position: row.get(0)?, unfinished_until: row.get(1)? })
        })
        .optional()?;
    connection.execute("DELETE FROM untold WHERE position NOT IN (SELECT position FROM orders)", [])?;
    let mut statement = connection.prepare(
        "SELECT untold.position, orders.payload, untold.tries FROM untold JOIN orders USING (position) ORDER BY 1",
    )?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?)))?;
    let mut untold = Vec::new();
    for row in rows {
        let (position, payload, tries) = row?;
        let tries = serde_json::from_str(&tries)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error.into()))?;
        // What cannot be read is not kept in the first place.
        untold.push(Untold { position, order: Order::decode(payload.as_slice()).unwrap_or_default(), tries });
    }
    Ok((told, untold))
}
