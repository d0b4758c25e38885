//! What may be done, by the names of the contract and by whose token.

use proto::common::v1::Role;
use proto::dispatch::v1::AllowedAction;
use station::wire as shared;

use super::{ABOVE, HOLDERS, READERS};
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

/// Whose token opens which door.
pub(super) fn may(act: Act) -> &'static [Role] {
    match act {
        Act::Assign
        | Act::Escalate
        | Act::PlanTasks
        | Act::RecordProgress
        | Act::AdoptMeasure
        | Act::Resolve
        | Act::HoldMeeting
        | Act::FormTaskForce
        | Act::SpawnRelatedCase => &HOLDERS,
        Act::Call | Act::Release | Act::Disqualify => &[Role::Street],
        Act::CallSpecial
        | Act::Transfer
        | Act::RecordCityProgress
        | Act::RecordCityDone
        | Act::RecordCityReturn
        | Act::Admit => &[Role::District],
        Act::Reopen | Act::Adjudicate => &[Role::Street, Role::District],
        Act::Supervise | Act::Extend | Act::Suspend | Act::Resume => &ABOVE,
        // Desks here, departments by their responder.
        Act::CompleteTask | Act::AnswerSupervision => &READERS,
        Act::Respond | Act::ReportIn | Act::Done | Act::Return => &[Role::Department],
    }
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
