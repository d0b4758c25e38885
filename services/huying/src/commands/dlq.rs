//! `huying dlq`: messages that could not be handled. HY-004 says what to do about them.

use anyhow::Context;
use prost::Message;
use proto::record::v1::{Commit, DeadLetter, LetterEnd, LetterFate};
use proto::subjects::{AlarmSubject, CommitSubject, LetterPosition};
use proto::{FromWireTime, WireTimestamp};
use record::Broker;
use record::dead_letters::{DeadLetters, Letter, Operator};
use serde_json::{Value, json};
use station::{STAFF_REF_LENGTH_MAX, Violation, line, optional_line};

use crate::client::Installation;
use crate::failure::BadUsage;
use crate::out;

/// Characters of a reason, as of a note.
const REASON_LENGTH_MAX: usize = 2000;

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

/// Who decides about letters.
#[derive(Clone, Debug, clap::Args)]
struct By {
    /// Your name, for whoever asks later who decided
    #[arg(long, env = "USER", value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    by: String,
}

/// List the dead letters that wait for a decision, oldest first.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    installation: Installation,
    /// Also those that were handed back or dropped, with who decided so, when and why
    #[arg(long)]
    all: bool,
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
    #[command(flatten)]
    by: By,
    /// What has changed since, for whoever asks later
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
}

/// Take dead letters from the list for good. What they should have caused never happens; each is printed once more.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DropArgs {
    #[command(flatten)]
    installation: Installation,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    by: By,
    /// Why nothing is to come of them, for whoever asks later
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
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
    let broker = args.installation.broker().await?;
    let dead_letters = DeadLetters::open(&broker).await?;
    let letters = dead_letters.list().await?;
    let ends = if args.all { dead_letters.ends().await? } else { Vec::new() };
    if args.json {
        return out::json(&ends.iter().map(described_end).chain(letters.iter().map(described)).collect::<Vec<_>>());
    }
    for end in &ends {
        out::line(line_of_end(end))?;
    }
    for letter in &letters {
        out::line(line_of(letter))?;
    }
    if letters.is_empty() {
        eprintln!("no dead letters wait; `--all` shows what was decided about earlier ones");
        return Ok(());
    }
    eprintln!("`huying dlq show CONSUMER POSITION` shows one; HY-004 in the runbook says what to do");
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let broker = args.installation.broker().await?;
    let dead_letters = DeadLetters::open(&broker).await?;
    let is_it = |letter: &DeadLetter| letter.consumer == args.consumer && position_of(letter) == args.position;
    let letters = dead_letters.list().await?;
    let Some(letter) = letters.iter().find(|letter| is_it(&letter.content)) else {
        let ends = dead_letters.ends().await?;
        let Some(end) = ends.iter().find(|end| end.letter.as_ref().is_some_and(is_it)) else {
            anyhow::bail!(
                "there is no dead letter {} {}; `huying dlq list --all` shows all",
                args.consumer,
                args.position
            );
        };
        return if args.json { out::json(&described_end(end)) } else { show_end(end) };
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
    out::line(format_args!("error       {}", out::plain(&letter.error)))?;
    out::line(format_args!("content     {}", serde_json::to_string_pretty(&content(letter))?))
}

async fn retry(args: RetryArgs) -> anyhow::Result<()> {
    let operator = operator(&args.by, &args.reason)?;
    let (letters, broker) = select(&args.installation, &args.which).await?;
    let (mut handed_back, mut printed, mut told) = (0, Ok(()), Vec::new());
    let done = |letter: &Letter| {
        handed_back += 1;
        if args.json {
            told.push(described(letter));
        } else if printed.is_ok() {
            printed = out::line(line_of(letter));
        }
    };
    let retried = DeadLetters::open(&broker).await?.retry(&letters, &operator, done).await;
    retried.with_context(|| format!("{handed_back} of {} were handed back", letters.len()))?;
    printed?;
    if args.json {
        out::json(&told)?;
    }
    eprintln!("{handed_back} handed back; what fails again is in `huying dlq list`");
    Ok(())
}

async fn drop_for_good(args: DropArgs) -> anyhow::Result<()> {
    let operator = operator(&args.by, &args.reason)?;
    let (letters, broker) = select(&args.installation, &args.which).await?;
    let dead_letters = DeadLetters::open(&broker).await?;
    for (dropped, letter) in letters.iter().enumerate() {
        let done = dead_letters.drop(letter, &operator).await;
        done.with_context(|| format!("{dropped} of {} were dropped", letters.len()))?;
        if !args.json {
            out::line(line_of(letter))?;
        }
    }
    if args.json {
        out::json(&letters.iter().map(described).collect::<Vec<_>>())?;
    }
    eprintln!("{} dropped", letters.len());
    Ok(())
}

/// Who decides, in words that can be kept: they are shown to whoever asks later.
fn operator(By { by }: &By, reason: &str) -> Result<Operator, BadUsage> {
    let bad = |violation: Violation| BadUsage::new(format!("{}: {}", violation.field, violation.description));
    Ok(Operator {
        by: line("--by", by, STAFF_REF_LENGTH_MAX).map_err(bad)?,
        reason: optional_line("--reason", reason, REASON_LENGTH_MAX).map_err(bad)?,
    })
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

fn line_of(letter: &Letter) -> String {
    let Letter { content, position, .. } = letter;
    let position = position.to_string();
    let (consumer, subject, error) = (&content.consumer, &content.subject, out::plain(&content.error));
    format!("{}  {consumer:<22} {position:>8}  {subject}  {error}", time_of(content))
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

fn position_of(letter: &DeadLetter) -> LetterPosition {
    LetterPosition { sequence: letter.stream_sequence, attempt: letter.attempt.max(1) }
}

fn fate_of(end: &LetterEnd) -> &'static str {
    match end.fate() {
        LetterFate::HandedBack => "handed back",
        LetterFate::Dropped => "dropped",
        LetterFate::Unspecified => "ended",
    }
}

fn line_of_end(end: &LetterEnd) -> String {
    let letter = end.letter.clone().unwrap_or_default();
    let position = position_of(&letter).to_string();
    let (at, fate, by) = (time_at(end.at.as_ref()), fate_of(end), out::plain(&end.by));
    let reason = if end.reason.is_empty() { String::new() } else { format!(": {}", out::plain(&end.reason)) };
    let (consumer, subject) = (&letter.consumer, &letter.subject);
    format!("{}  {consumer:<22} {position:>8}  {subject}  {fate} {at} by {by}{reason}", time_of(&letter))
}

fn described_end(end: &LetterEnd) -> Value {
    let letter = end.letter.clone().unwrap_or_default();
    json!({
        "consumer": letter.consumer,
        "position": position_of(&letter).to_string(),
        "subject": letter.subject,
        "at": time_of(&letter),
        "deliveries": letter.deliveries,
        "error": letter.error,
        "end": { "fate": fate_of(end), "at": time_at(end.at.as_ref()), "by": end.by, "reason": end.reason },
    })
}

fn show_end(end: &LetterEnd) -> anyhow::Result<()> {
    let letter = end.letter.clone().unwrap_or_default();
    out::line(format_args!("consumer    {}", letter.consumer))?;
    out::line(format_args!("position    {}", position_of(&letter)))?;
    out::line(format_args!("subject     {}", letter.subject))?;
    out::line(format_args!("when        {}", time_of(&letter)))?;
    out::line(format_args!("error       {}", out::plain(&letter.error)))?;
    out::line(format_args!("{:<11} {} by {}", fate_of(end), time_at(end.at.as_ref()), out::plain(&end.by)))?;
    if !end.reason.is_empty() {
        out::line(format_args!("reason      {}", out::plain(&end.reason)))?;
    }
    Ok(())
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
    time_at(letter.at.as_ref())
}

fn time_at(at: Option<&WireTimestamp>) -> String {
    at.and_then(|at| at.time().ok()).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decides_says_so_in_words_that_can_be_kept_and_shown() {
        let said = |by: &str, reason: &str| operator(&By { by: by.to_owned() }, reason);
        let taken = said(" li ", "欠费的人 13800138000 已处理").unwrap();
        assert_eq!((taken.by.as_str(), taken.reason.as_str()), ("li", "欠费的人 [telephone] 已处理"));
        for (by, reason) in [("li\u{1b}[31m", ""), ("li", "红\u{1b}[31m"), ("li", "一行\n二行"), ("", ""), ("N/A", "")]
        {
            assert!(said(by, reason).is_err(), "{by:?} {reason:?}");
        }
        let letter = DeadLetter { error: "odd\u{1b}[31m".to_owned(), ..Default::default() };
        let end = LetterEnd { letter: Some(letter), by: "li\u{1b}[2J".to_owned(), ..Default::default() };
        assert!(!line_of_end(&end).contains('\u{1b}'), "what was kept before is shown without");
    }

    #[test]
    fn a_letter_is_of_the_district_whose_history_it_is_about() {
        for subject in ["case.wuchang.261121-7k3q9x7.dispatch.3", "timer.dispatch.case.wuchang.261121-7k3q9x7"] {
            assert_eq!(district_of(subject).as_deref(), Some("wuchang"), "{subject}");
        }
        assert_eq!(district_of("something.else"), None);
    }
}
