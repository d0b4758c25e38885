//! Open311 GeoReport v2 (<https://wiki.open311.org/GeoReport_v2>): the same door for programs that speak what other cities speak. A
//! service is a category of the charter, a service request a case, a jurisdiction a district, and `api_key` carries the token.
//!
//! What is asked is read here and handed to the file of its resource; `answer.rs` writes XML and JSON from one tree.

mod answer;
mod requests;
mod services;
mod updates;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use proto::intake::v1::EvidenceHead;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::evidence::{self, FILE, FILE_MAX};
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
/// Files of one request, and bytes of a form with them.
const FILES_MAX: usize = 6;
const FILES_BYTES_MAX: u64 = 24 * 1024 * 1024;
/// Forms with files read at the same time: their key may stand behind their files, so these have to be kept meanwhile.
static ROOM: Semaphore = Semaphore::const_new(4);

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
    /// Photographs and papers that came with it, each with its name.
    pub files: Vec<(String, Bytes)>,
}

impl Asked {
    /// Brings the files in that came along, and says under which ids.
    pub async fn bring_in(&mut self, hub: &Hub, case_id: &str) -> Result<Vec<String>, Problem> {
        let mut ids = Vec::new();
        for (name, content) in std::mem::take(&mut self.files) {
            let head = EvidenceHead { district: self.district.clone(), name, case_id: case_id.to_owned() };
            let content = futures::stream::iter([Ok(content)]);
            ids.push(evidence::bring_in(hub, self.asker.clone(), head, content).await?.evidence_id);
        }
        Ok(ids)
    }
}

/// A form with files, read: what was said, as a query says it, and the files. Which field a file has does not matter: every
/// program has its own.
async fn with_files(headers: &HeaderMap, sent: Body) -> Result<(String, Vec<(String, Bytes)>), Problem> {
    let mut form = evidence::form(headers, sent, FILES_BYTES_MAX)?;
    let mut said: Vec<(String, String)> = Vec::new();
    let mut files = Vec::new();
    while let Some(field) = evidence::next_of(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file) => {
                let content = evidence::whole_of(field).await?;
                // What a browser sends for a field in which nothing was chosen.
                if !(file.is_empty() && content.is_empty()) {
                    files.push((file, content));
                }
            }
            None => said.push((name, evidence::text_of(field).await?)),
        }
        if files.len() > FILES_MAX {
            return Err(Problem::of_field(FILE, "list-length", format!("at most {FILES_MAX} fit")));
        }
    }
    let said = form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish();
    Ok((said, files))
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
    let mut files = Vec::new();
    // Held while the files of a form are in memory.
    let mut _room = None;
    if evidence::is_form(&parts.headers) {
        _room = Some(ROOM.try_acquire().map_err(|_| Problem::of(&chassis::overloaded()))?);
        let form;
        let read = timeout(FILE_MAX, with_files(&parts.headers, sent)).await;
        (form, files) = read.map_err(|_| evidence::late())??;
        said = format!("{said}&{form}");
    } else {
        let form = body(&parts.headers, sent).await?;
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or(FORM);
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !(form.is_empty() || kind.eq_ignore_ascii_case(FORM)) {
            let said = format!("the body is said to be {kind}; send {FORM}, or multipart/form-data with files");
            return Err(Problem::of_http(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", said));
        }
        let form =
            std::str::from_utf8(&form).map_err(|error| Problem::of_field("payload", "utf-8", error.to_string()))?;
        said = format!("{said}&{form}");
    }
    let mut said = Query::read(&said);
    let key = said.take("api_key")?;
    let asker = Asker::with_key(&parts.headers, key.as_deref());
    let district = said.take("jurisdiction_id")?.unwrap_or_default();
    let asked = Asked { asker, district, said, headers: parts.headers, files };
    let path: Vec<&str> = name.split('/').collect();
    if !asked.files.is_empty() && !matches!(path.as_slice(), ["requests" | "servicerequestupdates"]) {
        return Err(Problem::of_field(FILE, "known-parameter", "no file belongs here"));
    }
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
