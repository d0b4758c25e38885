use std::fmt;
use std::str::FromStr;

use ids::Code;

use super::SubjectError;

/// `anchor.<district>.<day>`: what a district's record was at the end of a day (D18). The day is written `2026-11-30`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnchorSubject {
    pub district: Code,
    pub day: String,
}

impl AnchorSubject {
    pub const ALL: &'static str = "anchor.*.*";

    /// The anchors of one district.
    #[must_use]
    pub fn all_in(district: &Code) -> String {
        format!("anchor.{district}.*")
    }

    /// What the first anchor of a district follows, by name.
    #[must_use]
    pub fn chain_of(district: &Code) -> String {
        format!("anchor.{district}")
    }
}

impl fmt::Display for AnchorSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "anchor.{}.{}", self.district, self.day)
    }
}

impl FromStr for AnchorSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: "anchor.<district>.<day>" };
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["anchor", district, day] = tokens[..] else { return Err(wrong()) };
        Ok(Self { district: district.parse().map_err(|_| wrong())?, day: day.to_owned() })
    }
}
