//! `huying audit show`: how much of the record is chained, and how far anchors vouch for it.

use audit::verify::verify;
use serde_json::json;

use super::Record;
use super::verify::{cover, described};
use crate::out;

/// Say how many commits are part of a chain, how many are from before there were any, and up to which day anchors vouch for
/// them. What is broken is counted here, and named by `audit verify`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: Record,
    /// Also list the anchors
    #[arg(long)]
    anchors: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let broker = args.record.connect().await?;
    let mut all = Vec::new();
    for charter in args.record.charters(&broker).await? {
        let district = &charter.district;
        let findings = verify(&broker, district, |_| ()).await?;
        let listed = if args.anchors { broker.anchors(district).await? } else { Vec::new() };
        if args.json {
            let line = |it: &record::StoredAnchor| {
                let root: String = it.anchor.root_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({ "day": it.subject.day, "after": it.anchor.after, "to": it.anchor.to, "chains": it.anchor.chains, "root": root })
            };
            let mut shown = described(district, &findings);
            if args.anchors {
                shown["list"] = listed.iter().map(line).collect();
            }
            all.push(shown);
            continue;
        }
        cover(district, &findings)?;
        if findings.broken > 0 {
            out::line(format_args!("  {} breaks: `huying audit verify` names them", findings.broken))?;
        }
        for it in &listed {
            let root: String = it.anchor.root_sha256.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            out::line(format_args!(
                "  {}  {:>8} chains  positions {}-{}  {root}…",
                it.subject.day,
                it.anchor.chains,
                it.anchor.after + 1,
                it.anchor.to
            ))?;
        }
    }
    if args.json { out::json(&all) } else { Ok(()) }
}
