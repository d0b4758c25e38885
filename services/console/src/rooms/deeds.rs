//! What is sent from a case's forms, done: each is one command to one service, under the name that the form has for it, so that
//! what is sent twice is done once.

/// Where on the record an answer says it is.
macro_rules! position {
    ($answer:expr) => {
        $answer.await.map(Response::into_inner).map(|answer| answer.position)
    };
}
mod operation;
mod rest;

use proto::common::v1::{Colour, Level, Outcome};
use proto::dispatch::v1::{
    AdjudicateRequest, AnswerSupervisionRequest, AssignRequest, CallRequest, CompleteTaskRequest, DisqualifyRequest,
    EscalateRequest, ProgressKind, RecordProgressRequest, ReleaseRequest, ReopenRequest, ResolveRequest, ResumeRequest,
};
use proto::evaluation::v1::RatePartyRequest;
use proto::triage::v1::{ClaimRequest, JudgeRequest, RegradeRequest};
use tonic::{Response, Status};

use super::follow;
use crate::ask::Sent;
use crate::form::Form;

/// Done, with where it stands on the record. None: there is no such thing to do.
pub async fn act(sent: &mut Sent, case_id: &str, action: &str) -> Option<Result<u64, Status>> {
    let (district, case, command_id) = (sent.signed.district(), case_id.to_owned(), sent.form.owned("command"));
    let about = About { district, case_id: case, command_id };
    if let Some(done) = at_dispatch(sent, about.clone(), action).await {
        return Some(done);
    }
    if let Some(done) = at_triage(sent, about.clone(), action).await {
        return Some(done);
    }
    if let Some(done) = rest::at_dispatch(sent, about.clone(), action).await {
        return Some(done);
    }
    if let Some(done) = rest::at_others(sent, about.clone(), action).await {
        return Some(done);
    }
    if let Some(done) = operation::act(sent, about.clone(), action).await {
        return Some(done);
    }
    if action == "rate-party" {
        let About { district, case_id, command_id } = about;
        let form = &sent.form;
        let request = RatePartyRequest {
            district,
            case_id,
            command_id,
            party: form.owned("party"),
            rate: form.owned("rate"),
            deduction_reason: form.owned("deduction_reason"),
        };
        let mut door = sent.signed.app.doors.evaluation(&sent.signed.person);
        return Some(door.rate_party(request).await.map(|answer| answer.into_inner().position));
    }
    follow::say(sent, case_id, action).await
}

#[derive(Clone)]
struct About {
    district: String,
    case_id: String,
    command_id: String,
}

async fn at_dispatch(sent: &Sent, about: About, action: &str) -> Option<Result<u64, Status>> {
    let mut door = sent.signed.app.doors.dispatch(&sent.signed.person);
    let About { district, case_id, command_id } = about;
    let form = &sent.form;
    let reason = form.owned("reason");
    Some(match action {
        "assign" => {
            let request = AssignRequest { district, case_id, command_id, party: form.owned("party"), reason };
            position!(door.assign(request))
        }
        "escalate" => {
            let request = EscalateRequest { district, case_id, command_id, reason, to: String::new() };
            position!(door.escalate(request))
        }
        "call" => {
            let request = CallRequest {
                district,
                case_id,
                command_id,
                situation: form.owned("situation"),
                colour: colour_of(form.get("colour")).into(),
                note: form.owned("note"),
                ..CallRequest::default()
            };
            position!(door.call(request))
        }
        "progress" => {
            let kind = ProgressKind::from_str_name(form.get("kind")).unwrap_or_default().into();
            let request = RecordProgressRequest { district, case_id, command_id, kind, note: form.owned("note") };
            position!(door.record_progress(request))
        }
        "resolve" => {
            let request = ResolveRequest {
                district,
                case_id,
                command_id,
                outcome: outcome(form).into(),
                summary: form.owned("summary"),
                evidence: evidence(form),
            };
            position!(door.resolve(request))
        }
        "reopen" => position!(door.reopen(ReopenRequest { district, case_id, command_id, reason })),
        "resume" => position!(door.resume(ResumeRequest { district, case_id, command_id })),
        "release" => {
            let request = ReleaseRequest { district, case_id, command_id, party: form.owned("party"), reason };
            position!(door.release(request))
        }
        "disqualify" => {
            let (call, party) = (form.number("call"), form.owned("party"));
            position!(door.disqualify(DisqualifyRequest { district, case_id, command_id, call, party, reason }))
        }
        "adjudicate" => {
            let (call, party, to) = (form.number("call"), form.owned("party"), form.owned("to"));
            position!(door.adjudicate(AdjudicateRequest { district, case_id, command_id, call, party, to, reason }))
        }
        "answer-supervision" => {
            let (order, note) = (form.number("order"), form.owned("note"));
            position!(door.answer_supervision(AnswerSupervisionRequest { district, case_id, command_id, order, note }))
        }
        "task" => {
            let (task, note) = (form.number("task"), form.owned("note"));
            let request = CompleteTaskRequest { district, case_id, command_id, task, note, evidence: evidence(form) };
            position!(door.complete_task(request))
        }
        _ => return None,
    })
}

async fn at_triage(sent: &Sent, about: About, action: &str) -> Option<Result<u64, Status>> {
    let mut door = sent.signed.app.doors.triage(&sent.signed.person);
    let About { district, case_id, command_id } = about;
    let form = &sent.form;
    let (category, level, reason) = (form.owned("category"), level(form).into(), form.owned("reason"));
    let (also, situation) = (form.each("also"), String::new());
    Some(match action {
        "claim" => position!(door.claim(ClaimRequest { district, case_id, command_id })),
        "judge" => {
            let request = JudgeRequest { district, case_id, command_id, category, also, level, situation, reason };
            position!(door.judge(request))
        }
        "regrade" => {
            let request = RegradeRequest { district, case_id, command_id, category, also, level, situation, reason };
            position!(door.regrade(request))
        }
        _ => return None,
    })
}

/// A colour by our name for it; unspecified: any other.
pub fn colour_of(code: &str) -> Colour {
    match code {
        "red" => Colour::Red,
        "yellow" => Colour::Yellow,
        "blue" => Colour::Blue,
        _ => Colour::Unspecified,
    }
}

fn level(form: &Form) -> Level {
    match form.get("level") {
        "A" => Level::A,
        "B1" => Level::B1,
        "B2" => Level::B2,
        "C" => Level::C,
        "D" => Level::D,
        _ => Level::Unspecified,
    }
}

/// How it ended, as a form says it.
pub fn outcome(form: &Form) -> Outcome {
    Outcome::from_str_name(form.get("outcome")).unwrap_or_default()
}

/// References of evidence, with blanks between them.
pub fn evidence(form: &Form) -> Vec<String> {
    form.get("evidence").split_whitespace().map(str::to_owned).collect()
}
