//! The gRPC door: submissions with answers, and what becomes of a report.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use ids::{CaseId, Code};
use proto::common::v1::Role;
use proto::intake::v1::intake_service_server::IntakeService;
use proto::intake::v1::{
    ApproveExclusionRequest, ApproveExclusionResponse, GetRequest, GetResponse, MergeRequest, MergeResponse,
    ProposeExclusionRequest, ProposeExclusionResponse, SubmitReply, SubmitRequest, SubmitResponse, SubmitStreamRequest,
    SubmitStreamResponse, SupplementRequest, SupplementResponse, WithdrawRequest, WithdrawResponse, submit_reply,
};
use station::desk::case_key;
use station::{Caller, not_found, optional_prose, prose, refusal_of};
use tonic::{Request, Response, Status, Streaming};

use crate::app::App;
use crate::domain::allowed::{Act, Asker, allowed_actions};
use crate::domain::{Command, NOTE_LENGTH_MAX, State};
use crate::polls::ASKERS;

/// Submissions of one stream under way at the same time.
const STREAM_CONCURRENCY: usize = 256;
/// Those whose case it is.
const WITHDRAW: [Role; 3] = [Role::Caller, Role::Bridge, Role::Operator];
/// Those who may say that a case does not count, or is part of another.
const ABOVE: [Role; 2] = [Role::Street, Role::District];
/// Bridge name of what operators submit themselves.
const OPERATOR: &str = "operator";

pub struct Door {
    app: Arc<App>,
}

impl Door {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn command(
        &self,
        caller: &Caller,
        district: &str,
        case_id: &str,
        command_id: &str,
        command: Command,
    ) -> Result<u64, Status> {
        self.app.ask(caller, district, case_id, command_id, command).await
    }

    /// A caller speaks of what they raised themselves, or joined; whoever acts in office of any case.
    async fn require_own(&self, caller: &Caller, district: &str, case_id: &str) -> Result<(), Status> {
        if caller.role != Role::Caller {
            return Ok(());
        }
        let (_, _, key) = case_key(district, case_id)?;
        if self.app.desk.read(&key).await?.state.is_own_of(&caller.staff_ref) {
            return Ok(());
        }
        Err(Status::permission_denied("only who raised this case may say more of it, or withdraw it (R-72)"))
    }
}

/// Under which name somebody submits: the party of the token; operators have none.
fn bridge_of(caller: &Caller) -> Result<Code, Status> {
    match &caller.party {
        Some(party) => Ok(party.clone()),
        None if caller.role == Role::Operator => Ok(code(OPERATOR)),
        None => Err(Status::permission_denied("the token names no party to submit for")),
    }
}

fn code(text: &'static str) -> Code {
    #[allow(clippy::unwrap_used, reason = "a constant that is a code")]
    text.parse().unwrap()
}

#[tonic::async_trait]
impl IntakeService for Door {
    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        let caller = Caller::of(&request)?;
        let bridge = bridge_of(&caller)?;
        Ok(Response::new(self.app.submit(&caller, &bridge, request.get_ref()).await?))
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
                let result = match app.submit(&caller, &bridge, &submission).await {
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
        let request = request.into_inner();
        let command = Command::Supplement { text: prose("text", &request.text, NOTE_LENGTH_MAX)? };
        self.require_own(&caller, &request.district, &request.case_id).await?;
        let revision = self.command(&caller, &request.district, &request.case_id, &request.command_id, command).await?;
        Ok(Response::new(SupplementResponse { revision }))
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Result<Response<WithdrawResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&WITHDRAW)?;
        let request = request.into_inner();
        let command = Command::Withdraw { reason: optional_prose("reason", &request.reason, NOTE_LENGTH_MAX)? };
        self.require_own(&caller, &request.district, &request.case_id).await?;
        let revision = self.command(&caller, &request.district, &request.case_id, &request.command_id, command).await?;
        Ok(Response::new(WithdrawResponse { revision }))
    }

    async fn propose_exclusion(
        &self,
        request: Request<ProposeExclusionRequest>,
    ) -> Result<Response<ProposeExclusionResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&ABOVE)?;
        let request = request.into_inner();
        let reason = prose("reason", &request.reason, NOTE_LENGTH_MAX)?;
        let command = Command::ProposeExclusion { reason, by: caller.staff_ref.clone() };
        let revision = self.command(&caller, &request.district, &request.case_id, &request.command_id, command).await?;
        Ok(Response::new(ProposeExclusionResponse { revision }))
    }

    async fn approve_exclusion(
        &self,
        request: Request<ApproveExclusionRequest>,
    ) -> Result<Response<ApproveExclusionResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::District])?;
        let request = request.into_inner();
        let command = Command::ApproveExclusion { by: caller.staff_ref.clone() };
        let revision = self.command(&caller, &request.district, &request.case_id, &request.command_id, command).await?;
        Ok(Response::new(ApproveExclusionResponse { revision }))
    }

    async fn merge(&self, request: Request<MergeRequest>) -> Result<Response<MergeResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&ABOVE)?;
        Ok(Response::new(self.app.merge(&caller, request.get_ref()).await?))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (district, case, key) = case_key(&request.get_ref().district, &request.get_ref().case_id)?;
        caller.require_district(&district)?;
        let snapshot = self.app.desk.read(&key).await?;
        if snapshot.state.received.is_none() {
            return Err(not_found(case.as_str()));
        }
        let allowed_actions = allowed(&caller, case, &snapshot.state);
        Ok(Response::new(GetResponse { revision: snapshot.revision.0, allowed_actions }))
    }
}

/// What the asker could do with a case here, as the rules have it and the doors let them.
fn allowed(caller: &Caller, case: CaseId, state: &State) -> Vec<String> {
    // The case itself stands for any other, a name that is no poll's for any poll.
    let asker = Asker { staff_ref: caller.staff_ref.clone(), other: case, poll: code("any") };
    let actions = allowed_actions(state, &asker).into_iter().filter(|act| may(*act, caller.role));
    actions.map(|act| act.as_str().to_owned()).collect()
}

/// Whose token opens which door.
fn may(act: Act, role: Role) -> bool {
    match act {
        Act::Supplement => true,
        Act::Withdraw => WITHDRAW.contains(&role),
        Act::ProposeExclusion | Act::Merge => ABOVE.contains(&role),
        Act::ApproveExclusion => role == Role::District,
        Act::AttachPoll => ASKERS.contains(&role),
    }
}
