//! The gRPC door: submissions with answers, and what becomes of a report.

use std::pin::Pin;
use std::sync::Arc;

use archive::Shelf;
use futures::{Stream, StreamExt};
use ids::{CaseId, Code};
use proto::common::v1::Role;
use proto::intake::v1::intake_service_server::IntakeService;
use proto::intake::v1::{
    ApproveExclusionRequest, ApproveExclusionResponse, FindRequest, FindResponse, GetRequest, GetResponse,
    MergeRequest, MergeResponse, ProposeExclusionRequest, ProposeExclusionResponse, ReopenFiledRequest,
    ReopenFiledResponse, SubmitReply, SubmitRequest, SubmitResponse, SubmitStreamRequest, SubmitStreamResponse,
    SupplementRequest, SupplementResponse, WithdrawRequest, WithdrawResponse, submit_reply,
};
use station::access::table;
use station::desk::{case_key, named, named_by};
use station::{Caller, Recorded, bad_field, prose, refusal_of, wire as shared};
use tonic::{Request, Response, Status, Streaming};
use vocabulary::Course;

use crate::app::App;
use crate::callers::{CALLER, in_their_own_name};
use crate::domain::allowed::{Act, Asker, allowed_actions};
use crate::domain::{Command, NOTE_LENGTH_MAX, State};
use crate::said;

/// Submissions of one stream under way at the same time.
const STREAM_CONCURRENCY: usize = 256;
/// Bridge name of what operators submit themselves.
const OPERATOR: &str = "operator";

pub struct Door {
    app: Arc<App>,
    shelf: Shelf,
}

impl Door {
    pub fn new(app: Arc<App>, shelf: Shelf) -> Self {
        Self { app, shelf }
    }
}

/// Under which name somebody submits: the party of the token; operators have none.
fn bridge_of(caller: &Caller) -> Result<Code, Status> {
    match &caller.party {
        Some(party) => Ok(party.clone()),
        None if caller.role == Role::Operator => Ok(code(OPERATOR)),
        None if caller.role == Role::Caller => Ok(code(CALLER)),
        None => Err(Status::permission_denied("the token names no party to submit for")),
    }
}

fn code(text: &'static str) -> Code {
    #[allow(clippy::unwrap_used, reason = "a constant that is a code")]
    text.parse().unwrap()
}

/// Reads caller and case of a request, and whether they may.
macro_rules! asked {
    ($self:ident, $request:ident, $method:literal) => {{
        let caller = Caller::of(&$request)?;
        let $request = $request.into_inner();
        let named = named(&$request.command_id, &$request)?;
        let action = concat!("huying.intake.v1.IntakeService/", $method);
        let asked = $self.app.asked(caller, action, &$request.district, &$request.case_id, named).await?;
        ($request, asked)
    }};
}

#[tonic::async_trait]
impl IntakeService for Door {
    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        let caller = Caller::of(&request)?;
        let bridge = bridge_of(&caller)?;
        let action = "huying.intake.v1.IntakeService/Submit";
        let submission = in_their_own_name(&caller, request.get_ref())?;
        Ok(Response::new(self.app.submit(&caller, action, &bridge, &submission).await?))
    }

    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<SubmitStreamResponse, Status>> + Send>>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let caller = Caller::of(&request)?;
        let bridge = bridge_of(&caller)?;
        let app = Arc::clone(&self.app);
        let answers = request.into_inner().map(move |message| {
            let (app, caller, bridge) = (Arc::clone(&app), caller.clone(), bridge.clone());
            async move {
                let submission = message?.submission.unwrap_or_default();
                let action = "huying.intake.v1.IntakeService/SubmitStream";
                let result = match app.submit(&caller, action, &bridge, &submission).await {
                    Ok(response) => submit_reply::Result::Ok(response),
                    Err(status) => submit_reply::Result::Refusal(refusal_of(&status)),
                };
                Ok(SubmitStreamResponse { reply: Some(SubmitReply { result: Some(result) }) })
            }
        });
        Ok(Response::new(Box::pin(answers.buffered(STREAM_CONCURRENCY))))
    }

    async fn supplement(&self, request: Request<SupplementRequest>) -> Result<Response<SupplementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let action = "huying.intake.v1.IntakeService/Supplement";
        Ok(Response::new(said::supplement(&self.app, caller, action, request.into_inner()).await?))
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Result<Response<WithdrawResponse>, Status> {
        let caller = Caller::of(&request)?;
        let action = "huying.intake.v1.IntakeService/Withdraw";
        Ok(Response::new(said::withdraw(&self.app, caller, action, request.into_inner()).await?))
    }

    async fn propose_exclusion(
        &self,
        request: Request<ProposeExclusionRequest>,
    ) -> Result<Response<ProposeExclusionResponse>, Status> {
        let (request, mut asked) = asked!(self, request, "ProposeExclusion");
        asked.named = named_by(&request.command_id, &request, &asked.caller.staff_ref)?;
        let reason = prose("reason", &request.reason, NOTE_LENGTH_MAX)?;
        let (by, course) = (asked.caller.staff_ref.clone(), self.app.course(&asked.key).await?);
        let command = Command::ProposeExclusion { reason, by, course, gone: self.app.gone(&asked.key).await? };
        let Recorded { revision, position } = self.app.ask(asked, command).await?;
        Ok(Response::new(ProposeExclusionResponse { revision, position }))
    }

    async fn approve_exclusion(
        &self,
        request: Request<ApproveExclusionRequest>,
    ) -> Result<Response<ApproveExclusionResponse>, Status> {
        let (request, mut asked) = asked!(self, request, "ApproveExclusion");
        asked.named = named_by(&request.command_id, &request, &asked.caller.staff_ref)?;
        let (by, course) = (asked.caller.staff_ref.clone(), self.app.course(&asked.key).await?);
        let command = Command::ApproveExclusion { by, course, gone: self.app.gone(&asked.key).await? };
        let Recorded { revision, position } = self.app.ask(asked, command).await?;
        Ok(Response::new(ApproveExclusionResponse { revision, position }))
    }

    async fn merge(&self, request: Request<MergeRequest>) -> Result<Response<MergeResponse>, Status> {
        let (request, asked) = asked!(self, request, "Merge");
        Ok(Response::new(self.app.merge(asked, &request).await?))
    }

    async fn reopen_filed(
        &self,
        request: Request<ReopenFiledRequest>,
    ) -> Result<Response<ReopenFiledResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.app.reopen_filed(caller, &self.shelf, request.get_ref()).await?))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (district, case, key) = case_key(&request.get_ref().district, &request.get_ref().case_id)?;
        let charter = self.app.desk.station.charter(district.as_str())?;
        let matter = self.app.desk.matter(&key).await?;
        caller.may("huying.intake.v1.IntakeService/Get", &matter, &charter)?;
        let snapshot = self.app.desk.read(&key).await?;
        if snapshot.state.received.is_none() {
            return Err(matter.not_there());
        }
        let (course, gone) = (self.app.course(&key).await?, self.app.gone(&key).await?);
        let allowed_actions = allowed(&caller, &self.app.notes_as(&caller), case, &snapshot.state, course, gone);
        Ok(Response::new(GetResponse { revision: snapshot.revision.0, allowed_actions }))
    }

    async fn find(&self, request: Request<FindRequest>) -> Result<Response<FindResponse>, Status> {
        let caller = Caller::of(&request)?;
        let FindRequest { external_ref, bridge } = request.get_ref();
        let bridge = match shared::optional_code("bridge", bridge).map_err(bad_field)? {
            Some(bridge) => bridge,
            None => bridge_of(&caller)?,
        };
        let action = "huying.intake.v1.IntakeService/Find";
        Ok(Response::new(self.app.find(&caller, action, &bridge, external_ref).await?))
    }
}

/// What the asker could do with a case here, as the rules have it and the doors let them.
fn allowed(
    caller: &Caller,
    notes_as: &str,
    case: CaseId,
    state: &State,
    course: Course,
    gone: Vec<CaseId>,
) -> Vec<String> {
    // The case itself stands for any other, a name that is no poll's for any poll.
    let asker = Asker {
        staff_ref: caller.staff_ref.clone(),
        notes_as: notes_as.to_owned(),
        other: case,
        poll: code("any"),
        course,
        gone,
    };
    let actions = allowed_actions(state, &asker).into_iter().filter(|act| may(*act, caller.role));
    actions.map(|act| act.as_str().to_owned()).collect()
}

/// Whether a role's token opens the door for this, as the table has it.
fn may(act: Act, role: Role) -> bool {
    let service = if act == Act::AttachPoll { "PollService" } else { "IntakeService" };
    let row = table::row(&format!("huying.intake.v1.{service}/{}", act.as_str()));
    row.is_some_and(|row| row.relation(role).is_some())
}
