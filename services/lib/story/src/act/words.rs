//! The words of the format, as numbers of the contracts.

use anyhow::ensure;
use proto::common::v1::{Colour, Duty, Level, Outcome, Stage};
use proto::dispatch::v1::{ProgressKind, ReturnBasis};
use proto::enforcement_center::v1::{NextStep, SeatKind};
use proto::evaluation::v1::CallbackOutcome;
use proto::words;

pub(crate) type Words = &'static [(&'static str, i32)];

pub(crate) const LEVELS: Words = &[
    ("A", Level::A as i32),
    ("B1", Level::B1 as i32),
    ("B2", Level::B2 as i32),
    ("C", Level::C as i32),
    ("D", Level::D as i32),
];
/// The seven mechanisms.
pub(crate) const STAGES: Words = &[
    ("collection", Stage::Collection as i32),
    ("call", Stage::Call as i32),
    ("response", Stage::Response as i32),
    ("report-in", Stage::ReportIn as i32),
    ("feedback", Stage::Feedback as i32),
    ("analysis", Stage::Analysis as i32),
    ("assessment", Stage::Assessment as i32),
];
pub(crate) const COLOURS: Words =
    &[("red", Colour::Red as i32), ("yellow", Colour::Yellow as i32), ("blue", Colour::Blue as i32)];
pub(crate) const DUTIES: Words =
    &[("lead", Duty::Lead as i32), ("organise", Duty::Organise as i32), ("assist", Duty::Assist as i32)];
pub(crate) const OUTCOMES: Words = &[
    ("solved", Outcome::Solved as i32),
    ("explained", Outcome::Explained as i32),
    ("not-accepted", Outcome::NotAccepted as i32),
    ("not-solved", Outcome::NotSolved as i32),
];
pub(crate) const PROGRESS: Words = &[
    ("reply", ProgressKind::Reply as i32),
    ("contact-failed", ProgressKind::ContactFailed as i32),
    ("finding", ProgressKind::Finding as i32),
    ("action", ProgressKind::Action as i32),
    ("note", ProgressKind::Note as i32),
];
pub(crate) const KINDS: Words = words::KINDS.plain;
pub(crate) const CLASSES: Words = words::CLASSES.plain;
pub(crate) const WAYS: Words = words::WAYS.plain;
pub(crate) const NEXT_STEPS: Words = &[
    ("new-notice", NextStep::NewNotice as i32),
    ("stop-order", NextStep::StopOrder as i32),
    ("penalty-proposal", NextStep::PenaltyProposal as i32),
    ("transfer", NextStep::Transfer as i32),
];
pub(crate) const SEATS: Words = &[("resident", SeatKind::Resident as i32), ("on-call", SeatKind::OnCall as i32)];
pub(crate) const BASES: Words = &[("legal", ReturnBasis::Legal as i32), ("duty", ReturnBasis::Duty as i32)];
pub(crate) const CALLBACKS: Words = &[
    ("reached", CallbackOutcome::Reached as i32),
    ("no-answer", CallbackOutcome::NoAnswer as i32),
    ("refused", CallbackOutcome::Refused as i32),
];

/// A word of the format as the contract's number; empty is unspecified.
pub(crate) fn word(field: &str, text: &str, words: Words) -> anyhow::Result<i32> {
    let known = words.iter().find(|(known, _)| *known == text).map(|(_, number)| *number);
    ensure!(
        text.is_empty() || known.is_some(),
        "with.{field}: {text:?} is none of {}",
        words.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ")
    );
    Ok(known.unwrap_or_default())
}

/// The word for a number, if there is one.
pub(crate) fn word_of(number: i32, words: Words) -> Option<&'static str> {
    words.iter().find(|(_, known)| *known == number).map(|(word, _)| *word)
}
