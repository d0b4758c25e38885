//! What became of a bridge's cases since a cursor: the cases from the copy, in the order in which they last changed for their
//! callers, and what happened to each from the record itself.
//!
//! What was merged into an earlier case is told what becomes of that, from then on: its caller waits for the same answer.
//!
//! A cursor says how far somebody has asked, and where that asking began. While there is more, a case that changes meanwhile
//! moves behind what is still to come, and is then told from the beginning again: so nothing is missed, whatever comes in between,
//! and what comes twice has the same position.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter::Charter;
use fair::Turn;
use futures::Stream;
use ids::Code;
use jiff::Timestamp;
use prost::Message;
use proto::FromWireTime;
use proto::casebook::v1::{
    BridgeStanding, CaseSummary, ChangedCase, Freshness, ListChangesRequest, ListChangesResponse, Passage,
    WatchChangesRequest, WatchChangesResponse,
};
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, params};
use station::access::{Concern, Scope};
use station::desk::case_key;
use station::{History, Violation};
use tonic::Status;

use crate::asking::Asker;
use crate::cases::list::OUT_OF_ORDER_US;
use crate::copy::CopyError;
use crate::grpc::Door;
use crate::joined;
use crate::passages::{name, passage};

const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 200;
/// How many cases in a row can have joined each other before nobody follows any more: a street merges two, seldom three.
const LINKS_MAX: usize = 8;
/// How often a watcher with nothing new is looked after: a look costs one row of an index.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Cases of one answer.
#[must_use]
pub fn page(size: u32) -> usize {
    match size {
        0 => PAGE_DEFAULT as usize,
        size => size.min(PAGE_MAX) as usize,
    }
}

/// How far a bridge has asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub bridge: Code,
    /// What is known already, up to this position.
    pub since: u64,
    /// The last change of the last case that was told.
    pub at: u64,
}

impl Cursor {
    /// The one that a bridge hands back; empty: from the beginning.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: it is none, or another bridge's.
    pub fn read(text: &str, bridge: &Code) -> Result<Self, Status> {
        if text.is_empty() {
            return Ok(Self { bridge: bridge.clone(), since: 0, at: 0 });
        }
        let read = || {
            let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let mut parts = plain.split(' ');
            let (bridge, since, at) = (parts.next()?, parts.next()?, parts.next()?);
            let cursor = Self { bridge: bridge.parse().ok()?, since: since.parse().ok()?, at: at.parse().ok()? };
            (parts.next().is_none() && cursor.since <= cursor.at).then_some(cursor)
        };
        let wrong = |rule, what: String| Status::from(Violation::new("cursor", rule, what));
        let cursor =
            read().ok_or_else(|| wrong("known-cursor", "take it from the answer before, as it is".to_owned()))?;
        if cursor.bridge != *bridge {
            let other = &cursor.bridge;
            return Err(wrong(
                "own-cursor",
                format!("it belongs to {other}, and {bridge} asks; each bridge has its own"),
            ));
        }
        Ok(cursor)
    }

    #[must_use]
    pub fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {} {}", self.bridge, self.since, self.at))
    }

    /// Where to go on after an answer.
    #[must_use]
    pub fn after(&self, page: &Page) -> Self {
        let at = page.reached.max(self.at);
        Self { bridge: self.bridge.clone(), since: if page.more { self.since } else { at }, at }
    }
}

/// A position before everything that happened to a district's cases from an instant on (microseconds since 1970): where the last
/// case stands that came before it, since the record is in the order of time.
///
/// # Errors
/// The copy cannot be read.
pub fn position_before(connection: &Connection, district: &str, from_us: i64) -> Result<u64, CopyError> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT position FROM cases WHERE district = ?1 AND received_us < ?2 ORDER BY received_us DESC LIMIT 1",
        )?
        .query_row(params![district, from_us.saturating_sub(OUT_OF_ORDER_US)], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default().unsigned_abs())
}

/// Whose changes somebody asks for.
///
/// # Errors
/// INVALID_ARGUMENT when nobody is named; NOT_FOUND for another's.
pub fn bridge(named: &str, scope: &Scope) -> Result<Code, Status> {
    let own = match scope {
        Scope::Only { who, .. } => who.iter().find_map(|concern| match concern {
            Concern::Bridge(code) => Some(code),
            Concern::Caller(_) | Concern::Party(_) => None,
        }),
        Scope::All | Scope::Districts(_) => None,
    };
    let named: Option<Code> = match named {
        "" => None,
        named => {
            let read = named.parse();
            Some(read.map_err(|error: ids::CodeError| Violation::new("bridge", "code", error.to_string()))?)
        }
    };
    match (named, own) {
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => Err(Violation::new("bridge", "required", "name the bridge whose cases you ask for").into()),
        (Some(named), Some(own)) if named != *own => {
            Err(Status::not_found(format!("there is no bridge {named} that this token is for")))
        }
        (Some(named), _) => Ok(named),
    }
}

impl Door {
    /// What became of a bridge's cases.
    ///
    /// # Errors
    /// It is not for the asker, a field does not fit, or the copy is not there.
    pub async fn changes_for(&self, asker: Asker, request: ListChangesRequest) -> Result<ListChangesResponse, Status> {
        let bridge = bridge(&request.bridge, &asker.scope)?;
        let mut cursor = Cursor::read(&request.cursor, &bridge)?;
        let from = match &request.from {
            Some(_) if !request.cursor.is_empty() => {
                return Err(Violation::new("from", "cursor-or-time", "the cursor says from where on").into());
            }
            Some(_) => request.from.time().map_err(|error| Violation::new("from", "instant", error.to_string()))?,
            None => Timestamp::MIN,
        };
        if let (Some(_), Scope::Districts(districts) | Scope::Only { districts, .. }) = (&request.from, &asker.scope)
            && let [district] = districts.as_slice()
        {
            let (district, us) = (district.clone(), from.as_microsecond());
            let look = move |connection: &_| position_before(connection, district.as_str(), us);
            let (position, _) = self.copy.ask(None, look).await?;
            (cursor.since, cursor.at) = (position, position);
        }
        // A replica that is behind the one that gave the cursor waits until it is not.
        let Freshness { at_least, current } = request.freshness.unwrap_or_default();
        let freshness = Freshness { at_least: at_least.max(cursor.at), current };
        let (asked, size) = (cursor.clone(), page(request.page_size));
        let look = move |connection: &_| list(connection, &asked, &asker.scope, size);
        let (page, as_of) = self.copy.ask(Some(freshness), look).await?;
        let (next_cursor, more) = (cursor.after(&page).written(), page.more);
        let mut cases = Vec::with_capacity(page.cases.len());
        for Changed { summary, .. } in page.cases {
            let (_, _, key) = case_key(&summary.district, &summary.case_id)?;
            let History { commits, .. } = History::of(&self.station, &self.shelf, &key).await?;
            let charter = self.station.charter(&summary.district).ok();
            let mut passages = passages(&commits, cursor.since, from, charter.as_deref());
            for commits in self.joined(&summary.district, &commits).await? {
                passages.extend(self::passages(&commits, cursor.since, from, charter.as_deref()));
            }
            passages.sort_by_key(|passage| passage.position);
            let owner_name = name(charter.as_deref(), &summary.owner);
            cases.push(ChangedCase { summary: Some(summary), owner_name, passages });
        }
        Ok(ListChangesResponse { cases, next_cursor, more, as_of: Some(as_of) })
    }

    /// What happened to the case that this one joined, from then on; and to the one that it joined itself.
    async fn joined(&self, district: &str, commits: &[StoredCommit]) -> Result<Vec<Vec<StoredCommit>>, Status> {
        let mut all: Vec<Vec<StoredCommit>> = Vec::new();
        while let Some((earlier, since)) = joined::link(all.last().map_or(commits, Vec::as_slice)) {
            if all.len() == LINKS_MAX {
                break;
            }
            let (_, _, key) = case_key(district, &earlier)?;
            let History { commits, .. } = History::of(&self.station, &self.shelf, &key).await?;
            all.push(commits.into_iter().filter(|stored| stored.sequence > since).collect());
        }
        Ok(all)
    }

    /// The same as it happens. Ends when the watcher goes away, or the casebook stops.
    pub fn changes_watched(
        self: Arc<Self>,
        asker: Asker,
        request: WatchChangesRequest,
        place: Turn<String>,
    ) -> Changes {
        let WatchChangesRequest { cursor, bridge, from } = request;
        let request = ListChangesRequest { cursor, bridge, from, ..ListChangesRequest::default() };
        Box::pin(futures::stream::unfold(Some((self, asker, request, place)), |state| async move {
            let (door, asker, request, place) = state?;
            let stopping = door.stopping();
            let next = tokio::select! {
                next = door.next_changes(&asker, &request) => next,
                () = stopping.cancelled() => Err(Status::unavailable("the casebook stops; watch again from your cursor")),
            };
            match next {
                Ok(page) => {
                    let cursor = page.next_cursor.clone();
                    let request = ListChangesRequest { cursor, from: None, ..request };
                    let told = WatchChangesResponse { cases: page.cases, next_cursor: page.next_cursor };
                    Some((Ok(told), Some((door, asker, request, place))))
                }
                // The last word.
                Err(status) => Some((Err(status), None)),
            }
        }))
    }

    /// What changed since a cursor, once there is something.
    async fn next_changes(&self, asker: &Asker, request: &ListChangesRequest) -> Result<ListChangesResponse, Status> {
        let mut request = request.clone();
        loop {
            let page = self.changes_for(asker.clone(), request.clone()).await?;
            if !page.cases.is_empty() {
                return Ok(page);
            }
            (request.cursor, request.from) = (page.next_cursor, None);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Answers to whoever watches.
pub type Changes = Pin<Box<dyn Stream<Item = Result<WatchChangesResponse, Status>> + Send>>;

/// A case and its last change.
#[derive(Clone, Debug)]
pub struct Changed {
    pub summary: CaseSummary,
    pub changed: u64,
}

/// Cases of one answer.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub cases: Vec<Changed>,
    /// The last change that was looked at, also where its case is not for the asker; 0: there was none.
    pub reached: u64,
    pub more: bool,
}

/// At most `at_most` cases after a cursor.
///
/// # Errors
/// The copy cannot be read.
pub fn list(connection: &Connection, cursor: &Cursor, scope: &Scope, at_most: usize) -> Result<Page, CopyError> {
    let mut statement = connection.prepare_cached(
        "SELECT changed, line FROM cases WHERE bridge = ?1 AND bridge <> '' AND changed > ?2 ORDER BY changed LIMIT ?3",
    )?;
    let limit = i64::try_from(at_most + 1).unwrap_or(i64::MAX);
    let after = i64::try_from(cursor.at).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![cursor.bridge.as_str(), after, limit], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let mut changed = Vec::new();
    for row in rows {
        let (at, line) = row?;
        changed.push(Changed { summary: CaseSummary::decode(line.as_slice())?, changed: at.unsigned_abs() });
    }
    let more = changed.len() > at_most;
    changed.truncate(at_most);
    let reached = changed.last().map_or(0, |last: &Changed| last.changed);
    let concerns = [Concern::Bridge(cursor.bridge.clone())];
    let in_reach = |it: &Changed| match it.summary.district.parse() {
        Ok(district) => scope.covers(&district, &concerns),
        Err(_) => false,
    };
    // A bridge has one district, so this leaves out all of a page or nothing.
    changed.retain(in_reach);
    Ok(Page { cases: changed, reached, more })
}

/// What each bridge of a charter has brought in last.
///
/// # Errors
/// The copy cannot be read.
pub fn bridges(connection: &Connection, charter: &Charter) -> Result<Vec<BridgeStanding>, CopyError> {
    let mut statement = connection
        .prepare_cached("SELECT line FROM cases WHERE bridge = ?1 AND bridge <> '' ORDER BY position DESC LIMIT 1")?;
    let mut standings = Vec::new();
    for bridge in charter.bridges() {
        let line: Option<Vec<u8>> = statement.query_row([bridge.code.as_str()], |row| row.get(0)).optional()?;
        let Some(line) = line else { continue };
        let CaseSummary { case_id, received_at, .. } = CaseSummary::decode(line.as_slice())?;
        let (bridge, last_case_id) = (bridge.code.to_string(), case_id);
        standings.push(BridgeStanding { bridge, last_case_id, last_received_at: received_at });
    }
    Ok(standings)
}

/// What happened to a case after a position, for whoever raised it.
#[must_use]
pub fn passages(commits: &[StoredCommit], since: u64, from: Timestamp, charter: Option<&Charter>) -> Vec<Passage> {
    let is_new =
        |stored: &&StoredCommit| stored.sequence > since && stored.commit.at.time().unwrap_or(Timestamp::MAX) >= from;
    let new = commits.iter().filter(is_new);
    let told = new.flat_map(|stored| {
        stored.commit.facts().enumerate().filter_map(|(number, event)| {
            let told = passage(event, charter)?;
            Some(Passage {
                id: format!("{}-{number}", stored.sequence),
                position: stored.sequence,
                at: stored.commit.at,
                event: event.name().to_owned(),
                words: told.words,
                answer: told.answer,
            })
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    #[test]
    fn a_cursor_is_its_bridges_own_and_comes_back_as_it_was() {
        let cursor = Cursor { bridge: code("wuchang-board"), since: 7, at: 4711 };
        assert_eq!(Cursor::read(&cursor.written(), &cursor.bridge).unwrap(), cursor);
        let refusal = |text: &str, bridge: &str| {
            let status = Cursor::read(text, &code(bridge)).unwrap_err();
            station::refusal_of(&status).violations[0].clone()
        };
        let stolen = refusal(&cursor.written(), "wuchang-hotline");
        assert_eq!(stolen.rule, "own-cursor");
        assert!(stolen.description.contains("wuchang-board"), "{stolen:?}");
        for wrong in
            ["4711", "?", &URL_SAFE_NO_PAD.encode("wuchang-board 9 1"), &URL_SAFE_NO_PAD.encode("wuchang-board 1 2 3")]
        {
            assert_eq!(refusal(wrong, "wuchang-board").rule, "known-cursor", "{wrong}");
        }
    }

    #[test]
    fn what_was_known_is_known_only_when_nothing_is_left() {
        let cursor = Cursor { bridge: code("wuchang-board"), since: 7, at: 10 };
        let page = |reached, more| Page { cases: Vec::new(), reached, more };
        assert_eq!(cursor.after(&page(15, true)), Cursor { since: 7, at: 15, ..cursor.clone() });
        assert_eq!(cursor.after(&page(15, false)), Cursor { since: 15, at: 15, ..cursor.clone() });
        assert_eq!(cursor.after(&page(0, false)), Cursor { since: 10, at: 10, ..cursor.clone() });
    }

    #[test]
    fn a_bridge_asks_for_itself_and_an_operator_says_for_whom() {
        let own = Scope::Only { districts: vec![code("wuchang")], who: vec![Concern::Bridge(code("wuchang-board"))] };
        assert_eq!(bridge("", &own).unwrap(), code("wuchang-board"));
        assert_eq!(bridge("wuchang-hotline", &own).unwrap_err().code(), tonic::Code::NotFound);
        assert_eq!(bridge("wuchang-hotline", &Scope::All).unwrap(), code("wuchang-hotline"));
        assert_eq!(bridge("", &Scope::All).unwrap_err().code(), tonic::Code::InvalidArgument);
    }
}
