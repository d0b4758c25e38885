//! Files over HTTP: brought in before a submission names them, and read by whoever may see a case that does. Their content goes
//! through part by part, so a door full of uploads costs no more than its connections.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use multer::{Constraints, Multipart, SizeLimit};
use proto::casebook::v1::GetRequest;
use proto::intake::v1::{
    Evidence, EvidenceHead, ListEvidenceRequest, ReadEvidenceRequest, UploadEvidenceRequest, UploadEvidenceResponse,
    read_evidence_response, upload_evidence_request,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::cases::{Sent, json};
use crate::hub::{Asker, Hub};
use crate::problem::Problem;
use crate::query::Query;

/// What a body is called that is a file.
pub const FILE: &str = "file";
/// Until a whole file is there: ten megabytes over a bad line.
pub const FILE_MAX: Duration = Duration::from_secs(120);
/// Of a form with a file: what stands around it, and its other fields. How large a file may be is the service's to say.
const FORM_BYTES_MAX: u64 = 11 * 1024 * 1024;
const FIELD_BYTES_MAX: u64 = 64 * 1024;
/// Content of one message to the service, in bytes: half of what a message may have.
const CHUNK_BYTES: usize = 128 * 1024;
/// Parts that were read and not passed on.
const AHEAD_MAX: usize = 4;

/// `POST /v1/evidence`: the body is the file, or a form with one.
pub async fn upload(State(hub): State<Hub>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asker = Asker::of(&parts.headers);
    let mut query = Query::read(parts.uri.query().unwrap_or_default());
    let head = EvidenceHead {
        district: query.take("district")?.unwrap_or_default(),
        name: query.take("name")?.unwrap_or_default(),
        case_id: query.take("case_id")?.unwrap_or_default(),
    };
    query.nothing_else()?;
    let evidence = if is_form(&parts.headers) {
        let form = form(&parts.headers, body, FORM_BYTES_MAX)?;
        timeout(FILE_MAX, of_form(&hub, asker, head, form)).await.map_err(|_| late())??
    } else {
        let content = body.into_data_stream().map(|part| part.map_err(|error| cut_off(&error)));
        bring_in(&hub, asker, head, content).await?
    };
    let answer = UploadEvidenceResponse { evidence: Some(evidence) };
    Ok((StatusCode::CREATED, json(&answer)).into_response())
}

/// The one file of a form.
async fn of_form(
    hub: &Hub,
    asker: Asker,
    mut head: EvidenceHead,
    mut form: Multipart<'static>,
) -> Result<Evidence, Problem> {
    let mut came = None;
    while let Some(field) = next_of(&mut form).await? {
        if came.is_some() || field.name() != Some(FILE) {
            let said = format!("a form has one field, {FILE}, with one file; everything else stands in the address");
            return Err(Problem::of_field(field.name().unwrap_or(FILE), "one-file", said));
        }
        if head.name.is_empty() {
            head.name = field.file_name().unwrap_or_default().to_owned();
        }
        came = Some(bring_in(hub, asker.clone(), head.clone(), content_of(field)).await?);
    }
    came.ok_or_else(|| Problem::of_field(FILE, "required", "the form has no file"))
}

/// `GET /v1/cases/{case_id}/evidence`
pub async fn list(State(hub): State<Hub>, Path(case_id): Path<String>, request: Request) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let district = query.take("district")?;
    query.nothing_else()?;
    let district = district_of(&hub, &sent.asker, &case_id, district).await?;
    let answer = hub.evidence(sent.asker).list_evidence(ListEvidenceRequest { district, case_id }).await?;
    Ok(json(&answer.into_inner()))
}

/// `GET /v1/cases/{case_id}/evidence/{evidence_id}`
pub async fn read(
    State(hub): State<Hub>,
    Path((case_id, evidence_id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let sent = Sent::read(request).await?;
    let mut query = sent.query();
    let district = query.take("district")?;
    let thumbnail = query.take("thumbnail")?.is_some_and(|said| said == "true");
    query.nothing_else()?;
    let district = district_of(&hub, &sent.asker, &case_id, district).await?;
    let asked = ReadEvidenceRequest { district, case_id, evidence_id, thumbnail };
    let mut parts = hub.evidence(sent.asker).read_evidence(asked).await?.into_inner();
    let about = match parts.message().await?.and_then(|first| first.part) {
        Some(read_evidence_response::Part::Evidence(about)) => about,
        Some(read_evidence_response::Part::Content(_)) | None => return Err(Problem::of_ours()),
    };
    let content = parts.map(|part| {
        part.map(|part| match part.part {
            Some(read_evidence_response::Part::Content(content)) => Bytes::from(content),
            Some(read_evidence_response::Part::Evidence(_)) | None => Bytes::new(),
        })
    });
    Ok(shown(&about, thumbnail, Body::from_stream(content)))
}

/// A file as a browser may have it: as what it is and nothing else, and kept where nobody else looks.
fn shown(about: &Evidence, thumbnail: bool, content: Body) -> Response {
    let is_picture = about.has_thumbnail;
    let media_type = if thumbnail { "image/jpeg" } else { about.media_type.as_str() };
    let mut response = content.into_response();
    let mut say = |name: HeaderName, value: &str| {
        response.headers_mut().extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    };
    say(CONTENT_TYPE, media_type);
    say(CONTENT_DISPOSITION, if is_picture { "inline" } else { "attachment" });
    say(CACHE_CONTROL, "private, max-age=31536000, immutable");
    say(X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    say(ETAG, &format!("\"{}{}\"", about.evidence_id, if thumbnail { "-thumbnail" } else { "" }));
    if !thumbnail {
        say(CONTENT_LENGTH, &about.bytes.to_string());
    }
    response
}

async fn district_of(hub: &Hub, asker: &Asker, case_id: &str, said: Option<String>) -> Result<String, Problem> {
    if let Some(district) = said {
        return Ok(district);
    }
    let look = GetRequest { case_id: case_id.to_owned(), ..GetRequest::default() };
    let seen = hub.casebook(asker.clone()).get(look).await?.into_inner();
    Ok(seen.case.and_then(|case| case.summary).unwrap_or_default().district)
}

/// Passes a file on. One that breaks off in the middle is none: the call is given up, and nothing is kept.
pub async fn bring_in(
    hub: &Hub,
    asker: Asker,
    head: EvidenceHead,
    content: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<Evidence, Problem> {
    use upload_evidence_request::Part;
    let (send, sent) = mpsc::channel(AHEAD_MAX);
    let head = stream::iter([UploadEvidenceRequest { part: Some(Part::Head(head)) }]);
    let rest = stream::unfold(sent, |mut sent| async move { Some((sent.recv().await?, sent)) });
    let mut evidence = hub.evidence(asker);
    let mut asked = std::pin::pin!(evidence.upload_evidence(head.chain(rest)));
    let passed_on = async move {
        let mut content = std::pin::pin!(content);
        while let Some(part) = content.next().await {
            for chunk in part?.chunks(CHUNK_BYTES) {
                let part = Some(Part::Content(chunk.to_vec()));
                // Whoever does not want the rest has said why.
                if send.send(UploadEvidenceRequest { part }).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok::<(), Problem>(())
    };
    let answer = tokio::select! {
        answer = &mut asked => answer,
        passed = timeout(FILE_MAX, passed_on) => {
            passed.map_err(|_| late())??;
            asked.as_mut().await
        }
    };
    let answer = answer.map_err(|status| {
        let problem = Problem::of(&status);
        let status = match problem.rule.as_str() {
            "size" => StatusCode::PAYLOAD_TOO_LARGE,
            "media-type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => problem.status,
        };
        Problem { status, ..problem }
    })?;
    Ok(answer.into_inner().evidence.unwrap_or_default())
}

/// Whether a body is a form that can have files.
pub fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.get(..20).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data;"))
        || kind.eq_ignore_ascii_case("multipart/form-data")
}

/// A form that can have files.
///
/// # Errors
/// It does not say where its parts end.
pub fn form(headers: &HeaderMap, body: Body, bytes_max: u64) -> Result<Multipart<'static>, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|error| unreadable(&error))?;
    let limit = SizeLimit::new().whole_stream(bytes_max).per_field(FORM_BYTES_MAX);
    let limits = Constraints::new().size_limit(limit);
    Ok(Multipart::with_constraints(body.into_data_stream(), boundary, limits))
}

/// The next part of a form.
///
/// # Errors
/// It is none, or too large, or does not come.
pub async fn next_of(form: &mut Multipart<'static>) -> Result<Option<multer::Field<'static>>, Problem> {
    form.next_field().await.map_err(|error| unreadable(&error))
}

/// Everything that a part of a form holds.
///
/// # Errors
/// As [`next_of`].
pub async fn whole_of(field: multer::Field<'static>) -> Result<Bytes, Problem> {
    field.bytes().await.map_err(|error| unreadable(&error))
}

/// What a part of a form holds.
pub fn content_of(field: multer::Field<'static>) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::try_unfold(field, |mut field| async move {
        let next = field.chunk().await.map_err(|error| unreadable(&error))?;
        Ok(next.map(|chunk| (chunk, field)))
    })
}

/// The text of a part that is no file.
///
/// # Errors
/// It is too long, or no text.
pub async fn text_of(field: multer::Field<'static>) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut whole = Vec::new();
    let mut parts = std::pin::pin!(content_of(field));
    while let Some(part) = parts.next().await {
        whole.extend_from_slice(&part?);
        if whole.len() as u64 > FIELD_BYTES_MAX {
            return Err(Problem::of_field(&name, "size", format!("at most {FIELD_BYTES_MAX} bytes fit")));
        }
    }
    String::from_utf8(whole).map_err(|error| Problem::of_field(&name, "utf-8", error.to_string()))
}

pub fn late() -> Problem {
    let said = format!("the file did not come within {} s", FILE_MAX.as_secs());
    Problem::of_http(StatusCode::REQUEST_TIMEOUT, "body-time", said)
}

fn unreadable(error: &multer::Error) -> Problem {
    if matches!(error, multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. }) {
        let problem = Problem::of_field(FILE, "size", "the form is larger than any that fits");
        return Problem { status: StatusCode::PAYLOAD_TOO_LARGE, ..problem };
    }
    Problem::of_field("payload", "multipart", error.to_string())
}

fn cut_off(error: &axum::Error) -> Problem {
    Problem::of_field("payload", "whole", error.to_string())
}
