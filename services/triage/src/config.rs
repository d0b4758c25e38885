use chassis::Configure;

/// Flags of triage.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
}

impl Configure for Config {
    const ABOUT: &'static str = "Classifies cases by the charter's rules and queues the unclear ones for a person.";
}
