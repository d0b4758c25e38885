//! What is written into the tables, and read back by those who write.

use ids::{CaseId, Code, CommandId};
use jiff::Timestamp;
use prost::Message;
use proto::common::v1::Refusal;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{Kept, KeptAnswer, NewOrder};
use crate::domain::{AnswerId, Call, CallKey, State};
use crate::wire::{ReadAnswer, Verdict, fact_of_answer, fact_of_order};

/// Answers about calls that were never ordered here, kept for whoever asks again; a department's own mistakes.
const STRAY_ANSWERS_MAX: i64 = 10_000;
/// Refusals that wait for somebody to see them. A department in which nobody ever looks has another problem.
const UNSEEN_MAX: i64 = 10_000;

/// Keeps an order under its name; `None` for a repeat.
pub fn take_order(connection: &Connection, order: &NewOrder) -> rusqlite::Result<Option<i64>> {
    let NewOrder { call, n, received_at, payload } = order;
    let new = connection
        .prepare_cached(
            "INSERT INTO orders (district, case_id, n, call, received_at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![call.district.as_str(), call.case.as_str(), n, call.call, received_at.to_string(), payload])?;
    if new == 0 {
        return Ok(None);
    }
    let position = connection.last_insert_rowid();
    let state = gather(connection, call)?;
    connection
        .prepare_cached(
            "INSERT INTO calls (district, case_id, call, state, finished, position)
             VALUES (:district, :case_id, :call, :state, :finished, :position)
             ON CONFLICT DO UPDATE SET state = excluded.state, finished = excluded.finished",
        )?
        .execute(named_params! {
            ":district": call.district.as_str(), ":case_id": call.case.as_str(), ":call": call.call,
            ":state": state.as_str(), ":finished": state.is_finished(), ":position": position,
        })?;
    Ok(Some(position))
}

/// Keeps an answer under its command id; the same one again gets what became of it.
pub fn keep(connection: &Connection, answer: &ReadAnswer) -> rusqlite::Result<Kept> {
    let ReadAnswer { call, command_id, payload } = answer;
    let known = connection
        .prepare_cached(
            "SELECT id, payload, state, revision, refusal, hub_position FROM answers
             WHERE district = ?1 AND case_id = ?2 AND command_id = ?3",
        )?
        .query_row(params![call.district.as_str(), call.case.as_str(), command_id.as_str()], |row| {
            Ok((AnswerId(row.get(0)?), row.get::<_, Vec<u8>>(1)?, read_verdict(row, 2)?))
        })
        .optional()?;
    match known {
        Some((id, kept, verdict)) if kept == *payload => {
            // Whoever gives it again is told.
            if let Some(Verdict::Refused(_)) = verdict {
                see(connection, id)?;
            }
            Ok(Kept::Again(id, verdict))
        }
        Some(_) => Ok(Kept::Different),
        None => {
            connection
                .prepare_cached(
                    "INSERT INTO answers (district, case_id, command_id, call, payload, state, revision, refusal)
                     VALUES (?1, ?2, ?3, ?4, ?5, 'kept', 0, x'')",
                )?
                .execute(params![
                    call.district.as_str(),
                    call.case.as_str(),
                    command_id.as_str(),
                    call.call,
                    payload
                ])?;
            Ok(Kept::New(AnswerId(connection.last_insert_rowid())))
        }
    }
}

/// Writes down what the hub made of an answer; a refusal with the time, if nobody was told.
pub fn settle(
    connection: &Connection,
    id: AnswerId,
    call: &CallKey,
    verdict: &Verdict,
    unseen_since: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (state, revision, position, refusal) = match verdict {
        Verdict::Accepted { revision, position } => ("accepted", whole(*revision), whole(*position), Vec::new()),
        Verdict::Refused(refusal) => ("refused", 0, 0, refusal.encode_to_vec()),
    };
    connection
        .prepare_cached("UPDATE answers SET state = ?2, revision = ?3, refusal = ?4, hub_position = ?5 WHERE id = ?1")?
        .execute(params![id.0, state, revision, refusal, position])?;
    if let (Verdict::Refused(_), Some(since)) = (verdict, unseen_since) {
        connection
            .prepare_cached("INSERT INTO unseen (answer, refused_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![id.0, since.to_string()])?;
    }
    if matches!(verdict, Verdict::Accepted { .. }) {
        let state = gather(connection, call)?;
        connection
            .prepare_cached(
                "UPDATE calls SET state = ?4, finished = ?5 WHERE district = ?1 AND case_id = ?2 AND call = ?3",
            )?
            .execute(params![
                call.district.as_str(),
                call.case.as_str(),
                call.call,
                state.as_str(),
                state.is_finished()
            ])?;
    }
    Ok(())
}

/// Somebody has seen that this answer was refused; false: no answer of this name was.
pub fn see_refused(
    connection: &Connection,
    district: &Code,
    case: &CaseId,
    command_id: &CommandId,
) -> rusqlite::Result<bool> {
    let refused = connection
        .prepare_cached(
            "SELECT id FROM answers
             WHERE district = ?1 AND case_id = ?2 AND command_id = ?3 AND state = 'refused'",
        )?
        .query_row(params![district.as_str(), case.as_str(), command_id.as_str()], |row| row.get(0).map(AnswerId))
        .optional()?;
    refused.map(|id| see(connection, id)).transpose().map(|seen| seen.is_some())
}

fn see(connection: &Connection, id: AnswerId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM unseen WHERE answer = ?1")?.execute([id.0]).map(|_| ())
}

/// How far a call has come, from everything that is known of it.
fn gather(connection: &Connection, call: &CallKey) -> rusqlite::Result<State> {
    let payloads = |sql: &str| -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows =
            statement.query_map(params![call.district.as_str(), call.case.as_str(), call.call], |row| row.get(0))?;
        rows.collect()
    };
    let orders = payloads("SELECT payload FROM orders WHERE district = ?1 AND case_id = ?2 AND call = ?3")?;
    let mut accepted = connection.prepare_cached(
        "SELECT payload, revision FROM answers
         WHERE district = ?1 AND case_id = ?2 AND call = ?3 AND state = 'accepted'",
    )?;
    let rows = accepted.query_map(params![call.district.as_str(), call.case.as_str(), call.call], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    let answers: Vec<(Vec<u8>, u64)> = rows.collect::<rusqlite::Result<_>>()?;
    let ordered = orders.iter().filter_map(|payload| fact_of_order(payload));
    let answered = answers.iter().filter_map(|(payload, revision)| fact_of_answer(payload, *revision));
    Ok(ordered.chain(answered).collect::<Call>().state())
}

/// Answers that the hub has not taken, in the order of keeping.
pub fn unsent(connection: &Connection) -> rusqlite::Result<Vec<KeptAnswer>> {
    let mut statement = connection
        .prepare("SELECT id, district, case_id, call, payload FROM answers WHERE state = 'kept' ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        let call = CallKey { district: parsed(row, 1)?, case: parsed(row, 2)?, call: row.get(3)? };
        Ok(KeptAnswer { id: AnswerId(row.get(0)?), call, payload: row.get(4)? })
    })?;
    rows.collect()
}

/// Forgets the oldest finished calls, as far as there are more than `orders_max` orders. What is not finished, and what
/// the hub has not taken or nobody has seen, stays however much it is.
pub fn tidy(connection: &Connection, orders_max: i64) -> rusqlite::Result<()> {
    let mut surplus: i64 = connection.query_row("SELECT count(*) - ?1 FROM orders", [orders_max], |row| row.get(0))?;
    if surplus > 0 {
        let mut statement = connection.prepare_cached(
            "SELECT district, case_id, call FROM calls WHERE finished = 1 AND NOT EXISTS (
                SELECT 1 FROM answers WHERE answers.district = calls.district AND answers.case_id = calls.case_id
                AND answers.call = calls.call
                AND (answers.state = 'kept' OR answers.id IN (SELECT answer FROM unseen)))
             ORDER BY position LIMIT ?1",
        )?;
        let finished: Vec<(String, String, u32)> = statement
            .query_map([surplus], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (district, case, call) in finished {
            if surplus <= 0 {
                break;
            }
            let forget = |table: &str| {
                let sql = format!("DELETE FROM {table} WHERE district = ?1 AND case_id = ?2 AND call = ?3");
                connection.prepare_cached(&sql)?.execute(params![district, case, call])
            };
            forget("calls")?;
            forget("answers")?;
            surplus -= i64::try_from(forget("orders")?).unwrap_or(i64::MAX);
        }
    }
    Ok(())
}

/// Forgets old answers about calls that were never ordered here.
pub fn forget_strays(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM answers WHERE id <= (SELECT max(id) FROM answers) - ?1 AND state <> 'kept'
            AND id NOT IN (SELECT answer FROM unseen) AND NOT EXISTS (
            SELECT 1 FROM calls WHERE calls.district = answers.district AND calls.case_id = answers.case_id
            AND calls.call = answers.call)",
        [STRAY_ANSWERS_MAX],
    )
}

/// Forgets that the oldest refusals were not seen, as far as there are more than anybody will read; how many.
pub fn forget_unseen(connection: &Connection) -> rusqlite::Result<usize> {
    // A program without this table may have forgotten the answer.
    connection.execute("DELETE FROM unseen WHERE answer NOT IN (SELECT id FROM answers)", [])?;
    connection.execute("DELETE FROM unseen WHERE turn <= (SELECT max(turn) FROM unseen) - ?1", [UNSEEN_MAX])
}

/// The name of this file of `department`, which is given to it when it is worked on for the first time.
pub fn name_of_file(connection: &Connection, department: &str, new: &str) -> rusqlite::Result<String> {
    belongs_to(connection, department)?;
    connection.execute("UPDATE file SET name = ?1 WHERE name = ''", [new])?;
    connection.query_row("SELECT name FROM file", [], |row| row.get(0))
}

/// Takes its name from a copy, which keeps saying whose it is.
pub fn without_name(connection: &Connection, department: &str) -> rusqlite::Result<()> {
    belongs_to(connection, department)?;
    connection.execute("UPDATE file SET name = ''", []).map(|_| ())
}

fn belongs_to(connection: &Connection, department: &str) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT INTO file (name, department) SELECT '', ?1 WHERE NOT EXISTS (SELECT 1 FROM file)",
        [department],
    )
}

/// Reads `state, revision, refusal, hub_position`, from column `first` on.
fn read_verdict(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Verdict>> {
    let state: String = row.get(first)?;
    Ok(match state.as_str() {
        "accepted" => Some(Verdict::Accepted {
            revision: row.get::<_, i64>(first + 1)?.unsigned_abs(),
            position: row.get::<_, i64>(first + 3)?.unsigned_abs(),
        }),
        "refused" => {
            let refusal: Vec<u8> = row.get(first + 2)?;
            Some(Verdict::Refused(Refusal::decode(refusal.as_slice()).unwrap_or_default()))
        }
        _ => None,
    })
}

pub fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get::<_, String>(column)?.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
