use std::path::PathBuf;

use chassis::{ConfigProblem, Configure};
use ids::Code;

use crate::auto::Policy;
use crate::department::DepartmentConfig;

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
    /// Answers every call by itself. For simulations and benchmarks only: nobody looks at the matter.
    #[arg(long, env = "HUYING_AUTO", value_enum, value_name = "POLICY")]
    pub auto: Option<Policy>,
}

impl From<Config> for DepartmentConfig {
    fn from(Config { station, department: _, data_dir, auto }: Config) -> Self {
        Self { station, data_dir, auto }
    }
}

impl Configure for Config {
    const ABOUT: &'static str =
        "Takes a department's calls and brings its answers to the hub, whatever the network does.";

    /// The hub may be away when we start, but what is wrong on this side is said now.
    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        if let Some(file) = &self.station.nats_nkey_file
            && let Err(error) = std::fs::read(file)
        {
            let problem = format!("{} cannot be read: {error}", file.display());
            problems.push(ConfigProblem::new("--nats-nkey-file", problem));
        }
        if self.data_dir.exists() && !self.data_dir.is_dir() {
            let problem = format!("{} is not a directory", self.data_dir.display());
            problems.push(ConfigProblem::new("--data-dir", problem));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
