//! Cases over HTTP: brought in, looked at, added to. Each is one call of a service; what the path and the headers say is put into it
//! first.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::casebook::v1::{GetCatalogueRequest, GetRequest, ListChangesRequest};
use proto::common::v1::FieldViolation;
use proto::evaluation::v1::RateRequest;
use proto::intake::v1::{FindRequest, FindResponse, SubmitRequest, SupplementRequest, WithdrawRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::hub::{Asker, Hub};
use crate::listen::body;
use crate::problem::Problem;
use crate::query::Query;

/// The header by which a request is known again: <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// `POST /v1/cases`
pub async fn submit(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    sent.query().nothing_else()?;
    let mut submission = station::submission_in_json(&sent.body)?;
    let SubmitRequest { external_ref, .. } = &mut submission;
    sent.name("external_ref", external_ref)?;
    let answer = hub.intake(sent.asker).submit(submission).await?.into_inner();
    let status = if answer.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = (status, json(&answer)).into_response();
    let place = format!("/v1/cases/{}?district={}", answer.case_id, answer.district);
    response.headers_mut().extend(HeaderValue::from_str(&place).ok().map(|place| (LOCATION, place)));
    Ok(response)
}

/// `GET /v1/cases/{case_id}`
pub async fn get(State(hub): State<Hub>, Path(case_id): Path<String>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let district = query.take("district")?.unwrap_or_default();
    query.nothing_else()?;
    let asked = GetRequest { district, case_id, freshness: None };
    let answer = hub.casebook(sent.asker).get(asked).await?.into_inner();
    Ok(json(&answer.case.unwrap_or_default()).into_response())
}

/// `GET /v1/cases`: what became of the asker's cases, or the one that a reference names.
pub async fn list(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    if let Some(external_ref) = query.take("external_ref")? {
        query.nothing_else()?;
        let asked = FindRequest { external_ref };
        let FindResponse { case_id, district } = hub.intake(sent.asker.clone()).find(asked).await?.into_inner();
        let asked = GetRequest { district, case_id, freshness: None };
        let answer = hub.casebook(sent.asker).get(asked).await?.into_inner();
        return Ok(json(&answer.case.unwrap_or_default()));
    }
    let since = query.all("since");
    let bridge = query.take("bridge")?.unwrap_or_default();
    let limit = match query.take("limit")? {
        None => 0,
        Some(text) => {
            let read = text.parse::<u32>();
            read.map_err(|error| Problem::of_field("limit", "number", format!("{text:?}: {error}")))?
        }
    };
    query.nothing_else()?;
    let [cursor] = since.as_slice() else {
        let said = "say since, the cursor of the answer before (empty: from the first case on), or external_ref";
        return Err(Problem::of_field("since", "required", said));
    };
    let asked =
        ListChangesRequest { cursor: cursor.clone(), page_size: limit, bridge, ..ListChangesRequest::default() };
    let answer = hub.casebook(sent.asker).list_changes(asked).await;
    Ok(json(&answer?.into_inner()))
}

/// `GET /v1/catalogue`
pub async fn catalogue(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let district = query.take("district")?.unwrap_or_default();
    query.nothing_else()?;
    let answer = hub.casebook(sent.asker).get_catalogue(GetCatalogueRequest { district }).await?.into_inner();
    Ok(json(&answer))
}

/// `POST /v1/cases/{case_id}/supplements`
pub async fn supplement(hub: State<Hub>, case_id: Path<String>, request: Request) -> Result<Response, Problem> {
    let (sent, asked) = about::<SupplementRequest>(&hub, case_id, request).await?;
    Ok((StatusCode::CREATED, json(&hub.intake(sent.asker).supplement(asked).await?.into_inner())).into_response())
}

/// `POST /v1/cases/{case_id}/withdrawal`
pub async fn withdraw(hub: State<Hub>, case_id: Path<String>, request: Request) -> Result<Response, Problem> {
    let (sent, asked) = about::<WithdrawRequest>(&hub, case_id, request).await?;
    Ok((StatusCode::CREATED, json(&hub.intake(sent.asker).withdraw(asked).await?.into_inner())).into_response())
}

/// `POST /v1/cases/{case_id}/rating`
pub async fn rate(hub: State<Hub>, case_id: Path<String>, request: Request) -> Result<Response, Problem> {
    let (sent, asked) = about::<RateRequest>(&hub, case_id, request).await?;
    Ok((StatusCode::CREATED, json(&hub.evaluation(sent.asker).rate(asked).await?.into_inner())).into_response())
}

/// A command about the case of a path. Where nobody says in which district it lies, it is the one in which the asker sees it.
async fn about<M: AboutCase>(hub: &Hub, Path(case_id): Path<String>, request: Request) -> Result<(Sent, M), Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let asked_for = query.take("district")?;
    query.nothing_else()?;
    let mut asked: M = sent.message()?;
    {
        let About { district, case_id: named, command_id } = asked.about();
        same("case_id", "the path", named, &case_id)?;
        sent.name("command_id", command_id)?;
        if let Some(asked_for) = &asked_for {
            same("district", "the query", district, asked_for)?;
        }
    }
    if asked.about().district.is_empty() {
        let look = GetRequest { case_id, ..GetRequest::default() };
        let seen = hub.casebook(sent.asker.clone()).get(look).await?.into_inner();
        *asked.about().district = seen.case.and_then(|case| case.summary).unwrap_or_default().district;
    }
    Ok((sent, asked))
}

/// A command about a case.
trait AboutCase: DeserializeOwned {
    fn about(&mut self) -> About<'_>;
}

/// What every one of them has.
struct About<'m> {
    district: &'m mut String,
    case_id: &'m mut String,
    command_id: &'m mut String,
}

macro_rules! about_case {
    ($($message:ty),*) => {$(
        impl AboutCase for $message {
            fn about(&mut self) -> About<'_> {
                About { district: &mut self.district, case_id: &mut self.case_id, command_id: &mut self.command_id }
            }
        }
    )*};
}

about_case!(SupplementRequest, WithdrawRequest, RateRequest);

/// A request as it came, its body read.
pub struct Sent {
    pub asker: Asker,
    headers: HeaderMap,
    query: String,
    body: Bytes,
}

impl Sent {
    pub async fn read(request: Request) -> Result<Self, Problem> {
        let (parts, sent) = request.into_parts();
        let body = body(&parts.headers, sent).await?;
        let form = parts.headers.get(CONTENT_TYPE).and_then(|form| form.to_str().ok()).unwrap_or_default();
        let form = form.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !(body.is_empty() || form.is_empty() || form == "application/json" || form.ends_with("+json")) {
            let said = format!("the body is said to be {form}; send application/json");
            return Err(Problem::of_http(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", said));
        }
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { asker: Asker::of(&parts.headers), headers: parts.headers, query, body })
    }

    pub fn query(&self) -> Query {
        Query::read(&self.query)
    }

    /// The body as a message of the contracts; nothing at all is an empty one.
    pub fn message<M: DeserializeOwned>(&self) -> Result<M, Problem> {
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| Problem::of_field("payload", "utf-8", error.to_string()))?;
        let text = if text.trim().is_empty() { "{}" } else { text };
        proto::json::read(text).map_err(|faults| {
            let named = |fault: proto::json::Fault| match fault.field.as_str() {
                "" => FieldViolation { field: "payload".to_owned(), rule: "json".to_owned(), description: fault.what },
                field => FieldViolation {
                    field: station::snake_case(field),
                    rule: "json".to_owned(),
                    description: fault.what,
                },
            };
            Problem::of_fields(faults.into_iter().map(named).collect())
        })
    }

    /// The name of the request, which its header may say instead of a field.
    pub fn name(&self, field: &'static str, said: &mut String) -> Result<(), Problem> {
        let Some(header) = self.headers.get(IDEMPOTENCY_KEY) else { return Ok(()) };
        let header = std::str::from_utf8(header.as_bytes())
            .map_err(|error| Problem::of_field("Idempotency-Key", "utf-8", error.to_string()))?;
        // The draft writes it between quotes, most programs without.
        let bare = header.trim();
        let key = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(bare);
        same(field, "the header Idempotency-Key", said, key)
    }
}

/// What is said in two places is said the same.
pub fn same(field: &str, elsewhere: &str, said: &mut String, other: &str) -> Result<(), Problem> {
    if said.trim().is_empty() {
        other.clone_into(said);
    }
    if said.trim() == other.trim() {
        return Ok(());
    }
    let description =
        format!("{elsewhere} says {other:?} and the body {said:?}; say it in one place, or the same in both");
    Err(Problem::of_field(field, "said-twice", description))
}

/// An answer in the JSON form of the contracts.
pub fn json(message: &impl Serialize) -> Response {
    match serde_json::to_vec(message) {
        Ok(written) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], written).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            Problem::of_ours().into_response()
        }
    }
}
