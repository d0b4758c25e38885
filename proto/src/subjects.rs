//! Every NATS subject of the platform, as a type that prints it and reads it back.
//!
//! Requests (`in.`, `ans.`, `clock.`) and streams (everything else) never share a subject: a stream would answer
//! in place of the service. The golden list in `tests/subjects.golden` holds one example of each.

mod anchor;
mod bridge;
mod department;

use std::fmt;
use std::str::FromStr;

use ids::{CaseId, Code, HistoryKey, Kind, Owner, Revision};

pub use anchor::AnchorSubject;
pub use bridge::{BridgeSubject, BridgeVerb};
pub use department::{AnswerSubject, ReadingSubject};

/// The subject is not one of ours, or not of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject:?} is not a subject of the form {form}")]
pub struct SubjectError {
    pub subject: String,
    pub form: &'static str,
}

/// `<kind>.<district>.<id>.<owner>.<revision>`: one commit, written once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommitSubject {
    pub key: HistoryKey,
    pub owner: Owner,
    pub revision: Revision,
}

impl CommitSubject {
    const FORM: &'static str = "<kind>.<district>.<id>.<owner>.<revision>";

    /// Everything all owners decided about one history.
    #[must_use]
    pub fn whole_history(key: &HistoryKey) -> String {
        format!("{key}.>")
    }

    /// Everything one owner decided about one history.
    #[must_use]
    pub fn history_of(key: &HistoryKey, owner: Owner) -> String {
        format!("{key}.{owner}.>")
    }

    /// The chain of commits it is part of (D18), by name: one owner's about one history.
    #[must_use]
    pub fn chain(&self) -> String {
        Self::chain_of(&self.key, self.owner)
    }

    #[must_use]
    pub fn chain_of(key: &HistoryKey, owner: Owner) -> String {
        format!("{key}.{owner}")
    }

    /// Everything one owner decides about histories of one kind in one district.
    #[must_use]
    pub fn all_of_in(kind: Kind, district: &Code, owner: Owner) -> String {
        format!("{}.{district}.*.{owner}.*", kind.as_str())
    }

    /// Everything one owner decides about histories of one kind.
    #[must_use]
    pub fn all_of(kind: Kind, owner: Owner) -> String {
        format!("{}.*.*.{owner}.*", kind.as_str())
    }

    /// Everything decided about histories of one kind in one district.
    #[must_use]
    pub fn all_in(kind: Kind, district: &Code) -> String {
        format!("{}.{district}.>", kind.as_str())
    }
}

impl fmt::Display for CommitSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.key, self.owner, self.revision)
    }
}

impl FromStr for CommitSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: Self::FORM };
        let tokens: Vec<&str> = subject.split('.').collect();
        let [kind, district, id, owner, revision] = tokens[..] else { return Err(wrong()) };
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or_else(wrong)?;
        Ok(Self {
            key: HistoryKey { kind, district: district.parse().map_err(|_| wrong())?, id: id.to_owned() },
            owner: owner.parse().map_err(|_| wrong())?,
            revision: Revision(revision.parse().map_err(|_| wrong())?),
        })
    }
}

/// `filed.<district>.<case>`: the tombstone of a filed case, which says where its history lies. It is no commit, because
/// nobody decided anything about the case; and it stands outside `case.<district>.<case>.>`, so that what matches that
/// can be taken off the record at once, without the broker looking through all that was written since.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FiledSubject {
    pub district: Code,
    pub case: String,
}

impl FiledSubject {
    pub const ALL: &'static str = "filed.*.*";
    const FORM: &'static str = "filed.<district>.<case>";

    /// Whether a subject is that of a tombstone.
    #[must_use]
    pub fn is_one(subject: &str) -> bool {
        subject.starts_with("filed.")
    }

    /// The tombstone a history can get; only cases are filed.
    #[must_use]
    pub fn of(key: &HistoryKey) -> Option<Self> {
        (key.kind == Kind::Case).then(|| Self { district: key.district.clone(), case: key.id.clone() })
    }

    /// Whose tombstone it is.
    #[must_use]
    pub fn key(&self) -> HistoryKey {
        HistoryKey { kind: Kind::Case, district: self.district.clone(), id: self.case.clone() }
    }

    /// The tombstones of one district.
    #[must_use]
    pub fn all_in(district: &Code) -> String {
        format!("filed.{district}.*")
    }
}

impl fmt::Display for FiledSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "filed.{}.{}", self.district, self.case)
    }
}

impl FromStr for FiledSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: Self::FORM };
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["filed", district, case] = tokens[..] else { return Err(wrong()) };
        Ok(Self { district: district.parse().map_err(|_| wrong())?, case: case.to_owned() })
    }
}

/// `call.<department>.<case>.<n>`: an order to a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSubject {
    pub department: Code,
    pub case: CaseId,
    /// Unique within the case: the revision and position of the event that ordered it.
    pub n: String,
}

impl OrderSubject {
    #[must_use]
    pub fn all_for(department: &Code) -> String {
        format!("call.{department}.>")
    }

    /// What one department was ordered on one case.
    #[must_use]
    pub fn all_about(department: &Code, case: &str) -> String {
        format!("call.{department}.{case}.*")
    }
}

impl fmt::Display for OrderSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call.{}.{}.{}", self.department, self.case, self.n)
    }
}

/// `sched.<owner>.<kind>.<district>.<id>` holds the alarm of one history until the broker delivers it on
/// `timer.<owner>.<kind>.<district>.<id>` (D4). One alarm per owner and history: the earliest open deadline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlarmSubject {
    pub owner: Owner,
    pub key: HistoryKey,
}

impl AlarmSubject {
    pub const ALL_SCHEDULES: &'static str = "sched.>";

    /// Where the schedule is kept.
    #[must_use]
    pub fn schedule(&self) -> String {
        format!("sched.{}.{}", self.owner, self.key)
    }

    /// Where it fires.
    #[must_use]
    pub fn timer(&self) -> String {
        format!("timer.{}.{}", self.owner, self.key)
    }

    /// Where every owner keeps its schedule about one history.
    #[must_use]
    pub fn schedules_about(key: &HistoryKey) -> String {
        format!("sched.*.{key}")
    }

    /// Every alarm that fires for one owner.
    #[must_use]
    pub fn all_timers_of(owner: Owner) -> String {
        format!("timer.{owner}.>")
    }

    /// Every schedule of one owner.
    #[must_use]
    pub fn all_schedules_of(owner: Owner) -> String {
        format!("sched.{owner}.>")
    }
}

impl FromStr for AlarmSubject {
    type Err = SubjectError;

    /// Reads either form.
    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: "timer.<owner>.<kind>.<district>.<id>" };
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["sched" | "timer", owner, kind, district, id] = tokens[..] else { return Err(wrong()) };
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or_else(wrong)?;
        Ok(Self {
            owner: owner.parse().map_err(|_| wrong())?,
            key: HistoryKey { kind, district: district.parse().map_err(|_| wrong())?, id: id.to_owned() },
        })
    }
}

/// `charter.<district>.<version>`: one version of a district's rules, immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterSubject {
    pub district: Code,
    pub version: String,
}

impl CharterSubject {
    const FORM: &'static str = "charter.<district>.<version>";
    pub const ALL: &'static str = "charter.*.*";
}

impl fmt::Display for CharterSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "charter.{}.{}", self.district, self.version)
    }
}

impl FromStr for CharterSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let other = || SubjectError { subject: subject.to_owned(), form: Self::FORM };
        let mut tokens = subject.split('.');
        match (tokens.next(), tokens.next().map(str::parse), tokens.next(), tokens.next()) {
            (Some("charter"), Some(Ok(district)), Some(version), None) => {
                Ok(Self { district, version: version.to_owned() })
            }
            _ => Err(other()),
        }
    }
}

/// Which of a consumer's messages a dead letter is: its position in the stream, written `4711`, and `4711-2` when it was
/// handed back once and failed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterPosition {
    pub sequence: u64,
    /// Counted from 1.
    pub attempt: u32,
}

impl LetterPosition {
    const FORM: &'static str = "<stream sequence> or <stream sequence>-<attempt>";
}

impl fmt::Display for LetterPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            0 | 1 => write!(f, "{}", self.sequence),
            attempt => write!(f, "{}-{attempt}", self.sequence),
        }
    }
}

impl FromStr for LetterPosition {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let (sequence, attempt) = text.split_once('-').unwrap_or((text, "1"));
        match (sequence.parse(), attempt.parse()) {
            (Ok(sequence), Ok(attempt)) => Ok(Self { sequence, attempt }),
            _ => Err(SubjectError { subject: text.to_owned(), form: Self::FORM }),
        }
    }
}

/// `dlq.<consumer>.<position>`: a message that could not be handled, kept once; and `retry.<consumer>.<position>`, by which
/// it is handed back to that consumer, and `dlq-end.<consumer>.<position>`, what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterSubject {
    pub consumer: String,
    pub position: LetterPosition,
}

impl DeadLetterSubject {
    pub const ALL: &'static str = "dlq.*.*";
    pub const ALL_RETRIES: &'static str = "retry.*.*";
    pub const ALL_ENDS: &'static str = "dlq-end.*.*";

    #[must_use]
    pub fn all_of(consumer: &str) -> String {
        format!("dlq.{consumer}.*")
    }

    /// Where the letter goes to be handled once more.
    #[must_use]
    pub fn retry(&self) -> String {
        format!("retry.{}.{}", self.consumer, self.position)
    }

    /// Where it stays what was decided about the letter.
    #[must_use]
    pub fn end(&self) -> String {
        format!("dlq-end.{}.{}", self.consumer, self.position)
    }

    #[must_use]
    pub fn all_retries_of(consumer: &str) -> String {
        format!("retry.{consumer}.*")
    }
}

impl fmt::Display for DeadLetterSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dlq.{}.{}", self.consumer, self.position)
    }
}

/// `vault.<district>.<name>` and `key.<district>.<name>`: what is kept of a person, sealed, and the key that opens it (D8). The
/// name is a keyed hash, of whom only the service knows that keeps people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonSubject;

impl PersonSubject {
    pub const ALL_SEALED: &'static str = "vault.*.*";
    pub const ALL_KEYS: &'static str = "key.*.*";

    /// `name` is `<district>.<name>`.
    #[must_use]
    pub fn sealed(name: &str) -> String {
        format!("vault.{name}")
    }

    /// As there.
    #[must_use]
    pub fn key(name: &str) -> String {
        format!("key.{name}")
    }
}

/// `spot.<district>.<category>.<where>.<day>.<case>`: a case at a place, for as long as it matters whether the problem
/// comes back there. `where` is a word without dots for the place; `day`, `yymmdd`, is when the case came to be
/// there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpotSubject {
    pub district: Code,
    pub category: Code,
    pub at: String,
    pub day: String,
    pub case: CaseId,
}

impl SpotSubject {
    pub const ALL: &'static str = "spot.*.*.*.*.*";

    /// Every case at one place.
    #[must_use]
    pub fn all_at(district: &Code, category: &Code, at: &str) -> String {
        format!("spot.{district}.{category}.{at}.*.*")
    }

    /// Every case that came to be at one place on one day.
    #[must_use]
    pub fn all_of_day(district: &Code, category: &Code, at: &str, day: &str) -> String {
        format!("spot.{district}.{category}.{at}.{day}.*")
    }
}

impl fmt::Display for SpotSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { district, category, at, day, case } = self;
        write!(f, "spot.{district}.{category}.{at}.{day}.{case}")
    }
}

impl FromStr for SpotSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let form = "spot.<district>.<category>.<where>.<day>.<case>";
        let wrong = || SubjectError { subject: subject.to_owned(), form };
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["spot", district, category, at, day, case] = tokens[..] else { return Err(wrong()) };
        Ok(Self {
            district: district.parse().map_err(|_| wrong())?,
            category: category.parse().map_err(|_| wrong())?,
            at: at.to_owned(),
            day: day.to_owned(),
            case: case.parse().map_err(|_| wrong())?,
        })
    }
}

/// `clock.seen`: asks every process which version of the clock it goes by (D9).
pub const CLOCK_SEEN: &str = "clock.seen";
