//! Who works where: the desk at which officers are registered and seconded.

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Kind};
use jiff::civil::Date;
use proto::common::v1::Role;
use proto::enforcement_center::v1::staff_service_server::StaffService;
use proto::enforcement_center::v1::{
    EndSecondmentRequest, EndSecondmentResponse, RegisterOfficerRequest, RegisterOfficerResponse, SecondOfficerRequest,
    SecondOfficerResponse,
};
use station::desk::command_id;
use station::{Caller, Desk, Violation, optional_prose, prose};
use tonic::{Request, Response, Status};

use crate::domain::staff::{Command, Registration, Relations, Rules, Secondment};
use crate::fields::{self, TEXT_LENGTH_MAX};
use crate::wire::staff::{day, optional_day};

/// Powers one person is licensed for.
const LICENCE_MAX: usize = 20;
/// Those who register and second: the district, and the streets for their own.
const KEEPERS: [Role; 2] = [Role::Street, Role::District];

pub struct StaffDoor {
    desk: Desk<Rules>,
}

/// One request about one officer.
struct Asked {
    charter: Arc<Charter>,
    key: HistoryKey,
}

impl StaffDoor {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    fn charter(&self, caller: &Caller, district: &str) -> Result<Arc<Charter>, Status> {
        let district = fields::code("district", district)?;
        caller.require_district(&district)?;
        Ok(self.desk.station.charter(district.as_str())?)
    }

    fn asked(&self, caller: &Caller, district: &str, staff_ref: &str) -> Result<Asked, Status> {
        caller.require(&KEEPERS)?;
        let charter = self.charter(caller, district)?;
        // The number names a history, so it has the form of a code.
        let id = fields::code("staff_ref", staff_ref)?.to_string();
        let key = HistoryKey { kind: Kind::Staff, district: charter.district.clone(), id };
        Ok(Asked { charter, key })
    }

    async fn ask(&self, caller: &Caller, asked: &Asked, id: &str, command: Command) -> Result<u64, Status> {
        let answered = self.desk.ask(&asked.key, caller, command_id(id)?, &asked.charter, command).await;
        Ok(answered?.revision.0)
    }

    /// Today in the district.
    fn today(&self, charter: &Charter) -> Date {
        self.desk.station.now().to_zoned(charter.time_zone.clone()).date()
    }
}

#[tonic::async_trait]
impl StaffService for StaffDoor {
    async fn register_officer(
        &self,
        request: Request<RegisterOfficerRequest>,
    ) -> Result<Response<RegisterOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let officer = fields::officer(request.officer.as_ref())?;
        let asked = self.asked(&caller, &request.district, &officer.staff_ref)?;
        let said = request.relations.unwrap_or_default();
        let unit = |field, code: &str| fields::party(field, &asked.charter, code);
        let relations = Relations {
            owned_by: unit("relations.owned_by", &said.owned_by)?,
            managed_by: unit("relations.managed_by", &said.managed_by)?,
            used_by: unit("relations.used_by", &said.used_by)?,
            assessed_by: unit("relations.assessed_by", &said.assessed_by)?,
        };
        keeps(&caller, &asked.charter, &[&relations.managed_by, &relations.used_by])?;
        let licence = licence(&asked.charter, &request.licence)?;
        let command = Command::Register(Box::new(Registration { officer, relations, licence }));
        let revision = self.ask(&caller, &asked, &request.command_id, command).await?;
        Ok(Response::new(RegisterOfficerResponse { revision }))
    }

    async fn second_officer(
        &self,
        request: Request<SecondOfficerRequest>,
    ) -> Result<Response<SecondOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.staff_ref)?;
        let secondment = Secondment {
            from: fields::party("from", &asked.charter, &request.from)?,
            to: fields::party("to", &asked.charter, &request.to)?,
            since: day("since", &request.since).map_err(Violation::from)?,
            until: optional_day("until", &request.until).map_err(Violation::from)?,
            reason: prose("reason", &request.reason, TEXT_LENGTH_MAX)?,
        };
        keeps(&caller, &asked.charter, &[&secondment.from, &secondment.to])?;
        let command = Command::Second(Box::new(secondment));
        let revision = self.ask(&caller, &asked, &request.command_id, command).await?;
        Ok(Response::new(SecondOfficerResponse { revision }))
    }

    async fn end_secondment(
        &self,
        request: Request<EndSecondmentRequest>,
    ) -> Result<Response<EndSecondmentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.staff_ref)?;
        let last_day = optional_day("last_day", &request.last_day).map_err(Violation::from)?;
        let last_day = last_day.unwrap_or_else(|| self.today(&asked.charter));
        let held = self.desk.read(&asked.key).await?.state.seconded_on(last_day).cloned();
        if let Some(held) = &held {
            keeps(&caller, &asked.charter, &[&held.from, &held.to])?;
        }
        let reason = optional_prose("reason", &request.reason, TEXT_LENGTH_MAX)?;
        let revision = self.ask(&caller, &asked, &request.command_id, Command::End { last_day, reason }).await?;
        Ok(Response::new(EndSecondmentResponse { revision }))
    }
}

/// The district for everybody; a street for units of its own.
fn keeps(caller: &Caller, charter: &Charter, units: &[&Code]) -> Result<(), Status> {
    if caller.role == Role::District {
        return Ok(());
    }
    let acting = caller.acting_party()?;
    let street = |party: &Code| charter.street_of(party).map(|street| street.code.clone());
    let own = street(acting);
    match units.iter().find(|unit| own.is_none() || street(unit) != own) {
        None => Ok(()),
        Some(other) => Err(Status::permission_denied(format!("{other} does not belong to the street of {acting}"))),
    }
}

fn licence(charter: &Charter, powers: &[String]) -> Result<Vec<Code>, Violation> {
    if powers.len() > LICENCE_MAX {
        return Err(Violation::new("licence", "list-length", format!("at most {LICENCE_MAX} powers fit")));
    }
    let power = |power: &String| {
        let known = charter.legal_powers().iter().find(|known| known.code.as_str() == power);
        known.map(|known| known.code.clone()).ok_or_else(|| {
            Violation::new("licence", "known-power", format!("{power:?} is no legal power of this charter"))
        })
    };
    powers.iter().map(power).collect()
}
