//! `huying provision`: what a broker needs before services can work on it.

use std::path::PathBuf;

use anyhow::bail;
use charter::Charter;
use ids::Code;
use proto::facts::RECORD_FORM;

use crate::accounts;
use crate::charters::{Roster, load_all};
use crate::number::between;
use crate::out;
use crate::provision::{Published, newest, on_record, publish, remark, unreadable};

/// How often it is said how far it is, in cases.
const SPOTS_TOLD_EVERY: usize = 10_000;

/// Make a broker ready: streams, buckets, consumers, and the charters that are not on the record yet.
///
/// It logs in as the user `provision` and changes only what differs, so it may run at every rollout. Services never
/// change what they store in; this is the only command that does.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    instead: Option<Instead>,
    #[command(flatten)]
    station: station::Config,
    /// Copies of every stream: 1 on one server, 3 on a cluster
    #[arg(long, env = "HUYING_STREAM_REPLICAS", value_name = "N", default_value_t = 1)]
    #[arg(value_parser = between(1_usize, 5))]
    replicas: usize,
    /// A charter that ships, or a folder with one; several times for several. Without any, those that are on the record stay
    /// as they are; an empty record has to be given one
    #[arg(long = "charter", env = "HUYING_CHARTER", value_name = "NAME|DIR", value_delimiter = ',')]
    charters: Vec<String>,
    /// Also write accounts.conf and keys into this folder, as `provision accounts` does
    #[arg(long, value_name = "DIR")]
    accounts_dir: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Instead {
    Accounts(AccountsArgs),
    Spots(SpotsArgs),
    Readers(ReadersArgs),
    Redeliver(RedeliverArgs),
}

/// Have all orders of a department delivered once more, after its store was brought back from a copy.
///
/// What it has, it keeps once; orders that came after the copy come again. Orders of filed cases are gone, and nobody waits for
/// an answer to them. It may run while everything works.
#[derive(Clone, Debug, clap::Args)]
struct RedeliverArgs {
    #[command(flatten)]
    station: station::Config,
    /// The department, by code
    #[arg(value_name = "CODE")]
    department: Code,
}

/// Say which facts may be recorded: those that the oldest version knows which still reads.
///
/// A new version records nothing that came with it until this is raised, so that it can be rolled back. Raise it when every
/// service runs the new version; it is never lowered.
#[derive(Clone, Debug, clap::Args)]
struct ReadersArgs {
    #[command(flatten)]
    station: station::Config,
    /// Every service runs this version or a newer one: let it record what came with it
    #[arg(long)]
    raise: bool,
}

/// Write anew where what was handled, which dispatch keeps for problems that come back.
///
/// Dispatch does so itself from the first commit on. Run it once on a record that is older than that, and after a charter
/// looks farther back than before. It changes nothing that is newer, and may run while services work.
#[derive(Clone, Debug, clap::Args)]
struct SpotsArgs {
    #[command(flatten)]
    station: station::Config,
}

/// Write `accounts.conf`, to be included in the broker's configuration, and one key for every user in `keys/`.
///
/// Keys that are there are kept, so run it again after a charter gained a party and let the broker read the file
/// again. `provision.nk` and one per service are ours; `<bridge>.nk` and `<department>.nk` are handed to the parties.
#[derive(Clone, Debug, clap::Args)]
struct AccountsArgs {
    /// The folder; made if it is not there
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A charter that ships, or a folder with one; several times for several. All that ship, if none is named
    #[arg(long = "charter", value_name = "NAME|DIR")]
    charters: Vec<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.instead {
        Some(Instead::Accounts(accounts)) => {
            let charters = load_all(&accounts.charters)?;
            return write_accounts(&accounts.dir, &Roster::of(&charters));
        }
        Some(Instead::Spots(spots)) => return write_spots(&spots.station).await,
        Some(Instead::Readers(readers)) => return admit(&readers).await,
        Some(Instead::Redeliver(redeliver)) => return deliver_again(&redeliver).await,
        None => {}
    }
    let charters = if args.charters.is_empty() { Vec::new() } else { load_all(&args.charters)? };
    let broker = args.station.connect(accounts::PROVISION_USER).await?;
    let in_force = newest(&on_record(&broker).await?);
    if charters.is_empty() && in_force.is_empty() {
        // Never one of those that ship by itself: what is on the record once stays there, and decides.
        bail!(
            "no charter is on the record, and none is named: name the district's own by --charter NAME|DIR or HUYING_CHARTER; \
             those that ship are {}",
            Charter::shipped_names().join(", ")
        );
    }
    let everybody = Roster::of(charters.iter().chain(in_force.iter().map(AsRef::as_ref)));
    if let Some(dir) = &args.accounts_dir {
        write_accounts(dir, &everybody)?;
    }
    let report = broker.provision(args.replicas, &everybody.departments).await?;
    let mut changed = 0;
    for made in report.iter().filter(|made| made.changed) {
        changed += 1;
        out::line(format_args!("made    {}", made.what))?;
    }
    let (recorded, _) = broker.charters().await?;
    for remark in unreadable(&recorded) {
        eprintln!("huying: {remark}");
    }
    for charter in &charters {
        let published = publish(&broker, charter, &recorded).await?;
        if published == Published::Now {
            changed += 1;
            out::line(format_args!("made    charter {} version {}", charter.district, charter.version))?;
        }
        if let Some(remark) = remark(charter, &published) {
            eprintln!("huying: {remark}");
        }
    }
    let admitted = broker.readers_form().await?;
    if admitted < RECORD_FORM {
        eprintln!(
            "huying: the record admits readers of form {admitted}, and this version knows form {RECORD_FORM}; what came with \
             it is held back until every service runs it: then `huying provision readers --raise` (HY-012)"
        );
    }
    let checked = report.len() + charters.len();
    out::line(format_args!("{changed} made or changed, {} as they should be", checked - changed))
}

async fn admit(args: &ReadersArgs) -> anyhow::Result<()> {
    let broker = args.station.connect(accounts::PROVISION_USER).await?;
    let raised = args.raise && broker.raise_readers_form(RECORD_FORM).await?;
    let admitted = broker.readers_form().await?;
    let raised = if raised { "raised: " } else { "" };
    out::line(format_args!("{raised}readers of form {admitted} are admitted; this version knows form {RECORD_FORM}"))
}

async fn deliver_again(args: &RedeliverArgs) -> anyhow::Result<()> {
    let broker = args.station.connect(accounts::PROVISION_USER).await?;
    broker.redeliver_orders(&args.department).await?;
    out::line(format_args!("all orders of {} are delivered once more", args.department))
}

async fn write_spots(station: &station::Config) -> anyhow::Result<()> {
    let broker = station.connect(accounts::PROVISION_USER).await?;
    let (on_record, _) = broker.charters().await?;
    let charters = newest(&on_record);
    let charter = |district: &str| charters.iter().find(|charter| charter.district.as_str() == district).cloned();
    let progress = |done: usize, all: usize| {
        if done.is_multiple_of(SPOTS_TOLD_EVERY) {
            eprintln!("huying: {done} of {all} cases");
        }
    };
    let cases = dispatch::write_spots(&broker, charter, progress).await?;
    out::line(format_args!("the spots of {cases} cases are as the record says"))
}

fn write_accounts(dir: &std::path::Path, roster: &Roster) -> anyhow::Result<()> {
    let changed = accounts::write(dir, roster)?;
    out::line(format_args!(
        "{} {}: {} bridges, {} departments; keys in {}",
        if changed { "wrote  " } else { "as it was" },
        dir.join("accounts.conf").display(),
        roster.bridges.len(),
        roster.departments.len(),
        dir.join("keys").display()
    ))
}
