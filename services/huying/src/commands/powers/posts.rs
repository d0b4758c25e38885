//! Posts approved against posts filled.

use proto::powers::v1::headcount_service_client::HeadcountServiceClient;
use proto::powers::v1::{
    ApprovePostsRequest, FillPostRequest, GetHeadcountRequest, GetHeadcountResponse, PostKind, VacatePostRequest,
};

use super::{Acting, number, recorded, said};
use crate::client::explain;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    ApprovePosts(ApprovePosts),
    FillPost(FillPost),
    VacatePost(VacatePost),
    ShowHeadcount(ShowHeadcount),
}

/// Say how many posts of a kind a unit has, for the district. Never fewer than are filled (below-use).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ApprovePosts {
    #[command(flatten)]
    acting: Acting,
    /// The unit by code
    #[arg(value_name = "UNIT")]
    unit: String,
    /// administrative or institution
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: i32,
    /// How many
    #[arg(long, value_name = "N")]
    posts: u32,
    /// By what decision
    #[arg(long, value_name = "TEXT")]
    basis: String,
}

/// Record that somebody fills a post of a unit. Refused where all are filled (over-headcount).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FillPost {
    #[command(flatten)]
    acting: Acting,
    /// The unit by code
    #[arg(value_name = "UNIT")]
    unit: String,
    /// administrative or institution
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: i32,
    /// Staff number, never a name
    #[arg(long, value_name = "NUMBER")]
    person: String,
}

/// Record that somebody has left a post of a unit.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct VacatePost {
    #[command(flatten)]
    acting: Acting,
    /// The unit by code
    #[arg(value_name = "UNIT")]
    unit: String,
    /// Staff number
    #[arg(long, value_name = "NUMBER")]
    person: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Show the posts of a unit: approved, filled, and by whom.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowHeadcount {
    #[command(flatten)]
    acting: Acting,
    /// The unit by code
    #[arg(value_name = "UNIT")]
    unit: String,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::ApprovePosts(ApprovePosts { acting, unit, kind, posts, basis }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = ApprovePostsRequest { district, unit, command_id, kind, posts, basis };
            recorded!(acting, HeadcountServiceClient, approve_posts, request)
        }
        Command::FillPost(FillPost { acting, unit, kind, person }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = FillPostRequest { district, unit, command_id, kind, person };
            recorded!(acting, HeadcountServiceClient, fill_post, request)
        }
        Command::VacatePost(VacatePost { acting, unit, person, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = VacatePostRequest { district, unit, command_id, person, reason };
            recorded!(acting, HeadcountServiceClient, vacate_post, request)
        }
        Command::ShowHeadcount(ShowHeadcount { acting, unit }) => {
            let mut client = HeadcountServiceClient::new(acting.channel().await?);
            let request = GetHeadcountRequest { district: acting.district.clone(), unit };
            let shown = client.get_headcount(request).await.map_err(|status| explain(&status))?.into_inner();
            acting.shown(&shown, || lines(&shown))
        }
    }
}

fn kind(word: &str) -> Result<i32, String> {
    number(word, "POST_KIND_", PostKind::from_str_name)
}

fn lines(headcount: &GetHeadcountResponse) -> Vec<String> {
    let posts = headcount.posts.iter().map(|posts| {
        let kind = said(posts.kind().as_str_name(), "POST_KIND_");
        format!("{kind}: {} of {} filled {}", posts.used, posts.approved, posts.people.join(", ")).trim_end().to_owned()
    });
    posts.collect()
}
