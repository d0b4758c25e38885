//! `huying demo`: the shipped stories, on the real services, in a minute.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Context;
use comfy_table::{Cell, ContentArrangement, Table, presets};
use include_dir::{Dir, include_dir};
use jiff::tz::TimeZone;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{GetScoresRequest, TimelineEntry};
use story::{Played, Stage, Story, Telling};

use crate::client::explain;
use crate::failure::Answered;
use crate::out::Manner;
use crate::render::{component_words, entry_line};
use crate::stage;
use crate::up::{Ports, Running, UpConfig};

/// The shipped stories; `tests/stories` at the top of the project.
static STORIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../tests/stories");

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Play only these, by number, e.g. S17
    #[arg(value_name = "STORY")]
    only: Vec<String>,
    /// What came of each, as a JSON array
    #[arg(long)]
    json: bool,
    /// Slowly, to be watched in a browser at the address that is printed first; afterwards the pages stay until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    watch: bool,
}

/// After each step of a story that is watched: long enough to read what changed on a page.
const WATCHED_PAUSE: Duration = Duration::from_secs(3);

pub(crate) async fn run(args: Args, manner: Manner) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut stories = shipped()?;
    if !args.only.is_empty() {
        stories.retain(|story| args.only.iter().any(|only| only.eq_ignore_ascii_case(&story.story)));
    }
    // In the order they happened: time goes forward.
    stories.sort_by_key(|story| story.begins().ok());
    let folder = tempfile::tempdir()?;
    let mut config = UpConfig { ports: Ports::Auto, play: true, ..UpConfig::new(folder.path().join("data")) };
    if args.watch {
        config.console_listen = Some(console::CONSOLE_LISTEN);
    }
    let running = Running::start(config).await?;
    if args.watch {
        println!(
            "pages {}\nstories go on every {WATCHED_PAUSE:?}; each says where to watch it",
            running.endpoints.pages
        );
    }
    running.departments_open().await;
    let ready = started.elapsed();
    let stage = stage::of(&running).await?;
    let charters = stage.charters().await?;
    let mut played = Vec::new();
    for story in &stories {
        let charter = charters
            .iter()
            .find(|charter| charter.district.as_str() == story.district)
            .with_context(|| format!("no charter ships for {}", story.district))?;
        let mut narrator = Narrator::new(charter.time_zone.clone(), manner.colour, args.json);
        narrator.pause = if args.watch { WATCHED_PAUSE } else { Duration::ZERO };
        narrator.begin(story);
        if args.watch {
            let (pages, district) = (&running.endpoints.pages, &story.district);
            println!("   to watch it, sign in as the district: {pages}/sign-in?district={district}&back=/wall");
            if played.is_empty() && std::io::stdin().is_terminal() {
                println!("   press Enter when you are there");
                tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
            }
        }
        played.push(story::play(&stage, story, charter, &mut narrator).await?);
    }
    let districts: Vec<String> = charters.iter().map(|charter| charter.district.to_string()).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&played)?);
    } else {
        print_table(&played);
        for district in districts {
            print_scores(&stage, &district).await?;
        }
        print_differences(&played);
        println!("ready after {:.1} s, played in {:.1} s", ready.as_secs_f64(), started.elapsed().as_secs_f64());
    }
    if args.watch {
        println!("the pages stay until Ctrl-C: {}", running.endpoints.pages);
        tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    }
    running.stop().await?;
    let differences: usize = played.iter().map(|played| played.differences.len()).sum();
    let recorded = played.iter().filter(|played| played.as_recorded()).count();
    if !args.json {
        println!("demo: {recorded} stories as recorded, {differences} differences");
    }
    if differences == 0 { Ok(()) } else { Err(Answered.into()) }
}

fn shipped() -> anyhow::Result<Vec<Story>> {
    STORIES
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .map(|file| {
            let text = file.contents_utf8().context("a shipped story is not UTF-8")?;
            Story::parse(text).with_context(|| file.path().display().to_string())
        })
        .collect()
}

/// Prints what happens as it happens.
pub(super) struct Narrator {
    zone: TimeZone,
    colour: bool,
    silent: bool,
    /// After each step.
    pause: Duration,
}

impl Narrator {
    pub(super) fn new(zone: TimeZone, colour: bool, silent: bool) -> Self {
        Self { zone, colour, silent, pause: Duration::ZERO }
    }

    pub(super) fn begin(&self, story: &Story) {
        if !self.silent {
            println!("\n── {} {} ({})", story.story, story.title, story.source);
        }
    }
}

impl Telling for Narrator {
    fn fact(&mut self, case: &str, entry: &TimelineEntry) {
        if !self.silent {
            println!("{case:>10}  {}", entry_line(entry, &self.zone, self.colour));
        }
    }

    fn many(&mut self, name: &str, step: &str, count: usize) {
        if !self.silent {
            println!("{name:>10}  {step}: {count} cases");
        }
    }

    fn pause(&self) -> Duration {
        self.pause
    }
}

fn print_table(played: &[Played]) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["story", "district", "title", "cases", "facts", "differences"]);
    for played in played {
        table.add_row([
            Cell::new(&played.story),
            Cell::new(&played.district),
            Cell::new(&played.title),
            Cell::new(played.cases.values().cloned().collect::<Vec<_>>().join(" ")),
            Cell::new(played.facts),
            Cell::new(played.differences.len()),
        ]);
    }
    println!("\n{table}");
}

async fn print_scores(stage: &Stage, district: &str) -> anyhow::Result<()> {
    let mut client = CasebookServiceClient::new(stage.as_operator("casebook").await?);
    let request = GetScoresRequest {
        district: district.to_owned(),
        freshness: Some(crate::client::CURRENT),
        ..GetScoresRequest::default()
    };
    let scores = client.get_scores(request).await.map_err(|status| explain(&status))?.into_inner();
    if scores.scores.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["department", "cases", "score", "components"]);
    for score in scores.scores {
        let components: Vec<String> = score.components.iter().map(component_words).collect();
        table.add_row([score.party, score.cases.to_string(), score.score, components.join(", ")]);
    }
    println!("\n{district}, formula {}\n{table}", scores.formula);
    Ok(())
}

pub(super) fn print_differences(played: &[Played]) {
    for played in played {
        for difference in &played.differences {
            println!("{}: {difference}", played.story);
        }
        if played.as_recorded() {
            println!("{}: as recorded ({} facts)", played.story, played.facts);
        }
    }
}
