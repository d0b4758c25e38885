//! `huying score callbacks`: what a hotline heard when it called back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use data_encoding::HEXLOWER;
use ids::{CaseId, Code};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{CallbackOutcome, LogCallbackRequest, RateRequest};
use serde::Serialize;
use sha2::{Digest, Sha256};
use station::refusal_of;
use tonic::{Code as StatusCode, Status};
use tonic_types::StatusExt;

use crate::client::{Authorised, Installation};
use crate::failure::Answered;
use crate::out;

/// Rows of a file. A hotline of a district calls back a few thousand people a day.
const ROWS_MAX: usize = 20_000;
/// Longest line of a JSONL file, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a row's hash that name its requests.
const NAME_BYTES: usize = 12;

/// Take in what a hotline heard when it called callers back: a file, each row answered by the rules.
///
/// CSV with a header, or JSONL, by the file's name. Columns: `case_id`; `outcome`: reached, no-answer or refused; `rating`: a step
/// of the charter's scale, of who said one; `note`; `at`: when they were called; `again_at`: when to try again, of who was not
/// reached. Times are RFC 3339. Only `case_id` and `outcome` are needed.
///
/// A row that was taken is not taken twice, however often the file is sent. Each row is printed with what became of it; the
/// exit code is 1 if one was refused.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, .csv or .jsonl
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: Code,
    /// Print what became of each row as JSON
    #[arg(long)]
    json: bool,
}

/// A row as it stands in the file.
type Row = BTreeMap<String, String>;

/// A row that can be asked about.
#[derive(Debug, PartialEq)]
struct Heard {
    case_id: String,
    outcome: CallbackOutcome,
    rating: String,
    note: String,
    again_at: Option<Timestamp>,
    /// The same row has the same name, wherever it stands.
    name: String,
}

/// What became of a row.
#[derive(Debug, PartialEq, Serialize)]
struct Became {
    line: u64,
    case_id: String,
    /// `taken`, or the rule that says no.
    rule: String,
    message: String,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let rows = read(&args.file)?;
    let mut client = EvaluationServiceClient::new(args.installation.channel().await?);
    let mut refused = false;
    for (line, row) in rows {
        let became = match heard(&row) {
            Ok(heard) => taken(&mut client, args.district.as_str(), line, heard).await?,
            Err(wrong) => wrong.at(line, &row),
        };
        refused |= became.rule != TAKEN;
        if args.json {
            out::line(serde_json::to_string(&became)?)?;
        } else {
            let Became { line, case_id, rule, message } = &became;
            out::line(format_args!("line {line}  {}  {rule}  {}", out::plain(case_id), out::plain(message)))?;
        }
    }
    if refused { Err(Answered.into()) } else { Ok(()) }
}

const TAKEN: &str = "taken";

/// The call, and then what was said.
async fn taken(
    client: &mut EvaluationServiceClient<Authorised>,
    district: &str,
    line: u64,
    heard: Heard,
) -> anyhow::Result<Became> {
    let Heard { case_id, outcome, rating, note, again_at, name } = heard;
    let became = |rule: String, message: String| Became { line, case_id: case_id.clone(), rule, message };
    let call = LogCallbackRequest {
        district: district.to_owned(),
        case_id: case_id.clone(),
        command_id: format!("callback-{name}"),
        outcome: outcome.into(),
        note: note.clone(),
        again_at: again_at.map(ToWireTime::to_wire),
    };
    if let Err(status) = client.log_callback(call).await {
        return refused(&status).map(|(rule, message)| became(rule, message));
    }
    if rating.is_empty() {
        return Ok(became(TAKEN.to_owned(), "called back".to_owned()));
    }
    let rate = RateRequest {
        district: district.to_owned(),
        case_id: case_id.clone(),
        command_id: format!("rating-{name}"),
        rating: rating.clone(),
        comment: note,
    };
    match client.rate(rate).await {
        Ok(_) => Ok(became(TAKEN.to_owned(), format!("called back, rated {rating}"))),
        Err(status) => {
            refused(&status).map(|(rule, message)| became(rule, format!("called back, and not rated: {message}")))
        }
    }
}

/// The rule that says no. What is no answer about the row ends the command: it can be run again.
fn refused(status: &Status) -> anyhow::Result<(String, String)> {
    if matches!(status.code(), StatusCode::Unavailable | StatusCode::Unauthenticated | StatusCode::Internal) {
        return Err(crate::client::explain(status));
    }
    let told = refusal_of(status);
    let of_field = told.violations.first().map(|it| (it.rule.clone(), format!("{}: {}", it.field, it.description)));
    let details = status.get_error_details();
    let rule = details.error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason.clone());
    Ok(of_field.unwrap_or((rule, told.message)))
}

/// What is wrong with a row before anybody is asked.
#[derive(Debug, PartialEq)]
struct Wrong {
    rule: &'static str,
    message: String,
}

impl Wrong {
    fn new(rule: &'static str, message: impl std::fmt::Display) -> Self {
        Self { rule, message: message.to_string() }
    }

    fn at(self, line: u64, row: &Row) -> Became {
        let case_id = row.get("case_id").cloned().unwrap_or_default();
        Became { line, case_id, rule: self.rule.to_owned(), message: self.message }
    }
}

fn heard(row: &Row) -> Result<Heard, Wrong> {
    const COLUMNS: [&str; 6] = ["case_id", "outcome", "rating", "note", "at", "again_at"];
    if let Some(unknown) = row.keys().find(|column| !COLUMNS.contains(&column.as_str())) {
        return Err(Wrong::new("columns", format_args!("{unknown} is none of {}", COLUMNS.join(", "))));
    }
    let cell = |column: &str| row.get(column).map(|cell| cell.trim().to_owned()).unwrap_or_default();
    let case: CaseId = cell("case_id").parse().map_err(|error| Wrong::new("case-id", error))?;
    let outcome = match cell("outcome").as_str() {
        "reached" => CallbackOutcome::Reached,
        "no-answer" => CallbackOutcome::NoAnswer,
        "refused" => CallbackOutcome::Refused,
        other => {
            return Err(Wrong::new("known-outcome", format_args!("{other:?} is none of reached, no-answer, refused")));
        }
    };
    let time = |column: &str| match cell(column).as_str() {
        "" => Ok(None),
        text => text.parse::<Timestamp>().map(Some).map_err(|error| Wrong::new("timestamp", error)),
    };
    time("at")?;
    let again_at = time("again_at")?;
    let rating = cell("rating");
    if !rating.is_empty() && outcome != CallbackOutcome::Reached {
        return Err(Wrong::new("rating-unheard", "who was not reached, or said nothing, has not rated"));
    }
    let mut hash = Sha256::new();
    for column in COLUMNS {
        hash.update(cell(column).as_bytes());
        hash.update([0]);
    }
    let name = HEXLOWER.encode(hash.finalize().get(..NAME_BYTES).unwrap_or_default());
    Ok(Heard { case_id: case.to_string(), outcome, rating, note: cell("note"), again_at, name })
}

/// The rows of a file, each with the line it begins on.
fn read(file: &Path) -> anyhow::Result<Vec<(u64, Row)>> {
    let open = || File::open(file).with_context(|| format!("opening {}", file.display()));
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let rows = match extension.to_ascii_lowercase().as_str() {
        "csv" => csv(open()?)?,
        "jsonl" | "ndjson" => jsonl(open()?)?,
        _ => bail!("{} is named neither .csv nor .jsonl", file.display()),
    };
    ensure!(!rows.is_empty(), "{} has no rows", file.display());
    Ok(rows)
}

fn csv(file: impl std::io::Read) -> anyhow::Result<Vec<(u64, Row)>> {
    let mut reader = ::csv::Reader::from_reader(file);
    let named = |(place, name): (usize, &str)| {
        let name = if place == 0 { name.trim_start_matches('\u{feff}') } else { name };
        name.trim().to_owned()
    };
    let header: Vec<String> = reader.headers()?.iter().enumerate().map(named).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        ensure!(rows.len() < ROWS_MAX, "more than {ROWS_MAX} rows; send the file in parts");
        let line = record.position().map_or(0, ::csv::Position::line);
        rows.push((line, header.iter().cloned().zip(record.iter().map(str::to_owned)).collect()));
    }
    Ok(rows)
}

fn jsonl(file: impl std::io::Read) -> anyhow::Result<Vec<(u64, Row)>> {
    let mut rows = Vec::new();
    for (line, text) in (1u64..).zip(BufReader::new(file).lines()) {
        let text = text.with_context(|| format!("line {line}"))?;
        if text.trim().is_empty() {
            continue;
        }
        ensure!(text.len() <= LINE_BYTES_MAX, "line {line} has {} bytes, at most {LINE_BYTES_MAX} fit", text.len());
        ensure!(rows.len() < ROWS_MAX, "more than {ROWS_MAX} rows; send the file in parts");
        let row: BTreeMap<String, Option<String>> =
            serde_json::from_str(&text).with_context(|| format!("line {line} is no object of texts"))?;
        rows.push((line, row.into_iter().map(|(column, cell)| (column, cell.unwrap_or_default())).collect()));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "261121-7k3q9x7";

    fn rows(text: &str) -> Vec<Result<String, &'static str>> {
        let shown = |(_, row): (u64, Row)| match heard(&row) {
            Ok(Heard { outcome, rating, again_at, .. }) => {
                let again = again_at.map(|at| format!(" again {at}")).unwrap_or_default();
                Ok(format!("{} {rating}{again}", outcome.as_str_name()))
            }
            Err(wrong) => Err(wrong.rule),
        };
        csv(text.as_bytes()).unwrap().into_iter().map(shown).collect()
    }

    #[test]
    fn each_row_is_answered_by_its_rule() {
        let file = format!(
            "\u{feff}case_id,outcome,rating,again_at\n\
             {CASE},reached,satisfied,\n\
             {CASE},no-answer,,2026-11-22T09:00:00+08:00\n\
             {CASE},no-answer,satisfied,\n\
             {CASE},busy,,\n\
             261121-7k3q9xx,reached,,\n\
             {CASE},no-answer,,tomorrow\n"
        );
        let expected = [
            Ok("CALLBACK_OUTCOME_REACHED satisfied".to_owned()),
            Ok("CALLBACK_OUTCOME_NO_ANSWER  again 2026-11-22T01:00:00Z".to_owned()),
            Err("rating-unheard"),
            Err("known-outcome"),
            Err("case-id"),
            Err("timestamp"),
        ];
        assert_eq!(rows(&file), expected);
        assert_eq!(rows("case,outcome\n1,reached\n"), [Err("columns")]);
    }

    #[test]
    fn the_same_row_has_the_same_name_in_either_form_of_file() {
        let name = |rows: Vec<(u64, Row)>| heard(&rows[0].1).unwrap().name;
        let one = name(csv(format!("outcome,case_id,note\nreached,{CASE},好\n").as_bytes()).unwrap());
        let line =
            format!("{{\"case_id\": \"{CASE}\", \"outcome\": \"reached\", \"note\": \"好\", \"rating\": null}}\n");
        assert_eq!(name(jsonl(line.as_bytes()).unwrap()), one);
        let another = name(csv(format!("outcome,case_id,note\nreached,{CASE},不好\n").as_bytes()).unwrap());
        assert_ne!(another, one);
    }
}
