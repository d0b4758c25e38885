use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use chassis::{ConfigProblem, Configure, ReceiptKey};
use ids::Code;
use webhook::{IpNet, Secrets, Target, Url, network};

use crate::news::settings;
use crate::ways::Ways;

/// Flags of notification.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
    /// Where notifications are posted as JSON (http or https). Without it they are written to the log.
    #[arg(long, env = "HUYING_WEBHOOK_URL", value_name = "URL", value_parser = Target::url)]
    pub webhook_url: Option<Url>,
    /// File with the secret that posts are signed with (`whsec_…`, as `huying webhook secret` prints one), or two in two lines
    /// while the receiver changes over; needed with --webhook-url.
    #[arg(long, env = "HUYING_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// File that says which bridges are told by webhook what became of their cases, where, and signed with what: YAML,
    /// `bridges: { CODE: { url: …, secrets: [whsec_…] } }`.
    #[arg(long, env = "HUYING_WEBHOOKS_FILE", value_name = "FILE")]
    pub webhooks_file: Option<PathBuf>,
    /// File that says who is told by mail, short message or a robot in a group's chat, with what those take: YAML, in the form of
    /// docs/ways.md. Everybody else is told by --webhook-url, or in the log.
    #[arg(long, env = "HUYING_WAYS_FILE", value_name = "FILE")]
    pub ways_file: Option<PathBuf>,
    /// Networks and addresses that may be posted to though they are not public, e.g. 10.1.2.0/24; several separated by commas.
    /// Whatever is not listed and not public (private, loopback, link-local) is never reached, whatever its name. Without
    /// https only listed ones are.
    #[arg(long, env = "HUYING_EGRESS_ALLOW", value_name = "NETWORKS", value_delimiter = ',', value_parser = network)]
    pub egress_allow: Vec<IpNet>,
    /// File with the key of the receipts, the same that intake has; needed with --link-base.
    #[arg(long, env = "HUYING_RECEIPT_KEY_FILE", value_name = "FILE")]
    pub receipt_key_file: Option<PathBuf>,
    /// Where people reach the pages (http or https), for example `https://huying.example.org`. Messages to whoever raised a
    /// case then have a link that opens it.
    #[arg(long, env = "HUYING_LINK_BASE", value_name = "URL", value_parser = Target::url)]
    pub link_base: Option<Url>,
}

impl Configure for Config {
    const ABOUT: &'static str = "Tells callers and parties what happened, and records what became of each delivery.";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        let problem = |flag, error: &anyhow::Error| ConfigProblem::new(flag, format!("{error:#}"));
        let webhook = self.webhook().err().map(|error| problem("--webhook-secret-file", &error));
        let links = self.links().err().map(|error| problem("--receipt-key-file", &error));
        let bridges = self.bridges().err().map(|error| problem("--webhooks-file", &error));
        let ways = self.ways().err().map(|error| problem("--ways-file", &error));
        let problems: Vec<_> = ways.into_iter().chain(webhook).chain(links).chain(bridges).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl Config {
    /// What links begin with and the key of their receipts, if there are to be any.
    pub(crate) fn links(&self) -> anyhow::Result<Option<(Url, ReceiptKey)>> {
        let Some(base) = &self.link_base else { return Ok(None) };
        let path = self.receipt_key_file.as_ref().context("is required with --link-base")?;
        Ok(Some((base.clone(), ReceiptKey::from_file(path)?)))
    }

    /// Where to post and what to sign with, if anywhere.
    pub(crate) fn webhook(&self) -> anyhow::Result<Option<Target>> {
        let Some(url) = &self.webhook_url else { return Ok(None) };
        let path = self.webhook_secret_file.as_ref().context("is required with --webhook-url")?;
        Ok(Some(Target::new(url.clone(), Secrets::of_file(path)?)))
    }

    /// Who is told in which other way.
    pub(crate) fn ways(&self) -> anyhow::Result<Option<Ways>> {
        self.ways_file.as_deref().map(Ways::of_file).transpose()
    }

    /// Which bridges are told by webhook.
    pub(crate) fn bridges(&self) -> anyhow::Result<BTreeMap<Code, Target>> {
        self.webhooks_file.as_deref().map(settings::read).transpose().map(Option::unwrap_or_default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, Command, FromArgMatches};

    fn read(flags: &[&str]) -> Result<Config, String> {
        let args = std::iter::once("notification").chain(flags.iter().copied());
        let matches = Config::augment_args(Command::new("notification")).try_get_matches_from(args);
        let config = Config::from_arg_matches(&matches.map_err(|error| error.to_string())?);
        let config = config.map_err(|error| error.to_string())?;
        match config.validate() {
            Ok(()) => Ok(config),
            Err(problems) => Err(format!("{} {}", problems[0].flag, problems[0].message)),
        }
    }

    #[test]
    fn a_webhook_without_a_secret_stops_the_start() {
        assert!(read(&[]).is_ok(), "the log needs neither");
        let url = "--webhook-url=https://example.org/huying";
        assert_eq!(read(&[url]).unwrap_err(), "--webhook-secret-file is required with --webhook-url");
        let base = "--link-base=https://huying.example.org";
        assert_eq!(read(&[base]).unwrap_err(), "--receipt-key-file is required with --link-base");
        let missing = read(&[url, "--webhook-secret-file=/nowhere"]).unwrap_err();
        assert!(missing.starts_with("--webhook-secret-file /nowhere cannot be read"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789abcdef".repeat(4)).unwrap();
        let of_before = read(&[url, &format!("--webhook-secret-file={}", file.path().display())]).unwrap_err();
        assert!(of_before.contains("a secret begins with whsec_"), "{of_before}");
        assert!(
            read(&["--egress-allow=10.1.2.0/24,fd00::5,10.9.9.9"]).is_ok_and(|config| config.egress_allow.len() == 3)
        );
        assert!(read(&["--egress-allow=10.1.2"]).unwrap_err().contains("no network"));
        assert!(
            read(&["--webhooks-file=/nowhere"]).unwrap_err().starts_with("--webhooks-file /nowhere cannot be read")
        );
        for url in ["ftp://example.org", "example.org", "http://"] {
            assert!(read(&[&format!("--webhook-url={url}")]).is_err(), "{url}");
        }
    }
}
