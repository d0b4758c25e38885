//! The doors agree with the contracts: of every command each field is left out in turn. Where its comment begins with
//! `Required`, the answer is INVALID_ARGUMENT and names it; every other may be missing. No text of any has characters that move
//! a terminal. What a department says at its own
//! desk is said to the hub, too, and what a bridge sends over gRPC is sent over NATS.

use std::collections::{BTreeMap, BTreeSet};

use chassis::{Clock, Identity};
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::common::v1::Refusal;
use proto::dispatch::v1::{Answer, AnswerReply, answer_reply};
use proto::intake::v1::{SubmitReply, submit_reply};
use proto::subjects::BridgeSubject;
use proto::{dispatch, enforcement_center, evaluation, intake, responder, triage};
use record::Broker;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use station::access::table::{Does, TABLE};
use station::refusal_of;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::access::{Raw, called_case};
use crate::support::installation::{Installation, acting, bridge, operator, shared};
use crate::support::{WAIT, submission};

mod alike;
mod powers;
mod samples;

use samples::samples;

const DISTRICT: &str = "jiangan";
const STREET: &str = "jiangan-yiyuan-command-centre";
const CENTRE: &str = "jiangan-yiyuan-enforcement-centre";
const PARKS: &str = "jiangan-parks";
const BRIDGE: &str = "jiangan-board";
const POLL: &str = "doors-poll";

/// A command that is in order, as somebody may send it.
struct Sample {
    path: &'static str,
    who: Identity,
    request: Value,
    encode: fn(Value) -> Vec<u8>,
}

fn encode<M: Message + DeserializeOwned>(request: Value) -> Vec<u8> {
    serde_json::from_value::<M>(request).unwrap().encode_to_vec()
}

fn sample<M: Message + DeserializeOwned>(path: &'static str, who: &Identity, request: Value) -> Sample {
    Sample { path, who: who.clone(), request, encode: encode::<M> }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_contracts_ask_for_is_asked_for_and_nothing_else() {
    let installation = shared();
    let case = called_case(&installation, "doors").await;
    let earlier = called_case(&installation, "doors-earlier").await;
    let of_centre = called_case(&installation, "doors-centre").await;
    let (district, command_id) = (DISTRICT.to_owned(), String::new());
    let release = dispatch::v1::ReleaseRequest {
        district: district.clone(),
        case_id: of_centre.clone(),
        command_id: command_id.clone(),
        party: PARKS.to_owned(),
        reason: "several powers are needed".to_owned(),
    };
    installation.dispatch(&acting("street", STREET)).await.release(release).await.unwrap();
    let (reason, party) = ("it is the centre's".to_owned(), CENTRE.to_owned());
    let assign = dispatch::v1::AssignRequest { district, case_id: of_centre.clone(), command_id, party, reason };
    installation.dispatch(&acting("district", "jiangan-centre")).await.assign(assign).await.unwrap();

    let contracts = Contracts::read();
    let of_the_desk = samples::of_the_desk_alone(&case);
    let samples: Vec<Sample> = samples(&case, &earlier, &of_centre)
        .into_iter()
        .chain(powers::samples())
        .chain(of_the_desk)
        .chain(samples::of_webhooks())
        .collect();
    let mut wrong = Vec::new();
    for sample in &samples {
        let fields = contracts.fields(sample.path);
        let said: BTreeSet<&String> = sample.request.as_object().unwrap().keys().collect();
        let unsaid: Vec<_> = fields.iter().filter(|field| field.required && !said.contains(&field.json)).collect();
        assert!(unsaid.is_empty(), "{}: the sample says nothing of {unsaid:?}", sample.path);
        for (field, request) in with_stray_controls(&sample.request) {
            let answer = ask(&installation, sample, &request).await;
            wrong.extend(taken(sample.path, &field, &answer));
        }
        let whole = ask(&installation, sample, &sample.request).await;
        wrong.extend(accepted(sample.path, "the whole", &whole));
        for field in fields.iter().filter(|field| said.contains(&field.json)) {
            let mut request = sample.request.clone();
            request.as_object_mut().unwrap().remove(&field.json);
            let answer = ask(&installation, sample, &request).await;
            wrong.extend(if field.required {
                refused_for(sample.path, &field.name, &answer)
            } else {
                accepted(sample.path, &field.name, &answer)
            });
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let sampled: BTreeSet<&str> = samples.iter().map(|sample| sample.path).collect();
    let commands = TABLE.iter().filter(|row| row.does == Does::Act && row.action.contains('/'));
    let untried: Vec<_> = commands.map(|row| row.action).filter(|action| !sampled.contains(action)).collect();
    // It takes what Submit takes, one after the other.
    assert_eq!(untried, ["huying.intake.v1.IntakeService/SubmitStream"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_nats_the_same_is_missing_as_at_the_desk() {
    let installation = shared();
    let case = called_case(&installation, "doors-nats").await;
    let contracts = Contracts::read();
    let hub = installation.broker(PARKS).await;
    let board = installation.broker(BRIDGE).await;
    let mut wrong = Vec::new();
    for sample in samples(&case, &case, &case) {
        for field in contracts.fields(sample.path).iter().filter(|field| field.required) {
            let mut request = sample.request.clone();
            request.as_object_mut().unwrap().remove(&field.json);
            let refusal = match sample.path.split_once('/').unwrap() {
                ("huying.responder.v1.ResponderService", method) => said_to_hub(&hub, method, &request).await,
                ("huying.intake.v1.IntakeService", "Submit") => submitted(&board, &request).await,
                _ => continue,
            };
            let named = refusal.violations.iter().any(|it| it.field == field.name && !it.rule.is_empty());
            if refusal.code != "INVALID_ARGUMENT" || !named {
                wrong.push(format!("{} without {}: {refusal:?}", sample.path, field.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What the hub itself says to a department's answer.
async fn said_to_hub(hub: &Broker, method: &str, request: &Value) -> Refusal {
    let answer = match method {
        "Respond" => "respond",
        "ReportIn" => "reportIn",
        "Progress" => "progress",
        "CompleteTask" => "taskDone",
        "Done" => "done",
        "Return" => "return",
        "AnswerSupervision" => "answerSupervision",
        "SpawnRelatedCase" => "relatedCase",
        other => panic!("{other} is no answer to a call"),
    };
    let mut said = request.as_object().unwrap().clone();
    let mut whole = serde_json::Map::new();
    for common in ["district", "caseId", "call", "commandId"] {
        whole.extend(said.remove(common).map(|value| (common.to_owned(), value)));
    }
    whole.insert(answer.to_owned(), Value::Object(said));
    let answer: Answer = serde_json::from_value(Value::Object(whole)).unwrap();
    let subject = format!("ans.{PARKS}.call");
    let reply = hub.requester().request(subject, answer.encode_to_vec(), WAIT).await.unwrap();
    match AnswerReply::decode(reply).unwrap().result {
        Some(answer_reply::Result::Refusal(refusal)) => refusal,
        other => panic!("{method} {request}: {other:?}"),
    }
}

async fn submitted(board: &Broker, request: &Value) -> Refusal {
    let subject = BridgeSubject::submit(&BRIDGE.parse().unwrap());
    let reply = board.requester().request(subject, serde_json::to_vec(request).unwrap(), WAIT).await.unwrap();
    match serde_json::from_slice::<SubmitReply>(&reply).unwrap().result {
        Some(submit_reply::Result::Refusal(refusal)) => refusal,
        other => panic!("{request}: {other:?}"),
    }
}

/// Each asking is another request, and what is submitted another matter.
async fn ask(installation: &Installation, sample: &Sample, request: &Value) -> Result<(), Status> {
    let mut request = request.clone();
    for name in ["commandId", "externalRef"] {
        if let Some(named) = request.get_mut(name) {
            *named = json!(uuid::Uuid::new_v4().to_string());
        }
    }
    let mut client = Grpc::new(installation.channel(&sample.who).await);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path: PathAndQuery = format!("/{}", sample.path).parse().unwrap();
    client.unary(Request::new((sample.encode)(request)), path, Raw).await.map(|_| ())
}

/// The request once for each of its texts, with a character in it that moves a terminal. Times cannot have one, and two names
/// are given for each asking.
fn with_stray_controls(request: &Value) -> Vec<(String, Value)> {
    fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.parse::<jiff::Timestamp>().is_err() => found.push(at.to_owned()),
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| texts(value, &format!("{at}/{name}"), found))
            }
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(place, value)| texts(value, &format!("{at}/{place}"), found));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    texts(request, "", &mut found);
    found.retain(|field| !["/commandId", "/externalRef"].contains(&field.as_str()));
    let spoilt = found.into_iter().map(|field| {
        let mut request = request.clone();
        let text = request.pointer_mut(&field).unwrap();
        *text = json!(format!("{}\u{1b}[31m", text.as_str().unwrap()));
        (field, request)
    });
    spoilt.collect()
}

/// It is refused for what is in the field, or because nothing is called so.
fn taken(path: &str, field: &str, answer: &Result<(), Status>) -> Option<String> {
    let refused = matches!(answer, Err(status) if [Code::InvalidArgument, Code::NotFound].contains(&status.code()));
    (!refused).then(|| format!("{path} with a control character in {field}: {answer:?}"))
}

/// Nothing is wrong with its fields: it is done, or a rule by its name says no.
fn accepted(path: &str, without: &str, answer: &Result<(), Status>) -> Option<String> {
    let Err(refused) = answer else { return None };
    let details = refused.get_error_details();
    let names_its_rule = details.error_info().is_some_and(|info| !info.reason.is_empty());
    let ruled = matches!(
        refused.code(),
        Code::FailedPrecondition
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::InvalidArgument
    );
    let of_fields = details.bad_request().is_some();
    (!names_its_rule || !ruled || of_fields).then(|| format!("{path} without {without}: {refused}"))
}

fn refused_for(path: &str, field: &str, answer: &Result<(), Status>) -> Option<String> {
    let Err(refused) = answer else { return Some(format!("{path} is taken without {field}")) };
    let told = refusal_of(refused);
    let about = |named: &str| named == field || named.starts_with(&format!("{field}."));
    let named = told.violations.iter().any(|it| about(&it.field) && !it.rule.is_empty() && !it.description.is_empty());
    (refused.code() != Code::InvalidArgument || !named).then(|| format!("{path} needs {field}: {refused}"))
}

/// A field of a request, as the contracts have it.
#[derive(Debug)]
struct Field {
    name: String,
    json: String,
    required: bool,
}

struct Contracts {
    /// Of each method, the fields of its request.
    methods: BTreeMap<String, Vec<Field>>,
}

impl Contracts {
    fn read() -> Self {
        let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap().file;
        let mut requests: BTreeMap<String, Vec<(String, String, bool)>> = BTreeMap::new();
        for file in &files {
            let comments: BTreeMap<&[i32], &str> = file
                .source_code_info
                .iter()
                .flat_map(|info| &info.location)
                .map(|it| (&*it.path, it.leading_comments()))
                .collect();
            for (at, message) in (0..).zip(&file.message_type) {
                let fields = (0..).zip(&message.field).map(|(of, field)| {
                    let comment = comments.get(&[4, at, 2, of][..]).copied().unwrap_or_default().trim();
                    // What is required on a condition may be missing without it.
                    let required = ["Required.", "Required:", "Required;"].iter().any(|word| comment.starts_with(word));
                    (field.name().to_owned(), field.json_name().to_owned(), required)
                });
                requests.insert(format!(".{}.{}", file.package(), message.name()), fields.collect());
            }
        }
        let mut methods = BTreeMap::new();
        for file in &files {
            for service in &file.service {
                for method in &service.method {
                    let fields = requests[method.input_type()].iter().cloned();
                    let fields = fields.map(|(name, json, required)| Field { name, json, required });
                    methods
                        .insert(format!("{}.{}/{}", file.package(), service.name(), method.name()), fields.collect());
                }
            }
        }
        Self { methods }
    }

    fn fields(&self, path: &str) -> &[Field] {
        &self.methods[path]
    }
}

/// With what every command about a case has.
fn about(case: &str, mut request: Value) -> Value {
    let said = request.as_object_mut().unwrap();
    said.insert("district".to_owned(), json!(DISTRICT));
    said.insert("caseId".to_owned(), json!(case));
    said.insert("commandId".to_owned(), json!(uuid::Uuid::new_v4().to_string()));
    request
}

fn later(hours: i64) -> String {
    (Clock::real().real_now() + jiff::SignedDuration::from_hours(hours)).to_string()
}
