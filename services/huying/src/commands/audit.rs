//! `huying audit`: whether the record still is what was written (D18).

mod anchor;
mod entries;
mod show;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use charter::Charter;
use ids::Code;
use record::{Broker, BrokerConfig, Credentials};

use crate::accounts::AUDITOR_USER;
use crate::client::Installation;
use crate::failure::BadUsage;
use crate::provision::newest;

/// Whether the record still is what was written: chains of commits, and anchors of whole days.
///
/// Every commit names the one before it by its hash, and once a day the ends of all chains are written down where nobody can
/// take it away again. Verifying reads everything, on the record and in the archive, and changes nothing.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Verify(verify::Args),
    Show(show::Args),
    Anchor(anchor::Args),
    Tail(entries::TailArgs),
    Export(entries::ExportArgs),
}

const EXAMPLES: &str = "\
Examples:
  huying audit verify                          every chain, every anchor
  huying audit verify --case 261121-7k3q9xf    the chains of one case
  huying audit show                            how far anchors vouch
  huying audit anchor                          the days that are over
  huying audit tail                            who reads how to reach people, as it happens
  huying audit export                          the same from the beginning, to be kept

All of them log in as the broker's user `auditor`, the only one that writes
anchors. `huying up` makes them by itself, every hour those that are due;
elsewhere a job runs `huying audit anchor` after midnight.";

/// Where the broker is, and of which district.
#[derive(Clone, Debug, clap::Args)]
struct Record {
    #[command(flatten)]
    installation: Installation,
    /// Only this district, by code; all that have a charter, if none is named
    #[arg(long, value_name = "CODE")]
    district: Option<Code>,
    /// A broker elsewhere, instead of the installation's on this machine; goes with --nats-nkey-file
    #[arg(long, env = "HUYING_NATS_URL", value_name = "URL", requires = "nats_nkey_file")]
    nats_url: Option<String>,
    /// Key of its user `auditor`
    #[arg(long, env = "HUYING_NATS_NKEY_FILE", value_name = "FILE")]
    nats_nkey_file: Option<PathBuf>,
}

impl Record {
    async fn connect(&self) -> anyhow::Result<Broker> {
        let (Some(url), Some(key)) = (&self.nats_url, &self.nats_nkey_file) else {
            return self.installation.broker_as(AUDITOR_USER).await;
        };
        let config = BrokerConfig {
            url: url.clone(),
            credentials: Credentials::NkeyFile(key.clone()),
            name: format!("huying {AUDITOR_USER}"),
            inbox: AUDITOR_USER.to_owned(),
        };
        Broker::connect(&config).await.with_context(|| format!("connecting to {url}"))
    }

    /// The charters of the districts that are asked about.
    async fn charters(&self, broker: &Broker) -> anyhow::Result<Vec<Arc<Charter>>> {
        let (bundles, _) = broker.charters().await?;
        let mut charters = newest(&bundles);
        if let Some(district) = &self.district {
            charters.retain(|charter| charter.district == *district);
            if charters.is_empty() {
                return Err(BadUsage::new(format!("district {district} has no charter on the record")).into());
            }
        }
        Ok(charters)
    }
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Verify(args) => verify::run(args).await,
        Command::Show(args) => show::run(args).await,
        Command::Anchor(args) => anchor::run(args).await,
        Command::Tail(args) => entries::tail(args).await,
        Command::Export(args) => entries::export(args).await,
    }
}
