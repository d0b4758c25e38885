//! Who there is: the tree from the city to the grid, written in `organisation.yaml` and `streets.yaml`.

use std::collections::HashMap;

use ids::Code;

use crate::group::{self, Group};
use crate::list::{Entry, entries, listed};
use crate::page::PostAt;
use crate::party::{SquadTemplate, UnitClass, UnitTemplate};
use crate::reader::{At, Cursor, Fields, Kind, Report};
use crate::{Name, Party, PartyKind, Provenance};

/// What every charter's street template must have, because rules send work there.
pub(crate) const UNITS_REQUIRED: [&str; 2] = [COMMAND_CENTRE, ENFORCEMENT_CENTRE];
pub(crate) const COMMAND_CENTRE: &str = "command-centre";
pub(crate) const ENFORCEMENT_CENTRE: &str = "enforcement-centre";

#[derive(Clone, Debug, Default)]
pub(crate) struct Organisation {
    pub parties: Vec<Party>,
    pub units: Vec<UnitTemplate>,
    pub squads: Vec<SquadTemplate>,
    pub roles: Vec<Entry>,
    /// In whose house the posts are that say so.
    pub posts: Vec<(Code, PostAt)>,
    pub group_classes: Vec<Entry>,
    pub groups: Vec<Group>,
    index: HashMap<Code, usize>,
    /// Where the district's command centre stands in `parties`.
    centre: Option<usize>,
}

impl Organisation {
    pub fn party(&self, code: &str) -> Option<&Party> {
        self.index.get(code).map(|index| &self.parties[*index])
    }

    /// In whose house a role's post is, if the charter says so.
    pub fn post_of(&self, role: &Code) -> Option<PostAt> {
        self.posts.iter().find(|(known, _)| known == role).map(|(_, at)| *at)
    }

    /// The district's command centre. None only while a charter without one is being read.
    pub fn centre(&self) -> Option<&Party> {
        self.centre.and_then(|centre| self.parties.get(centre))
    }

    /// From the next level up to the city.
    pub fn ancestors<'c>(&'c self, code: &Code) -> impl Iterator<Item = &'c Party> + use<'c> {
        let above = |party: &Party| party.parent.as_ref().and_then(|parent| self.party(parent.as_str()));
        std::iter::successors(self.party(code.as_str()).and_then(above), move |party| above(party))
    }

    /// The party itself or the nearest one above it that is of this kind.
    pub fn nearest(&self, code: &Code, kind: PartyKind) -> Option<&Party> {
        let itself = self.party(code.as_str());
        itself.into_iter().chain(self.ancestors(code)).find(|party| party.kind == kind)
    }

    fn add(&mut self, party: Party) {
        self.index.insert(party.code.clone(), self.parties.len());
        self.parties.push(party);
    }
}

/// Reads the two files of the organisation and expands the street template.
pub(crate) fn read<'a, 'r>(
    district: &Code,
    organisation: Option<Cursor<'a, 'r>>,
    streets: Option<Cursor<'a, 'r>>,
) -> Organisation {
    let mut reader = Reader { district, organisation: Organisation::default(), at: HashMap::new() };
    if let Some(file) = organisation {
        file.map(|fields| reader.above_the_streets(fields));
        group::check(&reader.organisation, file.report);
    }
    if let Some(file) = streets {
        file.map(|fields| fields.list("streets").into_iter().for_each(|street| reader.street(street)));
        reader.check_tree(file.report);
    }
    reader.organisation
}

struct Reader<'a, 'd> {
    district: &'d Code,
    organisation: Organisation,
    at: HashMap<Code, At<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn above_the_streets(&mut self, fields: &Fields<'a, '_>) {
        let city =
            fields.need("city").and_then(|city| self.entry(city, None, |_, code| party(code, PartyKind::City, None)));
        let district = self.district.clone();
        if let Some(cursor) = fields.need("district") {
            cursor.report.declare(Kind::Party, &district, cursor.at);
            self.fixed(cursor, district.clone(), city);
        }
        if let (Some(cursor), Ok(code)) = (fields.need("centre"), format!("{district}-centre").parse::<Code>()) {
            cursor.report.declare(Kind::Party, &code, cursor.at);
            let centre = self.organisation.parties.len();
            self.fixed(cursor, code, Some(district.clone()));
            self.organisation.centre = (self.organisation.parties.len() > centre).then_some(centre);
        }
        for (key, class) in
            [("offices", UnitClass::Office), ("centres", UnitClass::Centre), ("platforms", UnitClass::Platform)]
        {
            fields.list(key).into_iter().for_each(|unit| self.unit(unit, class));
        }
        for wanted in UNITS_REQUIRED {
            if !self.organisation.units.iter().any(|unit| unit.code.as_str() == wanted) {
                fields.cursor.problem("required-units", format!("no street unit has the code {wanted}"));
            }
        }
        fields.list("squads").into_iter().for_each(|squad| self.squad(squad));
        for (role, at) in listed(fields, "roles", Kind::Role, |fields| {
            Some(fields.get("at").and_then(|cursor| cursor.parsed("post-at")))
        }) {
            self.organisation.posts.extend(at.map(|at| (role.code.clone(), at)));
            self.organisation.roles.push(role);
        }
        self.organisation.group_classes = entries(fields, "group-classes", Kind::GroupClass);
        self.groups(fields);
        for (key, kind) in [("departments", PartyKind::Department), ("externals", PartyKind::External)] {
            for cursor in fields.list(key) {
                self.entry(cursor, Some(&district), |fields, code| Party {
                    responder: flag(fields, "responder").unwrap_or(kind == PartyKind::Department),
                    parent: fields.reference("parent", Kind::Party).or_else(|| Some(district.clone())),
                    powers: fields.get("powers").map(|cursor| cursor.codes(Kind::LegalPower)).unwrap_or_default(),
                    ..party(code, kind, None)
                });
            }
        }
    }

    /// The district and its centre, whose codes follow from the charter's district.
    fn fixed(&mut self, cursor: Cursor<'a, '_>, code: Code, parent: Option<Code>) {
        let found = cursor.map(|fields| Party {
            name: fields.name().unwrap_or_else(|| unnamed(&code)),
            statistical: fields.get("statistical").and_then(|cursor| cursor.text()),
            provenance: fields.provenance(),
            ..party(code.clone(), PartyKind::District, parent)
        });
        if let Some(party) = found {
            self.add(party, cursor.at);
        }
    }

    fn add(&mut self, party: Party, at: At<'a>) {
        self.at.insert(party.code.clone(), at);
        self.organisation.add(party);
    }

    /// One party written out, with its code, name and provenance. `above` is what its code must begin with.
    fn entry<'r>(
        &mut self,
        cursor: Cursor<'a, 'r>,
        above: Option<&Code>,
        build: impl FnOnce(&Fields<'a, 'r>, Code) -> Party,
    ) -> Option<Code> {
        let party = cursor.map(|fields| {
            let code = fields.declare(Kind::Party);
            if let Some((cursor, above)) = fields.get("code").zip(above) {
                cursor.prefixed_by(above);
            }
            let name = fields.name();
            let provenance = fields.provenance();
            let statistical = fields.get("statistical").and_then(|cursor| cursor.text());
            // Built even when the code is missing, so that the keys it asks for count as known.
            let valid = code.is_some() && name.is_some();
            let code = code.unwrap_or_else(|| self.district.clone());
            let name = name.unwrap_or_else(|| unnamed(&code));
            let party = Party { name, provenance, statistical, ..build(fields, code) };
            valid.then_some(party)
        })??;
        let code = party.code.clone();
        self.add(party, cursor.at);
        Some(code)
    }

    fn unit(&mut self, cursor: Cursor<'a, '_>, class: UnitClass) {
        let unit = cursor.map(|fields| {
            let code = fields.declare(Kind::Unit);
            let name = fields.name();
            let provenance = fields.provenance();
            Some(UnitTemplate { code: code?, name: name?, class, provenance })
        });
        self.organisation.units.extend(unit.flatten());
    }

    fn squad(&mut self, cursor: Cursor<'a, '_>) {
        let squad = cursor.map(|fields| {
            let code = fields.declare(Kind::Squad);
            let name = fields.name();
            let power = fields.reference("power", Kind::LegalPower);
            let responder = flag(fields, "responder").unwrap_or(true);
            let provenance = fields.provenance();
            Some(SquadTemplate { code: code?, name: name?, power, responder, provenance })
        });
        self.organisation.squads.extend(squad.flatten());
    }

    /// Special groups are parties as well: a street's call for one goes to the group.
    fn groups(&mut self, fields: &Fields<'a, '_>) {
        for group in group::read(self.district, fields) {
            let at = fields.cursor.report.place_of(Kind::Party, &group.code).unwrap_or(fields.cursor.at);
            let unnamed = party(group.code.clone(), PartyKind::Group, Some(self.district.clone()));
            let (name, provenance) = (group.name.clone(), group.provenance);
            self.add(Party { name, provenance, responder: true, ..unnamed }, at);
            self.organisation.groups.push(group);
        }
    }

    fn street(&mut self, cursor: Cursor<'a, '_>) {
        let district = self.district.clone();
        let mut communities = Vec::new();
        let street = self.entry(cursor, Some(&district), |fields, code| {
            communities = fields.list("communities");
            party(code, PartyKind::Street, Some(district.clone()))
        });
        let Some(street) = street else { return };
        for cursor in communities {
            let mut grids = Vec::new();
            let community = self.entry(cursor, Some(&street), |fields, code| {
                grids = fields.list("grids");
                party(code, PartyKind::Community, Some(street.clone()))
            });
            let Some(community) = community else { continue };
            for cursor in grids {
                self.entry(cursor, Some(&community), |fields, code| Party {
                    households: fields.get("households").and_then(|cursor| cursor.count()),
                    ..party(code, PartyKind::Grid, Some(community.clone()))
                });
            }
        }
        self.expand(&street, cursor);
    }

    /// Gives the street its own copy of every unit and squad of the template.
    fn expand(&mut self, street: &Code, cursor: Cursor<'a, '_>) {
        let Some(named) = self.organisation.party(street.as_str()).map(|party| party.name.clone()) else { return };
        let of_street = |part: &Name| Name {
            zh: format!("{}{}", named.zh, part.zh),
            en: named.en.as_ref().zip(part.en.as_ref()).map(|(street, part)| format!("{street} {part}")),
        };
        let units = self.organisation.units.iter().map(|unit| {
            let kind = PartyKind::Unit;
            (unit.code.to_string(), of_street(&unit.name), kind, false, unit.provenance, Vec::new())
        });
        let squads = self.organisation.squads.iter().map(|squad| {
            let code = format!("squad-{}", squad.code);
            let powers = squad.power.iter().cloned().collect();
            (code, of_street(&squad.name), PartyKind::Squad, squad.responder, squad.provenance, powers)
        });
        for (part, name, kind, responder, provenance, powers) in units.chain(squads).collect::<Vec<_>>() {
            let Ok(code) = format!("{street}-{part}").parse::<Code>() else {
                cursor
                    .problem("code-grammar", format!("{street}-{part} is longer than {} characters", Code::LENGTH_MAX));
                continue;
            };
            if cursor.report.place_of(Kind::Party, &code).is_some() {
                cursor.problem("duplicate-code", format!("the party {code} is also a unit or squad of this street"));
                continue;
            }
            cursor.report.declare(Kind::Party, &code, cursor.at);
            self.add(
                Party { name, responder, provenance, powers, ..party(code, kind, Some(street.clone())) },
                cursor.at,
            );
        }
    }

    /// No cycle, and every party below one that may hold it.
    fn check_tree(&self, report: &Report<'a>) {
        let tree = &self.organisation;
        for party in &tree.parties {
            let Some(at) = self.at.get(&party.code) else { continue };
            if tree.ancestors(&party.code).take(tree.parties.len()).any(|above| above.code == party.code) {
                report.add(*at, "tree-has-no-cycle", format!("{} stands above itself", party.code));
                continue;
            }
            let Some(parent) = party.parent.as_ref().and_then(|code| tree.party(code.as_str())) else { continue };
            if !party.kind.parents().contains(&parent.kind) {
                let (kind, above) = (party.kind.as_str(), parent.kind.as_str());
                report.add(*at, "levels-nest", format!("a {kind} cannot stand below {}, a {above}", parent.code));
            }
        }
    }
}

fn party(code: Code, kind: PartyKind, parent: Option<Code>) -> Party {
    let name = unnamed(&code);
    let provenance = Provenance::default();
    Party {
        code,
        name,
        kind,
        parent,
        provenance,
        responder: false,
        statistical: None,
        households: None,
        powers: Vec::new(),
    }
}

fn unnamed(code: &Code) -> Name {
    Name { zh: code.to_string(), en: None }
}

fn flag(fields: &Fields<'_, '_>, key: &'static str) -> Option<bool> {
    fields.get(key).and_then(|cursor| cursor.flag())
}
