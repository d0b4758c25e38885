//! A street asks its communities, and they mark departments.

use anyhow::bail;
use proto::evaluation::v1::ballot_service_client::BallotServiceClient;
use proto::evaluation::v1::{self as evaluation};
use serde::Deserialize;

use super::form::{Form, read};
use super::{Act, Answer};
use crate::format::instant;
use crate::own_name;

with!(Opening { ballot: String, title: String, units: Vec<String>, voters: Vec<String>, closes_at: String });
with!(Casting { ballot: String, units: Vec<Said> });
with!(Said { party: String, marks: Vec<PartSaid>, comment: String });
with!(PartSaid { part: String, rate: String, deduction_reason: String, grounds: Vec<String> });
with!(Publishing { ballot: String });
with!(Appealing { ballot: String, reason: String });
with!(Answering { ballot: String, appeal: u32, upheld: bool, answer: String, marks_until: String });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "open-ballot" => read::<Opening>(&["ballot", "title", "units", "closes_at"]),
        "cast-vote" => read::<Casting>(&["ballot", "units"]),
        "publish-ballot" => read::<Publishing>(&["ballot"]),
        "appeal-ballot" => read::<Appealing>(&["ballot", "reason"]),
        "answer-ballot-appeal" => read::<Answering>(&["ballot", "appeal", "answer"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn ballot(&self, district: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = BallotServiceClient::new(self.enter("evaluation").await?);
        let name = |ballot: &str| own_name(&self.story.story, ballot, self.stage.run());
        Ok(match self.step.action.as_str() {
            "open-ballot" => {
                let Opening { ballot, title, units, voters, closes_at } = self.with()?;
                let closes_at = Some(proto::ToWireTime::to_wire(instant(self.story.begins()?, &closes_at)?));
                let ballot = name(&ballot);
                let request =
                    evaluation::OpenBallotRequest { district, ballot, command_id, title, units, voters, closes_at };
                call!(client, open_ballot, request)
            }
            "cast-vote" => {
                let Casting { ballot, units } = self.with()?;
                let mark = |PartSaid { part, rate, deduction_reason, grounds }| evaluation::PartMark {
                    part,
                    rate,
                    deduction_reason,
                    grounds,
                };
                let said = |Said { party, marks, comment }| evaluation::UnitMarks {
                    party,
                    marks: marks.into_iter().map(mark).collect(),
                    comment,
                };
                let units = units.into_iter().map(said).collect();
                let request = evaluation::CastVoteRequest { district, ballot: name(&ballot), command_id, units };
                call!(client, cast_vote, request)
            }
            "publish-ballot" => {
                let Publishing { ballot } = self.with()?;
                let request = evaluation::PublishBallotRequest { district, ballot: name(&ballot), command_id };
                call!(client, publish_ballot, request)
            }
            "appeal-ballot" => {
                let Appealing { ballot, reason } = self.with()?;
                let request = evaluation::AppealBallotRequest { district, ballot: name(&ballot), command_id, reason };
                call!(client, appeal_ballot, request)
            }
            "answer-ballot-appeal" => {
                let Answering { ballot, appeal, upheld, answer, marks_until } = self.with()?;
                let until =
                    if marks_until.is_empty() { None } else { Some(instant(self.story.begins()?, &marks_until)?) };
                let request = evaluation::AnswerBallotAppealRequest {
                    district,
                    ballot: name(&ballot),
                    command_id,
                    appeal,
                    upheld,
                    answer,
                    marks_until: until.map(proto::ToWireTime::to_wire),
                };
                call!(client, answer_ballot_appeal, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}
