//! `huying report`: the statement of a period, for a terminal, for machines, for a spreadsheet, for print.
//!
//! The casebook counts and names everything (`CasebookService/Report`); here it is only written down, in one of five forms,
//! each in a file of its own. The same record gives the same bytes: nothing here reads a clock.

mod chart;
mod html;
mod machine;
mod terminal;
mod words;
mod xlsx;

#[cfg(test)]
mod tests;

use std::fs::Permissions;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use proto::casebook::v1::{ReportRequest, ReportResponse};

use crate::client::{CURRENT, Installation, explain};
use crate::districts::Districts;
use crate::failure::BadUsage;
use crate::out::{self, Manner};
use words::Lang;

/// Those who made it read and write it, everybody else reads it: a statement names units and nobody's person.
const FILE_MODE: u32 = 0o644;

/// Write the statement of a day, a month, a year or some days: what came in, how it was answered, in time or not, by whom,
/// what it was in the period before, and what is open.
///
/// Every figure has its base and its requirement beside it. The same record gives the same bytes, whenever it is written.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    installation: Installation,
    /// District by code; may be left out where there is one
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// A day (2026-04-17), a month (2026-04), a year (2026), or a first and a last day (2026-04-01..2026-04-15)
    #[arg(long, value_name = "PERIOD")]
    period: String,
    /// Only what lies in this street or community, or was in its hands, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    party: String,
    /// table for a terminal, csv and json for machines, xlsx for a spreadsheet, html to read and to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table", hide_possible_values = true)]
    format: Format,
    /// Language of titles and names: zh or en. json has both
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value = "zh", hide_possible_values = true)]
    lang: Lang,
    /// The file to write; else standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  huying report --district wuchang --period 2026-04
  huying report --district wuchang --period 2026-04-17 --party wuchang-liangdao
  huying report --district wuchang --period 2026 --format html --out 2026.html
  huying report --district wuchang --period 2026-04 --format csv --lang en |
    grep ',indicators,'";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
    Xlsx,
    Html,
}

pub(crate) async fn run(args: Args, manner: Manner) -> anyhow::Result<()> {
    if args.format == Format::Xlsx && args.out.is_none() && std::io::stdout().is_terminal() {
        return Err(BadUsage::new("a spreadsheet is nothing for a terminal: name a file with --out").into());
    }
    let district = match &args.district {
        Some(district) => district.clone(),
        None => match &Districts::of(&args.installation).await?.codes()[..] {
            [only] => only.clone(),
            known => return Err(BadUsage::new(format!("which district? --district {}", known.join(" | "))).into()),
        },
    };
    let (period, party) = (args.period.clone(), args.party.clone());
    let request = ReportRequest { district, period, party, freshness: Some(CURRENT) };
    let mut casebook = args.installation.casebook().await?;
    let report = casebook.report(request).await.map_err(|status| explain(&status))?.into_inner();
    // In a file there are no colours.
    let manner = Manner { colour: manner.colour && args.out.is_none() };
    let bytes = written(&report, args.format, args.lang, manner)?;
    match &args.out {
        Some(file) => {
            save(file, &bytes).with_context(|| format!("writing {}", file.display()))?;
            eprintln!("{} to {}: {}", report.from, report.to, file.display());
            Ok(())
        }
        None => out::bytes(&bytes),
    }
}

/// The statement in one of its forms.
fn written(report: &ReportResponse, format: Format, lang: Lang, manner: Manner) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Table => Ok(terminal::written(report, lang, manner).into_bytes()),
        Format::Csv => machine::csv(report, lang),
        Format::Json => machine::json(report),
        Format::Xlsx => xlsx::written(report, lang),
        Format::Html => html::written(report, lang).map(String::into_bytes),
    }
}

/// It has its name when it is whole.
fn save(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut half_done = tempfile::NamedTempFile::new_in(folder)?;
    half_done.write_all(bytes)?;
    half_done.as_file().set_permissions(Permissions::from_mode(FILE_MODE))?;
    half_done.persist(file)?;
    Ok(())
}
