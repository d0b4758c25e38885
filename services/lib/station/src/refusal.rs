//! How a "no" travels: a gRPC status with details, or the same as a message over NATS.

use std::collections::HashMap;
use std::time::Duration;

use ids::HistoryKey;
use proto::common::v1::{FieldViolation, Refusal};
use record::book::BYTES_MAX;
use record::standing::explains_failures;
use record::{BrokerError, Refused, Unhandled, chain};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::NoCharter;

/// The rule by which nothing is added to a case that has left the record.
const FILED: &str = "filed";

/// The rule by which nothing is recorded that not every reader knows yet.
const NEWER_THAN_READERS: &str = "newer-than-readers";

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

/// A district that no charter names is a mistake of whoever asks. One whose charter cannot be read here is ours, and passes:
/// nobody may take it for a final answer.
impl From<NoCharter> for Status {
    fn from(error: NoCharter) -> Self {
        match error {
            NoCharter::Unknown { .. } => Violation::new("district", "known-district", error.to_string()).into(),
            NoCharter::Unreadable { .. } | NoCharter::NotYet | NoCharter::NotThisVersion { .. } => {
                tracing::warn!(%error, "no charter to go by");
                let mut details = ErrorDetails::new();
                details.set_error_info(NoCharter::RULE, "huying", HashMap::new());
                let message = format!("{error}; send it again later ({})", NoCharter::RULE);
                Self::with_error_details(Code::Unavailable, message, details)
            }
        }
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
        // The words go to the sender alone: they repeat what was sent.
        let broken: Vec<String> = violations.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.rule)).collect();
        let mut details = ErrorDetails::new();
        for violation in violations {
            metrics::counter!("input_rejected_total", "field" => violation.field, "rule" => violation.rule)
                .increment(1);
            details
                .add_bad_request_violation(violation.field, format!("{}: {}", violation.rule, violation.description));
        }
        tracing::info!(rejected = broken.join(", "), "bad input");
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
            details.set_error_info(refusal.rule(), "huying", HashMap::new());
            Status::with_error_details(refusal.code(), format!("{refusal} ({})", refusal.rule()), details)
        }
        Refused::Full(commits) => {
            Status::resource_exhausted(format!("the case has {commits} commits and takes only what ends it (HY-006)"))
        }
        Refused::OtherContent => Status::already_exists(
            "you have used this command id before, for something else; give each request one of its own",
        ),
        Refused::TooLarge(bytes) => {
            let description =
                format!("it makes a commit of {bytes} bytes, and at most {BYTES_MAX} fit: say it in parts");
            Violation::new("request", "commit-size", description).into()
        }
        Refused::Filed(key) => filed(&key),
        Refused::HeldBack(held) => {
            metrics::counter!("commands_refused_total", "rule" => NEWER_THAN_READERS).increment(1);
            tracing::info!(rule = NEWER_THAN_READERS, refusal = %held, "refused");
            let mut details = ErrorDetails::new();
            details.set_error_info(NEWER_THAN_READERS, "huying", HashMap::new());
            Status::with_error_details(Code::Unavailable, format!("{held} ({NEWER_THAN_READERS})"), details)
        }
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
         with related_case {id}, or reopen it as a new case: IntakeService/ReopenFiled ({FILED})",
        id = key.id
    );
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// A broker error as a status, logged with its whole chain.
pub fn broker_status(error: &BrokerError) -> Status {
    if let BrokerError::Filed { key } = error {
        return filed(key);
    }
    if let BrokerError::Newer { .. } = error {
        tracing::info!(error = chain(error), "refused");
        Status::unavailable(format!("{error}; send it again when all services have been rolled forward"))
    } else if error.is_transient() {
        // Whoever asked is told, and counts; what is wrong with the record is said once.
        if explains_failures() {
            tracing::debug!(error = chain(error), "the record is out of reach");
        } else {
            tracing::warn!(error = chain(error), "the record is out of reach");
        }
        Status::unavailable("the record is out of reach; send it again")
    } else {
        tracing::error!(error = chain(error), "unexpected");
        internal()
    }
}

/// UNAVAILABLE by a rule, with when to come again: nothing was done, and the same is taken later.
#[must_use]
pub fn not_now(rule: &'static str, message: &str, again_after: Duration) -> Status {
    metrics::counter!("commands_refused_total", "rule" => rule).increment(1);
    let mut details = ErrorDetails::with_retry_info(Some(again_after));
    details.set_error_info(rule, "huying", HashMap::new());
    Status::with_error_details(Code::Unavailable, format!("{message} ({rule})"), details)
}

/// INTERNAL, for what has been logged: a fault of ours, of which nobody outside is told more.
#[must_use]
pub fn internal() -> Status {
    Status::internal("something is wrong here; it has been logged")
}

/// What the asker of a request over NATS hears that was not handled.
#[must_use]
pub fn unhandled(why: Unhandled) -> Status {
    match why {
        Unhandled::Panicked => internal(),
        Unhandled::Overloaded => chassis::overloaded(),
    }
}

/// What the record holds and does not have the form its type promises: our fault, whoever asks. Logged here, once.
#[must_use]
pub fn unreadable(error: &record::WireError) -> Status {
    tracing::error!(%error, "the record holds what cannot be read here");
    internal()
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
        retry_after_s: details
            .retry_info()
            .and_then(|retry| u32::try_from(retry.retry_delay?.as_secs()).ok())
            .unwrap_or_default(),
    }
}

/// A refusal for whoever reads it at a terminal.
#[must_use]
pub fn explain(status: &Status) -> anyhow::Error {
    anyhow::anyhow!("{} ({})", status.message(), code_name(status.code()))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use record::follow::Failure;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct No;

    impl Refuse for No {
        fn code(&self) -> Code {
            Code::FailedPrecondition
        }

        fn rule(&self) -> &'static str {
            "no"
        }
    }

    fn unreadable() -> Refused<No> {
        let source = "field 7 has wire type 3".into();
        Refused::Broker(Arc::new(BrokerError::Corrupt { subject: "case.wuchang.a.intake.1".to_owned(), source }))
    }

    fn away() -> Refused<No> {
        Refused::Broker(Arc::new(BrokerError::Unavailable { what: "append".to_owned(), source: None }))
    }

    #[test]
    fn only_what_may_pass_is_asked_for_again() {
        let asked = |refused| status_of(refused).code();
        assert_eq!(asked(Refused::Rule(No)), Code::FailedPrecondition);
        assert_eq!(asked(Refused::TooLarge(600_000)), Code::InvalidArgument);
        assert_eq!(asked(Refused::Full(350)), Code::ResourceExhausted);
        assert_eq!(asked(Refused::Contended), Code::Aborted);
        assert_eq!(asked(away()), Code::Unavailable);
        assert_eq!(asked(unreadable()), Code::Internal);
        assert!(status_of(Refused::<No>::TooLarge(600_000)).message().contains(&BYTES_MAX.to_string()));

        let followed = |refused: Refused<No>| match refused.rule_or_failure() {
            Ok(No) => "settled",
            Err(Failure::Transient(_) | Failure::Later(..)) => "tried again",
            Err(Failure::Permanent(_)) => "dead letter",
            Err(Failure::Newer(_)) => "set aside",
        };
        assert_eq!(followed(Refused::Rule(No)), "settled");
        assert_eq!(followed(Refused::Contended), "tried again");
        assert_eq!(followed(away()), "tried again");
        for never in [Refused::TooLarge(600_000), Refused::Full(350), unreadable()] {
            assert_eq!(followed(never), "dead letter");
        }
    }

    #[test]
    fn a_dead_letter_says_what_could_not_be_read_and_why() {
        let Err(Failure::Permanent(error)) = unreadable().rule_or_failure() else { panic!("poison") };
        let said = chain(&*error);
        assert!(said.contains("case.wuchang.a.intake.1") && said.contains("wire type 3"), "{said}");
    }

    #[test]
    fn a_charter_that_cannot_be_read_is_no_mistake_of_whoever_asks() {
        let (district, versions) = ("wuchang".to_owned(), "2019-1".to_owned());
        let status = Status::from(NoCharter::Unreadable { district, versions });
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.get_error_details().error_info().map(|info| info.reason.as_str()), Some("no-charter"));
        assert_eq!(refusal_of(&status).code, "UNAVAILABLE");
        let unknown = NoCharter::Unknown { district: "atlantis".to_owned(), known: "wuchang".to_owned() };
        assert_eq!(refusal_of(&unknown.into()).violations[0].field, "district");
    }
}
