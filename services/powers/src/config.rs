use chassis::Configure;

/// Flags of the powers.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub station: station::Config,
}

impl Configure for Config {
    const ABOUT: &'static str =
        "Keeps what streets are heard on and may do by their powers: decisions, people, funds, posts.";
}
