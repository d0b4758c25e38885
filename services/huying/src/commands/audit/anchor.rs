//! `huying audit anchor`: writes down what the days that are over have come to.

use std::num::NonZeroUsize;

use archive::Shelf;
use chassis::Clock;
use serde_json::json;

use super::Record;
use crate::out;

/// Make the anchors that are due: one for each district and day that is over.
///
/// Days that were missed are made up for. It may be interrupted, and run beside another one: a day has one anchor, which
/// follows from the record alone.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: Record,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let broker = args.record.connect().await?;
    let shelf = Shelf::open(&broker, NonZeroUsize::MIN).await?;
    let now = Clock::real().real_now();
    let mut made = Vec::new();
    for charter in args.record.charters(&broker).await? {
        made.extend(audit::anchor::make(&broker, &shelf, &charter.district, &charter.time_zone, now).await?);
    }
    if args.json {
        let made: Vec<String> = made.iter().map(ToString::to_string).collect();
        return out::json(&json!({ "made": made }));
    }
    made.iter().try_for_each(|subject| out::line(format_args!("made {subject}")))?;
    if made.is_empty() { out::line("no day is due") } else { Ok(()) }
}
