//! Projects on which streets are heard.

use std::path::PathBuf;

use proto::powers::v1::consultation_service_client::ConsultationServiceClient;
use proto::powers::v1::{
    Advance, AdvanceProjectRequest, AnswerOpinionRequest, AskStreetsRequest, GetProjectRequest, GetProjectResponse,
    GiveOpinionRequest, OpenProjectRequest, Phase, Verdict,
};
use proto::{FromWireTime, WireTimestamp};

use super::{Acting, document, moment, number, recorded, said};
use crate::client::explain;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    OpenProject(OpenProject),
    AskStreets(AskStreets),
    GiveOpinion(GiveOpinion),
    AnswerOpinion(AnswerOpinion),
    Advance(AdvanceProject),
    ShowProject(ShowProject),
}

/// Begin a decision or project on which streets must be heard, as a department or the district.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct OpenProject {
    #[command(flatten)]
    acting: Acting,
    /// The project's name in its district: a-z, 0-9 and hyphen, of your choice
    #[arg(value_name = "PROJECT")]
    project: String,
    /// Item of the charter's list of decisions, e.g. key-projects-01
    #[arg(long, value_name = "CODE")]
    item: String,
    /// One line that says what it is
    #[arg(long, value_name = "TEXT")]
    title: String,
}

/// Ask streets for their opinion in the phase the project is in.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AskStreets {
    #[command(flatten)]
    acting: Acting,
    /// The project, by its name
    #[arg(value_name = "PROJECT")]
    project: String,
    /// A street by code; once for each
    #[arg(long = "street", value_name = "CODE", required = true)]
    streets: Vec<String>,
    /// What they are asked
    #[arg(long, value_name = "TEXT")]
    question: String,
    /// A file they are to read; its name and the SHA-256 of its content are recorded, the file is not sent
    #[arg(long = "document", value_name = "FILE")]
    documents: Vec<PathBuf>,
    /// Until when, RFC 3339; left out: as long as the charter's limit "opinion" says, which is also the least
    #[arg(long, value_name = "TIME", value_parser = moment)]
    due: Option<WireTimestamp>,
}

/// Say what your street thinks; until it is answered, a newer opinion replaces it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GiveOpinion {
    #[command(flatten)]
    acting: Acting,
    /// The project, by its name
    #[arg(value_name = "PROJECT")]
    project: String,
    /// What is said, up to 4000 characters
    #[arg(long, value_name = "TEXT")]
    text: String,
}

/// Answer a street's opinion; one that is not adopted as it is needs a reason.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AnswerOpinion {
    #[command(flatten)]
    acting: Acting,
    /// The project, by its name
    #[arg(value_name = "PROJECT")]
    project: String,
    /// The street by code
    #[arg(long, value_name = "CODE")]
    street: String,
    /// adopted, partly or not-adopted
    #[arg(long, value_name = "VERDICT", value_parser = |word: &str| number(word, "VERDICT_", Verdict::from_str_name))]
    verdict: i32,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Take a project out of its phase. Refused while a street is not heard and has time (opinion-missing), or its opinion
/// is not answered (opinion-unanswered).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AdvanceProject {
    #[command(flatten)]
    acting: Acting,
    /// The project, by its name
    #[arg(value_name = "PROJECT")]
    project: String,
    /// carried-out, changed, finished or dropped
    #[arg(long, value_name = "TO", value_parser = |word: &str| number(word, "ADVANCE_", Advance::from_str_name))]
    to: i32,
    /// Needed where it is dropped
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Show a project: its phase, who was asked what, what they said, and what became of it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowProject {
    #[command(flatten)]
    acting: Acting,
    /// The project, by its name
    #[arg(value_name = "PROJECT")]
    project: String,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::OpenProject(OpenProject { acting, project, item, title }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = OpenProjectRequest { district, project, command_id, item, title };
            recorded!(acting, ConsultationServiceClient, open_project, request)
        }
        Command::AskStreets(AskStreets { acting, project, streets, question, documents, due }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let documents = documents.iter().map(|path| document(path)).collect::<Result<_, _>>()?;
            let request = AskStreetsRequest { district, project, command_id, streets, question, documents, due };
            recorded!(acting, ConsultationServiceClient, ask_streets, request)
        }
        Command::GiveOpinion(GiveOpinion { acting, project, text }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = GiveOpinionRequest { district, project, command_id, text, round: 0 };
            recorded!(acting, ConsultationServiceClient, give_opinion, request)
        }
        Command::AnswerOpinion(AnswerOpinion { acting, project, street, verdict, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = AnswerOpinionRequest { district, project, command_id, street, verdict, reason, round: 0 };
            recorded!(acting, ConsultationServiceClient, answer_opinion, request)
        }
        Command::Advance(AdvanceProject { acting, project, to, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = AdvanceProjectRequest { district, project, command_id, to, reason };
            recorded!(acting, ConsultationServiceClient, advance_project, request)
        }
        Command::ShowProject(ShowProject { acting, project }) => {
            let mut client = ConsultationServiceClient::new(acting.channel().await?);
            let request = GetProjectRequest { district: acting.district.clone(), project };
            let shown = client.get_project(request).await.map_err(|status| explain(&status))?.into_inner();
            acting.shown(&shown, || lines(&shown))
        }
    }
}

fn lines(project: &GetProjectResponse) -> Vec<String> {
    let phase = said(project.phase().as_str_name(), "PHASE_");
    let ended = said(project.ended().as_str_name(), "ADVANCE_");
    let state = if ended.is_empty() { phase } else { ended };
    let mut lines = vec![project.title.clone(), format!("  {state}; {}; item {}", project.asker, project.item)];
    for round in &project.rounds {
        let due = round.due.time().map(|due| due.to_string()).unwrap_or_default();
        let over = if round.expired { ", over" } else { "" };
        lines.push(format!(
            "  round {} ({}), until {due}{over}: {}",
            round.round,
            word_of(round.phase()),
            round.question
        ));
        lines.extend(
            round.documents.iter().map(|document| format!("    {}  sha256:{}", document.name, document.sha256)),
        );
        for heard in &round.streets {
            let verdict = said(heard.verdict().as_str_name(), "VERDICT_");
            let opinion = if heard.opinion.is_empty() { "-" } else { &heard.opinion };
            lines.push(format!("    {}: {opinion}  {verdict} {}", heard.street, heard.reason).trim_end().to_owned());
        }
    }
    lines
}

fn word_of(phase: Phase) -> String {
    said(phase.as_str_name(), "PHASE_")
}
