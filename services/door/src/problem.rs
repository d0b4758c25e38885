//! How a "no" looks over HTTP: a problem document (RFC 9457) with what a refusal has at every other door, its rule, its fields
//! and when to come again.

use std::error::Error as _;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::common::v1::{FieldViolation, Refusal};
use serde_json::{Map, Value, json};
use station::refusal_of;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Seconds after which is asked again what may pass by itself, where nobody says better.
const RETRY_S: u32 = 3;

/// Why something was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// Stable name of the rule, e.g. `known-place`; of what has none, that of its kind, e.g. `not-found`.
    pub rule: String,
    /// As at the other doors.
    pub refusal: Box<Refusal>,
}

impl Problem {
    /// The refusal of a service.
    pub fn of(status: &Status) -> Self {
        // One that came to us from nobody: the channel says it, in words about itself.
        if status.source().is_some() && status.code() != Code::DeadlineExceeded {
            tracing::warn!(error = %status, "a service behind the door is out of reach");
            let away = Status::unavailable("what is behind this door is out of reach; send it again");
            return Self::answered(&away);
        }
        Self::answered(status)
    }

    fn answered(status: &Status) -> Self {
        let mut refusal = refusal_of(status);
        let http = http_status(status.code(), refusal.retry_after_s);
        if refusal.retry_after_s == 0 && [StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&http)
        {
            refusal.retry_after_s = RETRY_S;
        }
        let details = status.get_error_details();
        let named = details.error_info().map(|info| info.reason.clone());
        let rule =
            named.or_else(|| refusal.violations.first().map(|it| it.rule.clone())).filter(|rule| !rule.is_empty());
        let rule = rule.unwrap_or_else(|| refusal.code.to_lowercase().replace('_', "-"));
        Self { status: http, rule, refusal: Box::new(refusal) }
    }

    /// What the door itself finds wrong with fields, as a service would say it.
    pub fn of_fields(violations: Vec<FieldViolation>) -> Self {
        let said = |it: &FieldViolation| format!("{}: {} ({})", it.field, it.description, it.rule);
        let message = violations.iter().map(said).collect::<Vec<_>>().join("; ");
        let rule = violations.first().map(|it| it.rule.clone()).unwrap_or_default();
        for violation in &violations {
            metrics::counter!("door_rejected_total", "rule" => violation.rule.clone()).increment(1);
        }
        let code = "INVALID_ARGUMENT".to_owned();
        let refusal = Refusal { code, message, violations, ..Refusal::default() };
        Self { status: StatusCode::BAD_REQUEST, rule, refusal: Box::new(refusal) }
    }

    pub fn of_field(field: &str, rule: &str, description: impl Into<String>) -> Self {
        Self::of_fields(vec![FieldViolation {
            field: field.to_owned(),
            rule: rule.to_owned(),
            description: description.into(),
        }])
    }

    /// One of HTTP alone.
    pub fn of_http(status: StatusCode, rule: &str, message: impl Into<String>) -> Self {
        let refusal = Box::new(Refusal { message: message.into(), ..Refusal::default() });
        Self { status, rule: rule.to_owned(), refusal }
    }

    /// A fault of ours, which is logged where it is found.
    pub fn of_ours() -> Self {
        Self::answered(&station::internal())
    }

    fn document(&self) -> Value {
        let Refusal { code, message, violations, case_id, retry_after_s } = &*self.refusal;
        let mut document = Map::new();
        let mut say = |name: &str, value: Value| drop(document.insert(name.to_owned(), value));
        say("type", json!(format!("urn:huying:problem:{}", self.rule)));
        say("title", json!(title(self.status)));
        say("status", json!(self.status.as_u16()));
        say("detail", json!(message));
        say("rule", json!(self.rule));
        if !code.is_empty() {
            say("code", json!(code));
        }
        if let Some(first) = violations.first() {
            say("field", json!(first.field));
            say("violations", json!(violations));
        }
        if !case_id.is_empty() {
            say("case_id", json!(case_id));
        }
        if *retry_after_s > 0 {
            say("retry_after_s", json!(retry_after_s));
        }
        Value::Object(document)
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::of(&status)
    }
}

impl From<station::BadInput> for Problem {
    fn from(bad: station::BadInput) -> Self {
        Self::of(&bad.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(CONTENT_TYPE, json)], self.document().to_string()).into_response();
        self.add_headers(&mut response);
        response
    }
}

impl Problem {
    /// What a client has to know before it reads the document.
    pub fn add_headers(&self, response: &mut Response) {
        if self.refusal.retry_after_s > 0 {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(self.refusal.retry_after_s));
        }
        // The rest of what was sent is not read, so nothing else can come on this connection.
        if [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::REQUEST_TIMEOUT].contains(&self.status) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"huying\""));
        }
    }
}

/// A refusal that is final is a client's error (4xx), with 429 for one that says when to come again; what may pass by itself is
/// 503 or 504 and says so, too.
fn http_status(code: Code, retry_after_s: u32) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::ResourceExhausted if retry_after_s > 0 => StatusCode::TOO_MANY_REQUESTS,
        // A full history (HY-006) stays full.
        Code::AlreadyExists | Code::FailedPrecondition | Code::ResourceExhausted => StatusCode::CONFLICT,
        Code::Unavailable | Code::Aborted | Code::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What sort of problem it is, the same for each of its kind.
fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "What was sent does not fit",
        401 => "It is not known who asks",
        403 => "This is not for whoever asks",
        404 => "There is no such thing",
        405 => "Not in this way",
        408 => "It took too long to send",
        409 => "A rule says no",
        413 => "Too large",
        415 => "Not in this form",
        429 => "Too often",
        501 => "Not here",
        503 => "Not now",
        504 => "No answer in time",
        _ => "Something is wrong here",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic_types::ErrorDetails;

    use super::*;

    fn shown(status: Status) -> (u16, Value, Option<String>) {
        let problem = Problem::of(&status);
        let document = problem.document();
        let response = problem.into_response();
        let retry = response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), document, retry)
    }

    #[test]
    fn what_may_pass_says_when_to_come_again_and_what_is_final_does_not() {
        let wait = ErrorDetails::with_retry_info(Some(Duration::from_secs(7)));
        for (status, http, retry) in [
            (chassis::overloaded(), 503, Some("3")),
            (Status::with_error_details(Code::ResourceExhausted, "", wait), 429, Some("7")),
            (Status::unavailable("the record is out of reach; send it again"), 503, Some("3")),
            (Status::deadline_exceeded(""), 504, Some("3")),
            (Status::aborted(""), 503, Some("3")),
            (Status::resource_exhausted("HY-006"), 409, None),
            (station::already_exists("261121-7k3q9xf", "it is case 261121-7k3q9xf"), 409, None),
            (Status::unauthenticated(""), 401, None),
            (Status::permission_denied(""), 403, None),
            (station::not_found("261121-7k3q9xf"), 404, None),
            (station::internal(), 500, None),
        ] {
            let said = shown(status);
            assert_eq!((said.0, said.2.as_deref()), (http, retry), "{}", said.1);
            assert_eq!(said.1["status"], http);
        }
    }

    #[test]
    fn a_field_is_named_with_its_rule_and_a_case_by_its_number() {
        let bad = station::BadInput(vec![
            station::Violation::new("title", "required", "is missing"),
            station::Violation::new("place.party", "known-place", "no such place"),
        ]);
        let (_, document, _) = shown(bad.into());
        assert_eq!((&document["rule"], &document["field"]), (&json!("required"), &json!("title")), "{document}");
        assert_eq!(document["type"], "urn:huying:problem:required");
        assert_eq!(
            document["violations"][1],
            json!({
                "field": "place.party", "rule": "known-place", "description": "no such place",
            })
        );
        let (_, document, _) = shown(station::already_exists("261121-7k3q9xf", "other content"));
        assert_eq!((&document["case_id"], &document["rule"]), (&json!("261121-7k3q9xf"), &json!("already-exists")));
    }
}
