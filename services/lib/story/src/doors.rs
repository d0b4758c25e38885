//! Where a story is played, and how its people get in.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chassis::{Authorised, Clock, Identity, Issuer, authorised};
use proto::casebook::v1::Freshness;
use record::Broker;
use serde::Deserialize;

/// Life of an actor's token in real time: longer than any story plays.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// What a story reads is what it did.
pub(crate) const CURRENT: Freshness = Freshness { at_least: 0, current: true };

/// Addresses of the services.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// Where everything listens that is not named below.
    #[serde(default)]
    pub default: String,
    /// By service: `casebook`, `intake`, `triage`, `dispatch`, `enforcement-center`, `evaluation`, `notification`,
    /// `powers`.
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
    pub(crate) broker: Broker,
    run: String,
    /// Who is in already, and where. A channel that breaks connects again by itself.
    inside: Mutex<HashMap<(String, Identity), Authorised>>,
}

impl Doors {
    /// All services listen at one address.
    pub fn shared(url: impl Into<String>) -> Self {
        Self { default: url.into(), ..Self::default() }
    }
}

impl Stage {
    /// A playing of its own on an installation: where its services listen, whoever signs its tokens, and its broker, as
    /// a user who may move the clock.
    pub fn new(doors: Doors, issuer: Issuer, broker: Broker) -> Self {
        let run = uuid::Uuid::new_v4().simple().to_string();
        Self { doors, issuer, broker, run, inside: Mutex::default() }
    }

    /// Sets this playing apart from every other on the same installation.
    pub(crate) fn run(&self) -> &str {
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
    pub(crate) async fn enter(&self, service: &str, identity: &Identity) -> anyhow::Result<Authorised> {
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
pub(crate) fn operator() -> Identity {
    Identity { role: "operator".into(), party: String::new(), district: String::new(), staff_ref: "story".into() }
}
