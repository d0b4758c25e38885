//! Words that the rule books of several services share: where, who, how it ended. GLOSSARY.md says what each means.
//!
//! Values only, and [`mask`], by which free text becomes one that may be recorded. Levels and colours are the
//! charter's words and live there; what only one service knows lives in its `domain/`.

pub mod mask;

use ids::Code;

/// Where something is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The grid, community or street it lies in.
    pub party: Option<Code>,
    /// As the caller said it.
    pub address: String,
    pub point: Option<Point>,
}

/// WGS 84 degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub longitude: f64,
    pub latitude: f64,
}

/// A public official in office, by staff number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    pub staff_ref: String,
    pub post: String,
}

/// How a matter ended, said honestly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Solved,
    /// The rule was shown; nothing more is owed.
    Explained,
    NotAccepted,
    NotSolved,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Solved, Self::Explained, Self::NotAccepted, Self::NotSolved];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solved => "solved",
            Self::Explained => "explained",
            Self::NotAccepted => "not-accepted",
            Self::NotSolved => "not-solved",
        }
    }
}

/// What a called party has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duty {
    Lead,
    Organise,
    Assist,
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseKind {
    Report,
    Service,
    Suggestion,
    Consult,
}

/// Who raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerClass {
    Resident,
    Grassroots,
    Enterprise,
}
