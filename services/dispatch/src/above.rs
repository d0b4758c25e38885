//! Who is above whom, and whose command centre is whose: what the charter says of the units of a case.

use std::collections::BTreeMap;
use std::sync::Arc;

use charter::{Charter, Level, Party, PartyKind};
use ids::Code;
use jiff::Timestamp;
use proto::common::v1::Role;
use station::access::is_the_district;

pub use crate::domain::is_command_centre;
use crate::domain::{Asker, COMMAND_CENTRE, InForce, State};

/// The city, as far as this charter knows one.
#[must_use]
pub fn city(charter: &Charter) -> Option<Code> {
    charter.find_parties(PartyKind::City).next().map(|city| city.code.clone())
}

/// The command centre of the street that a unit belongs to; the district's, where there is none.
#[must_use]
pub fn command_centre_of(charter: &Charter, party: &Code) -> Code {
    let street = charter.street_of(party);
    let centre = street.and_then(|street| charter.unit_of(&street.code, COMMAND_CENTRE));
    centre.unwrap_or(charter.district_centre()).code.clone()
}

/// Who holds a case one level above a party, and the level it then has.
pub fn above<'c>(charter: &'c Charter, party: &Code) -> (&'c Party, Level) {
    let centre = (charter.district_centre(), Level::C);
    let Some(known) = charter.party(party.as_str()) else { return centre };
    let street_centre = || {
        let street = charter.street_of(party)?;
        Some((charter.unit_of(&street.code, COMMAND_CENTRE)?, Level::B1))
    };
    match known.kind {
        PartyKind::Grid => {
            charter.community_of(party).map(|community| (community, Level::A)).or_else(street_centre).unwrap_or(centre)
        }
        PartyKind::Community => street_centre().unwrap_or(centre),
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad if !is_command_centre(charter, party) => {
            street_centre().unwrap_or(centre)
        }
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad | PartyKind::Department | PartyKind::Group => centre,
        PartyKind::District => {
            let city = charter.find_parties(PartyKind::City).next();
            city.map_or(centre, |city| (city, Level::D))
        }
        PartyKind::External | PartyKind::City => centre,
    }
}

/// Departments that lead the situation a case is in.
#[must_use]
pub fn leading(charter: &Charter, state: &State) -> Vec<Code> {
    let Some(matter) = &state.matter else { return vec![] };
    let situation = matter.situation.as_ref().and_then(|code| charter.situation(code.as_str()));
    let street = charter.street_of(&matter.holder).map_or(&matter.holder, |street| &street.code);
    situation.map(|situation| situation.lead_for(street)).unwrap_or_default()
}

/// Who is told when a party is late, for everybody who has to do with a case.
#[must_use]
pub fn everybody_above(charter: &Charter, state: &State) -> BTreeMap<Code, Code> {
    let holder = state.matter.iter().map(|matter| &matter.holder);
    let called = state.calls.iter().flat_map(|call| call.parties.iter().map(|called| &called.party));
    let working = state.tasks.iter().map(|task| &task.party);
    let calling = state.calls.iter().map(|call| &call.caller);
    let supervised = state.supervisions.iter().map(|order| &order.party);
    let leading = state.task_force.iter().map(|force| &force.lead);
    let returned = state.calls.iter().flat_map(|call| &call.parties).filter_map(|called| called.returned.as_ref());
    let adjudicating = returned.map(|returned| &returned.adjudicator);
    holder
        .chain(called)
        .chain(working)
        .chain(calling)
        .chain(supervised)
        .chain(leading)
        .chain(adjudicating)
        .map(|party| (party.clone(), above(charter, party).0.code.clone()))
        .collect()
}

/// Whether somebody is the command centre of the street that another unit belongs to.
#[must_use]
pub fn commands(charter: &Charter, by: &Code, holder: Option<&Code>) -> bool {
    let street = |party: &Code| charter.street_of(party).map(|street| street.code.clone());
    is_command_centre(charter, by) && holder.is_some_and(|holder| street(holder) == street(by))
}

#[must_use]
pub fn level_of(kind: PartyKind) -> Level {
    match kind {
        PartyKind::Grid | PartyKind::Community | PartyKind::External => Level::A,
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad => Level::B1,
        PartyKind::Department | PartyKind::Group | PartyKind::District => Level::C,
        PartyKind::City => Level::D,
    }
}

/// Whether somebody is above whoever has the case: the district itself, or the command centre of the holder's street.
#[must_use]
pub fn is_above_holder(charter: &Charter, role: Role, by: Option<&Code>, state: &State) -> bool {
    let holder = state.matter.as_ref().map(|matter| &matter.holder);
    is_the_district(role, by, &[charter]) || by.is_some_and(|by| holder != Some(by) && commands(charter, by, holder))
}

/// Who asks what could be done, as the charter sees them and this case.
#[must_use]
pub fn asker(charter: &Arc<Charter>, role: Role, party: Code, state: &State, now: Timestamp) -> Asker {
    let (other, other_level) = above(charter, &party);
    let group = charter.groups().iter().find(|group| group.code != party);
    Asker {
        above: is_above_holder(charter, role, Some(&party), state),
        desk: role != Role::Department,
        other: other.code.clone(),
        other_level,
        upwards: [(other.code.clone(), other_level)]
            .into_iter()
            .chain(group.map(|it| (it.code.clone(), Level::C)))
            .collect(),
        departments: charter.group(party.as_str()).map(|group| group.departments().to_vec()).unwrap_or_default(),
        city: city(charter),
        speaks_for: state
            .tasks
            .iter()
            .map(|task| &task.party)
            .filter(|party| speaks_for(charter, role, party))
            .cloned()
            .collect(),
        party,
        now,
        in_force: InForce(Arc::clone(charter)),
    }
}

/// Whether somebody in this role writes down what a unit did that has no desk of its own: whoever sees the case, but not the grid,
/// which would record work that it asked for itself.
#[must_use]
pub fn speaks_for(charter: &Charter, role: Role, party: &Code) -> bool {
    role != Role::Grid && !has_desk(charter, party)
}

/// Whether somebody acts for a unit here. For a property company and the city others write down what they say.
#[must_use]
pub fn has_desk(charter: &Charter, party: &Code) -> bool {
    charter.party(party.as_str()).is_none_or(|party| match party.kind {
        PartyKind::External => party.responder,
        PartyKind::City => false,
        PartyKind::Grid
        | PartyKind::Community
        | PartyKind::Street
        | PartyKind::Unit
        | PartyKind::Squad
        | PartyKind::Department
        | PartyKind::Group
        | PartyKind::District => true,
    })
}
