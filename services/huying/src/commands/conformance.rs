//! `huying conformance`: an outsider's own program, or an installation, tried from the other side.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use ids::Code;
use record::{Broker, BrokerConfig, Credentials};
use serde_json::json;

use crate::conformance::hub::{Hub, HubConfig};
use crate::conformance::program::Program;
use crate::conformance::{Tried, Verdict, bridge, department, door};
use crate::failure::{Answered, BadUsage};
use crate::number::between;
use crate::out;
use crate::up::Ports;

/// How long the party may take for anything, in seconds.
const WAIT_S: u64 = 30;

/// Try a bridge's or a department's own program against a hub, or a hub with a party's key.
///
/// Without --nats a hub of its own is started in an empty folder, in which everybody but the party does what they should; the program
/// after -- is started with its address and key in the environment, killed and started again. With --nats and --creds an
/// installation is tried with a party's key; a bridge leaves one case there, whose title asks to ignore it. docs/conformance.md
/// says what the program has to do. Exit code 1: something failed.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Something that brings matters in and tells their callers what became of them
    Bridge(Args),
    /// Something that takes calls and answers them
    Department(Args),
}

const EXAMPLES: &str = "\
Examples:
  huying conformance department --party wuchang-water -- python3 department.py
  huying conformance bridge --party heping-board --json -- ./our-bridge
  huying conformance department --party wuchang-water --data ./trial --ports default --wait 600
  huying conformance bridge --party heping-board --nats nats://hub:4222 --creds heping-board.nk";

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose program it is, or whose key, by the charter's code
    #[arg(long, env = "HUYING_PARTY", value_name = "CODE")]
    party: Code,
    /// Folder for the hub of the trials: empty, or of earlier trials; keys stay in it. One that is thrown away, if none is named
    #[arg(long, value_name = "DIR", conflicts_with = "nats")]
    data: Option<PathBuf>,
    /// The charter that knows the party, if it is none that ships
    #[arg(long, value_name = "NAME|DIR", conflicts_with = "nats")]
    charter: Option<String>,
    /// The usual ports for the hub, or free ones
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Ports::Auto)]
    ports: Ports,
    /// How long the program may take for anything, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_S, value_parser = between(1_u64, 86_400))]
    wait: u64,
    /// Only this, by name; several times for several
    #[arg(long, value_name = "NAME", conflicts_with = "nats")]
    only: Vec<String>,
    /// An installation to be tried instead, by the address of its broker
    #[arg(long, value_name = "URL", requires = "creds")]
    nats: Option<String>,
    /// File with the party's key there
    #[arg(long, value_name = "FILE", requires = "nats")]
    creds: Option<PathBuf>,
    /// What came of each as one JSON document
    #[arg(long)]
    json: bool,
    /// The program and its arguments
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "nats")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bridge,
    Department,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Department => "department",
        }
    }
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    let (kind, args) = match command {
        Command::Bridge(args) => (Kind::Bridge, args),
        Command::Department(args) => (Kind::Department, args),
    };
    let json = args.json;
    let mut tell = |tried: &Tried| if json { Ok(()) } else { told(tried) };
    let party = args.party.clone();
    let tried = if let (Some(url), Some(creds)) = (args.nats.clone(), args.creds.clone()) {
        try_installation(kind, &party, &url, &creds, &mut tell).await?
    } else {
        Box::pin(try_program(kind, args, &mut tell)).await?
    };
    let failed = tried.iter().filter(|one| matches!(one.verdict, Verdict::Failed(_))).count();
    let passed = tried.iter().filter(|one| one.verdict == Verdict::Passed).count();
    if json {
        let trials: Vec<_> = tried
            .iter()
            .map(|one| {
                json!({
                    "name": one.trial.name,
                    "state": one.verdict.word(),
                    "shows": one.trial.shows,
                    "seen": one.verdict.seen(),
                    "breaks": if matches!(one.verdict, Verdict::Failed(_)) { one.trial.breaks } else { "" },
                })
            })
            .collect();
        out::json(&json!({
            "kind": kind.as_str(),
            "party": party.as_str(),
            "passed": passed,
            "failed": failed,
            "not_tried": tried.len() - passed - failed,
            "trials": trials,
        }))?;
    } else {
        out::line(format_args!("{passed} passed, {failed} failed, {} not tried", tried.len() - passed - failed))?;
    }
    if failed > 0 { Err(Answered.into()) } else { Ok(()) }
}

fn told(tried: &Tried) -> anyhow::Result<()> {
    let Tried { trial, verdict } = tried;
    out::line(format_args!("{:<10} {:<13} {}", verdict.word(), trial.name, trial.shows))?;
    match verdict {
        Verdict::Passed => Ok(()),
        Verdict::Failed(seen) => {
            out::line(format_args!("           seen          {}", out::plain(seen)))?;
            out::line(format_args!("           breaks        {}", trial.breaks))
        }
        Verdict::NotTried(missing) => out::line(format_args!("           because       {missing}")),
    }
}

async fn try_installation(
    kind: Kind,
    party: &Code,
    url: &str,
    creds: &std::path::Path,
    tell: door::Tell<'_>,
) -> anyhow::Result<Vec<Tried>> {
    let config = BrokerConfig {
        url: url.to_owned(),
        credentials: Credentials::NkeyFile(creds.to_owned()),
        name: format!("huying conformance {party}"),
        inbox: party.to_string(),
    };
    let broker = Broker::connect(&config).await?;
    match kind {
        Kind::Bridge => door::bridge(&broker, party, tell).await,
        Kind::Department => door::department(&broker, party, tell).await,
    }
}

async fn try_program(kind: Kind, args: Args, tell: door::Tell<'_>) -> anyhow::Result<Vec<Tried>> {
    let trials = match kind {
        Kind::Bridge => bridge::trials(),
        Kind::Department => department::trials(),
    };
    let names: Vec<&str> = trials.iter().map(|trial| trial.name).collect();
    if let Some(unknown) = args.only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(BadUsage::new(format_args!("--only {unknown}: there are {}", names.join(", "))).into());
    }
    if kind == Kind::Bridge && args.command.is_empty() {
        let missing = "name the bridge's command after --: what it tells its callers is read from what it prints";
        return Err(BadUsage::new(missing).into());
    }
    let scratch = tempfile::tempdir().context("making a folder for the trials")?;
    let config = HubConfig {
        party: args.party,
        data: args.data.unwrap_or_else(|| scratch.path().join("hub")),
        charter: args.charter,
        ports: args.ports,
        wait: Duration::from_secs(args.wait),
    };
    let hub = Hub::start(config).await?;
    if args.command.is_empty() {
        for (name, value) in hub.environment() {
            eprintln!("{name}={}", value.display());
        }
        eprintln!("huying: start the program with these; it has {} s for each thing", args.wait);
    }
    let tried = match kind {
        Kind::Bridge => {
            let file = scratch.path().join("matters.jsonl");
            Box::pin(bridge::run(&hub, args.command, file, &args.only, tell)).await
        }
        Kind::Department => {
            let program = (!args.command.is_empty()).then(|| Program::new(args.command, hub.environment()));
            Box::pin(department::run(&hub, program, &args.only, tell)).await
        }
    };
    hub.stop().await?;
    tried
}
