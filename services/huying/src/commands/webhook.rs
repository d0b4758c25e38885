//! `huying webhook`: what bridges are told by webhook, for whoever runs the installation (docs/doors/webhooks.md).

use anyhow::bail;
use jiff::Timestamp;
use proto::notification::v1::webhook_service_client::WebhookServiceClient;
use proto::notification::v1::{ListWebhooksRequest, ReplayWebhookRequest, TestWebhookRequest, Webhook};
use proto::{FromWireTime, ToWireTime, WireTimestamp};

use crate::client::{Authorised, Installation, explain};
use crate::failure::{Answered, BadUsage};
use crate::out;

/// Bridges that are told by webhook what became of their cases: how far, what waits, what was given up.
///
/// Who they are stands in the file that notification is given by --webhooks-file. Exit code 1 of `test`: it was not taken.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    List(ListArgs),
    Test(TestArgs),
    Replay(ReplayArgs),
    Secret,
}

const EXAMPLES: &str = "\
Examples:
  huying webhook secret
  huying webhook test heping-board
  huying webhook list
  huying webhook replay heping-board 6ba64c0f75ed22a4aca8ccda1a4b4a40
  huying webhook replay heping-board --dead
  huying webhook replay heping-board --from 2026-11-20T08:00:00+08:00";

/// List the bridges, what of their cases waits to be tried again, and what was given up.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    installation: Installation,
    /// Only this one
    bridge: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Send one signed event of type huying.webhook.test now, and say what came of it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    installation: Installation,
    /// The bridge, by its code
    bridge: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Send again what was given up, or everything since a time. Ids stay what they were: whoever remembers them knows repeats.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    installation: Installation,
    /// The bridge, by its code
    bridge: String,
    /// Id of one that was given up, as `webhook list` prints it
    #[arg(conflicts_with_all = ["dead", "from"])]
    webhook_id: Option<String>,
    /// Everything that was given up
    #[arg(long, conflicts_with = "from")]
    dead: bool,
    /// Everything that happened from here on, e.g. 2026-11-20T08:00:00+08:00
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args).await,
        Command::Test(args) => test(args).await,
        Command::Replay(args) => replay(args).await,
        Command::Secret => out::line(webhook::Secret::generate().reveal()),
    }
}

async fn open(installation: &Installation) -> anyhow::Result<WebhookServiceClient<Authorised>> {
    Ok(WebhookServiceClient::new(installation.channel().await?))
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let request = ListWebhooksRequest { bridge: args.bridge.unwrap_or_default() };
    let answer = open(&args.installation).await?.list_webhooks(request).await;
    let webhooks = answer.map_err(|status| explain(&status))?.into_inner().webhooks;
    if args.json {
        return out::json(&webhooks);
    }
    for webhook in &webhooks {
        show(webhook)?;
    }
    Ok(())
}

fn show(webhook: &Webhook) -> anyhow::Result<()> {
    let Webhook { bridge, url, taken_at, failed_at, error, waiting, dead, .. } = webhook;
    let taken = taken_at.map_or("nothing taken yet".to_owned(), |at| format!("last taken {}", time(at)));
    out::line(format_args!("{bridge}  {}  {taken}, {} wait, {} given up", out::plain(url), waiting.len(), dead.len()))?;
    if let Some(at) = failed_at {
        out::line(format_args!("  last failed {}: {}", time(*at), out::plain(error)))?;
    }
    for case in waiting {
        let next = case.next_at.map(time).unwrap_or_default();
        let (id, kind, error) = (out::plain(&case.webhook_id), out::plain(&case.r#type), out::plain(&case.error));
        let (case_id, events, tries) = (&case.case_id, case.events, case.tries);
        out::line(format_args!(
            "  waits     {case_id}  {events} from {kind} {id}, {tries} tries, next {next}: {error}"
        ))?;
    }
    for letter in dead {
        let at = letter.at.map(time).unwrap_or_default();
        let (id, kind, error) = (out::plain(&letter.webhook_id), out::plain(&letter.r#type), out::plain(&letter.error));
        let (case_id, tries) = (&letter.case_id, letter.tries);
        out::line(format_args!("  given up  {case_id}  {kind} {id}, {tries} tries, {at}: {error}"))?;
    }
    Ok(())
}

async fn test(args: TestArgs) -> anyhow::Result<()> {
    let request = TestWebhookRequest { bridge: args.bridge };
    let answer = open(&args.installation).await?.test_webhook(request).await;
    let answer = answer.map_err(|status| explain(&status))?.into_inner();
    if args.json {
        out::json(&answer)?;
    } else if answer.taken {
        out::line(format_args!("taken in {} ms, as {}", answer.took_ms, answer.webhook_id))?;
    } else {
        out::line(format_args!("not taken: {}", out::plain(&answer.error)))?;
    }
    if answer.taken { Ok(()) } else { Err(Answered.into()) }
}

async fn replay(args: ReplayArgs) -> anyhow::Result<()> {
    if args.webhook_id.is_none() && !args.dead && args.from.is_none() {
        return Err(BadUsage::new("say what: an id, --dead, or --from").into());
    }
    let request = ReplayWebhookRequest {
        bridge: args.bridge,
        webhook_id: args.webhook_id.unwrap_or_default(),
        from: args.from.map(ToWireTime::to_wire),
    };
    let answer = open(&args.installation).await?.replay_webhook(request).await;
    let answer = answer.map_err(|status| explain(&status))?.into_inner();
    if args.json {
        return out::json(&answer);
    }
    if args.from.is_some() {
        return out::line("it is told everything from there on, again");
    }
    if answer.events == 0 {
        bail!("nothing was given up");
    }
    out::line(format_args!("{} on their way again", answer.events))
}

/// In UTC: it is about a machine, not about a district.
fn time(at: WireTimestamp) -> String {
    Some(at).time().map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}
