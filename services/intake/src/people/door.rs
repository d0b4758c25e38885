//! The gRPC door to what is kept of people.

use std::collections::BTreeSet;
use std::sync::Arc;

use charter::Charter;
use ids::Owner;
use proto::common::v1::Role;
use proto::intake::v1::intake_event::Event as Fact;
use proto::intake::v1::people_service_server::PeopleService;
use proto::intake::v1::{
    AskContactRequest, AskContactResponse, ContactOf, ErasePersonRequest, ErasePersonResponse, Reading,
    ShowPersonRequest, ShowPersonResponse,
};
use proto::record::v1::event::Of;
use record::StoredCommit;
use station::desk::{case_key, named, named_by};
use station::{Caller, Violation, broker_status, prose, recorded_staff_ref, role_name};
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::domain::person::Command;

/// Characters of what somebody's number is needed for.
const REASON_LENGTH_MAX: usize = 500;

pub struct PeopleDoor(Arc<App>);

impl PeopleDoor {
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }

    /// A person in a district that the caller may ask about; whoever raised matters, about themselves alone.
    fn asked(
        &self,
        caller: &Caller,
        action: &'static str,
        asked: (&str, &str),
    ) -> Result<(Arc<Charter>, String), Status> {
        let (district, caller_ref) = asked;
        let caller_ref = recorded_staff_ref("caller_ref", caller_ref)?;
        if district.is_empty() {
            return Err(Violation::new("district", "required", "name the district").into());
        }
        let charter = self.0.desk.station.charter(district)?;
        caller.may_in(action, &charter)?;
        if caller.role == Role::Caller && caller.staff_ref != caller_ref {
            return Err(Status::permission_denied("a caller asks this of themselves alone"));
        }
        if caller.role == Role::District && !caller.is_the_district(&charter) {
            return Err(Status::permission_denied("only the district itself may do this, and none of its units"));
        }
        Ok((charter, caller_ref))
    }
}

#[tonic::async_trait]
impl PeopleService for PeopleDoor {
    async fn ask_contact(&self, request: Request<AskContactRequest>) -> Result<Response<AskContactResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let (district, case, key) = case_key(&request.district, &request.case_id)?;
        let desk = &self.0.desk;
        let charter = desk.station.charter(district.as_str())?;
        desk.may(&caller, "huying.intake.v1.PeopleService/AskContact", &key, &charter).await?;
        let reason = prose("reason", &request.reason, REASON_LENGTH_MAX)?;
        let named = named_by(&request.command_id, &request, &caller.staff_ref)?;
        let state = desk.read(&key).await?.state;
        let raised = state.received.iter().map(|received| &received.caller_ref);
        let joined = state.joined.iter().map(|joined| &joined.caller_ref);
        let callers: BTreeSet<&String> = raised.chain(joined).filter(|caller| !caller.is_empty()).collect();
        let mut contacts = Vec::new();
        for caller_ref in callers {
            let about = (Some(case), reason.as_str());
            let contact = self.0.people.disclose(&caller, named.clone(), &charter, caller_ref, about).await?;
            contacts
                .extend(contact.map(|contact| ContactOf { caller_ref: caller_ref.clone(), contact: Some(contact) }));
        }
        Ok(Response::new(AskContactResponse { contacts }))
    }

    async fn show_person(&self, request: Request<ShowPersonRequest>) -> Result<Response<ShowPersonResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = (request.district.as_str(), request.caller_ref.as_str());
        let (charter, caller_ref) = self.asked(&caller, "huying.intake.v1.PeopleService/ShowPerson", asked)?;
        let reason = prose("reason", &request.reason, REASON_LENGTH_MAX)?;
        let people = &self.0.people;
        let key = people.history(&charter.district, &caller_ref);
        let contact = if caller.role == Role::Caller {
            // Their own is no reading.
            people.opened(&key).await?
        } else {
            let named = named(&request.command_id, &request)?;
            people.disclose(&caller, named, &charter, &caller_ref, (None, &reason)).await?
        };
        let commits = people.desk.station.broker.load_owner(&key, Owner::Intake).await;
        let commits = commits.map_err(|error| broker_status(&error))?;
        let erased = commits
            .iter()
            .rfind(|stored| stored.commit.intake_facts().any(|fact| matches!(fact, Fact::PersonErased(_))));
        Ok(Response::new(ShowPersonResponse {
            contact,
            readings: commits.iter().flat_map(readings).collect(),
            erased_at: erased.and_then(|stored| stored.commit.at),
        }))
    }

    async fn erase_person(
        &self,
        request: Request<ErasePersonRequest>,
    ) -> Result<Response<ErasePersonResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = (request.district.as_str(), request.caller_ref.as_str());
        let (charter, caller_ref) = self.asked(&caller, "huying.intake.v1.PeopleService/ErasePerson", asked)?;
        let reason = prose("reason", &request.reason, REASON_LENGTH_MAX)?;
        let named = named(&request.command_id, &request)?;
        let people = &self.0.people;
        let key = people.history(&charter.district, &caller_ref);
        let was_kept = people.desk.read(&key).await?.state.is_kept;
        people.desk.ask(&key, &caller, named, &charter, Command::Erase { reason }).await?;
        // On the record first. Whoever dies here finds it there (`follow`).
        people.wipe(&key).await.map_err(|error| broker_status(&error))?;
        Ok(Response::new(ErasePersonResponse { was_kept }))
    }
}

fn readings(stored: &StoredCommit) -> Vec<Reading> {
    let mut readings = Vec::new();
    for decision in &stored.commit.decisions {
        let actor = decision.actor.clone().unwrap_or_default();
        for event in &decision.events {
            let Some(Of::Intake(event)) = &event.of else { continue };
            let Some(Fact::ContactDisclosed(fact)) = &event.event else { continue };
            readings.push(Reading {
                at: stored.commit.at,
                role: role_name(actor.role()).to_owned(),
                party: actor.party.clone(),
                staff_ref: actor.staff_ref.clone(),
                case_id: fact.case_id.clone(),
                reason: fact.reason.clone(),
            });
        }
    }
    readings
}
