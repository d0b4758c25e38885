//! The outsider's program, started from here so that it can be killed in the middle of its work.

use std::ffi::OsString;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// Dropped, it is killed, with whatever it has started.
pub struct Program {
    command: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    running: Option<Child>,
    /// What it has printed, over all its lives.
    printed: Arc<Mutex<Vec<String>>>,
    reading: JoinSet<()>,
}

impl Program {
    /// Not started yet. `command` is not empty.
    #[must_use]
    pub fn new(command: Vec<OsString>, environment: Vec<(&'static str, OsString)>) -> Self {
        Self { command, environment, running: None, printed: Arc::default(), reading: JoinSet::new() }
    }

    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let Some((program, args)) = self.command.split_first() else { bail!("no program was named") };
        let mut command = Command::new(program);
        // What it complains about is for whoever wrote it; in a group of its own, so that nothing of it outlives a kill.
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        if let Some(stdout) = child.stdout.take() {
            let printed = Arc::clone(&self.printed);
            self.reading.spawn(async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    printed.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            });
        }
        self.running = Some(child);
        Ok(())
    }

    /// `kill -9`, wherever it is.
    ///
    /// # Errors
    /// The system does not say that it is dead.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.running.take() else { return Ok(()) };
        kill_group(&child);
        child.wait().await.context("waiting for the end of the program")?;
        // What it had printed is read to the end before anybody counts it.
        while self.reading.join_next().await.is_some() {}
        Ok(())
    }

    /// How it ended, if it did so by itself.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.running.as_mut()?.try_wait().ok()??;
        Some(format!("the program ended by itself ({status})"))
    }

    /// What it has printed until now.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &self.running {
            kill_group(child);
        }
    }
}

fn kill_group(child: &Child) {
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        let _gone_already = kill_process_group(pid, Signal::KILL);
    }
}
