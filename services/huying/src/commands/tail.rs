//! `huying tail`: what happens, as it happens.

use std::collections::HashMap;

use ids::CaseId;
use jiff::tz::TimeZone;
use proto::casebook::v1::WatchRequest;

use crate::client::{Installation, explain};
use crate::districts::Districts;
use crate::failure::BadUsage;
use crate::out::{self, Manner};
use crate::render::entry_line;

/// Print every fact as it happens, until Ctrl-C: which case, then who, when and what, as in `case show`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    installation: Installation,
    /// Only this district, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    district: String,
    /// Only this case
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    case: String,
    /// Also everything that has happened before
    #[arg(long)]
    from_start: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, manner: Manner) -> anyhow::Result<()> {
    let only = match args.case.as_str() {
        "" => None,
        case => Some(case.parse::<CaseId>().map_err(BadUsage::new)?.to_string()),
    };
    let districts = Districts::of(&args.installation).await?;
    let mut zones: HashMap<String, TimeZone> = HashMap::new();
    let mut casebook = args.installation.casebook().await?;
    // Without its district a case cannot be asked for; everything is, then, and the rest left out here.
    let case_id = only.clone().filter(|_| !args.district.is_empty()).unwrap_or_default();
    let request = WatchRequest { district: args.district, case_id, from_start: args.from_start, after: 0 };
    let mut facts = casebook.watch(request).await.map_err(|status| explain(&status))?.into_inner();
    loop {
        let next = tokio::select! {
            next = facts.message() => next.map_err(|status| explain(&status))?,
            interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
        };
        let Some(fact) = next else { anyhow::bail!("the installation stopped; run this again when it is back") };
        if only.as_ref().is_some_and(|only| *only != fact.case_id) {
            continue;
        }
        if args.json {
            out::line(serde_json::to_string(&fact)?)?;
            continue;
        }
        let zone = zones.entry(fact.district.clone()).or_insert_with_key(|district| districts.zone(district));
        let entry = fact.entry.unwrap_or_default();
        out::line(format_args!("{}  {}", fact.case_id, entry_line(&entry, zone, manner.colour)))?;
    }
}
