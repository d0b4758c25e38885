//! Orders and answers between the contract and what we keep: what has the right form, and what it says.

use ids::{CaseId, Code, CommandId};
use prost::Message;
use proto::common::v1::{Place, Refusal};
use proto::dispatch::v1::{Answer, AnswerReply, Order, ProgressKind, answer, answer_reply, order};
use proto::responder::v1::{AnswerState, AnswerStatus};
use record::WireError;
use station::{BadInput, Violation, wire};

use crate::domain::{CallKey, Delay, Fact};

pub const NOTE_LENGTH_MAX: usize = 2000;
pub const ADDRESS_LENGTH_MAX: usize = 500;
pub const POST_LENGTH_MAX: usize = 200;
pub const STAFF_REF_LENGTH_MAX: usize = 128;
/// Longest name of an order within its case.
const N_LENGTH_MAX: usize = 32;

/// An order that has the right form.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOrder {
    pub call: CallKey,
    pub n: String,
    pub fact: Fact,
}

/// # Errors
/// It names no case or call, or orders nothing that is known here.
pub fn read_order(order: &Order) -> Result<ReadOrder, WireError> {
    let case: CaseId = order.case_id.parse().map_err(|error| WireError::new("case_id", error))?;
    if order.n.is_empty() || order.n.len() > N_LENGTH_MAX {
        return Err(WireError::new("n", format!("has {} bytes, 1 to {N_LENGTH_MAX} fit", order.n.len())));
    }
    let (call, fact) = order_fact(order).ok_or_else(|| WireError::new("order", "missing, or not known here"))?;
    let call = CallKey { district: wire::code("district", &order.district)?, case, call };
    Ok(ReadOrder { call, n: order.n.clone(), fact })
}

fn order_fact(order: &Order) -> Option<(u32, Fact)> {
    Some(match order.order.as_ref()? {
        order::Order::Call(call) => (call.call, Fact::Called),
        order::Order::Task(task) => (task.call, Fact::TaskGiven(task.task)),
        order::Order::Over(over) => (over.call, Fact::Over),
    })
}

/// What a kept order says.
#[must_use]
pub fn fact_of_order(kept: &[u8]) -> Option<Fact> {
    Order::decode(kept).ok().and_then(|order| order_fact(&order)).map(|(_, fact)| fact)
}

/// What a kept answer says once the hub has accepted it.
#[must_use]
pub fn fact_of_answer(kept: &[u8]) -> Option<Fact> {
    Some(match Answer::decode(kept).ok()?.answer? {
        answer::Answer::Respond(_) => Fact::Responded,
        answer::Answer::ReportIn(_) => Fact::ReportedIn,
        answer::Answer::Progress(_) => Fact::Progressed,
        answer::Answer::TaskDone(done) => Fact::TaskDone(done.task),
        answer::Answer::Done(_) => Fact::Done,
    })
}

/// An answer that has the right form. Whether it is right is the hub's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAnswer {
    pub call: CallKey,
    pub command_id: CommandId,
    /// The answer as it is kept and sent, with a command id if it came without.
    pub payload: Vec<u8>,
}

/// # Errors
/// Every field that has not the right form.
pub fn read_answer(mut answer: Answer) -> Result<ReadAnswer, BadInput> {
    let mut problems = Vec::new();
    if answer.command_id.is_empty() {
        answer.command_id = uuid::Uuid::new_v4().to_string();
    }
    if let Some(said) = &answer.answer {
        check(said, answer.call, &mut problems);
    } else {
        problems.push(Violation::new("answer", "required", "it says nothing"));
    }
    let district: Option<Code> = keep("district", "code", answer.district.parse(), &mut problems);
    let case: Option<CaseId> = keep("case_id", "case-id", answer.case_id.parse(), &mut problems);
    let command_id: Option<CommandId> = keep("command_id", "command-id", answer.command_id.parse(), &mut problems);
    let (Some(district), Some(case), Some(command_id), true) = (district, case, command_id, problems.is_empty()) else {
        return Err(BadInput(problems));
    };
    answer.case_id = case.to_string();
    Ok(ReadAnswer { call: CallKey { district, case, call: answer.call }, command_id, payload: answer.encode_to_vec() })
}

fn check(said: &answer::Answer, call: u32, problems: &mut Vec<Violation>) {
    let call_named = |problems: &mut Vec<Violation>| {
        if call == 0 {
            problems.push(Violation::new("call", "required", "calls are counted from 1"));
        }
    };
    match said {
        answer::Answer::Respond(respond) => {
            call_named(problems);
            officer(respond.officer.as_ref(), problems);
        }
        answer::Answer::ReportIn(report_in) => {
            call_named(problems);
            officer(report_in.officer.as_ref(), problems);
            place(report_in.check_in.as_ref(), problems);
        }
        answer::Answer::Progress(progress) => {
            let known = ProgressKind::try_from(progress.kind).is_ok_and(|kind| kind != ProgressKind::Unspecified);
            if !known {
                problems.push(Violation::new("kind", "form", format!("{} is not known here", progress.kind)));
            }
            length("note", &progress.note, NOTE_LENGTH_MAX, problems);
        }
        answer::Answer::TaskDone(done) => {
            if done.task == 0 {
                problems.push(Violation::new("task", "required", "tasks are counted from 1"));
            }
            length("note", &done.note, NOTE_LENGTH_MAX, problems);
        }
        answer::Answer::Done(done) => {
            call_named(problems);
            problems.extend(wire::outcome(done.outcome).err().map(Violation::from));
            length("note", &done.note, NOTE_LENGTH_MAX, problems);
        }
    }
}

fn officer(named: Option<&proto::common::v1::Officer>, problems: &mut Vec<Violation>) {
    match wire::officer(named) {
        Err(error) => problems.push(error.into()),
        Ok(officer) => {
            length("officer.staff_ref", &officer.staff_ref, STAFF_REF_LENGTH_MAX, problems);
            length("officer.post", &officer.post, POST_LENGTH_MAX, problems);
        }
    }
}

fn place(named: Option<&Place>, problems: &mut Vec<Violation>) {
    match wire::place(named) {
        Err(error) => problems.push(Violation::new("check_in", "form", error.to_string())),
        Ok(place) => {
            length("check_in.address", &place.address, ADDRESS_LENGTH_MAX, problems);
            let on_earth = |point: vocabulary::Point| {
                (-180.0..=180.0).contains(&point.longitude) && (-90.0..=90.0).contains(&point.latitude)
            };
            if !place.point.is_none_or(on_earth) {
                problems.push(Violation::new("check_in", "wgs-84", "these are not degrees on the globe"));
            }
        }
    }
}

fn length(field: &'static str, text: &str, max: usize, problems: &mut Vec<Violation>) {
    let length = text.chars().count();
    if length > max {
        let description = format!("it has {length} characters, at most {max} fit");
        problems.push(Violation::new(field, "text-length", description));
    }
}

fn keep<T, E: std::fmt::Display>(
    field: &'static str,
    rule: &'static str,
    read: Result<T, E>,
    problems: &mut Vec<Violation>,
) -> Option<T> {
    read.map_err(|error| problems.push(Violation::new(field, rule, error.to_string()))).ok()
}

/// What the hub made of an answer, for good.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Accepted { revision: u64 },
    Refused(Refusal),
}

impl From<Verdict> for AnswerStatus {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted { revision } => Self { state: AnswerState::Accepted.into(), revision, ..Self::default() },
            Verdict::Refused(refusal) => {
                Self { state: AnswerState::Refused.into(), refusal: Some(refusal), ..Self::default() }
            }
        }
    }
}

/// The status of an answer that the hub has not taken yet.
#[must_use]
pub fn only_kept() -> AnswerStatus {
    AnswerStatus { state: AnswerState::Kept.into(), ..AnswerStatus::default() }
}

/// # Errors
/// No verdict: the same answer has to be sent again.
pub fn read_reply(reply: &[u8]) -> Result<Verdict, Delay> {
    match AnswerReply::decode(reply).ok().and_then(|reply| reply.result) {
        Some(answer_reply::Result::Ok(ok)) => Ok(Verdict::Accepted { revision: ok.revision }),
        Some(answer_reply::Result::Refusal(refusal)) => match refusal.code.as_str() {
            "UNAVAILABLE" | "ABORTED" => Err(Delay::HubBusy),
            _ => Ok(Verdict::Refused(refusal)),
        },
        // Whoever replied is not the hub that we know.
        None => Err(Delay::HubSilent),
    }
}
