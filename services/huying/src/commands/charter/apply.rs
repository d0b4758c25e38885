//! `huying charter apply`: from a folder of files to the rules in force.

use std::path::PathBuf;

use anyhow::bail;
use charter::Charter;
use record::Broker;

use super::{checked, title};
use crate::accounts;
use crate::charters::Roster;
use crate::client::Installation;
use crate::data::DataFolder;
use crate::out;
use crate::provision::{Published, newest, publish};
use crate::server;

/// Check a charter, then publish it. A broken one is refused as a whole, and the running one stays.
///
/// Accounts and consumers of new parties are made first, so that they can be called from the first moment. It holds
/// from its effective date on, for open cases too: what was decided stays, with its deadlines, and what is decided next
/// goes by this version.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with the charter's files, or the name of one that ships
    #[arg(value_name = "DIR")]
    charter: String,
    #[command(flatten)]
    installation: Installation,
    /// A broker elsewhere, instead of the installation's on this machine
    #[arg(long, env = "HUYING_NATS_URL", value_name = "URL")]
    nats_url: Option<String>,
    /// Key of its user `provision`
    #[arg(long, env = "HUYING_NATS_NKEY_FILE", value_name = "FILE")]
    nats_nkey_file: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let charter = checked(&args.charter)?;
    let broker = match &args.nats_url {
        None => args.installation.broker().await?,
        Some(url) => {
            let elsewhere = station::Config {
                nats_url: url.clone(),
                nats_nkey_file: args.nats_nkey_file.clone(),
                nats_nkey_seed: None,
                play: false,
                writer: None,
            };
            elsewhere.connect(accounts::PROVISION_USER).await?
        }
    };
    let here = args.nats_url.is_none().then(|| args.installation.folder());
    apply(&broker, here.as_ref(), charter).await
}

/// `here` is the data folder of the installation, if it is on this machine.
async fn apply(broker: &Broker, here: Option<&DataFolder>, charter: Charter) -> anyhow::Result<()> {
    let (on_record, _) = broker.charters().await?;
    let same =
        on_record.iter().find(|known| known.district == charter.district.as_str() && known.version == charter.version);
    if same.is_some_and(|known| known.files != station::bundle(&charter).files) {
        bail!(
            "version {} of {} is on the record with another content, and versions never change: give it a new version \
             in charter.yaml",
            charter.version,
            charter.district
        );
    }
    let running = newest(&on_record);
    if let Some(folder) = here {
        let everybody = Roster::of(running.iter().map(AsRef::as_ref).chain([&charter]));
        if accounts::write(folder.path(), &everybody)? {
            server::reload(folder).await?;
            out::line("made    accounts and keys of new parties")?;
        }
    }
    let departments = Roster::of([&charter]).departments;
    for made in broker.provision_departments(&departments).await?.iter().filter(|made| made.changed) {
        out::line(format_args!("made    {}", made.what))?;
    }
    match publish(broker, &charter, &on_record).await? {
        Published::Now => out::line(format_args!("applied {}", title(&charter)))?,
        Published::Before | Published::Differs => out::line(format_args!("as it was: {}", title(&charter)))?,
    }
    if here.is_none() {
        eprintln!("for new parties, run `huying provision accounts` and let the broker read accounts.conf again");
    }
    Ok(())
}
