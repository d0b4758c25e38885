//! A real nats-server for a test, in a second: its own port, its own folder, stopped by its process id.
//!
//! There is no mock of the broker anywhere. The binary is `HUYING_NATS_SERVER`, or `.tools/nats-server` at the top of
//! the checkout (`make tools` puts it there), or `nats-server` on the PATH.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a server may take until it listens.
const START_S_MAX: u64 = 20;

/// A port that is free now. Not one that the system gives out by itself: it must still be free when its server starts again,
/// while clients that try to come back are given such ports.
///
/// # Errors
/// None is.
pub fn free_port() -> anyhow::Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at the same time begin at different places.
    let start = u16::try_from(std::process::id() % u32::from(COUNT))?;
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (start + next) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
        if next >= COUNT {
            bail!("no port is free");
        }
    }
}

/// A running server. Dropping it kills it.
pub struct Nats {
    process: Option<Child>,
    folder: tempfile::TempDir,
    port: u16,
    /// Goes to the end of its configuration.
    more: String,
}

impl Nats {
    /// Starts a server with JetStream and `sync_interval: always` on a free port.
    ///
    /// # Errors
    /// No binary, or it does not come up.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with("")
    }

    /// The same with more in its configuration, accounts for example.
    ///
    /// # Errors
    /// No binary, or it does not come up.
    pub fn start_with(more: &str) -> anyhow::Result<Self> {
        let mut server =
            Self { process: None, folder: tempfile::tempdir()?, port: free_port()?, more: more.to_owned() };
        server.spawn()?;
        Ok(server)
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// `kill -9`, and a new process on the same port and folder.
    ///
    /// # Errors
    /// It does not come up again.
    pub fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.kill();
        self.spawn()
    }

    /// `kill -9`. Proves that the process is gone.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn spawn(&mut self) -> anyhow::Result<()> {
        let config = self.folder.path().join("nats.conf");
        let store = self.folder.path().join("store");
        std::fs::write(
            &config,
            format!(
                "listen: \"127.0.0.1:{}\"\n\
                 jetstream {{ store_dir: {store:?}, max_mem: 1G, max_file: 20G, sync_interval: always\n\
                   limits {{ batch {{ max_inflight_per_stream: 1000, max_inflight_total: 5000, max_msgs: 2000 }} }} }}\n{}\n",
                self.port, self.more
            ),
        )?;
        let mut process = Command::new(binary())
            .arg("-c")
            .arg(&config)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}: run `make tools`", binary().display()))?;
        let output = process.stderr.take().context("no output of nats-server")?;
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // The pipe is read to its end, so that the server never waits for us.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        self.process = Some(process);
        let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
        let mut said = Vec::new();
        while let Ok(line) = told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if line.contains("Server is ready") {
                return Ok(());
            }
            said.push(line);
        }
        bail!("nats-server did not come up:\n{}", said.join("\n"))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Several servers that keep streams together.
pub struct Cluster(Vec<Nats>);

impl Cluster {
    /// # Errors
    /// No binary, or one does not come up.
    pub fn start(servers: usize) -> anyhow::Result<Self> {
        let free =
            || TcpListener::bind("127.0.0.1:0").and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        // Held together, so that they differ.
        let held = (0..servers).map(|_| free()).collect::<Result<Vec<_>, _>>()?;
        let ports: Vec<u16> = held.iter().map(|(port, _)| *port).collect();
        drop(held);
        let routes: Vec<String> = ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
        let routes = routes.join(", ");
        let start = |(number, port): (usize, &u16)| {
            Nats::start_with(&format!(
                "server_name: n{number}\ncluster {{ name: test, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}\n"
            ))
        };
        Ok(Self(ports.iter().enumerate().map(start).collect::<anyhow::Result<_>>()?))
    }

    #[must_use]
    pub fn url(&self, server: usize) -> String {
        self.0[server].url()
    }

    /// `kill -9`.
    pub fn kill(&mut self, server: usize) {
        self.0[server].kill();
    }

    /// On the same port and folder as before.
    ///
    /// # Errors
    /// It does not come up again.
    pub fn start_again(&mut self, server: usize) -> anyhow::Result<()> {
        self.0[server].kill_and_restart()
    }
}

/// Which nats-server to start.
#[must_use]
pub fn binary() -> PathBuf {
    #[allow(clippy::disallowed_methods, reason = "a test's only configuration")]
    let named = std::env::var("HUYING_NATS_SERVER").ok().map(PathBuf::from);
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../.tools/nats-server");
    named.or_else(|| fetched.exists().then_some(fetched)).unwrap_or_else(|| PathBuf::from("nats-server"))
}
