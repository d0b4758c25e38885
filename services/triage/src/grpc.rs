//! The judgement desk.

use charter::Charter;
use ids::{Code, HistoryKey};
use proto::common::v1::Role;
use proto::triage::v1::triage_service_server::TriageService;
use proto::triage::v1::{
    Candidate, ClaimRequest, ClaimResponse, JudgeRequest, JudgeResponse, ListQueueRequest, ListQueueResponse,
    RegradeRequest, RegradeResponse, SuggestRequest, SuggestResponse,
};
use station::desk::{case_key, command_id};
use station::{Caller, Desk, Violation, bad_field, broker_status, optional_prose, prose, wire};
use tonic::{Request, Response, Status};
use vocabulary::Place;

use crate::domain::{Command, Judgement, Rules, State};
use crate::grading;
use crate::queue::Queue;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1000;
/// Characters of a reason.
const REASON_LENGTH_MAX: usize = 2000;

pub struct Door {
    desk: Desk<Rules>,
    queue: Queue,
}

/// What a person says a case is.
struct Judging<'a> {
    category: &'a str,
    also: &'a [String],
    level: i32,
    situation: &'a str,
}

impl Door {
    pub fn new(desk: Desk<Rules>, queue: Queue) -> Self {
        Self { desk, queue }
    }

    async fn judgement(
        &self,
        caller: &Caller,
        charter: &Charter,
        key: &HistoryKey,
        said: Judging<'_>,
    ) -> Result<Judgement, Status> {
        let place = match self.desk.read(key).await?.state {
            State::Unknown => return Err(station::not_found(&key.id)),
            State::Waiting { subject, .. } | State::Judged { subject, .. } => subject.place,
        };
        own_street(caller, charter, &place)?;
        let categories = grading::categories(charter, said.category, said.also)?;
        let level = wire::optional_level(said.level).map_err(bad_field)?;
        let situation = match said.situation {
            "" => None,
            code => {
                let unknown = || {
                    Violation::new(
                        "situation",
                        "known-situation",
                        format!("{code:?} is not a situation of this charter"),
                    )
                };
                Some(charter.situation(code).ok_or_else(unknown)?.code.clone())
            }
        };
        Ok(grading::judge(charter, &categories, level, situation, &place))
    }
}

/// A street judges what lies in it; the district everything.
fn own_street(caller: &Caller, charter: &Charter, place: &Place) -> Result<(), Status> {
    if caller.role == Role::District {
        return Ok(());
    }
    let street = |party: &Code| charter.street_of(party).map(|street| street.code.clone());
    let own = street(caller.acting_party()?);
    let there = place.party.as_ref().and_then(street);
    match there {
        Some(there) if own.as_ref() != Some(&there) => {
            Err(Status::permission_denied(format!("the case lies in {there}: that street judges it, or the district")))
        }
        Some(_) | None => Ok(()),
    }
}

#[tonic::async_trait]
impl TriageService for Door {
    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Result<Response<ListQueueResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Street, Role::District, Role::Operator])?;
        let request = request.into_inner();
        let district = caller.district.as_ref().map_or(request.district.as_str(), Code::as_str);
        let size = if request.page_size == 0 { PAGE_DEFAULT } else { request.page_size.min(PAGE_MAX) };
        let cases = self.queue.list(&self.desk.station.broker, district, size as usize).await;
        Ok(Response::new(ListQueueResponse { cases: cases.map_err(|error| broker_status(&error))? }))
    }

    async fn claim(&self, request: Request<ClaimRequest>) -> Result<Response<ClaimResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Street, Role::District])?;
        let request = request.into_inner();
        let (district, _, key) = case_key(&request.district, &request.case_id)?;
        caller.require_district(&district)?;
        let charter = charter_of(&self.desk, &district)?;
        let command = Command::Claim { by: caller.staff_ref.clone() };
        let answered = self.desk.ask(&key, &caller, command_id(&request.command_id)?, &charter, command).await?;
        Ok(Response::new(ClaimResponse { revision: answered.revision.0 }))
    }

    async fn judge(&self, request: Request<JudgeRequest>) -> Result<Response<JudgeResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Street, Role::District])?;
        let request = request.into_inner();
        let (district, _, key) = case_key(&request.district, &request.case_id)?;
        caller.require_district(&district)?;
        let charter = charter_of(&self.desk, &district)?;
        let said = Judging {
            category: &request.category,
            also: &request.also,
            level: request.level,
            situation: &request.situation,
        };
        let judgement = self.judgement(&caller, &charter, &key, said).await?;
        let command =
            Command::Judge { judgement, reason: optional_prose("reason", &request.reason, REASON_LENGTH_MAX)? };
        let answered = self.desk.ask(&key, &caller, command_id(&request.command_id)?, &charter, command).await?;
        Ok(Response::new(JudgeResponse { revision: answered.revision.0 }))
    }

    async fn regrade(&self, request: Request<RegradeRequest>) -> Result<Response<RegradeResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Street, Role::District])?;
        let request = request.into_inner();
        let (district, _, key) = case_key(&request.district, &request.case_id)?;
        caller.require_district(&district)?;
        let charter = charter_of(&self.desk, &district)?;
        let said = Judging {
            category: &request.category,
            also: &request.also,
            level: request.level,
            situation: &request.situation,
        };
        let judgement = self.judgement(&caller, &charter, &key, said).await?;
        let command = Command::Regrade { judgement, reason: prose("reason", &request.reason, REASON_LENGTH_MAX)? };
        let answered = self.desk.ask(&key, &caller, command_id(&request.command_id)?, &charter, command).await?;
        Ok(Response::new(RegradeResponse { revision: answered.revision.0 }))
    }

    async fn suggest(&self, request: Request<SuggestRequest>) -> Result<Response<SuggestResponse>, Status> {
        Caller::of(&request)?;
        let request = request.into_inner();
        let charter = self
            .desk
            .station
            .charter(&request.district)
            .map_err(|error| Violation::new("district", "known-district", error.to_string()))?;
        let candidates = charter
            .classify(&request.title, &request.text)
            .iter()
            .map(|found| Candidate { category: found.category.code.to_string(), confidence: found.confidence })
            .collect();
        Ok(Response::new(SuggestResponse { candidates }))
    }
}

fn charter_of(desk: &Desk<Rules>, district: &Code) -> Result<std::sync::Arc<Charter>, Status> {
    desk.station
        .charter(district.as_str())
        .map_err(|error| Violation::new("district", "known-district", error.to_string()).into())
}
