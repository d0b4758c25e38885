//! What is read from the tables for those who look.

use prost::Message;
use proto::ToWireTime;
use proto::common::v1::{Colour, Refusal};
use proto::dispatch::v1::{Answer, CallOrder, Order, order};
use proto::responder::v1::{ReceivedCall, RefusedAnswer};
use rusqlite::{Connection, Row, params};

use super::Unseen;
use super::tables::parsed;

/// Orders read at once.
const ORDERS_READ_MAX: i64 = 256;
/// Size of a list of calls: what a gRPC client takes without being told to (4 MiB), with room for the rest.
const LIST_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Refusals read at once, and their size: they come beside the calls.
const REFUSED_READ_MAX: i64 = 500;
const REFUSED_BYTES_MAX: usize = 512 * 1024;

/// Orders after `position` in the order of arrival, without those up to `unfinished_until` whose call is finished.
pub fn orders_after(
    connection: &Connection,
    position: i64,
    unfinished_until: i64,
) -> rusqlite::Result<Vec<(i64, Order)>> {
    let mut statement = connection.prepare_cached(
        "SELECT position, payload FROM orders WHERE position > ?1 AND (position > ?2 OR EXISTS (
            SELECT 1 FROM calls WHERE calls.district = orders.district AND calls.case_id = orders.case_id
            AND calls.call = orders.call AND calls.finished = 0))
         ORDER BY position LIMIT ?3",
    )?;
    let rows = statement.query_map(params![position, unfinished_until, ORDERS_READ_MAX], |row| {
        Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    // What cannot be read is not kept in the first place.
    rows.map(|row| row.map(|(position, payload)| (position, Order::decode(payload.as_slice()).unwrap_or_default())))
        .collect()
}

pub fn last_position(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(position), 0) FROM orders", [], |row| row.get(0))
}

/// Which calls are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    pub reach: Reach,
    /// Only of this colour.
    pub colour: Option<Colour>,
}

/// How far down a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What is to be worked on.
    Open,
    /// And what is done.
    Done,
    /// And what is over.
    Over,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Calls in it; fewer when they do not fit into one answer.
    pub size: usize,
    /// Behind this one.
    pub after: Option<Place>,
}

/// Where a call stands in the list. A call that something happens to moves; whatever stays in its place is on exactly one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    finished: bool,
    /// Red goes before everything.
    colour: u8,
    /// Of one colour what is due next, in seconds; nothing for what is finished.
    due: i64,
    /// Then the oldest; of what is finished the newest.
    turn: i64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { finished, colour, due, turn } = self;
        write!(f, "{}.{colour}.{due}.{turn}", u8::from(*finished))
    }
}

/// What does not name a place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the token of a page; take it unchanged from the answer before")]
pub struct NoPlace;

impl std::str::FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let parts: Vec<i64> = text.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| NoPlace)?;
        let [finished @ 0..=1, colour, due, turn] = parts[..] else { return Err(NoPlace) };
        Ok(Self { finished: finished == 1, colour: u8::try_from(colour).map_err(|_| NoPlace)?, due, turn })
    }
}

/// Calls to work on, the most urgent first (red, yellow, blue, then by what is due next, then the oldest); then done ones and
/// those that are over, the newest first. As many as the page holds and fit into one answer, and where the next one begins.
pub fn calls(
    connection: &Connection,
    which: Which,
    page: Page,
) -> rusqlite::Result<(Vec<ReceivedCall>, Option<Place>)> {
    let mut taken = Taken { list: Vec::new(), last: None, room: LIST_BYTES_MAX, size: page.size };
    if !page.after.is_some_and(|after| after.finished) {
        let mut open = open(connection, which.colour)?;
        // Stable: of two that are equal in everything the older stays first.
        open.sort_by_key(|(place, _)| *place);
        for (place, call) in open.into_iter().filter(|(place, _)| page.after.is_none_or(|after| *place > after)) {
            if !taken.take(place, call) {
                return Ok((taken.list, taken.last));
            }
        }
    }
    let of = match which.reach {
        Reach::Open => return Ok((taken.list, None)),
        Reach::Done => "finished = 1 AND state = 'done'",
        Reach::Over => "finished = 1",
    };
    let newest = page.after.filter(|after| after.finished).map_or(i64::MAX, |after| -after.turn);
    let sql = format!(
        "SELECT district, case_id, call, state, position FROM calls WHERE {of} AND position < ?1
                       ORDER BY position DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([newest])?;
    while let Some(row) = rows.next()? {
        let (position, call) = read(connection, row)?;
        let place = Place { finished: true, colour: 0, due: 0, turn: -position };
        if is_of(&call, which.colour) && !taken.take(place, call) {
            return Ok((taken.list, taken.last));
        }
    }
    Ok((taken.list, None))
}

/// What a page holds so far.
struct Taken {
    list: Vec<ReceivedCall>,
    last: Option<Place>,
    room: usize,
    size: usize,
}

impl Taken {
    /// False: it does not fit any more. The first one always does, so that whoever turns pages gets to the end.
    fn take(&mut self, place: Place, call: ReceivedCall) -> bool {
        let left = self.room.checked_sub(call.encoded_len());
        if self.list.len() >= self.size || left.is_none() && !self.list.is_empty() {
            return false;
        }
        self.room = left.unwrap_or_default();
        self.last = Some(place);
        self.list.push(call);
        true
    }
}

fn open(connection: &Connection, colour: Option<Colour>) -> rusqlite::Result<Vec<(Place, ReceivedCall)>> {
    let mut statement = connection.prepare_cached(
        "SELECT district, case_id, call, state, position FROM calls WHERE finished = 0 ORDER BY position",
    )?;
    let mut rows = statement.query([])?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        let (position, call) = read(connection, row)?;
        if is_of(&call, colour) {
            list.push((precedence(&call, position), call));
        }
    }
    Ok(list)
}

fn is_of(call: &ReceivedCall, colour: Option<Colour>) -> bool {
    colour.is_none_or(|colour| call.call.as_ref().is_some_and(|order| order.colour() == colour))
}

fn precedence(call: &ReceivedCall, turn: i64) -> Place {
    let order = call.call.as_ref();
    let colour = match order.map(CallOrder::colour).unwrap_or_default() {
        Colour::Red => 0,
        Colour::Yellow => 1,
        Colour::Blue => 2,
        Colour::Unspecified => 3,
    };
    let due = order.and_then(|order| match call.state.as_str() {
        "called" => order.response_due,
        "responded" => order.report_in_due,
        _ => order.completion_due,
    });
    Place { finished: false, colour, due: due.map_or(i64::MAX, |due| due.seconds), turn }
}

fn read(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<(i64, ReceivedCall)> {
    let call = describe(connection, row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)?;
    Ok((row.get(4)?, call))
}

fn describe(
    connection: &Connection,
    district: String,
    case_id: String,
    number: u32,
    state: String,
) -> rusqlite::Result<ReceivedCall> {
    let mut view = ReceivedCall { district, case_id, state, ..ReceivedCall::default() };
    let of_call = params![view.district, view.case_id, number];
    let waiting = connection
        .prepare_cached(
            "SELECT count(*) FROM answers WHERE district = ?1 AND case_id = ?2 AND call = ?3 AND state = 'kept'",
        )?
        .query_row(of_call, |row| row.get(0))?;
    let mut statement = connection.prepare_cached(
        "SELECT payload, received_at FROM orders WHERE district = ?1 AND case_id = ?2 AND call = ?3 ORDER BY position",
    )?;
    let orders: Vec<(Vec<u8>, jiff::Timestamp)> =
        statement.query_map(of_call, |row| Ok((row.get(0)?, parsed(row, 1)?)))?.collect::<rusqlite::Result<_>>()?;
    view.waiting_answers = waiting;
    view.received_at = orders.first().map(|(_, at)| at.to_wire());
    for (payload, _) in orders {
        match Order::decode(payload.as_slice()).ok().and_then(|order| order.order) {
            // A call given again supersedes itself; a task given again does not appear twice.
            Some(order::Order::Call(call)) => view.call = Some(call),
            Some(order::Order::Task(task)) => {
                view.tasks.retain(|known| known.task != task.task);
                view.tasks.push(task);
            }
            Some(order::Order::Supervision(order)) => {
                view.supervisions.retain(|known| known.order != order.order);
                view.supervisions.push(order);
            }
            Some(order::Order::Over(_)) | None => {}
        }
    }
    Ok(view)
}

/// Refusals that nobody has seen, after this turn, the oldest first; as many as fit beside a list. With their turns.
pub fn refused(connection: &Connection, after: i64) -> rusqlite::Result<Vec<(i64, RefusedAnswer)>> {
    let mut statement = connection.prepare_cached(
        "SELECT unseen.turn, answers.payload, answers.refusal, unseen.refused_at
         FROM unseen JOIN answers ON answers.id = unseen.answer WHERE unseen.turn > ?1 ORDER BY unseen.turn LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, REFUSED_READ_MAX])?;
    let (mut list, mut room) = (Vec::new(), REFUSED_BYTES_MAX);
    while let Some(row) = rows.next()? {
        let (answer, refusal): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        let at: jiff::Timestamp = parsed(row, 3)?;
        let refused = RefusedAnswer {
            answer: Answer::decode(answer.as_slice()).ok(),
            refusal: Refusal::decode(refusal.as_slice()).ok(),
            refused_at: Some(at.to_wire()),
        };
        let Some(left) = room.checked_sub(refused.encoded_len()) else { break };
        room = left;
        list.push((row.get(0)?, refused));
    }
    Ok(list)
}

/// How many refusals nobody has seen, and the turn of the newest there ever was.
pub fn unseen(connection: &Connection) -> rusqlite::Result<Unseen> {
    let newest = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'unseen'), 0)";
    connection
        .prepare_cached(&format!("SELECT count(*), ({newest}) FROM unseen"))?
        .query_row([], |row| Ok(Unseen { count: row.get(0)?, newest: row.get(1)? }))
}
