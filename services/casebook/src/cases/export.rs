//! Rows of a month for those who count: what became of each case, and nothing by which anybody is known.

use std::ops::Range;

use prost::Message;
use proto::casebook::v1::{CaseSummary, ExportedCase};
use rusqlite::{Connection, params};

use crate::copy::CopyError;
use crate::league;

/// Rows read at a time.
const PAGE: usize = 500;

/// The last row read: when its case was received, and where its line stands. Neither ever changes.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(i64, i64);

impl Cursor {
    /// Before the first row of what was received from `from` on (microseconds since 1970).
    #[must_use]
    pub const fn before(from: i64) -> Self {
        Self(from, i64::MIN)
    }
}

/// Some rows of a district after `cursor`, oldest first, received within `window` (microseconds since 1970); and where to
/// go on, if there is more.
///
/// # Errors
/// The copy cannot be read.
pub fn page(
    connection: &Connection,
    district: &str,
    window: &Range<i64>,
    cursor: Cursor,
) -> Result<(Vec<ExportedCase>, Option<Cursor>), CopyError> {
    let mut statement = connection.prepare_cached(
        "SELECT received_us, position, line, place_party FROM cases \
         WHERE district = ?1 AND received_us >= ?2 AND received_us < ?3 \
         AND (received_us, position) > (?2, ?4) ORDER BY received_us, position LIMIT ?5",
    )?;
    let Cursor(received_us, position) = cursor;
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![district, received_us, window.end, position, limit])?;
    let (mut cases, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        last = Some(Cursor(row.get(0)?, row.get(1)?));
        let line: Vec<u8> = row.get(2)?;
        let mut summary = CaseSummary::decode(line.as_slice())?;
        summary.title.clear();
        let scores = league::of_case(connection, district, &summary.case_id)?;
        cases.push(ExportedCase { summary: Some(summary), place: row.get(3)?, scores });
    }
    let goes_on = last.filter(|_| cases.len() == PAGE);
    Ok((cases, goes_on))
}
