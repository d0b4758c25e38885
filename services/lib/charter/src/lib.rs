//! A district's charter: everything a district decides for itself (organisation, catalogue, levels, limits,
//! colours, weights, calendar, powers, texts) as versioned data, read from YAML and checked as a whole (D7).
//!
//! Start with [`Charter`]; how the files are written is in `deploy/charters/README.md`, how they are read in
//! `parse.rs`. Nothing here reads a clock, a file or the network.
//!
//! Invariants: a [`Charter`] from [`Charter::parse`] is valid, every code it holds resolves; a version never changes,
//! because [`Charter::sources`] is what the record keeps, and [`Charter::from_record`] reads that with every later version
//! of this crate. One of another form than ours may hold codes that resolve to nothing: every look-up gives an `Option`.

mod area;
mod bring_down;
mod calendar;
mod campaign;
mod category;
mod centre;
mod channel;
mod classify;
mod document;
mod duty;
mod evaluation;
mod expects;
mod grading;
mod group;
mod limit;
mod limits;
mod list;
mod lookup;
mod name;
mod organisation;
mod page;
mod parse;
mod party;
mod power;
mod reader;
mod recorded;
mod recurrence;
mod route;
mod shipped;
mod situation;
mod source;
mod text;
mod yaml;

pub use area::Outline;
pub use bring_down::BringDown;
pub use calendar::{Calendar, Deadline, Standstill};
pub use campaign::Campaign;
pub use category::{Category, Colour, Handler, Level, UnknownWord};
pub use centre::{Centre, Seat};
pub use channel::{Bridge, Channel, Way};
pub use classify::Candidate;
pub use document::DocumentKind;
pub use duty::{CommunityItem, CommunityItemKind, DecisionItem, Duty, DutyKind};
pub use evaluation::{
    Component, Containment, ContainmentDefinition, Formula, Publishing, RatingStep, ScoreSource, Tier, Unrated, Yearly,
};
pub use grading::{GradingRow, HandlerKind, Target, When};
pub use group::Group;
pub use limit::{Limit, LimitError, LimitUnit};
pub use limits::{ColourLimits, NamedLimit};
pub use list::Entry;
pub use name::{Name, Provenance};
pub use page::{Means, Page, PostAt};
pub use party::{Party, PartyKind, PartyPattern, SquadTemplate, UnitClass, UnitTemplate};
pub use power::Instrument;
pub use recorded::Recorded;
pub use recurrence::{DISTANCE_M_MAX as RECURRENCE_DISTANCE_M_MAX, Recurrence, WINDOW_DAYS_MAX as RECURRENCE_DAYS_MAX};
pub use route::{Considered, Facts, Route, Why};
pub use shipped::shipped_sources;
pub use situation::Situation;
pub use source::{Problem, SourceFile};
pub use text::{Text, render};
pub use yaml::odd_numbers;

/// One version of one district's rules. The lookups are in `lookup.rs`.
#[derive(Clone, Debug)]
pub struct Charter {
    pub district: ids::Code,
    /// 1 to 32 of `[A-Za-z0-9-]`, one subject token, e.g. `2019-1`.
    pub version: String,
    pub name: Name,
    /// The first day it applies, in the district's time zone.
    pub effective: jiff::civil::Date,
    pub time_zone: jiff::tz::TimeZone,
    /// 0 to 1. A classification below it goes to a human.
    pub confidence_min: f64,
    organisation: organisation::Organisation,
    /// The district's command centre, to which everything falls that is nobody else's.
    centre: Party,
    classification: category::Classification,
    classifier: classify::Classifier,
    grading: Vec<GradingRow>,
    situations: situation::Situations,
    limits: limits::Limits,
    calendar: Calendar,
    evaluation: evaluation::Evaluation,
    channels: Vec<Channel>,
    bridges: Vec<Bridge>,
    campaigns: Vec<Campaign>,
    areas: area::Areas,
    texts: Vec<Text>,
    centres: centre::Centres,
    duties: duty::Duties,
    powers: duty::Powers,
    recurrences: recurrence::Recurrences,
    sources: Vec<SourceFile>,
}
