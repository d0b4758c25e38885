//! `huying score recompute`: what was published, counted again from the record alone (I9).

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use anyhow::bail;
use archive::Shelf;
use evaluation::audit::{Recount, recount};
use evaluation::domain::period::TableName;
use ids::{Code, Kind, Owner};
use proto::subjects::CommitSubject;
use record::{Broker, Step};
use serde_json::json;
use station::Charters;
use tokio_util::sync::CancellationToken;

use crate::client::Installation;
use crate::failure::Answered;
use crate::out;

/// Volumes kept in memory while the archive is read in the order of its tombstones.
const VOLUMES_KEPT: NonZeroUsize = NonZeroUsize::MIN;

/// Count again what was published, from the record and the archive alone, and compare it byte for byte.
///
/// Of each publication it reads what the publication read, goes by the same version of the charter, computes every case's
/// score from what was rated and measured, and makes the table anew. The first difference is said. Exit code 1 if there is one.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: Code,
    /// Day, month or year, and of an appraisal grids-2026-10 or communities-2026; every published one, if none is named
    #[arg(long, value_name = "PERIOD")]
    period: Option<TableName>,
    /// Compare with what was published
    #[arg(long, required = true)]
    verify: bool,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let broker = args.installation.broker().await?;
    let charters = Charters::default();
    let (bundles, _) = broker.charters().await?;
    bundles.iter().for_each(|bundle| charters.take(bundle));
    let shelf = Shelf::open(&broker, VOLUMES_KEPT).await?;
    let stop = CancellationToken::new();
    let spans = match args.period {
        Some(span) => BTreeSet::from([span]),
        None => published(&broker, &args.district, &stop).await?,
    };
    let mut found: Vec<(TableName, Recount)> = Vec::new();
    for span in spans {
        let recounts = recount(&broker, &shelf, &charters, &args.district, span, &stop).await?;
        found.extend(recounts.into_iter().map(|recount| (span, recount)));
    }
    if found.is_empty() {
        bail!("nothing was published in {} that could be counted again", args.district);
    }
    if args.json {
        out::json(&found.iter().map(|(span, recount)| described(*span, recount)).collect::<Vec<_>>())?;
    } else {
        for (span, recount) in &found {
            print(*span, recount)?;
        }
    }
    if found.iter().all(|(_, recount)| recount.differences.is_empty()) { Ok(()) } else { Err(Answered.into()) }
}

/// The periods of a district that something is on the record about.
async fn published(broker: &Broker, district: &Code, stop: &CancellationToken) -> anyhow::Result<BTreeSet<TableName>> {
    let of_periods = CommitSubject::all_of_in(Kind::Period, district, Owner::Evaluation);
    let mut replay = broker.replay(vec![of_periods], 1, stop.clone());
    let mut spans = BTreeSet::new();
    while let Some(Step::Commit(stored)) = replay.next().await? {
        spans.extend(stored.subject.key.id.parse::<TableName>().ok());
    }
    Ok(spans)
}

fn described(span: TableName, recount: &Recount) -> serde_json::Value {
    json!({
        "period": span.to_string(),
        "publication": recount.publication,
        "sha256": recount.sha256,
        "scores": recount.scores,
        "same": recount.differences.is_empty(),
        "differences": recount.differences,
    })
}

fn print(span: TableName, recount: &Recount) -> anyhow::Result<()> {
    let Recount { publication, sha256, scores, differences } = recount;
    let word = if differences.is_empty() { "the same to the last byte" } else { "DIFFERENT" };
    out::line(format_args!(
        "{span} publication {publication}: {word}, {scores} scores computed again, sha256 {sha256}"
    ))?;
    differences.iter().try_for_each(|difference| out::line(format_args!("  {}", out::plain(difference))))
}
