//! What whoever has a case does with it.

use proto::dispatch::v1 as dispatch;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;

use proto::common::v1::Officer;
use serde::Deserialize;

use super::form::{Form, read};
use super::words::{COLOURS, DUTIES, OUTCOMES, PROGRESS, word};
use super::{Act, Answer, Completing, Party, Planned, Progressing, Reason, Related, Resolving};

with!(Calling {
    situation: String,
    colour: String,
    parties: Vec<Called>,
    note: String,
    group: String,
    chair: Option<Chair>
});
with!(Chair { officer: String, post: String });
with!(Escalating { reason: String, to: String });
with!(Called { party: String, duty: String });
with!(Planning { tasks: Vec<Planned> });
with!(Measure { measure: String, exceptions: Vec<String> });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "assign" | "release" => read::<Party>(&["party"]),
        "escalate" => read::<Escalating>(&["reason"]),
        "call" => read::<Calling>(&[]),
        "plan-tasks" => read::<Planning>(&["tasks"]),
        "complete-task" => read::<Completing>(&["task"]),
        "progress" => read::<Progressing>(&["kind"]),
        "adopt-measure" => read::<Measure>(&["measure"]),
        "resolve" => read::<Resolving>(&["outcome"]),
        "reopen" => read::<Reason>(&["reason"]),
        "related-case" => read::<Related>(&["title"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) fn planned(&self, tasks: Vec<Planned>) -> anyhow::Result<Vec<dispatch::PlannedTask>> {
        let planned = tasks.into_iter().map(|task| {
            let due = self.moment(&task.due)?;
            let Planned { party, title, after, root_cause, .. } = task;
            Ok(dispatch::PlannedTask { party, title, due, after, root_cause })
        });
        planned.collect()
    }

    pub(super) async fn handle(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = DispatchServiceClient::new(self.enter("dispatch").await?);
        Ok(match self.step.action.as_str() {
            "assign" => {
                let Party { party, reason } = self.with()?;
                call!(client, assign, dispatch::AssignRequest { district, case_id, command_id, party, reason })
            }
            "escalate" => {
                let Escalating { reason, to } = self.with()?;
                call!(client, escalate, dispatch::EscalateRequest { district, case_id, command_id, reason, to })
            }
            "call" => {
                let with: Calling = self.with()?;
                let parties = with
                    .parties
                    .iter()
                    .map(|called| {
                        let duty = word("duty", &called.duty, DUTIES)?;
                        Ok(dispatch::CalledParty { party: called.party.clone(), duty })
                    })
                    .collect::<anyhow::Result<_>>()?;
                let colour = word("colour", &with.colour, COLOURS)?;
                let request = dispatch::CallRequest {
                    district,
                    case_id,
                    command_id,
                    situation: with.situation,
                    parties,
                    colour,
                    note: with.note,
                    group: with.group,
                    chair: with.chair.map(|Chair { officer, post }| Officer { staff_ref: officer, post }),
                };
                call!(client, call, request)
            }
            "plan-tasks" => {
                let with: Planning = self.with()?;
                let tasks = self.planned(with.tasks)?;
                call!(client, plan_tasks, dispatch::PlanTasksRequest { district, case_id, command_id, tasks })
            }
            "complete-task" => {
                let Completing { task, note, evidence, .. } = self.with()?;
                call!(
                    client,
                    complete_task,
                    dispatch::CompleteTaskRequest { district, case_id, command_id, task, note, evidence }
                )
            }
            "progress" => {
                let Progressing { kind, note, evidence, .. } = self.with()?;
                let kind = word("kind", &kind, PROGRESS)?;
                let request = dispatch::RecordProgressRequest { district, case_id, command_id, kind, note, evidence };
                call!(client, record_progress, request)
            }
            "adopt-measure" => {
                let Measure { measure, exceptions } = self.with()?;
                let request = dispatch::AdoptMeasureRequest { district, case_id, command_id, measure, exceptions };
                call!(client, adopt_measure, request)
            }
            "release" => {
                let Party { party, reason } = self.with()?;
                call!(client, release, dispatch::ReleaseRequest { district, case_id, command_id, party, reason })
            }
            "resolve" => {
                let Resolving { outcome, summary, evidence } = self.with()?;
                let outcome = word("outcome", &outcome, OUTCOMES)?;
                let request = dispatch::ResolveRequest { district, case_id, command_id, outcome, summary, evidence };
                call!(client, resolve, request)
            }
            "related-case" => {
                let Related { title, text, place, category, helps, .. } = self.with()?;
                let place = Some(place.into());
                let request = dispatch::SpawnRelatedCaseRequest {
                    district,
                    case_id,
                    command_id,
                    title,
                    text,
                    place,
                    category,
                    helps,
                };
                call!(client, spawn_related_case, request)
            }
            _ => {
                let Reason { reason } = self.with()?;
                call!(client, reopen, dispatch::ReopenRequest { district, case_id, command_id, reason })
            }
        })
    }
}
