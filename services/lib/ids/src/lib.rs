//! The names of things: district, party, case, command, commit and revision, each a type of its own.
//!
//! A value in hand is already valid. Parse at the edge, keep the type, drop the string. Start with
//! [`CaseId`] (design of the identifier a citizen reads out on the telephone), then [`Code`] (everything a
//! charter names).

mod case_id;
mod code;
mod owner;

pub use case_id::{CaseId, CaseIdError};
pub use code::{Code, CodeError, CommandId, CommandIdError};
pub use owner::{Owner, UnknownOwner};

/// Position of a commit in the history one owner keeps of one case, counted from 1 without gaps (I4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first commit.
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One history: `<kind>.<district>.<id>`. A case is the kind everybody means; other aggregates (rosters,
/// periods) are kept the same way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HistoryKey {
    pub kind: Kind,
    pub district: Code,
    /// A case id or a code, both safe as one subject token.
    pub id: String,
}

impl HistoryKey {
    #[must_use]
    pub fn case(district: Code, id: &CaseId) -> Self {
        Self { kind: Kind::Case, district, id: id.to_string() }
    }
}

impl std::fmt::Display for HistoryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.kind.as_str(), self.district, self.id)
    }
}

/// What a history is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One matter somebody raised.
    Case,
    /// Who sits in a street's enforcement centre, resident or on call.
    Roster,
    /// One assessment period of one district, or one ballot of a street.
    Period,
    /// One question to every household of a place.
    Poll,
    /// One officer, and whose they are.
    Staff,
    /// Papers of one place and year, in the order of their numbers: the documents of a centre, a district's letters
    /// on personnel.
    Register,
    /// One project on which streets are heard.
    Consultation,
    /// What one street asks for by itself.
    Suggestion,
    /// One letter on somebody posted to a street.
    Personnel,
    /// One work that a street signs off.
    SignOff,
    /// The funds of one street in one year.
    Funds,
    /// The posts of one unit.
    Headcount,
    /// What one street says of those posted to it in one period.
    Allowance,
    /// Somebody of whom it is kept how to reach them, and who read it (D8).
    Person,
}

impl Kind {
    pub const ALL: [Self; 14] = [
        Self::Case,
        Self::Roster,
        Self::Period,
        Self::Poll,
        Self::Staff,
        Self::Register,
        Self::Consultation,
        Self::Suggestion,
        Self::Personnel,
        Self::SignOff,
        Self::Funds,
        Self::Headcount,
        Self::Allowance,
        Self::Person,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Roster => "roster",
            Self::Period => "period",
            Self::Poll => "poll",
            Self::Staff => "staff",
            Self::Register => "register",
            Self::Consultation => "consultation",
            Self::Suggestion => "suggestion",
            Self::Personnel => "personnel",
            Self::SignOff => "sign-off",
            Self::Funds => "funds",
            Self::Headcount => "headcount",
            Self::Allowance => "allowance",
            Self::Person => "person",
        }
    }
}
