use std::fmt;

/// One file of a charter, as stored and as embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the charter's folder, e.g. `organisation.yaml`.
    pub path: String,
    pub text: String,
}

/// One fault of a charter, written `organisation.yaml:12:5: weights-sum-100: …`.
///
/// Sorted by file, then line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: String,
    /// Counted from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Counted from 1; 0 when the whole file is meant.
    pub column: u32,
    /// A stable code, documented in `deploy/charters/README.md`.
    pub rule: &'static str,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}: {}", self.file, self.line, self.column, self.rule, self.message)
    }
}

impl std::error::Error for Problem {}
