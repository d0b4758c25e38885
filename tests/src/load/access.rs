//! How a load gets in, whether everything runs in one process or in many.

use std::time::Duration;

use chassis::{Clock, Identity};
use huying::data::DataFolder;
use huying::up::Running;
use record::{Broker, BrokerConfig, Credentials};

const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// How to get into an installation, in one process or in many.
#[derive(Clone, Debug)]
pub struct Access {
    pub folder: DataFolder,
    /// `nats://host:port`, and `http://host:port` of two services.
    pub nats: String,
    pub dispatch: String,
    pub evaluation: String,
}

impl Access {
    #[must_use]
    pub fn of(running: &Running) -> Self {
        let endpoints = &running.endpoints;
        Self {
            folder: running.folder().clone(),
            nats: endpoints.nats.clone(),
            dispatch: endpoints.grpc.clone(),
            evaluation: endpoints.grpc.clone(),
        }
    }

    /// # Errors
    /// The installation has no key yet.
    pub fn token(&self, role: &str, party: &str, district: &str) -> anyhow::Result<String> {
        let identity = Identity {
            role: role.to_owned(),
            party: party.to_owned(),
            district: district.to_owned(),
            staff_ref: "bench".to_owned(),
        };
        Ok(self.folder.issuer()?.issue(&identity, Clock::real().real_now(), TOKEN_LIFE))
    }

    /// A connection to the broker as one of its users.
    ///
    /// # Errors
    /// There is no such user.
    pub async fn connect(&self, user: &str) -> anyhow::Result<Broker> {
        let config = BrokerConfig {
            url: self.nats.clone(),
            credentials: Credentials::NkeyFile(self.folder.key_file(user)),
            name: format!("bench as {user}"),
            inbox: user.to_owned(),
        };
        Ok(Broker::connect(&config).await?)
    }
}
