//! A file as rows of text, each with the line it begins on.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde_json::value::RawValue;

use super::shown;
use super::survey::{self, Decoded, Records};
use crate::failure::BadUsage;

/// Longest line of JSONL read, in bytes: what intake takes at most, written with every character escaped.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Largest JSON file read: it is one value, and has to fit into memory.
const JSON_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Separated by comma, semicolon, tab or bar, quoted where needed, names of the columns first
    Csv,
    /// One JSON object a line
    Jsonl,
    /// One JSON array of objects, as an Open311 server answers
    Json,
}

impl Format {
    pub fn of(file: &Path, said: Option<Self>) -> Result<Self, BadUsage> {
        if let Some(said) = said {
            return Ok(said);
        }
        match file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv" | "tsv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            Some("json") => Ok(Self::Json),
            _ => Err(BadUsage::new(format!(
                "{} is named neither .csv, .jsonl nor .json; say which with --format",
                shown(file)
            ))),
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
        records: Box<csv::ByteRecordsIntoIter<Decoded>>,
        header: Vec<String>,
        lines: Box<Records>,
    },
    Jsonl {
        file: Decoded,
        line: u64,
        byte: u64,
    },
    Json {
        /// With their lines.
        objects: std::vec::IntoIter<(u64, Object)>,
        header: Vec<String>,
    },
}

/// Its values as they are written: a number is not rounded on the way.
type Object = BTreeMap<String, Box<RawValue>>;

impl Rows {
    pub fn open(path: &Path, format: Format) -> anyhow::Result<Self> {
        let source = match format {
            Format::Csv => {
                let separator = survey::separator(path)?;
                survey::check_quotes(path, separator)?;
                let mut reader =
                    csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(survey::open(path)?);
                let header = reader.headers().with_context(|| format!("reading the first line of {}", shown(path)))?;
                let header = header.iter().map(|name| name.trim().to_owned()).collect();
                let mut lines = Records::of(path, separator)?;
                lines.next().transpose()?;
                Source::Csv { records: Box::new(reader.into_byte_records()), header, lines: Box::new(lines) }
            }
            Format::Jsonl => Source::Jsonl { file: survey::open(path)?, line: 0, byte: 0 },
            Format::Json => of_array(path)?,
        };
        Ok(Self { source, wanted: Vec::new() })
    }

    /// The columns there are; none where every row has its own.
    pub fn columns(&self) -> Option<&[String]> {
        match &self.source {
            Source::Csv { header, .. } | Source::Json { header, .. } => Some(header),
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
            Source::Csv { records, header, lines } => match (records.next(), lines.next()) {
                (None, None) => None,
                (Some(Ok(record)), Some(Ok(line))) => {
                    let byte = record.position().map_or(0, csv::Position::byte);
                    Some(Ok(Row { line, byte, cells: of_csv(&record, header, &self.wanted) }))
                }
                (Some(Err(error)), _) => Some(Err(error.into())),
                (_, Some(Err(error))) => Some(Err(error.into())),
                // Two readers that disagree about where records end: whatever is counted from here on is wrong.
                (Some(_), None) | (None, Some(_)) => {
                    Some(Err(anyhow::anyhow!("quotes and ends of lines do not fit together; write the file again")))
                }
            },
            Source::Jsonl { file, line, byte } => loop {
                let mut text = Vec::new();
                let read = match file.read_until(b'\n', &mut text) {
                    Ok(0) => return None,
                    Ok(read) => read,
                    Err(error) => return Some(Err(error.into())),
                };
                let (at, from) = (*line + 1, *byte);
                (*line, *byte) = (at, from + read as u64);
                if !text.trim_ascii().is_empty() {
                    return Some(Ok(Row { line: at, byte: from, cells: of_json(&text, &self.wanted) }));
                }
            },
            Source::Json { objects, .. } => {
                let (line, object) = objects.next()?;
                Some(Ok(Row { line, byte: 0, cells: of_object(&object, &self.wanted) }))
            }
        }
    }
}

/// The objects of one JSON array, and every name that one of them uses.
fn of_array(path: &Path) -> anyhow::Result<Source> {
    let context = || format!("reading {}", shown(path));
    let mut text = String::new();
    survey::open(path)?.take(JSON_BYTES_MAX + 1).read_to_string(&mut text).with_context(context)?;
    ensure!(
        text.len() as u64 <= JSON_BYTES_MAX,
        "{} is larger than {JSON_BYTES_MAX} bytes; send it as JSONL",
        shown(path)
    );
    let array: Vec<&RawValue> = serde_json::from_str(&text).with_context(|| {
        format!("{} is not one array of objects; with one object a line, name it .jsonl", shown(path))
    })?;
    let (mut objects, mut header) = (Vec::new(), Vec::new());
    let (mut line, mut counted) = (1, 0);
    for value in array {
        // Where the value lies in the text it was read from.
        let at = value.get().as_ptr().addr() - text.as_ptr().addr();
        line += text[counted..at].matches('\n').count() as u64;
        counted = at;
        let Ok(object) = serde_json::from_str::<Object>(value.get()) else {
            bail!("line {line}: {} of the array is no object", objects.len() + 1)
        };
        for name in object.keys() {
            if !header.contains(name) {
                header.push(name.clone());
            }
        }
        objects.push((line, object));
    }
    Ok(Source::Json { objects: objects.into_iter(), header })
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
                rule: "encoding",
                description: format!("the file is neither UTF-8 nor GB18030 throughout; here {error}"),
            })
        })
        .collect()
}

fn of_json(text: &[u8], wanted: &[String]) -> Result<Vec<String>, Unreadable> {
    let wrong = |description| Unreadable { column: None, rule: "json", description };
    if text.len() > LINE_BYTES_MAX {
        return Err(wrong(format!("the line has {} bytes, at most {LINE_BYTES_MAX} are read", text.len())));
    }
    let object: Object = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
    of_object(&object, wanted)
}

fn of_object(object: &Object, wanted: &[String]) -> Result<Vec<String>, Unreadable> {
    let cell = |(column, name): (usize, &String)| {
        let Some(value) = object.get(name).map(|value| value.get()) else { return Ok(String::new()) };
        let wrong = |description| Unreadable { column: Some(column), rule: "json", description };
        match value.as_bytes().first() {
            Some(b'n') => Ok(String::new()),
            Some(b'"') => serde_json::from_str(value).map_err(|error| wrong(error.to_string())),
            Some(b'[' | b'{') => Err(wrong(format!("{name} is neither a text nor a number"))),
            // Numbers and truth values, as they are written.
            Some(_) | None => Ok(value.to_owned()),
        }
    };
    wanted.iter().enumerate().map(cell).collect()
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
    fn lines_are_counted_however_they_end_and_blank_ones_too() {
        for end in ["\n", "\r\n", "\r"] {
            let file = ["id,text", "1,a", "", "", "2,\"b", "b\"", "", "3,c"].join(end);
            let read = rows("a.csv", file.as_bytes(), &["id"]);
            let lines: Vec<(u64, String)> =
                read.into_iter().map(|row| (row.line, row.cells.unwrap().concat())).collect();
            assert_eq!(lines, [(2, "1".into()), (5, "2".into()), (8, "3".into())], "{end:?}");
        }
    }

    #[test]
    fn what_separates_columns_and_how_they_are_encoded_is_found() {
        for file in [
            "id;text\n1;路灯,不亮\n",
            "id\ttext\n1\t路灯,不亮\n",
            "id|text\n1|路灯,不亮\n",
            "id,text\n1,\"路灯,不亮\"\n",
        ] {
            let (gb18030, ..) = encoding_rs::GB18030.encode(file);
            let utf_16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let with_mark = [&b"\xff\xfe"[..], &utf_16].concat();
            for bytes in [file.as_bytes(), &*gb18030, &with_mark] {
                let read = rows("a.csv", bytes, &["id", "text"]);
                assert_eq!(read[0].cells, Ok(vec!["1".to_owned(), "路灯,不亮".to_owned()]), "{file}");
            }
        }
    }

    #[test]
    fn a_quote_that_nothing_closes_is_named_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, "id,text\n1,\"a \"\"b\"\" c\"\n2,\"offen\n3,c\n").unwrap();
        let refused = Rows::open(&file, Format::Csv).err().unwrap().to_string();
        assert!(refused.contains("line 3"), "{refused}");
    }

    #[test]
    fn numbers_are_taken_as_they_are_written() {
        let ids = ["20261120101530123456", "20261120101530123457", "1.10", "1e3"];
        let lines: String = ids.iter().map(|id| format!("{{\"id\": {id}}}\n")).collect();
        let array = format!("[\n{}\n]", ids.map(|id| format!("{{\"id\": {id}, \"text\": null}}")).join(",\n"));
        for (name, text) in [("a.jsonl", lines), ("a.json", array)] {
            let read: Vec<String> = rows(name, text.as_bytes(), &["id", "text"])
                .into_iter()
                .map(|row| row.cells.unwrap().concat())
                .collect();
            assert_eq!(read, ids, "{name}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_stops_nothing_else() {
        let read = rows("a.csv", b"id,text\n1\n2,\xff\xfe\n3,fine\n", &["id", "text"]);
        let rules: Vec<_> = read.iter().map(|row| row.cells.as_ref().err().map(|error| error.rule)).collect();
        assert_eq!(rules, [Some("columns"), Some("encoding"), None]);

        let read = rows("a.jsonl", b"{\"id\": 7}\n\n{\"id\":\n{\"id\": [1]}\n", &["id", "text"]);
        assert_eq!(read[0].cells, Ok(vec!["7".to_owned(), String::new()]));
        assert_eq!(read.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(read[1..].iter().all(|row| row.cells.is_err()));
    }
}
