//! The broker as a child of this process: found, started, watched over, and stopped by its process id.

mod binary;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chassis::boxed;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::data::{DataFolder, write_if_changed};
use binary::find;

/// Until the server takes connections, in seconds. A store of four million messages was open in under two.
const START_S_MAX: u64 = 60;
/// Until the server has read its configuration again, in seconds: with 1,000 accounts it takes a fraction of one.
const RELOAD_S_MAX: u64 = 10;
/// Between SIGTERM and SIGKILL, in seconds: it closes its files in milliseconds.
const STOP_S_MAX: u64 = 10;
/// Threads of the server that run Go code (its GOMAXPROCS, unless the environment sets one). A thread waiting for the
/// disk counts, and with `sync_interval: always` they wait a lot: with 8 instead of 2 on two cores, a lifecycle took 170
/// instead of 240 ms at 150 a second.
const THREADS: u32 = 8;
/// Starts again after a death nobody asked for, before it counts as hopeless...
const RESTARTS_MAX: u32 = 5;
/// ...unless it lived this long in between, in seconds.
const LIVED_S: u64 = 60;
/// Free ports tried: another program may take one between our looking and the server's.
const PORTS_TRIED_MAX: u32 = 5;
const POLL: Duration = Duration::from_millis(5);

/// A running nats-server. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Server {
    pub port: u16,
    folder: DataFolder,
    stop: CancellationToken,
    lost: CancellationToken,
    /// Holds the child; one task.
    watch: JoinSet<()>,
}

impl Server {
    /// Starts a server on `folder`, whose `accounts.conf` is there. `port` `None` takes a free one.
    ///
    /// # Errors
    /// No binary that is new enough, or it does not start; the text says why.
    #[boxed]
    pub async fn start(folder: &DataFolder, port: Option<u16>) -> anyhow::Result<Self> {
        let binary = find().await?;
        stop_leftover(folder).await?;
        let mut tried = 0;
        loop {
            tried += 1;
            let chosen = port.map_or_else(free_port, Ok)?;
            write_config(folder, chosen)?;
            match launch(&binary, folder, chosen).await {
                Ok(child) => return Ok(Self::watch(binary, folder.clone(), chosen, child)),
                Err(_) if port.is_none() && tried < PORTS_TRIED_MAX => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// `nats://host:port`
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Its process id, which is another after it died.
    pub fn pid(&self) -> Option<u32> {
        own_server(&self.folder).and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
    }

    /// Completes when the server has died and does not come back.
    #[boxed]
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// SIGTERM, then SIGKILL if it takes too long.
    #[boxed]
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.watch.join_next().await.is_some() {}
    }

    /// Reads `accounts.conf` again. Connections of users that are gone are closed, the others stay.
    ///
    /// # Errors
    /// The server is not there.
    #[boxed]
    pub async fn reload(&self) -> anyhow::Result<()> {
        reload(&self.folder).await
    }

    fn watch(binary: PathBuf, folder: DataFolder, port: u16, child: Child) -> Self {
        let (stop, lost) = (CancellationToken::new(), CancellationToken::new());
        let mut watch = JoinSet::new();
        watch.spawn(keep(binary, folder.clone(), port, child, stop.clone(), lost.clone()));
        Self { port, folder, stop, lost, watch }
    }
}

/// Tells the server of a data folder, whoever started it, to read its accounts again, and waits until it has.
///
/// # Errors
/// None runs there, or it does not take them over.
pub(crate) async fn reload(folder: &DataFolder) -> anyhow::Result<()> {
    let folder = folder.absolute()?;
    let pid = own_server(&folder).context("no nats-server of this data folder runs")?;
    // An account that is new at one reading is only joined to HUB at the next one: until then its requests find
    // nobody (measured with 2.15).
    for _ in 0..2 {
        let before = readings(&folder);
        kill_process(pid, Signal::HUP).context("telling nats-server to read its accounts again")?;
        let deadline = Instant::now() + Duration::from_secs(RELOAD_S_MAX);
        while readings(&folder) == before {
            ensure!(
                Instant::now() < deadline,
                "nats-server has not read its accounts again after {RELOAD_S_MAX} s; see {}",
                log_file(&folder).display()
            );
            sleep(POLL).await;
        }
    }
    Ok(())
}

/// How often a server has read its configuration again, as far as its log goes back.
fn readings(folder: &DataFolder) -> usize {
    let log = std::fs::read_to_string(log_file(folder)).unwrap_or_default();
    log.matches("Reloaded server configuration").count()
}

/// Starts the server again when it dies, a bounded number of times, until `stop`.
async fn keep(
    binary: PathBuf,
    folder: DataFolder,
    port: u16,
    mut child: Child,
    stop: CancellationToken,
    lost: CancellationToken,
) {
    let mut restarts = 0;
    let mut started = Instant::now();
    loop {
        tokio::select! {
            ended = child.wait() => {
                tracing::error!(?ended, log = %log_file(&folder).display(), "nats-server died; starting it again");
            }
            () = stop.cancelled() => return end(&mut child).await,
        }
        if started.elapsed() > Duration::from_secs(LIVED_S) {
            restarts = 0;
        }
        restarts += 1;
        if restarts > RESTARTS_MAX {
            tracing::error!(restarts = RESTARTS_MAX, "nats-server keeps dying; giving up");
            return lost.cancel();
        }
        started = Instant::now();
        match launch(&binary, &folder, port).await {
            Ok(again) => child = again,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "nats-server does not start again; giving up");
                return lost.cancel();
            }
        }
    }
}

/// One start, until the server takes connections.
async fn launch(binary: &Path, folder: &DataFolder, port: u16) -> anyhow::Result<Child> {
    // Found out now, it is one clear sentence; and whoever has the port is not mistaken for our server below.
    drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("another program has port {port} of 127.0.0.1, which nats-server needs: stop it, or use `--ports auto`")
    })?);
    // Everything it says goes to its log; what it says before it has one, or while it dies, goes here.
    let last_words = folder.path().join("nats.err");
    let stderr = File::create(&last_words).with_context(|| format!("making {}", last_words.display()))?;
    let mut command = Command::new(binary);
    if std::env::var_os("GOMAXPROCS").is_none() {
        command.env("GOMAXPROCS", THREADS.to_string());
    }
    let mut child = command
        .arg("--config")
        .arg(config_file(folder))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        // A Ctrl-C in the terminal is for us: the services finish first, and need the broker for it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", binary.display()))?;
    let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    loop {
        if let Some(status) = child.try_wait().context("waiting for nats-server")? {
            bail!("nats-server did not start ({status}): {}", last_lines(folder, &last_words));
        }
        // It opens its port only when its store is read.
        if TcpStream::connect(address).await.is_ok() && own_server(folder).is_some() {
            return Ok(child);
        }
        ensure!(
            Instant::now() < deadline,
            "nats-server takes no connections after {START_S_MAX} s; see {}",
            log_file(folder).display()
        );
        sleep(POLL).await;
    }
}

async fn end(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        let _gone_already = kill_process(pid, Signal::TERM);
    }
    if timeout(Duration::from_secs(STOP_S_MAX), child.wait()).await.is_err() {
        tracing::warn!(stop_s_max = STOP_S_MAX, "nats-server does not stop; killing it");
        let _gone_already = child.kill().await;
    }
}

/// A server that outlived its parent (which was killed) still owns the store: it is stopped, and a new one started.
async fn stop_leftover(folder: &DataFolder) -> anyhow::Result<()> {
    let Some(pid) = own_server(folder) else { return Ok(()) };
    tracing::warn!(pid = pid.as_raw_nonzero(), "a nats-server of an earlier run is still there; stopping it");
    for signal in [Signal::TERM, Signal::KILL] {
        let _gone_already = kill_process(pid, signal);
        let deadline = Instant::now() + Duration::from_secs(STOP_S_MAX);
        while Instant::now() < deadline {
            if test_kill_process(pid).is_err() {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }
    bail!("the nats-server with process id {pid} holds {} and cannot be stopped", folder.path().display())
}

/// The process that `nats.pid` names, if it is alive and is the server of this very folder: process ids are used again.
fn own_server(folder: &DataFolder) -> Option<Pid> {
    let pid = std::fs::read_to_string(pid_file(folder)).ok()?.trim().parse().ok().and_then(Pid::from_raw)?;
    test_kill_process(pid).ok()?;
    let called = format!("--config {}", config_file(folder).to_str()?);
    binary::command_line(pid)?.contains(&called).then_some(pid)
}

fn write_config(folder: &DataFolder, port: u16) -> anyhow::Result<()> {
    let root = folder.path().to_str().context("the path of the data folder is not text")?;
    ensure!(!root.contains(['"', '\\', '\n']), "the path of the data folder must not contain quotes or backslashes");
    let text = format!(
        r#"# Written by `huying up` at every start; changes are overwritten.
server_name: huying
listen: "127.0.0.1:{port}"
pid_file: "{root}/nats.pid"
log_file: "{root}/nats.log"
logfile_size_limit: 10MB
logfile_max_num: 3
max_payload: 1MB

jetstream {{
  store_dir: "{root}/jetstream"
  max_memory_store: 256M
  max_file_store: 10G
  # Every acknowledged write is on disk. With the default interval a power cut loses acknowledged writes.
  sync_interval: always
  limits {{
    # Grouped commits: many small batches in flight on one stream.
    batch {{ max_inflight_per_stream: 1000, max_inflight_total: 5000, max_msgs: 2000, timeout: "5s" }}
  }}
}}

include "accounts.conf"
"#
    );
    write_if_changed(&config_file(folder), text.as_bytes())?;
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

fn url(port: u16) -> String {
    format!("nats://127.0.0.1:{port}")
}

fn config_file(folder: &DataFolder) -> PathBuf {
    folder.path().join("nats.conf")
}

fn pid_file(folder: &DataFolder) -> PathBuf {
    folder.path().join("nats.pid")
}

fn log_file(folder: &DataFolder) -> PathBuf {
    folder.path().join("nats.log")
}

/// Why it did not start, in its own words.
fn last_lines(folder: &DataFolder, last_words: &Path) -> String {
    let log = std::fs::read_to_string(log_file(folder)).unwrap_or_default();
    let words = std::fs::read_to_string(last_words).unwrap_or_default();
    let fatal = log.lines().rev().take(20).find(|line| line.contains("[FTL]") || line.contains("[ERR]"));
    words.lines().last().or(fatal).unwrap_or("it said nothing").to_owned()
}
