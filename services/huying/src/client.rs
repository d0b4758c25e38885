//! Talking to the services of an installation: a gRPC channel with a token, or the broker with a key.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::boxed;
use chassis::{Clock, Identity, NoChannel};
use proto::casebook::v1::Freshness;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use record::Broker;

pub use chassis::{Authorised, authorised};
pub use station::explain;

use crate::accounts::PROVISION_USER;
use crate::data::DataFolder;
use crate::endpoints::Endpoints;
use crate::failure::BadUsage;

/// Life of a token a command issues for itself: longer than any command that ends.
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);
/// Largest answer read, in bytes: a case with the longest history there can be.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which installation a command is about.
#[derive(Clone, Debug, clap::Args)]
pub struct Installation {
    /// Data folder of the installation on this machine
    #[arg(long, env = "HUYING_DATA", value_name = "DIR", default_value = "./data", help_heading = "Installation")]
    pub data: PathBuf,
    /// Address of an installation elsewhere, e.g. http://intake:7070; goes with --token
    #[arg(long, env = "HUYING_GRPC", value_name = "URL", help_heading = "Installation")]
    pub grpc: Option<String>,
    /// Token to call it with, which others on this machine can see: rather --token-file. Without one, a command issues itself an operator's from the data folder
    #[arg(long, env = "HUYING_TOKEN", value_name = "TOKEN", hide_env_values = true, help_heading = "Installation")]
    pub token: Option<String>,
    /// File with the token; goes before --token
    #[arg(long, env = "HUYING_TOKEN_FILE", value_name = "FILE", help_heading = "Installation")]
    pub token_file: Option<PathBuf>,
}

impl Installation {
    pub fn folder(&self) -> DataFolder {
        DataFolder::new(&self.data)
    }

    /// A channel for an operator, who may read everything.
    ///
    /// # Errors
    /// As [`Installation::channel_as`].
    #[boxed]
    pub async fn channel(&self) -> anyhow::Result<Authorised> {
        let operator = Identity {
            role: "operator".into(),
            party: String::new(),
            district: String::new(),
            staff_ref: "cli".into(),
        };
        self.channel_as(&operator).await
    }

    /// A channel for whoever it is; with --token, for whoever that says.
    ///
    /// # Errors
    /// Nothing runs there, or there is no token to be had.
    #[boxed]
    pub async fn channel_as(&self, identity: &Identity) -> anyhow::Result<Authorised> {
        let url = match &self.grpc {
            Some(url) => url.clone(),
            None => Endpoints::of(&self.folder())?.grpc,
        };
        let token = match self.named_token()? {
            Some(token) => token,
            None if self.grpc.is_some() => {
                let missing = "--grpc needs --token-file (or HUYING_TOKEN): ask the operator there for a token";
                return Err(BadUsage::new(missing).into());
            }
            None => self.folder().issuer()?.issue(identity, Clock::real().real_now(), TOKEN_LIFE),
        };
        authorised(&url, &token).await.map_err(|error| match error {
            NoChannel::Token | NoChannel::Address { .. } => {
                BadUsage::new(format_args!("{:#}", anyhow::Error::new(error))).into()
            }
            NoChannel::Unreachable { .. } => error.into(),
        })
    }

    /// The token that was named, if one was.
    fn named_token(&self) -> anyhow::Result<Option<String>> {
        let Some(file) = &self.token_file else { return Ok(self.token.clone()) };
        let unread = |error| BadUsage::new(format_args!("--token-file {}: {error}", file.display()));
        let token = std::fs::read_to_string(file).map_err(unread)?.trim().to_owned();
        if token.is_empty() {
            return Err(BadUsage::new(format_args!("--token-file {}: it is empty", file.display())).into());
        }
        Ok(Some(token))
    }

    /// The broker, as the operator's tool; only where its key is at hand.
    ///
    /// # Errors
    /// Nothing runs on the data folder.
    #[boxed]
    pub async fn broker(&self) -> anyhow::Result<Broker> {
        self.broker_as(PROVISION_USER).await
    }

    /// The broker, as one of our own users.
    ///
    /// # Errors
    /// As [`Installation::broker`].
    #[boxed]
    pub async fn broker_as(&self, user: &str) -> anyhow::Result<Broker> {
        if self.grpc.is_some() {
            bail!("this needs the broker itself: run it where the installation runs, with --data");
        }
        let folder = self.folder();
        let endpoints = Endpoints::of(&folder)?;
        crate::up::connect(&folder, &endpoints.nats, user).await.with_context(|| {
            format!("connecting to the broker of {}; is `huying up` still running?", folder.path().display())
        })
    }

    /// The casebook, for an operator.
    ///
    /// # Errors
    /// As [`Installation::channel_as`].
    #[boxed]
    pub async fn casebook(&self) -> anyhow::Result<CasebookServiceClient<Authorised>> {
        Ok(casebook(self.channel().await?))
    }
}

/// Intake behind a channel.
pub fn intake(channel: Authorised) -> IntakeServiceClient<Authorised> {
    IntakeServiceClient::new(channel)
}

/// The casebook behind a channel.
pub fn casebook(channel: Authorised) -> CasebookServiceClient<Authorised> {
    CasebookServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// Whoever asks at a terminal has just done something, here or in another window.
pub const CURRENT: Freshness = Freshness { at_least: 0, current: true };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_its_file_before_what_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let said = |token: Option<&str>| Installation {
            data: folder.path().to_owned(),
            grpc: None,
            token: token.map(str::to_owned),
            token_file: Some(file.clone()),
        };
        let missing = said(Some("said")).named_token().unwrap_err().to_string();
        assert!(missing.contains("--token-file") && missing.contains("token"), "{missing}");
        std::fs::write(&file, "\n").unwrap();
        assert!(said(None).named_token().unwrap_err().to_string().contains("empty"));
        std::fs::write(&file, "from.the.file\n").unwrap();
        assert_eq!(said(Some("said")).named_token().unwrap().as_deref(), Some("from.the.file"));
        let none = Installation { token_file: None, ..said(Some("said")) };
        assert_eq!(none.named_token().unwrap().as_deref(), Some("said"));
    }
}
