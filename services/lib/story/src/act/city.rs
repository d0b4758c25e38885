//! What the district writes down of the city: a case handed over, and what the city says of it.

use anyhow::bail;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{self as dispatch};
use serde::Deserialize;

use super::form::{Form, read};
use super::words::{OUTCOMES, word};
use super::{Act, Answer, Reason, Resolving, Text};

with!(HandingOver { reference: String, reason: String });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "transfer" => read::<HandingOver>(&["reference", "reason"]),
        "city-progress" => read::<Text>(&["text"]),
        "city-done" => read::<Resolving>(&["outcome"]),
        "city-return" => read::<Reason>(&["reason"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn with_the_city(
        &self,
        district: String,
        case_id: String,
        command_id: String,
    ) -> anyhow::Result<Answer> {
        let mut client = DispatchServiceClient::new(self.enter("dispatch").await?);
        Ok(match self.step.action.as_str() {
            "transfer" => {
                let HandingOver { reference, reason } = self.with()?;
                let request = dispatch::TransferRequest { district, case_id, command_id, reference, reason };
                call!(client, transfer, request)
            }
            "city-progress" => {
                let Text { text: note } = self.with()?;
                let request = dispatch::RecordCityProgressRequest { district, case_id, command_id, note };
                call!(client, record_city_progress, request)
            }
            "city-done" => {
                let Resolving { outcome, summary, evidence } = self.with()?;
                let outcome = word("outcome", &outcome, OUTCOMES)?;
                let request =
                    dispatch::RecordCityDoneRequest { district, case_id, command_id, outcome, summary, evidence };
                call!(client, record_city_done, request)
            }
            "city-return" => {
                let Reason { reason } = self.with()?;
                let request = dispatch::RecordCityReturnRequest { district, case_id, command_id, reason };
                call!(client, record_city_return, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}
