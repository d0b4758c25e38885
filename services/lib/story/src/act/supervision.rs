//! Steps that send a call back, give or ask for time, let a community take something, and bring people together.

use anyhow::bail;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{self as dispatch};
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::responder::v1::{self as responder};
use serde::Deserialize;

use super::department::settled;
use super::form::{Form, read};
use super::words::{BASES, word};
use super::{Act, Answer, Nothing, Planned, Reason};

with!(Returning { basis: String, reason: String, proposes: String, call: u32 });
with!(Accounting { order: u32, note: String, call: u32 });
with!(Deciding { call: u32, party: String, to: String, reason: String });
with!(Unqualified { call: u32, party: String, reason: String });
with!(Ordering { party: String, text: String, due: String });
with!(Extending { call: u32, task: u32, basis: String, reason: String, due: String });
with!(Suspending { basis: String, reason: String, until: String });
with!(Meeting { present: Vec<Present>, minutes: String, decisions: Vec<Planned> });
with!(Present { party: String, officer: String, post: String });
with!(Joining { members: Vec<String>, lead: String, cadence_days: u32 });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "return" => read::<Returning>(&["basis", "reason", "proposes"]),
        "adjudicate" => read::<Deciding>(&["party", "reason"]),
        "disqualify" => read::<Unqualified>(&["party", "reason"]),
        "supervise" => read::<Ordering>(&["party", "text", "due"]),
        "answer-supervision" => read::<Accounting>(&["note"]),
        "extend" => read::<Extending>(&["basis", "reason", "due"]),
        "suspend" => read::<Suspending>(&["basis", "reason", "until"]),
        "resume" => read::<Nothing>(&[]),
        "admit" => read::<Reason>(&["reason"]),
        "hold-meeting" => read::<Meeting>(&["present"]),
        "form-task-force" => read::<Joining>(&["members"]),
        _ => return None,
    })
}

impl Act<'_> {
    /// What a department says besides its work.
    pub(super) async fn object(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = ResponderServiceClient::new(self.enter("responder").await?);
        let status = match self.step.action.as_str() {
            "return" => {
                let Returning { basis, reason, proposes, call } = self.with()?;
                let basis = word("basis", &basis, BASES)?;
                let call = self.own_call(call, &case_id).await?;
                let request = responder::ReturnRequest { district, case_id, call, command_id, basis, reason, proposes };
                client.r#return(request).await.map(|response| response.into_inner().status)
            }
            _ => {
                let Accounting { order, note, call } = self.with()?;
                let order = self.order_of(order, &case_id, &self.actor().party).await?;
                let call = self.own_call(call, &case_id).await?;
                let request = responder::AnswerSupervisionRequest { district, case_id, call, command_id, order, note };
                client.answer_supervision(request).await.map(|response| response.into_inner().status)
            }
        };
        Ok(status.and_then(|status| settled(status.unwrap_or_default())))
    }

    pub(super) async fn oversee(
        &self,
        district: String,
        case_id: String,
        command_id: String,
    ) -> anyhow::Result<Answer> {
        let mut client = DispatchServiceClient::new(self.enter("dispatch").await?);
        Ok(match self.step.action.as_str() {
            "adjudicate" => {
                let Deciding { call, party, to, reason } = self.with()?;
                let call = self.call_of(call, &case_id, &party).await?;
                let request = dispatch::AdjudicateRequest { district, case_id, command_id, call, party, to, reason };
                call!(client, adjudicate, request)
            }
            "disqualify" => {
                let Unqualified { call, party, reason } = self.with()?;
                let call = self.call_of(call, &case_id, &party).await?;
                let request = dispatch::DisqualifyRequest { district, case_id, command_id, call, party, reason };
                call!(client, disqualify, request)
            }
            "supervise" => {
                let Ordering { party, text, due } = self.with()?;
                let request =
                    dispatch::SuperviseRequest { district, case_id, command_id, party, text, due: self.moment(&due)? };
                call!(client, supervise, request)
            }
            "answer-supervision" => {
                let Accounting { order, note, .. } = self.with()?;
                let order = self.order_of(order, &case_id, &self.actor().party).await?;
                let request = dispatch::AnswerSupervisionRequest { district, case_id, command_id, order, note };
                call!(client, answer_supervision, request)
            }
            "extend" => {
                let Extending { call, task, basis, reason, due } = self.with()?;
                let due = self.moment(&due)?;
                let request = dispatch::ExtendRequest { district, case_id, command_id, call, task, basis, reason, due };
                call!(client, extend, request)
            }
            "suspend" => {
                let Suspending { basis, reason, until } = self.with()?;
                let until = self.moment(&until)?;
                let request = dispatch::SuspendRequest { district, case_id, command_id, basis, reason, until };
                call!(client, suspend, request)
            }
            "resume" => {
                self.with::<Nothing>()?;
                call!(client, resume, dispatch::ResumeRequest { district, case_id, command_id })
            }
            "admit" => {
                let Reason { reason } = self.with()?;
                call!(client, admit, dispatch::AdmitRequest { district, case_id, command_id, reason })
            }
            "hold-meeting" => {
                let Meeting { present, minutes, decisions } = self.with()?;
                let present = present.into_iter().map(|attendee| dispatch::Attendee {
                    officer: Some(self.officer(&attendee.officer, &attendee.post)),
                    party: attendee.party,
                });
                let request = dispatch::HoldMeetingRequest {
                    district,
                    case_id,
                    command_id,
                    present: present.collect(),
                    minutes,
                    decisions: self.planned(decisions)?,
                };
                call!(client, hold_meeting, request)
            }
            "form-task-force" => {
                let Joining { members, lead, cadence_days } = self.with()?;
                let request =
                    dispatch::FormTaskForceRequest { district, case_id, command_id, members, lead, cadence_days };
                call!(client, form_task_force, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}
