//! Departments hear the street on people who are posted there.

use charter::Instrument;
use ids::{Code, Kind};
use proto::ToWireTime;
use proto::common::v1::Role;
use proto::powers::v1::personnel_service_server::PersonnelService;
use proto::powers::v1::{
    self as wire, FinaliseRequest, FinaliseResponse, GetLetterRequest, GetLetterResponse, RecordTalkRequest,
    RecordTalkResponse, ReplyRequest, ReplyResponse, SendLetterRequest, SendLetterResponse,
};
use record::book::Snapshot;
use station::{Caller, Desk, Violation};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench, due, may, not_there};
use crate::domain::personnel::{Command, Finding, Letter, Reply, Rules, Secrecy, State, Talk};
use crate::fields;
use crate::wire::{from_decided, from_matter, from_secrecy, from_stance, to_decided, to_matter, to_secrecy, to_stance};

/// The charter's limit until a street has replied.
const LIMIT: &str = "personnel-reply";

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::Personnel, Kind::Personnel) }
    }

    fn asked(&self, caller: Caller, action: &'static str, district: &str, letter: &str) -> Result<Asked, Status> {
        self.bench.asked(caller, action, district, ("letter", letter))
    }

    /// The letter, for whoever may do this to it. A confidential one is not there for anybody but its parties, whatever
    /// they ask.
    async fn theirs(&self, asked: &Asked, of: fn(&Letter) -> Vec<Code>) -> Result<(Snapshot<State>, Letter), Status> {
        self.bench.granted(asked)?;
        let snapshot = self.bench.desk.read(&asked.key).await?;
        let letter = snapshot.state.letter.clone().ok_or_else(|| not_there(&asked.key))?;
        if letter.secrecy == Secrecy::Confidential && !is_party(asked, &letter) {
            return Err(not_there(&asked.key));
        }
        may(asked, of(&letter))?;
        Ok((snapshot, letter))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.PersonnelService/", $name)
    };
}

#[tonic::async_trait]
impl PersonnelService for Door {
    async fn send_letter(&self, request: Request<SendLetterRequest>) -> Result<Response<SendLetterResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("SendLetter"), &request.district, &request.letter)?;
        fields::chosen("letter", &request.letter)?;
        let (charter, now) = (&asked.charter, self.bench.now());
        let street = fields::street("street", charter, &request.street)?;
        let talk_with = match request.talk_with.as_str() {
            "" => None,
            office => Some(fields::office("talk_with", charter, &street, office)?),
        };
        let unit = match request.unit.as_str() {
            "" => None,
            unit => Some(fields::party("unit", charter, unit)?),
        };
        let secrecy = match request.secrecy {
            0 => Secrecy::Ordinary,
            said => from_secrecy(said).map_err(Violation::from)?,
        };
        let matter = from_matter(request.matter).map_err(Violation::from)?;
        let person = fields::person("person", &request.person)?;
        let text = fields::text("text", &request.text)?;
        let (due, due_provisional) = due(charter, LIMIT, request.due.as_ref(), now)?;
        let letter = Letter {
            department: asked.acting()?,
            street,
            matter,
            person,
            unit,
            secrecy,
            text,
            talk_with,
            due,
            due_provisional,
            sent_at: now,
        };
        self.bench.granted(&asked)?;
        let command = Command::Send(Box::new(letter));
        recorded!(SendLetterResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn record_talk(&self, request: Request<RecordTalkRequest>) -> Result<Response<RecordTalkResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("RecordTalk"), &request.district, &request.letter)?;
        let note = fields::text("note", &request.note)?;
        fields::party("office", &asked.charter, &request.office)?;
        let (_, letter) = self.theirs(&asked, department).await?;
        let office = fields::office("office", &asked.charter, &letter.street, &request.office)?;
        let command = Command::Talk(Talk { office, note, at: self.bench.now() });
        recorded!(RecordTalkResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn reply(&self, request: Request<ReplyRequest>) -> Result<Response<ReplyResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("Reply"), &request.district, &request.letter)?;
        let stance = from_stance(request.stance).map_err(Violation::from)?;
        let text = fields::optional_text("text", &request.text)?;
        self.theirs(&asked, street).await?;
        let command = Command::Reply(Reply { stance, text, at: self.bench.now() });
        recorded!(ReplyResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn finalise(&self, request: Request<FinaliseRequest>) -> Result<Response<FinaliseResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("Finalise"), &request.district, &request.letter)?;
        let decided = from_decided(request.decided).map_err(Violation::from)?;
        let reason = fields::reason(&request.reason)?;
        self.theirs(&asked, department).await?;
        let command = Command::Finalise(Finding { decided, reason, at: self.bench.now() });
        recorded!(FinaliseResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn get_letter(&self, request: Request<GetLetterRequest>) -> Result<Response<GetLetterResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("GetLetter"), &request.district, &request.letter)?;
        let (snapshot, letter) = self.theirs(&asked, parties).await?;
        Ok(Response::new(shown(&asked, &snapshot, letter)))
    }
}

fn department(letter: &Letter) -> Vec<Code> {
    vec![letter.department.clone()]
}

fn street(letter: &Letter) -> Vec<Code> {
    vec![letter.street.clone()]
}

fn parties(letter: &Letter) -> Vec<Code> {
    vec![letter.department.clone(), letter.street.clone()]
}

/// Whether somebody acts for the department or for the street itself: nobody above them, nobody who looks after the
/// installation, and no squad that is posted to the street.
fn is_party(asked: &Asked, letter: &Letter) -> bool {
    let Some(party) = &asked.caller.party else { return false };
    let of_street = || asked.charter.street_of(party).is_some_and(|street| street.code == letter.street);
    *party == letter.department || asked.caller.role == Role::Street && of_street()
}

fn shown(asked: &Asked, snapshot: &Snapshot<State>, letter: Letter) -> GetLetterResponse {
    let state = &snapshot.state;
    let number = state.number.map(|given| asked.charter.letter_number(given.year, given.number));
    let talk = |talk: &Talk| wire::Talk {
        office: talk.office.to_string(),
        note: talk.note.clone(),
        held_at: Some(talk.at.to_wire()),
    };
    let (reply, finding) = (state.reply.as_ref(), state.finding.as_ref());
    GetLetterResponse {
        revision: snapshot.revision.0,
        number: number.unwrap_or_default(),
        department: letter.department.to_string(),
        street: letter.street.to_string(),
        matter: to_matter(letter.matter),
        person: letter.person,
        unit: station::wire::text(letter.unit.as_ref()),
        secrecy: to_secrecy(letter.secrecy),
        text: letter.text,
        talk_with: station::wire::text(letter.talk_with.as_ref()),
        sent_at: Some(letter.sent_at.to_wire()),
        due: Some(letter.due.to_wire()),
        talks: state.talks.iter().map(talk).collect(),
        stance: reply.map(|reply| to_stance(reply.stance)).unwrap_or_default(),
        reply: reply.map(|reply| reply.text.clone()).unwrap_or_default(),
        replied_at: reply.map(|reply| reply.at.to_wire()),
        expired: state.expired,
        decided: finding.map(|finding| to_decided(finding.decided)).unwrap_or_default(),
        reason: finding.map(|finding| finding.reason.clone()).unwrap_or_default(),
    }
}
