//! Orders and answers between the contract and what we keep: what has the right form, and what it says.

use ids::{CaseId, Code, CommandId};
use prost::Message;
use proto::common::v1::{Place, Refusal};
use proto::dispatch::v1::{Answer, AnswerReply, Order, ProgressKind, ReturnBasis, answer, answer_reply, order};
use proto::responder::v1::{AnswerState, AnswerStatus};
use record::WireError;
use station::{
    ADDRESS_LENGTH_MAX, BadInput, OFFICER, Violation, evidence, line, optional_line, optional_prose, prose, wire,
};

use crate::domain::{CallKey, Delay, Fact};

pub const NOTE_LENGTH_MAX: usize = 2000;
const TITLE_LENGTH_MAX: usize = 200;
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
        // The name of an order begins with the revision of the hub's record that caused it.
        order::Order::Call(call) if call.again => (call.call, Fact::CalledAgain(revision_of(&order.n))),
        order::Order::Call(call) => (call.call, Fact::Called),
        order::Order::Task(task) => (task.call, Fact::TaskGiven(task.task)),
        order::Order::Supervision(order) => (order.call, Fact::Supervised),
        order::Order::Over(over) => (over.call, Fact::Over),
    })
}

fn revision_of(n: &str) -> u64 {
    n.split('-').next().and_then(|revision| revision.parse().ok()).unwrap_or_default()
}

/// What a kept order says.
#[must_use]
pub fn fact_of_order(kept: &[u8]) -> Option<Fact> {
    Order::decode(kept).ok().and_then(|order| order_fact(&order)).map(|(_, fact)| fact)
}

/// What a kept answer says once the hub has accepted it, at `revision` of its record.
#[must_use]
pub fn fact_of_answer(kept: &[u8], revision: u64) -> Option<Fact> {
    Some(match Answer::decode(kept).ok()?.answer? {
        answer::Answer::Respond(_) => Fact::Responded(revision),
        answer::Answer::ReportIn(_) => Fact::ReportedIn(revision),
        answer::Answer::Progress(_) | answer::Answer::RelatedCase(_) => Fact::Progressed,
        answer::Answer::TaskDone(done) => Fact::TaskDone(done.task),
        answer::Answer::Return(_) => Fact::Returned,
        answer::Answer::AnswerSupervision(_) => Fact::Accounted,
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
            place(["check_in", "check_in.address"], report_in.check_in.as_ref(), problems);
        }
        answer::Answer::Progress(progress) => {
            let known = ProgressKind::try_from(progress.kind).is_ok_and(|kind| kind != ProgressKind::Unspecified);
            if !known {
                problems.push(Violation::new("kind", "form", format!("{} is not known here", progress.kind)));
            }
            call_named(problems);
            said_something("note", &progress.note, problems);
            problems.extend(evidence(&progress.evidence).err());
        }
        answer::Answer::TaskDone(done) => {
            call_named(problems);
            if done.task == 0 {
                problems.push(Violation::new("task", "required", "tasks are counted from 1"));
            }
            noted("note", &done.note, problems);
            problems.extend(evidence(&done.evidence).err());
        }
        answer::Answer::RelatedCase(found) => {
            call_named(problems);
            problems.extend(line("title", &found.title, TITLE_LENGTH_MAX).err());
            noted("text", &found.text, problems);
            problems.extend(optional_line("category", &found.category, TITLE_LENGTH_MAX).err());
            place(["place", "place.address"], found.place.as_ref(), problems);
        }
        answer::Answer::Return(sent) => {
            call_named(problems);
            if !ReturnBasis::try_from(sent.basis).is_ok_and(|basis| basis != ReturnBasis::Unspecified) {
                problems.push(Violation::new("basis", "form", format!("{} is not known here", sent.basis)));
            }
            said_something("reason", &sent.reason, problems);
            let _proposes: Option<Code> = keep("proposes", "code", sent.proposes.parse(), problems);
        }
        answer::Answer::AnswerSupervision(said) => {
            if said.order == 0 {
                problems.push(Violation::new("order", "required", "orders of supervision are counted from 1"));
            }
            said_something("note", &said.note, problems);
        }
        answer::Answer::Done(done) => {
            call_named(problems);
            problems.extend(wire::outcome(done.outcome).err().map(Violation::from));
            noted("note", &done.note, problems);
            problems.extend(evidence(&done.evidence).err());
        }
    }
}

fn officer(named: Option<&proto::common::v1::Officer>, problems: &mut Vec<Violation>) {
    problems.extend(station::officer(OFFICER, named).err());
}

fn place([field, address]: [&'static str; 2], named: Option<&Place>, problems: &mut Vec<Violation>) {
    match wire::place(named) {
        Err(error) => problems.push(Violation::new(field, "form", error.to_string())),
        Ok(place) => {
            problems.extend(optional_line(address, &place.address, ADDRESS_LENGTH_MAX).err());
            let on_earth = |point: vocabulary::Point| {
                (-180.0..=180.0).contains(&point.longitude) && (-90.0..=90.0).contains(&point.latitude)
            };
            if !place.point.is_none_or(on_earth) {
                problems.push(Violation::new(field, "wgs-84", "these are not degrees on the globe"));
            }
        }
    }
}

fn said_something(field: &'static str, text: &str, problems: &mut Vec<Violation>) {
    problems.extend(prose(field, text, NOTE_LENGTH_MAX).err());
}

fn noted(field: &'static str, text: &str, problems: &mut Vec<Violation>) {
    problems.extend(optional_prose(field, text, NOTE_LENGTH_MAX).err());
}

/// What was read, or one problem more.
pub fn keep<T, E: std::fmt::Display>(
    field: &'static str,
    rule: &'static str,
    read: Result<T, E>,
    problems: &mut Vec<Violation>,
) -> Option<T> {
    read.map_err(|error| problems.push(Violation::new(field, rule, error.to_string()))).ok()
}

/// Codes by which the hub says that an answer is wrong. Any other, one of a later hub included, says that something is
/// wrong with the hub: what was done in the field is not thrown away for that, but sent until it is taken.
const FINAL: [&str; 8] = [
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "UNIMPLEMENTED",
    "UNAUTHENTICATED",
];

/// What the hub made of an answer, for good.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Accepted { revision: u64, position: u64 },
    Refused(Refusal),
}

impl From<Verdict> for AnswerStatus {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted { revision, position } => {
                Self { state: AnswerState::Accepted.into(), revision, position, ..Self::default() }
            }
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
        Some(answer_reply::Result::Ok(ok)) => Ok(Verdict::Accepted { revision: ok.revision, position: ok.position }),
        Some(answer_reply::Result::Refusal(refusal)) => match refusal.code.as_str() {
            code if FINAL.contains(&code) => Ok(Verdict::Refused(refusal)),
            _ => Err(Delay::HubBusy),
        },
        // Whoever replied is not the hub that we know.
        None => Err(Delay::HubSilent),
    }
}

#[cfg(test)]
mod tests {
    use proto::common::v1::Outcome;
    use proto::dispatch::v1::{AnswerAccepted, Done, ReportIn};

    use super::*;
    use crate::fixtures::{answer, call, case, done, order, respond};

    fn fields(answer: Answer) -> Vec<&'static str> {
        read_answer(answer).unwrap_err().0.iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn everything_that_has_not_the_right_form_is_named_at_once() {
        let place = Place { longitude: Some(200.0), latitude: Some(30.0), ..Place::default() };
        let report_in = ReportIn { officer: None, owns_matter: true, check_in: Some(place) };
        let wrong = Answer {
            district: "Wuchang".to_owned(),
            call: 0,
            ..answer(1, "two words", answer::Answer::ReportIn(report_in))
        };
        assert_eq!(fields(wrong), ["call", "officer", "check_in", "district", "command_id"]);

        let note = "字".repeat(NOTE_LENGTH_MAX + 1);
        let long = answer::Answer::Done(Done { outcome: Outcome::Unspecified.into(), note, evidence: vec![] });
        assert_eq!(fields(answer(1, "", long)), ["outcome", "note"]);
        assert_eq!(fields(Answer { answer: None, ..answer(1, "", done()) }), ["answer"]);
    }

    #[test]
    fn an_answer_without_a_command_id_is_given_one_and_a_misread_case_id_is_read_right() {
        let said = Answer { case_id: case(1).to_string().to_uppercase(), ..answer(1, "", respond()) };
        let read = read_answer(said).unwrap();
        let sent = Answer::decode(read.payload.as_slice()).unwrap();
        assert_eq!(sent.command_id, read.command_id.as_str());
        assert_eq!(sent.case_id, case(1).to_string());
    }

    #[test]
    fn an_order_that_says_nothing_known_is_not_read() {
        let good = order(1, "3-0", call(1));
        assert_eq!(read_order(&good).unwrap().fact, Fact::Called);
        for (bad, field) in [
            (Order { order: None, ..good.clone() }, "order"),
            (Order { n: String::new(), ..good.clone() }, "n"),
            (Order { case_id: "261121".to_owned(), ..good.clone() }, "case_id"),
            (Order { district: String::new(), ..good }, "district"),
        ] {
            assert_eq!(read_order(&bad).unwrap_err().field, field);
        }
    }

    #[test]
    fn only_a_verdict_ends_the_sending() {
        let reply = |result| AnswerReply { result: Some(result) }.encode_to_vec();
        let refusal = |code: &str| {
            let refusal = Refusal { code: code.to_owned(), ..Refusal::default() };
            read_reply(&reply(answer_reply::Result::Refusal(refusal)))
        };
        let accepted = AnswerAccepted { revision: 7, at: None, position: 40 };
        assert_eq!(
            read_reply(&reply(answer_reply::Result::Ok(accepted))),
            Ok(Verdict::Accepted { revision: 7, position: 40 })
        );
        for code in FINAL {
            assert!(matches!(refusal(code), Ok(Verdict::Refused(_))), "{code}");
        }
        for code in ["UNAVAILABLE", "ABORTED", "INTERNAL", "DEADLINE_EXCEEDED", "A_CODE_OF_LATER", ""] {
            assert_eq!(refusal(code), Err(Delay::HubBusy), "{code}");
        }
        // A stream that answers in place of the hub, or nobody.
        assert_eq!(read_reply(b"{\"stream\":\"CASES\",\"seq\":7}"), Err(Delay::HubSilent));
        assert_eq!(read_reply(b""), Err(Delay::HubSilent));
    }
}
