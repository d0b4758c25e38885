//! `huying archive export`: the cases of a month as a Parquet file, for those who count.

mod table;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use proto::casebook::v1::ExportRequest;
use serde_json::json;

use crate::client::{CURRENT, Installation};
use crate::districts::Districts;
use crate::out;
use table::Table;

/// Those who made it read and write it, their group reads it: it names cases, if nobody.
const FILE_MODE: u32 = 0o640;

/// Write the cases that came in within a month as a Parquet file for each district, a row a case.
///
/// Rows have what cases are counted by: codes, times, levels, outcomes, scores. They have no words, no addresses and
/// nobody's reference. Filed cases are there as all others. A case goes on after its month: export it again, and the
/// newer file replaces the older.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct Args {
    #[command(flatten)]
    installation: Installation,
    /// The month of receipt in the district's time zone, e.g. 2026-10
    #[arg(long, value_name = "MONTH")]
    month: String,
    /// Only this district, by code
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// The folder to write into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    to: PathBuf,
    /// Say as JSON what was written
    #[arg(long)]
    json: bool,
}

const COLUMNS: &str = "\
Columns:
  case_id, district, state, level, outcome, category, owner, place    codes; empty: not known yet
  kind, caller_class, channel, way, bridge, campaign                  how it came in
  received_at, closed_at, filed_at                                    UTC, in microseconds; null: not yet
  reports                                                             how many reports it stands for
  merged_into                                                         the earlier case it is part of
  also                                                                list: further categories
  scores                                                              list of party and score, 0 to 100

Example:
  huying archive export --month 2026-10 --to exports
  duckdb -c \"SELECT level, count(*), avg(closed_at - received_at)
             FROM 'exports/cases-wuchang-2026-10.parquet' GROUP BY level\"";

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let districts = match &args.district {
        Some(district) => vec![district.clone()],
        None => Districts::of(&args.installation).await?.codes(),
    };
    std::fs::create_dir_all(&args.to).with_context(|| format!("making {}", args.to.display()))?;
    let mut written = Vec::new();
    for district in districts {
        let file = args.to.join(format!("cases-{district}-{}.parquet", args.month));
        let rows = export(&args, &district, &file).await.with_context(|| format!("exporting {district}"))?;
        if !args.json {
            out::line(format_args!("{}  {rows} cases", file.display()))?;
        }
        written.push(json!({ "district": district, "file": file, "cases": rows }));
    }
    if args.json { out::json(&json!({ "month": args.month, "files": written })) } else { Ok(()) }
}

async fn export(args: &Args, district: &str, file: &Path) -> anyhow::Result<u64> {
    let request = ExportRequest { district: district.to_owned(), month: args.month.clone(), freshness: Some(CURRENT) };
    let mut answers = args.installation.casebook().await?.export(request).await?.into_inner();
    let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    // It has its name when it is whole: until then it has none, and goes with this process.
    let half_done =
        tempfile::NamedTempFile::new_in(&args.to).with_context(|| format!("writing into {}", args.to.display()))?;
    let mut table = Table::begin(half_done.reopen()?)?;
    let mut whole = false;
    while let Some(answer) = answers.message().await? {
        whole |= answer.last;
        for case in answer.cases {
            table.add(case)?;
        }
        line.set_message(format!("{district}: {} cases", table.rows()));
        line.tick();
    }
    line.finish_and_clear();
    ensure!(whole, "the casebook stopped in the middle; run it again");
    let rows = table.rows();
    table.finish()?.sync_all()?;
    half_done.as_file().set_permissions(Permissions::from_mode(FILE_MODE))?;
    half_done.persist(file).with_context(|| format!("naming {}", file.display()))?;
    Ok(rows)
}
