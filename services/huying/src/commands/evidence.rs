//! `huying evidence`: photographs and papers, sent before a case names them, and fetched from a case that does.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chassis::boxed;
use proto::intake::v1::evidence_service_client::EvidenceServiceClient;
use proto::intake::v1::{
    Evidence, EvidenceCheck, EvidenceHead, ListEvidenceRequest, ReadEvidenceRequest, UploadEvidenceRequest,
    read_evidence_response, upload_evidence_request,
};

use crate::client::{Authorised, Installation, explain};
use crate::out;

/// Content of one message, in bytes: half of what a message may have.
const CHUNK_BYTES: usize = 128 * 1024;

/// Photographs and papers that are shown on cases.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Send(SendArgs),
    List(ListArgs),
    Get(GetArgs),
}

/// Send a photograph (JPEG, PNG, WebP) or a paper (PDF), and print the id by which a case names it within a day
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: String,
    file: PathBuf,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// List what is shown on a case
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: String,
    /// The case, by id
    case: String,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Fetch one file of a case
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    installation: Installation,
    /// District by code, e.g. wuchang
    #[arg(long, value_name = "CODE")]
    district: String,
    /// The case, by id
    case: String,
    /// The file, by the id that the case names
    evidence: String,
    /// Where to; standard output, if nothing is said
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The small picture of it
    #[arg(long)]
    thumbnail: bool,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Send(args) => {
            let sent = send(args.installation.channel().await?, &args.district, &args.file).await?;
            if args.json { out::json(&sent) } else { out::line(&sent.evidence_id) }
        }
        Command::List(args) => list(args).await,
        Command::Get(args) => get(args).await,
    }
}

/// Sends a file in.
///
/// # Errors
/// It cannot be read here, or is not taken there.
#[boxed]
pub(crate) async fn send(channel: Authorised, district: &str, file: &Path) -> anyhow::Result<Evidence> {
    use upload_evidence_request::Part;
    let content = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let head = Part::Head(EvidenceHead { district: district.to_owned(), name, case_id: String::new() });
    let parts: Vec<Part> =
        std::iter::once(head).chain(content.chunks(CHUNK_BYTES).map(|it| Part::Content(it.to_vec()))).collect();
    let sent = futures::stream::iter(parts.into_iter().map(|part| UploadEvidenceRequest { part: Some(part) }));
    let answer = EvidenceServiceClient::new(channel).upload_evidence(sent).await.map_err(|status| explain(&status));
    Ok(answer.with_context(|| file.display().to_string())?.into_inner().evidence.unwrap_or_default())
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let request = ListEvidenceRequest { district: args.district, case_id: args.case };
    let mut evidence = EvidenceServiceClient::new(args.installation.channel().await?);
    let answer = evidence.list_evidence(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.json {
        return out::json(&answer);
    }
    let mut shown = out::table(["EVIDENCE", "WHAT", "BYTES", "PIXELS", "CHECKED", "NAME"]);
    for file in answer.evidence {
        let pixels = if file.has_thumbnail { format!("{}×{}", file.width, file.height) } else { String::new() };
        let checked = match file.check() {
            EvidenceCheck::Unspecified => "",
            EvidenceCheck::Clean => "clean",
            EvidenceCheck::Pending => "waits for the scanner",
            EvidenceCheck::Refused => "malware; deleted",
        };
        shown.add_row([
            file.evidence_id,
            file.media_type,
            file.bytes.to_string(),
            pixels,
            checked.to_owned(),
            out::plain(&file.name),
        ]);
    }
    out::lines_of(shown).into_iter().try_for_each(out::line)
}

async fn get(args: GetArgs) -> anyhow::Result<()> {
    let GetArgs { installation, district, case: case_id, evidence: evidence_id, output, thumbnail } = args;
    let request = ReadEvidenceRequest { district, case_id, evidence_id, thumbnail };
    let mut evidence = EvidenceServiceClient::new(installation.channel().await?);
    let mut parts = evidence.read_evidence(request).await.map_err(|status| explain(&status))?.into_inner();
    let mut content = Vec::new();
    while let Some(part) = parts.message().await.map_err(|status| explain(&status))? {
        if let Some(read_evidence_response::Part::Content(next)) = part.part {
            content.extend(next);
        }
    }
    match output {
        Some(file) => std::fs::write(&file, content).with_context(|| format!("writing {}", file.display())),
        None => out::bytes(&content),
    }
}
