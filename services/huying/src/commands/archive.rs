//! `huying archive`: closed cases leave the record for volumes, and are read back from there (归档).

mod export;
mod run;
mod show;
mod verify;

use std::path::PathBuf;

use anyhow::Context;
use record::{Broker, BrokerConfig, Credentials};

use crate::accounts::ARCHIVIST_USER;
use crate::client::Installation;

/// Cases that were closed long ago: put away, looked after, shown.
///
/// The broker keeps an entry in memory for every commit on the record, for ever. Filing writes closed cases into
/// volumes in its object store, thousands in each, takes their commits off the record and leaves one tombstone per
/// case. A filed case is still shown and counted; nothing is added to it any more.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Run(run::Args),
    Verify(verify::Args),
    Show(show::Args),
    Export(export::Args),
}

const EXAMPLES: &str = "\
Examples:
  huying archive run --dry-run             how much is due
  huying archive run                       what the charters say is due
  huying archive run --closed-before 2026-07-01 --limit 10000
  huying archive verify                    every hash, every tombstone
  huying archive show 261121-7k3q9xf --json
  huying archive export --month 2026-10    what analysts count, as Parquet

How long a closed case stays on the record is the charter's limit `filing`;
180d where it has none. run, verify and show log in as the broker's user
`archivist`, the only one that may take anything off the record; export asks
the casebook, as everybody who looks does.";

/// Where the broker is.
#[derive(Clone, Debug, clap::Args)]
struct Record {
    #[command(flatten)]
    installation: Installation,
    /// A broker elsewhere, instead of the installation's on this machine; goes with --nats-nkey-file
    #[arg(long, env = "HUYING_NATS_URL", value_name = "URL", requires = "nats_nkey_file")]
    nats_url: Option<String>,
    /// Key of its user `archivist`
    #[arg(long, env = "HUYING_NATS_NKEY_FILE", value_name = "FILE")]
    nats_nkey_file: Option<PathBuf>,
}

impl Record {
    async fn connect(&self) -> anyhow::Result<Broker> {
        let (Some(url), Some(key)) = (&self.nats_url, &self.nats_nkey_file) else {
            return self.installation.broker_as(ARCHIVIST_USER).await;
        };
        let config = BrokerConfig {
            url: url.clone(),
            credentials: Credentials::NkeyFile(key.clone()),
            name: format!("huying {ARCHIVIST_USER}"),
            inbox: ARCHIVIST_USER.to_owned(),
        };
        Broker::connect(&config).await.with_context(|| format!("connecting to {url}"))
    }
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Run(args) => Box::pin(run::run(args)).await,
        Command::Verify(args) => verify::run(args).await,
        Command::Show(args) => show::run(args).await,
        Command::Export(args) => export::run(args).await,
    }
}
