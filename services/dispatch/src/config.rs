use chassis::Configure;

/// Flags of dispatch.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
}

impl Configure for Config {
    const ABOUT: &'static str = "Owns cases, calls departments, keeps every clock, and ends what is done.";
}
