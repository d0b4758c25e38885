//! Works that a street signs off.

use std::path::PathBuf;

use proto::powers::v1::sign_off_service_client::SignOffServiceClient;
use proto::powers::v1::{
    Gate, GetWorkRequest, GetWorkResponse, OpenWorkRequest, RefuseGateRequest, SignGateRequest, SubmitGateRequest,
};

use super::{Acting, document, number, recorded, said};
use crate::client::explain;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    OpenWork(OpenWork),
    SubmitGate(SubmitGate),
    SignGate(SignGate),
    RefuseGate(RefuseGate),
    ShowWork(ShowWork),
}

/// Begin a work in a street: a facility, a plan of an area, a renewal. The street signs its planning, building and
/// acceptance, each before the next.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct OpenWork {
    #[command(flatten)]
    acting: Acting,
    /// The work's name in its district: a-z, 0-9 and hyphen, of your choice
    #[arg(value_name = "WORK")]
    work: String,
    /// The street by code
    #[arg(long, value_name = "CODE")]
    street: String,
    /// One line that says what it is
    #[arg(long, value_name = "TEXT")]
    title: String,
}

/// Put a gate before the street. Refused before the one before it is signed (gate-before).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SubmitGate {
    #[command(flatten)]
    acting: Acting,
    /// The work, by its name
    #[arg(value_name = "WORK")]
    work: String,
    /// planning, building or acceptance
    #[arg(long, value_name = "GATE", value_parser = gate)]
    gate: i32,
    /// A file the street is to read; its name and the SHA-256 of its content are recorded, the file is not sent
    #[arg(long = "document", value_name = "FILE")]
    documents: Vec<PathBuf>,
    /// What is said with it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
}

/// Sign a gate for your street.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SignGate {
    #[command(flatten)]
    acting: Acting,
    /// The work, by its name
    #[arg(value_name = "WORK")]
    work: String,
    /// planning, building or acceptance
    #[arg(long, value_name = "GATE", value_parser = gate)]
    gate: i32,
    /// What is said with it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
}

/// Refuse a gate for your street; it can be submitted again.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RefuseGate {
    #[command(flatten)]
    acting: Acting,
    /// The work, by its name
    #[arg(value_name = "WORK")]
    work: String,
    /// planning, building or acceptance
    #[arg(long, value_name = "GATE", value_parser = gate)]
    gate: i32,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Show a work with its three gates.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowWork {
    #[command(flatten)]
    acting: Acting,
    /// The work, by its name
    #[arg(value_name = "WORK")]
    work: String,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::OpenWork(OpenWork { acting, work, street, title }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = OpenWorkRequest { district, work, command_id, street, title };
            recorded!(acting, SignOffServiceClient, open_work, request)
        }
        Command::SubmitGate(SubmitGate { acting, work, gate, documents, note }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let documents = documents.iter().map(|path| document(path)).collect::<Result<_, _>>()?;
            let request = SubmitGateRequest { district, work, command_id, gate, documents, note };
            recorded!(acting, SignOffServiceClient, submit_gate, request)
        }
        Command::SignGate(SignGate { acting, work, gate, note }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = SignGateRequest { district, work, command_id, gate, note };
            recorded!(acting, SignOffServiceClient, sign_gate, request)
        }
        Command::RefuseGate(RefuseGate { acting, work, gate, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = RefuseGateRequest { district, work, command_id, gate, reason };
            recorded!(acting, SignOffServiceClient, refuse_gate, request)
        }
        Command::ShowWork(ShowWork { acting, work }) => {
            let mut client = SignOffServiceClient::new(acting.channel().await?);
            let request = GetWorkRequest { district: acting.district.clone(), work };
            let shown = client.get_work(request).await.map_err(|status| explain(&status))?.into_inner();
            acting.shown(&shown, || lines(&shown))
        }
    }
}

fn gate(word: &str) -> Result<i32, String> {
    number(word, "GATE_", Gate::from_str_name)
}

fn lines(work: &GetWorkResponse) -> Vec<String> {
    let mut lines = vec![work.title.clone(), format!("  {} in {}", work.department, work.street)];
    for gate in &work.gates {
        let standing = said(gate.standing().as_str_name(), "GATE_STANDING_");
        let standing = if standing.is_empty() { "not submitted" } else { &standing };
        let name = said(gate.gate().as_str_name(), "GATE_");
        lines.push(format!("  {name}: {standing} {}", gate.said).trim_end().to_owned());
    }
    lines
}
