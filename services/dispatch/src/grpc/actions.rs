//! What may be done, by the names of the contract and by whose token.

use proto::common::v1::Role;
use proto::dispatch::v1::AllowedAction;
use station::access::table;
use station::wire as shared;

use crate::domain::{Act, Action};

pub(super) fn allowed(action: &Action) -> AllowedAction {
    AllowedAction {
        action: name(action.act).to_owned(),
        call: action.call.unwrap_or_default(),
        party: shared::text(action.party.as_ref()),
        task: action.task.unwrap_or_default(),
        order: action.order.unwrap_or_default(),
    }
}

/// Whether a role's token opens the door for this, as the table has it.
#[must_use]
pub fn may(act: Act, role: Role) -> bool {
    let by_responder = matches!(act, Act::Respond | Act::ReportIn | Act::Done | Act::Return);
    let service =
        if by_responder { "huying.responder.v1.ResponderService" } else { "huying.dispatch.v1.DispatchService" };
    // One method calls for a street and for a special group, each asked for by another role.
    let fits = match role {
        Role::Street => act != Act::CallSpecial,
        Role::District => act != Act::Call,
        Role::Unspecified
        | Role::Bridge
        | Role::Caller
        | Role::Grid
        | Role::Community
        | Role::EnforcementCenter
        | Role::Department
        | Role::Operator
        | Role::Auditor
        | Role::System => true,
    };
    let row = table::row(&format!("{service}/{}", name(act)));
    fits && row.is_some_and(|row| row.relation(role).is_some())
}

/// Name of the method.
fn name(act: Act) -> &'static str {
    match act {
        Act::Assign => "Assign",
        Act::Escalate => "Escalate",
        Act::Call => "Call",
        Act::PlanTasks => "PlanTasks",
        Act::CompleteTask => "CompleteTask",
        Act::RecordProgress => "RecordProgress",
        Act::AdoptMeasure => "AdoptMeasure",
        Act::Release => "Release",
        Act::Resolve => "Resolve",
        Act::Reopen => "Reopen",
        Act::Adjudicate => "Adjudicate",
        Act::Disqualify => "Disqualify",
        Act::Supervise => "Supervise",
        Act::AnswerSupervision => "AnswerSupervision",
        Act::Extend => "Extend",
        Act::Suspend => "Suspend",
        Act::Resume => "Resume",
        Act::HoldMeeting => "HoldMeeting",
        Act::FormTaskForce => "FormTaskForce",
        Act::CallSpecial => "Call",
        Act::Transfer => "Transfer",
        Act::RecordCityProgress => "RecordCityProgress",
        Act::RecordCityDone => "RecordCityDone",
        Act::RecordCityReturn => "RecordCityReturn",
        Act::Admit => "Admit",
        Act::SpawnRelatedCase => "SpawnRelatedCase",
        Act::Respond => "Respond",
        Act::ReportIn => "ReportIn",
        Act::Done => "Done",
        Act::Return => "Return",
    }
}
