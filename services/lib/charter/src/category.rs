//! What a case can be about, and who does it at its level: `categories.yaml`.

use std::fmt;
use std::str::FromStr;

use ids::Code;
use serde::{Deserialize, Serialize};

use crate::attribute::{Attribute, attributes};
use crate::list::{Entry, entries};
use crate::reader::{Cursor, Fields, Kind, Report};
use crate::{Duty, DutyKind, Name, Provenance, SquadTemplate};

/// One entry of the unified classification tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    pub code: Code,
    pub name: Name,
    pub parent: Option<Code>,
    /// Chinese words that speak for this category, for [`crate::Charter::classify`].
    pub keywords: Vec<String>,
    pub level: Level,
    /// The distinct legal powers its solution needs; two or more make it a matter of the enforcement centre.
    pub powers: Vec<Code>,
    pub handler: Handler,
    /// Who else is able, none of them below the handler.
    pub able: Vec<Handler>,
    /// The street's duty it falls under.
    pub duty: Option<Code>,
    /// The catalogue entry under which the street calls; every B2 category has one.
    pub situation: Option<Code>,
    /// The colour a call on it starts with, if not the situation's.
    pub colour: Option<Colour>,
    /// A named limit for completion, if not the level's.
    pub limit: Option<Code>,
    /// Nothing of it is solved without evidence.
    pub evidence: bool,
    /// What is asked of whoever reports it.
    pub attributes: Vec<Attribute>,
    /// Taken from the duties of streets, so its handler is the district.
    pub never_street: bool,
    pub provenance: Provenance,
}

/// Who is able to solve a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// The community.
    A,
    /// The street with its own units and squads.
    B1,
    /// The street, calling district departments.
    B2,
    /// The district.
    C,
    /// The city.
    D,
}

impl Level {
    pub const ALL: [Self; 5] = [Self::A, Self::B1, Self::B2, Self::C, Self::D];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B1 => "B1",
            Self::B2 => "B2",
            Self::C => "C",
            Self::D => "D",
        }
    }
}

/// How urgent a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    Red,
    Yellow,
    Blue,
}

impl Colour {
    /// From the most urgent.
    pub const ALL: [Self; 3] = [Self::Red, Self::Yellow, Self::Blue];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
        }
    }
}

/// Who does it at its level. Written `grid`, `community`, `unit public-safety`, `squad police`,
/// `enforcement-centre`, `command-centre` or `district`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Handler {
    /// The grid of the place, or the community if the place has no grid.
    Grid,
    Community,
    /// A unit of the street template.
    Unit(String),
    /// A squad of the squad template.
    Squad(String),
    EnforcementCentre,
    StreetCommandCentre,
    District,
}

impl Handler {
    /// How far up it stands: the lowest that is able has the case.
    const fn rung(&self) -> u8 {
        match self {
            Self::Grid => 0,
            Self::Community => 1,
            Self::Unit(_) | Self::Squad(_) => 2,
            Self::StreetCommandCentre => 3,
            Self::EnforcementCentre => 4,
            Self::District => 5,
        }
    }

    /// Whether a category of this level may be handled here.
    const fn fits(&self, level: Level) -> bool {
        match (level, self) {
            (Level::A, Self::Grid | Self::Community) | (Level::C | Level::D, Self::District) => true,
            (Level::B1, Self::Unit(_) | Self::Squad(_) | Self::EnforcementCentre | Self::StreetCommandCentre) => true,
            (Level::B2, Self::EnforcementCentre | Self::StreetCommandCentre) => true,
            (Level::A | Level::B1 | Level::B2 | Level::C | Level::D, _) => false,
        }
    }
}

/// Why a word is none of the few the charter knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, not {found:?}")]
pub struct UnknownWord {
    pub expected: &'static str,
    pub found: String,
}

impl UnknownWord {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.to_owned() }
    }
}

impl FromStr for Level {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|level| level.as_str() == text);
        found.ok_or_else(|| UnknownWord::new("A, B1, B2, C or D", text))
    }
}

impl FromStr for Colour {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|colour| colour.as_str() == text);
        found.ok_or_else(|| UnknownWord::new("red, yellow or blue", text))
    }
}

impl FromStr for Handler {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        const EXPECTED: &str =
            "grid, community, unit <code>, squad <code>, enforcement-centre, command-centre or district";
        match (text, text.split_once(' ')) {
            ("grid", _) => Ok(Self::Grid),
            ("community", _) => Ok(Self::Community),
            ("enforcement-centre", _) => Ok(Self::EnforcementCentre),
            ("command-centre", _) => Ok(Self::StreetCommandCentre),
            ("district", _) => Ok(Self::District),
            (_, Some(("unit", code))) => Ok(Self::Unit(code.to_owned())),
            (_, Some(("squad", code))) => Ok(Self::Squad(code.to_owned())),
            _ => Err(UnknownWord::new(EXPECTED, text)),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Classification {
    pub legal_powers: Vec<Entry>,
    pub categories: Vec<Category>,
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Classification {
    file.map(|fields| {
        let legal_powers = entries(fields, "legal-powers", Kind::LegalPower);
        let written = fields.list("categories").into_iter();
        let categories: Vec<_> = written.filter_map(|entry| entry.map(category).flatten()).collect();
        check_tree(&categories, file.report);
        Classification { legal_powers, categories }
    })
    .unwrap_or_default()
}

fn category(fields: &Fields<'_, '_>) -> Option<Category> {
    let code = fields.declare(Kind::Category);
    let name = fields.name();
    let level = fields.need("level").and_then(|cursor| cursor.parsed("level"));
    let handler = fields.need("handler").and_then(named_handler);
    let parent = fields.reference("parent", Kind::Category);
    let situation = fields.reference("situation", Kind::Situation);
    let category = Category {
        parent,
        keywords: fields.list("keywords").into_iter().filter_map(|cursor| cursor.filled()).collect(),
        powers: fields.get("powers").map(|cursor| cursor.codes(Kind::LegalPower)).unwrap_or_default(),
        able: fields.list("able").into_iter().filter_map(named_handler).collect(),
        duty: fields.reference("duty", Kind::Duty),
        situation,
        colour: fields.get("colour").and_then(|cursor| cursor.parsed("colour")),
        limit: fields.reference("limit", Kind::Limit),
        evidence: fields.get("evidence").is_some_and(needs_evidence),
        attributes: attributes(fields),
        never_street: fields.get("never-street").and_then(|cursor| cursor.flag()).unwrap_or_default(),
        provenance: fields.provenance(),
        code: code?,
        name: name?,
        level: level?,
        handler: handler?,
    };
    check(&category, fields.cursor);
    Some(category)
}

fn named_handler(cursor: Cursor<'_, '_>) -> Option<Handler> {
    let handler = cursor.parsed("handler")?;
    refer(&handler, cursor);
    Some(handler)
}

/// Another word than ours asks for no less.
fn needs_evidence(cursor: Cursor<'_, '_>) -> bool {
    if cursor.text().is_none_or(|word| word != "required") {
        cursor.problem("evidence-word", "evidence is required, or the key is left out");
    }
    true
}

fn refer(handler: &Handler, cursor: Cursor<'_, '_>) {
    let (kind, code) = match handler {
        Handler::Unit(code) => (Kind::Unit, code),
        Handler::Squad(code) => (Kind::Squad, code),
        Handler::Grid
        | Handler::Community
        | Handler::EnforcementCentre
        | Handler::StreetCommandCentre
        | Handler::District => return,
    };
    match code.parse() {
        Ok(code) => cursor.refer(kind, &code),
        Err(error) => cursor.problem("code-grammar", error.to_string()),
    }
}

fn check(category: &Category, cursor: Cursor<'_, '_>) {
    let Category { code, level, .. } = category;
    if !category.handler.fits(*level) {
        cursor.problem("level-handler", format!("{code} is of level {level}, which this handler is not"));
    }
    if let Some(below) = category.able.iter().find(|able| able.rung() < category.handler.rung()) {
        cursor
            .problem("lowest-able-handles", format!("{code} is given to a handler above one that is able: {below:?}"));
    }
    if *level == Level::B2 && category.situation.is_none() {
        cursor.problem("b2-situation", format!("{code} is of level B2 but names no situation to call under"));
    }
    if category.powers.len() > 1 && matches!(category.handler, Handler::Squad(_)) {
        cursor.problem("one-power-per-squad", format!("{code} needs several powers, but goes to a single squad"));
    }
    if category.never_street && category.handler != Handler::District {
        cursor.problem("never-street", format!("{code} is no duty of a street, so its handler is the district"));
    }
}

fn check_tree(categories: &[Category], report: &Report<'_>) {
    let above = |category: &&Category| categories.iter().find(|other| category.parent.as_ref() == Some(&other.code));
    for category in categories {
        let mut ancestors = std::iter::successors(above(&category), above).take(categories.len());
        if ancestors.any(|other| other.code == category.code)
            && let Some(at) = report.place_of(Kind::Category, &category.code)
        {
            report.add(at, "tree-has-no-cycle", format!("{} stands above itself", category.code));
        }
    }
}

/// A single squad can only use the power it holds.
pub(crate) fn check_powers(categories: &[Category], squads: &[SquadTemplate], report: &Report<'_>) {
    for category in categories {
        let Handler::Squad(code) = &category.handler else { continue };
        let (Some(squad), [power]) = (squads.iter().find(|squad| squad.code.as_str() == code), &category.powers[..])
        else {
            continue;
        };
        if let Some(at) =
            report.place_of(Kind::Category, &category.code).filter(|_| squad.power.as_ref() != Some(power))
        {
            report.add(at, "squad-holds-power", format!("the squad {code} does not hold the power {power}"));
        }
    }
}

/// Whoever only assists in a duty does not have its cases.
pub(crate) fn check_duties(categories: &[Category], duties: &[Duty], report: &Report<'_>) {
    for category in categories.iter().filter(|category| category.level < Level::C) {
        let Some(duty) = duties.iter().find(|duty| category.duty.as_ref() == Some(&duty.code)) else { continue };
        if duty.kind == DutyKind::Assist
            && let Some(at) = report.place_of(Kind::Category, &category.code)
        {
            let message = format!("{} is the street's, which only assists in {}", category.code, duty.code);
            report.add(at, "duty-is-led", message);
        }
    }
}
