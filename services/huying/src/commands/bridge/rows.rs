//! A file as rows of text, each with the line it begins on.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Read};
use std::marker::PhantomData;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::{RawValue, to_raw_value};

use super::survey::{self, Decoded, Records};
use super::{shown, xml};
use crate::failure::BadUsage;

/// Longest line of JSONL read, in bytes: what intake takes at most, written with every character escaped.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Largest JSON or XML file read: it is one value, and has to fit into memory.
const WHOLE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Names of fields that are looked for in lines and objects, which may each have their own.
const NAMES_MAX: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Separated by comma, semicolon, tab or bar, quoted where needed, names of the columns first
    Csv,
    /// One JSON object a line
    Jsonl,
    /// One JSON array of objects, by itself or as all that an object holds, as an Open311 server answers
    Json,
    /// One XML element around one for each row, as an Open311 server answers
    Xml,
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
            Some("xml") => Ok(Self::Xml),
            _ => Err(BadUsage::new(format!(
                "{} is named neither .csv, .jsonl, .json nor .xml; say which with --format",
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
        header: Vec<String>,
    },
    Whole {
        /// With their lines; what is wrong with one is its own fault.
        objects: std::vec::IntoIter<(u64, Result<Object, String>)>,
        header: Vec<String>,
    },
}

/// Its values as they are written: a number is not rounded on the way. No name stands in it twice.
struct Object<V = Box<RawValue>>(BTreeMap<String, V>);

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
            Format::Jsonl => {
                let header = names_of_lines(path)?;
                Source::Jsonl { file: survey::open(path)?, line: 0, byte: 0, header }
            }
            Format::Json => of_array(path)?,
            Format::Xml => of_elements(path)?,
        };
        Ok(Self { source, wanted: Vec::new() })
    }

    /// The columns there are, some of them maybe in a few rows only; none where no line of JSON can be read.
    pub fn columns(&self) -> Option<&[String]> {
        match &self.source {
            Source::Jsonl { header, .. } if header.is_empty() => None,
            Source::Csv { header, .. } | Source::Jsonl { header, .. } | Source::Whole { header, .. } => Some(header),
        }
    }

    /// From here on, rows have these columns, in this order.
    ///
    /// # Errors
    /// There are two of a name, and nobody knows which is meant.
    pub fn only(mut self, columns: Vec<String>) -> anyhow::Result<Self> {
        for column in &columns {
            let known = self.columns().unwrap_or_default();
            ensure!(
                known.iter().filter(|known| *known == column).count() <= 1,
                "the first line names {column:?} twice; name one of them otherwise. Nothing was sent"
            );
        }
        self.wanted = columns;
        Ok(self)
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
            Source::Jsonl { file, line, byte, .. } => loop {
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
            Source::Whole { objects, .. } => {
                let (line, object) = objects.next()?;
                let cells = object.map_err(no_object).and_then(|object| of_object(&object, &self.wanted));
                Some(Ok(Row { line, byte: 0, cells }))
            }
        }
    }
}

/// All of a file as text.
fn whole(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = survey::open(path)?.take(WHOLE_BYTES_MAX + 1).read_to_string(&mut text);
    read.with_context(|| format!("reading {}", shown(path)))?;
    ensure!(
        text.len() as u64 <= WHOLE_BYTES_MAX,
        "{} is larger than {WHOLE_BYTES_MAX} bytes; send it as JSONL",
        shown(path)
    );
    Ok(text)
}

/// The objects of one JSON array, and every name that one of them uses.
fn of_array(path: &Path) -> anyhow::Result<Source> {
    let text = whole(path)?;
    let array = serde_json::from_str(&text).or_else(|error| held(&text).ok_or(error)).with_context(|| {
        format!("{} is not one array of objects; with one object a line, name it .jsonl", shown(path))
    })?;
    let (mut objects, mut header) = (Vec::new(), Vec::new());
    let (mut line, mut counted) = (1, 0);
    for value in array {
        // Where the value lies in the text it was read from.
        let at = value.get().as_ptr().addr() - text.as_ptr().addr();
        line += text[counted..at].matches('\n').count() as u64;
        counted = at;
        if !value.get().starts_with('{') {
            bail!("line {line}: {} of the array is no object", objects.len() + 1)
        }
        let object = serde_json::from_str::<Object>(value.get()).map_err(|error| error.to_string());
        note_names(&mut header, object.iter().flat_map(|object| object.0.keys()));
        objects.push((line, object));
    }
    Ok(Source::Whole { objects: objects.into_iter(), header })
}

/// The array that is all an object holds: `{"service_requests": […]}`.
fn held(text: &str) -> Option<Vec<&RawValue>> {
    let Object(fields) = serde_json::from_str::<Object<&RawValue>>(text).ok()?;
    let mut values = fields.into_values();
    let only = values.next().filter(|_| values.next().is_none())?;
    serde_json::from_str(only.get()).ok()
}

/// The rows of one XML file, and every name that one of them uses.
fn of_elements(path: &Path) -> anyhow::Result<Source> {
    let text = whole(path)?;
    let rows = xml::rows(&text).with_context(|| format!("{} cannot be read", shown(path)))?;
    let (mut objects, mut header) = (Vec::new(), Vec::new());
    for row in rows {
        note_names(&mut header, row.fields.iter().map(|(name, _)| name));
        let mut object = BTreeMap::new();
        let mut wrong = None;
        for (name, said) in row.fields {
            // What holds elements itself is no text, as an object is none.
            let value = said.map_or_else(|| to_raw_value(&[(); 0]), |said| to_raw_value(said.trim()))?;
            if object.insert(name.clone(), value).is_some() {
                wrong.get_or_insert(twice(&name));
            }
        }
        objects.push((row.line, wrong.map_or(Ok(Object(object)), Err)));
    }
    Ok(Source::Whole { objects: objects.into_iter(), header })
}

/// Every name that a line of JSONL uses.
fn names_of_lines(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut file = survey::open(path)?;
    let (mut header, mut line) = (Vec::new(), Vec::new());
    while file.read_until(b'\n', &mut line).with_context(|| format!("reading {}", shown(path)))? > 0 {
        let object = (line.len() <= LINE_BYTES_MAX).then(|| serde_json::from_slice::<Object<IgnoredAny>>(&line));
        note_names(&mut header, object.iter().flatten().flat_map(|object| object.0.keys()));
        line.clear();
    }
    Ok(header)
}

fn note_names<'n>(header: &mut Vec<String>, names: impl Iterator<Item = &'n String>) {
    for name in names {
        if header.len() < NAMES_MAX && !header.contains(name) {
            header.push(name.clone());
        }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Object<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Fields<V> {
    type Value = BTreeMap<String, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, V>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(twice(&name)));
            }
            fields.insert(name, value);
        }
        Ok(fields)
    }
}

fn twice(name: &str) -> String {
    format!("{name:?} stands there twice")
}

fn no_object(description: String) -> Unreadable {
    Unreadable { column: None, rule: "json", description }
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
            let wrong = |error: std::str::Utf8Error| Unreadable {
                column: Some(column),
                rule: "encoding",
                description: error.to_string(),
            };
            std::str::from_utf8(bytes).map(str::to_owned).map_err(wrong)
        })
        .collect()
}

fn of_json(text: &[u8], wanted: &[String]) -> Result<Vec<String>, Unreadable> {
    if text.len() > LINE_BYTES_MAX {
        return Err(no_object(format!("the line has {} bytes, at most {LINE_BYTES_MAX} are read", text.len())));
    }
    let object: Object = serde_json::from_slice(text).map_err(|error| no_object(error.to_string()))?;
    of_object(&object, wanted)
}

fn of_object(object: &Object, wanted: &[String]) -> Result<Vec<String>, Unreadable> {
    let cell = |(column, name): (usize, &String)| {
        let Some(value) = object.0.get(name).map(|value| value.get()) else { return Ok(String::new()) };
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
mod tests;
