use std::fmt;
use std::str::FromStr;

use ids::Code;

use super::SubjectError;

/// What a message in the stream EVIDENCE is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvidenceNote {
    /// What is known of a file, by the hash of its content.
    Known,
    /// A content that no request may ever name, by the name of its object.
    Waiting,
    /// A file that has not been looked through for malware, by its hash.
    Unchecked,
}

impl EvidenceNote {
    pub const ALL: [Self; 3] = [Self::Known, Self::Waiting, Self::Unchecked];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Waiting => "waiting",
            Self::Unchecked => "unchecked",
        }
    }

    /// All of this sort, in every district.
    #[must_use]
    pub fn of_all(self) -> String {
        format!("evidence.{}.*.*", self.as_str())
    }
}

/// `evidence.<note>.<district>.<name>`: what is known or still to be done of one file somebody sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EvidenceSubject {
    pub note: EvidenceNote,
    pub district: Code,
    pub name: String,
}

impl EvidenceSubject {
    pub const ALL: &'static str = "evidence.*.*.*";
}

impl fmt::Display for EvidenceSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evidence.{}.{}.{}", self.note.as_str(), self.district, self.name)
    }
}

impl FromStr for EvidenceSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: "evidence.<note>.<district>.<name>" };
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["evidence", note, district, name] = tokens[..] else { return Err(wrong()) };
        let note = EvidenceNote::ALL.into_iter().find(|known| known.as_str() == note).ok_or_else(wrong)?;
        Ok(Self { note, district: district.parse().map_err(|_| wrong())?, name: name.to_owned() })
    }
}
