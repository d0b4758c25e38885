//! Which nats-server to start, and what a process id stands for.

use std::path::{Path, PathBuf};

use anyhow::bail;
use record::SERVER_VERSION_MIN;
use rustix::process::Pid;
use tokio::process::Command;

/// Names a binary of one's own.
const NAMED_BY: &str = "HUYING_NATS_SERVER";
/// Where `make tools` puts it, relative to the project's root.
const FETCHED: &str = ".tools/nats-server";

/// The binary named by the environment; else the fetched one, from here or from where this program lies upwards; else
/// the one on the PATH.
///
/// # Errors
/// None of them is there and new enough.
pub(super) async fn find() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os(NAMED_BY).map(PathBuf::from)
        // The Makefile names the fetched one before it has been fetched.
        && (named.exists() || !named.ends_with(FETCHED))
    {
        return match version_of(&named).await {
            Some(version) if new_enough(&version) => Ok(named),
            Some(version) => bail!(
                "{NAMED_BY} names {}, which is {version}; {SERVER_VERSION_MIN} or newer is needed (HY-001)",
                named.display()
            ),
            None => bail!("{NAMED_BY} names {}, which is no nats-server", named.display()),
        };
    }
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let fetched = starts.iter().flatten().flat_map(|start| start.ancestors()).map(|folder| folder.join(FETCHED));
    let mut too_old = Vec::new();
    for candidate in fetched.filter(|path| path.exists()).chain([PathBuf::from("nats-server")]) {
        match version_of(&candidate).await {
            Some(version) if new_enough(&version) => return Ok(candidate),
            Some(version) => too_old.push(format!("{} is {version}", candidate.display())),
            None => {}
        }
    }
    let found = if too_old.is_empty() { "none was found".to_owned() } else { too_old.join(", ") };
    bail!(
        "nats-server {SERVER_VERSION_MIN} or newer is needed (HY-001); {found}. `make tools` fetches one, or \
         {NAMED_BY} names one"
    )
}

/// What it answers when asked: `nats-server: v2.15.1`.
async fn version_of(binary: &Path) -> Option<String> {
    let answer = Command::new(binary).arg("--version").kill_on_drop(true).output().await.ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    Some(text.trim().strip_prefix("nats-server: v")?.to_owned())
}

fn new_enough(version: &str) -> bool {
    let numbers =
        |text: &str| -> Vec<u64> { text.split(['.', '-']).take(3).map(|part| part.parse().unwrap_or(0)).collect() };
    numbers(version) >= numbers(SERVER_VERSION_MIN)
}

/// How a living process was called, in one line.
pub(super) fn command_line(pid: Pid) -> Option<String> {
    if let Ok(bytes) = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())) {
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    // Systems without /proc have this; blocking, because it takes a millisecond and happens twice in a life.
    let pid = pid.as_raw_nonzero().to_string();
    let answer = std::process::Command::new("ps").args(["-o", "args=", "-p", &pid]).output().ok()?;
    Some(String::from_utf8_lossy(&answer.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (version, enough) in [("2.15.0", true), ("2.15.1-RC.1", true), ("2.100.0", true), ("2.9.9", false)] {
            assert_eq!(new_enough(version), enough, "{version}");
        }
    }
}
