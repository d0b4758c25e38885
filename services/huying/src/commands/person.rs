//! `huying person`: what is kept of one person, shown, handed out and erased (D8).

use chassis::Identity;
use proto::casebook::v1::{Case, GetRequest, ListRequest};
use proto::intake::v1::people_service_client::PeopleServiceClient;
use proto::intake::v1::{ErasePersonRequest, ShowPersonRequest, ShowPersonResponse};
use proto::{FromWireTime, WireTimestamp};
use serde_json::json;

use crate::client::{CURRENT, Installation, casebook, explain};
use crate::failure::BadUsage;
use crate::out;

/// Cases of one person on a page of the list.
const PAGE: u32 = 500;

/// What is kept of one person: shown, handed out, erased.
///
/// A person is named by the reference that their cases have, never by a name or a number. Whoever reads what is kept of them is
/// written down with the reason.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Show(ShowArgs),
    Export(ExportArgs),
    Erase(EraseArgs),
}

const EXAMPLES: &str = "\
Examples:
  huying person show person-7k3q9xf2m4 --district wuchang --reason 'asked at the window'
  huying person export person-7k3q9xf2m4 --district wuchang --reason 'asked at the window'
  huying person erase person-7k3q9xf2m4 --district wuchang --reason 'asked in writing' --yes";

/// Whom it is about, and why it is asked.
#[derive(Clone, Debug, clap::Args)]
struct About {
    /// The person's reference, as their cases have it
    #[arg(value_name = "REFERENCE")]
    caller_ref: String,
    /// Their district, by code
    #[arg(long, value_name = "CODE")]
    district: String,
    /// What it is needed for, without names; it stays written down
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    installation: Installation,
}

/// How to reach them, and who has read it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    about: About,
}

/// Everything that is kept of them and all their cases, as JSON, to be handed to them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    about: About,
}

/// Erase how to reach them, for good. Their cases stay, as those of somebody nobody knows.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    about: About,
    /// It cannot be taken back: say that you mean it
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Show(ShowArgs { about }) => show(&about.ask().await?),
        Command::Export(ExportArgs { about }) => {
            let kept = about.ask().await?;
            let cases = about.cases().await?;
            out::json(&json!({
                "caller_ref": about.caller_ref,
                "contact": kept.contact,
                "readings": kept.readings,
                "erased_at": kept.erased_at,
                "cases": cases,
            }))
        }
        Command::Erase(EraseArgs { about, yes }) => {
            if !yes {
                return Err(BadUsage::new("what is erased is gone from every copy; say --yes if you mean it").into());
            }
            about.erase().await
        }
    }
}

impl About {
    async fn ask(&self) -> anyhow::Result<ShowPersonResponse> {
        let request = ShowPersonRequest {
            district: self.district.clone(),
            caller_ref: self.caller_ref.clone(),
            command_id: String::new(),
            reason: self.reason.clone(),
        };
        let mut people = PeopleServiceClient::new(self.installation.channel().await?);
        Ok(people.show_person(request).await.map_err(|status| explain(&status))?.into_inner())
    }

    /// Every case that is theirs, as they may see it themselves.
    async fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let themselves = Identity {
            role: "caller".into(),
            party: String::new(),
            district: self.district.clone(),
            staff_ref: self.caller_ref.clone(),
        };
        let mut casebook = casebook(self.installation.channel_as(&themselves).await?);
        let mut request = ListRequest {
            district: self.district.clone(),
            page_size: PAGE,
            freshness: Some(CURRENT),
            ..ListRequest::default()
        };
        let mut cases = Vec::new();
        loop {
            let page = casebook.list(request.clone()).await.map_err(|status| explain(&status))?.into_inner();
            for summary in page.cases {
                let asked = GetRequest { district: self.district.clone(), case_id: summary.case_id, freshness: None };
                cases.extend(casebook.get(asked).await.map_err(|status| explain(&status))?.into_inner().case);
            }
            if page.next_page_token.is_empty() {
                return Ok(cases);
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn erase(&self) -> anyhow::Result<()> {
        let request = ErasePersonRequest {
            district: self.district.clone(),
            caller_ref: self.caller_ref.clone(),
            command_id: String::new(),
            reason: self.reason.clone(),
        };
        let mut people = PeopleServiceClient::new(self.installation.channel().await?);
        let erased = people.erase_person(request).await.map_err(|status| explain(&status))?.into_inner();
        out::line(if erased.was_kept { "erased: nothing of it can be read any more" } else { "nothing was kept" })
    }
}

fn show(kept: &ShowPersonResponse) -> anyhow::Result<()> {
    match &kept.contact {
        Some(contact) => {
            let said = [
                ("name", &contact.name),
                ("telephone", &contact.telephone),
                ("mail", &contact.mail),
                ("address", &contact.address),
                ("other", &contact.other),
            ];
            for (what, text) in said.into_iter().filter(|(_, text)| !text.is_empty()) {
                out::line(format_args!("{what:<10} {text}"))?;
            }
        }
        None => out::line("nothing is kept")?,
    }
    if let Some(erased) = &kept.erased_at {
        out::line(format_args!("erased     {}", instant(erased)))?;
    }
    let mut readings = out::table(["READ", "BY", "FOR", "REASON"]);
    for reading in &kept.readings {
        let at = reading.at.as_ref().map(instant).unwrap_or_default();
        let by = [&reading.role, &reading.party, &reading.staff_ref].map(String::as_str);
        let by: Vec<&str> = by.into_iter().filter(|part| !part.is_empty()).collect();
        readings.add_row([at, by.join(" "), reading.case_id.clone(), reading.reason.clone()]);
    }
    out::lines_of(readings).into_iter().try_for_each(out::line)
}

fn instant(at: &WireTimestamp) -> String {
    at.time().map(|at| at.to_string()).unwrap_or_default()
}
