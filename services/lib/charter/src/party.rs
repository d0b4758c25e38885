use std::str::FromStr;

use ids::Code;
use serde::{Deserialize, Serialize};

use crate::{Level, Name, Provenance};

/// Any unit that can own work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub code: Code,
    pub name: Name,
    pub kind: PartyKind,
    /// The next level up; none only for the city.
    pub parent: Option<Code>,
    pub provenance: Provenance,
    /// It runs its own responder service, so a street can call it.
    pub responder: bool,
    /// Its code in the national statistical division, for grids, communities, streets and the district.
    pub statistical: Option<String>,
    /// Households that live in it; known for grids only.
    pub households: Option<u32>,
    /// The legal powers it holds by the charter's own words: a department's, or that of its squad's template.
    pub powers: Vec<Code>,
}

/// What a party is, from the smallest to the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartyKind {
    /// 网格
    Grid,
    /// 社区
    Community,
    /// 街道
    Street,
    /// An office, centre or platform of a street, from the charter's template.
    Unit,
    /// A law-enforcement team posted to a street, from the charter's template.
    Squad,
    /// A department of the district.
    Department,
    /// 专项响应组: a district group for hard cases.
    Group,
    /// The district itself, and its command centre.
    District,
    City,
    /// Not part of government: a property company, a utility.
    External,
}

impl PartyKind {
    /// What may stand directly above, none for the city.
    pub(crate) const fn parents(self) -> &'static [Self] {
        match self {
            Self::Grid => &[Self::Community],
            Self::Community | Self::Unit | Self::Squad => &[Self::Street],
            Self::Street | Self::Group => &[Self::District],
            Self::Department => &[Self::District, Self::Department, Self::City],
            Self::District => &[Self::City, Self::District],
            Self::City => &[],
            Self::External => {
                &[Self::District, Self::Department, Self::Street, Self::Community, Self::City, Self::External]
            }
        }
    }

    /// Whether something can be there: it has an area.
    #[must_use]
    pub const fn is_place(self) -> bool {
        matches!(self, Self::Grid | Self::Community | Self::Street)
    }

    /// The level of a case that such a party has.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Grid | Self::Community | Self::External => Level::A,
            Self::Street | Self::Unit | Self::Squad => Level::B1,
            Self::Department | Self::Group | Self::District => Level::C,
            Self::City => Level::D,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Community => "community",
            Self::Street => "street",
            Self::Unit => "unit",
            Self::Squad => "squad",
            Self::Department => "department",
            Self::Group => "group",
            Self::District => "district",
            Self::City => "city",
            Self::External => "external",
        }
    }
}

/// What every street has: the parts of the 6 + 4 + 3 template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitClass {
    /// 内设机构: six in the sources.
    Office,
    /// 事业单位: four in the sources.
    Centre,
    /// 工作平台: three in the sources.
    Platform,
}

/// One line of the street template; each street gets the party `<street>-<code>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTemplate {
    pub code: Code,
    pub name: Name,
    pub class: UnitClass,
    pub provenance: Provenance,
}

/// One line of the squad template; each street gets the party `<street>-squad-<code>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SquadTemplate {
    pub code: Code,
    pub name: Name,
    /// The legal power its officers hold.
    pub power: Option<Code>,
    pub responder: bool,
    pub provenance: Provenance,
}

/// A party written in a catalogue: one of the district, or whichever the calling street has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PartyPattern {
    /// Written as its code.
    Party(Code),
    /// Written `{street}-squad-police`: the part after the street's code.
    OfStreet(Code),
}

impl PartyPattern {
    /// The party meant when `street` calls; none if the code would be too long.
    #[must_use]
    pub fn for_street(&self, street: &Code) -> Option<Code> {
        match self {
            Self::Party(code) => Some(code.clone()),
            Self::OfStreet(rest) => format!("{street}-{rest}").parse().ok(),
        }
    }
}

impl FromStr for PartyPattern {
    type Err = ids::CodeError;

    fn from_str(text: &str) -> Result<Self, ids::CodeError> {
        match text.strip_prefix("{street}-") {
            Some(rest) => rest.parse().map(Self::OfStreet),
            None => text.parse().map(Self::Party),
        }
    }
}
