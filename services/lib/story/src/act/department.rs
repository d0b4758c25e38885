//! How a department answers a call, through its own responder.

use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::responder::v1::{self as responder, AnswerState, AnswerStatus};

use proto::common::v1::Outcome;
use serde::Deserialize;
use tonic::Status;

use super::form::{Form, read};
use super::words::{OUTCOMES, PROGRESS, word};
use super::{Act, Answer, Coming, Completing, Progressing, Related};

with!(Responding { officer: String, post: String, call: u32 });
with!(Finishing { outcome: String, note: String, call: u32, evidence: Vec<String> });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "respond" => read::<Responding>(&[]),
        "report-in" => read::<Coming>(&[]),
        "done" => read::<Finishing>(&[]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn answer(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = ResponderServiceClient::new(self.enter("responder").await?);
        let status = match self.step.action.as_str() {
            "respond" => {
                let with: Responding = self.with()?;
                let officer = Some(self.officer(&with.officer, &with.post));
                let call = self.own_call(with.call, &case_id).await?;
                let request = responder::RespondRequest { district, case_id, call, command_id, officer };
                client.respond(request).await.map(|response| response.into_inner().status)
            }
            "report-in" => {
                let with: Coming = self.with()?;
                let request = responder::ReportInRequest {
                    district,
                    call: self.own_call(with.call, &case_id).await?,
                    case_id,
                    command_id,
                    officer: Some(self.officer(&with.officer, &with.post)),
                    owns_matter: with.owns_matter.unwrap_or(true),
                    check_in: Some(with.place.into()),
                };
                client.report_in(request).await.map(|response| response.into_inner().status)
            }
            "progress" => {
                let with: Progressing = self.with()?;
                let kind = word("kind", &with.kind, PROGRESS)?;
                let request = responder::ProgressRequest {
                    district,
                    call: self.own_call(with.call, &case_id).await?,
                    case_id,
                    command_id,
                    kind,
                    note: with.note,
                    evidence: with.evidence,
                };
                client.progress(request).await.map(|response| response.into_inner().status)
            }
            "complete-task" => {
                let with: Completing = self.with()?;
                let request = responder::CompleteTaskRequest {
                    district,
                    call: self.own_call(with.call, &case_id).await?,
                    case_id,
                    command_id,
                    task: with.task,
                    note: with.note,
                    evidence: with.evidence,
                };
                client.complete_task(request).await.map(|response| response.into_inner().status)
            }
            "related-case" => {
                let Related { title, text, place, category, call, helps } = self.with()?;
                let request = responder::SpawnRelatedCaseRequest {
                    district,
                    call: self.own_call(call, &case_id).await?,
                    case_id,
                    command_id,
                    title,
                    text,
                    place: Some(place.into()),
                    category,
                    helps,
                };
                client.spawn_related_case(request).await.map(|response| response.into_inner().status)
            }
            _ => {
                let with: Finishing = self.with()?;
                let outcome = word("outcome", &with.outcome, OUTCOMES)?;
                let request = responder::DoneRequest {
                    district,
                    call: self.own_call(with.call, &case_id).await?,
                    case_id,
                    command_id,
                    outcome: if outcome == 0 { Outcome::Solved.into() } else { outcome },
                    note: with.note,
                    evidence: with.evidence,
                };
                client.done(request).await.map(|response| response.into_inner().status)
            }
        };
        Ok(status.and_then(|status| settled(status.unwrap_or_default())))
    }
}

impl Act<'_> {
    /// The call a department's step is about.
    pub(super) async fn own_call(&self, named: u32, case_id: &str) -> anyhow::Result<u32> {
        self.call_of(named, case_id, &self.actor().party).await
    }
}

/// What became of a department's answer.
pub(super) fn settled(status: AnswerStatus) -> Answer {
    match status.state() {
        AnswerState::Accepted => Ok(None),
        AnswerState::Refused => {
            let refusal = status.refusal.unwrap_or_default();
            Err(Status::failed_precondition(refusal.message))
        }
        AnswerState::Kept | AnswerState::Unspecified => {
            Err(Status::unavailable("the hub has not taken the answer yet"))
        }
    }
}
