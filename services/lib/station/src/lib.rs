//! What every deciding service stands on: the broker, the charters, the clock, and a desk where a request becomes
//! a commit and an answer.
//!
//! It joins three crates that do not know each other: `record` (the broker, and `archive` beside it), `charter` (the
//! rules) and `chassis` (the process). Open [`desk`] next: all three kinds of request (asked by somebody, caused by a commit, due by a
//! deadline) go through it. [`caller`] says who asks, [`access`] what they may, [`refusal`] how a "no" travels.

pub mod access;
mod caller;
pub mod charters;
mod course;
pub mod desk;
mod history;
mod prose;
mod refusal;
pub mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use charter::Charter;
use chassis::{Anchor, Clock, Service};
use ids::Code;
use jiff::Timestamp;
use record::follow::Failure;
use record::{Broker, BrokerConfig, Credentials};

pub use caller::{Caller, role_name};
pub use charters::{Charters, NoCharter, bundle};
pub use course::{course_in, course_of};
pub use desk::{Desk, Named, Recorded};
pub use history::History;
pub use prose::{optional_prose, prose};
pub use refusal::{
    BadInput, Refuse, Violation, already_exists, bad_field, broker_status, explain, not_found, refusal_of, status_of,
};

/// How to reach the broker. Every flag is also an environment variable.
#[derive(Clone, Debug, clap::Args)]
// A group takes the type's name, and every service flattens this one into a `Config` of its own.
#[group(skip)]
pub struct Config {
    /// Address of the broker; several separated by commas.
    #[arg(long, env = "HUYING_NATS_URL", default_value = "nats://127.0.0.1:4222", value_name = "URL")]
    pub nats_url: String,
    /// File with the nkey seed of this service's user. Without it the broker must need no login.
    #[arg(long, env = "HUYING_NATS_NKEY_FILE", value_name = "FILE")]
    pub nats_nkey_file: Option<PathBuf>,
    /// Seed itself, handed over by the all-in-one that made it.
    #[arg(skip)]
    pub nats_nkey_seed: Option<String>,
    /// Connection of the all-in-one, through which all its services write (D1). Without it each has its own.
    #[arg(skip)]
    pub writer: Option<Arc<Broker>>,
}

impl Config {
    /// # Errors
    /// Not reachable, or the server is too old.
    pub async fn connect(&self, name: &str) -> anyhow::Result<Broker> {
        let credentials = match (&self.nats_nkey_seed, &self.nats_nkey_file) {
            (Some(seed), _) => Credentials::NkeySeed(seed.clone()),
            (None, Some(file)) => Credentials::NkeyFile(file.clone()),
            (None, None) => Credentials::None,
        };
        let config =
            BrokerConfig { url: self.nats_url.clone(), credentials, name: name.to_owned(), inbox: name.to_owned() };
        let broker = Broker::connect(&config).await?;
        Ok(match &self.writer {
            Some(writer) => broker.writing_through(Arc::clone(writer)),
            None => broker,
        })
    }
}

/// A service's footing. Cheap to clone.
#[derive(Clone)]
pub struct Station {
    pub broker: Broker,
    pub charters: Charters,
    pub clock: Clock,
}

impl Station {
    /// Connects, reads every charter on the record, and follows charters and clock from then on.
    ///
    /// # Errors
    /// The broker is not reachable, too old or not provisioned.
    pub async fn open(config: &Config, service: &Service) -> anyhow::Result<Self> {
        let gate = service.ready().gate("broker");
        let broker = config.connect(service.name()).await?;
        let charters = Charters::default();
        let (bundles, next) = broker.charters().await?;
        for bundle in bundles {
            charters.take(&bundle);
        }
        service.spawn("follow charters", {
            let (broker, charters, stop) = (broker.clone(), charters.clone(), service.stopping());
            async move {
                broker.follow_charters(next, stop, |bundle| charters.take(&bundle)).await;
                Ok(())
            }
        });
        service.spawn("follow the clock", {
            let (broker, clock, stop) = (broker.clone(), service.clock().clone(), service.stopping());
            let process = format!("{}-{}", service.name(), uuid::Uuid::new_v4().simple());
            async move {
                let apply = |document: record::clock::ClockDocument| {
                    clock.jump(Anchor {
                        virtual_time: document.virtual_time,
                        real_time: document.real_time,
                        version: document.version,
                    });
                };
                Ok(broker.follow_clock(process, stop, apply).await?)
            }
        });
        gate.open();
        Ok(Self { broker, charters, clock: service.clock().clone() })
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The charter a district goes by now, for whoever asks and can ask again.
    ///
    /// # Errors
    /// There is none to go by.
    pub fn charter(&self, district: &str) -> Result<Arc<Charter>, NoCharter> {
        self.charters.in_force(district, self.now())
    }

    /// The same for something followed.
    ///
    /// # Errors
    /// Transient for [`charters::WAIT_S_MAX`]: it may be on its way. Then permanent: a dead letter that can be brought back
    /// stands in nobody's way.
    pub fn charter_to_follow(&self, district: &Code) -> Result<Arc<Charter>, Failure> {
        self.charter(district.as_str()).map_err(|missing| self.charters.wait_for(missing, Instant::now()))
    }

    /// The version that something followed was decided under.
    ///
    /// # Errors
    /// As [`Station::charter_to_follow`].
    pub fn version_to_follow(&self, district: &Code, version: &str) -> Result<Arc<Charter>, Failure> {
        let found = self.charters.version(district.as_str(), version);
        found.map_err(|missing| self.charters.wait_for(missing, Instant::now()))
    }
}
