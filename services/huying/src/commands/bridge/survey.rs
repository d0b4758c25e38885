//! What kind of text a file of rows is, found out before anything is sent: its encoding, what separates its columns, and
//! whether every quote is closed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::shown;

/// What may separate columns. Where a first line has several, the one it has most of.
const SEPARATORS: [u8; 4] = *b",;\t|";
const CHUNK_BYTES: usize = 64 * 1024;

/// A file, decoded as it is read.
pub(super) type Decoded = BufReader<Box<dyn Read + Send>>;

/// Opens it as UTF-8, whatever it was written in. What is neither UTF-8, UTF-16 with a mark, nor GB18030 throughout stays
/// as it is, so that the rows that cannot be read are named.
pub(super) fn open(path: &Path) -> anyhow::Result<Decoded> {
    let context = || format!("opening {}", shown(path));
    let encoding = encoding(path)?;
    let file = File::open(path).with_context(context)?;
    let decoded = DecodeReaderBytesBuilder::new()
        .encoding((encoding != UTF_8).then_some(encoding))
        .bom_sniffing(true)
        .strip_bom(true)
        .build(file);
    Ok(BufReader::with_capacity(CHUNK_BYTES, Box::new(decoded)))
}

fn encoding(path: &Path) -> anyhow::Result<&'static Encoding> {
    if decodes(path, UTF_8)? || !decodes(path, GB18030)? { Ok(UTF_8) } else { Ok(GB18030) }
}

/// Whether all of it is of that encoding. A mark at the beginning says so by itself.
fn decodes(path: &Path, encoding: &'static Encoding) -> anyhow::Result<bool> {
    let context = || format!("reading {}", shown(path));
    let mut file = File::open(path).with_context(context)?;
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut bytes, mut text) = (vec![0; CHUNK_BYTES], vec![0; 4 * CHUNK_BYTES]);
    let mut first = true;
    loop {
        let read = file.read(&mut bytes).with_context(context)?;
        if std::mem::take(&mut first) && Encoding::for_bom(&bytes[..read]).is_some() {
            return Ok(encoding == UTF_8);
        }
        // The room is enough for whatever that many bytes become.
        let (result, ..) = decoder.decode_to_utf8_without_replacement(&bytes[..read], &mut text, read == 0);
        match result {
            DecoderResult::Malformed(..) => return Ok(false),
            DecoderResult::InputEmpty | DecoderResult::OutputFull if read == 0 => {
                return Ok(true);
            }
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
        }
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

/// Reads a CSV file through to its end, for a quote that nothing closes.
///
/// # Errors
/// There is one, or the file cannot be read.
pub(super) fn check_quotes(path: &Path, separator: u8) -> anyhow::Result<()> {
    let mut records = Records::of(path, separator)?;
    for record in records.by_ref() {
        record?;
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
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    RecordStart,
    FieldStart,
    Field,
    Quoted,
    /// A quote inside a quoted field: its end, or the first of two.
    Quote,
    End,
}

impl Records {
    pub fn of(path: &Path, separator: u8) -> anyhow::Result<Self> {
        let file = open(path)?.bytes();
        Ok(Self { file, separator, line: 1, after_return: false, at: At::RecordStart, quote_opened: 0 })
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
                At::FieldStart | At::Field | At::Quote if ends_line => {
                    self.at = At::RecordStart;
                    return Ok(Some(began));
                }
                at @ (At::RecordStart | At::FieldStart | At::Field | At::Quote | At::End) => {
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
