//! How a command ends that does not succeed.

/// The command line asks for something that makes no sense; exit code 64, unlike what failed and may work later.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadUsage(pub String);

/// The answer was no, and has been printed as the answer; exit code 1 without another word.
#[derive(Debug, thiserror::Error)]
#[error("the answer is on standard output")]
pub struct Answered;

impl BadUsage {
    pub fn new(text: impl std::fmt::Display) -> Self {
        Self(text.to_string())
    }
}
