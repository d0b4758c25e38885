//! Steps that ask households.

use anyhow::bail;
use proto::intake::v1::poll_service_client::PollServiceClient;
use proto::intake::v1::{self as intake, PollAnswer};
use serde::Deserialize;
use serde_json::Value;

use super::form::{Form, read};
use super::words::word;
use super::{Act, Answer};
use crate::format::instant;
use crate::own_name;

with!(Opening {
    poll: String,
    question: String,
    households: Vec<String>,
    threshold_percent: u32,
    quorum_percent: u32,
    closes_at: String
});
with!(Answering { poll: String, answers: Vec<Said> });
with!(Said { households: Vec<String>, answer: Value });
with!(Closing { poll: String });
with!(Citing { poll: String, note: String });

const ANSWERS: &[(&str, i32)] = &[
    ("yes", PollAnswer::Yes as i32),
    ("no", PollAnswer::No as i32),
    ("abstain", PollAnswer::Abstain as i32),
    ("refused", PollAnswer::Refused as i32),
    ("not-home", PollAnswer::NotHome as i32),
];

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "open-poll" => read::<Opening>(&["poll", "question", "households", "threshold_percent", "closes_at"]),
        "answer-poll" => read::<Answering>(&["poll", "answers"]),
        "close-poll" => read::<Closing>(&["poll"]),
        "attach-poll" => read::<Citing>(&["poll"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn poll(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = PollServiceClient::new(self.enter("intake").await?);
        let name = |poll: &str| own_name(&self.story.story, poll, self.stage.run());
        Ok(match self.step.action.as_str() {
            "open-poll" => {
                let Opening { poll, question, households, threshold_percent, quorum_percent, closes_at } =
                    self.with()?;
                let closes_at = instant(self.story.begins()?, &closes_at)?;
                let request = intake::OpenPollRequest {
                    district,
                    poll: name(&poll),
                    command_id,
                    case_id,
                    question,
                    households,
                    threshold_percent,
                    quorum_percent,
                    closes_at: Some(proto::ToWireTime::to_wire(closes_at)),
                };
                call!(client, open_poll, request)
            }
            "answer-poll" => {
                let Answering { poll, answers } = self.with()?;
                let mut said = Vec::new();
                for Said { households, answer } in answers {
                    let answer = word("answer", spoken(&answer), ANSWERS)?;
                    said.extend(households.into_iter().map(|household| intake::HouseholdAnswer { household, answer }));
                }
                let request = intake::RecordAnswersRequest { district, poll: name(&poll), command_id, answers: said };
                call!(client, record_answers, request)
            }
            "close-poll" => {
                let Closing { poll } = self.with()?;
                call!(client, close_poll, intake::ClosePollRequest { district, poll: name(&poll), command_id })
            }
            "attach-poll" => {
                let Citing { poll, note } = self.with()?;
                let request = intake::AttachPollRequest { district, poll: name(&poll), command_id, case_id, note };
                call!(client, attach_poll, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}

/// Some readers of YAML take a bare yes or no for a truth value.
fn spoken(answer: &Value) -> &str {
    match answer {
        Value::Bool(true) => "yes",
        Value::Bool(false) => "no",
        Value::String(answer) => answer,
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => "?",
    }
}
