//! What a department says of a call.

use proto::common::v1::{Officer, Outcome};
use proto::dispatch::v1::{ProgressKind, ReturnBasis};
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::responder::v1::{
    AnswerState, AnswerStatus, CompleteTaskRequest, DoneRequest, ListCallsRequest, ProgressRequest, ReceivedCall,
    ReportInRequest, RespondRequest, ReturnRequest,
};
use serde_json::{Value, json};

use super::{Desk, calls};
use crate::client::{Authorised, explain};
use crate::failure::{Answered, BadUsage};
use crate::out;

/// Which call is answered, and how it is told what became of it.
#[derive(Clone, Debug, clap::Args)]
struct About {
    /// The case, e.g. 261121-7k3q9xf
    #[arg(value_name = "CASE")]
    case: String,
    /// Which of its calls, where the department has several
    #[arg(long, value_name = "N")]
    call: Option<u32>,
    /// Name of this answer; the same one again is the same answer, and is told what became of it
    #[arg(long, value_name = "ID")]
    command_id: Option<String>,
    /// Print what became of it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    desk: Desk,
}

/// Who is meant.
#[derive(Clone, Debug, clap::Args)]
struct Named {
    /// The officer by staff number, never by name
    #[arg(long, value_name = "STAFF")]
    officer: String,
    /// Post held, in words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    post: String,
}

impl From<Named> for Officer {
    fn from(Named { officer, post }: Named) -> Self {
        Self { staff_ref: officer, post }
    }
}

/// Acknowledge a call and name the officer who comes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RespondArgs {
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    named: Named,
}

/// Say that the officer is there.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReportInArgs {
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    named: Named,
    /// The officer is in charge of the matter and may decide it; nobody else reports in
    #[arg(long, required = true)]
    in_charge: bool,
}

/// Say what was done or found.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ProgressArgs {
    #[command(flatten)]
    about: About,
    /// reply, contact-failed, finding, action or note
    #[arg(long, value_name = "KIND", value_parser = |word: &str| read(word, "PROGRESS_KIND_", ProgressKind::from_str_name))]
    kind: ProgressKind,
    /// What, in words
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// What shows it: the id of a file, or a reference; several times for several
    #[arg(long, value_name = "REFERENCE")]
    evidence: Vec<String>,
}

/// Say that a task is done.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TaskDoneArgs {
    #[command(flatten)]
    about: About,
    /// Which, as `call list --json` prints it
    #[arg(long, value_name = "N")]
    task: u32,
    #[command(flatten)]
    shown: Shown,
}

/// Say that the department is done with a call, and what came of it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DoneArgs {
    #[command(flatten)]
    about: About,
    /// solved, explained, not-accepted or not-solved
    #[arg(long, value_name = "OUTCOME", value_parser = |word: &str| read(word, "OUTCOME_", Outcome::from_str_name))]
    outcome: Outcome,
    #[command(flatten)]
    shown: Shown,
}

/// What is said and shown of work.
#[derive(Clone, Debug, clap::Args)]
struct Shown {
    /// What was done, in words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    /// What shows it: a reference without blanks; several times for several
    #[arg(long, value_name = "REFERENCE")]
    evidence: Vec<String>,
}

/// Send a call back to whom it belongs, once; its clocks go on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReturnArgs {
    #[command(flatten)]
    about: About,
    /// What gives the matter to another unit: legal or duty
    #[arg(long, value_name = "BASIS", value_parser = |word: &str| read(word, "RETURN_BASIS_", ReturnBasis::from_str_name))]
    basis: ReturnBasis,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The unit it belongs to, by code
    #[arg(long, value_name = "CODE")]
    proposes: String,
}

/// A word of the contracts, as people write it; the first of each says nothing.
fn read<T: Into<i32> + Copy>(word: &str, prefix: &str, known: fn(&str) -> Option<T>) -> Result<T, String> {
    let name = format!("{prefix}{}", word.to_ascii_uppercase().replace('-', "_"));
    let found = known(&name).filter(|value| (*value).into() != 0);
    found.ok_or_else(|| format!("{word:?} is not one of them; see --help"))
}

/// An answer that is about to be given.
struct Giving {
    desk: ResponderServiceClient<Authorised>,
    district: String,
    case_id: String,
    call: u32,
    command_id: String,
    json: bool,
}

impl About {
    /// Finds the call among those of the department, which are on its own disk.
    async fn open(self) -> anyhow::Result<Giving> {
        let mut desk = self.desk.open().await?;
        let all = ListCallsRequest { all: true, ..ListCallsRequest::default() };
        let (calls, _) = calls(&mut desk, all, usize::MAX).await?;
        let mut of_case: Vec<&ReceivedCall> = calls.iter().filter(|call| call.case_id == self.case).collect();
        if let Some(number) = self.call {
            of_case.retain(|call| number_of(call) == number);
        } else if of_case.len() > 1 {
            // What is finished is rarely meant.
            of_case.retain(|call| !["done", "over"].contains(&call.state.as_str()));
        }
        let (district, call) = match of_case[..] {
            [one] => (one.district.clone(), number_of(one)),
            [] => {
                let case = &self.case;
                return Err(
                    BadUsage::new(format_args!("{case}: no such call; `huying call list --all` shows them")).into()
                );
            }
            _ => return Err(BadUsage::new("--call: the department has several calls about it, which one?").into()),
        };
        let command_id = self.command_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        Ok(Giving { desk, district, case_id: self.case, call, command_id, json: self.json })
    }
}

fn number_of(call: &ReceivedCall) -> u32 {
    let tasks = call.tasks.iter().map(|task| task.call);
    call.call.iter().map(|order| order.call).chain(tasks).max().unwrap_or_default()
}

/// What became of it: accepted, kept, or refused, which is a failure.
fn tell(status: Option<AnswerStatus>, json: bool, command_id: &str) -> anyhow::Result<()> {
    let status = status.unwrap_or_default();
    let refusal = status.refusal.clone().unwrap_or_default();
    let word = proto::word(status.state().as_str_name(), "ANSWER_STATE_");
    if json {
        let refused = (status.state() == AnswerState::Refused).then_some(&refusal);
        out::json(&answer_json(&word, &status, command_id, refused.map(serde_json::to_value).transpose()?))?;
    } else {
        match status.state() {
            AnswerState::Accepted => out::line(format_args!("accepted as revision {}", status.revision))?,
            AnswerState::Refused => {
                out::line(format_args!("refused: {} ({})", out::plain(&refusal.message), refusal.code))?;
                for violation in &refusal.violations {
                    let description = out::plain(&violation.description);
                    out::line(format_args!("  {}: {description} ({})", violation.field, violation.rule))?;
                }
            }
            AnswerState::Kept | AnswerState::Unspecified => out::line(format_args!(
                "kept as {command_id}: the hub does not answer, and gets it by itself when it is back; should it refuse it then, \
                 `huying call list` shows that"
            ))?,
        }
    }
    if status.state() == AnswerState::Refused { Err(Answered.into()) } else { Ok(()) }
}

fn answer_json(word: &str, status: &AnswerStatus, command_id: &str, refusal: Option<Value>) -> Value {
    json!({
        "state": word,
        "command_id": command_id,
        "revision": status.revision,
        "position": status.position,
        "refusal": refusal,
    })
}

pub(super) async fn respond(args: RespondArgs) -> anyhow::Result<()> {
    let Giving { mut desk, district, case_id, call, command_id, json } = args.about.open().await?;
    let officer = Some(args.named.into());
    let request = RespondRequest { district, case_id, call, command_id: command_id.clone(), officer };
    let said = desk.respond(request).await.map_err(|status| explain(&status))?;
    tell(said.into_inner().status, json, &command_id)
}

pub(super) async fn report_in(args: ReportInArgs) -> anyhow::Result<()> {
    let Giving { mut desk, district, case_id, call, command_id, json } = args.about.open().await?;
    let request = ReportInRequest {
        district,
        case_id,
        call,
        command_id: command_id.clone(),
        officer: Some(args.named.into()),
        owns_matter: args.in_charge,
        check_in: None,
    };
    let said = desk.report_in(request).await.map_err(|status| explain(&status))?;
    tell(said.into_inner().status, json, &command_id)
}

pub(super) async fn progress(args: ProgressArgs) -> anyhow::Result<()> {
    let Giving { mut desk, district, case_id, call, command_id, json } = args.about.open().await?;
    let (kind, note, evidence) = (args.kind.into(), args.note, args.evidence);
    let request = ProgressRequest { district, case_id, call, command_id: command_id.clone(), kind, note, evidence };
    let said = desk.progress(request).await.map_err(|status| explain(&status))?;
    tell(said.into_inner().status, json, &command_id)
}

pub(super) async fn task_done(args: TaskDoneArgs) -> anyhow::Result<()> {
    let Giving { mut desk, district, case_id, call, command_id, json } = args.about.open().await?;
    let (task, Shown { note, evidence }) = (args.task, args.shown);
    let request = CompleteTaskRequest { district, case_id, call, command_id: command_id.clone(), task, note, evidence };
    let said = desk.complete_task(request).await.map_err(|status| explain(&status))?;
    tell(said.into_inner().status, json, &command_id)
}

pub(super) async fn done(args: DoneArgs) -> anyhow::Result<()> {
    let Giving { mut desk, district, case_id, call, command_id, json } = args.about.open().await?;
    let (outcome, Shown { note, evidence }) = (args.outcome.into(), args.shown);
    let request = DoneRequest { district, case_id, call, command_id: command_id.clone(), outcome, note, evidence };
    let said = desk.done(request).await.map_err(|status| explain(&status))?;
    tell(said.into_inner().status, json, &command_id)
}

pub(super) async fn r#return(args: ReturnArgs) -> anyhow::Result<()> {
    let Giving { mut desk, district, case_id, call, command_id, json } = args.about.open().await?;
    let ReturnArgs { basis, reason, proposes, .. } = args;
    let request = ReturnRequest {
        district,
        case_id,
        call,
        command_id: command_id.clone(),
        basis: basis.into(),
        reason,
        proposes,
    };
    let said = desk.r#return(request).await.map_err(|status| explain(&status))?;
    tell(said.into_inner().status, json, &command_id)
}
