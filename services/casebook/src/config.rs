use std::path::PathBuf;
use std::time::Duration;

use chassis::{ConfigProblem, Configure};

/// Flags of the casebook.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
    /// SQLite file of the casebook. It can be deleted at any time and comes back from the newest snapshot and the record.
    /// Without it a temporary one is made.
    #[arg(long, env = "HUYING_CASEBOOK_FILE", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Minutes from one published snapshot to the next; 0 publishes none. A new replica begins with the newest one, and one
    /// replica of several is enough to publish
    #[arg(long, env = "HUYING_CASEBOOK_SNAPSHOT_MINUTES", default_value_t = 60, value_name = "N")]
    pub snapshot_minutes: u64,
    /// Ready at once, however far behind: where one process runs everything, nobody waits for lists.
    #[arg(skip)]
    pub ready_while_behind: bool,
}

impl Configure for Config {
    const ABOUT: &'static str = "Shows cases: lists, queues, statistics, suggestions, and every fact of one case.";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        match &self.file {
            Some(file) if file.is_dir() => {
                Err(vec![ConfigProblem::new("--file", format!("{} is a folder; name a file in it", file.display()))])
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Config {
    /// Time between two snapshots; none are published without it.
    pub(crate) fn snapshot_every(&self) -> Option<Duration> {
        (self.snapshot_minutes > 0).then(|| Duration::from_secs(self.snapshot_minutes * 60))
    }
}
