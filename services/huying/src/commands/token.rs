//! `huying token`: who may call the services, and as what.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use chassis::{Clock, Identity, Issuer};
use jiff::{Span, SpanRelativeTo};
use station::Caller;

use crate::data::DataFolder;
use crate::failure::BadUsage;
use crate::out;

/// A token cannot be taken back before it expires: whoever left the service a year ago opens nothing any more.
const VALID_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Tokens for calling the services.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Issue(IssueArgs),
}

/// Print a token, signed with the installation's private key. Whoever has it is who it says, until it expires.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IssueArgs {
    /// bridge, caller, grid, community, street, enforcement-center, department, district, operator or auditor
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// The party it acts for, by code, e.g. wuchang-water
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    party: String,
    /// The only district it may see; without one its party's, or all for an operator
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    district: String,
    /// Staff number of the person or name of the machine, never a person's name
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    staff: String,
    /// How long it is good, e.g. 30min, 12h, 7d; 366 days at most
    #[arg(long, value_name = "TIME", default_value = "12h")]
    valid: String,
    /// Data folder whose key signs
    #[arg(long, env = "HUYING_DATA", value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// The private key itself (PEM), instead of the data folder's
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    issuer_key: Option<PathBuf>,
}

pub(crate) fn run(Command::Issue(args): Command) -> anyhow::Result<()> {
    let issuer = match &args.issuer_key {
        None => DataFolder::new(&args.data).issuer()?,
        Some(file) => {
            let pem = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            Issuer::from_pem(&pem).with_context(|| format!("reading {}", file.display()))?
        }
    };
    let valid = life(&args.valid)?;
    let identity = Identity { role: args.role, party: args.party, district: args.district, staff_ref: args.staff };
    // The services would refuse it on every call; better to hear it now.
    Caller::from_identity(&identity).map_err(|status| BadUsage::new(status.message()))?;
    out::line(issuer.issue(&identity, Clock::real().real_now(), valid))
}

fn life(text: &str) -> Result<Duration, BadUsage> {
    let wrong = |why: &dyn std::fmt::Display| {
        BadUsage::new(format!("--valid {text:?} is not a length of time like 30min, 12h or 7d: {why}"))
    };
    let span: Span = text.parse().map_err(|error: jiff::Error| wrong(&error))?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|error| wrong(&error))?;
    let life = Duration::try_from(duration).map_err(|_| wrong(&"it lies in the past"))?;
    if life > VALID_MAX {
        let days = VALID_MAX.as_secs() / (24 * 60 * 60);
        return Err(BadUsage::new(format!(
            "--valid {text:?} is longer than {days} days: a token cannot be taken back, so issue a new one in time"
        )));
    }
    Ok(life)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_written_as_people_write_them() {
        for (text, seconds) in [("30min", 1800), ("12h", 43_200), ("7d", 604_800), ("1h 30m", 5400)] {
            assert_eq!(life(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in ["", "soon", "-1h"] {
            assert!(life(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn no_token_outlives_a_year() {
        assert_eq!(life("366d").unwrap(), VALID_MAX);
        for text in ["366d 1s", "367d", "9000h"] {
            assert!(life(text).unwrap_err().to_string().contains("366 days"), "{text:?}");
        }
    }
}
