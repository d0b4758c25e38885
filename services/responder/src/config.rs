use std::path::PathBuf;

use anyhow::Context;
use chassis::{ConfigProblem, Configure, Verifier};
use ids::Code;
use webhook::{Guard, IpNet, Poster, Secrets, Target, Url, network};

use crate::auto::Policy;
use crate::department::DepartmentConfig;

/// The role of all who work at a department's desk.
pub(crate) const ROLE: &str = "department";

/// Flags of one department's responder.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
    /// Whose calls these are, by the charter's code, e.g. `wuchang-jsj`.
    #[arg(long, env = "HUYING_DEPARTMENT", value_name = "CODE")]
    pub department: Code,
    /// Where calls and answers are kept, in `<department>.sqlite`. What is in there and not yet with the hub is
    /// nowhere else: put it on a disk that lasts.
    #[arg(long, env = "HUYING_DATA_DIR", value_name = "DIRECTORY")]
    pub data_dir: PathBuf,
    /// A second public key (PEM) by which the department issues tokens to its own people: good at this desk alone, for role
    /// department and this department.
    #[arg(long, env = "HUYING_PEOPLE_KEY_FILE", value_name = "FILE")]
    pub people_key_file: Option<PathBuf>,
    /// The department's own system, which is told of each order by webhook (http or https).
    #[arg(long, env = "HUYING_WEBHOOK_URL", value_name = "URL", value_parser = Target::url)]
    pub webhook_url: Option<Url>,
    /// File with the secret that this is signed with (`whsec_…`), or two in two lines while the system changes over; needed
    /// with --webhook-url.
    #[arg(long, env = "HUYING_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// Networks and addresses that may be posted to though they are not public, e.g. 10.1.2.0/24; several separated by commas.
    #[arg(long, env = "HUYING_EGRESS_ALLOW", value_name = "NETWORKS", value_delimiter = ',', value_parser = network)]
    pub egress_allow: Vec<IpNet>,
    /// Answers every call by itself. For simulations and benchmarks only: nobody looks at the matter.
    #[arg(long, env = "HUYING_AUTO", value_enum, value_name = "POLICY")]
    pub auto: Option<Policy>,
}

impl From<Config> for DepartmentConfig {
    fn from(Config { station, data_dir, auto, .. }: Config) -> Self {
        Self { station, data_dir, auto }
    }
}

impl Config {
    /// The key of the department's own people, as it stands in its file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn people_key(&self) -> anyhow::Result<Option<String>> {
        let read =
            |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
        self.people_key_file.as_ref().map(read).transpose()
    }
}

impl Config {
    /// The department's own system, if it is told.
    ///
    /// # Errors
    /// The secret is missing or none, or the machine has no certificates.
    pub(crate) fn webhook(&self) -> anyhow::Result<Option<(Poster, Target)>> {
        let Some(url) = &self.webhook_url else { return Ok(None) };
        let file = self.webhook_secret_file.as_ref().context("is required with --webhook-url")?;
        let target = Target::new(url.clone(), Secrets::of_file(file)?);
        Ok(Some((Poster::open(Guard::with(&self.egress_allow))?, target)))
    }
}

impl Configure for Config {
    const ABOUT: &'static str = "Takes a department's calls and brings its answers to the hub, whatever the network does. \
         `responder backup --help` and `responder restore --help`: what it keeps, copied and brought back.";

    /// The hub may be away when we start, but what is wrong on this side is said now.
    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        if let Some(file) = &self.station.nats_nkey_file
            && let Err(error) = record::read_seed(file)
        {
            problems.push(ConfigProblem::new("--nats-nkey-file", error.to_string()));
        }
        if let Err(error) = self.people_key().and_then(|pem| match pem {
            Some(pem) => Verifier::and_people(None, &pem, ROLE, self.department.as_str()).map(|_| ()),
            None => Ok(()),
        }) {
            problems.push(ConfigProblem::new("--people-key-file", format!("{error:#}")));
        }
        if let Err(error) = self.webhook() {
            problems.push(ConfigProblem::new("--webhook-secret-file", format!("{error:#}")));
        }
        if self.data_dir.exists() && !self.data_dir.is_dir() {
            let problem = format!("{} is not a directory", self.data_dir.display());
            problems.push(ConfigProblem::new("--data-dir", problem));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
