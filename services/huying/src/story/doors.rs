//! Where a story is played, and how its people get in.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use chassis::{Clock, Identity, Issuer};
use record::Broker;
use serde::Deserialize;

use crate::accounts::STORY_USER;
use crate::client::{Authorised, Installation, authorised};
use crate::endpoints::Endpoints;
use crate::up::Running;

/// Life of an actor's token in real time: longer than any story plays.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Addresses of the services, where they do not share one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// Where everything listens that is not named below.
    #[serde(default)]
    pub default: String,
    /// By service: `intake`, `triage`, `dispatch`, `enforcement-center`, `evaluation`, `notification`.
    #[serde(default)]
    pub services: BTreeMap<String, String>,
    /// By department.
    #[serde(default)]
    pub responders: BTreeMap<String, String>,
}

/// A running installation that a story may move the clock of.
pub struct Stage {
    doors: Doors,
    issuer: Issuer,
    pub(super) broker: Broker,
    run: String,
    /// Who is in already, and where. A channel that breaks connects again by itself.
    inside: Mutex<HashMap<(String, Identity), Authorised>>,
}

impl Stage {
    /// An installation in this process.
    ///
    /// # Errors
    /// The broker refuses the story user.
    pub async fn of(running: &Running) -> anyhow::Result<Self> {
        Ok(Self {
            doors: Doors { default: running.endpoints.grpc.clone(), ..Doors::default() },
            issuer: running.folder().issuer()?,
            broker: running.connect(STORY_USER).await?,
            run: new_run(),
            inside: Mutex::default(),
        })
    }

    /// An installation that runs elsewhere on this machine, known by its data folder.
    ///
    /// # Errors
    /// Nothing runs there.
    pub async fn at(installation: &Installation) -> anyhow::Result<Self> {
        let folder = installation.folder();
        let endpoints = Endpoints::of(&folder)?;
        Ok(Self {
            doors: Doors { default: endpoints.grpc.clone(), ..Doors::default() },
            issuer: folder.issuer()?,
            broker: crate::up::connect(&folder, &endpoints.nats, STORY_USER).await?,
            run: new_run(),
            inside: Mutex::default(),
        })
    }

    /// Services that run separately, with their addresses in a JSON file; keys from the data folder.
    ///
    /// # Errors
    /// The file is not of this form, or the broker is not there.
    pub async fn behind(installation: &Installation, nats: &str, doors: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(doors).with_context(|| format!("{} cannot be read", doors.display()))?;
        let doors = serde_json::from_str(&text).with_context(|| format!("{} does not name doors", doors.display()))?;
        let folder = installation.folder();
        let broker = crate::up::connect(&folder, nats, STORY_USER).await?;
        Ok(Self { doors, issuer: folder.issuer()?, broker, run: new_run(), inside: Mutex::default() })
    }

    /// Sets this playing apart from every other on the same installation.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// The charters on the record, the newest version of each district.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn charters(&self) -> anyhow::Result<Vec<std::sync::Arc<charter::Charter>>> {
        let charters = station::Charters::default();
        let (bundles, _) = self.broker.charters().await?;
        bundles.iter().for_each(|bundle| charters.take(bundle));
        Ok(charters.newest())
    }

    /// A service, for somebody who only reads.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn as_operator(&self, service: &str) -> anyhow::Result<Authorised> {
        self.enter(service, &operator()).await
    }

    /// A service, as somebody.
    pub(super) async fn enter(&self, service: &str, identity: &Identity) -> anyhow::Result<Authorised> {
        let url = match service {
            "responder" => self.doors.responders.get(&identity.party),
            service => self.doors.services.get(service),
        };
        let door = (url.unwrap_or(&self.doors.default).clone(), identity.clone());
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner).get(&door).cloned();
        if let Some(channel) = inside {
            return Ok(channel);
        }
        let token = self.issuer.issue(identity, Clock::real().real_now(), TOKEN_LIFE);
        let channel = authorised(&door.0, &token).await?;
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).insert(door, channel.clone());
        Ok(channel)
    }
}

/// Reads everything, decides nothing.
pub(super) fn operator() -> Identity {
    Identity { role: "operator".into(), party: String::new(), district: String::new(), staff_ref: "story".into() }
}

fn new_run() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
