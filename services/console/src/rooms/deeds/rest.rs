//! The deeds that come up now and then, done.

use jiff::civil::DateTime;
use pbjson_types::Timestamp as WireTime;
use proto::ToWireTime;
use proto::dispatch::v1::{
    AdmitRequest, AdoptMeasureRequest, ExtendRequest, PlanTasksRequest, PlannedTask, RecordCityDoneRequest,
    RecordCityProgressRequest, RecordCityReturnRequest, SpawnRelatedCaseRequest, SuperviseRequest, SuspendRequest,
    TransferRequest,
};
use proto::evaluation::v1::{CallbackOutcome, LogCallbackRequest};
use proto::intake::v1::{ApproveExclusionRequest, MergeRequest, ProposeExclusionRequest};
use tonic::{Response, Status};

use super::{About, evidence, outcome};
use crate::ask::Sent;

pub async fn at_dispatch(sent: &Sent, about: About, action: &str) -> Option<Result<u64, Status>> {
    let mut door = sent.signed.app.doors.dispatch(&sent.signed.person);
    let About { district, case_id, command_id } = about;
    let form = &sent.form;
    let (reason, basis) = (form.owned("reason"), form.owned("basis"));
    Some(match action {
        "plan" => {
            let (party, title, due) = (form.owned("party"), form.owned("title"), moment(sent, "due"));
            let task = PlannedTask { party, title, due, ..PlannedTask::default() };
            position!(door.plan_tasks(PlanTasksRequest { district, case_id, command_id, tasks: vec![task] }))
        }
        "measure" => {
            let (measure, exceptions) = (form.owned("measure"), Vec::new());
            position!(door.adopt_measure(AdoptMeasureRequest { district, case_id, command_id, measure, exceptions }))
        }
        "supervise" => {
            let (party, text, due) = (form.owned("party"), form.owned("text"), moment(sent, "due"));
            position!(door.supervise(SuperviseRequest { district, case_id, command_id, party, text, due }))
        }
        "extend" => {
            let (call, task, due) = (form.number("call"), form.number("task"), moment(sent, "due"));
            // Of a task, the call it belongs to is not asked for.
            let call = if task == 0 { call } else { 0 };
            position!(door.extend(ExtendRequest { district, case_id, command_id, call, task, basis, reason, due }))
        }
        "suspend" => {
            let until = moment(sent, "until");
            position!(door.suspend(SuspendRequest { district, case_id, command_id, basis, reason, until }))
        }
        "admit" => position!(door.admit(AdmitRequest { district, case_id, command_id, reason })),
        "related" => {
            let (title, text, category) = (form.owned("title"), form.owned("text"), String::new());
            let (helps, place) = (form.get("helps") == "yes", None);
            let request =
                SpawnRelatedCaseRequest { district, case_id, command_id, title, text, place, category, helps };
            position!(door.spawn_related_case(request))
        }
        "transfer" => {
            let reference = form.owned("reference");
            position!(door.transfer(TransferRequest { district, case_id, command_id, reference, reason }))
        }
        "city-progress" => {
            let note = form.owned("note");
            position!(door.record_city_progress(RecordCityProgressRequest { district, case_id, command_id, note }))
        }
        "city-done" => {
            let (outcome, summary, evidence) = (outcome(form).into(), form.owned("summary"), evidence(form));
            let request = RecordCityDoneRequest { district, case_id, command_id, outcome, summary, evidence };
            position!(door.record_city_done(request))
        }
        "city-return" => {
            position!(door.record_city_return(RecordCityReturnRequest { district, case_id, command_id, reason }))
        }
        _ => return None,
    })
}

pub async fn at_others(sent: &Sent, about: About, action: &str) -> Option<Result<u64, Status>> {
    let mut intake = sent.signed.app.doors.intake(&sent.signed.person);
    let About { district, case_id, command_id } = about;
    let form = &sent.form;
    let reason = form.owned("reason");
    Some(match action {
        "exclude" => {
            position!(intake.propose_exclusion(ProposeExclusionRequest { district, case_id, command_id, reason }))
        }
        "approve" => position!(intake.approve_exclusion(ApproveExclusionRequest { district, case_id, command_id })),
        "merge" => {
            let into = form.owned("into");
            position!(intake.merge(MergeRequest { district, case_id, command_id, into, reason }))
        }
        "callback" => {
            let mut door = sent.signed.app.doors.evaluation(&sent.signed.person);
            let outcome = CallbackOutcome::from_str_name(form.get("outcome")).unwrap_or_default().into();
            let (note, again_at) = (form.owned("note"), None);
            position!(door.log_callback(LogCallbackRequest { district, case_id, command_id, outcome, note, again_at }))
        }
        _ => return None,
    })
}

/// Day and minute as they were typed, by the clock of the district; none: nothing, or no time, which the service says.
pub fn moment(sent: &Sent, field: &str) -> Option<WireTime> {
    let typed: DateTime = sent.form.get(field).parse().ok()?;
    Some(typed.to_zoned(sent.signed.charter.time_zone.clone()).ok()?.timestamp().to_wire())
}
