//! `huying submit`: one case.

use anyhow::Context;
use chassis::Identity;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::common::v1::Place;
use proto::intake::v1::SubmitRequest;
use uuid::Uuid;

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
    /// Channel it came by, by code; the bridge's first, if none is named
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    channel: String,
    /// The sender's own reference; a new one, if none is given
    #[arg(long, value_name = "REFERENCE")]
    external_ref: Option<String>,
    /// When it happened, e.g. 2026-11-21T14:05:00+08:00; now, if nothing is said
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<Timestamp>,
    /// The bridge that brings it in
    #[arg(long, value_name = "CODE")]
    bridge: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
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
        place: Some(Place { party: args.place, address: args.address, ..Place::default() }),
        occurred_at: args.occurred_at.map(ToWireTime::to_wire),
        category: args.category,
        ..SubmitRequest::default()
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
