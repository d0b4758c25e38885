//! The cases: a line of each, how many there are of every sort, whom each concerns, and what it can be found by.
//!
//! A case changes far more often than it comes: what never changes (place, words, time) is written once, and a change of
//! its line touches as few indexes as it can.

pub mod export;
pub mod facets;
pub mod likeness;
mod line;
pub mod list;
pub mod statistics;
pub mod suggest;
pub mod words;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ids::{Code, HistoryKey, Kind};
use prost::Message;
use proto::FromWireTime;
use proto::casebook::v1::CaseSummary;
use proto::record::v1::Commit;
use record::{StoredCommit, StoredFiled};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::copy::CopyError;
use crate::course::{self, Course};
use crate::{joined, passages};
use facets::{Counts, Facet};
use line::FoundBy;
pub use line::{Line, WORDS_LENGTH_MAX, level_name, outcome_name};

/// Cases whose lines the writer remembers; when it is full it is emptied.
const REMEMBERED_MAX: usize = 20_000;

/// `position` is that of a case's first commit: newest first is by it, descending. `changed` is that of the last one that had
/// something for whoever raised it. `facet` says what sort of case it is now. A case stops being a candidate once it can no longer be the one that others are part of.
pub const TABLES: &str = "
    CREATE TABLE cases (
        position INTEGER PRIMARY KEY,
        district TEXT NOT NULL, case_id TEXT NOT NULL, facet INTEGER NOT NULL, owner TEXT NOT NULL,
        campaign TEXT NOT NULL, received_us INTEGER NOT NULL, line BLOB NOT NULL, candidate INTEGER NOT NULL,
        place_party TEXT NOT NULL, address TEXT NOT NULL, longitude REAL, latitude REAL, words TEXT NOT NULL,
        bridge TEXT NOT NULL, changed INTEGER NOT NULL);
    CREATE UNIQUE INDEX cases_by_id ON cases (district, case_id);
    CREATE INDEX cases_by_district ON cases (district, position);
    CREATE INDEX cases_by_facet ON cases (facet, position);
    CREATE INDEX cases_by_owner ON cases (district, owner, position, facet);
    CREATE INDEX cases_by_campaign ON cases (district, campaign, position) WHERE campaign <> '';
    CREATE INDEX cases_by_time ON cases (district, received_us, facet);
    CREATE INDEX cases_by_party ON cases (district, place_party, received_us) WHERE place_party <> '';
    CREATE INDEX cases_by_address ON cases (district, address, received_us) WHERE address <> '';
    CREATE INDEX cases_by_bridge ON cases (bridge, changed) WHERE bridge <> '';
    CREATE INDEX cases_by_bringer ON cases (bridge, position) WHERE bridge <> '';
    CREATE TABLE concerns (who TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (who, position)) WITHOUT ROWID;
    CREATE TABLE facets (
        id INTEGER PRIMARY KEY,
        district TEXT NOT NULL, state TEXT NOT NULL, level TEXT NOT NULL, kind INTEGER NOT NULL,
        caller_class INTEGER NOT NULL, way INTEGER NOT NULL, channel TEXT NOT NULL, ended INTEGER NOT NULL,
        cases INTEGER NOT NULL,
        UNIQUE (district, state, level, kind, caller_class, way, channel, ended));
    CREATE TABLE days (
        facet INTEGER NOT NULL, day INTEGER NOT NULL, cases INTEGER NOT NULL, PRIMARY KEY (facet, day)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE spots USING rtree (position, west, east, south, north, since_h, until_h);
    CREATE VIRTUAL TABLE words USING fts5 (
        said, content = '', columnsize = 0, tokenize = \"unicode61 remove_diacritics 0\");";

/// Something that changes a case.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'r> {
    Commit(&'r StoredCommit),
    Filed(&'r StoredFiled),
}

/// What the writer knows of the cases it met lately.
#[derive(Debug, Default)]
pub struct Keeping {
    remembered: HashMap<HistoryKey, Row>,
    facets: facets::Known,
}

/// One case as it stands in the table.
#[derive(Debug)]
struct Row {
    position: i64,
    /// Of the last commit that had something for whoever raised it; 0: none yet.
    changed: i64,
    line: Line,
    /// As it was written last.
    saved: Option<Saved>,
    /// How many of those whom it concerns are written.
    concerns_saved: usize,
    course: Kept,
}

/// A course as it is written, and what of it is new.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    until_us: Option<i64>,
    /// While facts are added.
    open: Option<Course>,
}

#[derive(Debug)]
struct Saved {
    facet: i64,
    sort: Facet,
    received_us: i64,
    line: Vec<u8>,
    candidate: bool,
    changed: i64,
}

impl Keeping {
    /// Every case that changes is written once.
    pub fn take(&mut self, transaction: &Transaction<'_>, happenings: &[Happening<'_>]) -> Result<(), CopyError> {
        let mut rows: HashMap<HistoryKey, Row> = HashMap::new();
        let mut news: Vec<(HistoryKey, i64)> = Vec::new();
        let mut seen: HashMap<Code, i64> = HashMap::new();
        for happening in happenings {
            let (key, position) = match happening {
                Happening::Commit(stored) if stored.subject.key.kind != Kind::Case => continue,
                Happening::Commit(stored) => (stored.subject.key.clone(), stored.sequence),
                Happening::Filed(filed) => (filed.subject.key(), filed.sequence),
            };
            let row = self.row(transaction, &mut rows, key, position)?;
            match happening {
                Happening::Commit(stored) => {
                    row.line.add(&stored.commit);
                    joined::take(transaction, stored)?;
                    if passages::has_any(&stored.commit) {
                        let position = i64::try_from(stored.sequence).unwrap_or(i64::MAX);
                        row.changed = row.changed.max(position);
                        if row.line.summary.reports > 1 {
                            news.push((stored.subject.key.clone(), position));
                        }
                    }
                    row.course.add(&stored.commit)?;
                    if let Ok(at) = stored.commit.at.time() {
                        let latest = seen.entry(stored.subject.key.district.clone()).or_insert(i64::MIN);
                        *latest = at.as_microsecond().max(*latest);
                    }
                }
                Happening::Filed(filed) => row.line.file(&filed.filed),
            }
        }
        // Whoever joined is told, too.
        for (key, changed) in news {
            for case_id in joined::to(transaction, key.district.as_str(), &key.id)? {
                let joined = HistoryKey { id: case_id, ..key.clone() };
                let row = self.row(transaction, &mut rows, joined, changed.unsigned_abs())?;
                row.changed = row.changed.max(changed);
            }
        }
        if self.remembered.len() + rows.len() > REMEMBERED_MAX {
            self.remembered.clear();
        }
        let mut counts = Counts::default();
        for (key, mut row) in rows {
            row.save(transaction, &key, &mut self.facets, &mut counts)?;
            self.remembered.insert(key, row);
        }
        for (district, at_us) in seen {
            course::saw(transaction, district.as_str(), at_us)?;
        }
        counts.write(transaction)
    }

    /// A case as it stands in the table, or as it begins at a position.
    fn row<'r>(
        &mut self,
        transaction: &Transaction<'_>,
        rows: &'r mut HashMap<HistoryKey, Row>,
        key: HistoryKey,
        position: u64,
    ) -> Result<&'r mut Row, CopyError> {
        Ok(match rows.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let row = match self.remembered.remove(unknown.key()) {
                    Some(row) => row,
                    None => Row::read(transaction, unknown.key())?.unwrap_or_else(|| Row::new(unknown.key(), position)),
                };
                unknown.insert(row)
            }
        })
    }
}

impl Kept {
    fn read(connection: &Connection, position: i64) -> Result<Self, CopyError> {
        let found = course::written(connection, position)?;
        Ok(found.map_or_else(Self::default, |(until_us, bytes)| Self { bytes, until_us: Some(until_us), open: None }))
    }

    fn add(&mut self, commit: &Commit) -> Result<(), CopyError> {
        if !Course::may_learn(commit) {
            return Ok(());
        }
        let (mut course, has_news) = match self.open.take() {
            Some(course) => (course, true),
            None => (Course::decode(self.bytes.as_slice())?, false),
        };
        // One without news is not written again.
        self.open = (course.learn(commit) || has_news).then_some(course);
        Ok(())
    }

    fn save(&mut self, transaction: &Transaction<'_>, key: &HistoryKey, position: i64) -> Result<(), CopyError> {
        if let Some(course) = self.open.take() {
            self.bytes = course.save(transaction, key, position, &mut self.until_us)?;
        }
        Ok(())
    }
}

impl Row {
    /// A case that first appears at a position.
    fn new(key: &HistoryKey, position: u64) -> Self {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        Self { position, changed: 0, line: Line::of(key), saved: None, concerns_saved: 0, course: Kept::default() }
    }

    fn read(connection: &Connection, key: &HistoryKey) -> Result<Option<Self>, CopyError> {
        let found = connection
            .prepare_cached(
                "SELECT position, facet, received_us, line, candidate, changed FROM cases \
                 WHERE district = ?1 AND case_id = ?2",
            )?
            .query_row(params![key.district.as_str(), key.id], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, Vec<u8>>(3)?,
                    row.get::<_, bool>(4)?,
                    row.get::<_, i64>(5)?,
                ))
            })
            .optional()?;
        let Some((position, facet, received_us, bytes, candidate, changed)) = found else { return Ok(None) };
        let line = Line::read(key, CaseSummary::decode(bytes.as_slice())?, candidate);
        let saved =
            Saved { facet, sort: Facet::of(&line.summary), received_us, line: line.bytes(), candidate, changed };
        let course = Kept::read(connection, position)?;
        Ok(Some(Self { position, changed, line, saved: Some(saved), concerns_saved: 0, course }))
    }

    fn save(
        &mut self,
        transaction: &Transaction<'_>,
        key: &HistoryKey,
        facets: &mut facets::Known,
        counts: &mut Counts,
    ) -> Result<(), CopyError> {
        for concern in self.line.matter.concerns.iter().skip(self.concerns_saved) {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO concerns (who, position) VALUES (?1, ?2)")?
                .execute(params![concern.to_string(), self.position])?;
        }
        self.concerns_saved = self.line.matter.concerns.len();
        self.course.save(transaction, key, self.position)?;
        let sort = Facet::of(&self.line.summary);
        let bytes = self.line.bytes();
        let (facet, received_us) = match &self.saved {
            Some(saved)
                if saved.line == bytes && (saved.candidate, saved.changed) == (self.line.candidate, self.changed) =>
            {
                return Ok(());
            }
            Some(saved) => {
                let facet =
                    if saved.sort == sort { saved.facet } else { facets.id_of(transaction, &key.district, &sort)? };
                if facet != saved.facet {
                    counts.moved(saved.facet, facet, saved.received_us);
                }
                self.update(transaction, facet)?;
                (facet, saved.received_us)
            }
            None => {
                let found_by = std::mem::take(&mut self.line.found_by);
                let facet = facets.id_of(transaction, &key.district, &sort)?;
                counts.came(facet, found_by.received_us);
                self.insert(transaction, key, facet, &found_by)?;
                (facet, found_by.received_us)
            }
        };
        let (candidate, changed) = (self.line.candidate, self.changed);
        self.saved = Some(Saved { facet, sort, received_us, line: bytes, candidate, changed });
        Ok(())
    }

    fn insert(
        &self,
        transaction: &Transaction<'_>,
        key: &HistoryKey,
        facet: i64,
        found_by: &FoundBy,
    ) -> Result<(), CopyError> {
        let line = &self.line.summary;
        transaction
            .prepare_cached(
                "INSERT INTO cases (position, district, case_id, facet, owner, campaign, received_us, line, candidate, \
                 place_party, address, longitude, latitude, words, bridge, changed) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .execute(params![
                self.position,
                key.district.as_str(),
                key.id,
                facet,
                line.owner,
                line.campaign,
                found_by.received_us,
                self.line.bytes(),
                self.line.candidate,
                found_by.party,
                found_by.address,
                found_by.longitude,
                found_by.latitude,
                found_by.words,
                line.bridge,
                self.changed,
            ])?;
        if let (Some(longitude), Some(latitude)) = (found_by.longitude, found_by.latitude) {
            let hour = hours(found_by.received_us);
            transaction.prepare_cached("INSERT INTO spots VALUES (?1, ?2, ?2, ?3, ?3, ?4, ?4)")?.execute(params![
                self.position,
                longitude,
                latitude,
                hour
            ])?;
        }
        transaction
            .prepare_cached("INSERT INTO words (rowid, said) VALUES (?1, ?2)")?
            .execute(params![self.position, words::indexed(&line.title, &found_by.words)])?;
        Ok(())
    }

    fn update(&self, transaction: &Transaction<'_>, facet: i64) -> Result<(), CopyError> {
        transaction
            .prepare_cached(
                "UPDATE cases SET facet = ?2, owner = ?3, line = ?4, candidate = ?5, changed = ?6, bridge = ?7 \
                 WHERE position = ?1",
            )?
            .execute(params![
                self.position,
                facet,
                self.line.summary.owner,
                self.line.bytes(),
                self.line.candidate,
                self.changed,
                self.line.summary.bridge,
            ])?;
        Ok(())
    }
}

/// Hours since 1970. Together with the coordinates they are 32-bit floats in the tree of spots: hours stay whole there for
/// two thousand years, and a degree is exact to about a metre.
fn hours(microseconds: i64) -> f64 {
    let hours = microseconds.div_euclid(3_600_000_000);
    f64::from(i32::try_from(hours).unwrap_or(i32::MAX))
}

/// Position of a case's line.
///
/// # Errors
/// The copy cannot be read.
pub fn position_of(connection: &Connection, district: &str, case_id: &str) -> Result<Option<i64>, CopyError> {
    Ok(connection
        .prepare_cached("SELECT position FROM cases WHERE district = ?1 AND case_id = ?2")?
        .query_row(params![district, case_id], |row| row.get(0))
        .optional()?)
}
