//! Who sits in a centre: kept by the centre itself or by its street.

use std::collections::BTreeSet;
use std::sync::Arc;

use charter::Charter;
use ids::Code;
use proto::ToWireTime;
use proto::enforcement_center::v1::{
    GetRosterRequest, GetRosterResponse, RosterEntry, SeatOfficerRequest, SetAwayRequest, UnseatOfficerRequest,
};
use station::access::Matter;
use station::desk::named;
use station::{Caller, Desk, Recorded, Violation, wire};
use tonic::Status;

use super::charter_of;
use crate::centre::{Centre, roster_key};
use crate::domain::roster::{Command, Entry, Rules, SeatKind};
use crate::fields;
use crate::wire::{from_seat_kind, optional_time, to_seat_kind};

pub async fn seat(desk: &Desk<Rules>, caller: &Caller, request: &SeatOfficerRequest) -> Result<Recorded, Status> {
    let (charter, code) = centre_of(
        desk,
        caller,
        "huying.enforcement_center.v1.EnforcementCenterService/SeatOfficer",
        &request.district,
        &request.centre,
    )
    .await?;
    let centre = find(&charter, &code)?;
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
    Ok(desk.ask(&key, caller, named(&request.command_id, request)?, &charter, command).await?.into())
}

pub async fn unseat(desk: &Desk<Rules>, caller: &Caller, request: &UnseatOfficerRequest) -> Result<Recorded, Status> {
    let (charter, code) = centre_of(
        desk,
        caller,
        "huying.enforcement_center.v1.EnforcementCenterService/UnseatOfficer",
        &request.district,
        &request.centre,
    )
    .await?;
    let command = Command::Unseat {
        party: fields::code("party", &request.party)?,
        staff_ref: station::recorded_staff_ref("staff_ref", &request.staff_ref)?,
    };
    let key = roster_key(charter.district.clone(), &code);
    Ok(desk.ask(&key, caller, named(&request.command_id, request)?, &charter, command).await?.into())
}

pub async fn set_away(desk: &Desk<Rules>, caller: &Caller, request: &SetAwayRequest) -> Result<Recorded, Status> {
    let (charter, code) = centre_of(
        desk,
        caller,
        "huying.enforcement_center.v1.EnforcementCenterService/SetAway",
        &request.district,
        &request.centre,
    )
    .await?;
    let command = Command::SetAway {
        party: fields::code("party", &request.party)?,
        staff_ref: station::recorded_staff_ref("staff_ref", &request.staff_ref)?,
        until: optional_time("until", request.until.as_ref()).map_err(Violation::from)?,
    };
    let key = roster_key(charter.district.clone(), &code);
    Ok(desk.ask(&key, caller, named(&request.command_id, request)?, &charter, command).await?.into())
}

/// The named officers, and every unit the charter seats without one: residents, then seats.
pub async fn read(
    desk: &Desk<Rules>,
    caller: &Caller,
    request: &GetRosterRequest,
) -> Result<GetRosterResponse, Status> {
    let (charter, code) = centre_of(
        desk,
        caller,
        "huying.enforcement_center.v1.EnforcementCenterService/GetRoster",
        &request.district,
        &request.centre,
    )
    .await?;
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

/// The centre, for somebody who may do this with its roster: it is its street's, and of the units that sit in it.
async fn centre_of(
    desk: &Desk<Rules>,
    caller: &Caller,
    action: &'static str,
    district: &str,
    centre: &str,
) -> Result<(Arc<Charter>, Code), Status> {
    let district = fields::code("district", district)?;
    let charter = charter_of(&desk.station, district.as_str())?;
    let code = fields::code("centre", centre)?;
    let centre = find(&charter, &code)?;
    let key = roster_key(charter.district.clone(), &code);
    let named = desk.read(&key).await?.state;
    let named = named.entries.values().map(|entry| entry.party.clone());
    let chartered = centre.manning.resident.iter().chain(centre.seats()).cloned();
    let matter = Matter::of_parties(&key, named.chain(chartered).chain([code.clone()]));
    caller.may(action, &matter, &charter)?;
    Ok((charter, code))
}

fn find<'c>(charter: &'c Charter, centre: &Code) -> Result<Centre<'c>, Violation> {
    Centre::find(charter, centre)
        .ok_or_else(|| Violation::new("centre", "known-centre", format!("{centre} is no street's enforcement centre")))
}
