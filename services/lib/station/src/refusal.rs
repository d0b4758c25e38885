//! How a "no" travels: a gRPC status with details, or the same as a message over NATS.

use ids::HistoryKey;
use proto::common::v1::{FieldViolation, Refusal};
use record::{BrokerError, Refused, chain};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::NoCharter;

/// The rule by which nothing is added to a case that has left the record.
const FILED: &str = "filed";

/// A domain refusal, as the outside sees it. Implemented where the domain meets the wire.
pub trait Refuse: std::fmt::Display {
    /// FAILED_PRECONDITION, NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT or ALREADY_EXISTS.
    fn code(&self) -> Code;
    /// Stable name, e.g. `not-the-owner`.
    fn rule(&self) -> &'static str;
}

/// One field that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// As the contract names it, e.g. `place.longitude`.
    pub field: &'static str,
    /// Stable name of the rule, e.g. `text-length`.
    pub rule: &'static str,
    pub description: String,
}

impl Violation {
    pub fn new(field: &'static str, rule: &'static str, description: impl Into<String>) -> Self {
        Self { field, rule, description: description.into() }
    }
}

/// A request about a district that nothing is known of here.
impl From<NoCharter> for Status {
    fn from(error: NoCharter) -> Self {
        Violation::new("district", "known-district", error.to_string()).into()
    }
}

/// Everything that does not fit, at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadInput(pub Vec<Violation>);

impl From<BadInput> for Status {
    fn from(BadInput(violations): BadInput) -> Self {
        let message = violations
            .iter()
            .map(|violation| format!("{}: {} ({})", violation.field, violation.description, violation.rule))
            .collect::<Vec<_>>()
            .join("; ");
        let mut details = ErrorDetails::new();
        for violation in violations {
            metrics::counter!("input_rejected_total", "field" => violation.field, "rule" => violation.rule)
                .increment(1);
            details
                .add_bad_request_violation(violation.field, format!("{}: {}", violation.rule, violation.description));
        }
        tracing::info!(rejected = message, "bad input");
        Self::with_error_details(Code::InvalidArgument, message, details)
    }
}

impl From<Violation> for Status {
    fn from(violation: Violation) -> Self {
        BadInput(vec![violation]).into()
    }
}

/// ALREADY_EXISTS, naming the case.
#[must_use]
pub fn already_exists(case_id: &str, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_resource_info("case", case_id, "", message);
    Status::with_error_details(Code::AlreadyExists, message, details)
}

/// NOT_FOUND, naming the case.
#[must_use]
pub fn not_found(case_id: &str) -> Status {
    Status::not_found(format!("there is no case {case_id} in this district"))
}

/// A refusal by the book as a status. Counted and logged here, once.
pub fn status_of<R: Refuse>(refused: Refused<R>) -> Status {
    match refused {
        Refused::Rule(refusal) => {
            metrics::counter!("commands_refused_total", "rule" => refusal.rule()).increment(1);
            tracing::info!(rule = refusal.rule(), %refusal, "refused");
            let mut details = ErrorDetails::new();
            details.set_error_info(refusal.rule(), "huying", std::collections::HashMap::new());
            Status::with_error_details(refusal.code(), format!("{refusal} ({})", refusal.rule()), details)
        }
        Refused::Full(commits) => {
            Status::resource_exhausted(format!("the case has {commits} commits and takes only what ends it (HY-006)"))
        }
        Refused::Filed(key) => filed(&key),
        Refused::Contended => Status::aborted("others changed this at the same time; send it again"),
        Refused::Broker(error) => broker_status(&error),
    }
}

/// FAILED_PRECONDITION, rule `filed`: the case has left the record, and what a clerk can do about it.
fn filed(key: &HistoryKey) -> Status {
    metrics::counter!("commands_refused_total", "rule" => FILED).increment(1);
    tracing::info!(%key, rule = FILED, "refused");
    let mut details = ErrorDetails::new();
    details.set_error_info(FILED, "huying", std::collections::HashMap::new());
    details.set_resource_info("case", &key.id, "", "closed and filed");
    let message = format!(
        "case {id} is closed and filed, and nothing is added to it any more; submit what is new as a report of its own \
         with related_case {id} ({FILED})",
        id = key.id
    );
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// A broker error as a status, logged with its whole chain.
pub fn broker_status(error: &BrokerError) -> Status {
    if let BrokerError::Filed { key } = error {
        return filed(key);
    }
    if error.is_transient() {
        tracing::warn!(error = chain(error), "the record is out of reach");
        Status::unavailable("the record is out of reach; send it again")
    } else {
        tracing::error!(error = chain(error), "unexpected");
        Status::internal("something is wrong here; it has been logged")
    }
}

/// The same refusal for an answer over NATS.
#[must_use]
pub fn refusal_of(status: &Status) -> Refusal {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    Refusal {
        code: code_name(status.code()).to_owned(),
        message: status.message().to_owned(),
        violations: violations
            .into_iter()
            .map(|violation| {
                let (rule, description) =
                    violation.description.split_once(": ").unwrap_or(("", &violation.description));
                FieldViolation {
                    field: violation.field.clone(),
                    rule: rule.to_owned(),
                    description: description.to_owned(),
                }
            })
            .collect(),
        case_id: details.resource_info().map(|resource| resource.resource_name.clone()).unwrap_or_default(),
    }
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

impl From<record::WireError> for Violation {
    fn from(error: record::WireError) -> Self {
        Self::new(error.field, "form", error.problem)
    }
}

/// A field of a request that does not have the form its type promises.
#[must_use]
pub fn bad_field(error: record::WireError) -> Status {
    Violation::from(error).into()
}
