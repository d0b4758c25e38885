//! Likely duplicates: looked up by place and time, judged by `likeness.rs`.

use ids::Code;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use proto::casebook::v1::{CaseSummary, Suggestion};
use rusqlite::{Connection, OptionalExtension, Row, params};
use station::access::Scope;
use vocabulary::Point;

use super::hours;
use super::likeness::{Compared, Features, Likeness, Reach};
use super::list::concerned;
use crate::copy::CopyError;

/// Cases compared for one suggestion, the newest ones: what lies near is seldom more, what lies in one community may be.
const CANDIDATES_MAX: u32 = 500;
/// Metres of one degree of latitude, and of one of longitude at the equator; a little less than they are, so that the
/// rectangle holds the circle.
const DEGREE_M: f64 = 110_500.0;
const FEATURES: &str = "line, received_us, place_party, address, longitude, latitude, words, position";

/// What is asked about, within its bounds.
pub struct Asked {
    pub features: Features,
    /// The case asked about, which is no duplicate of its own.
    pub case: Option<String>,
    /// Nothing received after it is earlier.
    pub until: Timestamp,
    pub reach: Reach,
    pub limit: usize,
}

/// A case that may be it.
struct Candidate {
    line: CaseSummary,
    features: Features,
}

/// What a case of the casebook is compared by.
///
/// # Errors
/// The copy cannot be read.
pub fn features(connection: &Connection, district: &str, case_id: &str) -> Result<Option<Features>, CopyError> {
    let question = format!("SELECT {FEATURES} FROM cases WHERE district = ?1 AND case_id = ?2");
    let found = connection.prepare_cached(&question)?.query_row(params![district, case_id], read).optional()?;
    Ok(found.map(compared).transpose()?.map(|candidate| candidate.features))
}

/// Most alike first; of two alike, the earlier one, because others are merged into it.
///
/// # Errors
/// The copy cannot be read.
pub fn suggest(
    connection: &Connection,
    district: &Code,
    asked: &Asked,
    scope: &Scope,
) -> Result<Vec<Suggestion>, CopyError> {
    let with = Compared::new(&asked.features);
    let earlier = |line: &CaseSummary, features: &Features| match &asked.case {
        // As the rules have it: of one instant, the smaller id.
        Some(case) => (features.at, line.case_id.as_str()) < (asked.until, case.as_str()),
        None => true,
    };
    let mut found: Vec<Suggestion> = candidates(connection, district.as_str(), asked, scope)?
        .into_iter()
        .filter(|candidate| earlier(&candidate.line, &candidate.features))
        .filter_map(|candidate| {
            let likeness = with.with(&candidate.features, asked.reach)?;
            Some(suggestion(candidate.line, likeness, asked.until.duration_since(candidate.features.at)))
        })
        .collect();
    found.sort_by(|one, other| other.score.total_cmp(&one.score).then(other.age_s.cmp(&one.age_s)));
    found.truncate(asked.limit);
    Ok(found)
}

fn suggestion(line: CaseSummary, likeness: Likeness, age: SignedDuration) -> Suggestion {
    Suggestion {
        case: Some(line),
        score: likeness.score,
        distance_m: likeness.distance_m,
        age_s: age.as_secs(),
        text_similarity: likeness.text,
    }
}

/// Cases that may be where `asked` is, newest first.
fn candidates(
    connection: &Connection,
    district: &str,
    asked: &Asked,
    scope: &Scope,
) -> Result<Vec<Candidate>, CopyError> {
    let (from, until) =
        (asked.features.at.as_microsecond() - asked.reach.window.as_secs() * 1_000_000, asked.until.as_microsecond());
    let (party, address) = (asked.features.party.as_ref().map_or("", Code::as_str), asked.features.address.as_str());
    // Of each sign the newest; a case that has several is looked at once.
    const BY_PARTY: &str = "SELECT position, received_us FROM cases WHERE district = ?1 AND place_party = ?4 \
                            AND place_party <> '' AND received_us BETWEEN ?2 AND ?3 ORDER BY received_us DESC LIMIT ?5";
    const BY_ADDRESS: &str = "SELECT position, received_us FROM cases WHERE district = ?1 AND address = ?4 \
                              AND address <> '' AND received_us BETWEEN ?2 AND ?3 ORDER BY received_us DESC LIMIT ?5";
    const BY_TIME: &str = "SELECT position, received_us FROM cases WHERE district = ?1 \
                           AND received_us BETWEEN ?2 AND ?3 ORDER BY received_us DESC LIMIT ?4";
    const BY_SPOT: &str = "SELECT cases.position, received_us FROM spots JOIN cases ON cases.position = spots.position \
                           WHERE east >= ?4 AND west <= ?5 AND north >= ?6 AND south <= ?7 \
                           AND until_h >= ?8 AND since_h <= ?9 AND district = ?1 \
                           AND received_us BETWEEN ?2 AND ?3 ORDER BY received_us DESC LIMIT ?10";
    let mut positions: Vec<(i64, i64)> = Vec::new();
    let mut look = |question: &str, asked: &[&dyn rusqlite::ToSql]| -> Result<(), CopyError> {
        let mut statement = connection.prepare_cached(question)?;
        let rows = statement.query_map(asked, |row| Ok((row.get(1)?, row.get(0)?)))?;
        for row in rows {
            positions.push(row?);
        }
        Ok(())
    };
    if let Some(point) = asked.features.point {
        let (east, north) = degrees(point, asked.reach);
        look(
            BY_SPOT,
            params![
                district,
                from,
                until,
                point.longitude - east,
                point.longitude + east,
                point.latitude - north,
                point.latitude + north,
                hours(from),
                hours(until),
                CANDIDATES_MAX
            ],
        )?;
    }
    if !party.is_empty() {
        look(BY_PARTY, params![district, from, until, party, CANDIDATES_MAX])?;
    }
    if !address.is_empty() {
        look(BY_ADDRESS, params![district, from, until, address, CANDIDATES_MAX])?;
    }
    if party.is_empty() && address.is_empty() && asked.features.point.is_none() {
        look(BY_TIME, params![district, from, until, CANDIDATES_MAX])?;
    }
    positions.sort_unstable();
    positions.dedup();
    let newest = positions.into_iter().rev().take(CANDIDATES_MAX as usize);
    let question = format!("SELECT {FEATURES} FROM cases WHERE position = ?1 AND candidate = 1");
    let mut statement = connection.prepare_cached(&question)?;
    let mut found = Vec::new();
    for (_, position) in newest {
        if concerned(connection, scope, position)?
            && let Some(row) = statement.query_row([position], read).optional()?
        {
            found.push(compared(row)?);
        }
    }
    Ok(found)
}

/// The line, and everything but what the line says.
fn read(row: &Row<'_>) -> rusqlite::Result<(Vec<u8>, Features)> {
    let party: String = row.get(2)?;
    let (longitude, latitude): (Option<f64>, Option<f64>) = (row.get(4)?, row.get(5)?);
    let features = Features {
        party: party.parse().ok(),
        address: row.get(3)?,
        point: longitude.zip(latitude).map(|(longitude, latitude)| Point { longitude, latitude }),
        text: row.get(6)?,
        at: Timestamp::from_microsecond(row.get(1)?).unwrap_or_default(),
        ..Features::default()
    };
    Ok((row.get(0)?, features))
}

fn compared((line, features): (Vec<u8>, Features)) -> Result<Candidate, CopyError> {
    let line = CaseSummary::decode(line.as_slice())?;
    let features = Features { category: line.category.clone(), title: line.title.clone(), ..features };
    Ok(Candidate { line, features })
}

/// How far the rectangle around a point reaches to the east and to the north. At the poles all longitudes are near.
fn degrees(point: Point, reach: Reach) -> (f64, f64) {
    let north = reach.distance_m_max / DEGREE_M;
    let narrower = point.latitude.to_radians().cos();
    let east = if narrower > 0.01 { north / narrower } else { 360.0 };
    (east, north)
}
