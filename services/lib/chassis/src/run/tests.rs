//! What a process leaves behind, seen from outside: these tests start themselves again as a service, and signal it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::run_with;
use crate::{ConfigProblem, Configure, Service};

const STORY: &str = "CHASSIS_TEST_STORY";

#[derive(clap::Args)]
struct Config {
    #[arg(long)]
    story: String,
}

impl Configure for Config {
    const ABOUT: &'static str = "does what its story says";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        if self.story.is_empty() { Err(vec![ConfigProblem::new("--story", "is empty")]) } else { Ok(()) }
    }
}

async fn start(config: Config, service: &mut Service) -> anyhow::Result<()> {
    let stopping = service.stopping();
    match config.story.as_str() {
        "polite" => service.spawn("inbox", async move {
            stopping.cancelled().await;
            Ok(())
        }),
        "hangs" => service.spawn("inbox", std::future::pending()),
        "task fails" => service.spawn("inbox", async { anyhow::bail!("the broker said no") }),
        "task panics" => service.spawn("inbox", async { panic!("an invariant broke") }),
        "start fails" => anyhow::bail!("no broker there"),
        other => anyhow::bail!("no such story: {other}"),
    }
    Ok(())
}

/// Not a test but the service that the tests below start: it does nothing unless it is told a story.
#[test]
fn service() {
    let Some(line) = std::env::var_os(STORY) else { return };
    let line = line.into_string().unwrap();
    let args = ["clockwork", "--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"].into_iter();
    let exit_code = run_with("clockwork", args.chain(line.split('|')).map(OsString::from), start);
    std::process::exit(exit_code.into());
}

struct Running {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(args: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "run::tests::service", "--nocapture"])
            .env(STORY, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, log }
    }

    fn until_it_says(&mut self, word: &str) {
        for line in self.log.by_ref() {
            if line.unwrap().contains(word) {
                return;
            }
        }
        panic!("the process ended and never said {word:?}");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Its exit code, what remained of its log, and its standard error.
    fn end(self) -> (Option<i32>, String, String) {
        let log: Vec<String> = self.log.map(Result::unwrap).collect();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), log.join("\n"), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn told_to_stop_it_stops_politely_with_0() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Running::start("--story|polite");
        process.until_it_says("serving");
        process.signal(signal);
        let (code, log, _) = process.end();
        assert_eq!(code, Some(0), "{log}");
    }
}

#[test]
fn a_failure_is_logged_with_its_cause_and_ends_with_1() {
    for (story, cause) in [
        ("task fails", "the broker said no"),
        ("task panics", "an invariant broke"),
        ("start fails", "no broker there"),
    ] {
        let (code, log, _) = Running::start(&format!("--story|{story}")).end();
        assert_eq!(code, Some(1), "{story}: {log}");
        assert!(log.contains(cause), "{story}: {log}");
    }
}

#[test]
fn told_twice_it_stops_at_once_with_1() {
    let mut process = Running::start("--story|hangs|--drain-s-max|300");
    process.until_it_says("serving");
    process.signal("-TERM");
    process.until_it_says("stopping");
    process.signal("-TERM");
    let (code, log, _) = process.end();
    assert_eq!(code, Some(1), "{log}");
}

#[test]
fn bad_flags_end_with_64_and_are_all_named() {
    let (code, _, stderr) = Running::start("--drain-s-max|0|--log-format|braille").end();
    assert_eq!(code, Some(64));
    for flag in ["--drain-s-max", "--log-format", "--story"] {
        assert!(stderr.contains(flag), "{flag} is not in:\n{stderr}");
    }

    let (code, _, stderr) = Running::start("--story||--identity-key-file|/nowhere").end();
    assert_eq!(code, Some(64));
    for flag in ["--identity-key-file", "--story"] {
        assert!(stderr.contains(flag), "{flag} is not in:\n{stderr}");
    }

    let (code, _, stderr) = Running::start("--storey|polite").end();
    assert_eq!(code, Some(64));
    assert!(stderr.contains("--story"), "no suggestion in:\n{stderr}");
}

#[test]
fn asked_for_help_it_answers_with_0() {
    let (code, help, _) = Running::start("--help").end();
    assert_eq!(code, Some(0));
    for part in [Config::ABOUT, "--story", "HUYING_GRPC_LISTEN"] {
        assert!(help.contains(part), "{part} is not in:\n{help}");
    }
}
