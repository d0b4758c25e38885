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
use proto::intake::v1::FindRequest;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use serde::Serialize;
use sha2::{Digest, Sha256};
use station::refusal_of;
use tonic::{Code as StatusCode, Status};
use tonic_types::StatusExt;

use crate::client::{Authorised, Installation, intake};
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
/// CSV with a header, or JSONL, by the file's name. Columns: `case_id`, or `external_ref`: the number under which a bridge
/// brought the case in, and `bridge`, unless all came by one (--bridge); `outcome`: reached, no-answer or refused; `rating`: a
/// step of the charter's scale, of who said one; `note`; `at`: when they were called; `again_at`: when to try again, of who was
/// not reached. Times are RFC 3339. Only the case and `outcome` are needed. What a hotline calls an outcome or a rating is said
/// with --outcome and --rating.
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
    /// Whose numbers the `external_ref` of rows are that name no bridge of their own
    #[arg(long, value_name = "CODE")]
    bridge: Option<Code>,
    /// What the file calls an outcome, as often as there are words: 占线=no-answer
    #[arg(long, value_name = "WORD=CODE", value_parser = word)]
    outcome: Vec<(String, String)>,
    /// What the file calls a rating: 非常满意=satisfied
    #[arg(long, value_name = "WORD=CODE", value_parser = word)]
    rating: Vec<(String, String)>,
    /// Print what became of each row as JSON
    #[arg(long)]
    json: bool,
}

/// A row as it stands in the file.
type Row = BTreeMap<String, String>;

/// How the file is read.
#[derive(Debug, Default)]
struct Words {
    bridge: Option<Code>,
    outcome: Vec<(String, String)>,
    rating: Vec<(String, String)>,
}

impl Words {
    /// What a word of the file stands for; itself, if nobody said anything else.
    fn meant(words: &[(String, String)], said: String) -> String {
        words.iter().find(|(word, _)| *word == said).map_or(said, |(_, code)| code.clone())
    }
}

/// Which case a row is about.
#[derive(Debug, PartialEq)]
enum About {
    Case(CaseId),
    Reference { bridge: Code, external_ref: String },
}

/// A row that can be asked about.
#[derive(Debug, PartialEq)]
struct Heard {
    about: About,
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
    /// Empty: it is not known which case the row is about.
    case_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    external_ref: String,
    /// `taken`, or the rule that says no.
    rule: String,
    message: String,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let Args { file, installation, district, bridge, outcome, rating, json } = args;
    let (rows, words) = (read(&file)?, Words { bridge, outcome, rating });
    let channel = installation.channel().await?;
    let mut desk = Desk { cases: intake(channel.clone()), ratings: EvaluationServiceClient::new(channel), district };
    let mut refused = false;
    for (line, row) in rows {
        let became = match heard(&row, &words) {
            Ok(heard) => desk.take(heard).await?,
            Err(wrong) => Err(wrong),
        };
        let cell = |column: &str| row.get(column).cloned().unwrap_or_default();
        let (case_id, rule, message) = match became {
            Ok((case_id, message)) => (case_id, TAKEN.to_owned(), message),
            Err(Wrong { rule, message }) => (cell("case_id"), rule, message),
        };
        refused |= rule != TAKEN;
        let became = Became { line, case_id, external_ref: cell("external_ref"), rule, message };
        if json {
            out::line(serde_json::to_string(&became)?)?;
        } else {
            let Became { line, case_id, external_ref, rule, message } = &became;
            let which = [case_id.as_str(), external_ref].join(" ");
            out::line(format_args!("line {line}  {}  {rule}  {}", out::plain(which.trim()), out::plain(message)))?;
        }
    }
    if refused { Err(Answered.into()) } else { Ok(()) }
}

const TAKEN: &str = "taken";

/// `WORD=CODE`.
fn word(said: &str) -> Result<(String, String), String> {
    let pair = said.rsplit_once('=').map(|(word, code)| (word.trim().to_owned(), code.trim().to_owned()));
    let pair = pair.filter(|(word, code)| !word.is_empty() && !code.is_empty());
    pair.ok_or_else(|| format!("{said:?} is not of the form WORD=CODE"))
}

/// Who is asked about the rows.
struct Desk {
    cases: IntakeServiceClient<Authorised>,
    ratings: EvaluationServiceClient<Authorised>,
    district: Code,
}

impl Desk {
    /// The case, and what became of the row.
    async fn take(&mut self, heard: Heard) -> anyhow::Result<Result<(String, String), Wrong>> {
        let case_id = match &heard.about {
            About::Case(case) => case.to_string(),
            About::Reference { bridge, external_ref } => match self.find(bridge, external_ref).await? {
                Ok(case_id) => case_id,
                Err(wrong) => return Ok(Err(wrong)),
            },
        };
        let message = self.log(&case_id, heard).await?;
        Ok(message.map(|message| (case_id, message)))
    }

    /// The case that a bridge brought in under its own number.
    async fn find(&mut self, bridge: &Code, external_ref: &str) -> anyhow::Result<Result<String, Wrong>> {
        let asked = FindRequest { external_ref: external_ref.to_owned(), bridge: bridge.to_string() };
        let found = match self.cases.find(asked).await {
            Ok(found) => found.into_inner(),
            Err(status) if status.code() == StatusCode::NotFound => {
                return Ok(Err(Wrong::new("known-reference", status.message())));
            }
            Err(status) => return refused(&status).map(Err),
        };
        if found.district != self.district.as_str() {
            let message = format_args!("{} is a case of {}", found.case_id, found.district);
            return Ok(Err(Wrong::new("another-district", message)));
        }
        Ok(Ok(found.case_id))
    }

    /// The call, and then what was said.
    async fn log(&mut self, case_id: &str, heard: Heard) -> anyhow::Result<Result<String, Wrong>> {
        let Heard { outcome, rating, note, again_at, name, about: _ } = heard;
        let (district, client) = (self.district.to_string(), &mut self.ratings);
        let call = LogCallbackRequest {
            district: district.clone(),
            case_id: case_id.to_owned(),
            command_id: format!("callback-{name}"),
            outcome: outcome.into(),
            note: note.clone(),
            again_at: again_at.map(ToWireTime::to_wire),
        };
        if let Err(status) = client.log_callback(call).await {
            return refused(&status).map(Err);
        }
        if rating.is_empty() {
            return Ok(Ok("called back".to_owned()));
        }
        let rate = RateRequest {
            district,
            case_id: case_id.to_owned(),
            command_id: format!("rating-{name}"),
            rating: rating.clone(),
            comment: note,
        };
        match client.rate(rate).await {
            Ok(_) => Ok(Ok(format!("called back, rated {rating}"))),
            Err(status) => {
                let Wrong { rule, message } = refused(&status)?;
                Ok(Err(Wrong { rule, message: format!("called back, and not rated: {message}") }))
            }
        }
    }
}

/// The rule that says no. What is no answer about the row ends the command: it can be run again.
fn refused(status: &Status) -> anyhow::Result<Wrong> {
    if matches!(status.code(), StatusCode::Unavailable | StatusCode::Unauthenticated | StatusCode::Internal) {
        return Err(crate::client::explain(status));
    }
    let told = refusal_of(status);
    let of_field = told.violations.first().map(|it| (it.rule.clone(), format!("{}: {}", it.field, it.description)));
    let details = status.get_error_details();
    let rule = details.error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason.clone());
    let (rule, message) = of_field.unwrap_or((rule, told.message));
    Ok(Wrong { rule, message })
}

/// Why a row is not taken.
#[derive(Debug, PartialEq)]
struct Wrong {
    rule: String,
    message: String,
}

impl Wrong {
    fn new(rule: &str, message: impl std::fmt::Display) -> Self {
        Self { rule: rule.to_owned(), message: message.to_string() }
    }
}

fn heard(row: &Row, words: &Words) -> Result<Heard, Wrong> {
    const COLUMNS: [&str; 6] = ["case_id", "outcome", "rating", "note", "at", "again_at"];
    const INSTEAD_OF_CASE_ID: [&str; 2] = ["external_ref", "bridge"];
    let known = || COLUMNS.into_iter().chain(INSTEAD_OF_CASE_ID);
    if let Some(unknown) = row.keys().find(|column| known().all(|known| known != column.as_str())) {
        let known: Vec<&str> = known().collect();
        return Err(Wrong::new("columns", format_args!("{unknown} is none of {}", known.join(", "))));
    }
    let cell = |column: &str| row.get(column).map(|cell| cell.trim().to_owned()).unwrap_or_default();
    let about = about(&cell, words)?;
    let outcome = match Words::meant(&words.outcome, cell("outcome")).as_str() {
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
    let rating = Words::meant(&words.rating, cell("rating"));
    if !rating.is_empty() && outcome != CallbackOutcome::Reached {
        return Err(Wrong::new("rating-unheard", "who was not reached, or said nothing, has not rated"));
    }
    let mut hash = Sha256::new();
    for column in COLUMNS {
        hash.update(cell(column).as_bytes());
        hash.update([0]);
    }
    if let About::Reference { bridge, external_ref } = &about {
        hash.update([bridge.as_str(), external_ref].join("\0"));
    }
    let name = HEXLOWER.encode(hash.finalize().get(..NAME_BYTES).unwrap_or_default());
    Ok(Heard { about, outcome, rating, note: cell("note"), again_at, name })
}

/// A case by its number, or by that of whoever brought it in.
fn about(cell: &dyn Fn(&str) -> String, words: &Words) -> Result<About, Wrong> {
    let (case_id, external_ref, bridge) = (cell("case_id"), cell("external_ref"), cell("bridge"));
    match (case_id.is_empty(), external_ref.is_empty()) {
        (false, true) => case_id.parse().map(About::Case).map_err(|error| Wrong::new("case-id", error)),
        (false, false) => Err(Wrong::new("one-number", "say case_id or external_ref, and not both")),
        (true, true) => Err(Wrong::new("case-id", "neither case_id nor external_ref says which case it is")),
        (true, false) => {
            let named: Option<Code> = match bridge.as_str() {
                "" => words.bridge.clone(),
                bridge => Some(bridge.parse().map_err(|error| Wrong::new("bridge", error))?),
            };
            let missing = || Wrong::new("bridge", "say whose number it is: a column bridge, or --bridge");
            Ok(About::Reference { bridge: named.ok_or_else(missing)?, external_ref })
        }
    }
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

    fn rows(text: &str) -> Vec<Result<String, String>> {
        rows_by(text, &Words::default())
    }

    fn rows_by(text: &str, words: &Words) -> Vec<Result<String, String>> {
        let shown = |(_, row): (u64, Row)| match heard(&row, words) {
            Ok(Heard { about, outcome, rating, again_at, .. }) => {
                let again = again_at.map(|at| format!(" again {at}")).unwrap_or_default();
                let whose = match about {
                    About::Case(_) => String::new(),
                    About::Reference { bridge, external_ref } => format!("{bridge} {external_ref} "),
                };
                Ok(format!("{whose}{} {rating}{again}", outcome.as_str_name()))
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
            Err("rating-unheard".to_owned()),
            Err("known-outcome".to_owned()),
            Err("case-id".to_owned()),
            Err("timestamp".to_owned()),
        ];
        assert_eq!(rows(&file), expected);
        assert_eq!(rows("case,outcome\n1,reached\n"), [Err("columns".to_owned())]);
    }

    #[test]
    fn a_hotlines_own_numbers_and_words_are_taken_as_it_says_them() {
        let pair = |text: &str| word(text).unwrap();
        let words = Words {
            bridge: Some("wuchang-12345".parse().unwrap()),
            outcome: ["接通=reached", "占线=no-answer", "空号=no-answer", "拒评=refused"].map(pair).to_vec(),
            rating: vec![pair("非常满意=satisfied")],
        };
        let file = format!(
            "case_id,external_ref,bridge,outcome,rating\n\
             ,GD-1,,接通,非常满意\n\
             ,GD-1,wuchang-board,占线,\n\
             {CASE},,,refused,\n\
             {CASE},GD-1,,接通,\n\
             ,,,接通,\n"
        );
        let expected = [
            Ok("wuchang-12345 GD-1 CALLBACK_OUTCOME_REACHED satisfied".to_owned()),
            Ok("wuchang-board GD-1 CALLBACK_OUTCOME_NO_ANSWER ".to_owned()),
            Ok("CALLBACK_OUTCOME_REFUSED ".to_owned()),
            Err("one-number".to_owned()),
            Err("case-id".to_owned()),
        ];
        assert_eq!(rows_by(&file, &words), expected);
        let unsaid = "external_ref,outcome\nGD-1,reached\n";
        assert_eq!(rows(unsaid), [Err("bridge".to_owned())]);
        assert!(word("接通").is_err() && word("=reached").is_err());
    }

    #[test]
    fn the_same_row_has_the_same_name_in_either_form_of_file() {
        let name = |rows: Vec<(u64, Row)>| heard(&rows[0].1, &Words::default()).unwrap().name;
        let one = name(csv(format!("outcome,case_id,note\nreached,{CASE},好\n").as_bytes()).unwrap());
        let line =
            format!("{{\"case_id\": \"{CASE}\", \"outcome\": \"reached\", \"note\": \"好\", \"rating\": null}}\n");
        assert_eq!(name(jsonl(line.as_bytes()).unwrap()), one);
        let another = name(csv(format!("outcome,case_id,note\nreached,{CASE},不好\n").as_bytes()).unwrap());
        assert_ne!(another, one);
    }
}
