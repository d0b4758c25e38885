//! `huying dlq`: messages that could not be handled. HY-004 says what to do about them.

use prost::Message;
use proto::FromWireTime;
use proto::record::v1::{Commit, DeadLetter};
use proto::subjects::CommitSubject;
use record::dead_letters::DeadLetters;
use serde_json::{Value, json};

use crate::client::Installation;
use crate::out;

/// Messages that no service could handle, kept until a person has looked.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(ListArgs),
    Show(ShowArgs),
}

/// List all dead letters, oldest first.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    installation: Installation,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// Show one dead letter with its content and the whole chain of causes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    installation: Installation,
    /// Who could not handle it, as `dlq list` prints it
    consumer: String,
    /// Its position, as `dlq list` prints it
    position: u64,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args).await,
        Command::Show(args) => show(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let letters = read(&args.installation).await?;
    if args.json {
        return out::json(&letters.iter().map(described).collect::<Vec<_>>());
    }
    if letters.is_empty() {
        eprintln!("no dead letters");
        return Ok(());
    }
    for letter in &letters {
        out::line(format_args!(
            "{}  {:<22} {:>8}  {}  {}",
            time_of(letter),
            letter.consumer,
            letter.stream_sequence,
            letter.subject,
            letter.error
        ))?;
    }
    eprintln!("`huying dlq show CONSUMER POSITION` shows one; HY-004 in the runbook says what to do");
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let letters = read(&args.installation).await?;
    let found =
        letters.iter().find(|letter| letter.consumer == args.consumer && letter.stream_sequence == args.position);
    let Some(letter) = found else {
        anyhow::bail!("there is no dead letter {} {}; `huying dlq list` shows all", args.consumer, args.position);
    };
    if args.json {
        return out::json(&described(letter));
    }
    out::line(format_args!("consumer    {}", letter.consumer))?;
    out::line(format_args!("position    {}", letter.stream_sequence))?;
    out::line(format_args!("subject     {}", letter.subject))?;
    out::line(format_args!("when        {}", time_of(letter)))?;
    out::line(format_args!("deliveries  {}", letter.deliveries))?;
    out::line(format_args!("error       {}", letter.error))?;
    out::line(format_args!("content     {}", serde_json::to_string_pretty(&content(letter))?))
}

async fn read(installation: &Installation) -> anyhow::Result<Vec<DeadLetter>> {
    let broker = installation.broker().await?;
    Ok(DeadLetters::open(&broker).await?.list().await?)
}

fn described(letter: &DeadLetter) -> Value {
    json!({
        "consumer": letter.consumer,
        "position": letter.stream_sequence,
        "subject": letter.subject,
        "at": time_of(letter),
        "deliveries": letter.deliveries,
        "error": letter.error,
        "content": content(letter),
    })
}

/// A commit as what it is; anything else as text, or as bytes in hexadecimal.
fn content(letter: &DeadLetter) -> Value {
    if letter.subject.parse::<CommitSubject>().is_ok()
        && let Ok(commit) = Commit::decode(letter.payload.as_slice())
        && let Ok(value) = serde_json::to_value(&commit)
    {
        return value;
    }
    match std::str::from_utf8(&letter.payload) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => Value::String(letter.payload.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// In UTC: a dead letter is about a machine, not about a district.
fn time_of(letter: &DeadLetter) -> String {
    letter.at.time().map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}
