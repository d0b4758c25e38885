//! The nkeys of the broker's users: made once, kept as files.

use std::path::Path;

use anyhow::{Context, ensure};
use nkeys::{KeyPair, KeyPairType};

use crate::data::write_secret;

/// The public key of a user. Its seed is in `file`, which is made if it is not there.
pub(crate) fn public_key(file: &Path) -> anyhow::Result<String> {
    // There are hundreds, so none waits for the disk. One that a power cut left empty was used by nobody yet.
    if std::fs::metadata(file).map_or(true, |file| file.len() == 0) {
        let seed = KeyPair::new_user().seed().context("making a key")?;
        write_secret(file, format!("{seed}\n").as_bytes(), false)?;
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let seed = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("SU"))
        .with_context(|| format!("{} has no user seed (a line starting with SU)", file.display()))?;
    let key = KeyPair::from_seed(seed).with_context(|| format!("reading the seed in {}", file.display()))?;
    ensure!(key.key_pair_type() == KeyPairType::User, "{} is not the key of a user", file.display());
    Ok(key.public_key())
}
