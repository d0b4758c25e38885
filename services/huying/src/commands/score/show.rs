//! `huying score show`: what was published of a period.

use std::collections::BTreeSet;

use anyhow::bail;
use proto::evaluation::v1::{Appeal, PeriodTable, PeriodUnit, Publication};

use super::Period;
use crate::client::explain;
use crate::districts::Districts;
use crate::out;
use crate::render::local;

/// Show what was published of a period: the table, and what was said against it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    period: Period,
    /// Which publication; the last one, if none is named
    #[arg(long, value_name = "NUMBER")]
    publication: Option<u32>,
    /// Print the table's text as it was published, byte for byte: its SHA-256 is the published one
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Print one line for each unit as CSV, for a spreadsheet
    #[arg(long, conflicts_with_all = ["json", "text"])]
    csv: bool,
    /// Print everything as JSON, all publications and appeals
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let (district, period) = (args.period.district.to_string(), args.period.period.clone());
    let desk = args.period.desk("operator", "", "cli").await?;
    let shown = desk.shown().await.map_err(|status| explain(&status))?;
    if args.json {
        return out::json(&shown);
    }
    let number = |publication: &Publication| {
        publication.published.as_ref().and_then(|it| it.table.as_ref()).map_or(0, |table| table.publication)
    };
    let wanted = |publication: &&Publication| args.publication.is_none_or(|wanted| number(publication) == wanted);
    let Some(publication) = shown.publications.iter().rev().find(wanted) else {
        bail!("{period} has no such publication in {district}; `huying score publish` makes one");
    };
    if args.text {
        return out::text(&publication.text);
    }
    if args.csv {
        return out::text(&csv(&publication.published.clone().unwrap_or_default().table.unwrap_or_default())?);
    }
    let zone = Districts::of(&args.period.installation).await?.zone(&district);
    let published = publication.published.clone().unwrap_or_default();
    let until = proto::FromWireTime::time(&published.appeals_until).map(|at| local(at, &zone)).unwrap_or_default();
    print(&published.table.unwrap_or_default(), &published.reason)?;
    out::line(format_args!("sha256 {}; to be appealed until {until}", published.sha256))?;
    shown.appeals.iter().try_for_each(appeal)
}

fn print(table: &PeriodTable, reason: &str) -> anyhow::Result<()> {
    out::line(format_args!("{} {}, publication {}", table.district, table.period, table.publication))?;
    if !reason.is_empty() {
        out::line(format_args!(
            "corrects publication {}: {}",
            table.publication.saturating_sub(1),
            out::plain(reason)
        ))?;
    }
    if table.formulas.len() > 1 {
        out::line(format_args!("scored by {} formulas:", table.formulas.len()))?;
    }
    for formula in &table.formulas {
        let weights: Vec<String> =
            formula.weights.iter().map(|weight| format!("{} {}", weight.component, weight.weight)).collect();
        let (name, scores, unrated) = (out::plain(&formula.name), formula.scores, &formula.unrated);
        out::line(format_args!("{scores} scores by {name} ({}; unrated: {unrated})", weights.join(", ")))?;
    }
    let is_appraisal = table.units.iter().any(|unit| unit.reported > 0 || !unit.staff.is_empty());
    let header = ["RANK", "UNIT", "CASES", "SCORE", "95 %", "IMPORTED", "RESULT", "TIER", "RATES"];
    let mut rows = out::table(header.into_iter().chain(is_appraisal.then_some("BROUGHT IN, BY")).collect::<Vec<_>>());
    for unit in &table.units {
        let brought = is_appraisal.then(|| format!("{}, {}", unit.reported, unit.staff.join(" ")));
        rows.add_row(row(unit).into_iter().chain(brought).collect::<Vec<_>>());
    }
    for line in out::lines_of(rows) {
        out::line(line)?;
    }
    if table.external > 0 {
        out::line(format_args!("{} scores of outside units are kept out", table.external))?;
    }
    let excluded: Vec<String> = table.excluded.iter().map(|it| format!("{} {}", it.party, it.cases)).collect();
    match excluded.join(", ") {
        list if list.is_empty() => out::line(format_args!("{} cases were excluded", table.excluded_cases)),
        list => out::line(format_args!("{} cases were excluded: {list}", table.excluded_cases)),
    }
}

/// Components in the order of their names, each with its mean in percent and over how many cases.
fn csv(table: &PeriodTable) -> anyhow::Result<String> {
    let rates = table.units.iter().flat_map(|unit| &unit.rates);
    let components: BTreeSet<&str> = rates.map(|rate| rate.component.as_str()).collect();
    let mut lines = ::csv::Writer::from_writer(Vec::new());
    let columns = ["district", "period", "publication", "rank", "unit", "cases", "held_back", "score", "low", "high"];
    let more = ["imported", "result", "tier", "reported", "staff"];
    let of_rates = components.iter().flat_map(|name| [format!("{name}_percent"), format!("{name}_cases")]);
    lines.write_record(columns.into_iter().chain(more).map(str::to_owned).chain(of_rates))?;
    for unit in &table.units {
        let rank = if unit.rank == 0 { String::new() } else { unit.rank.to_string() };
        let fields = [
            table.district.clone(),
            table.period.clone(),
            table.publication.to_string(),
            rank,
            unit.party.clone(),
            unit.cases.to_string(),
            unit.held_back.to_string(),
            unit.mean.clone(),
            unit.low.clone(),
            unit.high.clone(),
            unit.imported.clone(),
            unit.result.clone(),
            unit.tier.clone(),
            unit.reported.to_string(),
            unit.staff.join(" "),
        ];
        let rate = |name: &&str| {
            let known = unit.rates.iter().find(|rate| rate.component == **name);
            known.map_or([String::new(), "0".to_owned()], |rate| [rate.mean.clone(), rate.cases.to_string()])
        };
        lines.write_record(fields.into_iter().chain(components.iter().flat_map(rate)))?;
    }
    Ok(String::from_utf8(lines.into_inner()?)?)
}

fn row(unit: &PeriodUnit) -> [String; 9] {
    let there = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let rates: Vec<String> = unit
        .rates
        .iter()
        .map(|rate| match rate.mean.as_str() {
            "" => format!("{} not rated", rate.component),
            mean => format!("{} {mean} of {}", rate.component, rate.cases),
        })
        .collect();
    let cases = match unit.held_back {
        0 => unit.cases.to_string(),
        held_back => format!("{} + {held_back} held back", unit.cases),
    };
    let interval = if unit.low.is_empty() { "-".to_owned() } else { format!("{} to {}", unit.low, unit.high) };
    [
        if unit.rank == 0 { "-".to_owned() } else { unit.rank.to_string() },
        unit.party.clone(),
        cases,
        there(&unit.mean),
        interval,
        there(&unit.imported),
        there(&unit.result),
        there(&unit.tier),
        rates.join(", "),
    ]
}

fn appeal(appeal: &Appeal) -> anyhow::Result<()> {
    let said = appeal.appealed.clone().unwrap_or_default();
    out::line(format_args!(
        "appeal {} of {} against publication {}: {}",
        said.appeal,
        said.party,
        said.publication,
        out::plain(&said.reason)
    ))?;
    match &appeal.answered {
        None => out::line("  not answered yet"),
        Some(answer) => {
            let word = if answer.upheld { "upheld" } else { "rejected" };
            out::line(format_args!("  {word}: {}", out::plain(&answer.answer)))
        }
    }
}
