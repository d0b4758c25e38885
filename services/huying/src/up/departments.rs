//! The desks of all departments, in the same process as the hub but through their own accounts, as if they were far
//! away. There are hundreds, so they open behind the start, and nothing waits for them: orders wait in the record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use charter::Charter;
use chassis::{CancellationToken, Service};
use futures::{StreamExt, TryStreamExt};
use ids::Code;
use record::Broker;
use responder::{Department, DepartmentConfig, Fleet, Policy};
use tokio::sync::{mpsc, watch};

use super::UpConfig;
use crate::charters::Roster;
use crate::data::DataFolder;
use crate::provision::newest;

/// Opened at the same time. Each waits for the disk more than it computes.
const OPENED_AT_ONCE: usize = 16;
/// Pauses before departments are provisioned again.
const PROVISION_PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];
/// Charters that may arrive while departments are opening; a district changes its own a few times a year.
const CHARTERS_WAITING_MAX: usize = 64;

/// Departments whose responders run elsewhere, as one that is not here may be far away.
#[derive(Clone, Debug, Default)]
pub enum Elsewhere {
    /// All desks are here.
    #[default]
    Nobody,
    These(Vec<Code>),
    /// No desk is here.
    Everybody,
}

impl Elsewhere {
    fn has(&self, department: &Code) -> bool {
        match self {
            Self::Nobody => false,
            Self::These(codes) => codes.contains(department),
            Self::Everybody => true,
        }
    }
}

/// Every department of the installation. Clones are the same.
#[derive(Clone)]
pub(super) struct Departments {
    folder: DataFolder,
    nats_url: String,
    auto: bool,
    elsewhere: Arc<Elsewhere>,
    fleet: Fleet,
    open: Arc<Mutex<HashMap<Code, Department>>>,
    all_open: Arc<watch::Sender<bool>>,
}

impl Departments {
    /// Opens the door of the desks, behind which they open one by one: those of `charters` first, then those that
    /// charters bring which are applied while this runs.
    pub fn begin(
        folder: &DataFolder,
        nats_url: &str,
        config: &UpConfig,
        broker: Broker,
        charters: &[Charter],
        main: &mut Service,
    ) -> Self {
        let departments = Self {
            folder: folder.clone(),
            nats_url: nats_url.to_owned(),
            auto: config.auto,
            elsewhere: Arc::new(config.elsewhere.clone()),
            fleet: Fleet::default(),
            open: Arc::default(),
            all_open: Arc::new(watch::Sender::new(false)),
        };
        main.grpc(departments.fleet.door());
        let service = main.sibling("departments");
        let work = departments.clone().work(broker, Roster::of(charters).departments, main.sibling("departments"));
        service.spawn("open", work);
        departments
    }

    /// Answers that are kept and that the hub has not taken yet.
    pub fn waiting_answers(&self) -> usize {
        self.open().values().map(Department::waiting_answers).sum()
    }

    /// Completes once those that were known at the start are open.
    pub async fn all_open(&self) {
        let mut all_open = self.all_open.subscribe();
        // The sender is ours, so the only end of the waiting is that it comes true.
        let _open = all_open.wait_for(|open| *open).await;
    }

    async fn work(self, broker: Broker, first: Vec<Code>, service: Service) -> anyhow::Result<()> {
        let stop = service.stopping();
        self.add(&broker, first, &service).await?;
        let (bundles, next) = broker.charters().await?;
        self.add(&broker, departments_of(&bundles), &service).await?;
        self.all_open.send_replace(true);

        let (arriving, mut arrived) = mpsc::channel(CHARTERS_WAITING_MAX);
        // Whoever is too slow here misses a charter's new departments until the next start, and nothing else.
        let follow = broker.follow_charters(next, stop.clone(), move |bundle| drop(arriving.try_send(bundle)));
        let open = async {
            while let Some(bundle) = arrived.recv().await {
                self.add(&broker, departments_of(&[bundle]), &service).await?;
            }
            anyhow::Ok(())
        };
        let ((), opened) = tokio::join!(follow, open);
        opened
    }

    /// Opens those that are not open yet.
    async fn add(&self, broker: &Broker, codes: Vec<Code>, service: &Service) -> anyhow::Result<()> {
        let new: Vec<Code> = codes.into_iter().filter(|code| !self.open().contains_key(code)).collect();
        if new.is_empty() || service.stopping().is_cancelled() {
            return Ok(());
        }
        provision(broker, &new, service.stopping()).await?;
        let here = new.into_iter().filter(|code| !self.elsewhere.has(code));
        let mut opening =
            futures::stream::iter(here.map(|code| self.open_one(code, service))).buffer_unordered(OPENED_AT_ONCE);
        while let Some(department) = opening.try_next().await? {
            self.fleet.join(department.clone());
            self.open().insert(department.code().clone(), department);
            if service.stopping().is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    async fn open_one(&self, code: Code, service: &Service) -> anyhow::Result<Department> {
        let config = DepartmentConfig {
            station: station::Config {
                nats_url: self.nats_url.clone(),
                nats_nkey_file: Some(self.folder.key_file(code.as_str())),
                nats_nkey_seed: None,
                play: false,
                writer: None,
            },
            data_dir: self.folder.departments(),
            auto: self.auto.then_some(Policy::Prompt),
        };
        Department::open(code.clone(), config, service).await.with_context(|| format!("opening the desk of {code}"))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Code, Department>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Again after a while, and only then for good: hundreds of consumers are made at once, and a slow disk answers late.
/// What is there already stays as it is.
async fn provision(broker: &Broker, new: &[Code], stop: CancellationToken) -> anyhow::Result<()> {
    for pause in PROVISION_PAUSES {
        match broker.provision_departments(new).await {
            Ok(_) => return Ok(()),
            Err(error) => tracing::warn!(error = %record::chain(&error), "departments are not provisioned yet"),
        }
        // Nobody waits out a pause to stop.
        let _over = tokio::time::timeout(pause, stop.cancelled()).await;
    }
    broker.provision_departments(new).await?;
    Ok(())
}

fn departments_of(bundles: &[proto::charter::v1::CharterBundle]) -> Vec<Code> {
    let charters = newest(bundles);
    Roster::of(charters.iter().map(AsRef::as_ref)).departments
}
