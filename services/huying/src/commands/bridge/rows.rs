//! A file as rows of text, each with the line it begins on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::shown;
use crate::failure::BadUsage;

/// Longest line of JSONL read, in bytes: what intake takes at most, written with every character escaped.
const LINE_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Comma-separated, quoted where needed, names of the columns first
    Csv,
    /// One JSON object a line
    Jsonl,
}

impl Format {
    pub fn of(file: &Path, said: Option<Self>) -> Result<Self, BadUsage> {
        if let Some(said) = said {
            return Ok(said);
        }
        match file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            _ => {
                Err(BadUsage::new(format!("{} is named neither .csv nor .jsonl; say which with --format", shown(file))))
            }
        }
    }
}

/// One row: a text for every wanted column, or why it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it begins, from 1.
    pub line: u64,
    /// Where it begins in the file.
    pub byte: u64,
    /// In the order of the wanted columns.
    pub cells: Result<Vec<String>, Unreadable>,
}

/// Why a row cannot be read, before anybody looks at what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The column, if it is one's fault.
    pub column: Option<usize>,
    pub rule: &'static str,
    pub description: String,
}

/// The rows of a file, top to bottom.
pub(super) struct Rows {
    source: Source,
    wanted: Vec<String>,
}

enum Source {
    Csv {
        records: csv::ByteRecordsIntoIter<File>,
        header: Vec<String>,
        /// Lines that the reader is behind, see [`lines_behind`].
        behind: u64,
    },
    Jsonl {
        file: BufReader<File>,
        line: u64,
        byte: u64,
    },
}

impl Rows {
    pub fn open(path: &Path, format: Format) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", shown(path)))?;
        let source = match format {
            Format::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
                let header = reader.headers().with_context(|| format!("reading the first line of {}", shown(path)))?;
                let header = header.iter().map(|name| name.trim().to_owned()).collect();
                Source::Csv { records: reader.into_byte_records(), header, behind: lines_behind(path)? }
            }
            Format::Jsonl => Source::Jsonl { file: BufReader::new(file), line: 0, byte: 0 },
        };
        Ok(Self { source, wanted: Vec::new() })
    }

    /// The columns there are; none where every row has its own.
    pub fn columns(&self) -> Option<&[String]> {
        match &self.source {
            Source::Csv { header, .. } => Some(header),
            Source::Jsonl { .. } => None,
        }
    }

    /// From here on, rows have these columns, in this order.
    pub fn only(mut self, columns: Vec<String>) -> Self {
        self.wanted = columns;
        self
    }
}

impl Iterator for Rows {
    /// An error ends the file: it cannot be read any further.
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Csv { records, header, behind } => {
                let record = match records.next()? {
                    Ok(record) => record,
                    Err(error) => return Some(Err(error.into())),
                };
                let (line, byte) = record.position().map_or((0, 0), |position| (position.line(), position.byte()));
                let line = line + *behind;
                Some(Ok(Row { line, byte, cells: of_csv(&record, header, &self.wanted) }))
            }
            Source::Jsonl { file, line, byte } => loop {
                let mut text = Vec::new();
                let read = match file.read_until(b'\n', &mut text) {
                    Ok(0) => return None,
                    Ok(read) => read,
                    Err(error) => return Some(Err(error.into())),
                };
                let (at, from) = (*line + 1, *byte);
                (*line, *byte) = (at, from + read as u64);
                let text = if at == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text) } else { &text };
                if !text.trim_ascii().is_empty() {
                    return Some(Ok(Row { line: at, byte: from, cells: of_json(text, &self.wanted) }));
                }
            },
        }
    }
}

/// A row ends at its carriage return, where it has one; the line feed after it, which counts the line, is then read
/// with the next row.
fn lines_behind(path: &Path) -> anyhow::Result<u64> {
    let context = || format!("reading {}", shown(path));
    let mut first = Vec::new();
    BufReader::new(File::open(path).with_context(context)?).read_until(b'\n', &mut first).with_context(context)?;
    Ok(u64::from(first.ends_with(b"\r\n")))
}

fn of_csv(record: &csv::ByteRecord, header: &[String], wanted: &[String]) -> Result<Vec<String>, Unreadable> {
    if record.len() != header.len() {
        let description = format!("it has {} columns, the first line names {}", record.len(), header.len());
        return Err(Unreadable { column: None, rule: "columns", description });
    }
    wanted
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let position = header.iter().position(|known| known == name);
            let bytes = position.and_then(|position| record.get(position)).unwrap_or_default();
            std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| Unreadable {
                column: Some(column),
                rule: "utf-8",
                description: error.to_string(),
            })
        })
        .collect()
}

fn of_json(text: &[u8], wanted: &[String]) -> Result<Vec<String>, Unreadable> {
    let wrong = |column, description| Unreadable { column, rule: "json", description };
    if text.len() > LINE_BYTES_MAX {
        return Err(wrong(None, format!("the line has {} bytes, at most {LINE_BYTES_MAX} are read", text.len())));
    }
    let object: serde_json::Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| wrong(None, error.to_string()))?;
    wanted
        .iter()
        .enumerate()
        .map(|(column, name)| match object.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(Value::Bool(value)) => Ok(value.to_string()),
            Some(Value::Array(_) | Value::Object(_)) => {
                Err(wrong(Some(column), format!("{name} is neither a text nor a number")))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &str, content: &[u8], wanted: &[&str]) -> Vec<Row> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let rows = Rows::open(&file, Format::of(&file, None).unwrap()).unwrap();
        rows.only(wanted.iter().map(ToString::to_string).collect()).map(Result::unwrap).collect()
    }

    #[test]
    fn a_quoted_field_may_run_over_many_lines() {
        let long = "很长\n".repeat(10_000);
        let file = format!("\u{feff}id,text\r\n1,\"{long}\"\r\n2,\"he said \"\"no\"\"\"\r\n");
        let read = rows("a.csv", file.as_bytes(), &["text", "id"]);
        assert_eq!(read[0].cells, Ok(vec![long, "1".to_owned()]));
        assert_eq!(read[1].cells, Ok(vec!["he said \"no\"".to_owned(), "2".to_owned()]));
        assert_eq!((read[0].line, read[1].line), (2, 10_003));
    }

    #[test]
    fn a_row_that_cannot_be_read_stops_nothing_else() {
        let read = rows("a.csv", b"id,text\n1\n2,\xff\xfe\n3,fine\n", &["id", "text"]);
        let rules: Vec<_> = read.iter().map(|row| row.cells.as_ref().err().map(|error| error.rule)).collect();
        assert_eq!(rules, [Some("columns"), Some("utf-8"), None]);

        let read = rows("a.jsonl", b"{\"id\": 7}\n\n{\"id\":\n{\"id\": [1]}\n", &["id", "text"]);
        assert_eq!(read[0].cells, Ok(vec!["7".to_owned(), String::new()]));
        assert_eq!(read.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(read[1..].iter().all(|row| row.cells.is_err()));
    }
}
