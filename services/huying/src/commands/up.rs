//! `huying up`: an installation on this machine, until somebody stops it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::out;
use crate::up::{Ports, Running, UpConfig};

/// Run the broker, all services and every department's desk in one process, until Ctrl-C or SIGTERM.
///
/// Everything it keeps lies in the data folder: the record itself (jetstream/), keys, the broker's configuration and
/// log, and endpoints.json, by which the other commands find it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Where everything is kept
    #[arg(long, env = "HUYING_DATA", value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// A charter that ships, or a folder with one; several times for several. All that ship, if none is named
    #[arg(long = "charter", value_name = "NAME|DIR")]
    charters: Vec<String>,
    /// The usual ports (4222, 7070, 7080, 7081, 7090), or free ones
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Ports::Default)]
    ports: Ports,
    /// Departments answer their calls by themselves, at once: to try things out, nobody looks at the matter
    #[arg(long, value_enum, value_name = "HOW")]
    auto: Option<Auto>,
    /// Where notifications are delivered to
    #[arg(long, env = "HUYING_WEBHOOK_URL", value_name = "URL")]
    webhook_url: Option<String>,
    /// File with the secret that signs them (huying webhook secret makes one)
    #[arg(long, env = "HUYING_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    webhook_secret_file: Option<PathBuf>,
    /// File that says which bridges are told by webhook (docs/doors/webhooks.md)
    #[arg(long, env = "HUYING_WEBHOOKS_FILE", value_name = "FILE")]
    webhooks_file: Option<PathBuf>,
    /// File that says who is told by mail, short message or robot (docs/ways.md)
    #[arg(long, env = "HUYING_WAYS_FILE", value_name = "FILE")]
    ways_file: Option<PathBuf>,
    /// Networks that may be posted to though they are not public, e.g. 127.0.0.1
    #[arg(long, env = "HUYING_EGRESS_ALLOW", value_name = "NETWORKS", value_delimiter = ',', value_parser = webhook::network)]
    egress_allow: Vec<webhook::IpNet>,
    /// What links in messages begin with, as people reach the pages; their address here by default
    #[arg(long, env = "HUYING_LINK_BASE", value_name = "URL")]
    link_base: Option<String>,
    /// Where people's pages are; 127.0.0.1:7090 by default
    #[arg(long, env = "HUYING_CONSOLE_LISTEN", value_name = "ADDRESS")]
    console_listen: Option<SocketAddr>,
    /// Whoever reaches the pages may be anybody they choose, and stories move the clock: to try things out, never where real people are
    #[arg(long)]
    play: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Auto {
    /// Respond, report in and finish without delay
    Prompt,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    // First, so that a signal while it starts is an orderly end too.
    let mut stop = Stop::listen()?;
    let asked = Instant::now();
    let simulated = matches!(args.auto, Some(Auto::Prompt));
    let config = UpConfig {
        data: args.data.clone(),
        charters: args.charters,
        ports: args.ports,
        auto: simulated,
        webhook_url: args.webhook_url,
        webhook_secret_file: args.webhook_secret_file,
        webhooks_file: args.webhooks_file,
        ways_file: args.ways_file,
        egress_allow: args.egress_allow,
        link_base: args.link_base,
        console_listen: args.console_listen,
        play: args.play,
    };
    let running = tokio::select! {
        started = Box::pin(Running::start(config)) => started?,
        () = stop.asked() => return Ok(()),
    };
    for remark in &running.remarks {
        eprintln!("huying: {remark}");
    }
    if simulated {
        eprintln!("huying: departments answer by themselves; nobody looks at the matter");
    }
    let sign_in = if args.play { "choose who you are" } else { "sign in with a token; with --play, as anybody" };
    let endpoints = &running.endpoints;
    let data = match args.data.to_str() {
        Some("./data") | None => String::new(),
        Some(other) => format!(" --data {other}"),
    };
    out::line(format_args!(
        "pages {} ({sign_in})\n\
         ready in {:.1} s\n  \
         nats  {}\n  \
         grpc  {}\n  \
         http  {}\n  \
         door  {}\n\
         Next, in another terminal:\n  \
         huying tail{data}\n  \
         huying submit{data} --district wuchang --title '路灯不亮' --text '门口的路灯坏了三天'\n  \
         huying case list{data}\n\
         Ctrl-C stops it.",
        endpoints.pages,
        asked.elapsed().as_secs_f64(),
        endpoints.nats,
        endpoints.grpc,
        endpoints.http,
        endpoints.door,
    ))?;
    let by_itself = tokio::select! {
        () = running.ended() => true,
        () = stop.asked() => false,
    };
    if !by_itself {
        eprintln!("stopping: finishing what is in hand (once more stops at once)");
    }
    tokio::select! {
        stopped = Box::pin(running.stop()) => stopped,
        () = stop.asked() => anyhow::bail!("told twice to stop; what was in hand is cut off"),
    }
    .and_then(|()| if by_itself { anyhow::bail!("it ended by itself; nats.log and the log say why") } else { Ok(()) })
}

/// SIGTERM from the platform and SIGINT from a terminal mean the same.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
