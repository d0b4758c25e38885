//! `huying score ballot`: a street gathers its communities, and they mark units.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use chassis::Identity;
use ids::Code;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proto::evaluation::v1::ballot_service_client::BallotServiceClient;
use proto::evaluation::v1::{
    AnswerBallotAppealRequest, AppealBallotRequest, BallotPublished, CastVoteRequest, GetBallotRequest,
    GetBallotResponse, OpenBallotRequest, PartMark, PublishBallotRequest, UnitMarks,
};
use proto::{FromWireTime, ToWireTime};

use super::By;
use crate::client::{Authorised, Installation, explain};
use crate::districts::Districts;
use crate::out;
use crate::render::local;

/// Rows of a community's file: more than any ballot has marks.
const ROWS_MAX: usize = 5_000;

/// A street asks its communities, which mark units by the parts of the charter's formula.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Open(Open),
    Vote(Vote),
    Publish(Publish),
    Appeal(Appeal),
    Answer(Answer),
    Show(Show),
}

/// Which ballot, and who acts.
#[derive(Clone, Debug, clap::Args)]
struct Ballot {
    #[command(flatten)]
    installation: Installation,
    /// The ballot's name in its district: a-z, 0-9 and hyphen, of the street's choice
    #[arg(value_name = "BALLOT")]
    ballot: String,
    /// District by code, e.g. heping
    #[arg(long, value_name = "CODE")]
    district: Code,
}

/// Who acts, by code.
#[derive(Clone, Debug, clap::Args)]
struct As {
    /// The unit that acts, by code
    #[arg(long, value_name = "CODE")]
    party: String,
    #[command(flatten)]
    by: By,
}

/// Ask, as an office of the street.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Open {
    #[command(flatten)]
    ballot: Ballot,
    #[command(flatten)]
    acting: As,
    /// What is asked, in a line
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// A unit to be marked, by code; once for each
    #[arg(long = "unit", value_name = "CODE", required = true)]
    units: Vec<String>,
    /// A community of the street that marks, by code, once for each; all of them, if none is named
    #[arg(long = "voter", value_name = "CODE")]
    voters: Vec<String>,
    /// Until when, as RFC 3339
    #[arg(long, value_name = "TIME")]
    closes_at: Timestamp,
}

/// Mark, as a community: a CSV file with a row for each unit and part.
///
/// Columns: `unit`, `part`, `rate` (0 to 1), and of a deduction `reason` and, where the charter has a standard of scoring, `grounds`
/// (codes with blanks between them); `comment` of the unit, on any one of its rows, changes no figure. All rows are taken or none.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Vote {
    #[command(flatten)]
    ballot: Ballot,
    #[command(flatten)]
    acting: As,
    /// The file
    #[arg(long, value_name = "FILE")]
    marks: PathBuf,
}

/// Publish what the marks come to, or after an upheld appeal the correction.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    ballot: Ballot,
    #[command(flatten)]
    acting: As,
}

/// Say, as a unit of the ballot, that the result is wrong about it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Appeal {
    #[command(flatten)]
    ballot: Ballot,
    #[command(flatten)]
    acting: As,
    /// What is wrong
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Answer an appeal. One that is upheld has the communities mark the unit anew; then publish again.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Answer {
    #[command(flatten)]
    ballot: Ballot,
    /// Its number, as `score ballot show` prints it
    #[arg(value_name = "NUMBER")]
    appeal: u32,
    #[command(flatten)]
    acting: As,
    /// It is right; without this, it is not
    #[arg(long)]
    upheld: bool,
    /// Until when the unit is marked anew, as RFC 3339; as long as the charter gives for an appeal, if nothing is said
    #[arg(long, value_name = "TIME", requires = "upheld")]
    marks_until: Option<Timestamp>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Show what is asked, and the result once it is published.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    ballot: Ballot,
    /// Print everything as JSON, all publications and appeals
    #[arg(long)]
    json: bool,
}

impl Ballot {
    async fn desk(&self, role: &str, acting: &As) -> anyhow::Result<BallotServiceClient<Authorised>> {
        let identity = Identity {
            role: role.to_owned(),
            party: acting.party.clone(),
            district: self.district.to_string(),
            staff_ref: acting.by.by.clone(),
        };
        Ok(BallotServiceClient::new(self.installation.channel_as(&identity).await?))
    }

    /// In which district, which ballot, and a command that has no name of its own.
    fn named(&self) -> (String, String, String) {
        (self.district.to_string(), self.ballot.clone(), String::new())
    }
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Open(Open { ballot, acting, title, units, voters, closes_at }) => {
            let (district, name, command_id) = ballot.named();
            let closes_at = Some(closes_at.to_wire());
            let request = OpenBallotRequest { district, ballot: name, command_id, title, units, voters, closes_at };
            let done = ballot.desk("street", &acting).await?.open_ballot(request).await;
            done.map_err(|status| explain(&status))?;
            out::line(format_args!("{} is open", ballot.ballot))
        }
        Command::Vote(Vote { ballot, acting, marks }) => {
            let text = std::fs::read_to_string(&marks).with_context(|| format!("reading {}", marks.display()))?;
            let (district, name, command_id) = ballot.named();
            let request = CastVoteRequest { district, ballot: name, command_id, units: read(&text)? };
            let done = ballot.desk("community", &acting).await?.cast_vote(request).await;
            done.map_err(|status| explain(&status))?;
            out::line(format_args!("{} has marked", acting.party))
        }
        Command::Publish(Publish { ballot, acting }) => {
            let (district, name, command_id) = ballot.named();
            let request = PublishBallotRequest { district, ballot: name, command_id };
            let done = ballot.desk("street", &acting).await?.publish_ballot(request).await;
            done.map_err(|status| explain(&status))?;
            show(&ballot, false).await
        }
        Command::Appeal(Appeal { ballot, acting, reason }) => {
            let (district, name, command_id) = ballot.named();
            let request = AppealBallotRequest { district, ballot: name, command_id, reason };
            let done = ballot.desk("department", &acting).await?.appeal_ballot(request).await;
            done.map_err(|status| explain(&status))?;
            out::line(format_args!("{} has appealed against {}", acting.party, ballot.ballot))
        }
        Command::Answer(Answer { ballot, appeal, acting, upheld, marks_until, reason: answer }) => {
            let (district, name, command_id) = ballot.named();
            let marks_until = marks_until.map(ToWireTime::to_wire);
            let request =
                AnswerBallotAppealRequest { district, ballot: name, command_id, appeal, upheld, answer, marks_until };
            let done = ballot.desk("street", &acting).await?.answer_ballot_appeal(request).await;
            done.map_err(|status| explain(&status))?;
            let word = if upheld { "upheld; its unit is marked anew, then publish again" } else { "rejected" };
            out::line(format_args!("appeal {appeal} is {word}"))
        }
        Command::Show(Show { ballot, json }) => show(&ballot, json).await,
    }
}

async fn show(ballot: &Ballot, json: bool) -> anyhow::Result<()> {
    let (district, name, _) = ballot.named();
    let mut desk = BallotServiceClient::new(ballot.installation.channel().await?);
    let shown = desk.get_ballot(GetBallotRequest { district: district.clone(), ballot: name }).await;
    let shown = shown.map_err(|status| explain(&status))?.into_inner();
    if json {
        return out::json(&shown);
    }
    let zone = Districts::of(&ballot.installation).await?.zone(&district);
    let opened = shown.opened.clone().unwrap_or_default();
    out::line(format_args!("{} of {}: {}", ballot.ballot, opened.street, out::plain(&opened.title)))?;
    out::line(format_args!(
        "{} of {} communities have marked {} units; open until {}",
        shown.votes,
        opened.voters.len(),
        opened.units.len(),
        shown_at(&opened.closes_at, &zone)
    ))?;
    if let Some(published) = &shown.published {
        result(published)?;
        out::line(format_args!("to be appealed until {}", shown_at(&published.appeals_until, &zone)))?;
    }
    appeals(&shown)?;
    shown.marked_anew.iter().try_for_each(|anew| {
        out::line(format_args!(
            "{} is marked anew until {} (appeal {}): {} communities have",
            anew.party,
            shown_at(&anew.marks_until, &zone),
            anew.appeal,
            anew.votes
        ))
    })
}

fn shown_at(time: &impl FromWireTime, zone: &TimeZone) -> String {
    time.time().map(|at| local(at, zone)).unwrap_or_default()
}

fn result(published: &BallotPublished) -> anyhow::Result<()> {
    let follows: Vec<String> = published.follows.iter().map(ToString::to_string).collect();
    out::line(match published.corrects {
        0 => format!("publication {}", published.publication.max(1)),
        corrects => {
            format!("publication {}, corrects {corrects} after appeal {}", published.publication, follows.join(", "))
        }
    })?;
    let mut rows = out::table(["UNIT", "SCORE", "VOTES", "COMMENTS", "PARTS"]);
    for result in &published.results {
        let parts: Vec<String> = result.parts.iter().map(|part| format!("{} {}", part.part, part.weight)).collect();
        let score = if result.score.is_empty() { "-".to_owned() } else { result.score.clone() };
        let (votes, comments) = (result.votes.to_string(), result.comments.to_string());
        rows.add_row([result.party.clone(), score, votes, comments, parts.join(", ")]);
    }
    out::lines_of(rows).into_iter().try_for_each(out::line)
}

fn appeals(shown: &GetBallotResponse) -> anyhow::Result<()> {
    for objection in &shown.appeals {
        let said = objection.appealed.clone().unwrap_or_default();
        out::line(format_args!(
            "appeal {} of {} against publication {}: {}",
            said.appeal,
            said.party,
            said.publication,
            out::plain(&said.reason)
        ))?;
        match &objection.answered {
            None => out::line("  not answered yet")?,
            Some(answer) => {
                let word = if answer.upheld { "upheld" } else { "rejected" };
                out::line(format_args!("  {word}: {}", out::plain(&answer.answer)))?;
            }
        }
    }
    Ok(())
}

/// A community's marks, as its file has them, unit by unit in the order of their first rows.
fn read(text: &str) -> anyhow::Result<Vec<UnitMarks>> {
    const COLUMNS: [&str; 6] = ["unit", "part", "rate", "reason", "grounds", "comment"];
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    let unknown = header.iter().find(|column| !COLUMNS.contains(column));
    ensure!(unknown.is_none(), "{unknown:?} is none of the columns {}", COLUMNS.join(", "));
    let place = |column: &str| header.iter().position(|known| known == column);
    ensure!(
        ["unit", "part", "rate"].into_iter().all(|column| place(column).is_some()),
        "the file needs the columns unit, part and rate"
    );
    let mut units: Vec<UnitMarks> = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record = record?;
        ensure!(row < ROWS_MAX, "more than {ROWS_MAX} rows");
        let cell = |column: &str| place(column).and_then(|at| record.get(at)).unwrap_or_default().to_owned();
        let (party, comment) = (cell("unit"), cell("comment"));
        let at = units.iter().position(|unit| unit.party == party).unwrap_or_else(|| {
            units.push(UnitMarks { party, ..UnitMarks::default() });
            units.len() - 1
        });
        let Some(unit) = units.get_mut(at) else { continue };
        unit.marks.push(PartMark {
            part: cell("part"),
            rate: cell("rate"),
            deduction_reason: cell("reason"),
            grounds: cell("grounds").split_whitespace().map(str::to_owned).collect(),
        });
        if !comment.is_empty() {
            ensure!(unit.comment.is_empty(), "{} has more than one comment", unit.party);
            unit.comment = comment;
        }
    }
    ensure!(!units.is_empty(), "the file has no rows");
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_community_s_file_is_its_marks_unit_by_unit() {
        let file = "\u{feff}unit,part,rate,reason,grounds,comment\n\
                    heping-fire,completion,0.5,方案晚了两天，也没有说明,late unexplained,\n\
                    heping-housing,completion,1,,,请给满分\n\
                    heping-fire,perception,1,,,\n";
        let units = read(file).unwrap();
        let shown: Vec<_> = units.iter().map(|it| (it.party.as_str(), it.marks.len(), it.comment.as_str())).collect();
        assert_eq!(shown, [("heping-fire", 2, ""), ("heping-housing", 1, "请给满分")]);
        let mark = &units[0].marks[0];
        assert_eq!((mark.rate.as_str(), mark.grounds.join("+").as_str()), ("0.5", "late+unexplained"));
        assert!(read("unit,part\na,b\n").is_err(), "no rate");
        assert!(read("unit,part,rate,mood\na,b,1,good\n").is_err(), "a column that nobody knows");
        assert!(read("unit,part,rate\n").is_err(), "no rows");
    }
}
