//! How a department is rated and ranked, and how much is to be solved close to the people: `evaluation.yaml` (R-32,
//!

use std::str::FromStr;

use ids::Code;
use rust_decimal::Decimal;

use crate::category::UnknownWord;
use crate::list::{Entry, listed};
use crate::reader::{Cursor, Fields, Kind};
use crate::{Appraisal, BringDown, Ground, Level, Limit, LimitUnit, Name, appraisal, bring_down, standard};

/// Until when a published period can be appealed where the charter does not say: two weeks of work.
const APPEALS: Limit = Limit { amount: 10, unit: LimitUnit::WorkingDays };

/// How often a caller is called back about one answer where the charter does not say. After that many nobody will answer the
/// next one either.
const CALLBACKS: u32 = 10;

/// How a department's score comes about. The weights sum to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    /// Written out for people, e.g. `10 + 40 + 50`.
    pub name: String,
    pub components: Vec<Component>,
    pub unrated: Unrated,
}

/// What a component that nobody rated does to the total of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unrated {
    /// Its weight is spread over the others in proportion.
    #[default]
    Spread,
    /// There is no total: the case counts in the rates that are known, and not in the ranking.
    HeldBack,
}

impl Unrated {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spread => "spread",
            Self::HeldBack => "held-back",
        }
    }
}

/// What a year's result is made of, in percent; together 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yearly {
    /// The mean of the scores: what the streets and callers say.
    pub street: Decimal,
    /// The mark that comes from elsewhere.
    pub imported: Decimal,
}

/// How a period is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publishing {
    /// Until when a publication can be appealed.
    pub appeals: Limit,
    /// Whoever has fewer scored cases is shown and not ranked.
    pub ranked_from: u32,
    /// None: a year's result is the mean of its scores.
    pub yearly: Option<Yearly>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub code: Code,
    pub name: Name,
    /// Percent of the whole.
    pub weight: Decimal,
    pub source: ScoreSource,
}

/// The fact a component counts, each as a share from 0 to 1 over a department's calls of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScoreSource {
    /// Responded within the limit.
    ResponseOnTime,
    /// Reported in within the limit.
    ReportedInOnTime,
    /// Done within the limit.
    DoneOnTime,
    /// What the callers said of the outcome.
    CallerRating,
    /// What the calling streets said of the department.
    StreetRating,
}

/// A forced band of the yearly ranking. The shares sum to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    pub code: Code,
    pub name: Name,
    /// Percent of the ranked departments, best tier first.
    pub share: Decimal,
}

/// One step of the scale on which a caller rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingStep {
    pub code: Code,
    pub name: Name,
    /// What it is worth, 0 to 1.
    pub rate: Decimal,
    /// Whether it confirms that the matter is solved.
    pub solved: bool,
}

/// How much of what was solved has to be solved at the street or below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Containment {
    /// Percent; a share below it is to be noticed.
    pub target: Decimal,
    /// The sources word the base in more than one way: each is counted and shown.
    pub definitions: Vec<ContainmentDefinition>,
}

/// One way of counting what a street and those below it solved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainmentDefinition {
    pub code: Code,
    pub name: Name,
    /// The levels that count; at least one.
    pub levels: Vec<Level>,
}

#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub containment: Containment,
    pub formula: Formula,
    pub tiers: Vec<Tier>,
    pub ratings: Vec<RatingStep>,
    pub bring_down: Vec<BringDown>,
    pub standard: Vec<Ground>,
    pub appraisal: Option<Appraisal>,
    pub publishing: Publishing,
    /// How often a caller is called back about one answer.
    pub callbacks: u32,
}

impl FromStr for Unrated {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "spread" => Ok(Self::Spread),
            "held-back" => Ok(Self::HeldBack),
            other => Err(UnknownWord::new("spread or held-back", other)),
        }
    }
}

impl FromStr for ScoreSource {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "response-on-time" => Ok(Self::ResponseOnTime),
            "reported-in-on-time" => Ok(Self::ReportedInOnTime),
            "done-on-time" => Ok(Self::DoneOnTime),
            "caller-rating" => Ok(Self::CallerRating),
            "street-rating" => Ok(Self::StreetRating),
            other => Err(UnknownWord::new(
                "response-on-time, reported-in-on-time, done-on-time, caller-rating or street-rating",
                other,
            )),
        }
    }
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Option<Evaluation> {
    file.map(|fields| {
        let formula = fields.need("formula").and_then(|cursor| cursor.map(formula).flatten());
        let tiers = tiers(fields);
        let ratings = ratings(fields);
        let bring_down = bring_down::read(fields);
        let standard = standard::read(fields);
        let appraisal = fields.get("appraisal").and_then(appraisal::read);
        let containment = fields.need("containment").and_then(|cursor| cursor.map(containment).flatten());
        let publishing = publishing(fields);
        let callbacks = fields.get("callbacks").and_then(|cursor| cursor.count()).unwrap_or(CALLBACKS);
        Some(Evaluation {
            containment: containment?,
            formula: formula?,
            tiers,
            ratings,
            bring_down,
            standard,
            appraisal,
            publishing,
            callbacks,
        })
    })?
}

fn publishing(fields: &Fields<'_, '_>) -> Publishing {
    Publishing {
        appeals: fields.get("appeals").and_then(|cursor| cursor.limit()).unwrap_or(APPEALS),
        ranked_from: fields.get("ranked-from").and_then(ranked_from).unwrap_or(1),
        yearly: fields.get("yearly").and_then(|cursor| cursor.map(yearly).flatten()),
    }
}

fn ranked_from(cursor: Cursor<'_, '_>) -> Option<u32> {
    let cases = cursor.count()?;
    if cases == 0 {
        cursor.problem("ranked-from", "whoever has no case has no mean: write 1 or more");
        return None;
    }
    Some(cases)
}

fn yearly(fields: &Fields<'_, '_>) -> Option<Yearly> {
    let part = |key| fields.need(key).and_then(|cursor| share(cursor, Decimal::ONE_HUNDRED));
    let yearly = Yearly { street: part("street")?, imported: part("imported")? };
    sum_100("yearly-sum-100", [yearly.street, yearly.imported].into_iter(), fields.cursor);
    Some(yearly)
}

fn formula(fields: &Fields<'_, '_>) -> Option<Formula> {
    let name = fields.need("name").and_then(|cursor| cursor.text());
    let components: Vec<_> = listed(fields, "components", Kind::Score, |fields| {
        let weight = fields.need("weight").and_then(|cursor| share(cursor, Decimal::ONE_HUNDRED));
        let source = fields.need("source").and_then(|cursor| cursor.parsed("score-source"));
        Some((weight?, source?))
    })
    .into_iter()
    .map(|(Entry { code, name, .. }, (weight, source))| Component { code, name, weight, source })
    .collect();
    sum_100("weights-sum-100", components.iter().map(|component| component.weight), fields.cursor);
    let unrated = fields.get("unrated").and_then(|cursor| cursor.parsed("unrated-word")).unwrap_or_default();
    Some(Formula { name: name?, components, unrated })
}

fn tiers(fields: &Fields<'_, '_>) -> Vec<Tier> {
    let tiers: Vec<_> = listed(fields, "tiers", Kind::Tier, |fields| {
        fields.need("share").and_then(|cursor| share(cursor, Decimal::ONE_HUNDRED))
    })
    .into_iter()
    .map(|(Entry { code, name, .. }, share)| Tier { code, name, share })
    .collect();
    sum_100("tiers-sum-100", tiers.iter().map(|tier| tier.share), fields.get("tiers").unwrap_or(fields.cursor));
    tiers
}

fn ratings(fields: &Fields<'_, '_>) -> Vec<RatingStep> {
    let ratings: Vec<_> = listed(fields, "ratings", Kind::Rating, |fields| {
        let rate = fields.need("rate").and_then(|cursor| share(cursor, Decimal::ONE));
        let solved = fields.need("solved").and_then(|cursor| cursor.flag());
        Some((rate?, solved?))
    })
    .into_iter()
    .map(|(Entry { code, name, .. }, (rate, solved))| RatingStep { code, name, rate, solved })
    .collect();
    if !ratings.iter().any(|step| step.solved) || ratings.iter().all(|step| step.solved) {
        let at = fields.get("ratings").unwrap_or(fields.cursor);
        at.problem("ratings-decide", "some steps of the scale say solved and some do not");
    }
    ratings
}

fn containment(fields: &Fields<'_, '_>) -> Option<Containment> {
    let target = fields.need("target").and_then(|cursor| share(cursor, Decimal::ONE_HUNDRED));
    let definitions: Vec<_> = listed(fields, "definitions", Kind::Containment, |fields| {
        let levels: Vec<Level> = fields.list("levels").into_iter().filter_map(|level| level.parsed("level")).collect();
        if levels.is_empty() {
            fields.cursor.problem("containment-counts", "name the levels that count, e.g. levels: [A, B1]");
        }
        Some(levels)
    })
    .into_iter()
    .map(|(Entry { code, name, .. }, levels)| ContainmentDefinition { code, name, levels })
    .collect();
    Some(Containment { target: target?, definitions })
}

pub(crate) fn share(cursor: Cursor<'_, '_>, most: Decimal) -> Option<Decimal> {
    let share = cursor.decimal()?;
    if (Decimal::ZERO..=most).contains(&share) {
        return Some(share);
    }
    cursor.problem("share-range", format!("{share} is not from 0 to {most}"));
    None
}

pub(crate) fn sum_100(rule: &'static str, shares: impl Iterator<Item = Decimal>, at: Cursor<'_, '_>) {
    let sum: Decimal = shares.sum();
    if sum != Decimal::ONE_HUNDRED {
        at.problem(rule, format!("these sum to {sum}, not to 100"));
    }
}
