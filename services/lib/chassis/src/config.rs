//! The command line: what every process has ([`ProcessConfig`]), what a service adds ([`Configure`]), and how all that
//! is wrong with it is said at once.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, Command, FromArgMatches};

use crate::identity::Verifier;
use crate::telemetry::{self, LogConfig, LogFormat, LogTarget};

/// A service's own flags.
pub trait Configure: Args {
    /// What the service does, in one line, for `--help`.
    const ABOUT: &'static str;

    /// What no single flag can know: combinations, files, names that have to parse.
    ///
    /// # Errors
    /// Every problem there is, not only the first.
    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        Ok(())
    }
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The flag to change, as it is typed: `--nats-url`.
    pub flag: String,
    /// What is wrong with it, in a sentence without the flag's name.
    pub message: String,
}

impl ConfigProblem {
    /// `message` is wrong with `flag`, which is written as it is typed: `--nats-url`.
    pub fn new(flag: impl Into<String>, message: impl Into<String>) -> Self {
        Self { flag: flag.into(), message: message.into() }
    }
}

const GRPC_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7070);
const HTTP_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7080);
const LOG: &str = "info";
const DRAIN_S_MAX: u64 = 20;

/// The flags that every process has. [`Default`] gives the flags' defaults, whatever the environment says.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Process")]
pub struct ProcessConfig {
    /// Where gRPC is served; port 0 takes a free one
    #[arg(long, env = "HUYING_GRPC_LISTEN", value_name = "ADDRESS", default_value_t = GRPC_LISTEN)]
    pub grpc_listen: SocketAddr,

    /// Where /healthz, /readyz, /metrics and the service's own HTTP are served; port 0 takes a free one
    #[arg(long, env = "HUYING_HTTP_LISTEN", value_name = "ADDRESS", default_value_t = HTTP_LISTEN)]
    pub http_listen: SocketAddr,

    /// The Ed25519 public key (PEM) that callers' tokens are signed with; without it every such call is refused
    #[arg(long, env = "HUYING_IDENTITY_KEY_FILE", value_name = "FILE")]
    pub identity_key_file: Option<PathBuf>,

    /// What is logged: a level, or directives such as info,record=debug
    #[arg(long, env = "HUYING_LOG", value_name = "FILTER", default_value = LOG)]
    pub log: String,

    /// How it is written, to standard output
    #[arg(long, env = "HUYING_LOG_FORMAT", value_enum, value_name = "FORMAT", default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,

    /// Where traces are sent (OTLP over gRPC, http://…); none are without it
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// How long calls and work in hand may take to finish after SIGTERM, in seconds, 1 to 300
    #[arg(long, env = "HUYING_DRAIN_S_MAX", value_name = "SECONDS", default_value_t = DRAIN_S_MAX)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=300))]
    pub drain_s_max: u64,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            grpc_listen: GRPC_LISTEN,
            http_listen: HTTP_LISTEN,
            identity_key_file: None,
            log: LOG.to_owned(),
            log_format: LogFormat::Human,
            otlp_endpoint: None,
            drain_s_max: DRAIN_S_MAX,
        }
    }
}

impl ProcessConfig {
    /// The logging part, for a process that is called `name` in traces and logs to standard output.
    pub fn logging(&self, name: &str) -> LogConfig {
        LogConfig {
            service_name: name.to_owned(),
            filter: self.log.clone(),
            format: self.log_format,
            target: LogTarget::Stdout,
            // Empty means unset: the OpenTelemetry specification says so for this variable.
            otlp_endpoint: self.otlp_endpoint.clone().filter(|endpoint| !endpoint.is_empty()),
        }
    }

    /// The key that callers' tokens are checked with, if there is one.
    ///
    /// # Errors
    /// If the file cannot be read, or is no public Ed25519 key.
    pub fn verifier(&self) -> anyhow::Result<Option<Verifier>> {
        let Some(file) = &self.identity_key_file else { return Ok(None) };
        let pem = std::fs::read_to_string(file)
            .map_err(|error| anyhow::Error::new(error).context(format!("reading {}", file.display())))?;
        Ok(Some(Verifier::from_public_pem(&pem)?))
    }

    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = telemetry::problems(&self.logging(""));
        if let Err(error) = self.verifier() {
            problems.push(ConfigProblem::new("--identity-key-file", format!("{error:#}")));
        }
        problems
    }
}

/// What a command line came to, if it did not come to a configuration.
#[derive(Debug)]
pub(crate) enum NoConfig {
    /// `--help` or `--version`: print it, all is well.
    Answer(clap::Error),
    /// A flag that does not exist, or is put in a way that cannot be understood.
    Unreadable(clap::Error),
    /// Every value that does not parse; or, once all do, everything that does not hold together.
    Problems(Vec<ConfigProblem>),
}

/// Reads and validates a whole command line, program name first.
pub(crate) fn read<C: Configure>(
    name: &'static str,
    args: impl IntoIterator<Item = OsString>,
) -> Result<(ProcessConfig, C), NoConfig> {
    let args: Vec<OsString> = args.into_iter().collect();
    let matches = command::<C>(name).try_get_matches_from(&args).map_err(|first| all_of_it::<C>(name, &args, first))?;
    let process = ProcessConfig::from_arg_matches(&matches).map_err(NoConfig::Unreadable)?;
    let service = C::from_arg_matches(&matches).map_err(NoConfig::Unreadable)?;

    let mut problems = process.problems();
    problems.extend(service.validate().err().into_iter().flatten());
    if problems.is_empty() { Ok((process, service)) } else { Err(NoConfig::Problems(problems)) }
}

fn command<C: Configure>(name: &'static str) -> Command {
    let flags = ProcessConfig::augment_args(C::augment_args(Command::new(name)));
    // Set last, over what the flags' own types say about themselves. Every crate of the workspace carries the same
    // version, so this one's is the process's.
    flags.about(C::ABOUT).long_about(None).version(env!("CARGO_PKG_VERSION"))
}

/// clap stops at the first value it dislikes. To name them all, each one it names is then let through as it is, and the
/// line is read again; every round takes one flag out, so the rounds end.
fn all_of_it<C: Configure>(name: &'static str, args: &[OsString], first: clap::Error) -> NoConfig {
    let mut problems = Vec::new();
    let mut let_through: Vec<String> = Vec::new();
    let mut error = first;
    loop {
        let kind = error.kind();
        if matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return NoConfig::Answer(error);
        }
        let of_a_value =
            matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::MissingRequiredArgument);
        let named = if of_a_value { flags(&error) } else { Vec::new() };
        let news: Vec<String> = named.into_iter().filter(|flag| !let_through.contains(flag)).collect();
        if news.is_empty() {
            // Not about one flag's value: whatever else is wrong can only be seen once this is put right.
            return NoConfig::Unreadable(error);
        }
        let message = message(&error);
        problems.extend(news.iter().map(|flag| ConfigProblem::new(flag, &message)));
        let_through.extend(news);

        let lenient = command::<C>(name).mut_args(|arg| {
            let anything = clap::value_parser!(OsString);
            match arg.get_long() {
                Some(long) if let_through.iter().any(|flag| flag[2..] == *long) => {
                    arg.required(false).action(ArgAction::Append).num_args(0..=1).value_parser(anything)
                }
                _ => arg,
            }
        });
        match lenient.try_get_matches_from(args) {
            Ok(_) => return NoConfig::Problems(problems),
            Err(next) => error = next,
        }
    }
}

/// The flags an error is about, as they are typed; clap names them with their value, `--drain-s-max <SECONDS>`.
fn flags(error: &clap::Error) -> Vec<String> {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(one)) => vec![one.as_str()],
        Some(ContextValue::Strings(many)) => many.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let typed = |usage: &str| usage.split([' ', '=', '[']).next().unwrap_or(usage).to_owned();
    named.into_iter().map(typed).filter(|flag| flag.starts_with("--")).collect()
}

/// The first paragraph of what clap would print, without the word it starts with.
fn message(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::MissingRequiredArgument {
        return "is required".to_owned();
    }
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or(&text);
    paragraph.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Args)]
    struct Config {
        #[arg(long)]
        nats_url: String,
        #[arg(long, default_value_t = 1)]
        workers: u8,
    }

    impl Configure for Config {
        const ABOUT: &'static str = "shows how flags are read";

        fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
            if self.workers == 0 { Err(vec![ConfigProblem::new("--workers", "must be at least 1")]) } else { Ok(()) }
        }
    }

    fn problems_of(line: &str) -> Vec<ConfigProblem> {
        match read::<Config>("clockwork", line.split(' ').map(OsString::from)) {
            Err(NoConfig::Problems(problems)) => problems,
            other => panic!("not a list of problems: {other:?}"),
        }
    }

    fn flags_of(problems: &[ConfigProblem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.flag.as_str()).collect()
    }

    #[test]
    fn every_value_that_does_not_parse_is_named() {
        let problems =
            problems_of("clockwork --grpc-listen here --drain-s-max 301 --workers many --log-format braille");
        let mut flags = flags_of(&problems);
        flags.sort_unstable();
        assert_eq!(flags, ["--drain-s-max", "--grpc-listen", "--log-format", "--nats-url", "--workers"]);
        let drain = problems.iter().find(|problem| problem.flag == "--drain-s-max").unwrap();
        assert!(drain.message.contains("301") && drain.message.contains("1..=300"), "{}", drain.message);
    }

    #[test]
    fn then_everything_that_does_not_hold_together() {
        let problems = problems_of(
            "clockwork --nats-url x --workers 0 --identity-key-file /nowhere --log in[fo --otlp-endpoint https://x",
        );
        assert_eq!(flags_of(&problems), ["--log", "--otlp-endpoint", "--identity-key-file", "--workers"]);
        assert!(problems[2].message.contains("/nowhere"), "{}", problems[2].message);
    }

    #[test]
    fn the_defaults_in_code_are_those_of_the_flags() {
        let Ok((process, _)) = read::<Config>("clockwork", ["clockwork", "--nats-url", "x"].map(OsString::from)) else {
            panic!("a good command line was refused")
        };
        assert_eq!(format!("{process:?}"), format!("{:?}", ProcessConfig::default()));
    }
}
