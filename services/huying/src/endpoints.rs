//! Where a running installation listens, as a file for those who want to talk to it.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::data::{DataFolder, write_if_changed};

/// `endpoints.json` in the data folder, there as long as the installation runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// `nats://host:port`
    pub nats: String,
    /// `http://host:port`: all gRPC services.
    pub grpc: String,
    /// `http://host:port`: /healthz, /readyz, /metrics and whatever services serve beside.
    pub http: String,
    /// `http://host:port`: the door for machines.
    #[serde(default)]
    pub door: String,
    /// `http://host:port`: people's pages.
    #[serde(default)]
    pub pages: String,
    /// The process that runs it.
    pub pid: u32,
}

impl Endpoints {
    /// # Errors
    /// Nothing runs on this folder.
    pub fn of(folder: &DataFolder) -> anyhow::Result<Self> {
        let (folder, file) = (folder.path(), folder.endpoints_file());
        let text = std::fs::read_to_string(&file).with_context(|| {
            format!(
                "nothing runs on {} ({} cannot be read); start it with `huying up --data {}`, or name an installation \
                 elsewhere with --grpc and --token",
                folder.display(),
                file.display(),
                folder.display()
            )
        })?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; `huying up` writes it anew", file.display()))
    }

    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_if_changed(file, text.as_bytes())?;
        Ok(())
    }
}
