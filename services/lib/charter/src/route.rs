//! Whose a case is, and the proof that nobody lower could have it.
//!
//! [`Charter::route`] asks the decision table. [`Charter::considered`] does not: it walks from the grid upwards and asks
//! of each party whether the matter is its duty and whether it has the powers, so that a table that sends a case too
//! high shows.

use ids::Code;
use vocabulary::{CallerClass, CaseKind};

use crate::organisation::{COMMAND_CENTRE, ENFORCEMENT_CENTRE};
use crate::{Category, Charter, DutyKind, GradingRow, Handler, Level, Party, PartyKind, PartyPattern, Target, Way};

/// What the decision table is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The leading category first; at least one.
    pub categories: &'f [&'f Category],
    /// The grid, community or street in which it lies.
    pub place: Option<&'f Code>,
    pub channel: Option<&'f Code>,
    pub way: Option<Way>,
    pub class: Option<CallerClass>,
    pub kind: Option<CaseKind>,
}

/// The table's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'c> {
    pub row: &'c GradingRow,
    pub party: &'c Party,
    pub level: Level,
    /// The enforcement centre has it, because two or more legal powers are needed.
    pub comprehensive: bool,
}

/// A party on the way up, and whether it could have the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    pub party: Code,
    /// What a case has as long as this party has it.
    pub level: Level,
    pub why: Why,
}

/// Why a party could have a case, or could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// The matter is its duty, and it has the powers.
    Able,
    /// The department or group concerned: the table sends such a case straight to it.
    Concerned,
    /// The matter is somebody else's duty.
    NoDuty,
    /// The street only assists in this duty.
    AssistsOnly,
    /// The legal powers that are needed are not all its own.
    LacksPowers,
    /// It is no duty of a street at all.
    NeverStreet,
}

impl Why {
    pub const ALL: [Self; 6] =
        [Self::Able, Self::Concerned, Self::NoDuty, Self::AssistsOnly, Self::LacksPowers, Self::NeverStreet];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Able => "able",
            Self::Concerned => "concerned",
            Self::NoDuty => "no-duty",
            Self::AssistsOnly => "assists-only",
            Self::LacksPowers => "lacks-powers",
            Self::NeverStreet => "never-street",
        }
    }

    #[must_use]
    pub const fn is_able(self) -> bool {
        match self {
            Self::Able | Self::Concerned => true,
            Self::NoDuty | Self::AssistsOnly | Self::LacksPowers | Self::NeverStreet => false,
        }
    }
}

/// Who might hold a case at a place.
struct Around<'c> {
    grid: Option<&'c Party>,
    community: Option<&'c Party>,
    street: Option<&'c Party>,
    command_centre: Option<&'c Party>,
    enforcement_centre: Option<&'c Party>,
    district: &'c Party,
}

impl Charter {
    /// What the decision table says: the first row that fits. None only without a category.
    ///
    /// A party that there is not at this place is stood in for by the next higher one, and nobody has a case below
    /// his own level.
    #[must_use]
    pub fn route(&self, facts: &Facts<'_>) -> Option<Route<'_>> {
        let leading = self.category(facts.categories.first()?.code.as_str())?;
        let powers = powers_of(facts.categories).len();
        let row = self.grading().iter().find(|row| row.enabled && row.when.fits(facts, leading, powers))?;
        let around = self.around(facts.place);
        let party = match &row.to {
            Target::Handler => self.holder_for(leading, facts.place),
            Target::Community => around.community_or_above(),
            Target::CommandCentre => around.command_centre_or_above(),
            Target::EnforcementCentre => around.enforcement_centre.unwrap_or(around.district),
            Target::District => around.district,
            Target::SituationLead => self.situation_lead(leading).unwrap_or(around.district),
            Target::Party(code) => self.party(code.as_str()).unwrap_or(around.district),
        };
        let comprehensive = powers > 1 && around.enforcement_centre == Some(party);
        let level = row.level.unwrap_or(leading.level).max(party.kind.level());
        Some(Route { row, party, level, comprehensive })
    }

    /// Who holds cases of a level at a place, when a person says the level and not the table.
    #[must_use]
    pub fn holder_at(&self, level: Level, place: Option<&Code>) -> &Party {
        let around = self.around(place);
        match level {
            Level::A => around.community_or_above(),
            Level::B1 | Level::B2 => around.command_centre_or_above(),
            Level::C | Level::D => around.district,
        }
    }

    /// The department or group that leads the situation of a category: the one concerned.
    #[must_use]
    pub fn situation_lead(&self, category: &Category) -> Option<&Party> {
        let situation = self.situation(category.situation.as_ref()?.as_str())?;
        let parties = situation.lead.iter().filter_map(|lead| match lead {
            PartyPattern::Party(code) => self.party(code.as_str()),
            PartyPattern::OfStreet(_) => None,
        });
        let mut concerned = parties.filter(|party| matches!(party.kind, PartyKind::Department | PartyKind::Group));
        concerned.next()
    }

    /// Everybody from the grid up to `chosen`, each with whether they could have the case and why; `chosen` last.
    ///
    /// Of a street's offices, centres and squads only those are named that the categories name or whose power is
    /// needed; the street itself stands for all the others.
    #[must_use]
    pub fn considered(&self, categories: &[&Category], place: Option<&Code>, chosen: &Party) -> Vec<Considered> {
        let Some(leading) = categories.first() else { return Vec::new() };
        let around = self.around(place);
        let able = Able::of(self, categories, &around);
        let mut walk: Vec<&Party> = around.grid.into_iter().chain(around.community).collect();
        if let Some(street) = around.street {
            let inside = self.concerned_inside(street, &able);
            walk.extend(if inside.is_empty() { vec![street] } else { inside });
        }
        walk.extend(around.command_centre.into_iter().chain(around.enforcement_centre));
        walk.push(around.district);
        let mut considered: Vec<Considered> = Vec::new();
        for party in walk.into_iter().take_while(|party| party.code != chosen.code) {
            considered.push(Considered {
                party: party.code.clone(),
                level: level_with(leading, party),
                why: able.why(self, party),
            });
        }
        let straight = matches!(chosen.kind, PartyKind::Department | PartyKind::Group);
        let why = if straight { Why::Concerned } else { able.why(self, chosen) };
        considered.push(Considered { party: chosen.code.clone(), level: level_with(leading, chosen), why });
        considered
    }

    /// The units and squads of a street that have to do with a matter, but for its two centres.
    fn concerned_inside(&self, street: &Party, able: &Able<'_>) -> Vec<&Party> {
        let named = |party: &&Party| able.holders.iter().any(|holder| holder.code == party.code);
        let units = self.street_units().iter().filter(|unit| !is_centre(unit.code.as_str()));
        let units = units.filter_map(|unit| self.unit_of(&street.code, unit.code.as_str())).filter(named);
        let squads = self.squads().iter().filter_map(|squad| {
            let party = self.squad_of(&street.code, squad.code.as_str())?;
            let needed = squad.power.as_ref().is_some_and(|power| able.powers.contains(&power));
            (needed || named(&party)).then_some(party)
        });
        units.chain(squads).collect()
    }

    fn around(&self, place: Option<&Code>) -> Around<'_> {
        let street = place.and_then(|place| self.street_of(place));
        let unit = |unit: &str| street.and_then(|street| self.unit_of(&street.code, unit));
        Around {
            grid: place.and_then(|place| self.party(place.as_str())).filter(|party| party.kind == PartyKind::Grid),
            community: place.and_then(|place| self.community_of(place)),
            street,
            command_centre: unit(COMMAND_CENTRE),
            enforcement_centre: unit(ENFORCEMENT_CENTRE),
            district: self.district_centre(),
        }
    }
}

impl<'c> Around<'c> {
    fn command_centre_or_above(&self) -> &'c Party {
        self.command_centre.unwrap_or(self.district)
    }

    fn community_or_above(&self) -> &'c Party {
        self.community.unwrap_or_else(|| self.command_centre_or_above())
    }

    /// Whom a category means by a handler, or who stands in for it.
    fn holder(&self, charter: &'c Charter, handler: &Handler) -> &'c Party {
        let street = |find: &dyn Fn(&Code) -> Option<&'c Party>| self.street.and_then(|street| find(&street.code));
        match handler {
            Handler::Grid => self.grid.unwrap_or_else(|| self.community_or_above()),
            Handler::Community => self.community_or_above(),
            Handler::Unit(code) => {
                street(&|street| charter.unit_of(street, code)).unwrap_or_else(|| self.command_centre_or_above())
            }
            Handler::Squad(code) => {
                street(&|street| charter.squad_of(street, code)).unwrap_or_else(|| self.command_centre_or_above())
            }
            Handler::EnforcementCentre => self.enforcement_centre.unwrap_or(self.district),
            Handler::StreetCommandCentre => self.command_centre_or_above(),
            Handler::District => self.district,
        }
    }
}

/// What it takes to have a case: duty and powers.
struct Able<'c> {
    holders: Vec<&'c Party>,
    powers: Vec<&'c Code>,
    never_street: bool,
    assists_only: bool,
}

impl<'c> Able<'c> {
    fn of(charter: &'c Charter, categories: &[&'c Category], around: &Around<'c>) -> Self {
        let leading = categories.first();
        let named = leading.into_iter().flat_map(|leading| std::iter::once(&leading.handler).chain(&leading.able));
        let mut holders: Vec<&Party> = named.map(|handler| around.holder(charter, handler)).collect();
        let powers = powers_of(categories);
        // What several powers have to do together is the enforcement centre's duty, whatever each is by itself.
        if powers.len() > 1 {
            holders.push(around.enforcement_centre.unwrap_or(around.district));
        }
        let duty = leading.and_then(|leading| leading.duty.as_ref()).and_then(|code| charter.duty(code.as_str()));
        Self {
            holders,
            powers,
            never_street: leading.is_some_and(|leading| leading.never_street),
            assists_only: duty.is_some_and(|duty| duty.kind == DutyKind::Assist),
        }
    }

    fn why(&self, charter: &Charter, party: &Party) -> Why {
        let below_district = party.kind.level() < Level::C;
        let duty = self.holders.iter().any(|holder| holder.code == party.code);
        match party.kind {
            _ if self.never_street && below_district => Why::NeverStreet,
            PartyKind::Squad if !self.squad_has_powers(charter, party) => Why::LacksPowers,
            PartyKind::Grid
            | PartyKind::Community
            | PartyKind::Street
            | PartyKind::Unit
            | PartyKind::Squad
            | PartyKind::External
                if self.powers.len() > 1 && !is_enforcement_centre(charter, party) =>
            {
                Why::LacksPowers
            }
            _ if duty => Why::Able,
            _ if self.assists_only && below_district => Why::AssistsOnly,
            PartyKind::Grid
            | PartyKind::Community
            | PartyKind::Street
            | PartyKind::Unit
            | PartyKind::Squad
            | PartyKind::Department
            | PartyKind::Group
            | PartyKind::District
            | PartyKind::City
            | PartyKind::External => Why::NoDuty,
        }
    }

    /// A squad uses the power it holds and no other.
    fn squad_has_powers(&self, charter: &Charter, party: &Party) -> bool {
        let Some(street) = party.parent.as_ref() else { return self.powers.is_empty() };
        let template = charter
            .squads()
            .iter()
            .find(|squad| charter.squad_of(street, squad.code.as_str()).is_some_and(|known| known.code == party.code));
        let held = template.and_then(|squad| squad.power.as_ref());
        self.powers.iter().all(|power| held == Some(power))
    }
}

/// The distinct legal powers that categories need together, in the order of their codes.
fn powers_of<'c>(categories: &[&'c Category]) -> Vec<&'c Code> {
    let mut powers: Vec<&Code> = categories.iter().flat_map(|category| &category.powers).collect();
    powers.sort_unstable();
    powers.dedup();
    powers
}

fn is_centre(unit: &str) -> bool {
    unit == COMMAND_CENTRE || unit == ENFORCEMENT_CENTRE
}

fn is_enforcement_centre(charter: &Charter, party: &Party) -> bool {
    let street = charter.street_of(&party.code);
    let centre = street.and_then(|street| charter.unit_of(&street.code, ENFORCEMENT_CENTRE));
    centre.is_some_and(|centre| centre.code == party.code)
}

/// The level of a case of this category while a party has it: its own level, or the category's where that is higher.
fn level_with(category: &Category, party: &Party) -> Level {
    let own = party.kind.level();
    match (own, category.level) {
        // B2 is B1 with a call, and D is C that the city is asked for: the same parties hold both.
        (Level::B1, Level::B2) | (Level::C, Level::D) => category.level,
        (Level::A | Level::B1 | Level::B2 | Level::C | Level::D, _) => own,
    }
}
