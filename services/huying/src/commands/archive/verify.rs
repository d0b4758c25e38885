//! `huying archive verify`: whether everything is as it was put there.

use archive::verify::{Progress, verify};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Record;
use crate::failure::Answered;
use crate::out;

/// Read every volume and check every hash in it, that each volume follows the one before it, and that every tombstone
/// points at the file of its case. Exit code 1 if anything is wrong (HY-008).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: Record,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let broker = args.record.connect().await?;
    let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    let findings = verify(&broker, |progress| {
        line.set_message(match progress {
            Progress::Volume(name) => name.to_string(),
            Progress::Tombstones(looked) => format!("{looked} tombstones"),
        });
        line.tick();
    })
    .await?;
    line.finish_and_clear();
    if args.json {
        out::json(&json!({
            "volumes": findings.volumes,
            "files": findings.files,
            "commits": findings.commits,
            "tombstones": findings.tombstones,
            "left_open": findings.left_open,
            "damage": findings.damage,
        }))?;
    } else {
        out::line(format_args!(
            "{} volumes with {} case files of {} commits, {} tombstones, {} cases left open",
            findings.volumes, findings.files, findings.commits, findings.tombstones, findings.left_open
        ))?;
        for damage in &findings.damage {
            out::line(format_args!("damaged: {damage}"))?;
        }
        if findings.damage.is_empty() {
            out::line("all as it was put there")?;
        }
    }
    if findings.damage.is_empty() { Ok(()) } else { Err(Answered.into()) }
}
