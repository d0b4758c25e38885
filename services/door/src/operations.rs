//! Everything that can be asked at this door, once: the routes and the description of the interface are made from these rows.

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};

use crate::cases;
use crate::hub::Hub;
use crate::listen::{body, observe};
use crate::problem::Problem;
use crate::{desk, open311, openapi};

/// One thing that can be asked.
pub struct Operation {
    pub method: Method,
    pub path: &'static str,
    /// Its name for programs that are generated from the description.
    pub name: &'static str,
    pub summary: &'static str,
    /// Full name of the message that the body is, if there is one.
    pub body: Option<&'static str>,
    /// Fields of it that the path or a header says.
    pub said_elsewhere: &'static [&'static str],
    pub query: &'static [Parameter],
    /// Whether the header Idempotency-Key names the request.
    pub is_named: bool,
    /// Full name of the message that is answered, with the status of a new thing.
    pub answer: (u16, &'static [&'static str]),
    pub handler: fn() -> MethodRouter<Hub>,
}

/// One name in a query.
pub struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
}

const DISTRICT: Parameter = Parameter {
    name: "district",
    about: "The district of the case. It may be left out by whoever sees cases of one district only.",
};

const OF_CASE: &[&str] = &["district", "case_id", "command_id"];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::POST,
        path: "/v1/cases",
        name: "submit",
        summary: "Brings a matter in as one case. The same again, under the same reference, is the same answer again (200 and \
                  repeated); another matter under it is refused (409). What was answered is on the record.",
        body: Some("huying.intake.v1.SubmitRequest"),
        said_elsewhere: &["external_ref"],
        query: &[],
        is_named: true,
        answer: (201, &["huying.intake.v1.SubmitResponse"]),
        handler: || post(cases::submit),
    },
    Operation {
        method: Method::GET,
        path: "/v1/cases",
        name: "list",
        summary: "With since: what became of the asker's cases, in the order in which they changed, as ListChangesResponse. With \
                  external_ref: the case that the sender's own reference names, as Case.",
        body: None,
        said_elsewhere: &[],
        query: &[
            Parameter {
                name: "since",
                about: "next_cursor of the answer before, however long ago; empty: from the first case on.",
            },
            Parameter {
                name: "limit",
                about: "With since: cases of one answer, at most 200; 50 where nothing is said.",
            },
            Parameter { name: "bridge", about: "With since: whose cases, for whoever is no bridge." },
            Parameter { name: "external_ref", about: "As it was submitted." },
        ],
        is_named: false,
        answer: (200, &["huying.casebook.v1.ListChangesResponse", "huying.casebook.v1.Case"]),
        handler: || get(cases::list),
    },
    Operation {
        method: Method::GET,
        path: "/v1/catalogue",
        name: "catalogue",
        summary: "What may be named in a submission: the channels, categories, places and campaigns of a district.",
        body: None,
        said_elsewhere: &[],
        query: &[DISTRICT],
        is_named: false,
        answer: (200, &["huying.casebook.v1.GetCatalogueResponse"]),
        handler: || get(cases::catalogue),
    },
    Operation {
        method: Method::GET,
        path: "/v1/cases/{case_id}",
        name: "get",
        summary: "One case with everything that has happened, as far as the asker may see it.",
        body: None,
        said_elsewhere: &[],
        query: &[DISTRICT],
        is_named: false,
        answer: (200, &["huying.casebook.v1.Case"]),
        handler: || get(cases::get),
    },
    Operation {
        method: Method::POST,
        path: "/v1/cases/{case_id}/supplements",
        name: "supplement",
        summary: "Adds what its caller has to say besides.",
        body: Some("huying.intake.v1.SupplementRequest"),
        said_elsewhere: OF_CASE,
        query: &[DISTRICT],
        is_named: true,
        answer: (201, &["huying.intake.v1.SupplementResponse"]),
        handler: || post(cases::supplement),
    },
    Operation {
        method: Method::POST,
        path: "/v1/cases/{case_id}/withdrawal",
        name: "withdraw",
        summary: "Takes the matter back, for its caller.",
        body: Some("huying.intake.v1.WithdrawRequest"),
        said_elsewhere: OF_CASE,
        query: &[DISTRICT],
        is_named: true,
        answer: (201, &["huying.intake.v1.WithdrawResponse"]),
        handler: || post(cases::withdraw),
    },
    Operation {
        method: Method::POST,
        path: "/v1/cases/{case_id}/rating",
        name: "rate",
        summary: "Says what its caller thinks of the outcome.",
        body: Some("huying.evaluation.v1.RateRequest"),
        said_elsewhere: OF_CASE,
        query: &[DISTRICT],
        is_named: true,
        answer: (201, &["huying.evaluation.v1.RateResponse"]),
        handler: || post(cases::rate),
    },
];

/// Those of bridges and residents, and those of departments.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(desk::OPERATIONS)
}

/// What somebody reads who comes by with a browser.
const WELCOME: &str = "\
Huying 呼应: the door for machines

POST /v1/cases              bring a matter in
GET  /v1/cases/{case_id}    what became of it
GET  /v1/cases?since=       what became of all of them since a cursor
GET  /v1/catalogue          places, categories and channels that can be named
GET  /v1/orders?after=      a department's orders since a cursor; POST /v1/calls/{case_id}/{call}/… answers
GET  /openapi.json          everything there is, as OpenAPI 3.1
GET  /open311/v2/discovery.json    the same for programs that speak Open311

Every request carries a token that the operator issued:
  Authorization: Bearer <token>
";

pub fn router(hub: Hub) -> Router {
    let mut router = Router::new();
    for operation in all() {
        // Two methods of one path are merged.
        router = router.route(operation.path, observed(operation.path, (operation.handler)()));
    }
    let description = openapi::document();
    let open: [(&'static str, MethodRouter<Hub>); 2] = [
        ("/", get(|| async { ([(CONTENT_TYPE, "text/plain; charset=utf-8")], WELCOME) })),
        ("/openapi.json", get(move || async move { Json(description) })),
    ];
    for (path, handler) in open {
        router = router.route(path, observed(path, handler));
    }
    router.merge(open311::routes()).fallback(nowhere).method_not_allowed_fallback(not_so).with_state(hub)
}

/// A connection goes on only after a body that was read, also where nobody wants it.
async fn read_away(request: Request) {
    let (parts, sent) = request.into_parts();
    let _unwanted = body(&parts.headers, sent).await;
}

/// Counted under the path as it stands here, which nobody can make up.
pub fn observed(path: &'static str, handler: MethodRouter<Hub>) -> MethodRouter<Hub> {
    handler.layer(from_fn(move |request, next| observe(path, request, next)))
}

async fn nowhere(request: Request) -> impl IntoResponse {
    read_away(request).await;
    Problem::of_http(
        StatusCode::NOT_FOUND,
        "known-path",
        "there is nothing at this path; /openapi.json says what there is",
    )
}

async fn not_so(request: Request) -> impl IntoResponse {
    read_away(request).await;
    let said = "this cannot be asked by this method; /openapi.json says what can";
    Problem::of_http(StatusCode::METHOD_NOT_ALLOWED, "known-method", said)
}
