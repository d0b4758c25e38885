//! An installation tried with a party's key, the other way round: whether its doors do for this party what they promise.
//!
//! A department's orders are not fetched, because whoever waits for them would miss them; a bridge leaves one case behind, whose title
//! says what it is.

use std::time::Duration;

use ids::Code;
use prost::Message;
use proto::WireTimestamp;
use proto::casebook::v1::{GetReply, GetRequest, ListChangesReply, ListChangesRequest, get_reply, list_changes_reply};
use proto::common::v1::Refusal;
use proto::dispatch::v1::{Answer, AnswerReply, Respond, answer, answer_reply};
use proto::intake::v1::{FindReply, FindRequest, SubmitReply, SubmitRequest, SubmitResponse, find_reply, submit_reply};
use proto::streams::CALLS;
use proto::subjects::{AnswerSubject, BridgeSubject, BridgeVerb};
use record::calls::HUB_API;
use record::{Broker, Requester};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Trial, Tried, Verdict, verdict};
use crate::client::CURRENT;

/// Longest wait for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// How long something is waited for that must not come.
const SILENCE: Duration = Duration::from_secs(1);
/// A case that no installation has.
const NOBODYS_CASE: &str = "260101-000000e";

/// Tells of each trial as soon as it is known.
pub type Tell<'t> = &'t mut dyn FnMut(&Tried) -> anyhow::Result<()>;

/// Whoever asks with the party's key.
struct Asker {
    requester: Requester,
    broker: Broker,
    party: Code,
}

impl Asker {
    /// An answer in the form of the question.
    async fn ask<A: Message + Default + DeserializeOwned>(
        &self,
        subject: String,
        question: &(impl Message + Serialize),
        json: bool,
    ) -> anyhow::Result<A> {
        let payload = if json { serde_json::to_vec(question)? } else { question.encode_to_vec() };
        let answer = self.requester.request(subject, payload, ANSWER_WAIT).await?;
        Ok(if json { serde_json::from_slice(&answer)? } else { A::decode(answer)? })
    }

    fn of_bridge(&self, verb: BridgeVerb) -> String {
        BridgeSubject { bridge: self.party.clone(), verb }.to_string()
    }

    /// What is wrong, if another's subject is answered.
    async fn fenced(&self, others: String) -> Option<String> {
        let answered = self.requester.request(others.clone(), b"{}".to_vec(), SILENCE).await.is_ok();
        if answered {
            return Some(format!("{others} was answered: this key speaks for others, too"));
        }
        let forbidden = self.broker.forbidden().borrow().is_some();
        (!forbidden).then(|| format!("{others} is not forbidden by the broker, only not answered"))
    }
}

/// A bridge's door.
///
/// # Errors
/// What was found cannot be told.
pub async fn bridge(broker: &Broker, party: &Code, tell: Tell<'_>) -> anyhow::Result<Vec<Tried>> {
    let asker = Asker { requester: broker.requester(), broker: broker.clone(), party: party.clone() };
    let reference = format!("conformance-{}", uuid::Uuid::new_v4().simple());
    let submission = SubmitRequest {
        external_ref: reference.clone(),
        title: "合规测试，请忽略".to_owned(),
        text: "huying conformance".to_owned(),
        ..SubmitRequest::default()
    };
    let mut told = Telling { tell, tried: Vec::new() };
    let first = taken(submit(&asker, &submission, true).await);
    let (case, received_at) = first.as_ref().map(|ok| (ok.case_id.clone(), ok.received_at)).unwrap_or_default();
    told.one(SUBMITTED, first.err())?;
    if case.is_empty() {
        for trial in [REPEATED, CHANGED, REFUSED, FOUND, CHANGES, FENCED] {
            told.not(trial, "nothing is taken")?;
        }
        return Ok(told.tried);
    }
    let again = taken(submit(&asker, &submission, false).await);
    told.one(
        REPEATED,
        match again {
            Ok(ok) if ok.case_id == case && ok.repeated => None,
            Ok(ok) => Some(format!("{case} at first, then {} (repeated: {})", ok.case_id, ok.repeated)),
            Err(seen) => Some(seen),
        },
    )?;
    let changed = SubmitRequest { title: "合规测试，另一件".to_owned(), ..submission.clone() };
    told.one(CHANGED, refused(submit(&asker, &changed, true).await, "ALREADY_EXISTS", ""))?;
    let empty = SubmitRequest { external_ref: format!("{reference}-2"), ..SubmitRequest::default() };
    told.one(REFUSED, refused(submit(&asker, &empty, true).await, "INVALID_ARGUMENT", "title"))?;
    told.one(FOUND, found(&asker, &reference, &case).await)?;
    told.one(CHANGES, changes(&asker, &case, received_at).await)?;
    let other: Code = format!("{party}-x").parse()?;
    told.one(FENCED, asker.fenced(BridgeSubject::submit(&other)).await)?;
    Ok(told.tried)
}

/// A department's door.
///
/// # Errors
/// What was found cannot be told.
pub async fn department(broker: &Broker, party: &Code, tell: Tell<'_>) -> anyhow::Result<Vec<Tried>> {
    let asker = Asker { requester: broker.requester(), broker: broker.clone(), party: party.clone() };
    let mut told = Telling { tell, tried: Vec::new() };
    let info = format!("{HUB_API}.CONSUMER.INFO.{CALLS}.{party}");
    let looked = asker.requester.request(info, Vec::new(), ANSWER_WAIT).await;
    told.one(
        ORDERS,
        match looked {
            Err(error) => Some(record::chain(&error)),
            Ok(answer) => match serde_json::from_slice::<serde_json::Value>(&answer) {
                Ok(info) if info["name"] == party.as_str() => None,
                Ok(info) => Some(format!("the consumer is not there: {}", info["error"])),
                Err(error) => Some(error.to_string()),
            },
        },
    )?;
    let about = |answer| Answer {
        district: party.as_str().split('-').next().unwrap_or_default().to_owned(),
        case_id: NOBODYS_CASE.to_owned(),
        call: 1,
        command_id: format!("conformance-{}", uuid::Uuid::new_v4().simple()),
        answer,
    };
    let subject = || AnswerSubject { department: party.clone() }.to_string();
    let mut wrong = None;
    for json in [true, false] {
        let asked = asker.ask::<AnswerReply>(subject(), &about(None), json).await;
        wrong = wrong.or_else(|| refused(asked.map(of_answer), "INVALID_ARGUMENT", "answer"));
    }
    told.one(ANSWERS, wrong)?;
    let officer = proto::common::v1::Officer { staff_ref: "conformance".to_owned(), post: String::new() };
    let respond = about(Some(answer::Answer::Respond(Respond { officer: Some(officer) })));
    let asked = asker.ask::<AnswerReply>(subject(), &respond, true).await;
    told.one(NOT_OURS, refused(asked.map(of_answer), "NOT_FOUND", ""))?;
    let other: Code = format!("{party}-x").parse()?;
    told.one(FENCED, asker.fenced(AnswerSubject { department: other }.to_string()).await)?;
    Ok(told.tried)
}

struct Telling<'t> {
    tell: Tell<'t>,
    tried: Vec<Tried>,
}

impl Telling<'_> {
    fn one(&mut self, trial: Trial, found: Option<String>) -> anyhow::Result<()> {
        self.add(Tried { trial, verdict: verdict(found) })
    }

    fn not(&mut self, trial: Trial, missing: &'static str) -> anyhow::Result<()> {
        self.add(Tried { trial, verdict: Verdict::NotTried(missing) })
    }

    fn add(&mut self, tried: Tried) -> anyhow::Result<()> {
        (self.tell)(&tried)?;
        self.tried.push(tried);
        Ok(())
    }
}

/// What was answered, or how it was refused.
type Answered<T> = anyhow::Result<Option<Result<T, Refusal>>>;

async fn submit(asker: &Asker, submission: &SubmitRequest, json: bool) -> Answered<SubmitResponse> {
    let reply: SubmitReply = asker.ask(asker.of_bridge(BridgeVerb::Submit), submission, json).await?;
    Ok(reply.result.map(|result| match result {
        submit_reply::Result::Ok(ok) => Ok(ok),
        submit_reply::Result::Refusal(refusal) => Err(refusal),
    }))
}

fn of_answer(reply: AnswerReply) -> Option<Result<u64, Refusal>> {
    reply.result.map(|result| match result {
        answer_reply::Result::Ok(ok) => Ok(ok.revision),
        answer_reply::Result::Refusal(refusal) => Err(refusal),
    })
}

fn taken<T>(answered: Answered<T>) -> Result<T, String> {
    match answered {
        Ok(Some(Ok(ok))) => Ok(ok),
        Ok(Some(Err(refusal))) => Err(format!("refused: {} {}", refusal.code, refusal.message)),
        Ok(None) => Err("answered with neither ok nor refusal".to_owned()),
        Err(error) => Err(format!("{error:#}")),
    }
}

/// What is wrong, if it was not refused with this code and, if one is named, for this field.
fn refused<T>(answered: Answered<T>, code: &str, field: &str) -> Option<String> {
    match answered {
        Ok(Some(Err(refusal))) => {
            let fields: Vec<&str> = refusal.violations.iter().map(|it| it.field.as_str()).collect();
            let fits = refusal.code == code && (field.is_empty() || fields.contains(&field));
            (!fits).then(|| format!("expected {code} {field}, refused with {} {}", refusal.code, fields.join(", ")))
        }
        other => match taken(other) {
            Ok(_) => Some(format!("expected {code}, and it was taken")),
            Err(seen) => Some(seen),
        },
    }
}

async fn found(asker: &Asker, reference: &str, case: &str) -> Option<String> {
    let question = FindRequest { external_ref: reference.to_owned(), bridge: String::new() };
    let reply: anyhow::Result<FindReply> = asker.ask(asker.of_bridge(BridgeVerb::Find), &question, true).await;
    match reply.map(|reply| reply.result) {
        Ok(Some(find_reply::Result::Ok(ok))) if ok.case_id == case => {}
        Ok(other) => return Some(format!("by reference, {case} is {other:?}")),
        Err(error) => return Some(format!("{error:#}")),
    }
    let question = GetRequest { case_id: case.to_owned(), ..GetRequest::default() };
    let reply: anyhow::Result<GetReply> = asker.ask(asker.of_bridge(BridgeVerb::Get), &question, false).await;
    match reply.map(|reply| reply.result) {
        Ok(Some(get_reply::Result::Ok(_))) => None,
        Ok(other) => Some(format!("by number, {case} is {other:?}")),
        Err(error) => Some(format!("{error:#}")),
    }
}

/// Whether the case comes among the changes.
async fn changes(asker: &Asker, case: &str, from: Option<WireTimestamp>) -> Option<String> {
    // What came before it does not matter, and may be much.
    let mut from = from;
    let mut cursor = String::new();
    let mut seen = false;
    loop {
        let (page_size, freshness) = (200, Some(CURRENT));
        let question =
            ListChangesRequest { cursor, page_size, from: from.take(), freshness, ..ListChangesRequest::default() };
        let reply: anyhow::Result<ListChangesReply> =
            asker.ask(asker.of_bridge(BridgeVerb::Changes), &question, true).await;
        let page = match reply.map(|reply| reply.result) {
            Ok(Some(list_changes_reply::Result::Ok(page))) => page,
            Ok(other) => return Some(format!("changes are {other:?}")),
            Err(error) => return Some(format!("{error:#}")),
        };
        seen |= page.cases.iter().any(|it| it.summary.as_ref().is_some_and(|line| line.case_id == case));
        cursor = page.next_cursor;
        if !page.more {
            break;
        }
    }
    (!seen).then(|| format!("{case} is not among them"))
}

const SUBMITTED: Trial = Trial {
    name: "submitted",
    shows: "a matter is taken, in JSON, and has a case id",
    breaks: "nothing comes in through this bridge",
};
const REPEATED: Trial = Trial {
    name: "repeated",
    shows: "the same again, in protobuf, is the same case",
    breaks: "whoever did not hear an answer and asks again raises a second case",
};
const CHANGED: Trial = Trial {
    name: "changed",
    shows: "something else under the same reference is refused, ALREADY_EXISTS",
    breaks: "a matter is swallowed by another one",
};
const REFUSED: Trial = Trial {
    name: "refused",
    shows: "what does not fit is refused, INVALID_ARGUMENT with the field",
    breaks: "the sender does not learn what to mend",
};
const FOUND: Trial = Trial {
    name: "found",
    shows: "the case is found by the sender's reference and by its number",
    breaks: "nobody can tell a caller what became of it",
};
const CHANGES: Trial = Trial {
    name: "changes",
    shows: "the case is among what became of the bridge's cases",
    breaks: "callers hear nothing",
};
const FENCED: Trial = Trial {
    name: "fenced",
    shows: "the key speaks for this party and for nobody else",
    breaks: "anybody with a key could speak for every other party",
};
const ORDERS: Trial =
    Trial { name: "orders", shows: "the department's consumer is there for this key", breaks: "no order comes" };
const ANSWERS: Trial = Trial {
    name: "answers",
    shows: "an answer that says nothing is refused, INVALID_ARGUMENT with the field, in JSON and in protobuf",
    breaks: "the department does not learn what to mend",
};
const NOT_OURS: Trial = Trial {
    name: "not-ours",
    shows: "an answer about a case that is not there is refused for good, NOT_FOUND",
    breaks: "an outbox would say it for ever",
};
