//! `huying case`: cases, read back from the services.

use ids::CaseId;
use jiff::tz::TimeZone;
use owo_colors::OwoColorize;
use proto::FromWireTime;
use proto::casebook::v1::{Case, CaseSummary, GetRequest, ListRequest, StageReached};
use proto::common::v1::Stage;
use proto::intake::v1::{CallerClass, CaseKind, Way};
use tonic::Code;

use crate::client::{CURRENT, Installation, explain};
use crate::districts::Districts;
use crate::failure::BadUsage;
use crate::number::between;
use crate::out::{self, Manner};
use crate::render::{entry_line, local};

mod statistics;

use statistics::StatisticsArgs;

/// Cases a table shows when nobody says how many.
const TABLE_ROWS: u32 = 50;
/// Most that the casebook hands out at a time.
const PAGE_MAX: u32 = 1000;

/// Read cases.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Show(ShowArgs),
    List(ListArgs),
    Statistics(StatisticsArgs),
}

/// Show one case: what came in, where it stands, and every fact with who, when, how long after it came in, and against
/// which limit.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    installation: Installation,
    /// Its id, e.g. 261121-7k3q9xf
    #[arg(value_name = "ID")]
    case: String,
    /// Its district by code; all that are known are tried, if none is named
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// List cases, newest first. With --json, all that fit, as one array.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    installation: Installation,
    /// received, queued, assigned, called, joint-enforcement, resolved, reopened or closed
    #[arg(long, value_name = "STATE", default_value = "", hide_default_value = true)]
    state: String,
    /// A, B1, B2, C or D
    #[arg(long, value_name = "LEVEL", default_value = "", hide_default_value = true)]
    level: String,
    /// The party that has it, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    owner: String,
    /// District by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    district: String,
    /// report, service, suggestion or consult
    #[arg(long, value_name = "KIND", value_parser = |word: &str| number(word, "CASE_KIND_", CaseKind::from_str_name))]
    kind: Option<i32>,
    /// Who raised them: resident, grassroots or enterprise
    #[arg(long, value_name = "CLASS", value_parser = |word: &str| number(word, "CALLER_CLASS_", CallerClass::from_str_name))]
    class: Option<i32>,
    /// The channel they came in by, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    channel: String,
    /// How they were collected: online, patrol, visit, meeting or superior
    #[arg(long, value_name = "WAY", value_parser = |word: &str| number(word, "WAY_", Way::from_str_name))]
    way: Option<i32>,
    /// The campaign they belong to, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    campaign: String,
    /// Words that title or text have, all of them, e.g. "噪音 工地"
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    text: String,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = between(1_u32, u32::MAX))]
    limit: Option<u32>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: Command, manner: Manner) -> anyhow::Result<()> {
    match command {
        Command::Show(args) => show(args, manner).await,
        Command::List(args) => list(args, manner).await,
        Command::Statistics(args) => statistics::run(args, manner).await,
    }
}

async fn show(args: ShowArgs, manner: Manner) -> anyhow::Result<()> {
    let id: CaseId = args.case.parse().map_err(BadUsage::new)?;
    let districts = Districts::of(&args.installation).await?;
    let candidates = args.district.map_or_else(|| districts.codes(), |district| vec![district]);
    let mut casebook = args.installation.casebook().await?;
    for district in &candidates {
        let request = GetRequest { district: district.clone(), case_id: id.to_string(), freshness: None };
        match casebook.get(request).await {
            Ok(answer) => {
                let case = answer.into_inner().case.unwrap_or_default();
                if args.json {
                    return out::json(&case);
                }
                return print_case(&case, &districts.zone(district), manner);
            }
            // In a token for one district, the others are closed doors; one that is open may have it.
            Err(status)
                if [Code::NotFound, Code::PermissionDenied].contains(&status.code()) && candidates.len() > 1 => {}
            Err(status) => return Err(explain(&status)),
        }
    }
    anyhow::bail!("there is no case {id} in {}; `huying case list` shows which there are", candidates.join(", "))
}

fn print_case(case: &Case, zone: &TimeZone, manner: Manner) -> anyhow::Result<()> {
    let summary = case.summary.clone().unwrap_or_default();
    let title = out::plain(&summary.title);
    let title = if manner.colour { title.bold().to_string() } else { title };
    out::line(format_args!("{}  {title}", summary.case_id))?;
    let place = case.place.clone().unwrap_or_default();
    let received = summary.received_at.time().map(|at| local(at, zone)).unwrap_or_default();
    let facts = [
        ("state", join(&[&summary.state, &summary.outcome, &merged(&summary)])),
        ("district", summary.district.clone()),
        ("category", join(&[&summary.category, &summary.also.join(", "), &summary.level])),
        ("owner", summary.owner.clone()),
        ("place", join(&[&place.party, &place.address])),
        ("received", join(&[&received, &format!("by {}", summary.bridge)])),
        ("reports", if summary.reports > 1 { summary.reports.to_string() } else { String::new() }),
        ("campaign", summary.campaign.clone()),
        ("stages", case.stages.iter().map(stage_name).collect::<Vec<_>>().join(", ")),
        ("found at", case.related_case.clone()),
        ("again of", case.earlier_cases.join(", ")),
        ("text", case.text.trim().replace('\n', "\n            ")),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        out::line(format_args!("  {name:<8}  {}", out::plain_lines(value)))?;
    }
    out::line("")?;
    for entry in &case.timeline {
        out::line(entry_line(entry, zone, manner.colour))?;
    }
    Ok(())
}

/// A stage by the name that districts have for it.
fn stage_name(reached: &StageReached) -> &'static str {
    match reached.stage() {
        Stage::Unspecified => "",
        Stage::Collection => "问题收集",
        Stage::Call => "呼叫启动",
        Stage::Response => "分级响应",
        Stage::ReportIn => "报到处置",
        Stage::Feedback => "公众反馈",
        Stage::Analysis => "分析研判",
        Stage::Assessment => "考核评价",
    }
}

async fn list(args: ListArgs, manner: Manner) -> anyhow::Result<()> {
    let mut casebook = args.installation.casebook().await?;
    let wanted = args.limit.unwrap_or(if args.json { u32::MAX } else { TABLE_ROWS }) as usize;
    let mut request = ListRequest {
        district: args.district.clone(),
        state: args.state.clone(),
        level: args.level.clone(),
        owner: args.owner.clone(),
        page_size: u32::try_from(wanted).unwrap_or(PAGE_MAX).min(PAGE_MAX),
        page_token: String::new(),
        kind: args.kind.unwrap_or_default(),
        caller_class: args.class.unwrap_or_default(),
        channel: args.channel.clone(),
        way: args.way.unwrap_or_default(),
        campaign: args.campaign.clone(),
        text: args.text.clone(),
        freshness: Some(CURRENT),
        category: String::new(),
        received_from: None,
        received_until: None,
    };
    let mut cases: Vec<CaseSummary> = Vec::new();
    let (total, more) = loop {
        let page = casebook.list(request.clone()).await.map_err(|status| explain(&status))?.into_inner();
        let left = wanted - cases.len();
        cases.extend(page.cases.into_iter().take(left));
        if page.next_page_token.is_empty() || cases.len() >= wanted {
            break (page.total, if page.total_is_at_least { "or more" } else { "in all" });
        }
        request.page_token = page.next_page_token;
        // What came meanwhile stands before the first page.
        request.freshness = None;
    };
    if args.json {
        return out::json(&cases);
    }
    if cases.is_empty() {
        eprintln!("no case fits; `huying submit` or `huying bridge file` bring some in");
        return Ok(());
    }
    let districts = Districts::of(&args.installation).await?;
    print_table(&cases, &districts, manner)?;
    if total > cases.len() as u64 {
        eprintln!("{} of {total} {more}, newest first; --limit N shows more, --json all", cases.len());
    }
    Ok(())
}

fn print_table(cases: &[CaseSummary], districts: &Districts, manner: Manner) -> anyhow::Result<()> {
    let mut zones: std::collections::HashMap<&str, TimeZone> = std::collections::HashMap::new();
    let mut table = out::table(["CASE", "RECEIVED", "DISTRICT", "STATE", "LEVEL", "OWNER", "TITLE"]);
    for case in cases {
        let zone = zones.entry(&case.district).or_insert_with(|| districts.zone(&case.district));
        let received = case.received_at.time().map(|at| local(at, zone)).unwrap_or_default();
        table.add_row([
            case.case_id.clone(),
            received,
            case.district.clone(),
            join(&[&case.state, &case.outcome, &merged(case)]),
            case.level.clone(),
            case.owner.clone(),
            out::plain(&case.title),
        ]);
    }
    for (row, line) in out::lines_of(table).into_iter().enumerate() {
        if row == 0 && manner.colour {
            out::line(line.bold())?;
        } else {
            out::line(line)?;
        }
    }
    Ok(())
}

/// Where a duplicate went.
fn merged(case: &CaseSummary) -> String {
    if case.merged_into.is_empty() { String::new() } else { format!("part of {}", case.merged_into) }
}

/// A word of an enumeration of the contracts, as people write it; the first of each says nothing.
fn number<T: Into<i32>>(word: &str, prefix: &str, read: fn(&str) -> Option<T>) -> Result<i32, String> {
    let found = read(&format!("{prefix}{}", word.to_ascii_uppercase())).map(Into::into);
    found.filter(|number| *number != 0).ok_or_else(|| format!("{word:?} is not one of them; see --help"))
}

fn join(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
}
