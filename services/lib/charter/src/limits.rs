//! How long everything may take: `limits.yaml` (R-37 and the working limits of practice).

use ids::Code;

use crate::category::Category;
use crate::reader::{Cursor, Fields, Kind, Report};
use crate::{Colour, Level, Limit, Means, Provenance};

/// Named limits every charter has, because services ask for them.
pub(crate) const LIMITS_REQUIRED: [&str; 6] = ["judgement", "rating", "notice", "seat", "adjudication", "city-answer"];
/// And those that are asked for where there are any.
const LIMITS_OPTIONAL: [&str; 4] = ["filing", "help-wait", "opinion", "personnel-reply"];

/// What a call of one colour asks for. All three run from the moment of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColourLimits {
    /// Until a department has acknowledged and named the person.
    pub response: Limit,
    /// Until the person is there.
    pub report_in: Limit,
    /// Until the matter is done.
    pub completion: Limit,
    /// Roles told at once when a call of this colour goes out, or one takes this colour.
    pub pages: Vec<Code>,
    /// How they are reached; empty: as everybody is told.
    pub means: Vec<Means>,
    /// A call of this colour of which a clock runs out takes the next more urgent one.
    pub raise_on_overdue: bool,
    pub provenance: Provenance,
}

/// A limit with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLimit {
    pub code: Code,
    pub limit: Limit,
    pub provenance: Provenance,
}

#[derive(Clone, Debug)]
pub(crate) struct Limits {
    colours: [ColourLimits; 3],
    levels: [Limit; 5],
    pub named: Vec<NamedLimit>,
    /// Parts of the time of a call after which its parties are reminded, in percent, ascending.
    pub reminders: Vec<u8>,
    /// Levels at which nothing is solved without evidence.
    pub evidence: Vec<Level>,
}

impl Limits {
    pub fn colour(&self, colour: Colour) -> &ColourLimits {
        let [red, yellow, blue] = &self.colours;
        match colour {
            Colour::Red => red,
            Colour::Yellow => yellow,
            Colour::Blue => blue,
        }
    }

    pub fn named(&self, code: &str) -> Option<&Limit> {
        self.named.iter().find(|named| named.code.as_str() == code).map(|named| &named.limit)
    }

    pub fn level(&self, level: Level) -> &Limit {
        let [a, b1, b2, c, d] = &self.levels;
        match level {
            Level::A => a,
            Level::B1 => b1,
            Level::B2 => b2,
            Level::C => c,
            Level::D => d,
        }
    }
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Option<Limits> {
    file.map(|fields| {
        let colours = fields.need("colours").and_then(|cursor| cursor.map(colours).flatten());
        let levels = fields.need("completion").and_then(|cursor| cursor.map(levels).flatten());
        let named = fields.list("limits").into_iter().filter_map(|entry| entry.map(named).flatten()).collect();
        let reminders = fields.get("reminders").map(reminders).unwrap_or_default();
        let evidence = fields.list("evidence").into_iter().filter_map(|level| level.parsed("level")).collect();
        Some(Limits { colours: colours?, levels: levels?, named, reminders, evidence })
    })?
}

/// A limit that nothing asks for promises what nobody keeps.
pub(crate) fn check(limits: &Limits, categories: &[Category], report: &Report<'_>) {
    let asked_for = |code: &Code| {
        LIMITS_REQUIRED.contains(&code.as_str())
            || LIMITS_OPTIONAL.contains(&code.as_str())
            || categories.iter().any(|category| category.limit.as_ref() == Some(code))
    };
    for named in limits.named.iter().filter(|named| !asked_for(&named.code)) {
        if let Some(at) = report.place_of(Kind::Limit, &named.code) {
            let message =
                format!("no clock runs by {}: no category names it, and nothing else asks for it", named.code);
            report.add(at, "limit-runs", message);
        }
    }
}

fn reminders(cursor: Cursor<'_, '_>) -> Vec<u8> {
    let mut steps: Vec<u8> = Vec::new();
    for entry in cursor.list() {
        let Some(percent) = entry.count() else { continue };
        match u8::try_from(percent) {
            Ok(percent @ 1..=99) if steps.last().is_none_or(|before| *before < percent) => steps.push(percent),
            Ok(_) | Err(_) => {
                entry.problem("reminder-steps", format!("{percent} is not from 1 to 99 and more than the one before"));
            }
        }
    }
    steps
}

fn colours(fields: &Fields<'_, '_>) -> Option<[ColourLimits; 3]> {
    let read =
        |colour: Colour| fields.need(colour.as_str()).map(|cursor| (cursor, cursor.map(colour_limits).flatten()));
    let [red, yellow, blue] = [read(Colour::Red), read(Colour::Yellow), read(Colour::Blue)];
    for (faster, slower) in [(&red, &yellow), (&yellow, &blue)] {
        if let (Some((_, Some(faster))), Some((cursor, Some(slower)))) = (faster, slower) {
            in_order(faster, slower, *cursor);
        }
    }
    Some([red?.1?, yellow?.1?, blue?.1?])
}

fn colour_limits(fields: &Fields<'_, '_>) -> Option<ColourLimits> {
    let limit = |key| fields.need(key).and_then(|cursor| cursor.limit());
    let (response, report_in, completion) = (limit("response"), limit("report-in"), limit("completion"));
    let pages = fields.get("pages").map(|cursor| cursor.codes(Kind::Role)).unwrap_or_default();
    let means = fields.list("means").into_iter().filter_map(|cursor| cursor.parsed("means")).collect();
    let raise_on_overdue = fields.get("raise-on-overdue").and_then(|cursor| cursor.flag()).unwrap_or_default();
    let provenance = fields.provenance();
    let limits = ColourLimits {
        response: response?,
        report_in: report_in?,
        completion: completion?,
        pages,
        means,
        raise_on_overdue,
        provenance,
    };
    let [first, second, third] = [limits.response, limits.report_in, limits.completion].map(Limit::nominal_minutes);
    if first > second || second > third {
        fields.cursor.problem("colour-steps", "response ≤ report-in ≤ completion");
    }
    Some(limits)
}

/// A more urgent colour never leaves more time.
fn in_order(faster: &ColourLimits, slower: &ColourLimits, cursor: Cursor<'_, '_>) {
    let pairs = [
        ("response", faster.response, slower.response),
        ("report-in", faster.report_in, slower.report_in),
        ("completion", faster.completion, slower.completion),
    ];
    for (what, faster, slower) in pairs {
        if faster.nominal_minutes() > slower.nominal_minutes() {
            let message = format!("red ≤ yellow ≤ blue, but {what} is {slower} here and {faster} in the colour above");
            cursor.problem("colour-order", message);
        }
    }
}

fn levels(fields: &Fields<'_, '_>) -> Option<[Limit; 5]> {
    let [a, b1, b2, c, d] = Level::ALL.map(|level| fields.need(level.as_str()).and_then(|cursor| cursor.limit()));
    Some([a?, b1?, b2?, c?, d?])
}

fn named(fields: &Fields<'_, '_>) -> Option<NamedLimit> {
    let code = fields.declare(Kind::Limit);
    let limit = fields.need("limit").and_then(|cursor| cursor.limit());
    let provenance = fields.provenance();
    Some(NamedLimit { code: code?, limit: limit?, provenance })
}
