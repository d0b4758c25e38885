use jiff::Timestamp;
use owo_colors::OwoColorize;
use proto::ToWireTime;
use proto::casebook::v1::{Containment, StatisticsRequest, StatisticsResponse};
use proto::intake::v1::CallerClass;

use super::number;
use crate::client::{CURRENT, Installation, explain};
use crate::districts::Districts;
use crate::failure::BadUsage;
use crate::out::{self, Manner};

/// Count the cases of a district: how they came in, how they ended, and which share was solved at the street or below
/// by every wording of the charter and against its target.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StatisticsArgs {
    #[command(flatten)]
    installation: Installation,
    /// District by code; may be left out where there is one
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// Only cases received from this instant on, e.g. 2026-11-01T00:00:00+08:00
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Only cases received before this instant
    #[arg(long, value_name = "INSTANT")]
    until: Option<Timestamp>,
    /// Only cases of this class of callers: resident, grassroots or enterprise
    #[arg(long, value_name = "CLASS", value_parser = |word: &str| number(word, "CALLER_CLASS_", CallerClass::from_str_name))]
    class: Option<i32>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: StatisticsArgs, manner: Manner) -> anyhow::Result<()> {
    let known = Districts::of(&args.installation).await?.codes();
    let district = match (args.district, &known[..]) {
        (Some(district), _) => district,
        (None, [only]) => only.clone(),
        (None, _) => return Err(BadUsage::new(format!("which district? --district {}", known.join(" | "))).into()),
    };
    let request = StatisticsRequest {
        district,
        from: args.from.map(ToWireTime::to_wire),
        until: args.until.map(ToWireTime::to_wire),
        caller_class: args.class.unwrap_or_default(),
        freshness: Some(CURRENT),
        ..StatisticsRequest::default()
    };
    let mut casebook = args.installation.casebook().await?;
    let counted = casebook.statistics(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.json { out::json(&counted) } else { print(&counted, manner) }
}

fn print(counted: &StatisticsResponse, manner: Manner) -> anyhow::Result<()> {
    out::line(format_args!("{} received, {} closed with an outcome", counted.received, counted.closed))?;
    out::line("")?;
    let mut table = out::table(["BY", "VALUE", "RECEIVED", "CLOSED"]);
    for breakdown in &counted.breakdowns {
        for count in &breakdown.counts {
            let value = if count.value.is_empty() { "(none yet)" } else { &count.value };
            table.add_row([&breakdown.by, value, &count.received.to_string(), &count.closed.to_string()]);
        }
    }
    for line in out::lines_of(table) {
        out::line(line)?;
    }
    out::line("")?;
    for found in &counted.containment {
        let line = sentence(found);
        out::line(if manner.colour && found.below_target { line.red().to_string() } else { line })?;
    }
    Ok(())
}

/// E.g. `within-the-street 街道内 (A + B1): 89.50 % of 574, below the target of 90 %`.
fn sentence(found: &Containment) -> String {
    let levels: Vec<_> = found.levels().map(|level| level.as_str_name().trim_start_matches("LEVEL_")).collect();
    let counted = format!("{} {} ({})", found.code, found.name, levels.join(" + "));
    if found.share.is_empty() {
        return format!("{counted}: nothing is closed yet; the target is {} %", found.target);
    }
    let against = if found.below_target { "below" } else { "reaching" };
    format!("{counted}: {} % of {}, {against} the target of {} %", found.share, found.closed, found.target)
}
