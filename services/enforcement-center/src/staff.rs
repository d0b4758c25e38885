//! Who works where: the desk at which officers are registered and seconded, and the list that every unit an officer has
//! to do with can read. The list is in memory, fed from the record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use charter::Charter;
use chassis::Gate;
use decider::Decider;
use ids::{Code, HistoryKey, Kind, Owner};
use jiff::civil::Date;
use proto::enforcement_center::v1::staff_service_server::StaffService;
use proto::enforcement_center::v1::{
    EndSecondmentRequest, EndSecondmentResponse, ListOfficersRequest, ListOfficersResponse, RegisterOfficerRequest,
    RegisterOfficerResponse, SecondOfficerRequest, SecondOfficerResponse, StaffRecord,
};
use proto::subjects::CommitSubject;
use record::{Broker, Step, StoredCommit};
use station::access::Matter;
use station::desk::{events_of, named};
use station::{Caller, Desk, Named, Recorded, Violation, broker_status, optional_prose, prose, wire as shared};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::domain::staff::{Command, Registration, Relations, Rules, Secondment, State};
use crate::edge::{self, TEXT_LENGTH_MAX};
use crate::wire::staff::{day, day_text, optional_day, to_relations};

/// How long a reader waits for the list to come level with the record.
const LEVEL_WITH_RECORD: Duration = Duration::from_secs(5);
/// Powers one person is licensed for.
const LICENCE_MAX: usize = 20;
/// Every officer of every district, as recorded.
#[derive(Clone)]
pub struct Staff {
    officers: Arc<Mutex<HashMap<HistoryKey, State>>>,
    position: watch::Sender<u64>,
}

impl Default for Staff {
    fn default() -> Self {
        Self { officers: Arc::default(), position: watch::Sender::new(0) }
    }
}

impl Staff {
    pub async fn feed(self, broker: Broker, stop: CancellationToken, gate: Gate) -> anyhow::Result<()> {
        let mut record = broker.replay(vec![filter()], 1, stop);
        while let Some(step) = record.next().await? {
            match step {
                Step::Commit(stored) => self.take(&stored)?,
                Step::LevelWithRecord => gate.open(),
            }
        }
        Ok(())
    }

    fn take(&self, stored: &StoredCommit) -> anyhow::Result<()> {
        let events = events_of::<Rules>(stored).map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        let mut officers = self.officers.lock().unwrap_or_else(PoisonError::into_inner);
        let officer = officers.entry(stored.subject.key.clone()).or_default();
        *officer = events.iter().fold(std::mem::take(officer), Rules::evolve);
        drop(officers);
        self.position.send_replace(stored.sequence);
        Ok(())
    }

    /// Officers who have to do with a unit on a day, by number: those it lends are seen as well as those it has.
    async fn of(&self, broker: &Broker, district: &Code, party: &Code, on: Date) -> Result<Vec<State>, Status> {
        let last = broker.last_position(&filter()).await.map_err(|error| broker_status(&error))?;
        let mut seen = self.position.subscribe();
        let _ = tokio::time::timeout(LEVEL_WITH_RECORD, seen.wait_for(|at| *at >= last)).await;
        let officers = self.officers.lock().unwrap_or_else(PoisonError::into_inner);
        let concerned = |state: &State| {
            let own = state.registration.as_ref().is_some_and(|known| known.relations.include(party));
            own || state.relations_on(on).is_some_and(|relations| relations.include(party))
        };
        let mut found: Vec<(String, State)> = officers
            .iter()
            .filter(|(key, state)| key.district == *district && concerned(state))
            .map(|(key, state)| (key.id.clone(), state.clone()))
            .collect();
        drop(officers);
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found.into_iter().map(|(_, state)| state).collect())
    }
}

pub struct StaffDoor {
    desk: Desk<Rules>,
    staff: Staff,
}

/// One request about one officer.
struct Asked {
    charter: Arc<Charter>,
    key: HistoryKey,
}

impl StaffDoor {
    pub fn new(desk: Desk<Rules>, staff: Staff) -> Self {
        Self { desk, staff }
    }

    fn charter(&self, caller: &Caller, action: &'static str, district: &str) -> Result<Arc<Charter>, Status> {
        let district = edge::code("district", district)?;
        let charter = self.desk.station.charter(district.as_str())?;
        caller.may_in(action, &charter)?;
        Ok(charter)
    }

    fn asked(&self, caller: &Caller, action: &'static str, district: &str, staff_ref: &str) -> Result<Asked, Status> {
        let charter = self.charter(caller, action, district)?;
        // The number names a history, so it has the form of a code.
        let id = edge::code("staff_ref", staff_ref)?.to_string();
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
        let officer = edge::officer(request.officer.as_ref())?;
        let asked = self.asked(
            &caller,
            "huying.enforcement_center.v1.StaffService/RegisterOfficer",
            &request.district,
            &officer.staff_ref,
        )?;
        let said = request.relations.unwrap_or_default();
        let unit = |field, code: &str| edge::party(field, &asked.charter, code);
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
            from: edge::party("from", &asked.charter, &request.from)?,
            to: edge::party("to", &asked.charter, &request.to)?,
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

    async fn list_officers(
        &self,
        request: Request<ListOfficersRequest>,
    ) -> Result<Response<ListOfficersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let charter =
            self.charter(&caller, "huying.enforcement_center.v1.StaffService/ListOfficers", &request.district)?;
        let party = edge::party("party", &charter, &request.party)?;
        let on = optional_day("on", &request.on).map_err(Violation::from)?.unwrap_or_else(|| self.today(&charter));
        let found = self.staff.of(&self.desk.station.broker, &charter.district, &party, on).await?;
        let officers = found.iter().filter_map(|state| shown(state, on)).collect();
        Ok(Response::new(ListOfficersResponse { officers }))
    }
}

fn shown(state: &State, on: Date) -> Option<StaffRecord> {
    let known = state.registration.as_ref()?;
    let secondment = state.seconded_on(on);
    Some(StaffRecord {
        officer: Some(shared::to_officer(&known.officer)),
        relations: state.relations_on(on).as_ref().map(to_relations),
        licence: shared::texts(&known.licence),
        seconded_from: secondment.map(|held| held.from.to_string()).unwrap_or_default(),
        since: day_text(secondment.map(|held| held.since)),
        until: day_text(secondment.and_then(|held| held.until)),
    })
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

fn filter() -> String {
    CommitSubject::all_of(Kind::Staff, Owner::EnforcementCenter)
}
