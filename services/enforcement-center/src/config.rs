use chassis::Configure;

/// Flags of the enforcement centre.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
}

impl Configure for Config {
    const ABOUT: &'static str =
        "Runs the joint operations of a street's enforcement centre: roster, assessment, notices, re-inspection.";
}
