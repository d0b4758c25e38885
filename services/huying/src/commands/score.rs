//! `huying score`: periods of evaluation, published, appealed, corrected and counted again; callbacks.

mod act;
mod ballot;
mod callbacks;
mod desk;
mod recompute;
mod show;

use chassis::Identity;
use ids::Code;

use crate::client::Installation;
use desk::{Desk, Of};

/// Scores of a period: published once, appealed, corrected by another publication, counted again from the record.
///
/// A period is a day, a month or a year of the district: 2026-04-09, 2026-04, 2026. Each score counts in the period in which
/// it was given; a year can have a part from elsewhere. The record gives the figures and nobody hands one in.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Publish(act::PublishArgs),
    Show(show::Args),
    Appeal(act::AppealArgs),
    Answer(act::AnswerArgs),
    Import(act::ImportArgs),
    Recompute(recompute::Args),
    Callbacks(callbacks::Args),
    #[command(subcommand)]
    Ballot(ballot::Command),
}

const EXAMPLES: &str = "\
Examples:
  huying score publish --district wuchang --period 2026-10
  huying score show --district wuchang --period 2026-10
  huying score show --district wuchang --period 2026-10 --text | sha256sum
  huying score appeal --district wuchang --period 2026-10 --party wuchang-water \\
      --reason '两件是外单位的责任'
  huying score answer 1 --district wuchang --period 2026-10 --upheld \\
      --reason '核实无误，予以更正'
  huying score publish --district wuchang --period 2026-10 --correct '剔除两件'
  huying score publish --of grids --district wuchang --period 2026-10
  huying score show --of grids --district wuchang --period 2026-10 --csv
  huying score import marks.csv --district wuchang --period 2026 --source 区委考核办
  huying score recompute --district wuchang --verify
  huying score callbacks hotline.csv --district wuchang --bridge wuchang-hotline \\
      --outcome 占线=no-answer --rating 非常满意=satisfied
  huying score ballot show april --district heping

How a table comes about, and how to check one by hand, is in docs/evaluation.md.";

/// Which period of which district.
#[derive(Clone, Debug, clap::Args)]
struct Period {
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: Code,
    /// Day, month or year: 2026-04-09, 2026-04 or 2026
    #[arg(long, value_name = "PERIOD")]
    period: String,
    /// Whose work: of those who were called, or the appraisal of grid members or of those who work in communities
    #[arg(long, value_enum, value_name = "WHOSE", default_value_t = Of::Called)]
    of: Of,
}

/// Who does it, where no token says so.
#[derive(Clone, Debug, clap::Args)]
struct By {
    /// Your staff number, for whoever asks later who did it
    #[arg(long, env = "USER", value_name = "STAFF")]
    by: String,
}

impl Period {
    /// The desk of periods, for whoever acts there: the district, or a unit of it.
    async fn desk(&self, role: &str, party: &str, by: &str) -> anyhow::Result<Desk> {
        let identity = Identity {
            role: role.to_owned(),
            party: party.to_owned(),
            district: self.district.to_string(),
            staff_ref: by.to_owned(),
        };
        let channel = self.installation.channel_as(&identity).await?;
        Ok(Desk { channel, of: self.of, district: self.district.to_string(), period: self.period.clone() })
    }

    async fn desk_of_district(&self, by: &By) -> anyhow::Result<Desk> {
        self.desk("district", &format!("{}-centre", self.district), &by.by).await
    }
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Publish(args) => act::publish(args).await,
        Command::Show(args) => show::run(args).await,
        Command::Appeal(args) => act::appeal(args).await,
        Command::Answer(args) => act::answer(args).await,
        Command::Import(args) => act::import(args).await,
        Command::Recompute(args) => recompute::run(args).await,
        Command::Callbacks(args) => callbacks::run(args).await,
        Command::Ballot(command) => ballot::run(command).await,
    }
}
