//! The desk of a centre: its operations here, its roster in [`roster`].

mod roster;

use std::sync::Arc;

use charter::Charter;
use ids::{CommandId, HistoryKey, Owner, Revision};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::common::v1::Role;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::enforcement_center::v1::enforcement_center_service_server::EnforcementCenterService;
use proto::enforcement_center::v1::{
    ArriveOnSiteRequest, ArriveOnSiteResponse, CallSeatRequest, CallSeatResponse, ConcludeRequest, ConcludeResponse,
    DecidePathRequest, DecidePathResponse, GetOperationRequest, GetOperationResponse, GetRosterRequest,
    GetRosterResponse, Notice, ReinspectRequest, ReinspectResponse, SeatOfficerRequest, SeatOfficerResponse,
    ServeNoticeRequest, ServeNoticeResponse, SpawnRelatedCaseRequest, SpawnRelatedCaseResponse, TakeSeatRequest,
    TakeSeatResponse, UnseatOfficerRequest, UnseatOfficerResponse,
};
use record::Answered;
use station::desk::{case_key, command_id};
use station::{Caller, Desk, Station, Violation, broker_status, optional_prose, prose};
use tonic::{Request, Response, Status};

use crate::centre::{Centre, roster_key};
use crate::domain::operation::{
    Action, Command, Event, Hazard, Operation, Order, Path, Rules, Stage, Standing, Verdict,
};
use crate::domain::roster::Rules as RosterRules;
use crate::edge::{self, ADDRESS_LENGTH_MAX, TEXT_LENGTH_MAX, TITLE_LENGTH_MAX};
use crate::wire::known;

/// The charter's limit of a rectification notice.
const NOTICE_LIMIT: &str = "notice";
/// Who may look at operations and rosters.
const READERS: [Role; 5] = [Role::EnforcementCenter, Role::Street, Role::Department, Role::District, Role::Operator];

pub struct Door {
    operations: Desk<Rules>,
    rosters: Desk<RosterRules>,
}

/// A request about one operation, as far as all of them are alike.
struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    command_id: CommandId,
}

impl Door {
    pub fn new(operations: Desk<Rules>, rosters: Desk<RosterRules>) -> Self {
        Self { operations, rosters }
    }

    fn station(&self) -> &Station {
        &self.operations.station
    }

    fn asked(&self, caller: Caller, district: &str, case_id: &str, command: &str) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case_id)?;
        caller.require_district(&district)?;
        let charter = charter_of(self.station(), district.as_str())?;
        Ok(Asked { caller, charter, key, command_id: command_id(command)? })
    }

    async fn ask(&self, asked: &Asked, command: Command) -> Result<Answered<Event>, Status> {
        self.operations.ask(&asked.key, &asked.caller, asked.command_id.clone(), &asked.charter, command).await
    }

    /// What only the operation's own centre may ask; the rules compare the centre with the token's party.
    async fn act(&self, asked: &Asked, action: Action) -> Result<Answered<Event>, Status> {
        asked.caller.require(&[Role::EnforcementCenter])?;
        let centre = asked.caller.acting_party()?.clone();
        self.ask(asked, Command::Act { centre, action }).await
    }

    /// When a notice served now runs out.
    fn notice_due(&self, charter: &Charter) -> Result<Timestamp, Status> {
        let limit = charter.limit(NOTICE_LIMIT).ok_or_else(|| {
            tracing::error!(district = %charter.district, version = charter.version, "the charter has no notice limit");
            Status::internal("something is wrong here; it has been logged")
        })?;
        Ok(charter.deadline(self.station().now(), limit).due)
    }

    /// The notice that an answered command served. A repeat brings no events: the record has them.
    async fn notice_served(&self, asked: &Asked, answered: &Answered<Event>) -> Result<u32, Status> {
        let served = answered.events.iter().find_map(|event| match event {
            Event::NoticeServed { notice, .. } => Some(*notice),
            Event::OperationOpened(_)
            | Event::SeatCalled { .. }
            | Event::SeatTaken { .. }
            | Event::PathDecided(_)
            | Event::OnSite { .. }
            | Event::ReinspectionDue { .. }
            | Event::Reinspected { .. }
            | Event::NoticeComplied { .. }
            | Event::NoticeBreached { .. }
            | Event::RelatedCaseSpawned { .. }
            | Event::OperationConcluded { .. }
            | Event::OperationCancelled => None,
        });
        if let Some(notice) = served {
            return Ok(notice);
        }
        let broker = &self.station().broker;
        let commits =
            broker.load_owner(&asked.key, Owner::EnforcementCenter).await.map_err(|error| broker_status(&error))?;
        let decisions = commits.iter().flat_map(|stored| &stored.commit.decisions);
        let events = decisions.filter(|decision| decision.command_id == asked.command_id.as_str());
        let served = events.flat_map(|decision| &decision.events).find_map(|event| match known(event) {
            Ok(WireEvent::NoticeServed(fact)) => Some(fact.notice),
            Ok(_) | Err(_) => None,
        });
        served.ok_or_else(|| {
            Violation::new("command_id", "used-before", "it was used before, and not to serve a notice").into()
        })
    }
}

#[tonic::async_trait]
impl EnforcementCenterService for Door {
    async fn seat_officer(
        &self,
        request: Request<SeatOfficerRequest>,
    ) -> Result<Response<SeatOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Revision(revision) = roster::seat(&self.rosters, &caller, request.get_ref()).await?;
        Ok(Response::new(SeatOfficerResponse { revision }))
    }

    async fn unseat_officer(
        &self,
        request: Request<UnseatOfficerRequest>,
    ) -> Result<Response<UnseatOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Revision(revision) = roster::unseat(&self.rosters, &caller, request.get_ref()).await?;
        Ok(Response::new(UnseatOfficerResponse { revision }))
    }

    async fn get_roster(&self, request: Request<GetRosterRequest>) -> Result<Response<GetRosterResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&READERS)?;
        Ok(Response::new(roster::read(&self.rosters, &caller, request.get_ref()).await?))
    }

    async fn get_operation(
        &self,
        request: Request<GetOperationRequest>,
    ) -> Result<Response<GetOperationResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&READERS)?;
        let (district, case, key) = case_key(&request.get_ref().district, &request.get_ref().case_id)?;
        caller.require_district(&district)?;
        match self.operations.read(&key).await?.state.operation {
            Some(operation) => Ok(Response::new(show(&operation))),
            None => Err(Status::not_found(format!("there is no joint operation on case {case}"))),
        }
    }

    async fn call_seat(&self, request: Request<CallSeatRequest>) -> Result<Response<CallSeatResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        asked.caller.require(&[Role::EnforcementCenter])?;
        let acting = asked.caller.acting_party()?;
        let Some(centre) = Centre::find(&asked.charter, acting) else {
            return Err(Status::permission_denied(format!("{acting} is no street's enforcement centre")));
        };
        let roster = self.rosters.read(&roster_key(asked.key.district.clone(), acting)).await?.state;
        let mut seats: Vec<_> = centre.seats().cloned().collect();
        for entry in roster.entries.into_values() {
            if !seats.contains(&entry.party) {
                seats.push(entry.party);
            }
        }
        let action = Action::CallSeat { party: edge::code("party", &request.party)?, seats };
        let answered = self.act(&asked, action).await?;
        Ok(Response::new(CallSeatResponse { revision: answered.revision.0 }))
    }

    async fn take_seat(&self, request: Request<TakeSeatRequest>) -> Result<Response<TakeSeatResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Department])?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let party = asked.caller.acting_party()?.clone();
        let officer = edge::officer(request.officer.as_ref())?;
        let answered = self.ask(&asked, Command::TakeSeat { party, officer }).await?;
        Ok(Response::new(TakeSeatResponse { revision: answered.revision.0 }))
    }

    async fn decide_path(&self, request: Request<DecidePathRequest>) -> Result<Response<DecidePathResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let path = Path {
            assessment: prose("assessment", &request.assessment, TEXT_LENGTH_MAX)?,
            steps: edge::path("path", &request.path)?,
            parties: edge::parties("parties", &request.parties)?,
        };
        let answered = self.act(&asked, Action::DecidePath(path)).await?;
        Ok(Response::new(DecidePathResponse { revision: answered.revision.0 }))
    }

    async fn arrive_on_site(
        &self,
        request: Request<ArriveOnSiteRequest>,
    ) -> Result<Response<ArriveOnSiteResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let action = Action::ArriveOnSite {
            parties: edge::parties("parties", &request.parties)?,
            stop_order: optional_prose("stop_order", &request.stop_order, TEXT_LENGTH_MAX)?,
        };
        let answered = self.act(&asked, action).await?;
        Ok(Response::new(ArriveOnSiteResponse { revision: answered.revision.0 }))
    }

    async fn serve_notice(
        &self,
        request: Request<ServeNoticeRequest>,
    ) -> Result<Response<ServeNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let order = Order {
            party: edge::code("party", &request.party)?,
            subject: prose("subject", &request.subject, TEXT_LENGTH_MAX)?,
            address: prose("address", &request.address, ADDRESS_LENGTH_MAX)?,
            due: self.notice_due(&asked.charter)?,
            service_proof: prose("service_proof", &request.service_proof, TEXT_LENGTH_MAX)?,
        };
        let answered = self.act(&asked, Action::ServeNotice(order)).await?;
        let notice = self.notice_served(&asked, &answered).await?;
        Ok(Response::new(ServeNoticeResponse { revision: answered.revision.0, notice }))
    }

    async fn reinspect(&self, request: Request<ReinspectRequest>) -> Result<Response<ReinspectResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let verdict = if request.passed {
            Verdict::Passed
        } else {
            Verdict::Failed {
                next_step: prose("next_step", &request.next_step, TEXT_LENGTH_MAX)?,
                due: self.notice_due(&asked.charter)?,
            }
        };
        let finding = optional_prose("finding", &request.finding, TEXT_LENGTH_MAX)?;
        let answered = self.act(&asked, Action::Reinspect { notice: request.notice, finding, verdict }).await?;
        Ok(Response::new(ReinspectResponse { revision: answered.revision.0 }))
    }

    async fn spawn_related_case(
        &self,
        request: Request<SpawnRelatedCaseRequest>,
    ) -> Result<Response<SpawnRelatedCaseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let hazard = Hazard {
            title: prose("title", &request.title, TITLE_LENGTH_MAX)?,
            text: optional_prose("text", &request.text, TEXT_LENGTH_MAX)?,
            place: edge::place(&asked.charter, request.place.as_ref())?,
            category: edge::category(&asked.charter, &request.category)?,
        };
        let answered = self.act(&asked, Action::SpawnRelatedCase(Box::new(hazard))).await?;
        Ok(Response::new(SpawnRelatedCaseResponse { revision: answered.revision.0 }))
    }

    async fn conclude(&self, request: Request<ConcludeRequest>) -> Result<Response<ConcludeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = self.asked(caller, &request.district, &request.case_id, &request.command_id)?;
        let summary = prose("summary", &request.summary, TEXT_LENGTH_MAX)?;
        let answered = self.act(&asked, Action::Conclude { summary }).await?;
        Ok(Response::new(ConcludeResponse { revision: answered.revision.0 }))
    }
}

fn charter_of(station: &Station, district: &str) -> Result<Arc<Charter>, Status> {
    station.charter(district).map_err(|error| Violation::new("district", "known-district", error.to_string()).into())
}

fn show(operation: &Operation) -> GetOperationResponse {
    let state = match operation.stage {
        Stage::Opened => "opened",
        Stage::PathDecided(_) => "path-decided",
        Stage::OnSite { .. } => "on-site",
        Stage::Concluded => "concluded",
        Stage::Cancelled => "cancelled",
    };
    let notices = operation.numbered().map(|(number, notice)| Notice {
        notice: number,
        party: notice.order.party.to_string(),
        subject: notice.order.subject.clone(),
        address: notice.order.address.clone(),
        due: Some(notice.due.to_wire()),
        state: match notice.standing {
            Standing::Served => "served",
            Standing::Breached => "breached",
            Standing::ReinspectionDue => "reinspection-due",
            Standing::Complied => "complied",
        }
        .to_owned(),
    });
    GetOperationResponse {
        centre: operation.opening.centre.to_string(),
        state: state.to_owned(),
        parties: operation.parties().map(ToString::to_string).collect(),
        notices: notices.collect(),
    }
}
