//! What a department has to do, and which of its answers were refused.

use jiff::tz::TimeZone;
use proto::FromWireTime;
use proto::common::v1::Colour;
use proto::dispatch::v1::CallOrder;
use proto::dispatch::v1::answer::Answer as Said;
use proto::responder::v1::{ListCallsRequest, ListCallsResponse, ReceivedCall, RefusedAnswer, SeeRefusedRequest};

use super::{Desk, calls};
use crate::client::explain;
use crate::number::between;
use crate::out;
use crate::render::local;

/// Calls asked for at a time, and shown when nobody says how many.
const PAGE: u32 = 100;

/// List the calls, the most urgent first, and the answers that were refused and nobody has seen.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    desk: Desk,
    /// Only those to work on
    #[arg(long, conflicts_with = "all")]
    open: bool,
    /// Also those that are over
    #[arg(long)]
    all: bool,
    /// Only of one colour: red, yellow or blue
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    colour: Option<Colour>,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = between(1_u32, u32::MAX), default_value_t = PAGE)]
    limit: u32,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// Say that somebody has seen that an answer was refused: it is not listed any more.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SeenArgs {
    /// The case it was about
    #[arg(value_name = "CASE")]
    case: String,
    /// Its command id, as `call list` prints it
    #[arg(value_name = "COMMAND")]
    command_id: String,
    /// District by code
    #[arg(long, value_name = "CODE")]
    district: String,
    #[command(flatten)]
    desk: Desk,
}

fn colour(word: &str) -> Result<Colour, String> {
    let found = Colour::from_str_name(&format!("COLOUR_{}", word.to_ascii_uppercase()));
    found.filter(|it| *it != Colour::Unspecified).ok_or_else(|| format!("{word:?} is none of red, yellow and blue"))
}

pub(super) async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut desk = args.desk.open().await?;
    let request = ListCallsRequest {
        all: args.all,
        open: args.open,
        colour: args.colour.unwrap_or_default().into(),
        page_size: args.limit.min(PAGE),
        page_token: String::new(),
    };
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (calls, refused_answers) = calls(&mut desk, request, most).await?;
    if args.json {
        return out::json(&ListCallsResponse { calls, refused_answers, next_page_token: String::new() });
    }
    if calls.is_empty() {
        eprintln!("no call fits");
    } else {
        let mut table = out::table(["CASE", "CALL", "COLOUR", "STATE", "NEXT DUE", "WAITING", "TITLE"]);
        for call in &calls {
            table.add_row(row(call));
        }
        out::lines_of(table).into_iter().try_for_each(out::line)?;
    }
    if !refused_answers.is_empty() {
        out::line("")?;
        out::line("Refused by the hub, and seen by nobody yet (`huying call seen CASE COMMAND --district CODE`):")?;
        refused_answers.iter().try_for_each(|refused| out::line(refused_line(refused)))?;
    }
    Ok(())
}

fn row(call: &ReceivedCall) -> [String; 7] {
    let order = call.call.clone().unwrap_or_default();
    [
        call.case_id.clone(),
        call.tasks.first().map_or(order.call, |task| task.call.max(order.call)).to_string(),
        proto::word(order.colour().as_str_name(), "COLOUR_"),
        call.state.clone(),
        due(call, &order),
        if call.waiting_answers > 0 { call.waiting_answers.to_string() } else { String::new() },
        out::plain(&order.title),
    ]
}

/// What is due next of it, by the clock of this machine.
fn due(call: &ReceivedCall, order: &CallOrder) -> String {
    let due = match call.state.as_str() {
        "called" => order.response_due,
        "responded" => order.report_in_due,
        "reported-in" => order.completion_due,
        _ => None,
    };
    due.time().map(|at| local(at, &TimeZone::system())).unwrap_or_default()
}

fn refused_line(refused: &RefusedAnswer) -> String {
    let answer = refused.answer.clone().unwrap_or_default();
    let what = match answer.answer {
        Some(Said::Respond(_)) => "respond",
        Some(Said::ReportIn(_)) => "report-in",
        Some(Said::Progress(_)) => "progress",
        Some(Said::TaskDone(_)) => "task-done",
        Some(Said::Done(_)) => "done",
        Some(Said::Return(_)) => "return",
        Some(Said::AnswerSupervision(_)) => "answer-supervision",
        Some(Said::RelatedCase(_)) => "related-case",
        None => "answer",
    };
    let why = refused.refusal.clone().unwrap_or_default();
    let at = refused.refused_at.time().map(|at| local(at, &TimeZone::system())).unwrap_or_default();
    format!(
        "  {}  call {}  {what}  {}  {at}  {} ({})",
        answer.case_id,
        answer.call,
        answer.command_id,
        out::plain(&why.message),
        why.code
    )
}

pub(super) async fn seen(args: SeenArgs) -> anyhow::Result<()> {
    let SeenArgs { case, command_id, district, desk } = args;
    let request = SeeRefusedRequest { district, case_id: case.clone(), command_id: command_id.clone() };
    desk.open().await?.see_refused(request).await.map_err(|status| explain(&status))?;
    out::line(format_args!("{case} {command_id}: seen"))
}
