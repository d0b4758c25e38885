//! Letters on personnel.

use proto::powers::v1::personnel_service_client::PersonnelServiceClient;
use proto::powers::v1::{
    Decided, FinaliseRequest, GetLetterRequest, GetLetterResponse, PersonnelMatter, RecordTalkRequest, ReplyRequest,
    Secrecy, SendLetterRequest, Stance,
};
use proto::{FromWireTime, WireTimestamp};

use super::{Acting, moment, number, recorded, said};
use crate::client::explain;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    SendLetter(SendLetter),
    RecordTalk(RecordTalk),
    Reply(Reply),
    Finalise(Finalise),
    ShowLetter(ShowLetter),
}

/// Ask a street for its opinion on somebody posted there. The letter gets the next number of its year by itself.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SendLetter {
    #[command(flatten)]
    acting: Acting,
    /// The letter's name in its district: a-z, 0-9 and hyphen, of your choice; it is no number
    #[arg(value_name = "LETTER")]
    letter: String,
    /// The street by code
    #[arg(long, value_name = "CODE")]
    street: String,
    /// promotion, assessment, reward or punishment
    #[arg(long, value_name = "MATTER", value_parser = |word: &str| number(word, "PERSONNEL_MATTER_", PersonnelMatter::from_str_name))]
    matter: i32,
    /// Staff number of the person, never a name
    #[arg(long, value_name = "NUMBER")]
    person: String,
    /// The posted unit the person works in, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    unit: String,
    /// Shown to your department and the street alone, not to the district either
    #[arg(long)]
    confidential: bool,
    /// What is said, up to 4000 characters
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// Office of the street with which you talk before you decide, by code
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    talk_with: String,
    /// Until when, RFC 3339; left out: as long as the charter's limit "personnel-reply" says, which is also the least
    #[arg(long, value_name = "TIME", value_parser = moment)]
    due: Option<WireTimestamp>,
}

/// Record that you have talked with an office of the street.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RecordTalk {
    #[command(flatten)]
    acting: Acting,
    /// The letter, by its name
    #[arg(value_name = "LETTER")]
    letter: String,
    /// The office by code
    #[arg(long, value_name = "CODE")]
    office: String,
    /// What came of it
    #[arg(long, value_name = "TEXT")]
    note: String,
}

/// Reply for your street, once.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Reply {
    #[command(flatten)]
    acting: Acting,
    /// The letter, by its name
    #[arg(value_name = "LETTER")]
    letter: String,
    /// no-objection, reservation or objection
    #[arg(long, value_name = "STANCE", value_parser = |word: &str| number(word, "STANCE_", Stance::from_str_name))]
    stance: i32,
    /// Needed where there is a reservation or an objection
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    text: String,
}

/// Decide. Refused before the street has replied or its time is over (reply-missing), and before the talk that the letter
/// names (talk-missing).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Finalise {
    #[command(flatten)]
    acting: Acting,
    /// The letter, by its name
    #[arg(value_name = "LETTER")]
    letter: String,
    /// as-proposed or dropped
    #[arg(long, value_name = "WORD", value_parser = |word: &str| number(word, "DECIDED_", Decided::from_str_name))]
    decided: i32,
    /// Needed against an objection, and where it is dropped
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Show a letter with its number, talks, reply and what was decided.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowLetter {
    #[command(flatten)]
    acting: Acting,
    /// The letter, by its name
    #[arg(value_name = "LETTER")]
    letter: String,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::SendLetter(args) => {
            let SendLetter { acting, letter, street, matter, person, unit, confidential, text, talk_with, due } = args;
            let secrecy = if confidential { Secrecy::Confidential } else { Secrecy::Ordinary };
            let request = SendLetterRequest {
                district: acting.district.clone(),
                letter,
                command_id: acting.command_id.clone(),
                street,
                matter,
                person,
                unit,
                secrecy: secrecy.into(),
                text,
                talk_with,
                due,
            };
            recorded!(acting, PersonnelServiceClient, send_letter, request)
        }
        Command::RecordTalk(RecordTalk { acting, letter, office, note }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = RecordTalkRequest { district, letter, command_id, office, note };
            recorded!(acting, PersonnelServiceClient, record_talk, request)
        }
        Command::Reply(Reply { acting, letter, stance, text }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = ReplyRequest { district, letter, command_id, stance, text };
            recorded!(acting, PersonnelServiceClient, reply, request)
        }
        Command::Finalise(Finalise { acting, letter, decided, reason }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let request = FinaliseRequest { district, letter, command_id, decided, reason };
            recorded!(acting, PersonnelServiceClient, finalise, request)
        }
        Command::ShowLetter(ShowLetter { acting, letter }) => {
            let mut client = PersonnelServiceClient::new(acting.channel().await?);
            let request = GetLetterRequest { district: acting.district.clone(), letter };
            let shown = client.get_letter(request).await.map_err(|status| explain(&status))?.into_inner();
            acting.shown(&shown, || lines(&shown))
        }
    }
}

fn lines(letter: &GetLetterResponse) -> Vec<String> {
    let matter = said(letter.matter().as_str_name(), "PERSONNEL_MATTER_");
    let secrecy = said(letter.secrecy().as_str_name(), "SECRECY_");
    let due = letter.due.time().map(|due| due.to_string()).unwrap_or_default();
    let mut lines = vec![
        format!("{}  {matter}, {secrecy}", letter.number),
        format!("  {} asks {} about {} {}", letter.department, letter.street, letter.person, letter.unit)
            .trim_end()
            .to_owned(),
        format!("  {}", letter.text.replace('\n', " ")),
    ];
    lines.extend(letter.talks.iter().map(|talk| format!("  talk with {}: {}", talk.office, talk.note)));
    let stance = said(letter.stance().as_str_name(), "STANCE_");
    lines.push(match (stance.as_str(), letter.expired) {
        ("", true) => format!("  no reply; the time for it was over at {due}"),
        ("", false) => format!("  no reply yet; time until {due}"),
        (stance, _) => format!("  reply: {stance} {}", letter.reply).trim_end().to_owned(),
    });
    let decided = said(letter.decided().as_str_name(), "DECIDED_");
    if !decided.is_empty() {
        lines.push(format!("  {decided} {}", letter.reason).trim_end().to_owned());
    }
    lines
}
