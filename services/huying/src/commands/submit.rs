//! `huying submit`: one case.

use anyhow::Context;
use chassis::Identity;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::common::v1::Place;
use proto::intake::v1::SubmitRequest;
use proto::words;
use uuid::Uuid;
use vocabulary::number::is_number;

use crate::client::{Installation, explain, intake};
use crate::districts::Districts;
use crate::failure::BadUsage;
use crate::out;

/// Submit one case, as the first bridge of its district would, and print its id.
///
/// With --token, it is submitted for whoever the token speaks for. The same --external-ref with the same content is
/// the same case again.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: String,
    /// What it is, in at most 200 characters
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// Everything else, in at most 20,000 characters
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    text: String,
    /// Grid, community or street it lies in, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    place: String,
    /// Where, as the caller says it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    address: String,
    /// What it is about, by code, if known; else triage finds out
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    category: String,
    /// Channel it came by, by code; the bridge's first, if none is named. Who is no bridge names one
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    channel: String,
    /// The sender's own reference; a new one, if none is given
    #[arg(long, value_name = "REFERENCE")]
    external_ref: Option<String>,
    /// What somebody wants: report, service, suggestion or consult; what the channel usually brings, if nothing is said
    #[arg(long, value_name = "WORD", default_value = "", hide_default_value = true, value_parser = kind)]
    kind: Word,
    /// Who raises it: resident, grassroots or enterprise; who usually uses the channel, if nothing is said
    #[arg(long, value_name = "WORD", default_value = "", hide_default_value = true, value_parser = class)]
    caller_class: Word,
    /// How it came in: online, patrol, visit, meeting or superior; the channel's way, if nothing is said
    #[arg(long, value_name = "WORD", default_value = "", hide_default_value = true, value_parser = way)]
    way: Word,
    /// Who raises it, as a reference that says nothing by itself
    #[arg(long, value_name = "REFERENCE", default_value = "", hide_default_value = true)]
    caller_ref: String,
    /// Where on the map, in degrees (WGS 84); goes with --latitude
    #[arg(long, value_name = "DEGREES", requires = "latitude", allow_negative_numbers = true, value_parser = degrees)]
    longitude: Option<f64>,
    /// Where on the map, in degrees (WGS 84); goes with --longitude
    #[arg(long, value_name = "DEGREES", requires = "longitude", allow_negative_numbers = true, value_parser = degrees)]
    latitude: Option<f64>,
    /// The case on whose site this was found, by id
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    related_case: String,
    /// Campaign it is part of, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    campaign: String,
    /// When it happened, e.g. 2026-11-21T14:05:00+08:00; now, if nothing is said
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<Timestamp>,
    /// When a terminal that was offline wrote it down
    #[arg(long, value_name = "TIME")]
    recorded_at: Option<Timestamp>,
    /// The bridge that brings it in
    #[arg(long, value_name = "CODE")]
    bridge: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// A value of an enumeration of the contract.
#[derive(Clone, Copy, Debug)]
struct Word(i32);

fn kind(text: &str) -> Result<Word, String> {
    words::KINDS.number(text).map(Word)
}

fn class(text: &str) -> Result<Word, String> {
    words::CLASSES.number(text).map(Word)
}

fn way(text: &str) -> Result<Word, String> {
    words::WAYS.number(text).map(Word)
}

fn degrees(text: &str) -> Result<f64, String> {
    let read = if is_number(text) { text.parse().ok() } else { None };
    read.ok_or_else(|| format!("{text:?} is not a number like 114.3162"))
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let channel = match (&args.installation.token, &args.bridge) {
        (Some(_), _) => args.installation.channel().await?,
        (None, Some(bridge)) => args.installation.channel_as(&bridge_identity(bridge)).await?,
        (None, None) => {
            let districts = Districts::of(&args.installation).await?;
            let charter = districts.charter(&args.district).ok_or_else(|| {
                BadUsage::new(format!(
                    "district {:?} is not known; known: {}",
                    args.district,
                    districts.codes().join(", ")
                ))
            })?;
            let bridge = charter.bridges().first().context("the charter has no bridge; name one with --bridge")?;
            args.installation.channel_as(&bridge_identity(bridge.code.as_str())).await?
        }
    };
    let request = SubmitRequest {
        district: args.district,
        external_ref: args.external_ref.unwrap_or_else(|| Uuid::new_v4().to_string()),
        channel: args.channel,
        title: args.title,
        text: args.text,
        kind: args.kind.0,
        caller_class: args.caller_class.0,
        way: args.way.0,
        caller_ref: args.caller_ref,
        place: Some(Place {
            party: args.place,
            address: args.address,
            longitude: args.longitude,
            latitude: args.latitude,
        }),
        occurred_at: args.occurred_at.map(ToWireTime::to_wire),
        recorded_at: args.recorded_at.map(ToWireTime::to_wire),
        category: args.category,
        related_case: args.related_case,
        campaign: args.campaign,
        contact: None,
    };
    let answer = intake(channel).submit(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.json {
        return out::json(&answer);
    }
    // On standard output only the id, so that a script can go on with it.
    out::line(&answer.case_id)?;
    if answer.repeated {
        eprintln!("it was submitted before; this is its case");
    }
    Ok(())
}

fn bridge_identity(bridge: &str) -> Identity {
    Identity { role: "bridge".into(), party: bridge.into(), district: String::new(), staff_ref: "cli".into() }
}
