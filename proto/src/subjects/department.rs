//! What a department asks.

use std::fmt;
use std::str::FromStr;

use ids::Code;

use super::SubjectError;

/// `ans.<department>.call`: a department's answer, a request to dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSubject {
    pub department: Code,
}

impl AnswerSubject {
    /// What dispatch listens to.
    pub const ALL: &'static str = "ans.*.call";
}

impl fmt::Display for AnswerSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ans.{}.call", self.department)
    }
}

impl FromStr for AnswerSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: "ans.<department>.call" };
        let department = subject.strip_prefix("ans.").and_then(|rest| rest.strip_suffix(".call")).ok_or_else(wrong)?;
        Ok(Self { department: department.parse().map_err(|_| wrong())? })
    }
}

/// `ans.<department>.read`: an order as it came, given back as JSON, for a department that has nothing to read protobuf with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingSubject {
    pub department: Code,
}

impl ReadingSubject {
    /// What dispatch listens to.
    pub const ALL: &'static str = "ans.*.read";
}

impl fmt::Display for ReadingSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ans.{}.read", self.department)
    }
}
