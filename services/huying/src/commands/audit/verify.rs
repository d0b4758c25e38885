//! `huying audit verify`: every chain and every anchor.

use std::num::NonZeroUsize;

use archive::Shelf;
use audit::verify::{verify, verify_case};
use audit::{Break, Findings, Progress};
use ids::{CaseId, Code, HistoryKey};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Record;
use crate::failure::{Answered, BadUsage};
use crate::out;

/// Read everything of a district, on the record and in the archive, and look whether each commit is the one that the next
/// one names, and each day what its anchor says. Exit code 1 if anything is not (HY-013).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: Record,
    /// Only the chains of this case, e.g. 261121-7k3q9xf
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let case: Option<CaseId> = args.case.as_deref().map(str::parse).transpose().map_err(BadUsage::new)?;
    let broker = args.record.connect().await?;
    let shelf = Shelf::open(&broker, NonZeroUsize::MIN).await?;
    let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    let mut all: Vec<(Code, Findings)> = Vec::new();
    for charter in args.record.charters(&broker).await? {
        let district = charter.district.clone();
        let findings = match &case {
            Some(case) => verify_case(&broker, &shelf, &HistoryKey::case(district.clone(), case)).await?,
            None => {
                let tell = |Progress::Commits(commits)| {
                    line.set_message(format!("{district}: {commits} commits"));
                    line.tick();
                };
                Some(verify(&broker, &district, tell).await?)
            }
        };
        all.extend(findings.map(|findings| (charter.district.clone(), findings)));
    }
    line.finish_and_clear();
    if let (Some(case), true) = (&case, all.is_empty()) {
        anyhow::bail!("there is no case {case}, neither on the record nor in the archive");
    }
    if args.json {
        out::json(&all.iter().map(|(district, findings)| described(district, findings)).collect::<Vec<_>>())?;
    } else {
        all.iter().try_for_each(|(district, findings)| print(district, findings))?;
    }
    if all.iter().all(|(_, findings)| findings.broken == 0) { Ok(()) } else { Err(Answered.into()) }
}

pub(super) fn described(district: &Code, findings: &Findings) -> Value {
    let broken = |it: &Break| json!({ "subject": it.subject, "position": it.position, "expected": it.expected, "found": it.found });
    json!({
        "district": district.as_str(),
        "chains": findings.chains,
        "commits": findings.commits,
        "unchained": findings.unchained,
        "filed_cases": findings.filed_cases,
        "anchors": findings.anchors,
        "anchored_day": findings.anchored.as_ref().map(|(day, _)| day),
        "anchored_position": findings.anchored.as_ref().map(|(_, position)| position),
        "after_anchors": findings.after_anchors,
        "broken": findings.broken,
        "breaks": findings.breaks.iter().map(broken).collect::<Vec<_>>(),
    })
}

/// What was looked at, in a line or two.
pub(super) fn cover(district: &Code, findings: &Findings) -> anyhow::Result<()> {
    let Findings { chains, commits, unchained, filed_cases, anchors, after_anchors, .. } = findings;
    out::line(format_args!(
        "{district}: {commits} commits in {chains} chains, {unchained} of them from before there were chains; {filed_cases} filed cases"
    ))?;
    match &findings.anchored {
        Some((day, position)) => out::line(format_args!(
            "  {anchors} anchors vouch up to the end of {day}, position {position}; {after_anchors} commits came later"
        )),
        None => out::line("  no anchors yet: nothing vouches for the last commit of a chain"),
    }
}

fn print(district: &Code, findings: &Findings) -> anyhow::Result<()> {
    cover(district, findings)?;
    for Break { subject, position, expected, found } in &findings.breaks {
        let at = position.map(|position| format!(" at position {position}")).unwrap_or_default();
        out::line(format_args!("  broken: {subject}{at}: expected {expected}; found {found}"))?;
    }
    let unnamed = findings.broken - findings.breaks.len() as u64;
    if unnamed > 0 {
        out::line(format_args!("  and {unnamed} more"))?;
    }
    if findings.broken == 0 { out::line("  all as it was written") } else { Ok(()) }
}
