//! What is done about a period: published, appealed, answered, imported.

use std::path::PathBuf;

use anyhow::Context;

use super::{By, Of, Period};
use crate::client::explain;
use crate::failure::BadUsage;
use crate::out;

/// Count a period that is over and publish its table, or correct the last one with a reason.
///
/// It is done by the district's centre. Nothing that was published changes: a correction is another publication, which
/// names its reason. The whole record of the district is read for it, so a long one takes a while.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    by: By,
    /// Why the last publication is corrected
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    correct: String,
    /// Print what was published as JSON
    #[arg(long)]
    json: bool,
}

/// Say that the last publication is wrong about a unit, within the time that the charter gives.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AppealArgs {
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    by: By,
    /// The unit that appeals, by code
    #[arg(long, value_name = "CODE")]
    party: String,
    /// What is wrong
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Answer an appeal. One that is upheld is followed by a correction: `huying score publish --correct`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AnswerArgs {
    /// Its number, as `score show` prints it
    #[arg(value_name = "NUMBER")]
    appeal: u32,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    by: By,
    /// It is right; without this, it is not
    #[arg(long)]
    upheld: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Import marks from elsewhere as part of a year's result, before it is published or corrected.
///
/// The file is CSV in UTF-8 with the columns `party` and `mark`: a unit by its code, and 0 to 100 with at most four places.
/// All rows are taken or none, and replace what was imported before. Whose marks they are, the file's name and its SHA-256
/// stay on the record.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    by: By,
    /// Whose marks they are, in words
    #[arg(long, value_name = "TEXT")]
    source: String,
}

pub(super) async fn publish(args: PublishArgs) -> anyhow::Result<()> {
    let PublishArgs { period, by, correct, json } = args;
    let desk = period.desk_of_district(&by).await?;
    desk.publish(correct).await.map_err(|status| explain(&status))?;
    let shown = desk.shown().await.map_err(|status| explain(&status))?;
    let Some(last) = shown.publications.last() else { return Ok(()) };
    if json {
        return out::json(last);
    }
    let published = last.published.clone().unwrap_or_default();
    let table = published.table.unwrap_or_default();
    out::line(format_args!(
        "published {}, publication {}: {} units, read up to position {}, sha256 {}",
        table.period,
        table.publication,
        table.units.len(),
        table.position,
        published.sha256
    ))
}

pub(super) async fn appeal(args: AppealArgs) -> anyhow::Result<()> {
    let AppealArgs { period, by, party, reason } = args;
    let desk = period.desk(period.of.role(), &party, &by.by).await?;
    desk.appeal(reason).await.map_err(|status| explain(&status))?;
    out::line(format_args!("{party} has appealed against {}", period.period))
}

pub(super) async fn answer(args: AnswerArgs) -> anyhow::Result<()> {
    let AnswerArgs { appeal, period, by, upheld, reason } = args;
    let desk = period.desk_of_district(&by).await?;
    desk.answer(appeal, upheld, reason).await.map_err(|status| explain(&status))?;
    let word = if upheld { "upheld; correct the table with `huying score publish --correct`" } else { "rejected" };
    out::line(format_args!("appeal {appeal} is {word}"))
}

pub(super) async fn import(args: ImportArgs) -> anyhow::Result<()> {
    let ImportArgs { file, period, by, source } = args;
    let content = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    if period.of != Of::Called {
        return Err(BadUsage::new("an appraisal has no part from elsewhere: leave --of out").into());
    }
    let desk = period.desk_of_district(&by).await?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    desk.import(source, name, content).await.map_err(|status| explain(&status))?;
    let marks = desk.shown().await.map_err(|status| explain(&status))?.marks.unwrap_or_default();
    out::line(format_args!("imported {} marks for {}, sha256 {}", marks.marks.len(), period.period, marks.sha256))
}
