//! Who sits in a centre: kept by the centre itself or by its street.

use std::collections::BTreeSet;
use std::sync::Arc;

use charter::Charter;
use ids::{Code, Revision};
use proto::ToWireTime;
use proto::common::v1::Role;
use proto::enforcement_center::v1::{
    GetRosterRequest, GetRosterResponse, RosterEntry, SeatOfficerRequest, SetAwayRequest, UnseatOfficerRequest,
};
use station::desk::command_id;
use station::{Caller, Desk, Violation, wire};
use tonic::Status;

use super::charter_of;
use crate::centre::{Centre, roster_key};
use crate::domain::roster::{Command, Entry, Rules, SeatKind};
use crate::fields;
use crate::wire::{from_seat_kind, optional_time, to_seat_kind};

pub async fn seat(desk: &Desk<Rules>, caller: &Caller, request: &SeatOfficerRequest) -> Result<Revision, Status> {
    let (charter, code) = centre_of(desk, caller, &request.district, &request.centre)?;
    let centre = find(&charter, &code)?;
    keeps_roster(caller, &charter, &centre)?;
    let entry = Entry {
        party: fields::party("party", &charter, &request.party)?,
        officer: fields::officer(request.officer.as_ref())?,
        rank: fields::code("rank", &request.rank)?,
        kind: from_seat_kind(request.kind).map_err(Violation::from)?,
        substitute: request.substitute,
    };
    let chartered = centre.kind_of(&entry.party);
    let command = Command::Seat { entry, ranks: centre.manning.ranks.clone(), chartered };
    let key = roster_key(charter.district.clone(), &code);
    Ok(desk.ask(&key, caller, command_id(&request.command_id)?, &charter, command).await?.revision)
}

pub async fn unseat(desk: &Desk<Rules>, caller: &Caller, request: &UnseatOfficerRequest) -> Result<Revision, Status> {
    let (charter, code) = centre_of(desk, caller, &request.district, &request.centre)?;
    keeps_roster(caller, &charter, &find(&charter, &code)?)?;
    let command = Command::Unseat {
        party: fields::code("party", &request.party)?,
        staff_ref: fields::staff_ref("staff_ref", &request.staff_ref)?,
    };
    let key = roster_key(charter.district.clone(), &code);
    Ok(desk.ask(&key, caller, command_id(&request.command_id)?, &charter, command).await?.revision)
}

pub async fn set_away(desk: &Desk<Rules>, caller: &Caller, request: &SetAwayRequest) -> Result<Revision, Status> {
    let (charter, code) = centre_of(desk, caller, &request.district, &request.centre)?;
    keeps_roster(caller, &charter, &find(&charter, &code)?)?;
    let command = Command::SetAway {
        party: fields::code("party", &request.party)?,
        staff_ref: fields::staff_ref("staff_ref", &request.staff_ref)?,
        until: optional_time("until", request.until.as_ref()).map_err(Violation::from)?,
    };
    let key = roster_key(charter.district.clone(), &code);
    Ok(desk.ask(&key, caller, command_id(&request.command_id)?, &charter, command).await?.revision)
}

/// The named officers, and every unit the charter seats without one: residents, then seats.
pub async fn read(
    desk: &Desk<Rules>,
    caller: &Caller,
    request: &GetRosterRequest,
) -> Result<GetRosterResponse, Status> {
    let (charter, code) = centre_of(desk, caller, &request.district, &request.centre)?;
    let centre = find(&charter, &code)?;
    let roster = desk.read(&roster_key(charter.district.clone(), &code)).await?.state;
    let named: BTreeSet<&Code> = roster.entries.values().map(|entry| &entry.party).collect();
    let unnamed = |party: &Code, kind: SeatKind| RosterEntry {
        party: party.to_string(),
        kind: to_seat_kind(kind).into(),
        ..RosterEntry::default()
    };
    let now = desk.station.now();
    let officers = roster.entries.values().map(|entry| RosterEntry {
        party: entry.party.to_string(),
        officer: Some(wire::to_officer(&entry.officer)),
        rank: entry.rank.to_string(),
        kind: to_seat_kind(entry.kind).into(),
        substitute: entry.substitute,
        available: roster.is_available(&entry.officer.staff_ref, now),
        away_until: roster.away.get(&entry.officer.staff_ref).map(|until| until.to_wire()),
    });
    let residents = centre.manning.resident.iter().map(|party| (party, SeatKind::Resident));
    let chartered = residents.chain(centre.seats().map(|party| (party, SeatKind::OnCall)));
    let without = chartered.filter(|(party, _)| !named.contains(party)).map(|(party, kind)| unnamed(party, kind));
    let mut entries: Vec<_> = officers.chain(without).collect();
    entries.sort_by_key(|entry| entry.kind);
    Ok(GetRosterResponse { entries })
}

fn centre_of(
    desk: &Desk<Rules>,
    caller: &Caller,
    district: &str,
    centre: &str,
) -> Result<(Arc<Charter>, Code), Status> {
    let district = fields::code("district", district)?;
    caller.require_district(&district)?;
    Ok((charter_of(&desk.station, district.as_str())?, fields::code("centre", centre)?))
}

fn find<'c>(charter: &'c Charter, centre: &Code) -> Result<Centre<'c>, Violation> {
    Centre::find(charter, centre)
        .ok_or_else(|| Violation::new("centre", "known-centre", format!("{centre} is no street's enforcement centre")))
}

/// The centre itself, or its street.
fn keeps_roster(caller: &Caller, charter: &Charter, centre: &Centre<'_>) -> Result<(), Status> {
    caller.require(&[Role::EnforcementCenter, Role::Street])?;
    let acting = caller.acting_party()?;
    let own = charter.street_of(acting).map(|street| &street.code);
    if own == Some(&centre.street.code) {
        return Ok(());
    }
    Err(Status::permission_denied(format!("{acting} does not belong to {}, whose centre this is", centre.street.code)))
}
