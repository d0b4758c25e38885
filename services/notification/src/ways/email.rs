//! Mail, by a server of the installation's choice.

use std::time::Duration;

use anyhow::{Context, bail};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;
use webhook::{Attempt, Poster};

use crate::courier::Message;

/// How long a server may take for each of its answers.
const ANSWER_S_MAX: u64 = 15;
/// Characters of a subject; mail programs show fewer.
const SUBJECT_LENGTH_MAX: usize = 60;

/// The server, as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    host: String,
    port: Option<u16>,
    /// starttls, if nothing is said.
    #[serde(default)]
    security: Security,
    user: Option<String>,
    password: Option<String>,
    from: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Security {
    #[default]
    StartTls,
    Tls,
    /// In the clear, to a listed address only.
    None,
}

pub struct Mail {
    host: String,
    port: u16,
    security: Security,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    from: Mailbox,
}

/// # Errors
/// It is no address of mail.
pub fn address(text: &str) -> anyhow::Result<Address> {
    text.parse().ok().with_context(|| format!("email: {text:?} is no address of mail"))
}

/// `name <address>`, or the address alone.
fn mailbox(text: &str) -> Option<Mailbox> {
    let (name, address) = match text.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), rest.strip_suffix('>')?),
        None => ("", text),
    };
    Some(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address.trim().parse().ok()?))
}

impl Mail {
    pub fn open(settings: Settings) -> anyhow::Result<Self> {
        let Settings { host, port, security, user, password, from } = settings;
        let default = match security {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        };
        let credentials = match (user, password) {
            (Some(user), Some(password)) => Some(Credentials::new(user, password)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => bail!("user and password: both or neither"),
        };
        if security == Security::None && credentials.is_some() {
            bail!("security: a password is not sent in the clear");
        }
        let tls = match security {
            Security::None => None,
            Security::StartTls | Security::Tls => {
                // An error means that another part of the process has chosen before us, which is as good.
                let _ = rustls::crypto::ring::default_provider().install_default();
                Some(
                    TlsParameters::new(host.clone())
                        .context("preparing TLS, which needs this machine's CA certificates")?,
                )
            }
        };
        let from = mailbox(&from).with_context(|| format!("from: {from:?} is no address of mail"))?;
        Ok(Self { host, port: port.unwrap_or(default), security, tls, credentials, from })
    }

    pub async fn send(&self, to: &str, message: &Message, poster: &Poster) -> Attempt {
        let mail = match self.written(to, message) {
            Ok(mail) => mail,
            Err(error) => return Attempt::Refused(format!("{error:#}")),
        };
        // The address is looked up here, so that what is connected to is what was admitted.
        let address = match poster.look_up(&self.host, self.port, self.security != Security::None).await {
            Ok(address) => address,
            Err(error) => return Attempt::Failed(error, None),
        };
        let tls = match (self.security, &self.tls) {
            (Security::StartTls, Some(tls)) => Tls::Required(tls.clone()),
            (Security::Tls, Some(tls)) => Tls::Wrapper(tls.clone()),
            (_, _) => Tls::None,
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
            .port(address.port())
            .tls(tls)
            .timeout(Some(Duration::from_secs(ANSWER_S_MAX)));
        if let Some(credentials) = &self.credentials {
            server = server.credentials(credentials.clone());
        }
        match server.build().send(mail).await {
            Ok(_) => Attempt::Taken,
            Err(error) if error.is_permanent() => Attempt::Refused(record::chain(&error)),
            Err(error) => Attempt::Failed(record::chain(&error), None),
        }
    }

    /// The same message is the same mail: a server that was asked twice can tell by its id.
    fn written(&self, to: &str, message: &Message) -> anyhow::Result<lettre::Message> {
        let host = self.from.email.domain();
        let subject: String = message.rendered.chars().take(SUBJECT_LENGTH_MAX).collect();
        let shortened = if subject.chars().count() < message.rendered.chars().count() { "…" } else { "" };
        Ok(lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address(to)?))
            .message_id(Some(format!("<{}@{host}>", message.delivery_id)))
            .subject(format!("{subject}{shortened}"))
            .header(ContentType::TEXT_PLAIN)
            .body(message.rendered.clone())?)
    }
}
