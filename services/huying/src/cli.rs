//! The command line: what there is, how it is explained, and the exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use chassis::telemetry::{LogConfig, LogFormat, LogTarget, Telemetry};
use clap::builder::FalseyValueParser;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands;
use crate::failure::{Answered, BadUsage};
use crate::out::{Manner, ReaderGone};

/// The command line is wrong (`EX_USAGE` of sysexits.h).
const BAD_USAGE: u8 = 64;
const FAILED: u8 = 1;

/// What goes well is not logged: a command answers on standard output. That departments answer by themselves is said
/// once, and not by each of them.
const LOG: &str = "warn,responder::auto=error";

/// Lines of at most 80 columns, so that no terminal breaks them.
const GROUPS: &str = "\
Run an installation:
  up           everything on this machine: broker, services, departments' desks
  demo         worked examples from the sources, played in a minute
  provision    make a broker ready: streams, consumers, charters; or its accounts
  token        issue a token for somebody who calls the services
  access       who may see what and do what, as a table

Bring cases in:
  submit       one case, from the command line
  bridge       a whole file of them, as a bridge would

Work at a department's desk:
  call         its calls: list, respond, report in, progress, done, return

People:
  person       what is kept of one: shown, handed out, erased

Look:
  case         one case with everything that happened to it, or a list of cases
  tail         what happens, as it happens
  report       the statement of a day, a month or a year, in tables and charts
  dlq          messages that no service could handle
  webhook      what bridges are told by webhook: list, try, send again
  archive      closed cases: put away from the record, looked after, shown
  audit        whether the record still is what was written

Evaluate:
  score        periods: published, appealed, corrected, counted again

Powers of the streets:
  powers       opinions, suggestions, letters, sign-offs, funds, posts, allowance

Try:
  story        play worked examples and compare what comes of them

Rules:
  charter      list, show, check and apply the rules of a district

Shell:
  completions  for bash, zsh, fish and others

Examples:
  huying up                              start here; Ctrl-C stops it
  huying submit --district wuchang --title '路灯不亮' --place wuchang-jiyuqiao
  huying bridge file board.csv --map external_ref=msg_id,text=body
  huying case list --state called
  huying case show 261121-7k3q9xf
  huying charter check ./my-district && huying charter apply ./my-district

Commands find the installation through --data (default ./data), where `up`
writes endpoints.json; --grpc with --token reaches one elsewhere.
`huying COMMAND --help` has more. Exit codes: 0 done, 1 failed, 64 bad usage.";

/// Huying 呼应: the people call, we must respond
#[derive(Debug, Parser)]
#[command(name = "huying", version, about, after_help = GROUPS)]
#[command(help_template = "{about}\n\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}")]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// No colours, even on a terminal
    #[arg(long, global = true, env = "NO_COLOR", value_parser = FalseyValueParser::new(), hide_env = true)]
    no_color: bool,

    /// What is logged to standard error: a level, or directives such as info,record=debug
    #[arg(long, global = true, env = "HUYING_LOG", value_name = "FILTER", default_value = LOG)]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(commands::up::Args),
    /// Play the shipped stories on a throw-away installation
    Demo(commands::demo::Args),
    Provision(commands::provision::Args),
    #[command(subcommand)]
    Token(commands::token::Command),
    #[command(subcommand)]
    Access(commands::access::Command),
    Submit(commands::submit::Args),
    #[command(subcommand)]
    Bridge(commands::bridge::Command),
    #[command(subcommand)]
    Call(commands::call::Command),
    #[command(subcommand)]
    Person(commands::person::Command),
    #[command(subcommand)]
    Case(commands::case::Command),
    Tail(commands::tail::Args),
    Report(commands::report::Args),
    #[command(subcommand)]
    Charter(commands::charter::Command),
    #[command(subcommand)]
    Dlq(commands::dlq::Command),
    #[command(subcommand)]
    Webhook(commands::webhook::Command),
    #[command(subcommand)]
    Archive(commands::archive::Command),
    #[command(subcommand)]
    Powers(commands::powers::Command),
    #[command(subcommand)]
    Audit(commands::audit::Command),
    #[command(subcommand)]
    Score(commands::score::Command),
    /// Worked examples as data
    #[command(subcommand)]
    Story(commands::story::Command),
    /// Print a completion script
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// What can be typed: for whoever compares a document with it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// From the command line to the exit code.
pub fn run() -> ExitCode {
    let cli = match Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if the stream is closed.
            let _closed = error.print();
            return if error.use_stderr() { ExitCode::from(BAD_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("huying: starting the runtime: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let ended = runtime.block_on(async {
        let _telemetry = Telemetry::init(&LogConfig {
            service_name: "huying".to_owned(),
            filter: cli.log.clone(),
            format: LogFormat::Human,
            target: LogTarget::Stderr,
            otlp_endpoint: None,
        })
        .map_err(|error| BadUsage::new(format!("--log: {error:#}")))?;
        let manner = Manner { colour: !cli.no_color && std::io::stdout().is_terminal() };
        Box::pin(dispatch(cli.command, manner)).await
    });
    // What is left at the end of a command is not waited for: a polite end is the command's own business.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) if error.is::<Answered>() => ExitCode::from(FAILED),
        Err(error) => {
            eprintln!("huying: {error:#}");
            ExitCode::from(if error.is::<BadUsage>() { BAD_USAGE } else { FAILED })
        }
    }
}

async fn dispatch(command: Command, manner: Manner) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => commands::up::run(args).await,
        Command::Demo(args) => commands::demo::run(args, manner).await,
        Command::Story(command) => commands::story::run(command, manner).await,
        Command::Provision(args) => commands::provision::run(args).await,
        Command::Token(command) => commands::token::run(command),
        Command::Access(command) => commands::access::run(command),
        Command::Submit(args) => commands::submit::run(args).await,
        Command::Bridge(command) => commands::bridge::run(command).await,
        Command::Call(command) => Box::pin(commands::call::run(command)).await,
        Command::Person(command) => Box::pin(commands::person::run(command)).await,
        Command::Case(command) => commands::case::run(command, manner).await,
        Command::Tail(args) => commands::tail::run(args, manner).await,
        Command::Report(args) => commands::report::run(args, manner).await,
        Command::Charter(command) => commands::charter::run(command).await,
        Command::Dlq(command) => commands::dlq::run(command).await,
        Command::Webhook(command) => commands::webhook::run(command).await,
        Command::Archive(command) => commands::archive::run(command).await,
        Command::Powers(command) => commands::powers::run(command).await,
        Command::Audit(command) => Box::pin(commands::audit::run(command)).await,
        Command::Score(command) => Box::pin(commands::score::run(command)).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "huying", &mut std::io::stdout());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_names_every_command() {
        for command in Cli::command().get_subcommands() {
            let line = format!("\n  {} ", command.get_name());
            assert!(GROUPS.contains(&line), "{} is missing", command.get_name());
        }
    }
}
