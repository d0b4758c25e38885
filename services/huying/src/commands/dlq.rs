//! `huying dlq`: messages that could not be handled. HY-004 says what to do about them.

use anyhow::Context;
use prost::Message;
use proto::FromWireTime;
use proto::record::v1::{Commit, DeadLetter};
use proto::subjects::{AlarmSubject, CommitSubject, LetterPosition};
use record::Broker;
use record::dead_letters::{DeadLetters, Letter};
use serde_json::{Value, json};

use crate::client::Installation;
use crate::failure::BadUsage;
use crate::out;

/// Messages that no service could handle, kept until a person has looked.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(ListArgs),
    Show(ShowArgs),
    Retry(RetryArgs),
    Drop(DropArgs),
}

/// Which letters a command is about: those to which everything fits that is named.
#[derive(Clone, Debug, clap::Args)]
struct Which {
    /// Who could not handle it, as `dlq list` prints it
    consumer: Option<String>,
    /// Its position, as `dlq list` prints it
    position: Option<LetterPosition>,
    /// Those about this district's histories
    #[arg(long, value_name = "DISTRICT")]
    district: Option<String>,
    /// Those whose error has these words in it, e.g. no-charter
    #[arg(long, value_name = "WORDS")]
    error: Option<String>,
    /// All there are
    #[arg(long, conflicts_with_all = ["consumer", "district", "error"])]
    all: bool,
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
    position: LetterPosition,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Hand dead letters back to the services that could not handle them, and take them from the list.
///
/// For when the reason is gone: a charter that can be read again, a version that knows the event. What still cannot be
/// handled is a new letter. Handling one twice changes nothing.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    installation: Installation,
    #[command(flatten)]
    which: Which,
}

/// Take dead letters from the list for good. What they should have caused never happens; each is printed once more.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DropArgs {
    #[command(flatten)]
    installation: Installation,
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args).await,
        Command::Show(args) => show(args).await,
        Command::Retry(args) => retry(args).await,
        Command::Drop(args) => drop_for_good(args).await,
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
        out::line(line_of(letter))?;
    }
    eprintln!("`huying dlq show CONSUMER POSITION` shows one; HY-004 in the runbook says what to do");
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let letters = read(&args.installation).await?;
    let found =
        letters.iter().find(|letter| letter.content.consumer == args.consumer && letter.position == args.position);
    let Some(letter) = found else {
        anyhow::bail!("there is no dead letter {} {}; `huying dlq list` shows all", args.consumer, args.position);
    };
    if args.json {
        return out::json(&described(letter));
    }
    let Letter { content: letter, position, .. } = letter;
    out::line(format_args!("consumer    {}", letter.consumer))?;
    out::line(format_args!("position    {position}"))?;
    out::line(format_args!("subject     {}", letter.subject))?;
    out::line(format_args!("when        {}", time_of(letter)))?;
    out::line(format_args!("deliveries  {}", letter.deliveries))?;
    out::line(format_args!("error       {}", letter.error))?;
    out::line(format_args!("content     {}", serde_json::to_string_pretty(&content(letter))?))
}

async fn retry(args: RetryArgs) -> anyhow::Result<()> {
    let (letters, broker) = select(&args.installation, &args.which).await?;
    let (mut handed_back, mut printed) = (0, Ok(()));
    let done = |letter: &Letter| {
        handed_back += 1;
        if printed.is_ok() {
            printed = out::line(line_of(letter));
        }
    };
    let retried = DeadLetters::open(&broker).await?.retry(&letters, done).await;
    retried.with_context(|| format!("{handed_back} of {} were handed back", letters.len()))?;
    printed?;
    eprintln!("{handed_back} handed back; what fails again is in `huying dlq list`");
    Ok(())
}

async fn drop_for_good(args: DropArgs) -> anyhow::Result<()> {
    let (letters, broker) = select(&args.installation, &args.which).await?;
    let dead_letters = DeadLetters::open(&broker).await?;
    for (dropped, letter) in letters.iter().enumerate() {
        let done = dead_letters.drop(letter).await;
        done.with_context(|| format!("{dropped} of {} were dropped", letters.len()))?;
        out::line(line_of(letter))?;
    }
    eprintln!("{} dropped", letters.len());
    Ok(())
}

/// The letters that are meant; it is a mistake to mean none.
async fn select(installation: &Installation, which: &Which) -> anyhow::Result<(Vec<Letter>, Broker)> {
    if !which.all && which.consumer.is_none() && which.district.is_none() && which.error.is_none() {
        return Err(BadUsage::new("say which: a consumer, its position, --district, --error, or --all").into());
    }
    let broker = installation.broker().await?;
    let mut letters = DeadLetters::open(&broker).await?.list().await?;
    letters.retain(|letter| which.means(letter));
    anyhow::ensure!(!letters.is_empty(), "there is no such dead letter; `huying dlq list` shows all");
    Ok((letters, broker))
}

impl Which {
    fn means(&self, letter: &Letter) -> bool {
        let Letter { content, position, .. } = letter;
        self.consumer.as_ref().is_none_or(|consumer| *consumer == content.consumer)
            && self.position.is_none_or(|wanted| wanted == *position)
            && self.district.as_ref().is_none_or(|district| district_of(&content.subject).as_ref() == Some(district))
            && self.error.as_ref().is_none_or(|words| content.error.contains(words.as_str()))
    }
}

/// Whose history a followed message is about.
fn district_of(subject: &str) -> Option<String> {
    let commit = subject.parse::<CommitSubject>().map(|subject| subject.key);
    let key = commit.or_else(|_| subject.parse::<AlarmSubject>().map(|subject| subject.key)).ok()?;
    Some(key.district.to_string())
}

async fn read(installation: &Installation) -> anyhow::Result<Vec<Letter>> {
    let broker = installation.broker().await?;
    Ok(DeadLetters::open(&broker).await?.list().await?)
}

fn line_of(letter: &Letter) -> String {
    let Letter { content, position, .. } = letter;
    let position = position.to_string();
    format!("{}  {:<22} {position:>8}  {}  {}", time_of(content), content.consumer, content.subject, content.error)
}

fn described(letter: &Letter) -> Value {
    let Letter { content: letter, position, .. } = letter;
    json!({
        "consumer": letter.consumer,
        "position": position.to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_of_the_district_whose_history_it_is_about() {
        for subject in ["case.wuchang.261121-7k3q9x7.dispatch.3", "timer.dispatch.case.wuchang.261121-7k3q9x7"] {
            assert_eq!(district_of(subject).as_deref(), Some("wuchang"), "{subject}");
        }
        assert_eq!(district_of("something.else"), None);
    }
}
