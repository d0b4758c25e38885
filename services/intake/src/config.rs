use std::path::PathBuf;

use anyhow::Context;
use chassis::{ConfigProblem, Configure};

/// Flags of intake.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
    /// File with the key that turns outside references into hashes, at least 32 bytes. Losing it means that
    /// repeated submissions are not recognised any more.
    #[arg(long, env = "HUYING_REFERENCE_KEY_FILE", value_name = "FILE")]
    pub reference_key_file: PathBuf,
}

impl Configure for Config {
    const ABOUT: &'static str = "Takes matters in through every channel and makes each one case, exactly once.";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        match self.reference_key() {
            Ok(_) => Ok(()),
            Err(error) => Err(vec![ConfigProblem::new("--reference-key-file", format!("{error:#}"))]),
        }
    }
}

impl Config {
    /// Shortest key accepted, in bytes: the output length of the hash.
    const KEY_BYTES_MIN: usize = 32;

    pub(crate) fn reference_key(&self) -> anyhow::Result<Vec<u8>> {
        let path = &self.reference_key_file;
        let key = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let key = key.trim_ascii().to_vec();
        anyhow::ensure!(
            key.len() >= Self::KEY_BYTES_MIN,
            "{} holds {} bytes; the key needs {}",
            path.display(),
            key.len(),
            Self::KEY_BYTES_MIN
        );
        Ok(key)
    }
}
