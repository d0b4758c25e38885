//! Photographs and papers: taken from a form and sent in before what the form asks is asked, so that nothing has to be chosen twice
//! when something else in it is wrong; and shown on the page of their case, to whoever sees that.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures::stream;
use maud::{Markup, html};
use multer::{Constraints, Multipart, SizeLimit};
use proto::casebook::v1::Case;
use proto::intake::v1::upload_evidence_request::Part;
use proto::intake::v1::{
    Evidence, EvidenceCheck, EvidenceHead, ListEvidenceRequest, ReadEvidenceRequest, UploadEvidenceRequest,
    read_evidence_response,
};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tonic::Status;

use crate::ask::Signed;
use crate::form::Form;
use crate::words::{Files, fill};

/// The field of a form in which files are chosen, and by which the service names what is wrong with one.
pub const FILE: &str = "file";
/// The field that names what is shown: an id, and behind a blank what the file is called.
pub const SHOWN: &str = "evidence";
/// Files of one form.
const FILES_MAX: usize = 6;
/// Largest file that is passed on, in bytes. The service says the same; what is larger is read away and not kept.
const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Of all files of a form together; a browser that sends more is told of those that are left out.
const FILES_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Everything a browser may send at once, so that it hears why not.
const SENT_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Of all fields that are no file, in bytes.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Content of one message to the service, in bytes: half of what a message may have.
const CHUNK_BYTES: usize = 128 * 1024;
/// Until a whole form is there, and until a file of it is taken.
const FORM_MAX: Duration = Duration::from_secs(120);
const TAKEN_MAX: Duration = Duration::from_secs(60);
/// Forms with files that are read at the same time.
static ROOM: Semaphore = Semaphore::const_new(4);

/// A file as a browser sends it.
#[derive(Clone, Debug)]
pub struct Chosen {
    name: String,
    content: Bytes,
    /// More was sent than is kept.
    is_too_large: bool,
}

/// Whether a form comes in parts, with files.
pub fn has_parts(headers: &HeaderMap) -> bool {
    boundary(headers).is_some()
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// A form in parts.
///
/// # Errors
/// Too much of it, none, or not in time.
pub async fn read(headers: &HeaderMap, body: Body) -> anyhow::Result<Form> {
    Ok(timeout(FORM_MAX, read_parts(headers, body)).await??)
}

async fn read_parts(headers: &HeaderMap, body: Body) -> Result<Form, multer::Error> {
    let boundary = boundary(headers).unwrap_or_default();
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(SENT_BYTES_MAX));
    let mut parts = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    // Nobody is sent away: one waits until another's photographs are through.
    let _room = ROOM.acquire().await;
    let (mut form, mut text_bytes, mut file_bytes) = (Form::default(), 0, 0);
    while let Some(mut part) = parts.next_field().await? {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let bytes_max = match file {
            Some(_) => FILE_BYTES_MAX.min(FILES_BYTES_MAX - file_bytes),
            None => TEXT_BYTES_MAX - text_bytes,
        };
        let (mut content, mut is_too_large) = (Vec::new(), false);
        while let Some(chunk) = part.chunk().await? {
            is_too_large |= content.len() + chunk.len() > bytes_max;
            if !is_too_large {
                content.extend_from_slice(&chunk);
            }
        }
        if is_too_large {
            content = Vec::new();
        }
        match file {
            None if is_too_large => return Err(multer::Error::FieldSizeExceeded { limit: 0, field_name: Some(name) }),
            None => {
                text_bytes += content.len();
                form.add(&name, String::from_utf8_lossy(&content));
            }
            // A field in which nothing was chosen.
            Some(file) if file.is_empty() && content.is_empty() => {}
            Some(file) if form.files.len() < FILES_MAX => {
                file_bytes += content.len();
                form.files.push(Chosen { name: file, content: content.into(), is_too_large });
            }
            Some(_) => form.too_many_files = true,
        }
    }
    Ok(form)
}

/// Sends in what was chosen: the form names it from then on. What is refused is a fault of its field.
pub async fn bring_in(signed: &Signed, form: &mut Form) {
    let words = Files::of(signed.language);
    if form.too_many_files {
        form.fault(FILE, fill(words.too_many, &[("n", &FILES_MAX.to_string())]));
    }
    for chosen in std::mem::take(&mut form.files) {
        let name = chosen.name.clone();
        match send(signed, chosen).await {
            Ok(evidence) => form.add(SHOWN, format!("{} {name}", evidence.evidence_id)),
            Err(why) => form.fault(FILE, format!("{name}：{why}")),
        }
    }
}

async fn send(signed: &Signed, chosen: Chosen) -> Result<Evidence, String> {
    if chosen.is_too_large {
        return Err(Files::of(signed.language).too_large.to_owned());
    }
    // Whoever shows a receipt shows it for one case, whose page the form is on.
    let case_id = signed.path.strip_prefix("/cases/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let head = EvidenceHead { district: signed.district(), name: chosen.name, case_id: case_id.to_owned() };
    let chunks = (0..chosen.content.len()).step_by(CHUNK_BYTES).map(|from| {
        let until = chosen.content.len().min(from + CHUNK_BYTES);
        Part::Content(chosen.content.slice(from..until).to_vec())
    });
    let parts: Vec<_> = std::iter::once(Part::Head(head))
        .chain(chunks)
        .map(|part| UploadEvidenceRequest { part: Some(part) })
        .collect();
    let mut door = signed.app.doors.evidence(&signed.person);
    let sent = timeout(TAKEN_MAX, door.upload_evidence(stream::iter(parts))).await;
    let sent = sent.unwrap_or_else(|_| Err(Status::deadline_exceeded("it was not taken in time")));
    sent.map(|answer| answer.into_inner().evidence.unwrap_or_default()).map_err(|status| {
        // In the words of the rule, where there are some.
        let mut said = Form::default();
        match said.take(signed.language, status) {
            Ok(()) => {
                said.faults.into_iter().map(|(_, words)| words).chain(said.refused).collect::<Vec<_>>().join("；")
            }
            Err(status) => status.message().to_owned(),
        }
    })
}

/// What is shown on a case.
///
/// # Errors
/// Intake does not answer.
pub async fn of_case(signed: &Signed, case: &Case) -> Result<Vec<Evidence>, Status> {
    if case.timeline.iter().all(|entry| entry.evidence.is_empty()) {
        return Ok(Vec::new());
    }
    let case_id = case.summary.as_ref().map(|summary| summary.case_id.clone()).unwrap_or_default();
    let request = ListEvidenceRequest { district: signed.district(), case_id };
    Ok(signed.app.doors.evidence(&signed.person).list_evidence(request).await?.into_inner().evidence)
}

/// Small pictures, each with a way to the whole one.
pub fn gallery(signed: &Signed, case_id: &str, shown: &[Evidence]) -> Markup {
    let words = Files::of(signed.language);
    let address = |file: &Evidence| format!("/cases/{case_id}/evidence/{}", file.evidence_id);
    html! {
        @if !shown.is_empty() {
            section aria-labelledby="shown" {
                h2 #shown { (words.title) }
                ul .gallery {
                    @for (number, file) in shown.iter().enumerate() {
                        @let called = fill(words.photo, &[("n", &(number + 1).to_string())]);
                        li {
                            @match file.check() {
                                EvidenceCheck::Pending => { (called) "：" (words.unchecked) },
                                EvidenceCheck::Refused => { (called) "：" (words.refused) },
                                EvidenceCheck::Unspecified | EvidenceCheck::Clean => {
                                    a href=(address(file)) {
                                        @if file.has_thumbnail {
                                            img src=(format!("{}?thumbnail=yes", address(file))) alt=(called) loading="lazy";
                                        } @else if file.name.is_empty() { (called) } @else { (file.name) }
                                    }
                                },
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /cases/{case}/evidence/{id}`
pub async fn show(signed: Signed, Path((case_id, evidence_id)): Path<(String, String)>) -> Response {
    match content(&signed, case_id, evidence_id).await {
        Ok(response) => response,
        Err(status) => signed.answer(Err(status)),
    }
}

async fn content(signed: &Signed, case_id: String, evidence_id: String) -> Result<Response, Status> {
    let thumbnail = signed.query("thumbnail") == "yes";
    let request = ReadEvidenceRequest { district: signed.district(), case_id, evidence_id, thumbnail };
    let mut parts = signed.app.doors.evidence(&signed.person).read_evidence(request).await?.into_inner();
    let (mut about, mut content) = (Evidence::default(), Vec::new());
    while let Some(part) = parts.message().await? {
        match part.part {
            Some(read_evidence_response::Part::Evidence(described)) => about = described,
            Some(read_evidence_response::Part::Content(next)) => content.extend(next),
            None => {}
        }
    }
    let media_type = if thumbnail { "image/jpeg" } else { about.media_type.as_str() };
    let kind = HeaderValue::from_str(media_type).map_err(|_| Status::internal("a media type that is none"))?;
    // A paper is no page of ours: it is handed out, and never shown inside one.
    let manner = HeaderValue::from_static(if about.has_thumbnail { "inline" } else { "attachment" });
    let kept = HeaderValue::from_static("private, max-age=31536000, immutable");
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, manner), (CACHE_CONTROL, kept)], content).into_response())
}

/// The id in what a form says is shown, and what the file is called.
pub fn id_and_name(said: &str) -> (&str, &str) {
    said.split_once(' ').unwrap_or((said, said))
}

/// What a form says is shown.
pub fn shown(form: &Form) -> Vec<String> {
    form.each(SHOWN).iter().map(|said| id_and_name(said).0.to_owned()).filter(|id| !id.is_empty()).collect()
}
