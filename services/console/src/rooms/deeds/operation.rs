//! What is sent from the forms of a joint operation, done.

use proto::common::v1::Officer;
use proto::enforcement_center::v1::{
    ArriveOnSiteRequest, CallSeatRequest, ConcludeRequest, DecidePathRequest, HoldMeetingRequest, MeetingDecision,
    NextStep, OrderStopRequest, Participant, PathStep, ReinspectRequest, ServeNoticeRequest, SpawnRelatedCaseRequest,
    TakeNextStepRequest, TakeSeatRequest,
};
use tonic::{Response, Status};

use super::About;
use super::rest::moment;
use crate::ask::Sent;
use crate::form::Form;
use crate::rooms::acting::operation::{STEPS, step_names};

pub async fn act(sent: &Sent, about: About, action: &str) -> Option<Result<u64, Status>> {
    let mut door = sent.signed.app.doors.enforcement_center(&sent.signed.person);
    let About { district, case_id, command_id } = about;
    let form = &sent.form;
    let (party, text) = (form.owned("party"), form.owned("text"));
    Some(match action {
        "call-seat" => position!(door.call_seat(CallSeatRequest { district, case_id, command_id, party })),
        "take-seat" => {
            let (staff_ref, post) = (form.owned("officer.staff_ref"), form.owned("officer.post"));
            let officer = Some(Officer { staff_ref, post });
            position!(door.take_seat(TakeSeatRequest { district, case_id, command_id, officer }))
        }
        "hold-meeting" => {
            let request = HoldMeetingRequest {
                district,
                case_id,
                command_id,
                held_at: None,
                venue: form.owned("venue"),
                present: form.each("present"),
                decisions: decision(form).into_iter().collect(),
            };
            position!(door.hold_meeting(request))
        }
        "decide-path" => {
            let participant = |party: String| Participant { party, ..Participant::default() };
            let request = DecidePathRequest {
                district,
                case_id,
                command_id,
                assessment: form.owned("assessment"),
                parties: Vec::new(),
                steps: steps(form),
                participants: form.each("participants").into_iter().map(participant).collect(),
            };
            position!(door.decide_path(request))
        }
        "arrive-on-site" => {
            let (parties, stop_order) = (form.each("parties"), form.owned("stop_order"));
            position!(door.arrive_on_site(ArriveOnSiteRequest { district, case_id, command_id, parties, stop_order }))
        }
        "order-stop" => {
            let request = OrderStopRequest {
                district,
                case_id,
                command_id,
                party,
                subject: form.owned("subject"),
                address: form.owned("address"),
                service_proof: form.owned("service_proof"),
                served_by: String::new(),
                served_at: None,
                follows: form.number("follows"),
            };
            position!(door.order_stop(request))
        }
        "serve-notice" => {
            let request = ServeNoticeRequest {
                district,
                case_id,
                command_id,
                party,
                subject: form.owned("subject"),
                address: form.owned("address"),
                service_proof: form.owned("service_proof"),
                served_by: String::new(),
                served_at: None,
                follows: form.number("follows"),
                due: moment(sent, "due"),
            };
            position!(door.serve_notice(request))
        }
        "reinspect" => {
            let passed = form.get("verdict") == "passed";
            let request = ReinspectRequest {
                district,
                case_id,
                command_id,
                notice: form.number("notice"),
                passed,
                finding: form.owned("finding"),
                next_step: if passed { String::new() } else { form.owned("next_step") },
                step: if passed { NextStep::Unspecified } else { step(form) }.into(),
            };
            position!(door.reinspect(request))
        }
        "next-step" => {
            let (notice, step, to) = (form.number("notice"), step(form).into(), form.owned("to"));
            position!(door.take_next_step(TakeNextStepRequest {
                district,
                case_id,
                command_id,
                notice,
                step,
                text,
                to
            }))
        }
        "hazard" => {
            let (title, category, place) = (form.owned("title"), String::new(), None);
            let request = SpawnRelatedCaseRequest { district, case_id, command_id, title, text, place, category };
            position!(door.spawn_related_case(request))
        }
        "conclude" => {
            let summary = form.owned("summary");
            position!(door.conclude(ConcludeRequest { district, case_id, command_id, summary }))
        }
        _ => return None,
    })
}

fn step(form: &Form) -> NextStep {
    NextStep::from_str_name(form.get("step")).unwrap_or_default()
}

/// What was typed of a decision; none, where nothing was.
fn decision(form: &Form) -> Option<MeetingDecision> {
    let (text, party) = (form.owned("decisions.text"), form.owned("decisions.party"));
    (!(text.is_empty() && party.is_empty())).then_some(MeetingDecision { text, party })
}

/// The steps of which anything was filled in, in order.
fn steps(form: &Form) -> Vec<PathStep> {
    let typed = (1..=STEPS).map(|number| {
        let (action, power) = step_names(number);
        PathStep { action: form.owned(&action), power: form.owned(&power), basis: String::new() }
    });
    typed.filter(|step| !(step.action.is_empty() && step.power.is_empty())).collect()
}
