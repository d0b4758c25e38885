//! `huying story`: worked examples as data, played on a running installation.

use std::path::PathBuf;

use charter::Charter;
use clap::Subcommand;

use super::demo::{self, Narrator};
use crate::cli::Manner;
use crate::client::Installation;
use crate::failure::{Answered, BadUsage};
use crate::story::{self, Played, Stage};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play story files and compare what comes of them
    ///
    /// A story moves the installation's clock, so play it where nobody works: on `huying up` with a folder of its own.
    /// The format is documented in tests/stories/README.md.
    Run(RunArgs),
    /// Read story files and say what is wrong with their form; plays nothing
    Check {
        /// Story files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Story files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What came of each, as a JSON array
    #[arg(long)]
    json: bool,
    /// Services that run separately: a JSON file {"default": URL, "services": {NAME: URL}, "responders": {CODE: URL}};
    /// goes with --nats
    #[arg(long, value_name = "FILE", requires = "nats")]
    doors: Option<PathBuf>,
    /// Address of the broker of those services
    #[arg(long, value_name = "URL", requires = "doors")]
    nats: Option<String>,
    #[command(flatten)]
    installation: Installation,
}

pub(crate) async fn run(command: Command, manner: Manner) -> anyhow::Result<()> {
    match command {
        Command::Check { files } => {
            for file in &files {
                let story = story::read(file)?;
                println!(
                    "{}: {} has {} steps and {} expectations",
                    file.display(),
                    story.story,
                    story.steps.len(),
                    story.expect.len()
                );
            }
            Ok(())
        }
        Command::Run(args) => play(args, manner).await,
    }
}

async fn play(args: RunArgs, manner: Manner) -> anyhow::Result<()> {
    // All of them are read before the first one is played.
    let stories = args.files.iter().map(|file| story::read(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let stage = match (&args.doors, &args.nats) {
        (Some(doors), Some(nats)) => Stage::behind(&args.installation, nats, doors).await?,
        _ => Stage::at(&args.installation).await?,
    };
    let charters = stage.charters().await?;
    let mut played = Vec::new();
    for story in &stories {
        let charter = charters.iter().find(|charter| charter.district.as_str() == story.district);
        let charter: &Charter = charter.ok_or_else(|| {
            BadUsage::new(format!(
                "{}: district {} has no charter there; `huying charter apply` it",
                story.story, story.district
            ))
        })?;
        let mut narrator = Narrator::new(charter.time_zone.clone(), manner.colour, args.json);
        narrator.begin(story);
        played.push(story::play(&stage, story, charter, &mut narrator).await?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&played)?);
    } else {
        demo::print_differences(&played);
    }
    if played.iter().all(Played::as_recorded) { Ok(()) } else { Err(Answered.into()) }
}
