//! `huying archive show`: one filed case, as it was on the record.

use std::num::NonZeroUsize;

use anyhow::bail;
use archive::{FiledCase, Shelf};
use ids::{CaseId, Code, HistoryKey};
use jiff::tz::TimeZone;
use proto::FromWireTime;
use record::{StoredCommit, StoredFiled};
use serde_json::{Value, json};

use super::Record;
use crate::failure::BadUsage;
use crate::out;
use crate::provision::newest;
use crate::render::local;

/// Show one filed case: where it lies, and every commit that was on the record about it, byte for byte what it was.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: Record,
    /// Its id, e.g. 261121-7k3q9xf
    #[arg(value_name = "ID")]
    case: String,
    /// Its district by code; all that have a charter are tried, if none is named
    #[arg(long, value_name = "CODE")]
    district: Option<Code>,
    /// Print it as JSON, with the whole content of its commits
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let id: CaseId = args.case.parse().map_err(BadUsage::new)?;
    let broker = args.record.connect().await?;
    let (bundles, _) = broker.charters().await?;
    let charters = newest(&bundles);
    let districts: Vec<Code> = match args.district {
        Some(district) => vec![district],
        None => charters.iter().map(|charter| charter.district.clone()).collect(),
    };
    for district in &districts {
        let key = HistoryKey::case(district.clone(), &id);
        let Some(stored) = broker.filed(&key).await? else { continue };
        let shelf = Shelf::open(&broker, NonZeroUsize::MIN).await?;
        let case = shelf.case(&stored).await?;
        if args.json {
            return out::json(&described(&stored, &case));
        }
        let charter = charters.iter().find(|charter| charter.district == *district);
        let zone = charter.map_or_else(TimeZone::system, |charter| charter.time_zone.clone());
        return print(&stored, &case, &zone);
    }
    let tried: Vec<&str> = districts.iter().map(Code::as_str).collect();
    bail!("no case {id} is filed in {}; `huying case show {id}` shows one that is not", tried.join(", "))
}

fn described(stored: &StoredFiled, case: &FiledCase) -> Value {
    let commit = |stored: &StoredCommit| json!({ "subject": stored.subject.to_string(), "position": stored.sequence, "commit": stored.commit });
    json!({
        "tombstone": { "subject": stored.subject.to_string(), "position": stored.sequence, "filed": stored.filed },
        "commits": case.commits.iter().map(commit).collect::<Vec<_>>(),
    })
}

fn print(stored: &StoredFiled, case: &FiledCase, zone: &TimeZone) -> anyhow::Result<()> {
    let StoredFiled { filed, .. } = stored;
    let when = |at: &Option<_>| FromWireTime::time(at).map(|at| local(at, zone)).unwrap_or_default();
    out::line(format_args!("{}  {}", case.key.id, crate::out::plain(&title(case))))?;
    for (name, value) in [
        ("district", case.key.district.to_string()),
        ("received", when(&filed.received_at)),
        ("closed", when(&filed.closed_at)),
        ("filed", when(&filed.filed_at)),
        ("lies in", format!("{}, {} bytes at {}", filed.volume, filed.length, filed.offset)),
    ] {
        out::line(format_args!("  {name:<8}  {value}"))?;
    }
    out::line("")?;
    for stored in &case.commits {
        let what = happened(stored).join(", ");
        let commit = format!("{}.{}", stored.subject.owner, stored.subject.revision);
        out::line(format_args!("{}  {commit:<22}  {what}", when(&stored.commit.at)))?;
    }
    Ok(())
}

fn title(case: &FiledCase) -> String {
    let events = case.commits.iter().flat_map(|stored| &stored.commit.decisions).flat_map(|decision| &decision.events);
    let titles = events.filter_map(|event| {
        let Some(proto::record::v1::event::Of::Intake(fact)) = &event.of else { return None };
        let Some(proto::intake::v1::intake_event::Event::Received(received)) = &fact.event else { return None };
        Some(received.title.clone())
    });
    titles.into_iter().next().unwrap_or_default()
}

/// Names of a commit's events, as the contracts write them.
fn happened(stored: &StoredCommit) -> Vec<String> {
    let events = stored.commit.decisions.iter().flat_map(|decision| &decision.events);
    let name = |event: &proto::record::v1::Event| {
        let value = serde_json::to_value(event).ok()?;
        let fact = value.as_object()?.values().next()?;
        fact.as_object()?.keys().next().cloned()
    };
    events.filter_map(name).collect()
}
