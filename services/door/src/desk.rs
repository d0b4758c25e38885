//! A department's desk over HTTP, for its own system: the door stands beside the department's responder then, in the same network, and
//! works as that does while the hub is away. What was ordered since a cursor is asked for, and answered; each answer is one call
//! of the responder.

use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use proto::responder::v1::{
    AnswerState, AnswerStatus, AnswerSupervisionRequest, CompleteTaskRequest, DoneRequest, ListCallsRequest,
    ListOrdersRequest, ProgressRequest, ReportInRequest, RespondRequest, ReturnRequest, SeeRefusedRequest,
    SpawnRelatedCaseRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cases::{Sent, json, same};
use crate::hub::Hub;
use crate::operations::{Operation, Parameter};
use crate::problem::Problem;
use crate::query::Query;

const SAID_BY_PATH: &[&str] = &["case_id", "call", "command_id"];

/// A row of something that is answered about a call.
macro_rules! answers {
    ($path:literal, $handler:ident, $name:literal, $message:literal, $summary:literal) => {
        Operation {
            method: Method::POST,
            path: concat!("/v1/calls/{case_id}/{call}/", $path),
            name: $name,
            summary: $summary,
            body: Some(concat!("huying.responder.v1.", $message, "Request")),
            said_elsewhere: SAID_BY_PATH,
            query: &[],
            is_named: true,
            answer: (200, &[concat!("huying.responder.v1.", $message, "Response")]),
            handler: || post($handler),
        }
    };
}

pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/v1/orders",
        name: "orders",
        summary: "A department's orders in the order in which they came, since a cursor: calls, tasks, orders of supervision, and that \
                  a call is over. Also what the hub refused of its answers and nobody has seen.",
        body: None,
        said_elsewhere: &[],
        query: &[
            Parameter {
                name: "after",
                about: "next_cursor of the answer before, however long ago; empty or left out: from the first order that is kept.",
            },
            Parameter { name: "limit", about: "Orders of one answer, at most 200; 50 where nothing is said." },
        ],
        is_named: false,
        answer: (200, &["huying.responder.v1.ListOrdersResponse"]),
        handler: || get(orders),
    },
    Operation {
        method: Method::GET,
        path: "/v1/calls",
        name: "calls",
        summary: "A department's calls as they are now, the most urgent first.",
        body: None,
        said_elsewhere: &[],
        query: &[
            Parameter { name: "open", about: "true: only calls to work on." },
            Parameter { name: "all", about: "true: also calls that are over." },
            Parameter { name: "page", about: "next_page_token of the answer before, with the same filter." },
            Parameter { name: "limit", about: "Calls of one answer, at most 1000." },
        ],
        is_named: false,
        answer: (200, &["huying.responder.v1.ListCallsResponse"]),
        handler: || get(calls),
    },
    answers!(
        "response",
        respond,
        "respond",
        "Respond",
        "Names the officer who comes. 202: it is kept, the hub has not said yet."
    ),
    answers!("report-in", report_in, "reportIn", "ReportIn", "The officer is there, and in charge of the matter."),
    answers!("progress", progress, "progress", "Progress", "Says how far it is."),
    answers!("tasks", complete_task, "completeTask", "CompleteTask", "A task of the call is done."),
    answers!("done", done, "done", "Done", "The department's part is done."),
    answers!("return", r#return, "return", "Return", "Sends the call back to whom it belongs."),
    answers!(
        "supervisions",
        answer_supervision,
        "answerSupervision",
        "AnswerSupervision",
        "Accounts for an order of supervision."
    ),
    answers!(
        "related-cases",
        spawn_related_case,
        "spawnRelatedCase",
        "SpawnRelatedCase",
        "Another matter found on the way."
    ),
    Operation {
        method: Method::POST,
        path: "/v1/refused-answers/seen",
        name: "seeRefused",
        summary: "Somebody has seen that the hub refused an answer: it is not listed any more.",
        body: Some("huying.responder.v1.SeeRefusedRequest"),
        said_elsewhere: &[],
        query: &[],
        is_named: false,
        answer: (200, &["huying.responder.v1.SeeRefusedResponse"]),
        handler: || post(see_refused),
    },
];

/// `GET /v1/orders`
async fn orders(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let after = query.take("after")?.unwrap_or_default();
    let asked = ListOrdersRequest { after, page_size: number(&mut query, "limit")? };
    query.nothing_else()?;
    Ok(json(&hub.responder(sent.asker).list_orders(asked).await?.into_inner()))
}

/// `GET /v1/calls`
async fn calls(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let asked = ListCallsRequest {
        all: yes(&mut query, "all")?,
        open: yes(&mut query, "open")?,
        page_size: number(&mut query, "limit")?,
        page_token: query.take("page")?.unwrap_or_default(),
        ..ListCallsRequest::default()
    };
    query.nothing_else()?;
    Ok(json(&hub.responder(sent.asker).list_calls(asked).await?.into_inner()))
}

/// `POST /v1/refused-answers/seen`
async fn see_refused(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    sent.query().nothing_else()?;
    let asked: SeeRefusedRequest = sent.message()?;
    Ok(json(&hub.responder(sent.asker).see_refused(asked).await?.into_inner()))
}

/// Answers about the call of a path.
trait AboutCall: DeserializeOwned {
    fn about(&mut self) -> (&mut String, &mut u32, &mut String);
}

macro_rules! about_call {
    ($($handler:ident: $message:ty),+ $(,)?) => {$(
        impl AboutCall for $message {
            fn about(&mut self) -> (&mut String, &mut u32, &mut String) {
                (&mut self.case_id, &mut self.call, &mut self.command_id)
            }
        }

        async fn $handler(hub: State<Hub>, path: Path<(String, String)>, request: Request) -> Result<Response, Problem> {
            let (sent, asked) = about::<$message>(path, request).await?;
            let answer = hub.responder(sent.asker).$handler(asked).await?.into_inner();
            answered(&answer, answer.status.as_ref())
        }
    )+};
}

about_call!(
    respond: RespondRequest,
    report_in: ReportInRequest,
    progress: ProgressRequest,
    complete_task: CompleteTaskRequest,
    done: DoneRequest,
    r#return: ReturnRequest,
    answer_supervision: AnswerSupervisionRequest,
    spawn_related_case: SpawnRelatedCaseRequest,
);

async fn about<M: AboutCall>(
    Path((case_id, call)): Path<(String, String)>,
    request: Request,
) -> Result<(Sent, M), Problem> {
    let sent = Sent::read(request).await?;
    sent.query().nothing_else()?;
    let call = read_number("call", &call)?;
    let mut asked: M = sent.message()?;
    let (said_case, said_call, command_id) = asked.about();
    same("case_id", "the path", said_case, &case_id)?;
    if *said_call != 0 && *said_call != call {
        let said = format!("the path says {call} and the body {said_call}; say it in one place, or the same in both");
        return Err(Problem::of_field("call", "said-twice", said));
    }
    *said_call = call;
    sent.name("command_id", command_id)?;
    Ok((sent, asked))
}

/// It is on disk whatever the hub says; a rule that says no is a problem, as at every other door.
fn answered(answer: &impl Serialize, status: Option<&AnswerStatus>) -> Result<Response, Problem> {
    let status = status.cloned().unwrap_or_default();
    match status.state() {
        AnswerState::Accepted => Ok(json(answer)),
        AnswerState::Kept | AnswerState::Unspecified => Ok((StatusCode::ACCEPTED, json(answer)).into_response()),
        AnswerState::Refused => Err(Problem {
            status: StatusCode::CONFLICT,
            rule: "refused-by-the-hub".to_owned(),
            refusal: Box::new(status.refusal.unwrap_or_default()),
        }),
    }
}

/// 0 where nothing is said.
fn number(query: &mut Query, name: &'static str) -> Result<u32, Problem> {
    query.take(name)?.map_or(Ok(0), |text| read_number(name, &text))
}

fn read_number(name: &'static str, text: &str) -> Result<u32, Problem> {
    text.parse()
        .map_err(|error: std::num::ParseIntError| Problem::of_field(name, "number", format!("{text:?}: {error}")))
}

fn yes(query: &mut Query, name: &'static str) -> Result<bool, Problem> {
    match query.take(name)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Problem::of_field(name, "true-or-false", format!("{other:?} is neither true nor false"))),
    }
}
