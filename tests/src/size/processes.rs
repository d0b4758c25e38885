//! The services as processes of their own on one store: started and stopped, timed and weighed one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cpu::cpu_s;
use anyhow::{Context, bail, ensure};
use chassis::Issuer;
use huying::accounts::PROVISION_USER;
use huying::data::DataFolder;
use ids::Owner;
use rustix::process::{Pid, Signal, kill_process};
use testkit::free_port;

use super::DEPARTMENTS;
use super::disk::Disk;
use crate::load::Access;

/// Between two looks whether something is there.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// A service that reads the whole record first takes long.
const READY: Duration = Duration::from_secs(15 * 60);
const STOP: Duration = Duration::from_secs(60);
/// After a service's name, its second process.
const SPARE: &str = "-spare";

/// The second process of a service.
#[must_use]
pub fn spare(service: &str) -> String {
    format!("{service}{SPARE}")
}

/// A process of ours, killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    pub name: String,
}

/// A store with its broker, and whichever services run on it.
pub struct Installation {
    folder: PathBuf,
    binaries: PathBuf,
    /// Where another build lies, and who runs as it.
    others: PathBuf,
    by_other: BTreeSet<String>,
    nats_port: u16,
    nats: Option<Program>,
    /// Of the broker's own, if its power is to be cut. After the broker, which has its files there.
    disk: Option<Disk>,
    services: BTreeMap<String, Program>,
    /// Where each listens, gRPC and HTTP: whoever is started again is found where it was.
    doors: BTreeMap<String, (SocketAddr, SocketAddr)>,
}

impl Program {
    fn start(name: &str, binary: &Path, args: &[String], log: &Path) -> anyhow::Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(binary);
        command.args(args).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("starting {}", binary.display()))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// Memory that it has in RAM now, in MB.
    ///
    /// # Errors
    /// It is gone.
    pub fn rss_mb(&self) -> anyhow::Result<f64> {
        rss_mb(self.child.id())
    }

    /// SIGTERM, and SIGKILL if that is not enough.
    fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
        let _gone_already = kill_process(pid, Signal::TERM);
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(begun.elapsed() < STOP, "{} does not stop", self.name);
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

impl Installation {
    /// Keys, accounts and streams in `folder`, made by the tool of this build where they are not there yet.
    ///
    /// # Errors
    /// The broker does not start, or does not take them.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        Self::open_beside(folder, None, false)
    }

    /// The same, with the programs of another build in the folder `others`: [`Self::change_build`] says who runs as that. What is
    /// not there yet is made by that build first, and brought up to date by this one, as when a new version comes.
    ///
    /// With a `disk_of_its_own` the power of the broker can be cut.
    ///
    /// # Errors
    /// As [`Self::open`]; a disk of its own takes root.
    pub fn open_beside(folder: &Path, others: Option<&Path>, disk_of_its_own: bool) -> anyhow::Result<Self> {
        let binaries = std::env::current_exe()?.parent().context("this program lies somewhere")?.to_owned();
        std::fs::create_dir_all(folder.join("identity"))?;
        let folder = folder.canonicalize()?;
        let mut installation = Self {
            nats_port: free_port()?,
            nats: None,
            disk: None,
            services: BTreeMap::new(),
            doors: BTreeMap::new(),
            others: others.unwrap_or(&binaries).canonicalize()?,
            by_other: BTreeSet::new(),
            binaries,
            folder,
        };
        installation.tool(&["provision", "accounts", "--dir", &installation.path("")])?;
        if !installation.folder.join("identity/private.pem").exists() {
            let issuer = Issuer::generate();
            std::fs::write(installation.path("identity/private.pem"), issuer.private_pem())?;
            std::fs::write(installation.path("identity/public.pem"), issuer.public_pem())?;
            std::fs::write(installation.path("reference.key"), "0123456789abcdef".repeat(4))?;
        }
        let store = installation.folder.join("jetstream");
        let is_new = !store.exists();
        if disk_of_its_own {
            ensure!(is_new, "{} is there already: a disk of its own is made with the installation", store.display());
            installation.disk = Some(Disk::new(&installation.folder.join("broker.disk"), &store)?);
        }
        installation.start_nats()?;
        if is_new && others.is_some() {
            let (url, key) = (installation.nats_url(), installation.path(&format!("keys/{PROVISION_USER}.nk")));
            let args = ["provision", "--nats-url", &url, "--nats-nkey-file", &key];
            run(&installation.others.join("huying"), &args)?;
        }
        installation.tool_at_the_broker(&[
            "provision",
            "--charter",
            "wuchang",
            "--charter",
            "heping",
            "--charter",
            "jiangan",
        ])?;
        Ok(installation)
    }

    /// From its next start on this process is of the other build.
    pub fn change_build(&mut self, name: &str) {
        if !self.by_other.remove(name) {
            self.by_other.insert(name.to_owned());
        }
    }

    #[must_use]
    pub fn access(&self) -> Access {
        self.access_by(str::to_owned)
    }

    /// The same by other processes: `named` says which, for a service.
    #[must_use]
    pub fn access_by(&self, named: impl Fn(&str) -> String) -> Access {
        let door = |owner: Owner| self.grpc(&named(owner.as_str()));
        Access {
            folder: DataFolder::new(&self.folder),
            nats: self.nats_url(),
            dispatch: door(Owner::Dispatch),
            evaluation: door(Owner::Evaluation),
        }
    }

    /// `http://host:port` of a service; nowhere, if it does not run.
    #[must_use]
    pub fn grpc(&self, name: &str) -> String {
        self.doors.get(name).map(|(grpc, _)| format!("http://{grpc}")).unwrap_or_default()
    }

    /// The operator's tool, as the user who provisions.
    ///
    /// # Errors
    /// It fails; what it said is in the error.
    pub fn tool_at_the_broker(&self, args: &[&str]) -> anyhow::Result<String> {
        self.tool_as(PROVISION_USER, args)
    }

    /// The operator's tool, as one of the broker's users.
    ///
    /// # Errors
    /// It fails; what it said is in the error.
    pub fn tool_as(&self, user: &str, args: &[&str]) -> anyhow::Result<String> {
        let (url, key) = (self.nats_url(), self.path(&format!("keys/{user}.nk")));
        self.tool(&[args, &["--nats-url", &url, "--nats-nkey-file", &key]].concat())
    }

    fn tool(&self, args: &[&str]) -> anyhow::Result<String> {
        run(&self.binaries.join("huying"), args)
    }

    /// Starts a service, or a department's responder, and says how long it took until it was ready.
    ///
    /// # Errors
    /// It ends instead, or takes too long.
    pub fn start(&mut self, name: &str) -> anyhow::Result<Duration> {
        let address = || Ok::<_, anyhow::Error>(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)));
        let (grpc, http) = match self.doors.get(name) {
            Some(doors) => *doors,
            None => (address()?, address()?),
        };
        self.doors.insert(name.to_owned(), (grpc, http));
        let user = name.strip_suffix(SPARE).unwrap_or(name);
        let flags = [
            ("--nats-url", self.nats_url()),
            ("--nats-nkey-file", self.path(&format!("keys/{user}.nk"))),
            ("--grpc-listen", grpc.to_string()),
            ("--http-listen", http.to_string()),
            ("--identity-key-file", self.path("identity/public.pem")),
        ];
        let mut args: Vec<String> = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
        let binary = if DEPARTMENTS.contains(&name) { "responder" } else { user };
        let more = match binary {
            "intake" => vec![("--reference-key-file", self.path("reference.key"))],
            "casebook" => vec![("--file", self.path(&format!("{name}.sqlite")))],
            "responder" => vec![
                ("--department", name.to_owned()),
                ("--data-dir", self.path("departments")),
                ("--auto", "prompt".to_owned()),
            ],
            _ => vec![],
        };
        args.extend(more.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]));
        let begun = Instant::now();
        let log = self.folder.join(format!("{name}.log"));
        let mut program = Program::start(name, &self.build_of(name).join(binary), &args, &log)?;
        while !is_ready(http) {
            if let Some(ended) = program.child.try_wait()? {
                bail!("{name} ended ({ended}) instead of getting ready; see {}", log.display());
            }
            ensure!(begun.elapsed() < READY, "{name} is not ready after {} s", READY.as_secs());
            std::thread::sleep(LOOK_EVERY);
        }
        let took = begun.elapsed();
        self.services.insert(name.to_owned(), program);
        Ok(took)
    }

    fn build_of(&self, name: &str) -> &Path {
        if self.by_other.contains(name) { &self.others } else { &self.binaries }
    }

    /// # Errors
    /// It does not stop.
    pub fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.services.remove(name).map_or(Ok(()), Program::stop)
    }

    /// `kill -9`, and started again; how long until it was ready.
    ///
    /// # Errors
    /// It does not come up again.
    pub fn kill_and_start(&mut self, name: &str) -> anyhow::Result<Duration> {
        // A program is killed when it is dropped.
        drop(self.services.remove(name));
        self.start(name)
    }

    /// The same with the broker, on the same store; how long until it took connections.
    ///
    /// # Errors
    /// It does not come up again.
    pub fn kill_and_start_nats(&mut self) -> anyhow::Result<Duration> {
        drop(self.nats.take());
        self.start_nats()
    }

    /// The power of the broker's disk is cut in the middle of its work, and comes back; how long until it took connections.
    ///
    /// # Errors
    /// It has no disk of its own, or does not come up again.
    pub fn cut_the_power_of_nats(&mut self) -> anyhow::Result<Duration> {
        let disk = self.disk.as_ref().context("a disk of the broker's own")?;
        disk.cut()?;
        drop(self.nats.take());
        disk.power_on()?;
        self.start_nats()
    }

    /// # Errors
    /// Somebody does not stop.
    pub fn stop_all_but_nats(&mut self) -> anyhow::Result<()> {
        for (_, program) in std::mem::take(&mut self.services) {
            program.stop()?;
        }
        Ok(())
    }

    /// # Errors
    /// Somebody does not stop.
    pub fn stop_all(&mut self) -> anyhow::Result<()> {
        self.stop_all_but_nats()?;
        self.nats.take().map_or(Ok(()), Program::stop)
    }

    /// Memory of everything that runs, in MB, by name.
    ///
    /// # Errors
    /// Somebody is gone.
    pub fn rss_mb(&self) -> anyhow::Result<BTreeMap<String, f64>> {
        let running = self.nats.iter().chain(self.services.values());
        running.map(|program| Ok((program.name.clone(), program.rss_mb()?))).collect()
    }

    /// Processor time that everything that runs has used since it started, in seconds, by name.
    ///
    /// # Errors
    /// Somebody is gone.
    pub fn cpu_s(&self) -> anyhow::Result<BTreeMap<String, f64>> {
        let running = self.nats.iter().chain(self.services.values());
        running.map(|program| Ok((program.name.clone(), cpu_s(program.child.id())?))).collect()
    }

    /// The broker, stopped and started on the same store; and how long until it took connections.
    ///
    /// # Errors
    /// It does not come up.
    pub fn restart_nats(&mut self) -> anyhow::Result<Duration> {
        if let Some(nats) = self.nats.take() {
            nats.stop()?;
        }
        self.start_nats()
    }

    fn start_nats(&mut self) -> anyhow::Result<Duration> {
        let config = format!(
            "listen: \"127.0.0.1:{}\"\nmax_payload: 1MB\n\
             jetstream {{ store_dir: \"{}\", max_memory_store: 256M, max_file_store: 60G, sync_interval: always\n\
               limits {{ batch {{ max_inflight_per_stream: 1000, max_inflight_total: 5000, max_msgs: 2000, timeout: \"5s\" }} }} }}\n\
             include \"accounts.conf\"\n",
            self.nats_port,
            self.path("jetstream")
        );
        std::fs::write(self.path("nats.conf"), config)?;
        let begun = Instant::now();
        let args = ["-c".to_owned(), self.path("nats.conf")];
        let mut program =
            Program::start("nats-server", &testkit::binary(), &args, &self.folder.join("nats-server.log"))?;
        // It opens its port only when its store is read.
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.nats_port)).is_err() {
            ensure!(program.child.try_wait()?.is_none(), "nats-server ended; see {}", self.path("nats-server.log"));
            ensure!(begun.elapsed() < READY, "nats-server takes no connections");
            std::thread::sleep(LOOK_EVERY);
        }
        self.nats = Some(program);
        Ok(begun.elapsed())
    }

    fn nats_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.nats_port)
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn run(tool: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(tool).args(args).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {}: {}\n{said}", tool.display(), args.join(" "), output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Memory of a process in RAM, in MB.
///
/// # Errors
/// It is gone.
pub fn rss_mb(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process has memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok((kilobytes / 102.4).round() / 10.0)
}

fn is_ready(http: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut door = TcpStream::connect(http)?;
        door.set_read_timeout(Some(Duration::from_secs(5)))?;
        door.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        door.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
