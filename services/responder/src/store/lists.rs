//! What is read from the tables for those who look.

use prost::Message;
use proto::ToWireTime;
use proto::common::v1::Colour;
use proto::dispatch::v1::{Order, order};
use proto::responder::v1::ReceivedCall;
use rusqlite::{Connection, params};

use super::tables::parsed;

/// Orders read at once.
const ORDERS_READ_MAX: i64 = 256;
/// Size of a list of calls: what a gRPC client takes without being told to (4 MiB), with room for the rest.
const LIST_BYTES_MAX: usize = 3 * 1024 * 1024;

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

const DONE: &str = "state = 'done' ORDER BY position DESC";
const FINISHED: &str = "finished = 1 ORDER BY position DESC";

/// Calls to work on, the most urgent first (red, yellow, blue, then by what is due next, then the oldest); then done ones,
/// and with `all` those that are over, the newest first. As many as fit into one answer.
pub fn calls(connection: &Connection, all: bool) -> rusqlite::Result<Vec<ReceivedCall>> {
    let mut list = read(connection, "finished = 0 ORDER BY position", usize::MAX)?;
    // Stable: of two that are equal in both the older stays first.
    list.sort_by_key(precedence);
    let mut room = LIST_BYTES_MAX;
    let fitting = list.iter().map_while(|call| {
        room = room.checked_sub(call.encoded_len())?;
        Some(())
    });
    let fitting = fitting.count();
    if fitting < list.len() {
        list.truncate(fitting);
        return Ok(list);
    }
    list.extend(read(connection, if all { FINISHED } else { DONE }, room)?);
    Ok(list)
}

/// Red goes before everything, and of one colour what is due next.
fn precedence(call: &ReceivedCall) -> (u8, i64) {
    let order = call.call.clone().unwrap_or_default();
    let colour = match order.colour() {
        Colour::Red => 0,
        Colour::Yellow => 1,
        Colour::Blue => 2,
        Colour::Unspecified => 3,
    };
    let due = match call.state.as_str() {
        "called" => order.response_due,
        "responded" => order.report_in_due,
        _ => order.completion_due,
    };
    (colour, due.map_or(i64::MAX, |due| due.seconds))
}

/// As many of them as there is room for.
fn read(connection: &Connection, which: &str, mut room: usize) -> rusqlite::Result<Vec<ReceivedCall>> {
    let mut list = Vec::new();
    let sql = format!("SELECT district, case_id, call, state FROM calls WHERE {which}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get(3)?;
        let call = describe(connection, row.get(0)?, row.get(1)?, row.get(2)?, state)?;
        match room.checked_sub(call.encoded_len()) {
            Some(left) => room = left,
            None => return Ok(list),
        }
        list.push(call);
    }
    Ok(list)
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
