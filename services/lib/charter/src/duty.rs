//! What streets and communities are there for, and what a street may ask of the district:
//! `duties.yaml` and `powers.yaml`.

use std::str::FromStr;

use ids::Code;

use crate::category::UnknownWord;
use crate::list::{Entry, entries, listed};
use crate::power::{self, Instrument, Power};
use crate::reader::{Cursor, Kind, Report};
use crate::{Category, Handler, Name, Provenance};

/// A listed responsibility of the street.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    pub code: Code,
    pub name: Name,
    pub kind: DutyKind,
    pub provenance: Provenance,
}

/// How far a duty goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DutyKind {
    /// 负责
    Lead,
    /// 组织
    Organise,
    /// 协助
    Assist,
}

/// Something a community may be asked to do; anything else needs an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityItem {
    pub code: Code,
    pub name: Name,
    pub kind: CommunityItemKind,
    /// What cases it covers.
    pub categories: Vec<Code>,
    pub provenance: Provenance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommunityItemKind {
    /// 依法自治(监督)事项
    Autonomy,
    /// 依法协助政府事项
    Assist,
}

/// A decision or project on which the district must hear the street.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionItem {
    pub code: Code,
    pub name: Name,
    /// None where the district does not sort its items.
    pub class: Option<Code>,
    pub provenance: Provenance,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Duties {
    pub duties: Vec<Duty>,
    pub community: Vec<CommunityItem>,
}

impl Duties {
    pub fn community_item_for(&self, category: &Code) -> Option<&CommunityItem> {
        self.community.iter().find(|item| item.categories.contains(category))
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Powers {
    pub powers: Vec<Entry>,
    /// What each of these opens, in the same order.
    pub opens: Vec<Power>,
    /// What the district has decided not to give.
    pub not_given: Vec<Instrument>,
    /// How letters on personnel are numbered.
    pub letter_form: Option<String>,
    pub classes: Vec<Entry>,
    pub items: Vec<DecisionItem>,
}

impl FromStr for DutyKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "lead" => Ok(Self::Lead),
            "organise" => Ok(Self::Organise),
            "assist" => Ok(Self::Assist),
            other => Err(UnknownWord::new("lead, organise or assist", other)),
        }
    }
}

impl FromStr for CommunityItemKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "autonomy" => Ok(Self::Autonomy),
            "assist" => Ok(Self::Assist),
            other => Err(UnknownWord::new("autonomy or assist", other)),
        }
    }
}

pub(crate) fn read_duties(file: Cursor<'_, '_>) -> Duties {
    file.map(|fields| {
        let duties = listed(fields, "duties", Kind::Duty, |fields| fields.need("kind")?.parsed("duty-kind"));
        let duty = |(Entry { code, name, provenance }, kind)| Duty { code, name, kind, provenance };
        let community = listed(fields, "community", Kind::CommunityItem, |fields| {
            let kind = fields.need("kind").and_then(|cursor| cursor.parsed("community-item-kind"));
            let categories = fields.get("categories").map(|cursor| cursor.codes(Kind::Category));
            Some((kind?, categories.unwrap_or_default()))
        });
        let item = |(Entry { code, name, provenance }, (kind, categories))| CommunityItem {
            code,
            name,
            kind,
            categories,
            provenance,
        };
        Duties { duties: duties.into_iter().map(duty).collect(), community: community.into_iter().map(item).collect() }
    })
    .unwrap_or_default()
}

pub(crate) fn read_powers(file: Cursor<'_, '_>) -> Powers {
    file.map(|fields| {
        let (powers, opens) = power::read(fields);
        let not_given = power::not_given(fields);
        power::check(&powers, &opens, &not_given, fields);
        let letter_form = fields.get("letter-form").and_then(letter_form);
        let classes = entries(fields, "decision-classes", Kind::DecisionClass);
        let items = listed(fields, "decision-items", Kind::DecisionItem, |fields| {
            Some(fields.reference("class", Kind::DecisionClass))
        });
        let item = |(Entry { code, name, provenance }, class)| DecisionItem { code, name, class, provenance };
        Powers { powers, opens, not_given, letter_form, classes, items: items.into_iter().map(item).collect() }
    })
    .unwrap_or_default()
}

/// Two letters of one year must not have the same number.
fn letter_form(cursor: Cursor<'_, '_>) -> Option<String> {
    let form = cursor.filled()?;
    if form.contains("{year}") && form.contains("{number}") {
        return Some(form);
    }
    cursor.problem("letter-form", "the form of letters has {year} and {number}, and may have {district}");
    None
}

/// What a charter sends to communities by itself stands in their list, where there is one.
pub(crate) fn check_community(duties: &Duties, categories: &[Category], report: &Report<'_>) {
    if duties.community.is_empty() {
        return;
    }
    for category in categories.iter().filter(|category| matches!(category.handler, Handler::Grid | Handler::Community))
    {
        if duties.community_item_for(&category.code).is_none()
            && let Some(at) = report.place_of(Kind::Category, &category.code)
        {
            let message = format!("{} goes to the community, and no community item lists it", category.code);
            report.add(at, "community-item-lists", message);
        }
    }
}
