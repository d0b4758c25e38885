use chassis::Configure;

/// Flags of evaluation.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
}

impl Configure for Config {
    const ABOUT: &'static str = "Asks caller and calling street how a case ended, and scores the departments.";
}
