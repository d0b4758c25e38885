//! Our binaries as processes, each ended by its process id.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::until_now;

/// A process of ours. Dropped, it is killed.
pub struct Program {
    pub name: String,
    process: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a binary; what it says goes to the end of `log`.
    pub fn start(name: &str, binary: &str, args: &[String], log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).unwrap();
        let mut command = command(binary);
        // Stories are played on it.
        command.env("HUYING_PLAY", "true");
        command.args(args).stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        let process = command.spawn().unwrap();
        Self { name: name.to_owned(), process, log: log.to_owned() }
    }

    /// Waits until its door at `http` says that it is ready.
    pub fn ready(&mut self, http: SocketAddr) {
        until_now(&format!("{} is ready", self.name), || {
            if let Some(ended) = self.process.try_wait().unwrap() {
                panic!("{} ended ({ended}) instead of getting ready:\n{}", self.name, self.said());
            }
            is_ready(http).then_some(())
        });
    }

    /// `kill -9`, and proof that it is dead.
    pub fn kill(mut self) -> ExitStatus {
        self.process.kill().unwrap();
        self.process.wait().unwrap()
    }

    /// SIGTERM, and how it took it.
    pub fn stop(mut self) -> ExitStatus {
        let pid = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        until_now(&format!("{} stops", self.name), || self.process.try_wait().unwrap())
    }

    /// What it complained about last.
    pub fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let complains = |line: &&str| !["INFO", "DEBUG"].iter().any(|level| line.contains(&format!(" {level} ")));
        let lines: Vec<&str> = text.lines().filter(complains).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _gone_already = self.process.wait();
    }
}

/// How `kill -9` shows in an exit status.
pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// Runs the operator's tool to its end.
pub fn huying<A: AsRef<str>>(args: &[A]) -> Output {
    command("huying").args(args.iter().map(AsRef::as_ref)).stdin(Stdio::null()).output().unwrap()
}

/// Runs the operator's tool, which must succeed, for what it prints.
pub fn huying_ok<A: AsRef<str>>(args: &[A]) -> String {
    let output = huying(args);
    let said = String::from_utf8_lossy(&output.stderr);
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    assert!(output.status.success(), "huying {}: {}\n{said}", args.join(" "), output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Another binary of this build, until it ends.
pub fn run(binary: &str, args: &[&str]) -> Output {
    command(binary).args(args).stdin(Stdio::null()).output().unwrap()
}

/// A binary of this build, without anything that this environment says about another installation.
fn command(binary: &str) -> Command {
    let mut command = Command::new(built(binary));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("HUYING_") && name != "HUYING_NATS_SERVER");
        if ours || name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
            command.env_remove(name);
        }
    }
    command
}

/// Beside this test's own binary, which lies in `<target>/<profile>/deps`.
fn built(binary: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(binary);
    assert!(path.exists(), "{} is not built: run `cargo build --workspace --bins` first", path.display());
    path
}

fn is_ready(http: SocketAddr) -> bool {
    get(http, "/readyz").is_ok_and(|(status, _)| status == 200)
}

/// Status and body of a plain GET.
pub fn get(http: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut door = TcpStream::connect(http)?;
    door.set_read_timeout(Some(Duration::from_secs(5)))?;
    door.write_all(format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    door.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}

/// Where the binaries of this build lie.
pub fn binaries() -> PathBuf {
    built("huying").parent().unwrap().to_owned()
}
