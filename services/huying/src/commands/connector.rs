//! `huying connector`: everything that joins the platform to the outside, shown, paused and resumed.

use clap::builder::NonEmptyStringValueParser;
use ids::Code;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use record::ConnectorState;

use crate::client::Installation;
use crate::connectors::{Connector, Health, Kind, all};
use crate::failure::BadUsage;
use crate::out;

/// Bridges, responders and notification: who is there, when something went last, what waits.
///
/// A paused bridge is refused by the rule connector-paused, with when to come again, at every door; it keeps what it has, and still
/// reads. A paused department's orders wait at the broker. Nothing is lost either way.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(ListArgs),
    Show(ShowArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
}

/// List them: what they are, how they stand, what waits for them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    installation: Installation,
    /// Only this district, by code
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// Only those that somebody should look after: paused, behind or missed
    #[arg(long)]
    trouble: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// Show one.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    installation: Installation,
    /// Its code
    code: Code,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Let nothing through until it is resumed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    decision: Decision,
    /// Why, for whoever is refused and whoever asks later
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
}

/// Let things through again.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    decision: Decision,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

#[derive(Clone, Debug, clap::Args)]
struct Decision {
    #[command(flatten)]
    installation: Installation,
    /// A bridge or a department, by code
    code: Code,
    /// Your name, for whoever asks later who decided
    #[arg(long, env = "USER", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    by: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args).await,
        Command::Show(args) => {
            let connector = one(&args.installation, &args.code).await?;
            if args.json { out::json(&connector) } else { show(&connector) }
        }
        Command::Pause(args) => decide(args.decision, true, args.reason).await,
        Command::Resume(args) => decide(args.decision, false, args.reason).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut connectors = all(&args.installation).await?;
    if let Some(district) = &args.district {
        connectors.retain(|it| it.district == *district || it.district.is_empty());
    }
    if args.trouble {
        connectors.retain(|it| matches!(it.health, Health::Paused | Health::Behind | Health::Missed));
    }
    if args.json {
        return out::json(&connectors);
    }
    let mut table = out::table(["CONNECTOR", "KIND", "WAYS", "STANDS", "LAST", "WAITS", "NAME"]);
    for it in &connectors {
        table.add_row([
            it.code.clone(),
            it.kind.as_str().to_owned(),
            it.direction.to_owned(),
            it.health.as_str().to_owned(),
            instant(it.last_exchange),
            it.backlog.to_string(),
            out::plain(&it.name),
        ]);
    }
    out::lines_of(table).into_iter().try_for_each(out::line)
}

async fn one(installation: &Installation, code: &Code) -> anyhow::Result<Connector> {
    let found = all(installation).await?.into_iter().find(|it| it.code == code.as_str());
    found.ok_or_else(|| {
        BadUsage::new(format_args!("there is no connector {code}; `huying connector list` has all")).into()
    })
}

fn show(it: &Connector) -> anyhow::Result<()> {
    out::line(format_args!("{} {}", it.code, out::plain(&it.name)))?;
    out::line(format_args!("  kind         {}, {}", it.kind.as_str(), it.direction))?;
    out::line(format_args!("  stands       {}", it.health.as_str()))?;
    out::line(format_args!("  connections  {}", it.connections))?;
    out::line(format_args!("  last         {}", instant(it.last_exchange)))?;
    out::line(format_args!("  waits        {}", it.backlog))?;
    let Some(ConnectorState { paused, by, reason, at }) = &it.decided else { return Ok(()) };
    let what = if *paused { "paused" } else { "resumed" };
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", out::plain(reason)) };
    out::line(format_args!("  {what:<11}  by {} at {}{reason}", out::plain(by), instant(Some(*at))))
}

fn instant(at: Option<Timestamp>) -> String {
    let zone = TimeZone::system();
    at.map_or_else(|| "never".to_owned(), |at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// First what has an effect, then who did it: what was cut off in between is done again.
async fn decide(decision: Decision, paused: bool, reason: String) -> anyhow::Result<()> {
    let Decision { installation, code, by, json } = decision;
    let connector = one(&installation, &code).await?;
    let broker = installation.broker().await?;
    let now = chassis::Clock::real().real_now();
    match connector.kind {
        Kind::Bridge => {}
        Kind::Responder => broker.hold_orders_back(&code, now, paused).await?,
        Kind::Notification => {
            return Err(BadUsage::new("notification belongs to the platform: stop its process instead").into());
        }
    }
    broker.decide_connector(&code, &ConnectorState { paused, by, reason, at: now }).await?;
    let connector = one(&installation, &code).await?;
    if json { out::json(&connector) } else { show(&connector) }
}
