//! The desk of a centre: its operations here, its roster in [`roster`].

mod roster;
mod show;

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Owner};
use jiff::Timestamp;
use proto::common::v1::Role;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::enforcement_center::v1::enforcement_center_service_server::EnforcementCenterService;
use proto::enforcement_center::v1::{
    ArriveOnSiteRequest, ArriveOnSiteResponse, CallSeatRequest, CallSeatResponse, ConcludeRequest, ConcludeResponse,
    DecidePathRequest, DecidePathResponse, GetOperationRequest, GetOperationResponse, GetRosterRequest,
    GetRosterResponse, HoldMeetingRequest, HoldMeetingResponse, OrderStopRequest, OrderStopResponse, ReinspectRequest,
    ReinspectResponse, RenderDocumentRequest, RenderDocumentResponse, SeatOfficerRequest, SeatOfficerResponse,
    ServeNoticeRequest, ServeNoticeResponse, SetAwayRequest, SetAwayResponse, SpawnRelatedCaseRequest,
    SpawnRelatedCaseResponse, TakeNextStepRequest, TakeNextStepResponse, TakeSeatRequest, TakeSeatResponse,
    UnseatOfficerRequest, UnseatOfficerResponse,
};
use record::Answered;
use record::follow::Failure;
use station::desk::{case_key, named, named_by};
use station::{
    ADDRESS_LENGTH_MAX, Caller, Desk, Named, Recorded, Station, Violation, broker_status, counted, line, optional_line,
    optional_prose, prose,
};
use tonic::{Request, Response, Status};

use crate::centre::{Centre, roster_key, seat_due};
use crate::documents;
use crate::documents::Numbers;
use crate::domain::operation::allowed::{Sample, Who};
use crate::domain::operation::seat::SUBSTITUTES_MAX;
use crate::domain::operation::{
    Action, Command, Conclusion, Event, Operation, Order, Path, Rules, SeatCall, StopOrder, Verdict,
};
use crate::domain::roster::{Rules as RosterRules, SeatKind, State as Roster};
use crate::fields::{self, TEXT_LENGTH_MAX};
use crate::registers::Registers;
use crate::wire::known;
use crate::wire::paper::follows;

/// The charter's limit of a rectification notice.
const NOTICE_LIMIT: &str = "notice";
pub struct Door {
    operations: Desk<Rules>,
    rosters: Desk<RosterRules>,
    registers: Registers,
}

/// Reads what every request about an operation has, and whether the asker may.
macro_rules! asked {
    ($self:ident, $caller:ident, $request:ident, $method:literal) => {{
        let named = named(&$request.command_id, $request)?;
        let action = concat!("huying.enforcement_center.v1.EnforcementCenterService/", $method);
        $self.asked($caller, action, &$request.district, &$request.case_id, named).await?
    }};
}

/// A request about one operation, as far as all of them are alike.
struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    named: Named,
}

impl Door {
    pub fn new(operations: Desk<Rules>, rosters: Desk<RosterRules>, registers: Registers) -> Self {
        Self { operations, rosters, registers }
    }

    fn station(&self) -> &Station {
        &self.operations.station
    }

    /// Reads what every request about an operation has, and whether the asker may.
    async fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        case_id: &str,
        named: Named,
    ) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case_id)?;
        let charter = charter_of(self.station(), district.as_str())?;
        self.operations.may(&caller, action, &key, &charter).await?;
        Ok(Asked { caller, charter, key, named })
    }

    async fn ask(&self, asked: &Asked, command: Command) -> Result<Answered<Event>, Status> {
        self.operations.ask(&asked.key, &asked.caller, asked.named.clone(), &asked.charter, command).await
    }

    /// What only the operation's own centre may ask; the rules compare the centre with the token's party.
    async fn act(&self, asked: &Asked, action: Action) -> Result<Answered<Event>, Status> {
        let centre = asked.caller.acting_party()?.clone();
        self.ask(asked, Command::Act { centre, action }).await
    }

    /// When a notice served at `from` runs out, unless somebody set another deadline.
    fn notice_due(&self, charter: &Charter, from: Timestamp) -> Result<Timestamp, Status> {
        let limit = charter.limit(NOTICE_LIMIT).ok_or_else(|| {
            tracing::error!(district = %charter.district, version = charter.version, "the charter has no notice limit");
            wrong_here()
        })?;
        Ok(charter.deadline(from, limit).due)
    }

    /// Units with a seat on call in a centre, and who is on its roster.
    async fn seats_of(&self, charter: &Charter, code: &Code) -> Result<(Vec<Code>, Roster), Status> {
        let roster = self.rosters.read(&roster_key(charter.district.clone(), code)).await?.state;
        let mut seats: Vec<_> = Centre::find(charter, code).iter().flat_map(Centre::seats).cloned().collect();
        for entry in roster.entries.values().filter(|entry| entry.kind == SeatKind::OnCall) {
            if !seats.contains(&entry.party) {
                seats.push(entry.party.clone());
            }
        }
        Ok((seats, Arc::unwrap_or_clone(roster)))
    }

    /// The operation on a case and the numbers of its documents, for somebody who may look at it.
    async fn look(
        &self,
        caller: &Caller,
        action: &'static str,
        district: &str,
        case_id: &str,
    ) -> Result<(Arc<Charter>, Operation, Numbers), Status> {
        let (district, case, key) = case_key(district, case_id)?;
        let charter = charter_of(self.station(), district.as_str())?;
        self.operations.may(caller, action, &key, &charter).await?;
        let snapshot = self.operations.read(&key).await?;
        let Some(operation) = &snapshot.state.operation else {
            return Err(Status::not_found(format!("there is no joint operation on case {case}")));
        };
        let numbers = self.registers.enter(&charter, &key, snapshot.revision, operation).await.map_err(unnumbered)?;
        Ok((charter, Operation::clone(operation), numbers))
    }

    /// The notice that an answered command served. A repeat brings no events: the record has them.
    async fn notice_served(&self, asked: &Asked, answered: &Answered<Event>) -> Result<u32, Status> {
        let served = answered
            .events
            .iter()
            .find_map(|event| if let Event::NoticeServed { notice, .. } = event { Some(*notice) } else { None });
        if let Some(notice) = served {
            return Ok(notice);
        }
        let broker = &self.station().broker;
        let commits =
            broker.load_owner(&asked.key, Owner::EnforcementCenter).await.map_err(|error| broker_status(&error))?;
        let decisions = commits.iter().flat_map(|stored| &stored.commit.decisions);
        let actor = asked.caller.actor();
        let events = decisions.filter(|decision| {
            let sender = decision.actor.as_ref().is_some_and(|it| (it.role, &it.party) == (actor.role, &actor.party));
            sender && decision.command_id == asked.named.id.as_str()
        });
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
        let Recorded { revision, position } = roster::seat(&self.rosters, &caller, request.get_ref()).await?;
        Ok(Response::new(SeatOfficerResponse { revision, position }))
    }

    async fn unseat_officer(
        &self,
        request: Request<UnseatOfficerRequest>,
    ) -> Result<Response<UnseatOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Recorded { revision, position } = roster::unseat(&self.rosters, &caller, request.get_ref()).await?;
        Ok(Response::new(UnseatOfficerResponse { revision, position }))
    }

    async fn set_away(&self, request: Request<SetAwayRequest>) -> Result<Response<SetAwayResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Recorded { revision, position } = roster::set_away(&self.rosters, &caller, request.get_ref()).await?;
        Ok(Response::new(SetAwayResponse { revision, position }))
    }

    async fn get_roster(&self, request: Request<GetRosterRequest>) -> Result<Response<GetRosterResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(roster::read(&self.rosters, &caller, request.get_ref()).await?))
    }

    async fn get_operation(
        &self,
        request: Request<GetOperationRequest>,
    ) -> Result<Response<GetOperationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let GetOperationRequest { district, case_id } = request.get_ref();
        let (charter, operation, numbers) = self
            .look(&caller, "huying.enforcement_center.v1.EnforcementCenterService/GetOperation", district, case_id)
            .await?;
        let (seats, _) = self.seats_of(&charter, &operation.opening.centre).await?;
        let powers = charter.legal_powers().iter().map(|power| power.code.clone()).collect();
        let sample = Sample { now: self.station().now(), seats, powers };
        let who = match (caller.role, caller.party.as_ref()) {
            (Role::EnforcementCenter, Some(centre)) => Who::Centre(centre),
            (Role::Department, Some(unit)) => Who::Unit(unit),
            (_, _) => Who::Reader,
        };
        Ok(Response::new(show::operation(&charter, operation, &numbers, who, &sample)))
    }

    async fn call_seat(&self, request: Request<CallSeatRequest>) -> Result<Response<CallSeatResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "CallSeat");
        let acting = asked.caller.acting_party()?;
        if Centre::find(&asked.charter, acting).is_none() {
            return Err(Status::permission_denied(format!("{acting} is no street's enforcement centre")));
        }
        let (seats, roster) = self.seats_of(&asked.charter, acting).await?;
        let now = self.station().now();
        let party = fields::code("party", &request.party)?;
        let mut officers = roster.to_call(&party, now).cloned();
        let officer = officers.next();
        let substitutes = officers.take(SUBSTITUTES_MAX).collect();
        let call = SeatCall { party, officer, substitutes, due: Some(seat_due(&asked.charter, now)) };
        let action = Action::CallSeat { call, seats };
        let answered = self.act(&asked, action).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(CallSeatResponse { revision, position }))
    }

    async fn take_seat(&self, request: Request<TakeSeatRequest>) -> Result<Response<TakeSeatResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "TakeSeat");
        let party = asked.caller.acting_party()?.clone();
        let officer = fields::officer(request.officer.as_ref())?;
        let answered = self.ask(&asked, Command::TakeSeat { party, officer }).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(TakeSeatResponse { revision, position }))
    }

    async fn hold_meeting(
        &self,
        request: Request<HoldMeetingRequest>,
    ) -> Result<Response<HoldMeetingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "HoldMeeting");
        let action = Action::HoldMeeting {
            held_at: fields::past("held_at", request.held_at.as_ref(), self.station().now())?,
            venue: optional_line("venue", &request.venue, ADDRESS_LENGTH_MAX)?,
            present: fields::parties("present", &request.present)?,
            decisions: fields::decisions(&request.decisions)?,
        };
        let answered = self.act(&asked, action).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(HoldMeetingResponse { revision, position }))
    }

    async fn decide_path(&self, request: Request<DecidePathRequest>) -> Result<Response<DecidePathResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "DecidePath");
        let path = Path {
            assessment: prose("assessment", &request.assessment, TEXT_LENGTH_MAX)?,
            steps: fields::steps(&asked.charter, &request.steps)?,
            participants: fields::participants(&asked.charter, &request.participants, &request.parties)?,
            at: Some(self.station().now()),
        };
        let answered = self.act(&asked, Action::DecidePath(path)).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(DecidePathResponse { revision, position }))
    }

    async fn arrive_on_site(
        &self,
        request: Request<ArriveOnSiteRequest>,
    ) -> Result<Response<ArriveOnSiteResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "ArriveOnSite");
        let action = Action::ArriveOnSite {
            parties: fields::parties("parties", &request.parties)?,
            stop_order: optional_prose("stop_order", &request.stop_order, TEXT_LENGTH_MAX)?,
        };
        let answered = self.act(&asked, action).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(ArriveOnSiteResponse { revision, position }))
    }

    async fn order_stop(&self, request: Request<OrderStopRequest>) -> Result<Response<OrderStopResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let mut asked = asked!(self, caller, request, "OrderStop");
        if request.served_by.is_empty() {
            asked.named = named_by(&request.command_id, request, &asked.caller.staff_ref)?;
        }
        let (how, by, asker) = (&request.service_proof, &request.served_by, &asked.caller.staff_ref);
        let order = StopOrder {
            party: fields::code("party", &request.party)?,
            subject: prose("subject", &request.subject, TEXT_LENGTH_MAX)?,
            address: line("address", &request.address, ADDRESS_LENGTH_MAX)?,
            proof: fields::proof(how, by, asker, request.served_at.as_ref(), self.station().now())?,
            follows: follows(request.follows),
        };
        let answered = self.act(&asked, Action::OrderStop(order)).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(OrderStopResponse { revision, position }))
    }

    async fn serve_notice(
        &self,
        request: Request<ServeNoticeRequest>,
    ) -> Result<Response<ServeNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let mut asked = asked!(self, caller, request, "ServeNotice");
        if request.served_by.is_empty() {
            asked.named = named_by(&request.command_id, request, &asked.caller.staff_ref)?;
        }
        let (how, by, asker) = (&request.service_proof, &request.served_by, &asked.caller.staff_ref);
        let now = self.station().now();
        let proof = fields::proof(how, by, asker, request.served_at.as_ref(), now)?;
        let served_at = proof.at.unwrap_or(now);
        let order = Order {
            party: fields::code("party", &request.party)?,
            subject: prose("subject", &request.subject, TEXT_LENGTH_MAX)?,
            address: line("address", &request.address, ADDRESS_LENGTH_MAX)?,
            due: match &request.due {
                Some(due) => fields::deadline("due", due, served_at)?,
                None => self.notice_due(&asked.charter, served_at)?,
            },
            proof,
            follows: follows(request.follows),
        };
        let answered = self.act(&asked, Action::ServeNotice(order)).await?;
        let notice = self.notice_served(&asked, &answered).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(ServeNoticeResponse { revision, notice, position }))
    }

    async fn reinspect(&self, request: Request<ReinspectRequest>) -> Result<Response<ReinspectResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "Reinspect");
        counted("notice", request.notice)?;
        let now = self.station().now();
        let verdict = if request.passed {
            Verdict::Passed
        } else {
            Verdict::Failed {
                step: fields::next_step(request.step)?,
                next_step: prose("next_step", &request.next_step, TEXT_LENGTH_MAX)?,
                due: self.notice_due(&asked.charter, now)?,
            }
        };
        let finding = optional_prose("finding", &request.finding, TEXT_LENGTH_MAX)?;
        let answered =
            self.act(&asked, Action::Reinspect { notice: request.notice, finding, verdict, at: now }).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(ReinspectResponse { revision, position }))
    }

    async fn take_next_step(
        &self,
        request: Request<TakeNextStepRequest>,
    ) -> Result<Response<TakeNextStepResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "TakeNextStep");
        let action = Action::TakeNextStep {
            notice: counted("notice", request.notice)?,
            step: fields::next_step(request.step)?,
            text: prose("text", &request.text, TEXT_LENGTH_MAX)?,
            to: fields::party("to", &asked.charter, &request.to)?,
            at: self.station().now(),
        };
        let answered = self.act(&asked, action).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(TakeNextStepResponse { revision, position }))
    }

    async fn spawn_related_case(
        &self,
        request: Request<SpawnRelatedCaseRequest>,
    ) -> Result<Response<SpawnRelatedCaseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "SpawnRelatedCase");
        let hazard = fields::hazard(&asked.charter, request)?;
        let answered = self.act(&asked, Action::SpawnRelatedCase(Box::new(hazard))).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(SpawnRelatedCaseResponse { revision, position }))
    }

    async fn conclude(&self, request: Request<ConcludeRequest>) -> Result<Response<ConcludeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        let asked = asked!(self, caller, request, "Conclude");
        let summary = prose("summary", &request.summary, TEXT_LENGTH_MAX)?;
        let conclusion = Conclusion { summary, at: Some(self.station().now()) };
        let answered = self.act(&asked, Action::Conclude(conclusion)).await?;
        let Recorded { revision, position } = answered.into();
        Ok(Response::new(ConcludeResponse { revision, position }))
    }

    async fn render_document(
        &self,
        request: Request<RenderDocumentRequest>,
    ) -> Result<Response<RenderDocumentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let RenderDocumentRequest { district, case_id, document } = request.get_ref();
        let (charter, operation, numbers) = self
            .look(&caller, "huying.enforcement_center.v1.EnforcementCenterService/RenderDocument", district, case_id)
            .await?;
        let printed = documents::print(&charter, &operation, document, &numbers).map_err(|fault| {
            tracing::error!(%case_id, document, fault, "a document cannot be printed");
            wrong_here()
        })?;
        let Some(printed) = printed else {
            let there: Vec<String> = operation.documents.iter().map(|(known, _)| documents::name(*known)).collect();
            return Err(Status::not_found(format!("no document {document:?}; there are {}", there.join(", "))));
        };
        Ok(Response::new(RenderDocumentResponse {
            content: printed.html.into_bytes(),
            content_type: documents::CONTENT_TYPE.to_owned(),
            number: printed.number,
        }))
    }
}

fn charter_of(station: &Station, district: &str) -> Result<Arc<Charter>, Status> {
    Ok(station.charter(district)?)
}

/// A number that cannot be entered now.
fn unnumbered(failure: Failure) -> Status {
    match failure {
        Failure::Transient(error) | Failure::Later(error, _) | Failure::Newer(error) => {
            Status::unavailable(format!("the register is out of reach: {error}"))
        }
        Failure::Permanent(error) => {
            tracing::error!(%error, "a document cannot be numbered");
            wrong_here()
        }
    }
}

fn wrong_here() -> Status {
    Status::internal("something is wrong here; it has been logged")
}
