use std::path::PathBuf;

use chassis::{ConfigProblem, Configure, ReceiptKey, key_file};

use crate::seal::Seal;

/// Flags of intake.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
    /// File with the key that turns outside references into hashes, at least 32 bytes. Losing it means that
    /// repeated submissions are not recognised any more.
    #[arg(long, env = "HUYING_REFERENCE_KEY_FILE", value_name = "FILE")]
    pub reference_key_file: PathBuf,
    /// File with the key that receipts are made with, at least 32 bytes; notification has the same. With another key,
    /// receipts that were handed out stay good, and are not told again. Without one no case gets a receipt.
    #[arg(long, env = "HUYING_RECEIPT_KEY_FILE", value_name = "FILE")]
    pub receipt_key_file: Option<PathBuf>,
    /// File with the key of the vault, at least 32 bytes, with which the keys of people are sealed. Losing it means that nobody
    /// can be reached any more whose contact is kept. Without one nothing of anybody is kept.
    #[arg(long, env = "HUYING_VAULT_KEY_FILE", value_name = "FILE")]
    pub vault_key_file: Option<PathBuf>,
}

impl Configure for Config {
    const ABOUT: &'static str = "Takes matters in through every channel and makes each one case, exactly once.";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        let problem = |flag, error: &anyhow::Error| ConfigProblem::new(flag, format!("{error:#}"));
        let reference = self.reference_key().err().map(|error| problem("--reference-key-file", &error));
        let receipt = self.receipt_key().err().map(|error| problem("--receipt-key-file", &error));
        let vault = self.seal().err().map(|error| problem("--vault-key-file", &error));
        let problems: Vec<_> = reference.into_iter().chain(receipt).chain(vault).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl Config {
    pub(crate) fn receipt_key(&self) -> anyhow::Result<Option<ReceiptKey>> {
        self.receipt_key_file.as_deref().map(ReceiptKey::from_file).transpose()
    }

    pub(crate) fn seal(&self) -> anyhow::Result<Option<Seal>> {
        self.vault_key_file.as_deref().map(Seal::from_file).transpose()
    }

    pub(crate) fn reference_key(&self) -> anyhow::Result<Vec<u8>> {
        key_file(&self.reference_key_file)
    }
}
