//! Steps that say whose an officer is, and where they work for a while.

use anyhow::bail;
use proto::enforcement_center::v1 as center;
use proto::enforcement_center::v1::staff_service_client::StaffServiceClient;
use serde::Deserialize;

use super::form::{Form, read};
use super::{Act, Answer};
use crate::own_name;

with!(Registering {
    officer: String,
    post: String,
    owned_by: String,
    managed_by: String,
    used_by: String,
    assessed_by: String,
    licence: Vec<String>
});
with!(Seconding { officer: String, from: String, to: String, since: String, until: String, reason: String });
with!(Ending { officer: String, last_day: String, reason: String });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "register-officer" => {
            read::<Registering>(&["officer", "post", "owned_by", "managed_by", "used_by", "assessed_by"])
        }
        "second-officer" => read::<Seconding>(&["officer", "from", "to", "since", "reason"]),
        "end-secondment" => read::<Ending>(&["officer", "reason"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn staff(&self, district: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = StaffServiceClient::new(self.enter("enforcement-center").await?);
        let name = |officer: &str| own_name(&self.story.story, officer, self.stage.run());
        Ok(match self.step.action.as_str() {
            "register-officer" => {
                let Registering { officer, post, owned_by, managed_by, used_by, assessed_by, licence } = self.with()?;
                let request = center::RegisterOfficerRequest {
                    district,
                    command_id,
                    officer: Some(self.officer(&name(&officer), &post)),
                    relations: Some(center::Relations { owned_by, managed_by, used_by, assessed_by }),
                    licence,
                };
                call!(client, register_officer, request)
            }
            "second-officer" => {
                let Seconding { officer, from, to, since, until, reason } = self.with()?;
                let staff_ref = name(&officer);
                let request =
                    center::SecondOfficerRequest { district, command_id, staff_ref, from, to, since, until, reason };
                call!(client, second_officer, request)
            }
            "end-secondment" => {
                let Ending { officer, last_day, reason } = self.with()?;
                let staff_ref = name(&officer);
                let request = center::EndSecondmentRequest { district, command_id, staff_ref, last_day, reason };
                call!(client, end_secondment, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}
