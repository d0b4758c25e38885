//! `huying bridge file`: a file of cases, brought in as a bridge would: through its own account at the broker, many
//! at a time, each until it is answered.
//!
//! Sending a file twice is harmless, because a submission under a known reference is the same case again.

mod mapping;
mod moment;
mod position;
mod report;
mod rows;
mod send;
mod survey;
mod xml;

use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::StreamExt;
use ids::Code;
use jiff::tz::TimeZone;

use crate::client::Installation;
use crate::districts::Districts;
use crate::endpoints::Endpoints;
use crate::failure::{Answered, BadUsage};
use mapping::Mapping;
use position::Position;
use report::{Outcome, Report};
use rows::{Format, Row, Rows};
use send::Sender;

/// Requests without an answer yet. More only wait in intake's own queue.
const IN_FLIGHT_MAX: usize = 200;
/// Rows between two notes of how far we are.
const NOTE_EVERY: u64 = 200;
/// Columns named that are not read: an export may have hundreds.
const UNREAD_SHOWN_MAX: usize = 20;

/// Bring many cases in.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    File(Args),
}

/// Submit every row of a CSV, JSONL, JSON or XML file through a bridge's own account.
///
/// Rows that intake rejects by rule are listed with line, field and rule, and the others go on; exit code 1 if there
/// are any. Sending a file again is harmless: known references are counted as known. So rejected rows come again with the
/// whole file: mend them in it, or what they ask of the charter, and send it again without --resume.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = FIELDS)]
pub(crate) struct Args {
    /// CSV (first line names the columns), JSONL (one object a line), JSON (one array of objects) or XML (one element
    /// around one for each row); in UTF-8, UTF-16 or GB18030
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which column goes into which field; columns called like a field need no word, and `FIELD=` leaves one out
    #[arg(long, value_name = "FIELD=COLUMN,…", default_value = "", hide_default_value = true)]
    map: String,
    /// The bridge to be; the first of the first charter, or of the --district, if none is named
    #[arg(long, value_name = "CODE")]
    bridge: Option<Code>,
    /// District of the cases; the bridge's own, if none is named
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// What the file is, where its name does not say
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Go on where the last run with this file and bridge stopped, with what comes after its last answered row; a file that
    /// has changed, or is read in another way (--map, --district, --format), begins anew
    #[arg(long)]
    resume: bool,
    /// Write the rejected rows here, as CSV
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Rejected rows are no failure
    #[arg(long)]
    lenient: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
    /// A broker elsewhere, instead of the installation's on this machine; goes with --bridge and --nats-nkey-file
    #[arg(long, env = "HUYING_NATS_URL", value_name = "URL", requires = "bridge", requires = "nats_nkey_file")]
    nats_url: Option<String>,
    /// Key of the bridge's user
    #[arg(long, env = "HUYING_NATS_NKEY_FILE", value_name = "FILE")]
    nats_nkey_file: Option<PathBuf>,
}

const FIELDS: &str = "\
Fields: external_ref and title are needed; text, occurred_at, recorded_at (by
a terminal that was offline), place, address, longitude, latitude, category,
channel, way, campaign, kind, caller_class, caller_ref, related_case, evidence
(ids of files, with blanks between them), attributes (code=answer; …) and
district (the bridge's own, if it is empty) are not, nor how to reach whoever
raised it: contact_name, contact_telephone, contact_mail, contact_address and
contact_other. Columns that go into no field are named once.
Times are written with an offset
(2019-02-28T11:25:05+08:00), or without one in the district's own time
(2019-02-28 11:25:05, 2019/2/28 11:25, 2019年2月28日 上午11:25, 2019-02-28, or
the day's number in a spreadsheet). A date that may be read in two ways is
rejected. Places, channels and categories may be called by their names. What
people type for unknown (无, 不详, -, N/A) is taken as nothing. An Open311
answer needs no --map. A row with the status closed is history and no new
case: it is left out, and counted; --map status= brings it in all the same.";

pub(crate) async fn run(Command::File(args): Command) -> anyhow::Result<()> {
    let route = Route::find(&args).await?;
    let format = Format::of(&args.file, args.format)?;
    let rows = Rows::open(&args.file, format)?;
    let mapping = Mapping::read(&args.map, rows.columns(), route.district.clone(), route.zone.clone())?
        .of_json(matches!(format, Format::Json | Format::Jsonl));
    let rows = rows.only(mapping.columns())?;
    let read_as = format!("{format:?}: {}", mapping.as_said());
    let mut position = Position::of(&args.installation.folder(), &args.file, &route.bridge, &read_as)?;
    say_what_is_unread(mapping.unread());
    let resume_after = if args.resume { position.line } else { 0 };
    if resume_after > 0 {
        eprintln!("going on after line {resume_after}; rows before it that were rejected come again without --resume");
    }
    let mut report = Report::new(&args.file)?;
    let sender = Sender::connect(&route).await?;

    let answered_before = |row: &anyhow::Result<Row>| row.as_ref().is_ok_and(|row| row.line <= resume_after);
    let waiting = rows.filter(|row| !answered_before(row)).map(|row| {
        let (sender, mapping) = (&sender, &mapping);
        async move {
            let row: Row = row?;
            let (line, byte) = (row.line, row.byte);
            if mapping.is_closed(&row) {
                return anyhow::Ok((line, byte, mapping.reference(&row), Outcome::Closed));
            }
            let outcome = match mapping.submission(&row) {
                Ok(submission) => sender.submit(&submission).await.with_context(|| format!("line {line}"))?,
                Err(rejects) => Outcome::Rejected(rejects),
            };
            anyhow::Ok((line, byte, mapping.reference(&row), outcome))
        }
    });
    let mut answered = futures::stream::iter(waiting).buffered(IN_FLIGHT_MAX);
    let mut stopped = None;
    while let Some(row) = answered.next().await {
        match row {
            Ok((line, byte, reference, outcome)) => {
                report.count(line, byte, reference, outcome);
                position.line = line;
                if report.rows().is_multiple_of(NOTE_EVERY) {
                    position.note()?;
                }
            }
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
    }
    position.note()?;
    let rejected = report.finish(args.rejects.as_deref(), args.json)?;
    match stopped {
        Some(error) => Err(error.context("not everything was sent; run it again with --resume")),
        None if rejected && !args.lenient => Err(Answered.into()),
        None => Ok(()),
    }
}

/// A column that was meant for a field and is called otherwise would be missed silently.
fn say_what_is_unread(columns: &[String]) {
    if columns.is_empty() {
        return;
    }
    let more = columns.len().saturating_sub(UNREAD_SHOWN_MAX);
    let and_more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let shown: Vec<&str> = columns.iter().take(UNREAD_SHOWN_MAX).map(String::as_str).collect();
    eprintln!("warning: not read, because they go into no field: {}{and_more}", shown.join(", "));
}

/// As whom, and where to.
struct Route {
    bridge: Code,
    /// As sent: empty means the bridge's own.
    district: String,
    zone: TimeZone,
    nats_url: String,
    nats_nkey_file: PathBuf,
}

impl Route {
    async fn find(args: &Args) -> anyhow::Result<Self> {
        let district = args.district.clone().unwrap_or_default();
        if let (Some(url), Some(file), Some(bridge)) = (&args.nats_url, &args.nats_nkey_file, &args.bridge) {
            let own =
                if district.is_empty() { bridge.as_str().split('-').next().unwrap_or_default() } else { &district };
            let zone =
                charter::Charter::shipped(own).map_or_else(TimeZone::system, |charter| charter.time_zone.clone());
            let (nats_url, nats_nkey_file) = (url.clone(), file.clone());
            return Ok(Self { bridge: bridge.clone(), district, zone, nats_url, nats_nkey_file });
        }
        let folder = args.installation.folder();
        let endpoints = Endpoints::of(&folder)?;
        let districts = Districts::of(&args.installation).await?;
        let charters = districts.charters();
        let known = || districts.codes().join(", ");
        let charter = match (&args.bridge, &args.district) {
            (_, Some(district)) => charters
                .iter()
                .find(|charter| charter.district.as_str() == district)
                .ok_or_else(|| BadUsage::new(format!("district {district:?} is not known; known: {}", known())))?,
            (Some(bridge), None) => charters
                .iter()
                .find(|charter| charter.bridges().iter().any(|known| known.code == *bridge))
                .ok_or_else(|| BadUsage::new(format!("no district has a bridge {bridge}; districts: {}", known())))?,
            (None, None) => charters.first().context("no charter is on the record yet")?,
        };
        let bridge = match &args.bridge {
            Some(bridge) => bridge.clone(),
            None => {
                charter.bridges().first().context("the charter has no bridge; name one with --bridge")?.code.clone()
            }
        };
        let nats_nkey_file = folder.seed_file_of(&bridge)?;
        Ok(Self { bridge, district, zone: charter.time_zone.clone(), nats_url: endpoints.nats, nats_nkey_file })
    }
}

/// A name for messages.
fn shown(file: &Path) -> String {
    file.display().to_string()
}
