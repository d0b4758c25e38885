//! How far a file has been sent, kept in the data folder and not beside somebody's file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ids::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::shown;
use crate::data::{DataFolder, write_if_changed};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Position {
    /// For whoever reads this.
    file: PathBuf,
    /// Everything up to the row that begins on this line is answered.
    pub line: u64,
    #[serde(skip)]
    kept_in: PathBuf,
}

impl Position {
    /// Where the last run with this file and bridge stopped; the beginning if there was none.
    pub fn of(folder: &DataFolder, file: &Path, bridge: &Code) -> anyhow::Result<Self> {
        let file = file.canonicalize().with_context(|| format!("finding {}", shown(file)))?;
        let hash = Sha256::digest(file.as_os_str().as_encoded_bytes());
        let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let kept_in = folder.bridge_positions().join(format!("{bridge}-{hash}.json"));
        let line = match std::fs::read_to_string(&kept_in) {
            Ok(text) => {
                serde_json::from_str::<Self>(&text).with_context(|| format!("reading {}", shown(&kept_in)))?.line
            }
            Err(_) => 0,
        };
        Ok(Self { file, line, kept_in })
    }

    pub fn note(&self) -> anyhow::Result<()> {
        write_if_changed(&self.kept_in, serde_json::to_string(self)?.as_bytes())?;
        Ok(())
    }
}
