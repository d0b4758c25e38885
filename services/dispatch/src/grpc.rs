//! The desk of a community, a street, a unit: what its people may do with a case.

use std::sync::Arc;

use proto::ToWireTime;
use proto::common::v1::Role;
use proto::dispatch::v1::dispatch_service_server::DispatchService;
use proto::dispatch::v1::{
    AdjudicateRequest, AdjudicateResponse, AdmitRequest, AdmitResponse, AdoptMeasureRequest, AdoptMeasureResponse,
    AnswerSupervisionRequest, AnswerSupervisionResponse, AssignRequest, AssignResponse, CallRequest, CallResponse,
    CompleteTaskRequest, CompleteTaskResponse, DisqualifyRequest, DisqualifyResponse, EscalateRequest,
    EscalateResponse, ExtendRequest, ExtendResponse, FormTaskForceRequest, FormTaskForceResponse, GetRequest,
    GetResponse, HoldMeetingRequest, HoldMeetingResponse, PlanTasksRequest, PlanTasksResponse, RecordCityDoneRequest,
    RecordCityDoneResponse, RecordCityProgressRequest, RecordCityProgressResponse, RecordCityReturnRequest,
    RecordCityReturnResponse, RecordProgressRequest, RecordProgressResponse, ReleaseRequest, ReleaseResponse,
    ReopenRequest, ReopenResponse, ResolveRequest, ResolveResponse, ResumeRequest, ResumeResponse,
    SpawnRelatedCaseRequest, SpawnRelatedCaseResponse, SuperviseRequest, SuperviseResponse, SuspendRequest,
    SuspendResponse, TransferRequest, TransferResponse,
};
use station::{Caller, Recorded, bad_field, counted, evidence, optional_prose, prose, wire as shared};
use tonic::{Request, Response, Status};
use vocabulary::Duty;

use crate::above::{self, above, level_of};
use crate::app::{self, App, Asked, CallWish};
use crate::domain::{Action, Attendee, Command, InForce, Phase, allowed_actions};
use crate::fields::{NOTE_LENGTH_MAX, PRESENT, bounded, group, instant, named_some, plan, related, special, unit};
use crate::terms;
use crate::wire::{progress_kind, scope};

/// The method that shows a case as dispatch has it.
const GET: &str = "huying.dispatch.v1.DispatchService/Get";
/// Days between two meetings of a task force, if nothing else is said.
const WEEK: u32 = 7;

pub struct Door {
    app: App,
}

impl Door {
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

/// Reads caller and case of a request, and whether they may.
macro_rules! asked {
    ($self:ident, $request:ident, $method:literal) => {{
        let caller = Caller::of(&$request)?;
        let $request = $request.into_inner();
        let named = station::desk::named(&$request.command_id, &$request)?;
        let action = concat!("huying.dispatch.v1.DispatchService/", $method);
        let asked: Asked = $self.app.asked(caller, action, &$request.district, &$request.case_id, named).await?;
        ($request, asked)
    }};
}

mod actions;
mod city;

use actions::allowed;
pub use actions::may;

#[tonic::async_trait]
impl DispatchService for Door {
    async fn assign(&self, request: Request<AssignRequest>) -> Result<Response<AssignResponse>, Status> {
        let (request, asked) = asked!(self, request, "Assign");
        let by = asked.caller.acting_party()?.clone();
        let to = unit(&asked.charter, "party", &request.party)?;
        let to_level = asked.charter.party(to.as_str()).map_or(charter::Level::C, |party| level_of(party.kind));
        let state = self.app.state(&asked).await?;
        let holder = state.matter.as_ref().map(|matter| &matter.holder);
        let above_holder = asked.caller.is_the_district(&asked.charter) || above::commands(&asked.charter, &by, holder);
        let command = Command::Assign {
            by,
            above_holder,
            to,
            to_level,
            reason: optional_prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            in_force: InForce(Arc::clone(&asked.charter)),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(AssignResponse { revision, position }))
    }

    async fn escalate(&self, request: Request<EscalateRequest>) -> Result<Response<EscalateResponse>, Status> {
        let (request, asked) = asked!(self, request, "Escalate");
        let by = asked.caller.acting_party()?.clone();
        let (to, to_level) = if request.to.is_empty() {
            let (to, to_level) = above(&asked.charter, &by);
            (to.code.clone(), to_level)
        } else {
            (group(&asked.charter, "to", &request.to)?, charter::Level::C)
        };
        let command = Command::Escalate {
            by,
            to,
            to_level,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            judged: self.app.judged(&asked).await?,
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(EscalateResponse { revision, position }))
    }

    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let (request, asked) = asked!(self, request, "Call");
        bounded("parties", &request.parties)?;
        let parties = request
            .parties
            .iter()
            .map(|called| {
                let duty = shared::optional_duty(called.duty).map_err(bad_field)?.unwrap_or(Duty::Assist);
                Ok((unit(&asked.charter, "parties.party", &called.party)?, duty))
            })
            .collect::<Result<_, Status>>()?;
        let wish = CallWish {
            situation: shared::optional_code("situation", &request.situation).map_err(bad_field)?,
            parties,
            colour: shared::optional_colour(request.colour).map_err(bad_field)?,
            note: optional_prose("note", &request.note, NOTE_LENGTH_MAX)?,
            special: special(&asked.charter, &request)?,
        };
        let state = self.app.glance(&asked).await?;
        let whistle = Box::new(self.app.whistle(&asked, &state, wish)?);
        let Recorded { revision, position } = self.app.record(&asked, Command::Call { whistle }).await?;
        Ok(Response::new(CallResponse { revision, position }))
    }

    async fn plan_tasks(&self, request: Request<PlanTasksRequest>) -> Result<Response<PlanTasksResponse>, Status> {
        let (request, asked) = asked!(self, request, "PlanTasks");
        bounded("tasks", &request.tasks)?;
        let tasks = request.tasks.iter().map(|task| plan(&asked.charter, task)).collect::<Result<Vec<_>, _>>()?;
        named_some("tasks", &tasks)?;
        let in_force = InForce(Arc::clone(&asked.charter));
        let command =
            Command::PlanTasks { by: asked.caller.acting_party()?.clone(), tasks, now: self.app.now(), in_force };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(PlanTasksResponse { revision, position }))
    }

    async fn complete_task(
        &self,
        request: Request<CompleteTaskRequest>,
    ) -> Result<Response<CompleteTaskResponse>, Status> {
        let (request, asked) = asked!(self, request, "CompleteTask");
        counted("task", request.task)?;
        let caller = asked.caller.acting_party()?.clone();
        let whose_task = self
            .app
            .state(&asked)
            .await?
            .tasks
            .iter()
            .find_map(|task| (task.number == request.task).then(|| task.party.clone()));
        let by = match whose_task {
            Some(party) if above::speaks_for(&asked.charter, asked.caller.role, &party) => party,
            Some(_) | None => caller,
        };
        let command = Command::CompleteTask {
            by,
            task: request.task,
            note: optional_prose("note", &request.note, NOTE_LENGTH_MAX)?,
            evidence: evidence(&request.evidence)?,
            now: self.app.now(),
            rating_due: self.app.rating_due(&asked.charter),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(CompleteTaskResponse { revision, position }))
    }

    async fn record_progress(
        &self,
        request: Request<RecordProgressRequest>,
    ) -> Result<Response<RecordProgressResponse>, Status> {
        let (request, asked) = asked!(self, request, "RecordProgress");
        let command = Command::Progress {
            by: asked.caller.acting_party()?.clone(),
            desk: asked.caller.role != Role::Department,
            kind: progress_kind(request.kind).map_err(bad_field)?,
            note: prose("note", &request.note, NOTE_LENGTH_MAX)?,
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(RecordProgressResponse { revision, position }))
    }

    async fn adopt_measure(
        &self,
        request: Request<AdoptMeasureRequest>,
    ) -> Result<Response<AdoptMeasureResponse>, Status> {
        let (request, asked) = asked!(self, request, "AdoptMeasure");
        bounded("exceptions", &request.exceptions)?;
        let exceptions = request
            .exceptions
            .iter()
            .map(|text| prose("exceptions", text, NOTE_LENGTH_MAX))
            .collect::<Result<_, _>>()?;
        let command = Command::AdoptMeasure {
            by: asked.caller.acting_party()?.clone(),
            measure: prose("measure", &request.measure, NOTE_LENGTH_MAX)?,
            exceptions,
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(AdoptMeasureResponse { revision, position }))
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Result<Response<ReleaseResponse>, Status> {
        let (request, asked) = asked!(self, request, "Release");
        let command = Command::Release {
            by: asked.caller.acting_party()?.clone(),
            party: unit(&asked.charter, "party", &request.party)?,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            rating_due: self.app.rating_due(&asked.charter),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(ReleaseResponse { revision, position }))
    }

    async fn resolve(&self, request: Request<ResolveRequest>) -> Result<Response<ResolveResponse>, Status> {
        let (request, asked) = asked!(self, request, "Resolve");
        let command = Command::Resolve {
            by: asked.caller.acting_party()?.clone(),
            outcome: shared::outcome(request.outcome).map_err(bad_field)?,
            summary: prose("summary", &request.summary, NOTE_LENGTH_MAX)?,
            evidence: evidence(&request.evidence)?,
            rating_due: self.app.rating_due(&asked.charter),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(ResolveResponse { revision, position }))
    }

    async fn reopen(&self, request: Request<ReopenRequest>) -> Result<Response<ReopenResponse>, Status> {
        let (request, asked) = asked!(self, request, "Reopen");
        let command = Command::Reopen {
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            terms: terms::general(&asked.charter, self.app.now()),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(ReopenResponse { revision, position }))
    }

    async fn adjudicate(&self, request: Request<AdjudicateRequest>) -> Result<Response<AdjudicateResponse>, Status> {
        let (request, asked) = asked!(self, request, "Adjudicate");
        counted("call", request.call)?;
        let upheld = if request.to.is_empty() {
            None
        } else {
            let to = unit(&asked.charter, "to", &request.to)?;
            let state = self.app.state(&asked).await?;
            Some(Box::new(self.app.passed_on(&asked.charter, &state, request.call, to)?))
        };
        let command = Command::Adjudicate {
            by: asked.caller.acting_party()?.clone(),
            call: request.call,
            party: unit(&asked.charter, "party", &request.party)?,
            upheld,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            rating_due: self.app.rating_due(&asked.charter),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(AdjudicateResponse { revision, position }))
    }

    async fn disqualify(&self, request: Request<DisqualifyRequest>) -> Result<Response<DisqualifyResponse>, Status> {
        let (request, asked) = asked!(self, request, "Disqualify");
        counted("call", request.call)?;
        let state = self.app.glance(&asked).await?;
        let colour = state.calls.iter().find(|call| call.number == request.call).map(|call| call.colour);
        let (response_due, report_in_due) = self.app.once_more(&asked.charter, colour.unwrap_or(charter::Colour::Blue));
        let command = Command::Disqualify {
            by: asked.caller.acting_party()?.clone(),
            call: request.call,
            party: unit(&asked.charter, "party", &request.party)?,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            response_due,
            report_in_due,
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(DisqualifyResponse { revision, position }))
    }

    async fn supervise(&self, request: Request<SuperviseRequest>) -> Result<Response<SuperviseResponse>, Status> {
        let (request, asked) = asked!(self, request, "Supervise");
        let command = Command::Supervise {
            by: asked.caller.acting_party()?.clone(),
            above: self.is_above_holder(&asked).await?,
            party: unit(&asked.charter, "party", &request.party)?,
            text: prose("text", &request.text, NOTE_LENGTH_MAX)?,
            due: instant("due", request.due.as_ref())?,
            now: self.app.now(),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(SuperviseResponse { revision, position }))
    }

    async fn answer_supervision(
        &self,
        request: Request<AnswerSupervisionRequest>,
    ) -> Result<Response<AnswerSupervisionResponse>, Status> {
        let (request, asked) = asked!(self, request, "AnswerSupervision");
        let command = Command::AnswerSupervision {
            by: asked.caller.acting_party()?.clone(),
            order: counted("order", request.order)?,
            note: prose("note", &request.note, NOTE_LENGTH_MAX)?,
            now: self.app.now(),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(AnswerSupervisionResponse { revision, position }))
    }

    async fn extend(&self, request: Request<ExtendRequest>) -> Result<Response<ExtendResponse>, Status> {
        let (request, asked) = asked!(self, request, "Extend");
        let command = Command::Extend {
            by: asked.caller.acting_party()?.clone(),
            above: self.is_above_holder(&asked).await?,
            scope: scope(request.call, request.task).map_err(bad_field)?,
            basis: prose("basis", &request.basis, NOTE_LENGTH_MAX)?,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            due: instant("due", request.due.as_ref())?,
            now: self.app.now(),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(ExtendResponse { revision, position }))
    }

    async fn suspend(&self, request: Request<SuspendRequest>) -> Result<Response<SuspendResponse>, Status> {
        let (request, asked) = asked!(self, request, "Suspend");
        let command = Command::Suspend {
            by: asked.caller.acting_party()?.clone(),
            above: self.is_above_holder(&asked).await?,
            basis: prose("basis", &request.basis, NOTE_LENGTH_MAX)?,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            until: instant("until", request.until.as_ref())?,
            now: self.app.now(),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(SuspendResponse { revision, position }))
    }

    async fn resume(&self, request: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        let (_, asked) = asked!(self, request, "Resume");
        let command = Command::Resume {
            by: asked.caller.acting_party()?.clone(),
            above: self.is_above_holder(&asked).await?,
            now: self.app.now(),
            in_force: InForce(Arc::clone(&asked.charter)),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(ResumeResponse { revision, position }))
    }

    async fn hold_meeting(
        &self,
        request: Request<HoldMeetingRequest>,
    ) -> Result<Response<HoldMeetingResponse>, Status> {
        let (request, asked) = asked!(self, request, "HoldMeeting");
        bounded("present", &request.present)?;
        named_some("present", &request.present)?;
        bounded("decisions", &request.decisions)?;
        let present = request.present.iter().map(|attendee| {
            Ok(Attendee {
                party: unit(&asked.charter, "present.party", &attendee.party)?,
                officer: station::officer(PRESENT, attendee.officer.as_ref())?,
            })
        });
        let command = Command::HoldMeeting {
            by: asked.caller.acting_party()?.clone(),
            present: present.collect::<Result<_, Status>>()?,
            minutes: prose("minutes", &request.minutes, NOTE_LENGTH_MAX)?,
            decisions: request.decisions.iter().map(|task| plan(&asked.charter, task)).collect::<Result<_, _>>()?,
            now: self.app.now(),
            in_force: InForce(Arc::clone(&asked.charter)),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(HoldMeetingResponse { revision, position }))
    }

    async fn form_task_force(
        &self,
        request: Request<FormTaskForceRequest>,
    ) -> Result<Response<FormTaskForceResponse>, Status> {
        let (request, asked) = asked!(self, request, "FormTaskForce");
        bounded("members", &request.members)?;
        named_some("members", &request.members)?;
        let by = asked.caller.acting_party()?.clone();
        let lead = if request.lead.is_empty() { by.clone() } else { unit(&asked.charter, "lead", &request.lead)? };
        let members = request.members.iter().map(|member| unit(&asked.charter, "members", member));
        let command = Command::FormTaskForce {
            by,
            lead,
            members: members.collect::<Result<_, _>>()?,
            cadence_days: if request.cadence_days == 0 { WEEK } else { request.cadence_days },
            now: self.app.now(),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(FormTaskForceResponse { revision, position }))
    }

    async fn transfer(&self, request: Request<TransferRequest>) -> Result<Response<TransferResponse>, Status> {
        city::transfer(self, request).await
    }

    async fn record_city_progress(
        &self,
        request: Request<RecordCityProgressRequest>,
    ) -> Result<Response<RecordCityProgressResponse>, Status> {
        city::progress(self, request).await
    }

    async fn record_city_done(
        &self,
        request: Request<RecordCityDoneRequest>,
    ) -> Result<Response<RecordCityDoneResponse>, Status> {
        city::done(self, request).await
    }

    async fn record_city_return(
        &self,
        request: Request<RecordCityReturnRequest>,
    ) -> Result<Response<RecordCityReturnResponse>, Status> {
        city::hand_back(self, request).await
    }

    async fn admit(&self, request: Request<AdmitRequest>) -> Result<Response<AdmitResponse>, Status> {
        let (request, asked) = asked!(self, request, "Admit");
        let command = Command::Admit {
            by: asked.caller.acting_party()?.clone(),
            above: true,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(AdmitResponse { revision, position }))
    }

    async fn spawn_related_case(
        &self,
        request: Request<SpawnRelatedCaseRequest>,
    ) -> Result<Response<SpawnRelatedCaseResponse>, Status> {
        let (request, asked) = asked!(self, request, "SpawnRelatedCase");
        let said = (request.title.as_str(), request.text.as_str(), request.category.as_str());
        let command = Command::SpawnRelated {
            by: asked.caller.acting_party()?.clone(),
            related: Box::new(related(&asked.charter, said, request.place.as_ref())?),
            help_until: request.helps.then(|| terms::help_until(&asked.charter, self.app.now())),
        };
        let Recorded { revision, position } = self.app.record(&asked, command).await?;
        Ok(Response::new(SpawnRelatedCaseResponse { revision, position }))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let named = station::desk::named("", &request)?;
        let asked = self.app.asked(caller, GET, &request.district, &request.case_id, named).await?;
        let snapshot = self.app.snapshot(&asked).await?;
        let state = &snapshot.state;
        let matter = state.matter.as_ref();
        let phase = match state.phase {
            Phase::Unknown => "unknown",
            Phase::Open => "open",
            Phase::Resolved { .. } => "resolved",
            Phase::Closed => "closed",
        };
        let role = asked.caller.role;
        let actions = match self.app.asker(&asked, state) {
            None => vec![],
            Some(asker) => allowed_actions(state, &asker),
        };
        let may = |action: &Action| may(action.act, role);
        Ok(Response::new(GetResponse {
            revision: snapshot.revision.0,
            phase: phase.to_owned(),
            owner: matter.map(|matter| matter.holder.to_string()).unwrap_or_default(),
            level: matter.map(|matter| shared::to_level(matter.level)).unwrap_or_default(),
            due: matter.map(|matter| matter.clock.due.to_wire()),
            due_provisional: matter.is_some_and(|matter| {
                let start = matter.clock.start.as_ref();
                start.is_some_and(|start| asked.charter.is_provisional(start.limit, matter.clock.due))
            }),
            suspended: state.suspension.is_some(),
            returns: state.returns,
            earlier_cases: state.earlier.iter().map(ToString::to_string).collect(),
            root_cause_needed: state.needs_root_cause(),
            allowed_actions: actions.iter().filter(|action| may(action)).map(allowed).collect(),
        }))
    }
}

impl Door {
    async fn is_above_holder(&self, asked: &Asked) -> Result<bool, Status> {
        let state = self.app.state(asked).await?;
        Ok(app::is_above_holder(asked, &state))
    }
}
