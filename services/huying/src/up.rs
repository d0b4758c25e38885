//! A whole installation in one process, with the broker as its child: for a laptop, a demo, a small district.
//!
//! Every service has its own connection and its own user at the broker, just as if it ran alone; what they share is
//! the process: its ports, one clock, one end, and the connection they write through, so that what they write at the
//! same time goes to disk in one group. [`Running::start`] is the order of things.

mod anchors;
mod departments;
mod pages;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use charter::Charter;
use chassis::boxed;
use chassis::{Clock, Identity, Issuer, Outcome, Process, ProcessConfig, Service};
use ids::Owner;
use proto::facts::RECORD_FORM;
use record::{Broker, BrokerConfig, Credentials};
use tokio::time::timeout;
use webhook::IpNet;

use crate::accounts::{self, CASEBOOK_USER, PROVISION_USER};
use crate::charters::{self, Roster};
use crate::data::{DataFolder, Held};
use crate::endpoints::Endpoints;
use crate::provision::{newest, publish, remark, unreadable};
use crate::server::Server;
use departments::Departments;

/// From started to ready, in seconds: nothing is replayed, so this is for a machine that is busy with something else.
const READY_S_MAX: u64 = 120;
/// Life of a token from [`Running::token`]: longer than any session at a terminal.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Defaults of the ports, the services' own.
const NATS_PORT: u16 = 4222;
const GRPC_PORT: u16 = 7070;
const HTTP_PORT: u16 = 7080;
const DOOR_PORT: u16 = 7081;

/// Which ports of 127.0.0.1 to listen on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Ports {
    /// 4222 for NATS, 7070 for gRPC, 7080 for health and metrics, 7081 for machines over HTTP
    #[default]
    Default,
    /// Free ones; endpoints.json says which
    Auto,
}

/// What to run, and where it keeps its things.
#[derive(Clone, Debug)]
pub struct UpConfig {
    /// The data folder; made if it is not there.
    pub data: PathBuf,
    /// Names of shipped charters, or folders. Empty: all that ship.
    pub charters: Vec<String>,
    pub ports: Ports,
    /// Every department answers its calls promptly by itself.
    pub auto: bool,
    /// Where notification delivers to, if anywhere.
    pub webhook_url: Option<String>,
    /// Signs those deliveries.
    pub webhook_secret_file: Option<PathBuf>,
    /// Which bridges are told by webhook, if any.
    pub webhooks_file: Option<PathBuf>,
    /// Who is told by mail, short message or robot, if anybody.
    pub ways_file: Option<PathBuf>,
    /// What may be posted to though it is not public.
    pub egress_allow: Vec<IpNet>,
    /// What links to people's pages begin with, if not with the address of the pages here.
    pub link_base: Option<String>,
    /// Where people's pages are, if not at the usual port or a free one, as `ports` says.
    pub console_listen: Option<SocketAddr>,
    /// Whoever reaches the pages may be anybody, and stories move the clock: to try things out.
    pub play: bool,
}

impl UpConfig {
    /// A quiet installation with everything at its default.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            charters: Vec::new(),
            ports: Ports::Default,
            auto: false,
            webhook_url: None,
            webhook_secret_file: None,
            webhooks_file: None,
            ways_file: None,
            egress_allow: Vec::new(),
            link_base: None,
            console_listen: None,
            play: false,
        }
    }
}

/// An installation at work. [`Running::stop`] or [`Running::wait`] end it politely; dropped, it takes the broker with
/// it and leaves the rest to the runtime.
#[must_use = "an installation is waited for or stopped"]
pub struct Running {
    pub endpoints: Endpoints,
    /// What an operator should know and nothing failed for.
    pub remarks: Vec<String>,
    process: chassis::Running,
    server: Server,
    departments: Departments,
    issuer: Issuer,
    clock: Clock,
    folder: DataFolder,
    _held: Held,
}

impl Running {
    /// Starts everything and returns when it is ready. The desks of the departments open behind it, see
    /// [`Running::departments_open`].
    ///
    /// # Errors
    /// Something is in the way; the text says what to do.
    #[boxed]
    pub async fn start(mut config: UpConfig) -> anyhow::Result<Self> {
        // Before the broker, which makes its own files.
        chassis::keep_to_oneself();
        let folder = DataFolder::new(&config.data);
        let held = folder.hold()?;
        let folder = folder.absolute()?;
        let names = config.charters.clone();
        let charters = tokio::task::spawn_blocking(move || charters::load_all(&names)).await??;
        let issuer = folder.issuer_or_new()?;
        accounts::write(folder.path(), &Roster::of(&charters))?;
        // Before the broker: a port that is taken should cost nothing but a sentence.
        let door = open_door(config.ports)?;
        let door_addr = door.local_addr()?;
        let pages = pages::listen(&config).await?;
        if config.link_base.is_none() {
            config.link_base = pages::link_base(pages.local_addr()?);
        }
        let (process, mut main) = open_ports(&folder, config.ports).await?;
        let services_url = format!("http://{}", process.grpc_addr());
        let entrance = Entrance { door, grpc: services_url.clone() };
        let assembled = async {
            let assembled = Box::pin(assemble(&config, &folder, &charters, entrance, &mut main)).await?;
            let pages = pages::open(&config, &folder, services_url, pages, &mut main)?;
            anyhow::Ok((assembled, pages))
        };
        let (assembled, pages) = match assembled.await {
            Ok(both) => both,
            Err(error) => {
                abandon(process.unserved()).await;
                return Err(error);
            }
        };
        let Assembled { server, departments, remarks } = assembled;
        let (clock, ready) = (main.clock().clone(), main.ready().clone());
        let process = process.serve(main).await?;
        let not_ready = tokio::select! {
            reached = timeout(Duration::from_secs(READY_S_MAX), ready.reached()) => match reached {
                Ok(()) => None,
                Err(_) => Some(format!("not ready after {READY_S_MAX} s; still closed: {}", ready.closed().join(", "))),
            },
            () = process.stopped() => Some("a service failed while starting; the log says which and why".to_owned()),
            () = server.lost() => Some("nats-server died while the services were starting; nats.log may say why".to_owned()),
        };
        if let Some(why) = not_ready {
            abandon(process).await;
            server.stop().await;
            bail!(why);
        }
        let endpoints = Endpoints {
            nats: server.url(),
            grpc: format!("http://{}", process.grpc_addr()),
            http: format!("http://{}", process.http_addr()),
            door: format!("http://{door_addr}"),
            pages: format!("http://{pages}"),
            pid: std::process::id(),
        };
        endpoints.write(&folder.endpoints_file())?;
        Ok(Self { endpoints, remarks, process, server, departments, issuer, clock, folder, _held: held })
    }

    /// A token for whoever it is, good for a day.
    pub fn token(&self, identity: &Identity) -> String {
        self.issuer.issue(identity, self.clock.real_now(), TOKEN_LIFE)
    }

    /// The clock all services go by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The data folder, with the keys of all users of the broker.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// Another connection to the broker, as one of its users: `story`, `provision`, a service, a bridge, a department.
    ///
    /// # Errors
    /// There is no such user.
    #[boxed]
    pub async fn connect(&self, user: &str) -> anyhow::Result<Broker> {
        connect(&self.folder, &self.endpoints.nats, user).await
    }

    /// Answers that departments have kept and the hub has not taken yet, over all departments.
    pub fn waiting_answers(&self) -> usize {
        self.departments.waiting_answers()
    }

    /// Completes once the desk of every department is open. Nothing is lost on one that is not: its orders wait.
    #[boxed]
    pub async fn departments_open(&self) {
        self.departments.all_open().await;
    }

    /// Completes when it ends by itself: a task failed, or the broker is lost.
    #[boxed]
    pub async fn ended(&self) {
        tokio::select! {
            () = self.process.stopped() => {}
            () = self.server.lost() => {}
        }
    }

    /// Stops politely: services finish what is in hand, then the broker closes its files.
    ///
    /// # Errors
    /// A task had failed, or something did not finish in time.
    #[boxed]
    pub async fn stop(self) -> anyhow::Result<()> {
        self.process.stop();
        let outcome = self.process.wait().await;
        self.server.stop().await;
        // Stays where it is if it cannot be removed: the next start writes it anew.
        let _stale = std::fs::remove_file(self.folder.endpoints_file());
        match outcome {
            Outcome::Polite => Ok(()),
            Outcome::TaskFailed => bail!("a task failed; the log says which and why"),
            Outcome::DrainOverran => bail!("not everything in hand was finished in time; the log says what was not"),
        }
    }
}

/// What stands before the doors open.
struct Assembled {
    server: Server,
    departments: Departments,
    remarks: Vec<String>,
}

/// The door for machines, and where the services behind it will be.
struct Entrance {
    door: TcpListener,
    grpc: String,
}

async fn assemble(
    config: &UpConfig,
    folder: &DataFolder,
    charters: &[Charter],
    entrance: Entrance,
    main: &mut Service,
) -> anyhow::Result<Assembled> {
    let server = Server::start(folder, (config.ports == Ports::Default).then_some(NATS_PORT)).await?;
    let broker = connect(folder, &server.url(), PROVISION_USER).await?;
    let remarks = agree(&broker, &server, folder, charters).await?;
    start_services(config, folder, Arc::new(broker.clone()), &server.url(), main).await?;
    let door = door::Config {
        door_listen: entrance.door.local_addr()?,
        listener: Some(Arc::new(entrance.door)),
        intake_url: entrance.grpc.clone(),
        casebook_url: entrance.grpc.clone(),
        evaluation_url: entrance.grpc.clone(),
        responder_url: entrance.grpc,
    };
    main.absorb(begin(main.sibling("door"), door, door::start).await?);
    anchors::begin(folder, &server.url(), main);
    let departments = Departments::begin(folder, &server.url(), config.auto, broker, charters, main);
    Ok(Assembled { server, departments, remarks })
}

async fn abandon(process: chassis::Running) {
    process.stop();
    // How it ends is not what the caller has to hear: something failed before.
    let _outcome = process.wait().await;
}

/// Opened like the process' own ports, and for the same reason before everything else.
fn open_door(ports: Ports) -> anyhow::Result<TcpListener> {
    let port = if ports == Ports::Auto { 0 } else { DOOR_PORT };
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("port {port} cannot be opened; if another program has it, stop it or use `--ports auto`")
    })?;
    door.set_nonblocking(true)?;
    Ok(door)
}

async fn open_ports(folder: &DataFolder, ports: Ports) -> anyhow::Result<(Process, Service)> {
    let port = |default| match ports {
        Ports::Default => default,
        Ports::Auto => 0,
    };
    let listen = |default| SocketAddr::from((Ipv4Addr::LOCALHOST, port(default)));
    let config = ProcessConfig {
        grpc_listen: listen(GRPC_PORT),
        http_listen: listen(HTTP_PORT),
        identity_key_file: Some(folder.public_key_file()),
        ..ProcessConfig::default()
    };
    Process::start(config, "huying", Clock::real())
        .await
        .context("the ports cannot be opened; if another program has one, stop it or use `--ports auto`")
}

/// Streams, consumers and charters; and the accounts of those parties that only charters on the record know.
async fn agree(
    broker: &Broker,
    server: &Server,
    folder: &DataFolder,
    charters: &[Charter],
) -> anyhow::Result<Vec<String>> {
    // Their own consumers follow with the departments.
    broker.provision(1, &[]).await?;
    // Whoever reads this record is in this process.
    broker.raise_readers_form(RECORD_FORM).await?;
    let (on_record, _) = broker.charters().await?;
    let mut remarks = unreadable(&on_record);
    for charter in charters {
        let published = publish(broker, charter, &on_record).await?;
        remarks.extend(remark(charter, &published));
    }
    let others: Vec<_> = newest(&on_record)
        .into_iter()
        .filter(|known| !charters.iter().any(|ours| ours.district == known.district && ours.version == known.version))
        .collect();
    if !others.is_empty() {
        let everybody = Roster::of(charters.iter().chain(others.iter().map(AsRef::as_ref)));
        if accounts::write(folder.path(), &everybody)? {
            server.reload().await?;
        }
    }
    Ok(remarks)
}

/// All at once: each waits for the broker more than it computes.
async fn start_services(
    config: &UpConfig,
    folder: &DataFolder,
    writer: Arc<Broker>,
    url: &str,
    main: &mut Service,
) -> anyhow::Result<()> {
    let station = |user: &str| station::Config {
        nats_url: url.to_owned(),
        nats_nkey_file: Some(folder.key_file(user)),
        nats_nkey_seed: None,
        play: config.play,
        writer: Some(Arc::clone(&writer)),
    };
    let sibling = |owner: Owner| main.sibling(owner.as_str());
    let receipt_key_file = Some(folder.receipt_key_file()?);
    let intake = intake::Config {
        station: station(Owner::Intake.as_str()),
        reference_key_file: folder.reference_key_file()?,
        receipt_key_file: receipt_key_file.clone(),
        vault_key_file: Some(folder.vault_key_file()?),
    };
    let casebook = casebook::Config {
        station: station(CASEBOOK_USER),
        file: Some(folder.casebook_file()),
        // There are no other replicas that could begin with one.
        snapshot_minutes: 0,
        ready_while_behind: true,
    };
    let webhook_url = config.webhook_url.as_deref().map(str::parse).transpose();
    let notification = notification::Config {
        station: station(Owner::Notification.as_str()),
        webhook_url: webhook_url.context("reading --webhook-url")?,
        webhook_secret_file: config.webhook_secret_file.clone(),
        webhooks_file: config.webhooks_file.clone(),
        ways_file: config.ways_file.clone(),
        egress_allow: config.egress_allow.clone(),
        receipt_key_file,
        link_base: config.link_base.as_deref().map(str::parse).transpose().context("reading --link-base")?,
    };
    let triage = triage::Config { station: station(Owner::Triage.as_str()) };
    let dispatch = dispatch::Config { station: station(Owner::Dispatch.as_str()) };
    let enforcement_center = enforcement_center::Config { station: station(Owner::EnforcementCenter.as_str()) };
    let evaluation = evaluation::Config { station: station(Owner::Evaluation.as_str()) };
    let powers = powers::Config { station: station(Owner::Powers.as_str()) };
    let (casebook, intake, triage, dispatch, enforcement_center, evaluation, notification, powers) = tokio::try_join!(
        begin(main.sibling("casebook"), casebook, casebook::start),
        begin(sibling(Owner::Intake), intake, intake::start),
        begin(sibling(Owner::Triage), triage, triage::start),
        begin(sibling(Owner::Dispatch), dispatch, dispatch::start),
        begin(sibling(Owner::EnforcementCenter), enforcement_center, enforcement_center::start),
        begin(sibling(Owner::Evaluation), evaluation, evaluation::start),
        begin(sibling(Owner::Notification), notification, notification::start),
        begin(sibling(Owner::Powers), powers, powers::start),
    )?;
    for service in [casebook, intake, triage, dispatch, enforcement_center, evaluation, notification, powers] {
        main.absorb(service);
    }
    Ok(())
}

async fn begin<C, F>(mut service: Service, config: C, start: F) -> anyhow::Result<Service>
where
    F: AsyncFnOnce(C, &mut Service) -> anyhow::Result<()>,
{
    Box::pin(start(config, &mut service)).await.with_context(|| format!("starting {}", service.name()))?;
    Ok(service)
}

/// Logs in as one of the broker's users, with the key in the data folder.
pub(crate) async fn connect(folder: &DataFolder, url: &str, user: &str) -> anyhow::Result<Broker> {
    let config = BrokerConfig {
        url: url.to_owned(),
        credentials: Credentials::NkeyFile(folder.key_file(user)),
        name: format!("huying {user}"),
        inbox: user.to_owned(),
    };
    Ok(Broker::connect(&config).await?)
}
