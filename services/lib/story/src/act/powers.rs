//! Steps by which streets are heard on decisions and people, and ask for things by themselves.

use anyhow::bail;
use proto::powers::v1::consultation_service_client::ConsultationServiceClient;
use proto::powers::v1::personnel_service_client::PersonnelServiceClient;
use proto::powers::v1::suggestion_service_client::SuggestionServiceClient;
use proto::powers::v1::{self as powers, Advance, Decided, PersonnelMatter, Secrecy, Stance, Verdict};
use serde::Deserialize;

use super::form::{Form, read};
use super::words::{Words, word};
use super::{Act, Answer};
use crate::own_name;

with!(Opening { project: String, item: String, title: String });
with!(File { name: String, sha256: String });
with!(Asking { project: String, streets: Vec<String>, question: String, documents: Vec<File>, due: String });
with!(Saying { project: String, text: String, round: u32 });
with!(Answering { project: String, street: String, verdict: String, reason: String, round: u32 });
with!(Advancing { project: String, to: String, reason: String });
with!(Suggesting { suggestion: String, title: String, text: String, addressees: Vec<String>, occasion: String });
with!(Deciding { suggestion: String, verdict: String, reason: String });
with!(Withdrawing { suggestion: String, reason: String });
with!(Sending {
    letter: String,
    street: String,
    matter: String,
    person: String,
    unit: String,
    secrecy: String,
    text: String,
    talk_with: String,
    due: String
});
with!(Talking { letter: String, office: String, note: String });
with!(Replying { letter: String, stance: String, text: String });
with!(Finalising { letter: String, decided: String, reason: String });

pub(super) const VERDICTS: Words = &[
    ("adopted", Verdict::Adopted as i32),
    ("partly", Verdict::Partly as i32),
    ("not-adopted", Verdict::NotAdopted as i32),
];
pub(super) const ADVANCES: Words = &[
    ("carried-out", Advance::CarriedOut as i32),
    ("changed", Advance::Changed as i32),
    ("finished", Advance::Finished as i32),
    ("dropped", Advance::Dropped as i32),
];
pub(super) const MATTERS: Words = &[
    ("promotion", PersonnelMatter::Promotion as i32),
    ("assessment", PersonnelMatter::Assessment as i32),
    ("reward", PersonnelMatter::Reward as i32),
    ("punishment", PersonnelMatter::Punishment as i32),
];
pub(super) const SECRECY: Words =
    &[("ordinary", Secrecy::Ordinary as i32), ("confidential", Secrecy::Confidential as i32)];
pub(super) const STANCES: Words = &[
    ("no-objection", Stance::NoObjection as i32),
    ("reservation", Stance::Reservation as i32),
    ("objection", Stance::Objection as i32),
];
pub(super) const DECIDED: Words = &[("as-proposed", Decided::AsProposed as i32), ("dropped", Decided::Dropped as i32)];

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "open-project" => read::<Opening>(&["project", "item", "title"]),
        "ask-streets" => read::<Asking>(&["project", "streets", "question"]),
        "give-opinion" => read::<Saying>(&["project", "text"]),
        "answer-opinion" => read::<Answering>(&["project", "street", "verdict"]),
        "advance-project" => read::<Advancing>(&["project", "to"]),
        "suggest" => read::<Suggesting>(&["suggestion", "title", "text", "addressees"]),
        "answer-suggestion" => read::<Deciding>(&["suggestion", "verdict"]),
        "withdraw-suggestion" => read::<Withdrawing>(&["suggestion"]),
        "send-letter" => read::<Sending>(&["letter", "street", "matter", "person", "text"]),
        "record-talk" => read::<Talking>(&["letter", "office", "note"]),
        "reply-to-letter" => read::<Replying>(&["letter", "stance"]),
        "finalise-letter" => read::<Finalising>(&["letter", "decided"]),
        _ => return None,
    })
}

impl Act<'_> {
    pub(super) async fn by_power(&self, district: String, command_id: String) -> anyhow::Result<Answer> {
        match self.step.action.as_str() {
            "open-project" | "ask-streets" | "give-opinion" | "answer-opinion" | "advance-project" => {
                self.consult(district, command_id).await
            }
            "suggest" | "answer-suggestion" | "withdraw-suggestion" => self.suggestion(district, command_id).await,
            _ => self.letter(district, command_id).await,
        }
    }

    fn own(&self, name: &str) -> String {
        own_name(&self.story.story, name, self.stage.run())
    }

    async fn consult(&self, district: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = ConsultationServiceClient::new(self.enter("powers").await?);
        Ok(match self.step.action.as_str() {
            "open-project" => {
                let Opening { project, item, title } = self.with()?;
                let project = self.own(&project);
                call!(client, open_project, powers::OpenProjectRequest { district, project, command_id, item, title })
            }
            "ask-streets" => {
                let Asking { project, streets, question, documents, due } = self.with()?;
                let document = |File { name, sha256 }| powers::Document { name, sha256 };
                let request = powers::AskStreetsRequest {
                    district,
                    project: self.own(&project),
                    command_id,
                    streets,
                    question,
                    documents: documents.into_iter().map(document).collect(),
                    due: self.moment(&due)?,
                };
                call!(client, ask_streets, request)
            }
            "give-opinion" => {
                let Saying { project, text, round } = self.with()?;
                let project = self.own(&project);
                call!(client, give_opinion, powers::GiveOpinionRequest { district, project, command_id, text, round })
            }
            "answer-opinion" => {
                let Answering { project, street, verdict, reason, round } = self.with()?;
                let (project, verdict) = (self.own(&project), word("verdict", &verdict, VERDICTS)?);
                let request =
                    powers::AnswerOpinionRequest { district, project, command_id, street, verdict, reason, round };
                call!(client, answer_opinion, request)
            }
            "advance-project" => {
                let Advancing { project, to, reason } = self.with()?;
                let (project, to) = (self.own(&project), word("to", &to, ADVANCES)?);
                call!(
                    client,
                    advance_project,
                    powers::AdvanceProjectRequest { district, project, command_id, to, reason }
                )
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }

    async fn suggestion(&self, district: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = SuggestionServiceClient::new(self.enter("powers").await?);
        Ok(match self.step.action.as_str() {
            "suggest" => {
                let Suggesting { suggestion, title, text, addressees, occasion } = self.with()?;
                let suggestion = self.own(&suggestion);
                let request = powers::MakeSuggestionRequest {
                    district,
                    suggestion,
                    command_id,
                    title,
                    text,
                    addressees,
                    occasion,
                };
                call!(client, make_suggestion, request)
            }
            "answer-suggestion" => {
                let Deciding { suggestion, verdict, reason } = self.with()?;
                let (suggestion, verdict) = (self.own(&suggestion), word("verdict", &verdict, VERDICTS)?);
                let request = powers::AnswerSuggestionRequest { district, suggestion, command_id, verdict, reason };
                call!(client, answer_suggestion, request)
            }
            "withdraw-suggestion" => {
                let Withdrawing { suggestion, reason } = self.with()?;
                let suggestion = self.own(&suggestion);
                let request = powers::WithdrawSuggestionRequest { district, suggestion, command_id, reason };
                call!(client, withdraw_suggestion, request)
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }

    async fn letter(&self, district: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = PersonnelServiceClient::new(self.enter("powers").await?);
        Ok(match self.step.action.as_str() {
            "send-letter" => {
                let Sending { letter, street, matter, person, unit, secrecy, text, talk_with, due } = self.with()?;
                let request = powers::SendLetterRequest {
                    district,
                    letter: self.own(&letter),
                    command_id,
                    street,
                    matter: word("matter", &matter, MATTERS)?,
                    person,
                    unit,
                    secrecy: word("secrecy", &secrecy, SECRECY)?,
                    text,
                    talk_with,
                    due: self.moment(&due)?,
                };
                call!(client, send_letter, request)
            }
            "record-talk" => {
                let Talking { letter, office, note } = self.with()?;
                let letter = self.own(&letter);
                call!(client, record_talk, powers::RecordTalkRequest { district, letter, command_id, office, note })
            }
            "reply-to-letter" => {
                let Replying { letter, stance, text } = self.with()?;
                let (letter, stance) = (self.own(&letter), word("stance", &stance, STANCES)?);
                call!(client, reply, powers::ReplyRequest { district, letter, command_id, stance, text })
            }
            "finalise-letter" => {
                let Finalising { letter, decided, reason } = self.with()?;
                let (letter, decided) = (self.own(&letter), word("decided", &decided, DECIDED)?);
                call!(client, finalise, powers::FinaliseRequest { district, letter, command_id, decided, reason })
            }
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        })
    }
}
