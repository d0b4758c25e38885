//! What is open, read: a page of it by what is due, and counts of all of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::casebook::v1::{CaseSummary, ListOpenRequest, ListOpenResponse, OpenCase, OpenCount};
use rusqlite::{Connection, params};
use station::Violation;
use station::access::Scope;

use super::NEVER;
use super::clocks::Clocks;
use crate::cases::list::concerned;
use crate::copy::CopyError;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1000;
/// Cases looked at for one answer where not everything that is open is the asker's: more than one street has.
const EXAMINED_MAX: usize = 4000;

/// Before the first of all.
const FROM_THE_START: (i64, i64) = (i64::MIN, i64::MIN);

/// What is asked for, read.
pub struct Wanted {
    district: String,
    owner: String,
    level: String,
    colour: i32,
    late: bool,
    size: usize,
    /// Where the page before ended: instant and position.
    after: (i64, i64),
    scope: Scope,
    now_us: i64,
}

impl Wanted {
    /// # Errors
    /// `page_token` is not one of ours, or a unit is named without its district.
    pub fn new(request: ListOpenRequest, scope: Scope, now: Timestamp) -> Result<Self, Violation> {
        if !request.owner.is_empty() && request.district.is_empty() {
            let description = "whose cases are asked for belongs to a district: name it";
            return Err(Violation::new("district", "required", description));
        }
        let after = match request.page_token.as_str() {
            "" => Some(FROM_THE_START),
            token => token.split_once('.').and_then(|(due, at)| Some((due.parse().ok()?, at.parse().ok()?))),
        };
        let unknown = || Violation::new("page_token", "known-token", "take it from the answer before, as it is");
        let after = after.ok_or_else(unknown)?;
        let size = match request.page_size {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        Ok(Self {
            district: request.district,
            owner: request.owner,
            level: request.level,
            colour: request.colour,
            late: request.late,
            size: size as usize,
            after,
            scope,
            now_us: now.as_microsecond(),
        })
    }

    fn reaches(&self, district: &str) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Districts(districts) | Scope::Only { districts, .. } => {
                districts.iter().any(|known| known.as_str() == district)
            }
        }
    }
}

/// A page by what is due; with the first one, how many there are of each level and colour.
///
/// # Errors
/// The copy cannot be read.
pub fn list(connection: &Connection, wanted: &Wanted) -> Result<ListOpenResponse, CopyError> {
    // By the narrowest index that there is for the question.
    let mut statement = connection.prepare_cached(if wanted.owner.is_empty() {
        "SELECT position, district, due_us, level, colour, clocks FROM open WHERE (?1 = '' OR district = ?1) AND ?2 = '' \
         AND (due_us, position) > (?3, ?4) ORDER BY due_us, position"
    } else {
        "SELECT position, district, due_us, level, colour, clocks FROM open WHERE district = ?1 AND owner = ?2 \
         AND (due_us, position) > (?3, ?4) ORDER BY due_us, position"
    })?;
    let (after_us, after_position) = wanted.after;
    let mut rows = statement.query(params![wanted.district, wanted.owner, after_us, after_position])?;
    let first = wanted.after == FROM_THE_START;
    let mut answer = ListOpenResponse::default();
    let mut counts = Counts::default();
    let (mut examined, mut reached) = (0, wanted.after);
    while let Some(row) = rows.next()? {
        let (position, due_us): (i64, i64) = (row.get(0)?, row.get(2)?);
        let full = answer.cases.len() == wanted.size;
        let enough = examined == EXAMINED_MAX && matches!(wanted.scope, Scope::Only { .. });
        if (full || enough) && answer.next_page_token.is_empty() {
            let (due_us, position) = reached;
            answer.next_page_token = format!("{due_us}.{position}");
        }
        // A full first page still counts.
        if enough || full && !first {
            answer.counts_are_at_least = first;
            break;
        }
        examined += 1;
        reached = (due_us, position);
        let here = wanted.reaches(row.get_ref(1)?.as_str().unwrap_or_default());
        if !here || !concerned(connection, &wanted.scope, position)? {
            continue;
        }
        let (level, colour): (String, i32) = (row.get(3)?, row.get(4)?);
        let late = due_us <= wanted.now_us;
        counts.add(&level, colour, late);
        let fits = (wanted.level.is_empty() || wanted.level == level)
            && (wanted.colour == 0 || wanted.colour == colour)
            && (!wanted.late || late);
        if fits && !full {
            let clocks = Clocks::decode(row.get_ref(5)?.as_blob().unwrap_or_default())?;
            answer.cases.push(shown(connection, position, colour, &clocks)?);
        }
    }
    if first {
        answer.counts = counts.into_wire();
    }
    Ok(answer)
}

fn shown(connection: &Connection, position: i64, colour: i32, clocks: &Clocks) -> Result<OpenCase, CopyError> {
    let line: Vec<u8> = connection
        .prepare_cached("SELECT line FROM cases WHERE position = ?1")?
        .query_row([position], |row| row.get(0))?;
    let next = clocks.next();
    let due =
        next.as_ref().filter(|next| next.at_us != NEVER).and_then(|next| Timestamp::from_microsecond(next.at_us).ok());
    Ok(OpenCase {
        case: Some(CaseSummary::decode(line.as_slice())?),
        due: due.map(ToWireTime::to_wire),
        due_provisional: next.as_ref().is_some_and(|next| next.provisional),
        clock: next.as_ref().map_or("", |next| next.clock).to_owned(),
        waits_for: next.map(|next| next.party).unwrap_or_default(),
        colour,
        suspended: clocks.suspended,
    })
}

#[derive(Default)]
struct Counts(BTreeMap<(String, i32), (u64, u64)>);

impl Counts {
    fn add(&mut self, level: &str, colour: i32, late: bool) {
        let (cases, of_late) = self.0.entry((level.to_owned(), colour)).or_default();
        *cases += 1;
        *of_late += u64::from(late);
    }

    fn into_wire(self) -> Vec<OpenCount> {
        let count = |((level, colour), (cases, late))| OpenCount { level, colour, cases, late };
        self.0.into_iter().map(count).collect()
    }
}
