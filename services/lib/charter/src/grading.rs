//! Who gets a case, and at which level: the ordered rows of `grading.yaml`. The first row that fits
//! decides. What a row leads to at a place is in `route.rs`, what is checked of the table as a whole in `grading/check.rs`.

mod check;

use std::fmt;
use std::str::FromStr;

use ids::Code;
use vocabulary::{CallerClass, CaseKind};

use crate::category::UnknownWord;
use crate::reader::{Cursor, Fields, Kind};
use crate::{Category, Facts, Handler, Level, Name, Provenance, Way};

pub(crate) use check::check;

/// One row of the decision table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradingRow {
    /// What a judgement names as its rule.
    pub code: Code,
    pub when: When,
    /// None: the category's own.
    pub level: Option<Level>,
    pub to: Target,
    pub reason: Name,
    /// A row that a district has switched off is kept, checked, and never decides.
    pub enabled: bool,
    pub provenance: Provenance,
}

/// What must hold for a row to fit: everything that is named here. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The leading category, or one above it.
    pub categories: Vec<Code>,
    /// The leading category's own level.
    pub levels: Vec<Level>,
    /// Who handles the leading category by itself.
    pub handlers: Vec<HandlerKind>,
    pub never_street: Option<bool>,
    /// Whether the leading category names a situation to call under.
    pub situation: Option<bool>,
    /// Distinct legal powers that all categories of the case need together.
    pub powers_at_least: Option<u32>,
    pub powers_at_most: Option<u32>,
    pub channels: Vec<Code>,
    pub ways: Vec<Way>,
    pub classes: Vec<CallerClass>,
    pub kinds: Vec<CaseKind>,
}

/// Where a row sends a case. Written `handler`, `community`, `command-centre`, `enforcement-centre`, `district`,
/// `situation-lead` or `party <code>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Whoever handles the leading category.
    Handler,
    Community,
    CommandCentre,
    EnforcementCentre,
    District,
    /// The department or group that leads the situation of the leading category.
    SituationLead,
    /// A department or group.
    Party(Code),
}

/// A [`Handler`] without saying which unit or squad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandlerKind {
    Grid,
    Community,
    Unit,
    Squad,
    EnforcementCentre,
    CommandCentre,
    District,
}

impl When {
    /// What the row asks of the categories of a case, the leading one first.
    pub(crate) fn fits_category(&self, leading: &Category, powers: usize) -> bool {
        let named = |code: &Code| *code == leading.code || leading.parent.as_ref() == Some(code);
        (self.categories.is_empty() || self.categories.iter().any(named))
            && asks(&self.levels, Some(leading.level))
            && asks(&self.handlers, Some(HandlerKind::of(&leading.handler)))
            && self.never_street.is_none_or(|never| never == leading.never_street)
            && self.situation.is_none_or(|named| named == leading.situation.is_some())
            && self.powers_at_least.is_none_or(|least| powers >= count(least))
            && self.powers_at_most.is_none_or(|most| powers <= count(most))
    }

    pub(crate) fn fits(&self, facts: &Facts<'_>, leading: &Category, powers: usize) -> bool {
        self.fits_category(leading, powers)
            && asks(&self.channels, facts.channel.cloned())
            && asks(&self.ways, facts.way)
            && asks(&self.classes, facts.class)
            && asks(&self.kinds, facts.kind)
    }
}

/// Whether a list that asks for something has it; what is not known fits only where nothing is asked.
fn asks<T: PartialEq>(list: &[T], found: Option<T>) -> bool {
    list.is_empty() || found.is_some_and(|found| list.contains(&found))
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl HandlerKind {
    #[must_use]
    pub const fn of(handler: &Handler) -> Self {
        match handler {
            Handler::Grid => Self::Grid,
            Handler::Community => Self::Community,
            Handler::Unit(_) => Self::Unit,
            Handler::Squad(_) => Self::Squad,
            Handler::EnforcementCentre => Self::EnforcementCentre,
            Handler::StreetCommandCentre => Self::CommandCentre,
            Handler::District => Self::District,
        }
    }
}

impl Target {
    /// Whether a row may send cases of this level here; none is the category's own level.
    const fn fits(&self, level: Option<Level>) -> bool {
        match (self, level) {
            (Self::Handler, None) | (Self::Community, Some(Level::A)) => true,
            (Self::CommandCentre | Self::EnforcementCentre, Some(Level::B1 | Level::B2)) => true,
            (Self::District | Self::SituationLead | Self::Party(_), Some(Level::C | Level::D)) => true,
            (
                Self::Handler
                | Self::Community
                | Self::CommandCentre
                | Self::EnforcementCentre
                | Self::District
                | Self::SituationLead
                | Self::Party(_),
                _,
            ) => false,
        }
    }
}

impl FromStr for Target {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        const EXPECTED: &str =
            "handler, community, command-centre, enforcement-centre, district, situation-lead or party <code>";
        match (text, text.strip_prefix("party ").map(str::parse)) {
            ("handler", _) => Ok(Self::Handler),
            ("community", _) => Ok(Self::Community),
            ("command-centre", _) => Ok(Self::CommandCentre),
            ("enforcement-centre", _) => Ok(Self::EnforcementCentre),
            ("district", _) => Ok(Self::District),
            ("situation-lead", _) => Ok(Self::SituationLead),
            (_, Some(Ok(code))) => Ok(Self::Party(code)),
            (_, Some(Err(_)) | None) => Err(UnknownWord::new(EXPECTED, text)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler => f.write_str("handler"),
            Self::Community => f.write_str("community"),
            Self::CommandCentre => f.write_str("command-centre"),
            Self::EnforcementCentre => f.write_str("enforcement-centre"),
            Self::District => f.write_str("district"),
            Self::SituationLead => f.write_str("situation-lead"),
            Self::Party(code) => write!(f, "party {code}"),
        }
    }
}

impl FromStr for HandlerKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "grid" => Ok(Self::Grid),
            "community" => Ok(Self::Community),
            "unit" => Ok(Self::Unit),
            "squad" => Ok(Self::Squad),
            "enforcement-centre" => Ok(Self::EnforcementCentre),
            "command-centre" => Ok(Self::CommandCentre),
            "district" => Ok(Self::District),
            other => Err(UnknownWord::new(
                "grid, community, unit, squad, enforcement-centre, command-centre or district",
                other,
            )),
        }
    }
}

/// The table, in its order.
pub(crate) fn read(file: Cursor<'_, '_>) -> Vec<GradingRow> {
    let rows = file.map(|fields| {
        let rows = fields.need("rows").map(Cursor::list).unwrap_or_default();
        rows.into_iter().filter_map(|entry| entry.map(row).flatten()).collect()
    });
    rows.unwrap_or_default()
}

fn row(fields: &Fields<'_, '_>) -> Option<GradingRow> {
    let code = fields.declare(Kind::GradingRow);
    let when = fields.need("when").and_then(|cursor| cursor.whole(when));
    let level = fields.need("level").and_then(own_or_level);
    let to: Option<Target> = fields.need("to").and_then(|cursor| {
        let to = cursor.parsed("row-target")?;
        if let Target::Party(code) = &to {
            cursor.refer(Kind::Party, code);
        }
        Some(to)
    });
    let reason = fields.need("reason").and_then(Cursor::name);
    let enabled = fields.get("enabled").map_or(Some(true), |cursor| cursor.flag());
    let provenance = fields.provenance();
    let row =
        GradingRow { code: code?, when: when?, level: level?, to: to?, reason: reason?, enabled: enabled?, provenance };
    if !row.to.fits(row.level) {
        let level = row.level.map_or("the category's own level", Level::as_str);
        fields.cursor.problem("row-level", format!("a case of {level} cannot go to {}", row.to));
    }
    Some(row)
}

/// `own`, or a level.
fn own_or_level(cursor: Cursor<'_, '_>) -> Option<Option<Level>> {
    if cursor.text()? == "own" { Some(None) } else { cursor.parsed("level").map(Some) }
}

fn when(fields: &Fields<'_, '_>) -> When {
    let flag = |key| fields.get(key).and_then(|cursor| cursor.flag());
    let count = |key| fields.get(key).and_then(|cursor| cursor.count());
    let codes = |key, kind| fields.get(key).map(|cursor| filled(cursor).codes(kind)).unwrap_or_default();
    When {
        categories: codes("categories", Kind::Category),
        levels: words(fields, "levels", "level"),
        handlers: words(fields, "handlers", "handler"),
        never_street: flag("never-street"),
        situation: flag("situation"),
        powers_at_least: count("powers-at-least"),
        powers_at_most: count("powers-at-most"),
        channels: codes("channels", Kind::Channel),
        ways: words(fields, "ways", "way"),
        classes: words(fields, "classes", "caller-class"),
        kinds: words(fields, "kinds", "case-kind"),
    }
}

fn words<T: FromStr<Err: ToString>>(fields: &Fields<'_, '_>, key: &'static str, rule: &'static str) -> Vec<T> {
    let Some(cursor) = fields.get(key) else { return Vec::new() };
    filled(cursor).list().into_iter().filter_map(|word| word.parsed(rule)).collect()
}

/// A list with nothing in it would ask for what no case has, and must not be read as asking for nothing.
fn filled<'a, 'r>(cursor: Cursor<'a, 'r>) -> Cursor<'a, 'r> {
    if cursor.list().is_empty() {
        cursor.problem("contradictory-row", "an empty list fits no case; leave the key out to ask for nothing");
    }
    cursor
}
