//! By what somebody is told: whoever the file of ways lists by their own ways (mail, a short message, a robot in a group's chat),
//! everybody else by the one webhook, or into the log. The file stands with the installation, because it has keys, addresses and
//! numbers, none of which the record or a charter may have (D8).

mod email;
mod gateway;
mod robots;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::civil::Time;
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use webhook::{Attempt, Poster, Target, Url};

use crate::courier::Message;
use crate::domain::Transport;
use email::Mail;
use gateway::Gateway;

/// Ways of one recipient.
const WAYS_MAX: usize = 5;

/// One way to one recipient.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    /// The one webhook; without it the log.
    Otherwise,
    /// An address of mail.
    Email(String),
    /// A number, as the gateway wants it.
    Sms(String),
    WeCom(Url),
    DingTalk {
        url: Url,
        /// Where the robot asks for a signature.
        secret: Option<String>,
    },
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.transport().map_or("otherwise", Transport::as_str))
    }
}

impl Way {
    /// What it is on the record; none: what happens otherwise says so.
    #[must_use]
    pub const fn transport(&self) -> Option<Transport> {
        match self {
            Self::Otherwise => None,
            Self::Email(_) => Some(Transport::Email),
            Self::Sms(_) => Some(Transport::Sms),
            Self::WeCom(_) => Some(Transport::WeCom),
            Self::DingTalk { .. } => Some(Transport::DingTalk),
        }
    }

    /// What tells it from others of the same recipient.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Otherwise => String::new(),
            Self::Email(to) => format!("|email|{to}"),
            Self::Sms(to) => format!("|sms|{to}"),
            Self::WeCom(url) => format!("|wecom|{url}"),
            Self::DingTalk { url, .. } => format!("|dingtalk|{url}"),
        }
    }
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    email: Option<email::Settings>,
    sms: Option<gateway::Settings>,
    quiet: Option<QuietSettings>,
    recipients: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietSettings {
    from: String,
    to: String,
}

/// One of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    email: Option<String>,
    sms: Option<String>,
    wecom: Option<String>,
    dingtalk: Option<Robot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Robot {
    url: String,
    secret: Option<String>,
}

/// Hours in which nobody is told what can wait, by the clock of the district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: Time,
    to: Time,
}

impl Quiet {
    /// When they end, if it is one of them.
    #[must_use]
    pub fn until(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = now.to_zoned(zone.clone());
        let (date, time) = (here.date(), here.time());
        let over_midnight = self.to <= self.from;
        let (is_quiet, ends_tomorrow) = if over_midnight {
            (time >= self.from || time < self.to, time >= self.from)
        } else {
            (time >= self.from && time < self.to, false)
        };
        let day = if ends_tomorrow { date.tomorrow().ok()? } else { date };
        let ends = is_quiet.then(|| day.to_datetime(self.to).to_zoned(zone.clone()).ok()).flatten()?;
        Some(ends.timestamp())
    }
}

/// Everybody's ways.
#[derive(Default)]
pub struct Ways {
    mail: Option<Mail>,
    gateway: Option<Gateway>,
    pub quiet: Option<Quiet>,
    recipients: BTreeMap<String, Vec<Way>>,
}

impl Ways {
    /// # Errors
    /// The file cannot be read, or something in it is not as it should be; the text names it.
    pub fn of_file(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
        Self::parse(&text).with_context(|| shown.to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let read: Result<File, _> = serde_saphyr::from_str(text);
        let File { email, sms, quiet, recipients } = match read {
            Ok(file) => file,
            // Its own message would show the line, and with it a key.
            Err(error) => {
                let place = error.location().map(|at| format!("line {}: ", at.line())).unwrap_or_default();
                bail!("{place}not of the form that docs/ways.md says");
            }
        };
        let mail = email.map(Mail::open).transpose().context("email")?;
        let gateway = sms.map(Gateway::open).transpose().context("sms")?;
        let quiet = quiet.map(|quiet| quiet.read()).transpose().context("quiet")?;
        let (has_mail, has_gateway) = (mail.is_some(), gateway.is_some());
        let recipients = recipients
            .into_iter()
            .map(|(recipient, entries)| {
                let named = || format!("recipients.{recipient}");
                if entries.is_empty() || entries.len() > WAYS_MAX {
                    bail!("{}: {} ways; 1 to {WAYS_MAX} fit", named(), entries.len());
                }
                let read = entries.into_iter().map(|entry| entry.read(has_mail, has_gateway));
                let ways = read.collect::<anyhow::Result<Vec<_>>>().with_context(named)?;
                Ok((recipient, ways))
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { mail, gateway, quiet, recipients })
    }

    /// Those of one recipient.
    #[must_use]
    pub fn of(&self, recipient: &str) -> Vec<Way> {
        self.recipients.get(recipient).cloned().unwrap_or_else(|| vec![Way::Otherwise])
    }

    /// One try; none: it is not of these ways.
    pub async fn attempt(&self, message: &Message, poster: &Poster, now: Timestamp) -> Option<Attempt> {
        Some(match &message.way {
            Way::Otherwise => return None,
            Way::Email(to) => self.mail.as_ref()?.send(to, message, poster).await,
            Way::Sms(to) => self.gateway.as_ref()?.send(to, message, poster).await,
            Way::WeCom(url) => robots::wecom(url, message, poster).await,
            Way::DingTalk { url, secret } => robots::dingtalk(url, secret.as_deref(), message, poster, now).await,
        })
    }
}

impl Entry {
    fn read(self, has_mail: bool, has_gateway: bool) -> anyhow::Result<Way> {
        let Self { email, sms, wecom, dingtalk } = self;
        Ok(match (email, sms, wecom, dingtalk) {
            (Some(_), None, None, None) if !has_mail => {
                bail!("email: there is no server to send it by; say `email:` at the top")
            }
            (Some(to), None, None, None) => {
                email::address(&to)?;
                Way::Email(to)
            }
            (None, Some(_), None, None) if !has_gateway => {
                bail!("sms: there is no gateway to send it by; say `sms:` at the top")
            }
            (None, Some(to), None, None) => Way::Sms(to),
            (None, None, Some(to), None) => Way::WeCom(Target::url(&to).context("wecom")?),
            (None, None, None, Some(Robot { url, secret })) => {
                Way::DingTalk { url: Target::url(&url).context("dingtalk")?, secret }
            }
            _ => bail!("a way is one of email, sms, wecom and dingtalk"),
        })
    }
}

impl QuietSettings {
    fn read(&self) -> anyhow::Result<Quiet> {
        let time = |field: &'static str, text: &str| {
            Time::strptime("%H:%M", text).ok().with_context(|| format!("{field}: {text:?} is no time such as 21:30"))
        };
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        if from == to {
            bail!("from and to are the same");
        }
        Ok(Quiet { from, to })
    }
}

#[cfg(test)]
mod tests;
