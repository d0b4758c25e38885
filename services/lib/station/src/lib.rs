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
mod evidence;
mod history;
mod in_kind;
mod powers;
mod prose;
mod refusal;
mod submission;
pub mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_recursion::async_recursion as boxed;
use charter::Charter;
use chassis::{Anchor, Clock, Gate, Service};
use ids::Code;
use jiff::Timestamp;
use proto::charter::v1::CharterBundle;
use proto::facts::RECORD_FORM;
use record::follow::Failure;
use record::{Broker, BrokerConfig, BrokerError, Credentials, chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use caller::{Caller, role_name};
pub use charters::{Charters, NoCharter, bundle};
pub use course::{course_in, course_of};
pub use desk::{Desk, Named, Recorded};
pub use evidence::evidence;
pub use history::History;
pub use in_kind::{REQUEST_BYTES_MAX, asking_bridge, fill_district, in_kind, question};
pub use powers::{Withheld, granted, granted_to};
pub use prose::{
    ADDRESS_LENGTH_MAX, OFFICER, PLACE, POST_LENGTH_MAX, STAFF_REF_LENGTH_MAX, counted, line, officer, optional_line,
    optional_prose, place, prose, recorded_staff_ref, staff_ref, unmasked_line,
};
pub use refusal::{
    BadInput, Refuse, Violation, already_exists, bad_field, broker_status, explain, internal, not_found, not_now,
    refusal_of, status_of, unhandled, unreadable,
};
pub use submission::{snake_case, submission_in_json};

/// How long a first start waits for a broker that is not there yet, in seconds: as long as the platform's startup probe
/// (`k8s/base/services/template`).
const BROKER_S_MAX: u64 = 300;
/// Between two tries, and between two words about it.
const TRY_EVERY: Duration = Duration::from_secs(1);
const SAY_EVERY: Duration = Duration::from_secs(10);

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
    /// Go by a clock that stories move: where things are tried out, never where real people are. Without it no key of anybody's
    /// moves the time of this process.
    #[arg(long, env = "HUYING_PLAY")]
    pub play: bool,
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
    #[boxed]
    pub async fn connect(&self, name: &str) -> Result<Broker, BrokerError> {
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
    /// Connects, reads every charter on the record, and follows charters and clock from then on. It waits for a broker that
    /// is not there yet. From then on the service is ready as long as the record can be written.
    ///
    /// # Errors
    /// The broker has not come for [`BROKER_S_MAX`], does not let us in, is too old or not provisioned.
    #[boxed]
    pub async fn open(config: &Config, service: &Service) -> anyhow::Result<Self> {
        let gate = service.ready().gate("record");
        let Reached { broker, charters: (bundles, next) } = reach(config, service.name()).await?;
        service.spawn("watch the record", {
            let (broker, stop) = (broker.clone(), service.stopping());
            async move {
                broker.watch_standing(stop).await;
                Ok(())
            }
        });
        let charters = Charters::default();
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
        if config.play {
            tracing::warn!("this process goes by a clock that stories move (--play)");
            follow_the_clock(&broker, service);
        }
        service.spawn("mind the gate", mind(gate, broker.standing(), service.stopping()));
        Ok(Self { broker, charters, clock: service.clock().clone() })
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same without the part of a second that has passed: what decisions about limits are made by. A limit ends at a
    /// full second, and whoever answers within that second has kept it; what is counted from now ends at one, too.
    #[must_use]
    pub fn this_second(&self) -> Timestamp {
        let now = self.now();
        let round = jiff::TimestampRound::new().smallest(jiff::Unit::Second).mode(jiff::RoundMode::Floor);
        now.round(round).unwrap_or(now)
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

/// The clock of an installation that is played on (D9).
fn follow_the_clock(broker: &Broker, service: &Service) {
    let (broker, clock, stop) = (broker.clone(), service.clock().clone(), service.stopping());
    let process = format!("{}-{}", service.name(), uuid::Uuid::new_v4().simple());
    service.spawn("follow the clock", async move {
        let apply = |document: record::clock::ClockDocument| {
            clock.jump(Anchor {
                virtual_time: document.virtual_time,
                real_time: document.real_time,
                version: document.version,
            });
        };
        Ok(broker.follow_clock(process, stop, apply).await?)
    });
}

struct Reached {
    broker: Broker,
    /// Those on the record, and where to follow on.
    charters: (Vec<CharterBundle>, u64),
}

/// A connection behind which there is a record that can be read.
async fn reach(config: &Config, name: &str) -> Result<Reached, BrokerError> {
    let begun = Instant::now();
    let mut said: Option<Instant> = None;
    loop {
        let error = match try_to_reach(config, name).await {
            Ok(reached) => {
                if said.is_some() {
                    tracing::info!(waited_s = begun.elapsed().as_secs(), "the broker is there");
                }
                return Ok(reached);
            }
            Err(error @ BrokerError::Unavailable { .. }) => error,
            Err(error) => return Err(error),
        };
        if begun.elapsed() >= Duration::from_secs(BROKER_S_MAX) {
            return Err(error);
        }
        if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            said = Some(Instant::now());
            let waited_s = begun.elapsed().as_secs();
            tracing::info!(error = chain(&error), waited_s, waits_s_max = BROKER_S_MAX, "waiting for the broker");
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
}

async fn try_to_reach(config: &Config, name: &str) -> Result<Reached, BrokerError> {
    let broker = config.connect(name).await?;
    let charters = broker.charters().await?;
    let newer = broker.readers_form().await?;
    if newer > RECORD_FORM {
        tracing::warn!(
            known = RECORD_FORM,
            recorded = newer,
            "the record has facts that this version does not know; what they are about is set aside (HY-012)"
        );
    }
    Ok(Reached { broker, charters })
}

/// The gate is open while the record can be written, and says why it is not.
async fn mind(
    gate: Gate,
    mut standing: watch::Receiver<Option<record::standing::Trouble>>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        match &*standing.borrow_and_update() {
            None => gate.open(),
            Some(trouble) => gate.close_because(&trouble.words),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            changed = standing.changed() => changed?,
        }
    }
}
