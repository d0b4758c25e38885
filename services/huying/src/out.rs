//! Standard output, where a reader may go away at any time: `huying tail | head` is no failure.

use std::io::{ErrorKind, Write};

use comfy_table::{ContentArrangement, Row, Table, presets};
use vocabulary::text::stray_control;

/// What every command is told besides its own flags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Whether to colour standard output.
    pub colour: bool,
}

/// Whoever read our answer has heard enough.
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output went away")]
pub struct ReaderGone;

/// Prints one line.
///
/// # Errors
/// [`ReaderGone`], or the output cannot be written.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    self::text(format_args!("{text}\n"))
}

/// Prints what has its line ends already.
///
/// # Errors
/// As [`line`].
pub fn text(text: impl std::fmt::Display) -> anyhow::Result<()> {
    match write!(std::io::stdout().lock(), "{text}") {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(error) => Err(error.into()),
    }
}

/// Prints bytes that are no text, or have their line ends already.
///
/// # Errors
/// As [`line`].
pub fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(error) => Err(error.into()),
    }
}

/// Prints an answer for programs.
///
/// # Errors
/// As [`line`].
pub fn json(answer: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(answer)?)
}

/// A text from outside as it can be shown on one line: what would move the terminal is written out.
pub fn plain(text: &str) -> String {
    shown(text, false)
}

/// The same of a text that may have lines.
pub fn plain_lines(text: &str) -> String {
    shown(text, true)
}

fn shown(text: &str, has_lines: bool) -> String {
    let shown = |character: char| match stray_control(character.encode_utf8(&mut [0; 4]), has_lines) {
        Some(_) => character.escape_unicode().to_string(),
        None => character.to_string(),
    };
    text.chars().map(shown).collect()
}

/// A table without lines, whose rows are as long as they are: whoever greps needs each on one line.
pub fn table(header: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table
}

/// The lines of a table, flush left.
pub fn lines_of(mut table: Table) -> Vec<String> {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_terminal_is_written_out() {
        assert_eq!(plain("红\u{1b}[31m字\n二行\u{202e}"), "红\\u{1b}[31m字\\u{a}二行\\u{202e}");
        assert_eq!(plain_lines("一行\n\t二行\u{7}"), "一行\n\t二行\\u{7}");
    }
}
