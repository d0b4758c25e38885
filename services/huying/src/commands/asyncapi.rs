//! `huying asyncapi`: the broker's door described for programs.

use crate::{asyncapi, out};

/// Print what a party may ask at the broker, as AsyncAPI 3 in YAML; docs/doors/asyncapi.yaml is the same.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    if args.json { out::json(&asyncapi::document()) } else { out::text(asyncapi::yaml()?) }
}
