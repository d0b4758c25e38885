//! Assessment of those posted to a street, and its export for whoever computes their allowance.

use anyhow::Context;
use charter::PartyKind;
use proto::powers::v1::allowance_service_client::AllowanceServiceClient;
use proto::powers::v1::{CloseSheetRequest, GetSheetRequest, RecordAssessmentRequest};
use serde::Serialize;
use tonic::Code;

use super::{Acting, recorded};
use crate::client::explain;
use crate::districts::Districts;
use crate::out;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Assess(Assess),
    CloseSheet(CloseSheet),
    Allowance(Allowance),
}

/// Assess a unit or a person posted to your street; until the sheet is closed a newer assessment replaces the older.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Assess {
    #[command(flatten)]
    acting: Acting,
    /// The street by code
    #[arg(value_name = "STREET")]
    street: String,
    /// A code for the time that is assessed, e.g. 2026 or 2026-q3
    #[arg(long, value_name = "CODE")]
    period: String,
    /// Posted unit, or that of the posted person
    #[arg(long, value_name = "CODE")]
    unit: String,
    /// Staff number of a posted person; left out: the unit itself
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    person: String,
    /// 0 to 100, e.g. 97.5
    #[arg(long, value_name = "N")]
    points: String,
    /// Needed below 100
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Hand your street's sheet over: it does not change any more.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CloseSheet {
    #[command(flatten)]
    acting: Acting,
    /// The street by code
    #[arg(value_name = "STREET")]
    street: String,
    /// The time that is assessed, e.g. 2026 or 2026-q3
    #[arg(long, value_name = "CODE")]
    period: String,
}

/// Print the sheets of a period, of all streets or of those that are named: as CSV for whoever computes the allowance of
/// posted units and people, or as JSON.
///
/// Open sheets are left out, because they may still change; --open prints them as well.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Allowance {
    #[command(flatten)]
    acting: Acting,
    /// The time that is assessed, e.g. 2026 or 2026-q3
    #[arg(long, value_name = "CODE")]
    period: String,
    /// A street by code; once for each. Left out: all of the district
    #[arg(long = "street", value_name = "CODE")]
    streets: Vec<String>,
    /// Also sheets that are not closed yet
    #[arg(long)]
    open: bool,
}

/// One row of the export.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
struct Row {
    district: String,
    period: String,
    street: String,
    unit: String,
    person: String,
    points: String,
    reason: String,
    closed: bool,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Assess(Assess { acting, street, period, unit, person, points, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request =
                RecordAssessmentRequest { district, street, command_id, period, unit, person, points, reason };
            recorded!(acting, AllowanceServiceClient, record_assessment, request)
        }
        Command::CloseSheet(CloseSheet { acting, street, period }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = CloseSheetRequest { district, street, command_id, period };
            recorded!(acting, AllowanceServiceClient, close_sheet, request)
        }
        Command::Allowance(args) => export(args).await,
    }
}

async fn export(args: Allowance) -> anyhow::Result<()> {
    let Allowance { acting, period, streets, open } = args;
    let streets = if streets.is_empty() { all_streets(&acting).await? } else { streets };
    let mut client = AllowanceServiceClient::new(acting.channel().await?);
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for street in streets {
        let district = acting.district.clone();
        let request = GetSheetRequest { district: district.clone(), street: street.clone(), period: period.clone() };
        let sheet = match client.get_sheet(request).await {
            Ok(sheet) => sheet.into_inner(),
            // A token of one street's does not reach the others.
            Err(status) if status.code() == Code::NotFound => continue,
            Err(status) => return Err(explain(&status)),
        };
        if !sheet.closed && !open {
            left_out += usize::from(!sheet.assessed.is_empty());
            continue;
        }
        rows.extend(sheet.assessed.into_iter().map(|line| Row {
            district: district.clone(),
            period: period.clone(),
            street: street.clone(),
            unit: line.unit,
            person: line.person,
            points: line.points,
            reason: line.reason,
            closed: sheet.closed,
        }));
    }
    if left_out > 0 {
        eprintln!("{left_out} sheets are not closed yet and left out; --open prints them as well");
    }
    if acting.json { out::json(&rows) } else { out::text(csv(&rows)?) }
}

async fn all_streets(acting: &Acting) -> anyhow::Result<Vec<String>> {
    let districts = Districts::of(&acting.installation).await?;
    let charter = districts.charter(&acting.district);
    let charter = charter.with_context(|| format!("no charter of {} is known here; name --street", acting.district))?;
    Ok(charter.find_parties(PartyKind::Street).map(|street| street.code.to_string()).collect())
}

fn csv(rows: &[Row]) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(["district", "period", "street", "unit", "person", "points", "reason", "closed"])?;
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_is_a_table_whose_words_may_have_commas_and_quotes() {
        let row = Row {
            district: "wuchang".to_owned(),
            period: "2026".to_owned(),
            street: "wuchang-jiyuqiao".to_owned(),
            unit: "wuchang-jiyuqiao-squad-market".to_owned(),
            person: String::new(),
            points: "97.50".to_owned(),
            reason: "迟到两次, \"已改\"".to_owned(),
            closed: true,
        };
        let head = "district,period,street,unit,person,points,reason,closed\n";
        assert_eq!(csv(&[]).unwrap(), head);
        let line =
            "wuchang,2026,wuchang-jiyuqiao,wuchang-jiyuqiao-squad-market,,97.50,\"迟到两次, \"\"已改\"\"\",true\n";
        assert_eq!(csv(&[row]).unwrap(), format!("{head}{line}"));
    }
}
