//! Open311 GeoReport v2 (<https://wiki.open311.org/GeoReport_v2>): the same door for programs that speak what other cities speak. A
//! service is a category of the charter, a service request a case, a jurisdiction a district, and `api_key` carries the token.
//!
//! What is asked is read here and handed to the file of its resource; `answer.rs` writes XML and JSON from one tree.

mod answer;
mod requests;
mod services;
mod updates;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::any;

use crate::hub::{Asker, Hub};
use crate::listen::body;
use crate::operations::observed;
use crate::problem::Problem;
use crate::query::Query;
use answer::{Answer, Format};

/// Where it begins.
pub const ROOT: &str = "/open311/v2";

/// What the standard posts.
const FORM: &str = "application/x-www-form-urlencoded";

pub fn routes() -> Router<Hub> {
    let path = "/open311/v2/{*resource}";
    Router::new().route(path, observed(path, any(knock)))
}

/// What was asked, read: by whom, about which district, and everything else that was said.
pub struct Asked {
    pub asker: Asker,
    /// Code of the district; empty: the asker's own.
    pub district: String,
    pub said: Query,
    pub headers: HeaderMap,
}

async fn knock(State(hub): State<Hub>, Path(resource): Path<String>, request: Request) -> Response {
    let (name, format) = match resource.rsplit_once('.') {
        Some((name, "xml")) => (name, Format::Xml),
        Some((name, "json")) => (name, Format::Json),
        _ => {
            let said = "an address here ends in .xml or .json";
            return answer::refused(&Problem::of_http(StatusCode::NOT_FOUND, "known-format", said), Format::Xml);
        }
    };
    match answer(&hub, name, request).await {
        Ok(answer) => answer.written(format),
        Err(problem) => answer::refused(&problem, format),
    }
}

async fn answer(hub: &Hub, name: &str, request: Request) -> Result<Answer, Problem> {
    let (parts, sent) = request.into_parts();
    let mut said = parts.uri.query().unwrap_or_default().to_owned();
    let form = body(&parts.headers, sent).await?;
    if !form.is_empty() {
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or(FORM);
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(FORM) {
            let said = format!("the body is said to be {kind}; send {FORM}, and files by their media_url");
            return Err(Problem::of_http(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", said));
        }
        let form =
            std::str::from_utf8(&form).map_err(|error| Problem::of_field("payload", "utf-8", error.to_string()))?;
        if said.is_empty() {
            form.clone_into(&mut said);
        } else {
            said = format!("{said}&{form}");
        }
    }
    let mut said = Query::read(&said);
    let key = said.take("api_key")?;
    let asker = Asker::with_key(&parts.headers, key.as_deref());
    let district = said.take("jurisdiction_id")?.unwrap_or_default();
    let asked = Asked { asker, district, said, headers: parts.headers };
    let path: Vec<&str> = name.split('/').collect();
    match (parts.method, path.as_slice()) {
        (Method::GET, ["discovery"]) => Ok(services::discovery(&asked.headers)),
        (Method::GET, ["services"]) => services::list(hub, asked).await,
        (Method::GET, ["services", code]) => services::definition(hub, asked, code).await,
        (Method::GET, ["requests"]) => requests::list(hub, asked).await,
        (Method::POST, ["requests"]) => requests::post(hub, asked).await,
        (Method::GET, ["requests", id]) => requests::one(hub, asked, id).await,
        (Method::GET, ["tokens", token]) => requests::token(hub, asked, token).await,
        (Method::GET, ["servicerequestupdates"]) => updates::list(hub, asked).await,
        (Method::POST, ["servicerequestupdates"]) => updates::post(hub, asked).await,
        _ => {
            let said = format!("there is no {name} here; {ROOT}/discovery.json says what there is");
            Err(Problem::of_http(StatusCode::NOT_FOUND, "known-path", said))
        }
    }
}
