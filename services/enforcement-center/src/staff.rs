//! Who works where: the desk at which officers are registered and seconded.

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Kind};
use jiff::civil::Date;
use proto::enforcement_center::v1::staff_service_server::StaffService;
use proto::enforcement_center::v1::{
    EndSecondmentRequest, EndSecondmentResponse, RegisterOfficerRequest, RegisterOfficerResponse, SecondOfficerRequest,
    SecondOfficerResponse,
};
use station::access::Matter;
use station::desk::named;
use station::{Caller, Desk, Named, Recorded, Violation, optional_prose, prose};
use tonic::{Request, Response, Status};
use vocabulary::staff::Relations;

use crate::domain::staff::{Command, Registration, Rules, Secondment};
use crate::fields::{self, TEXT_LENGTH_MAX};
use crate::wire::staff::{day, optional_day};

/// Powers one person is licensed for.
const LICENCE_MAX: usize = 20;

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

    fn charter(&self, caller: &Caller, action: &'static str, district: &str) -> Result<Arc<Charter>, Status> {
        let district = fields::code("district", district)?;
        let charter = self.desk.station.charter(district.as_str())?;
        caller.may_in(action, &charter)?;
        Ok(charter)
    }

    fn asked(&self, caller: &Caller, action: &'static str, district: &str, staff_ref: &str) -> Result<Asked, Status> {
        let charter = self.charter(caller, action, district)?;
        // The number names a history, so it has the form of a code.
        let id = fields::code("staff_ref", staff_ref)?.to_string();
        let key = HistoryKey { kind: Kind::Staff, district: charter.district.clone(), id };
        Ok(Asked { charter, key })
    }

    async fn ask(&self, caller: &Caller, asked: &Asked, named: Named, command: Command) -> Result<Recorded, Status> {
        Ok(self.desk.ask(&asked.key, caller, named, &asked.charter, command).await?.into())
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
        let named = named(&request.command_id, &request)?;
        let officer = fields::officer(request.officer.as_ref())?;
        let asked = self.asked(
            &caller,
            "huying.enforcement_center.v1.StaffService/RegisterOfficer",
            &request.district,
            &officer.staff_ref,
        )?;
        let said = request.relations.unwrap_or_default();
        let unit = |field, code: &str| fields::party(field, &asked.charter, code);
        let relations = Relations {
            owned_by: unit("relations.owned_by", &said.owned_by)?,
            managed_by: unit("relations.managed_by", &said.managed_by)?,
            used_by: unit("relations.used_by", &said.used_by)?,
            assessed_by: unit("relations.assessed_by", &said.assessed_by)?,
        };
        keeps(
            &caller,
            "huying.enforcement_center.v1.StaffService/RegisterOfficer",
            &asked,
            &[&relations.managed_by, &relations.used_by],
        )?;
        let licence = licence(&asked.charter, &request.licence)?;
        let command = Command::Register(Box::new(Registration { officer, relations, licence }));
        let Recorded { revision, position } = self.ask(&caller, &asked, named, command).await?;
        Ok(Response::new(RegisterOfficerResponse { revision, position }))
    }

    async fn second_officer(
        &self,
        request: Request<SecondOfficerRequest>,
    ) -> Result<Response<SecondOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let named = named(&request.command_id, &request)?;
        let asked = self.asked(
            &caller,
            "huying.enforcement_center.v1.StaffService/SecondOfficer",
            &request.district,
            &request.staff_ref,
        )?;
        let secondment = Secondment {
            from: fields::party("from", &asked.charter, &request.from)?,
            to: fields::party("to", &asked.charter, &request.to)?,
            since: day("since", &request.since).map_err(Violation::from)?,
            until: optional_day("until", &request.until).map_err(Violation::from)?,
            reason: prose("reason", &request.reason, TEXT_LENGTH_MAX)?,
        };
        keeps(
            &caller,
            "huying.enforcement_center.v1.StaffService/SecondOfficer",
            &asked,
            &[&secondment.from, &secondment.to],
        )?;
        let command = Command::Second(Box::new(secondment));
        let Recorded { revision, position } = self.ask(&caller, &asked, named, command).await?;
        Ok(Response::new(SecondOfficerResponse { revision, position }))
    }

    async fn end_secondment(
        &self,
        request: Request<EndSecondmentRequest>,
    ) -> Result<Response<EndSecondmentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let named = named(&request.command_id, &request)?;
        let asked = self.asked(
            &caller,
            "huying.enforcement_center.v1.StaffService/EndSecondment",
            &request.district,
            &request.staff_ref,
        )?;
        let last_day = optional_day("last_day", &request.last_day).map_err(Violation::from)?;
        let last_day = last_day.unwrap_or_else(|| self.today(&asked.charter));
        let held = self.desk.read(&asked.key).await?.state.seconded_on(last_day).cloned();
        if let Some(held) = &held {
            keeps(&caller, "huying.enforcement_center.v1.StaffService/EndSecondment", &asked, &[&held.from, &held.to])?;
        }
        let reason = optional_prose("reason", &request.reason, TEXT_LENGTH_MAX)?;
        let Recorded { revision, position } =
            self.ask(&caller, &asked, named, Command::End { last_day, reason }).await?;
        Ok(Response::new(EndSecondmentResponse { revision, position }))
    }
}

/// Each of these units is one that the asker may do this for.
fn keeps(caller: &Caller, action: &'static str, asked: &Asked, units: &[&Code]) -> Result<(), Status> {
    units.iter().try_for_each(|unit| {
        let matter = Matter::of_parties(&asked.key, [Code::clone(unit)]);
        let refused = |_| Status::permission_denied(format!("{unit} is not for the asker to staff"));
        caller.may(action, &matter, &asked.charter).map_err(refused)
    })
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
