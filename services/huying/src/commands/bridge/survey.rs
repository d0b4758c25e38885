//! What kind of text a file of rows is, found out before anything is sent: its encoding, what separates its columns, and
//! whether every quote is closed where its cell ends.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, bail};
use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::shown;

/// What may separate columns. Where a first line has several, the one it has most of.
const SEPARATORS: [u8; 4] = *b",;\t|";
const CHUNK_BYTES: usize = 64 * 1024;
/// A file with more letters beyond ASCII than this for each fault is in the encoding in which it has them.
const LETTERS_PER_STRAY: u64 = 4;

/// A file, decoded as it is read.
pub(super) type Decoded = BufReader<Box<dyn Read + Send>>;

/// Opens it as UTF-8, whatever it was written in.
///
/// # Errors
/// It cannot be read, or is neither UTF-8, UTF-16 with a mark, nor GB18030 throughout; where it is not.
pub(super) fn open(path: &Path) -> anyhow::Result<Decoded> {
    let context = || format!("opening {}", shown(path));
    let encoding = encoding(path)?;
    let file = File::open(path).with_context(context)?;
    let decoded = DecodeReaderBytesBuilder::new().encoding(encoding).bom_sniffing(true).strip_bom(true).build(file);
    Ok(BufReader::with_capacity(CHUNK_BYTES, Box::new(decoded)))
}

/// What it has to be decoded from; none where a mark at its beginning says so, or it is UTF-8.
fn encoding(path: &Path) -> anyhow::Result<Option<&'static Encoding>> {
    let mut mark = Vec::new();
    let context = || format!("reading {}", shown(path));
    File::open(path).with_context(context)?.take(3).read_to_end(&mut mark).with_context(context)?;
    let (encoding, reading) = match Encoding::for_bom(&mark) {
        Some((marked, _)) => (marked, Reading::of(path, marked)?),
        None => likelier(Reading::of(path, UTF_8)?, || Reading::of(path, GB18030))?,
    };
    let Some(Stray { line, byte, value }) = reading.stray else {
        return Ok((encoding == GB18030).then_some(encoding));
    };
    let and_more = if reading.strays > 1 { format!(", and {} more", reading.strays - 1) } else { String::new() };
    bail!(
        "{}: line {line}: byte {byte} of the file ({value:#04x}) is no {}, which the file is otherwise{and_more}; mend it \
         or write the file again as UTF-8. Nothing was sent",
        shown(path),
        encoding.name()
    )
}

/// Which of two encodings a file without a mark is in, as it is read in each.
fn likelier(
    utf_8: Reading,
    gb18030: impl FnOnce() -> anyhow::Result<Reading>,
) -> anyhow::Result<(&'static Encoding, Reading)> {
    // Text of another encoding hardly ever reads as UTF-8, so a file that mostly does is UTF-8 with a fault; while GB18030
    // makes something of almost all bytes.
    if utf_8.strays == 0 || utf_8.beyond_ascii > LETTERS_PER_STRAY * utf_8.strays {
        return Ok((UTF_8, utf_8));
    }
    let gb18030 = gb18030()?;
    Ok(if gb18030.strays < utf_8.strays { (GB18030, gb18030) } else { (UTF_8, utf_8) })
}

/// How all of a file reads in one encoding.
struct Reading {
    /// Letters of more than one byte.
    beyond_ascii: u64,
    /// Places that are not of this encoding, and the first of them.
    strays: u64,
    stray: Option<Stray>,
}

struct Stray {
    line: u64,
    /// From 1.
    byte: u64,
    value: u8,
}

impl Reading {
    fn of(path: &Path, encoding: &'static Encoding) -> anyhow::Result<Self> {
        let context = || format!("reading {}", shown(path));
        let mut file = File::open(path).with_context(context)?;
        let mut decoder = encoding.new_decoder();
        // The room is enough for whatever that many bytes become.
        let (mut chunk, mut text) = (vec![0; CHUNK_BYTES], vec![0; 4 * CHUNK_BYTES]);
        let mut reading = Self { beyond_ascii: 0, strays: 0, stray: None };
        let (mut before, mut line) = (0, 1);
        loop {
            let length = file.read(&mut chunk).with_context(context)?;
            let mut from = 0;
            loop {
                let rest = chunk.get(from..length).unwrap_or_default();
                let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, &mut text, length == 0);
                let decoded = text.get(..written).unwrap_or_default();
                reading.beyond_ascii += decoded.iter().filter(|byte| **byte >= 0xC0).count() as u64;
                line += decoded.iter().filter(|byte| **byte == b'\n').count() as u64;
                from += read;
                let DecoderResult::Malformed(bad, after) = result else { break };
                reading.strays += 1;
                let at = (before + from as u64).saturating_sub(u64::from(bad) + u64::from(after));
                reading.stray.get_or_insert(Stray { line, byte: at + 1, value: 0 });
            }
            before += length as u64;
            if length == 0 {
                break;
            }
        }
        if let Some(stray) = &mut reading.stray {
            let mut byte = [0];
            File::open(path).with_context(context)?.read_exact_at(&mut byte, stray.byte - 1).with_context(context)?;
            [stray.value] = byte;
        }
        Ok(reading)
    }
}

/// What separates the columns of a CSV file, by its first line.
///
/// # Errors
/// The file cannot be read.
pub(super) fn separator(path: &Path) -> anyhow::Result<u8> {
    let mut first = Vec::new();
    open(path)?.read_until(b'\n', &mut first).with_context(|| format!("reading {}", shown(path)))?;
    let mut quoted = false;
    let outside: Vec<u8> = first
        .into_iter()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted
        })
        .collect();
    let count = |separator: u8| outside.iter().filter(|byte| **byte == separator).count();
    // Of equally many the one that comes first in the list.
    Ok(SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b','))
}

/// Reads a CSV file through to its end, for a quote that nothing closes, or that a later cell does.
///
/// # Errors
/// There is one, or the file cannot be read.
pub(super) fn check_quotes(path: &Path, separator: u8) -> anyhow::Result<()> {
    let mut records = Records::of(path, separator)?;
    for record in records.by_ref() {
        record.with_context(|| format!("reading {}", shown(path)))?;
    }
    if let Some((line, began)) = records.stray {
        bail!(
            "{}: line {line}: text follows the quote that closes the cell begun on line {began}; if a quote is part of the \
             text, double it, and if the cell ends before it, close it there. Nothing was sent",
            shown(path)
        );
    }
    if let Some(line) = records.open_quote() {
        bail!(
            "{}: the quote that begins on line {line} is never closed, so that everything after it would be one cell; \
             close it, or double it if it is part of the text. Nothing was sent",
            shown(path)
        );
    }
    Ok(())
}

/// The lines on which the records of a CSV file begin (RFC 4180; lines end by LF, CRLF or CR), found by reading quotes,
/// separators and ends of lines alone: a second opinion beside the reader of cells.
pub(super) struct Records {
    file: std::io::Bytes<Decoded>,
    separator: u8,
    line: u64,
    /// After CR: LF is part of the same end.
    after_return: bool,
    at: At,
    quote_opened: u64,
    /// Where something follows a closed quote, and where that quote began: what was read as one cell may be many rows.
    stray: Option<(u64, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    RecordStart,
    FieldStart,
    Field,
    Quoted,
    /// A quote inside a quoted field: its end, or the first of two.
    Quote,
    /// Blanks after the end of a quoted field.
    Closed,
    End,
}

impl Records {
    pub fn of(path: &Path, separator: u8) -> anyhow::Result<Self> {
        let file = open(path)?.bytes();
        Ok(Self { file, separator, line: 1, after_return: false, at: At::RecordStart, quote_opened: 0, stray: None })
    }

    /// Where the quote began that was still open at the end.
    fn open_quote(&self) -> Option<u64> {
        (self.at == At::End && self.quote_opened != 0).then_some(self.quote_opened)
    }

    fn next_record(&mut self) -> std::io::Result<Option<u64>> {
        let mut began = self.line;
        for byte in self.file.by_ref() {
            let byte = byte?;
            let line = self.line;
            let ends_line = byte == b'\r' || byte == b'\n';
            if ends_line && !(byte == b'\n' && self.after_return) {
                self.line += 1;
            }
            self.after_return = byte == b'\r';
            self.at = match self.at {
                At::RecordStart if ends_line => At::RecordStart,
                At::Quoted if byte == b'"' => At::Quote,
                At::Quoted => At::Quoted,
                At::Quote if byte == b'"' => At::Quoted,
                At::FieldStart | At::Field | At::Quote | At::Closed if ends_line => {
                    self.at = At::RecordStart;
                    return Ok(Some(began));
                }
                At::Quote | At::Closed if byte != self.separator => {
                    if byte != b' ' && byte != b'\t' {
                        self.stray.get_or_insert((line, self.quote_opened));
                    }
                    At::Closed
                }
                at @ (At::RecordStart | At::FieldStart | At::Field | At::Quote | At::Closed | At::End) => {
                    if at == At::RecordStart {
                        began = line;
                    }
                    if byte == self.separator {
                        At::FieldStart
                    } else if byte == b'"' && matches!(at, At::RecordStart | At::FieldStart) {
                        self.quote_opened = line;
                        At::Quoted
                    } else {
                        At::Field
                    }
                }
            };
        }
        let unfinished = !matches!(self.at, At::RecordStart | At::End);
        if self.at != At::Quoted {
            self.quote_opened = 0;
        }
        self.at = At::End;
        Ok(unfinished.then_some(began))
    }
}

impl Iterator for Records {
    type Item = std::io::Result<u64>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == At::End { None } else { self.next_record().transpose() }
    }
}
