//! `huying story`: worked examples as data, played on a running installation.

use std::path::PathBuf;

use anyhow::Context;
use charter::Charter;
use clap::Subcommand;
use story::{Played, Story};

use super::demo::{self, Narrator};
use crate::charters::load;
use crate::client::Installation;
use crate::failure::{Answered, BadUsage};
use crate::out::{self, Manner};
use crate::stage;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play story files and compare what comes of them
    ///
    /// A story moves the installation's clock, so play it where nobody works: on `huying up --play` with a folder of its own.
    /// The format is documented in tests/stories/README.md.
    Run(RunArgs),
    /// Say what is wrong with story files; plays nothing and needs no installation
    ///
    /// Every fault is one line, `file:line: what`; exit code 1 if there is any. Verbs, fields, events, rules and times
    /// are checked, and codes against the charter of the story's district, if one of that name ships.
    Check {
        /// Story files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder of the charter its codes are checked against, instead of a shipped one
        #[arg(long, value_name = "DIR")]
        charter: Option<String>,
    },
    /// Print every event a story can expect, with its fields, as tests/stories/EVENTS.md
    Events,
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
        Command::Check { files, charter } => check(&files, charter.as_deref()),
        Command::Events => out::line(story::Catalogue::of_the_contracts().markdown().trim_end()),
        Command::Run(args) => play(args, manner).await,
    }
}

fn check(files: &[PathBuf], charter: Option<&str>) -> anyhow::Result<()> {
    let mut faulty = false;
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let district = Story::read(&text).map(|story| story.district).unwrap_or_default();
        let charter = match charter {
            Some(folder) => Some(load(folder)?),
            None if Charter::shipped_names().contains(&district.as_str()) => Some(load(&district)?),
            None => {
                eprintln!("{}: no charter of {district:?} ships, so codes are not checked; name one", file.display());
                None
            }
        };
        let faults = story::faults(&text, charter.as_ref());
        for fault in &faults {
            out::line(format_args!("{}:{fault}", file.display()))?;
        }
        faulty |= !faults.is_empty();
        if faults.is_empty() {
            let story = Story::parse(&text)?;
            let (steps, expectations) = (story.steps.len(), story.expect.len());
            out::line(format_args!(
                "{}: {} has {steps} steps, {expectations} expectations",
                file.display(),
                story.story
            ))?;
        }
    }
    if faulty { Err(Answered.into()) } else { Ok(()) }
}

async fn play(args: RunArgs, manner: Manner) -> anyhow::Result<()> {
    // All of them are read before the first one is played.
    let stories = args.files.iter().map(|file| story::read(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let stage = match (&args.doors, &args.nats) {
        (Some(doors), Some(nats)) => stage::behind(&args.installation, nats, doors).await?,
        _ => stage::at(&args.installation).await?,
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
