//! The gRPC door: who may say what about an outcome.

use std::sync::Arc;

use charter::Charter;
use ids::{CaseId, Code, HistoryKey, Owner};
use jiff::Timestamp;
use proto::common::v1::Role;
use proto::evaluation::v1::evaluation_service_server::EvaluationService;
use proto::evaluation::v1::{
    self as wire, LogCallbackRequest, LogCallbackResponse, RatePartyRequest, RatePartyResponse, RateRequest,
    RateResponse,
};
use proto::intake::v1::{IntakeEvent, Received, intake_event};
use proto::record::v1::event::Of;
use station::desk::{case_key, command_id};
use station::{Caller, Desk, Violation, bad_field, broker_status, not_found, optional_prose};
use tonic::{Request, Response, Status};
use vocabulary::mask::mask;

use crate::domain::{Command, Formula, Mark, MarkProblem, NOTE_LENGTH_MAX, Rules};
use crate::wire::from_outcome;

pub struct Door {
    desk: Desk<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    fn charter(&self, district: &Code) -> Result<Arc<Charter>, Status> {
        Ok(self.desk.station.charter(district.as_str())?)
    }

    /// Asks the rules about one case; `command` is made from the charter in force and the time.
    async fn ask(
        &self,
        caller: &Caller,
        about: &About,
        command: impl FnOnce(&Charter, Timestamp) -> Result<Command, Status>,
    ) -> Result<u64, Status> {
        let charter = self.charter(&about.key.district)?;
        let command = command(&charter, self.desk.station.now())?;
        let command_id = command_id(&about.command_id)?;
        Ok(self.desk.ask(&about.key, caller, command_id, &charter, command).await?.revision.0)
    }

    /// Who called, rates: the caller, also one of the grass-roots under their staff number, or the bridge that
    /// carried the case in, speaking for the caller. Operators rate what was said on the telephone.
    async fn require_principal(&self, caller: &Caller, about: &About) -> Result<(), Status> {
        if caller.role == Role::Operator {
            return Ok(());
        }
        let Some(received) = self.received(&about.key).await? else { return Err(not_found(about.case.as_str())) };
        let named = !caller.staff_ref.is_empty() && received.caller_ref == caller.staff_ref;
        let theirs = match caller.role {
            Role::Bridge => caller.party.as_ref().is_some_and(|party| received.bridge == party.as_str()),
            // Of an anonymous caller the number of the case is all there is.
            Role::Caller => named || received.caller_ref.is_empty(),
            Role::Grid
            | Role::Community
            | Role::Street
            | Role::EnforcementCenter
            | Role::Department
            | Role::District
            | Role::Operator
            | Role::System
            | Role::Unspecified => named,
        };
        if theirs { Ok(()) } else { Err(Status::permission_denied("only who raised this case may rate it (R-72)")) }
    }

    async fn received(&self, key: &HistoryKey) -> Result<Option<Received>, Status> {
        let commits = self.desk.station.broker.load_owner(key, Owner::Intake).await;
        let commits = commits.map_err(|error| broker_status(&error))?;
        let mut events = commits.into_iter().flat_map(|stored| stored.commit.decisions).flat_map(|it| it.events);
        Ok(events.find_map(|event| match event.of {
            Some(Of::Intake(IntakeEvent { event: Some(intake_event::Event::Received(received)) })) => Some(received),
            Some(
                Of::Intake(_)
                | Of::Triage(_)
                | Of::Dispatch(_)
                | Of::EnforcementCenter(_)
                | Of::Evaluation(_)
                | Of::Notification(_),
            )
            | None => None,
        }))
    }
}

/// What a command is about, checked against the token.
struct About {
    case: CaseId,
    key: HistoryKey,
    command_id: String,
}

impl About {
    fn of(caller: &Caller, district: &str, case_id: &str, command_id: &str) -> Result<Self, Status> {
        let (district, case, key) = case_key(district, case_id)?;
        caller.require_district(&district)?;
        Ok(Self { case, key, command_id: command_id.to_owned() })
    }
}

#[tonic::async_trait]
impl EvaluationService for Door {
    async fn rate(&self, request: Request<RateRequest>) -> Result<Response<RateResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Caller, Role::Bridge, Role::Grid, Role::Community, Role::Street, Role::Operator])?;
        let request = request.into_inner();
        let comment = optional_prose("comment", &request.comment, NOTE_LENGTH_MAX)?;
        let about = About::of(&caller, &request.district, &request.case_id, &request.command_id)?;
        self.require_principal(&caller, &about).await?;
        let command = |charter: &Charter, now| {
            let step = charter.rating(&request.rating).ok_or_else(|| unknown_rating(charter, &request.rating))?;
            let formula = Formula::from(charter.formula());
            Ok(Command::Rate { rating: step.code.clone(), rate: step.rate, solved: step.solved, comment, now, formula })
        };
        let revision = self.ask(&caller, &about, command).await?;
        Ok(Response::new(RateResponse { revision }))
    }

    async fn rate_party(&self, request: Request<RatePartyRequest>) -> Result<Response<RatePartyResponse>, Status> {
        let caller = Caller::of(&request)?;
        // Whoever called: a street, or the district for a special group; the rules know which it was.
        caller.require(&[Role::Street, Role::District])?;
        let by = caller.acting_party()?.clone();
        let request = request.into_inner();
        let about = About::of(&caller, &request.district, &request.case_id, &request.command_id)?;
        let code = |error: ids::CodeError| Violation::new("party", "code", error.to_string());
        let party: Code = request.party.parse().map_err(code)?;
        let mark = Mark::new(&request.rate, &mask(&request.deduction_reason).0).map_err(bad_mark)?;
        let command = |charter: &Charter, now| {
            Ok(Command::RateParty { by, party, mark, now, formula: Formula::from(charter.formula()) })
        };
        let revision = self.ask(&caller, &about, command).await?;
        Ok(Response::new(RatePartyResponse { revision }))
    }

    async fn log_callback(
        &self,
        request: Request<LogCallbackRequest>,
    ) -> Result<Response<LogCallbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Street, Role::District, Role::Operator])?;
        let request = request.into_inner();
        let about = About::of(&caller, &request.district, &request.case_id, &request.command_id)?;
        let unknown = |_| Violation::new("outcome", "known-outcome", format!("{} is not an outcome", request.outcome));
        let outcome = wire::CallbackOutcome::try_from(request.outcome).map_err(unknown)?;
        let outcome = from_outcome(outcome).map_err(bad_field)?;
        let note = optional_prose("note", &request.note, NOTE_LENGTH_MAX)?;
        let revision = self.ask(&caller, &about, |_, _| Ok(Command::LogCallback { outcome, note })).await?;
        Ok(Response::new(LogCallbackResponse { revision }))
    }
}

fn unknown_rating(charter: &Charter, rating: &str) -> Violation {
    let known: Vec<&str> = charter.ratings().iter().map(|step| step.code.as_str()).collect();
    let description = format!("{rating:?} is not a step of this charter's scale: {}", known.join(", "));
    Violation::new("rating", "known-rating", description)
}

fn bad_mark(problem: MarkProblem) -> Violation {
    let (field, rule) = match problem {
        MarkProblem::Rate(_) => ("rate", "decimal-0-to-1"),
        MarkProblem::ReasonMissing => ("deduction_reason", "reason-required"),
        MarkProblem::ReasonTooLong(_) => ("deduction_reason", "text-length"),
    };
    Violation::new(field, rule, problem.to_string())
}
