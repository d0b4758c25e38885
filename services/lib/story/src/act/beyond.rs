//! Steps beyond one street: the city, admissions, and other matters found on the way.

use anyhow::bail;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{self as dispatch};
use serde::Deserialize;

use super::form::{Form, read};
use super::words::{OUTCOMES, word};
use super::{Act, Answer, Reason, Related, Resolving, Text};

with!(HandingOver { reference: String, reason: String });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "transfer" => read::<HandingOver>(&["reference", "reason"]),
        "city-progress" => read::<Text>(&["text"]),
        "city-done" => read::<Resolving>(&["outcome"]),
        "city-return" => read::<Reason>(&["reason"]),
        "admit" => read::<Reason>(&["reason"]),
        "related-case" => read::<Related>(&["title"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn beyond_the_street(
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
            "admit" => {
                let Reason { reason } = self.with()?;
                call!(client, admit, dispatch::AdmitRequest { district, case_id, command_id, reason })
            }
            "related-case" => {
                let Related { title, text, place, category, .. } = self.with()?;
                let place = Some(place.into());
                let request =
                    dispatch::SpawnRelatedCaseRequest { district, case_id, command_id, title, text, place, category };
                call!(client, spawn_related_case, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}
