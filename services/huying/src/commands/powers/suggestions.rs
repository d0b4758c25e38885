//! What streets ask for by themselves.

use proto::powers::v1::suggestion_service_client::SuggestionServiceClient;
use proto::powers::v1::{
    AnswerSuggestionRequest, GetSuggestionRequest, GetSuggestionResponse, MakeSuggestionRequest, Verdict,
    WithdrawSuggestionRequest,
};

use super::{Acting, number, recorded, said};
use crate::client::explain;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Suggest(Suggest),
    AnswerSuggestion(AnswerSuggestion),
    WithdrawSuggestion(WithdrawSuggestion),
    ShowSuggestion(ShowSuggestion),
}

/// Make a suggestion of your street to departments or the district.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Suggest {
    #[command(flatten)]
    acting: Acting,
    /// The suggestion's name in its district: a-z, 0-9 and hyphen, of your choice
    #[arg(value_name = "SUGGESTION")]
    suggestion: String,
    /// One line that says what it is
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// What is said, up to 4000 characters
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// Who is to answer: a department or the district, by code; once for each
    #[arg(long = "to", value_name = "CODE", required = true)]
    addressees: Vec<String>,
    /// A code for what several belong to, e.g. a festival
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    occasion: String,
}

/// Answer a suggestion that was made to you; one that is not adopted as it is needs a reason.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AnswerSuggestion {
    #[command(flatten)]
    acting: Acting,
    /// The suggestion, by its name
    #[arg(value_name = "SUGGESTION")]
    suggestion: String,
    /// adopted, partly or not-adopted
    #[arg(long, value_name = "VERDICT", value_parser = |word: &str| number(word, "VERDICT_", Verdict::from_str_name))]
    verdict: i32,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Take back a suggestion of your street that not everybody has answered.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WithdrawSuggestion {
    #[command(flatten)]
    acting: Acting,
    /// The suggestion, by its name
    #[arg(value_name = "SUGGESTION")]
    suggestion: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Show a suggestion and what became of it with each addressee.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowSuggestion {
    #[command(flatten)]
    acting: Acting,
    /// The suggestion, by its name
    #[arg(value_name = "SUGGESTION")]
    suggestion: String,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Suggest(Suggest { acting, suggestion, title, text, addressees, occasion }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = MakeSuggestionRequest { district, suggestion, command_id, title, text, addressees, occasion };
            recorded!(acting, SuggestionServiceClient, make_suggestion, request)
        }
        Command::AnswerSuggestion(AnswerSuggestion { acting, suggestion, verdict, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = AnswerSuggestionRequest { district, suggestion, command_id, verdict, reason };
            recorded!(acting, SuggestionServiceClient, answer_suggestion, request)
        }
        Command::WithdrawSuggestion(WithdrawSuggestion { acting, suggestion, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = WithdrawSuggestionRequest { district, suggestion, command_id, reason };
            recorded!(acting, SuggestionServiceClient, withdraw_suggestion, request)
        }
        Command::ShowSuggestion(ShowSuggestion { acting, suggestion }) => {
            let mut client = SuggestionServiceClient::new(acting.channel().await?);
            let request = GetSuggestionRequest { district: acting.district.clone(), suggestion };
            let shown = client.get_suggestion(request).await.map_err(|status| explain(&status))?.into_inner();
            acting.shown(&shown, || lines(&shown))
        }
    }
}

fn lines(suggestion: &GetSuggestionResponse) -> Vec<String> {
    let withdrawn = if suggestion.withdrawn { ", withdrawn" } else { "" };
    let mut lines = vec![
        suggestion.title.clone(),
        format!("  {}{withdrawn} {}", suggestion.street, suggestion.occasion).trim_end().to_owned(),
        format!("  {}", suggestion.text.replace('\n', " ")),
    ];
    for reply in &suggestion.replies {
        let verdict = said(reply.verdict().as_str_name(), "VERDICT_");
        let verdict = if verdict.is_empty() { "no answer yet" } else { &verdict };
        lines.push(format!("  {}: {verdict} {}", reply.addressee, reply.reason).trim_end().to_owned());
    }
    lines
}
