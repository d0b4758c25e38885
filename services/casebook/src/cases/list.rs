//! Lists, newest first. A question is answered from the narrowest index that fits it, and looks at a bounded number of
//! cases: what it costs does not grow with the record.

use std::collections::BinaryHeap;
use std::ops::Range;

use prost::Message;
use proto::casebook::v1::{CaseSummary, ListRequest, ListResponse};
use rusqlite::{Connection, OptionalExtension, params};
use station::Violation;
use station::access::Scope;

use super::words;
use crate::asking::microseconds;
use crate::copy::CopyError;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1000;
/// Cases looked at for one page. A page that reaches it is shorter than asked, and the next one goes on from there.
const EXAMINED_MAX: usize = 4000;
/// Positions fetched from one index at a time.
const FETCHED: usize = 256;
/// Of the cases of a district, how many have to fit for looking at all of them to be the shorter way: one in so many.
const DENSE: i64 = 4;
/// How far the order of receipt and that of the record are apart at most: a request that takes longer is not answered.
pub const OUT_OF_ORDER_US: i64 = 10 * 60 * 1_000_000;

/// What is asked for, read.
pub struct Wanted {
    district: String,
    state: String,
    level: String,
    owner: String,
    kind: i32,
    caller_class: i32,
    channel: String,
    way: i32,
    campaign: String,
    words: Option<String>,
    category: String,
    /// Microseconds since 1970.
    received: Range<i64>,
    scope: Scope,
    before: i64,
    /// The first page, on which is said how many fit.
    first: bool,
    size: usize,
}

impl Wanted {
    /// None: nothing can fit.
    ///
    /// # Errors
    /// A time is none.
    pub fn new(request: ListRequest, scope: Scope) -> Result<Option<Self>, Violation> {
        let words = match request.text.trim() {
            "" => None,
            text => match words::query(text) {
                None => return Ok(None),
                words => words,
            },
        };
        let from = if request.received_from.is_some() {
            microseconds("received_from", &request.received_from)?
        } else {
            i64::MIN
        };
        let until = if request.received_until.is_some() {
            microseconds("received_until", &request.received_until)?
        } else {
            i64::MAX
        };
        let size = match request.page_size {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        Ok(Some(Self {
            district: request.district,
            state: request.state,
            level: request.level,
            owner: request.owner,
            kind: request.kind,
            caller_class: request.caller_class,
            channel: request.channel,
            way: request.way,
            campaign: request.campaign,
            words,
            category: request.category,
            received: from..until,
            scope,
            before: request.page_token.parse().unwrap_or(i64::MAX),
            first: request.page_token.is_empty(),
            size: size as usize,
        }))
    }

    /// Whether it asks for cases of a time.
    fn is_timed(&self) -> bool {
        self.received != (i64::MIN..i64::MAX)
    }

    /// Between which positions the cases of a time lie: behind the first, and before the second. Cases are received a moment
    /// before they are on the record, never in quite the same order.
    fn window(&self, connection: &Connection, districts: Option<&[&str]>) -> Result<(i64, i64), CopyError> {
        if !self.is_timed() {
            return Ok((i64::MIN, self.before));
        }
        let all;
        let districts: Vec<&str> = match districts {
            Some(districts) => districts.to_vec(),
            None => {
                all = known_districts(connection);
                all.iter().map(String::as_str).collect()
            }
        };
        let (mut first, mut end) = (i64::MAX, i64::MIN);
        for district in districts {
            // Whatever was received long before the time lies before all that was received in it, and what came long after, behind.
            let before =
                "SELECT position FROM cases WHERE district = ?1 AND received_us < ?2 ORDER BY received_us DESC LIMIT 1";
            let since = self.received.start.saturating_sub(OUT_OF_ORDER_US);
            let found = connection.prepare_cached(before)?.query_row(params![district, since], |row| row.get(0));
            first = found.optional()?.unwrap_or(i64::MIN).min(first);
            let behind =
                "SELECT position FROM cases WHERE district = ?1 AND received_us >= ?2 ORDER BY received_us LIMIT 1";
            let until = self.received.end.saturating_add(OUT_OF_ORDER_US);
            let found = connection.prepare_cached(behind)?.query_row(params![district, until], |row| row.get(0));
            end = found.optional()?.unwrap_or(i64::MAX).max(end);
        }
        Ok((first, self.before.min(end)))
    }

    /// The districts to look in; none: in all of them.
    fn districts(&self) -> Option<Vec<&str>> {
        let scope = match &self.scope {
            Scope::All => None,
            Scope::Districts(districts) | Scope::Only { districts, .. } => Some(districts),
        };
        match (self.district.as_str(), scope) {
            ("", None) => None,
            ("", Some(districts)) => Some(districts.iter().map(|district| district.as_str()).collect()),
            (asked, None) => Some(vec![asked]),
            (asked, Some(districts)) => {
                Some(districts.iter().map(|district| district.as_str()).filter(|known| *known == asked).collect())
            }
        }
    }

    /// Whether an index of owners says all there is to ask: what its cases are of is in it, and nothing else is asked for.
    fn is_settled_by_owner(&self) -> bool {
        !self.owner.is_empty()
            && self.words.is_none()
            && self.campaign.is_empty()
            && self.category.is_empty()
            && !self.is_timed()
            && !matches!(self.scope, Scope::Only { .. })
    }

    /// Whether it asks for a sort of cases.
    fn sorts(&self) -> bool {
        !(self.state.is_empty() && self.level.is_empty() && self.channel.is_empty())
            || (self.kind, self.caller_class, self.way) != (0, 0, 0)
    }
}

/// A sort of cases that fits, and how many there are of it.
struct Sort {
    facet: i64,
    cases: i64,
}

/// One page.
///
/// # Errors
/// The copy cannot be read.
pub fn list(connection: &Connection, wanted: &Wanted) -> Result<ListResponse, CopyError> {
    let districts = wanted.districts();
    if districts.as_ref().is_some_and(Vec::is_empty) {
        return Ok(ListResponse::default());
    }
    let (fitting, all) = sorts(connection, wanted, districts.as_deref())?;
    let fitting_cases: i64 = fitting.iter().map(|sort| sort.cases).sum();
    let narrowed = matches!(wanted.scope, Scope::Only { .. })
        || wanted.words.is_some()
        || !wanted.owner.is_empty()
        || !wanted.campaign.is_empty()
        || !wanted.category.is_empty()
        || wanted.is_timed();
    let (floor, before) = wanted.window(connection, districts.as_deref())?;
    let dense = fitting_cases * DENSE >= all;
    let mut sources = Sources::of(connection, wanted, before, districts.as_deref(), &fitting, dense)?;
    let mut lines = Lines::new(connection, wanted, districts.as_deref(), &fitting);
    let first = wanted.first;
    let mut cases = Vec::new();
    let settled = wanted.is_settled_by_owner();
    let (mut fit, mut examined, mut last) = (0_u64, 0, None);
    let ended = loop {
        // How many fit is counted for the first page, where the sorts do not say it.
        let enough = cases.len() == wanted.size && !(narrowed && first);
        if enough || examined == EXAMINED_MAX {
            break false;
        }
        let Some(Found { position, facet }) = sources.next()?.filter(|found| found.position > floor) else {
            break true;
        };
        examined += 1;
        if facet.is_some_and(|facet| !lines.fitting.contains(&facet)) {
            continue;
        }
        if settled && cases.len() == wanted.size {
            fit += 1;
            continue;
        }
        let Some(line) = lines.at(position)? else { continue };
        fit += 1;
        if cases.len() < wanted.size {
            cases.push(CaseSummary::decode(line.as_slice())?);
            last = Some(position);
        }
    };
    let is_full = cases.len() == wanted.size;
    let goes_on_after = if is_full && (!ended || fit > cases.len() as u64) {
        last
    } else if !ended {
        sources.last
    } else {
        None
    };
    Ok(ListResponse {
        next_page_token: goes_on_after.map(|position| position.to_string()).unwrap_or_default(),
        total: if narrowed { fit } else { fitting_cases.unsigned_abs() },
        total_is_at_least: narrowed && !(first && ended),
        cases,
        as_of: None,
    })
}

/// The sorts that fit, and how many cases the districts have in all.
fn sorts(connection: &Connection, wanted: &Wanted, districts: Option<&[&str]>) -> Result<(Vec<Sort>, i64), CopyError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, district, cases, (?1 = '' OR state = ?1) AND (?2 = '' OR level = ?2) AND (?3 = 0 OR kind = ?3) \
         AND (?4 = 0 OR caller_class = ?4) AND (?5 = '' OR channel = ?5) AND (?6 = 0 OR way = ?6) FROM facets \
         WHERE cases > 0",
    )?;
    let asked = params![wanted.state, wanted.level, wanted.kind, wanted.caller_class, wanted.channel, wanted.way];
    let mut rows = statement.query(asked)?;
    let (mut fitting, mut all) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let district = row.get_ref(1)?.as_str().unwrap_or_default();
        if districts.is_some_and(|districts| !districts.contains(&district)) {
            continue;
        }
        let cases: i64 = row.get(2)?;
        all += cases;
        if row.get(3)? {
            fitting.push(Sort { facet: row.get(0)?, cases });
        }
    }
    Ok((fitting, all))
}

/// Positions that may fit, newest first, from one index or several at once.
struct Sources<'c> {
    connection: &'c Connection,
    indexes: Vec<Index>,
    /// The newest of each index that has one left.
    heads: BinaryHeap<(Found, usize)>,
    /// What was given out last.
    last: Option<i64>,
}

/// A case that may fit, by its position; and what sort it is, where the index says it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Found {
    position: i64,
    facet: Option<i64>,
}

/// One index, read page by page.
struct Index {
    statement: &'static str,
    key: Vec<rusqlite::types::Value>,
    /// Fetched and not given out, newest last.
    fetched: Vec<Found>,
    before: i64,
    /// How many are fetched next: few of one of many.
    next: usize,
    ended: bool,
}

impl<'c> Sources<'c> {
    fn of(
        connection: &'c Connection,
        wanted: &Wanted,
        before: i64,
        districts: Option<&[&str]>,
        fitting: &[Sort],
        dense: bool,
    ) -> Result<Self, CopyError> {
        const WORDS: &str =
            "SELECT rowid, NULL FROM words WHERE words MATCH ?3 AND rowid < ?1 ORDER BY rowid DESC LIMIT ?2";
        const CONCERNS: &str =
            "SELECT position, NULL FROM concerns WHERE who = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2";
        const OWNER: &str = "SELECT position, facet FROM cases WHERE district = ?3 AND owner = ?4 AND position < ?1 \
                             ORDER BY position DESC LIMIT ?2";
        const CAMPAIGN: &str = "SELECT position, NULL FROM cases WHERE district = ?3 AND campaign = ?4 AND campaign <> '' \
                                AND position < ?1 ORDER BY position DESC LIMIT ?2";
        const FACET: &str =
            "SELECT position, facet FROM cases WHERE facet = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2";
        const DISTRICT: &str =
            "SELECT position, NULL FROM cases WHERE district = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2";
        const ALL: &str = "SELECT position, NULL FROM cases WHERE position < ?1 ORDER BY position DESC LIMIT ?2";
        let text = |text: &str| rusqlite::types::Value::from(text.to_owned());
        let named = || match districts {
            Some(districts) => districts.iter().map(|district| (*district).to_owned()).collect(),
            None => known_districts(connection),
        };
        let indexes: Vec<(&'static str, Vec<rusqlite::types::Value>)> = if let Some(words) = &wanted.words {
            vec![(WORDS, vec![text(words)])]
        } else if let Scope::Only { who, .. } = &wanted.scope {
            who.iter().map(|concern| (CONCERNS, vec![text(&concern.to_string())])).collect()
        } else if !wanted.owner.is_empty() {
            named().iter().map(|district| (OWNER, vec![text(district), text(&wanted.owner)])).collect()
        } else if !wanted.campaign.is_empty() {
            named().iter().map(|district| (CAMPAIGN, vec![text(district), text(&wanted.campaign)])).collect()
        } else if wanted.sorts() && !dense {
            fitting.iter().map(|sort| (FACET, vec![sort.facet.into()])).collect()
        } else if let Some(districts) = districts {
            districts.iter().map(|district| (DISTRICT, vec![text(district)])).collect()
        } else {
            vec![(ALL, vec![])]
        };
        let next = (FETCHED / indexes.len().max(1)).clamp(8, FETCHED);
        let index = |(statement, key)| Index { statement, key, fetched: Vec::new(), before, next, ended: false };
        let mut sources = Self {
            connection,
            indexes: indexes.into_iter().map(index).collect(),
            heads: BinaryHeap::new(),
            last: None,
        };
        for at in 0..sources.indexes.len() {
            sources.advance(at)?;
        }
        Ok(sources)
    }

    /// The next one; the same may stand in several indexes, and is given out once.
    fn next(&mut self) -> Result<Option<Found>, CopyError> {
        while let Some((found, at)) = self.heads.pop() {
            self.advance(at)?;
            if self.last != Some(found.position) {
                self.last = Some(found.position);
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn advance(&mut self, at: usize) -> Result<(), CopyError> {
        let index = &mut self.indexes[at];
        if index.fetched.is_empty() && !index.ended {
            index.fetch(self.connection)?;
        }
        if let Some(found) = index.fetched.pop() {
            self.heads.push((found, at));
        }
        Ok(())
    }
}

impl Index {
    fn fetch(&mut self, connection: &Connection) -> Result<(), CopyError> {
        let mut statement = connection.prepare_cached(self.statement)?;
        let limit = i64::try_from(self.next).unwrap_or(i64::MAX);
        let bounds = [self.before.into(), limit.into()];
        let rows = statement
            .query_map(rusqlite::params_from_iter(bounds.into_iter().chain(self.key.iter().cloned())), |row| {
                Ok(Found { position: row.get(0)?, facet: row.get(1)? })
            })?;
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        self.ended = found.len() < self.next;
        self.next = (self.next * 2).min(FETCHED);
        if let Some(last) = found.last() {
            self.before = last.position;
        }
        found.reverse();
        self.fetched = found;
        Ok(())
    }
}

/// The lines of those positions that fit in every respect.
struct Lines<'c> {
    connection: &'c Connection,
    wanted: &'c Wanted,
    districts: Option<&'c [&'c str]>,
    fitting: std::collections::HashSet<i64>,
}

impl<'c> Lines<'c> {
    fn new(connection: &'c Connection, wanted: &'c Wanted, districts: Option<&'c [&'c str]>, fitting: &[Sort]) -> Self {
        Self { connection, wanted, districts, fitting: fitting.iter().map(|sort| sort.facet).collect() }
    }

    /// Whether a line has the category that is asked for.
    fn is_about(&self, line: &[u8]) -> Result<bool, CopyError> {
        let category = &self.wanted.category;
        if category.is_empty() {
            return Ok(true);
        }
        let line = CaseSummary::decode(line)?;
        Ok(line.category == *category || line.judged_also.contains(category) || line.also.contains(category))
    }

    fn at(&mut self, position: i64) -> Result<Option<Vec<u8>>, CopyError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT district, facet, owner, campaign, line, received_us FROM cases WHERE position = ?1",
        )?;
        let mut rows = statement.query([position])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let is = |asked: &str, column: usize| -> Result<bool, CopyError> {
            Ok(asked.is_empty() || row.get_ref(column)?.as_str().is_ok_and(|value| value == asked))
        };
        let here = self.districts.is_none_or(|districts| {
            row.get_ref(0).is_ok_and(|value| value.as_str().is_ok_and(|district| districts.contains(&district)))
        });
        let fits = here
            && self.fitting.contains(&row.get(1)?)
            && is(&self.wanted.owner, 2)?
            && is(&self.wanted.campaign, 3)?
            && self.wanted.received.contains(&row.get(5)?)
            && (self.wanted.words.is_none() || concerned(self.connection, &self.wanted.scope, position)?);
        if !fits {
            return Ok(None);
        }
        let line: Vec<u8> = row.get(4)?;
        Ok(self.is_about(&line)?.then_some(line))
    }
}

/// Whether the case at a position concerns any of those that a scope is limited to.
///
/// # Errors
/// The copy cannot be read.
pub fn concerned(connection: &Connection, scope: &Scope, position: i64) -> Result<bool, CopyError> {
    let Scope::Only { who, .. } = scope else { return Ok(true) };
    let mut statement = connection.prepare_cached("SELECT 1 FROM concerns WHERE who = ?1 AND position = ?2")?;
    for concern in who {
        if statement.exists(params![concern.to_string(), position])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn known_districts(connection: &Connection) -> Vec<String> {
    let known = || -> Result<Vec<String>, CopyError> {
        let mut statement = connection.prepare_cached("SELECT DISTINCT district FROM facets")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    known().unwrap_or_default()
}
