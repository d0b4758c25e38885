//! `huying audit tail` and `export`: what people did that has to be answerable for, out of the chained record.

use chassis::CancellationToken;
use ids::{Kind, Owner};
use proto::FromWireTime;
use proto::intake::v1::intake_event::Event as Fact;
use proto::record::v1::event::Of;
use proto::subjects::CommitSubject;
use record::{Replay, Step, StoredCommit};
use serde::Serialize;
use station::role_name;

use super::Record;
use crate::out;

/// Print as it happens who reads how to reach people, who is erased, and which cases leave the statistics, until Ctrl-C.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    record: Record,
    /// Also everything that has happened before
    #[arg(long)]
    from_start: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Everything of the kind that has happened by now, as JSON, one object a line: for an auditor to keep and to compare.
///
/// Each line names the position of its commit, which `audit verify` proves to be as it was written. Cases that were filed are in
/// the archive, and not in here.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    record: Record,
}

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Entry {
    at: String,
    district: String,
    what: &'static str,
    /// The case it was done to or for; empty: none.
    case: String,
    /// The history of a person, which names nobody; empty: it is about a case.
    person: String,
    role: String,
    party: String,
    staff_ref: String,
    reason: String,
    position: u64,
}

pub(super) async fn tail(args: TailArgs) -> anyhow::Result<()> {
    let mut reader = Reader::open(&args.record, args.from_start).await?;
    loop {
        let step = tokio::select! {
            step = reader.record.next() => step?,
            interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
        };
        let Some(Step::Commit(stored)) = step else { continue };
        for entry in reader.entries(&stored) {
            if args.json {
                out::line(serde_json::to_string(&entry)?)?;
                continue;
            }
            let by = [&entry.role, &entry.party, &entry.staff_ref].map(String::as_str);
            let by: Vec<&str> = by.into_iter().filter(|part| !part.is_empty()).collect();
            let about = if entry.case.is_empty() { &entry.person } else { &entry.case };
            let Entry { at, district, what, reason, .. } = &entry;
            out::line(format_args!("{at}  {district}  {what:<18}  {about}  {}  {reason}", by.join(" ")))?;
        }
    }
}

pub(super) async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let mut reader = Reader::open(&args.record, true).await?;
    while let Some(step) = reader.record.next().await? {
        match step {
            Step::Commit(stored) => {
                for entry in reader.entries(&stored) {
                    out::line(serde_json::to_string(&entry)?)?;
                }
            }
            Step::Filed(_) => {}
            Step::LevelWithRecord => return Ok(()),
        }
    }
    Ok(())
}

struct Reader {
    record: Replay,
    districts: Vec<String>,
}

impl Reader {
    async fn open(record: &Record, from_start: bool) -> anyhow::Result<Self> {
        let broker = record.connect().await?;
        let charters = record.charters(&broker).await?;
        let districts = charters.iter().map(|charter| charter.district.to_string()).collect();
        let filters = [Kind::Person, Kind::Case].map(|kind| CommitSubject::all_of(kind, Owner::Intake));
        let from = if from_start { 1 } else { broker.end_of_record().await? + 1 };
        Ok(Self { record: broker.replay(filters.to_vec(), from, CancellationToken::new()), districts })
    }

    fn entries(&self, stored: &StoredCommit) -> Vec<Entry> {
        if !self.districts.iter().any(|known| known == stored.subject.key.district.as_str()) {
            return Vec::new();
        }
        entries(stored)
    }
}

fn entries(stored: &StoredCommit) -> Vec<Entry> {
    let key = &stored.subject.key;
    let of_person = key.kind == Kind::Person;
    let at = stored.commit.at.as_ref().and_then(|at| at.time().ok()).map(|at| at.to_string()).unwrap_or_default();
    let mut entries = Vec::new();
    for decision in &stored.commit.decisions {
        let actor = decision.actor.clone().unwrap_or_default();
        for event in &decision.events {
            let Some(Of::Intake(event)) = &event.of else { continue };
            let Some((what, case, reason)) = event.event.as_ref().and_then(told) else { continue };
            let case = if of_person { case.to_owned() } else { key.id.clone() };
            entries.push(Entry {
                at: at.clone(),
                district: key.district.to_string(),
                what,
                case,
                person: if of_person { key.id.clone() } else { String::new() },
                role: role_name(actor.role()).to_owned(),
                party: actor.party.clone(),
                staff_ref: actor.staff_ref.clone(),
                reason: reason.to_owned(),
                position: stored.sequence,
            });
        }
    }
    entries
}

/// What is to be answered for, about which case if the fact names one, and why.
fn told(fact: &Fact) -> Option<(&'static str, &str, &str)> {
    match fact {
        Fact::ContactKept(_) => Some(("contact-kept", "", "")),
        Fact::ContactDisclosed(fact) => Some(("contact-disclosed", &fact.case_id, &fact.reason)),
        Fact::PersonErased(fact) => Some(("person-erased", "", &fact.reason)),
        Fact::WithdrawalAsked(fact) => Some(("withdrawn", "", &fact.reason)),
        Fact::ExclusionProposed(fact) => Some(("exclusion-proposed", "", &fact.reason)),
        Fact::ExclusionApproved(_) => Some(("exclusion-approved", "", "")),
        Fact::LinkedAsDuplicate(fact) => Some(("merged", "", &fact.reason)),
        Fact::Received(_)
        | Fact::Supplemented(_)
        | Fact::CallerJoined(_)
        | Fact::PollOpened(_)
        | Fact::HouseholdAnswered(_)
        | Fact::PollClosed(_)
        | Fact::PollAttached(_) => None,
    }
}
