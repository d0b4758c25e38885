//! What a run comes to: a bar while it runs, then counts, and every rejected row with its reason.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proto::common::v1::Refusal;
use serde::Serialize;

use super::shown;
use crate::out;

/// Rejected rows shown on a terminal; a file that is wrong throughout should not drown the summary.
const SHOWN_MAX: usize = 100;

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    New,
    Known,
    /// It was over before it came here, and no case of ours.
    Closed,
    Rejected(Vec<Reject>),
}

/// One reason why a row was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reject {
    /// As the contract names it; empty when the whole row is meant.
    pub field: String,
    /// Stable name of the rule.
    pub rule: String,
    pub description: String,
}

#[derive(Debug, Serialize)]
struct RejectedRow {
    line: u64,
    external_ref: String,
    reasons: Vec<Reject>,
}

#[derive(Debug, Serialize)]
struct Summary {
    rows: u64,
    new: u64,
    known: u64,
    /// Left out: they were closed where they come from.
    closed: u64,
    rejected: u64,
    seconds: f64,
    rejects: Vec<RejectedRow>,
}

pub(super) struct Report {
    started: Instant,
    bar: ProgressBar,
    new: u64,
    known: u64,
    closed: u64,
    rejected: Vec<RejectedRow>,
}

impl Reject {
    pub fn new(field: &str, rule: &str, description: &str) -> Self {
        Self { field: field.to_owned(), rule: rule.to_owned(), description: description.to_owned() }
    }

    pub fn of(refusal: &Refusal) -> Vec<Self> {
        if refusal.violations.is_empty() {
            let field = if refusal.code == "ALREADY_EXISTS" { "external_ref" } else { "" };
            let rule = refusal.code.to_lowercase().replace('_', "-");
            return vec![Self::new(field, &rule, &refusal.message)];
        }
        let reject = |violation: &proto::common::v1::FieldViolation| {
            Self::new(&violation.field, &violation.rule, &violation.description)
        };
        refusal.violations.iter().map(reject).collect()
    }
}

impl Report {
    pub fn new(file: &Path) -> anyhow::Result<Self> {
        let size = std::fs::metadata(file).with_context(|| format!("looking at {}", shown(file)))?.len();
        let target =
            if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(size), target).with_style(
            ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left")
                .context("preparing the progress bar")?,
        );
        Ok(Self { started: Instant::now(), bar, new: 0, known: 0, closed: 0, rejected: Vec::new() })
    }

    pub fn rows(&self) -> u64 {
        self.new + self.known + self.closed + self.rejected.len() as u64
    }

    pub fn count(&mut self, line: u64, byte: u64, external_ref: String, outcome: Outcome) {
        match outcome {
            Outcome::New => self.new += 1,
            Outcome::Known => self.known += 1,
            Outcome::Closed => self.closed += 1,
            Outcome::Rejected(reasons) => self.rejected.push(RejectedRow { line, external_ref, reasons }),
        }
        self.bar.set_position(byte);
        self.bar.set_message(format!("{} rows", self.rows()));
    }

    /// Says how it went, and whether any row was rejected.
    pub fn finish(self, rejects: Option<&Path>, json: bool) -> anyhow::Result<bool> {
        self.bar.finish_and_clear();
        if let Some(file) = rejects {
            write_rejects(file, &self.rejected).with_context(|| format!("writing {}", shown(file)))?;
        }
        let rows = self.rows();
        let Self { started, new, known, closed, rejected, .. } = self;
        let any = !rejected.is_empty();
        let seconds = started.elapsed().as_secs_f64();
        if json {
            let count = rejected.len() as u64;
            out::json(&Summary { rows, new, known, closed, rejected: count, seconds, rejects: rejected })?;
            return Ok(any);
        }
        for row in rejected.iter().take(SHOWN_MAX) {
            for Reject { field, rule, description } in &row.reasons {
                let field = if field.is_empty() { String::new() } else { format!("{field}: ") };
                eprintln!("line {}: {field}{rule}: {description}", row.line);
            }
        }
        if rejected.len() > SHOWN_MAX {
            eprintln!("... and {} rows more; --rejects FILE lists all", rejected.len() - SHOWN_MAX);
        }
        let left_out =
            if closed == 0 { String::new() } else { format!(", {closed} left out that were closed already") };
        out::line(format_args!("{rows} rows: {new} new, {known} known, {} rejected{left_out}", rejected.len()))?;
        Ok(any)
    }
}

fn write_rejects(file: &Path, rejected: &[RejectedRow]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_path(file)?;
    writer.write_record(["line", "external_ref", "field", "rule", "description"])?;
    for row in rejected {
        for reason in &row.reasons {
            let line = row.line.to_string();
            writer.write_record([&line, &row.external_ref, &reason.field, &reason.rule, &reason.description])?;
        }
    }
    writer.flush()?;
    Ok(())
}
