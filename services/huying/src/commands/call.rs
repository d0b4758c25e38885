//! `huying call`: a department at its desk, for people at a terminal and for scripts.

mod answer;
mod list;

use chassis::Identity;
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::responder::v1::{ListCallsRequest, ReceivedCall};

use crate::client::{Authorised, Installation, explain};
use crate::failure::BadUsage;

/// Calls of one department: looked at and answered at its own responder, whether the hub is there or not.
///
/// Each answer says what became of it: accepted, refused with the rule, or kept, because the hub is away; what is kept is sent by
/// itself. With --json it is printed as JSON. Exit code 1: refused.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    List(list::ListArgs),
    Seen(list::SeenArgs),
    Respond(answer::RespondArgs),
    ReportIn(answer::ReportInArgs),
    Progress(answer::ProgressArgs),
    TaskDone(answer::TaskDoneArgs),
    Done(answer::DoneArgs),
    Return(answer::ReturnArgs),
}

const EXAMPLES: &str = "\
Examples:
  huying call list --department wuchang-water --open --colour red
  huying call respond 261121-7k3q9xf --department wuchang-water \\
      --officer w-017 --post 值班长
  huying call report-in 261121-7k3q9xf --department wuchang-water \\
      --officer w-017 --in-charge
  huying call done 261121-7k3q9xf --department wuchang-water \\
      --outcome solved --note 阀门已更换 --evidence photo/1.jpg
  huying call return 261121-7k3q9xf --department wuchang-water \\
      --basis duty --reason 小区内管网 --proposes wuchang-housing

At a department's own responder: --grpc http://HOST:7070 --token TOKEN instead of
--department. What the words mean is in docs/department.md.";

/// Whose desk.
#[derive(Clone, Debug, clap::Args)]
struct Desk {
    #[command(flatten)]
    installation: Installation,
    /// The department by code; a token says it itself
    #[arg(long, env = "HUYING_DEPARTMENT", value_name = "CODE")]
    department: Option<String>,
}

impl Desk {
    async fn open(&self) -> anyhow::Result<ResponderServiceClient<Authorised>> {
        if self.department.is_none() && self.installation.token.is_none() {
            return Err(BadUsage::new("--department: whose desk? Or --grpc and --token of its own responder").into());
        }
        let identity = Identity {
            role: "department".to_owned(),
            party: self.department.clone().unwrap_or_default(),
            district: String::new(),
            staff_ref: "cli".to_owned(),
        };
        Ok(ResponderServiceClient::new(self.installation.channel_as(&identity).await?))
    }
}

/// Every call that fits, page after page.
async fn calls(
    desk: &mut ResponderServiceClient<Authorised>,
    mut request: ListCallsRequest,
    most: usize,
) -> anyhow::Result<(Vec<ReceivedCall>, Vec<proto::responder::v1::RefusedAnswer>)> {
    let mut calls = Vec::new();
    loop {
        let page = desk.list_calls(request.clone()).await.map_err(|status| explain(&status))?.into_inner();
        calls.extend(page.calls);
        if page.next_page_token.is_empty() || calls.len() >= most {
            calls.truncate(most);
            return Ok((calls, page.refused_answers));
        }
        request.page_token = page.next_page_token;
    }
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list::list(args).await,
        Command::Seen(args) => list::seen(args).await,
        Command::Respond(args) => answer::respond(args).await,
        Command::ReportIn(args) => answer::report_in(args).await,
        Command::Progress(args) => answer::progress(args).await,
        Command::TaskDone(args) => answer::task_done(args).await,
        Command::Done(args) => answer::done(args).await,
        Command::Return(args) => answer::r#return(args).await,
    }
}
