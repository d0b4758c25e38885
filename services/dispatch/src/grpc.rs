//! The desk of a community, a street, a unit: what its people may do with a case.

use charter::Charter;
use ids::Code;
use proto::FromWireTime;
use proto::common::v1::Role;
use proto::dispatch::v1::dispatch_service_server::DispatchService;
use proto::dispatch::v1::{
    AdoptMeasureRequest, AdoptMeasureResponse, AssignRequest, AssignResponse, CallRequest, CallResponse,
    CompleteTaskRequest, CompleteTaskResponse, EscalateRequest, EscalateResponse, PlanTasksRequest, PlanTasksResponse,
    PlannedTask, RecordProgressRequest, RecordProgressResponse, ReleaseRequest, ReleaseResponse, ReopenRequest,
    ReopenResponse, ResolveRequest, ResolveResponse,
};
use station::{Caller, Violation, bad_field, optional_prose, prose, wire as shared};
use tonic::{Request, Response, Status};
use vocabulary::Duty;

use crate::app::{self, App, Asked, CallWish, above, level_of};
use crate::domain::{Command, Plan};
use crate::wire::progress_kind;

/// Characters of a note, reason or title.
pub const NOTE_LENGTH_MAX: usize = 2000;
/// Exceptions of a measure, tasks of a plan, parties of a call in one request.
const LIST_LENGTH_MAX: usize = 100;
/// Those who hold cases.
const OWNERS: [Role; 5] = [Role::Grid, Role::Community, Role::Street, Role::EnforcementCenter, Role::District];

pub struct Door {
    app: App,
}

impl Door {
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

fn bounded<T>(field: &'static str, list: &[T]) -> Result<(), Status> {
    if list.len() <= LIST_LENGTH_MAX {
        return Ok(());
    }
    Err(Violation::new(field, "list-length", format!("at most {LIST_LENGTH_MAX} fit")).into())
}

fn party(charter: &Charter, field: &'static str, code: &str) -> Result<Code, Status> {
    let known = charter.party(code).map(|party| party.code.clone());
    known.ok_or_else(|| Violation::new(field, "known-party", format!("{code:?} is not a unit of this charter")).into())
}

/// Whether somebody is the command centre of the street that another unit belongs to.
fn commands(charter: &Charter, by: &Code, owner: Option<&Code>) -> bool {
    let street = |party: &Code| charter.street_of(party).map(|street| street.code.clone());
    app::is_command_centre(charter, by) && owner.is_some_and(|owner| street(owner) == street(by))
}

fn plan(charter: &Charter, task: &PlannedTask) -> Result<Plan, Status> {
    let due = match &task.due {
        None => None,
        Some(due) => Some(due.time().map_err(|error| Violation::new("tasks.due", "instant", error.to_string()))?),
    };
    Ok(Plan {
        party: party(charter, "tasks.party", &task.party)?,
        title: prose("tasks.title", &task.title, NOTE_LENGTH_MAX)?,
        due,
        after: task.after.clone(),
    })
}

/// Reads caller and case of a request, checks the role.
macro_rules! asked {
    ($self:ident, $request:ident, $roles:expr) => {{
        let caller = Caller::of(&$request)?;
        caller.require($roles)?;
        let $request = $request.into_inner();
        let asked: Asked = $self.app.asked(caller, &$request.district, &$request.case_id, &$request.command_id)?;
        ($request, asked)
    }};
}

#[tonic::async_trait]
impl DispatchService for Door {
    async fn assign(&self, request: Request<AssignRequest>) -> Result<Response<AssignResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
        let by = asked.caller.acting_party()?.clone();
        let to = party(&asked.charter, "party", &request.party)?;
        let to_level = asked.charter.party(to.as_str()).map_or(charter::Level::C, |party| level_of(party.kind));
        let state = self.app.state(&asked).await?;
        let owner = state.matter.as_ref().map(|matter| &matter.owner);
        let above_owner = asked.caller.role == Role::District || commands(&asked.charter, &by, owner);
        let command = Command::Assign {
            by,
            above_owner,
            to,
            to_level,
            reason: optional_prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
        };
        Ok(Response::new(AssignResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn escalate(&self, request: Request<EscalateRequest>) -> Result<Response<EscalateResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
        let by = asked.caller.acting_party()?.clone();
        let (to, to_level) = above(&asked.charter, &by);
        let command = Command::Escalate {
            by,
            to: to.code.clone(),
            to_level,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
        };
        Ok(Response::new(EscalateResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let (request, asked) = asked!(self, request, &[Role::Street]);
        bounded("parties", &request.parties)?;
        let parties = request
            .parties
            .iter()
            .map(|called| {
                let duty = shared::optional_duty(called.duty).map_err(bad_field)?.unwrap_or(Duty::Assist);
                Ok((party(&asked.charter, "parties.party", &called.party)?, duty))
            })
            .collect::<Result<_, Status>>()?;
        let wish = CallWish {
            situation: shared::optional_code("situation", &request.situation).map_err(bad_field)?,
            parties,
            colour: shared::optional_colour(request.colour).map_err(bad_field)?,
            note: optional_prose("note", &request.note, NOTE_LENGTH_MAX)?,
        };
        let state = self.app.glance(&asked).await?;
        let whistle = Box::new(self.app.whistle(&asked, &state, wish)?);
        let answered = self.app.ask(&asked, Command::Call { whistle }).await?;
        Ok(Response::new(CallResponse { revision: answered.revision.0 }))
    }

    async fn plan_tasks(&self, request: Request<PlanTasksRequest>) -> Result<Response<PlanTasksResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
        bounded("tasks", &request.tasks)?;
        let tasks = request.tasks.iter().map(|task| plan(&asked.charter, task)).collect::<Result<Vec<_>, _>>()?;
        if tasks.is_empty() {
            return Err(Violation::new("tasks", "required", "name at least one").into());
        }
        let command = Command::PlanTasks { by: asked.caller.acting_party()?.clone(), tasks };
        Ok(Response::new(PlanTasksResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn complete_task(
        &self,
        request: Request<CompleteTaskRequest>,
    ) -> Result<Response<CompleteTaskResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
        let caller = asked.caller.acting_party()?.clone();
        let owner_of_task = self
            .app
            .state(&asked)
            .await?
            .tasks
            .iter()
            .find_map(|task| (task.number == request.task).then(|| task.party.clone()));
        // Property companies and the like have no desk of their own: the street records their work.
        let by = match owner_of_task {
            Some(party) if is_external(&asked.charter, &party) && asked.caller.role != Role::Grid => party,
            Some(_) | None => caller,
        };
        let command = Command::CompleteTask {
            by,
            task: request.task,
            note: optional_prose("note", &request.note, NOTE_LENGTH_MAX)?,
            now: self.app.now(),
            rating_due: self.app.rating_due(&asked.charter),
        };
        Ok(Response::new(CompleteTaskResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn record_progress(
        &self,
        request: Request<RecordProgressRequest>,
    ) -> Result<Response<RecordProgressResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
        let command = Command::Progress {
            by: asked.caller.acting_party()?.clone(),
            kind: progress_kind(request.kind).map_err(bad_field)?,
            note: prose("note", &request.note, NOTE_LENGTH_MAX)?,
        };
        Ok(Response::new(RecordProgressResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn adopt_measure(
        &self,
        request: Request<AdoptMeasureRequest>,
    ) -> Result<Response<AdoptMeasureResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
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
        Ok(Response::new(AdoptMeasureResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Result<Response<ReleaseResponse>, Status> {
        let (request, asked) = asked!(self, request, &[Role::Street]);
        let command = Command::Release {
            by: asked.caller.acting_party()?.clone(),
            party: party(&asked.charter, "party", &request.party)?,
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            rating_due: self.app.rating_due(&asked.charter),
        };
        Ok(Response::new(ReleaseResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn resolve(&self, request: Request<ResolveRequest>) -> Result<Response<ResolveResponse>, Status> {
        let (request, asked) = asked!(self, request, &OWNERS);
        let command = Command::Resolve {
            by: asked.caller.acting_party()?.clone(),
            outcome: shared::outcome(request.outcome).map_err(bad_field)?,
            summary: prose("summary", &request.summary, NOTE_LENGTH_MAX)?,
            rating_due: self.app.rating_due(&asked.charter),
        };
        Ok(Response::new(ResolveResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }

    async fn reopen(&self, request: Request<ReopenRequest>) -> Result<Response<ReopenResponse>, Status> {
        let (request, asked) = asked!(self, request, &[Role::Street, Role::District]);
        let state = self.app.state(&asked).await?;
        let matter = state.matter.as_ref();
        let level = matter.map_or(charter::Level::C, |matter| matter.level);
        let category = matter.map_or("", |matter| matter.category.as_str());
        let command = Command::Reopen {
            reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
            due: self.app.completion_due(&asked.charter, level, category).0,
        };
        Ok(Response::new(ReopenResponse { revision: self.app.ask(&asked, command).await?.revision.0 }))
    }
}

fn is_external(charter: &Charter, party: &Code) -> bool {
    charter.party(party.as_str()).is_some_and(|party| party.kind == charter::PartyKind::External && !party.responder)
}
