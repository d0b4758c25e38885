//! `huying powers`: what streets are heard on and ask for by the powers their district has given them.

use anyhow::Context;
use chassis::{Authorised, Identity};
use proto::casebook::v1::{ListPowersRequest, PowerEntry};
use proto::{FromWireTime, word};

use crate::client::{CURRENT, Installation, casebook, explain};
use crate::districts::Districts;
use crate::failure::BadUsage;
use crate::out;
use crate::render::local;

mod allowance;
mod consultations;
mod ledgers;
mod letters;
mod posts;
mod suggestions;
mod works;

/// Lines a table shows when nobody says how many.
const TABLE_ROWS: u32 = 50;

/// The powers of the streets: opinions, suggestions, letters on personnel, sign-offs, funds, posts, allowance.
///
/// Every command acts as somebody: `--as department:heping-market` on an installation of this machine, or `--token` as
/// whoever the token says. A district that has not given a power refuses everything of it (power-not-granted); its charter
/// says which it has (powers.yaml).
///
/// A decision goes: open-project, ask-streets, give-opinion (each street), answer-opinion, advance. A letter goes:
/// send-letter, record-talk, reply, finalise. Neither goes on before the street was heard or its time is over. A work goes:
/// open-work, then submit-gate and sign-gate for planning, building and acceptance.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(ListArgs),
    #[command(flatten)]
    Consultation(consultations::Command),
    #[command(flatten)]
    Suggestion(suggestions::Command),
    #[command(flatten)]
    Letter(letters::Command),
    #[command(flatten)]
    Work(works::Command),
    #[command(flatten)]
    Ledger(ledgers::Command),
    #[command(flatten)]
    Posts(posts::Command),
    #[command(flatten)]
    Allowance(allowance::Command),
}

/// Who acts, where.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Acting {
    #[command(flatten)]
    installation: Installation,
    /// District by code
    #[arg(long, value_name = "CODE")]
    pub district: String,
    /// Who acts, e.g. department:heping-market or street:heping-wudadao-command-centre; left out with --token
    #[arg(long = "as", value_name = "ROLE:UNIT", value_parser = identity)]
    by: Option<Identity>,
    /// Your own name for the request: sent again under it, it is done once
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    pub command_id: String,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// List what is under way, whatever waits for somebody first.
///
/// A confidential letter is in the list of its parties alone: name yourself with --as.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    acting: Acting,
    /// consultation, suggestion or personnel
    #[arg(long, value_name = "KIND", default_value = "", hide_default_value = true)]
    kind: String,
    /// drawn-up, carried-out, changed, finished, dropped; open, adopted, partly, not-adopted, withdrawn; sent, replied,
    /// expired, decided
    #[arg(long, value_name = "STATE", default_value = "", hide_default_value = true)]
    state: String,
    /// Those in which this unit has a part, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    party: String,
    /// At most this many, up to 1000
    #[arg(long, value_name = "N", default_value_t = TABLE_ROWS)]
    limit: u32,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args).await,
        Command::Consultation(command) => consultations::run(command).await,
        Command::Suggestion(command) => suggestions::run(command).await,
        Command::Letter(command) => letters::run(command).await,
        Command::Work(command) => works::run(command).await,
        Command::Ledger(command) => ledgers::run(command).await,
        Command::Posts(command) => posts::run(command).await,
        Command::Allowance(command) => allowance::run(command).await,
    }
}

impl Acting {
    /// A door of whoever acts; without a name, an operator's, who only looks.
    async fn channel(&self) -> anyhow::Result<Authorised> {
        match &self.by {
            Some(identity) => {
                let identity = Identity { district: self.district.clone(), ..identity.clone() };
                self.installation.channel_as(&identity).await
            }
            None => self.installation.channel().await,
        }
    }

    /// What a request has left behind.
    fn recorded(&self, revision: u64, position: u64) -> anyhow::Result<()> {
        if self.json {
            return out::json(&serde_json::json!({ "revision": revision, "position": position }));
        }
        out::line(format_args!("recorded as revision {revision}, at position {position}"))
    }

    /// Something that was looked at.
    fn shown(&self, answer: &impl serde::Serialize, lines: impl FnOnce() -> Vec<String>) -> anyhow::Result<()> {
        if self.json {
            return out::json(answer);
        }
        lines().iter().try_for_each(|line| out::line(out::plain(line)))
    }
}

/// Asks as somebody, and says where it was recorded.
macro_rules! recorded {
    ($acting:expr, $client:ident, $method:ident, $request:expr) => {{
        let acting = $acting;
        let mut client = $client::new(acting.channel().await?);
        let answer = client.$method($request).await.map_err(|status| $crate::client::explain(&status))?.into_inner();
        acting.recorded(answer.revision, answer.position)
    }};
}
use recorded;

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let ListArgs { acting, kind, state, party, limit } = args;
    let request = ListPowersRequest {
        district: acting.district.clone(),
        kind,
        state,
        party,
        page_size: limit,
        freshness: Some(CURRENT),
    };
    let answer = casebook(acting.channel().await?).list_powers(request).await.map_err(|status| explain(&status))?;
    let answer = answer.into_inner();
    if acting.json {
        return out::json(&answer.entries);
    }
    if answer.entries.is_empty() {
        eprintln!("nothing fits; `huying powers --help` says how something begins");
        return Ok(());
    }
    let zone = Districts::of(&acting.installation).await?.zone(&acting.district);
    let mut table = out::table(["KIND", "NAME", "STATE", "WAITS FOR", "UNTIL", "TITLE"]);
    for entry in &answer.entries {
        let due = entry.due.time().map(|due| local(due, &zone)).unwrap_or_default();
        let waits = entry.waits_for.join(", ");
        table.add_row(
            [entry.kind.clone(), entry.id.clone(), entry.state.clone(), waits, due, titled(entry)]
                .map(|cell| out::plain(&cell)),
        );
    }
    out::lines_of(table).into_iter().try_for_each(out::line)?;
    if answer.total as usize > answer.entries.len() {
        eprintln!("{} of {}; --limit N shows more", answer.entries.len(), answer.total);
    }
    Ok(())
}

fn titled(entry: &PowerEntry) -> String {
    let answers = entry.answers.iter().map(|said| format!("{} {}", said.party, said.answer));
    let answers: Vec<String> = answers.collect();
    let title = out::plain(&entry.title);
    if answers.is_empty() { title } else { format!("{title} ({})", answers.join(", ")) }
}

fn identity(text: &str) -> Result<Identity, String> {
    let (role, party) = text.split_once(':').ok_or("name role and unit, e.g. department:heping-market")?;
    let identity =
        Identity { role: role.into(), party: party.into(), district: String::new(), staff_ref: String::new() };
    station::Caller::from_identity(&identity).map_err(|status| status.message().to_owned())?;
    Ok(identity)
}

/// A word of an enumeration of the contracts, as people write it; the first of each says nothing.
fn number<T: Into<i32>>(text: &str, prefix: &str, read: fn(&str) -> Option<T>) -> Result<i32, String> {
    let full = format!("{prefix}{}", text.to_ascii_uppercase().replace('-', "_"));
    let found = read(&full).map(Into::into).filter(|number| *number != 0);
    found.ok_or_else(|| format!("{text:?} is not one of them; see --help"))
}

/// The word of a value, empty where it says nothing.
fn said(name: &str, prefix: &str) -> String {
    let word = word(name, prefix);
    if word == "unspecified" { String::new() } else { word }
}

/// `--document FILE`: its name and what is in it.
fn document(path: &std::path::Path) -> anyhow::Result<proto::powers::v1::Document> {
    use sha2::{Digest, Sha256};
    let content = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().ok_or_else(|| BadUsage::new(format_args!("{} is no file", path.display())))?;
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(content));
    Ok(proto::powers::v1::Document { name: name.to_string_lossy().into_owned(), sha256 })
}

/// An instant on the command line.
fn moment(text: &str) -> Result<proto::WireTimestamp, String> {
    let at: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Ok(proto::ToWireTime::to_wire(at))
}
