//! Standard output, where a reader may go away at any time: `huying tail | head` is no failure.

use std::io::{ErrorKind, Write};

/// Whoever read our answer has heard enough.
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output went away")]
pub struct ReaderGone;

/// Prints one line.
///
/// # Errors
/// [`ReaderGone`], or the output cannot be written.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
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
