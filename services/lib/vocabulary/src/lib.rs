//! Words that the rule books of several services share: where, who, how it ended. GLOSSARY.md says what each means.
//!
//! Values only, [`mask`], by which free text becomes one that may be recorded, and [`limit`], when a limit is over. Levels and colours are the
//! charter's words and live there; what only one service knows lives in its `domain/`.

pub mod limit;
pub mod mask;
pub mod number;
mod pii;
pub mod reference;
pub mod staff;
pub mod text;

use ids::Code;

pub use pii::Pii;

/// Where something is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The grid, community or street it lies in.
    pub party: Option<Code>,
    /// As the caller said it.
    pub address: String,
    pub point: Option<Point>,
}

impl Place {
    /// Where on the map it is, if that is known. Zero and zero, in the sea off Africa, is what devices say that do not
    /// know.
    #[must_use]
    pub fn position(&self) -> Option<Point> {
        self.point.filter(|point| *point != Point { longitude: 0.0, latitude: 0.0 })
    }
}

/// WGS 84 degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub longitude: f64,
    pub latitude: f64,
}

/// Mean radius of the earth in metres (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

impl Point {
    /// Metres along the surface, by the haversine formula.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let chord =
            half(other.latitude - self.latitude) + from.cos() * to.cos() * half(other.longitude - self.longitude);
        2.0 * EARTH_RADIUS_M * chord.clamp(0.0, 1.0).sqrt().asin()
    }
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

impl CaseKind {
    pub const ALL: [Self; 4] = [Self::Report, Self::Service, Self::Suggestion, Self::Consult];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Service => "service",
            Self::Suggestion => "suggestion",
            Self::Consult => "consult",
        }
    }
}

impl std::str::FromStr for CaseKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is not report, service, suggestion or consult"))
    }
}

/// Who raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerClass {
    Resident,
    Grassroots,
    Enterprise,
}

impl CallerClass {
    pub const ALL: [Self; 3] = [Self::Resident, Self::Grassroots, Self::Enterprise];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Grassroots => "grassroots",
            Self::Enterprise => "enterprise",
        }
    }
}

impl std::str::FromStr for CallerClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|class| class.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is not resident, grassroots or enterprise"))
    }
}

/// How far dispatch is with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    /// Nobody has it yet, or somebody works on it.
    Open,
    /// It is answered, and waits for who rates it.
    Answered,
    /// Over: what is closed stays closed (D11).
    Closed,
}
