//! Departments and the district ask streets, streets say what they think.

use charter::{Charter, Instrument};
use ids::{Code, Kind};
use proto::ToWireTime;
use proto::powers::v1::consultation_service_server::ConsultationService;
use proto::powers::v1::{
    self as wire, AdvanceProjectRequest, AdvanceProjectResponse, AnswerOpinionRequest, AnswerOpinionResponse,
    AskStreetsRequest, AskStreetsResponse, GetProjectRequest, GetProjectResponse, GiveOpinionRequest,
    GiveOpinionResponse, OpenProjectRequest, OpenProjectResponse,
};
use station::{Caller, Desk, Violation};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench, due, not_there};
use crate::domain::Answer;
use crate::domain::consultation::{Command, Opening, Project, Question, Round, Rules, State};
use crate::fields;
use crate::wire::{from_advance, from_verdict, to_advance, to_documents, to_phase, to_verdict};

/// The charter's limit until a street has been heard.
const LIMIT: &str = "opinion";

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::Consultation, Kind::Consultation) }
    }

    fn asked(&self, caller: Caller, action: &'static str, district: &str, project: &str) -> Result<Asked, Status> {
        self.bench.asked(caller, action, district, ("project", project))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.ConsultationService/", $name)
    };
}

#[tonic::async_trait]
impl ConsultationService for Door {
    async fn open_project(
        &self,
        request: Request<OpenProjectRequest>,
    ) -> Result<Response<OpenProjectResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("OpenProject"), &request.district, &request.project)?;
        fields::chosen("project", &request.project)?;
        let opening = Opening {
            item: item(&asked.charter, &request.item)?,
            title: fields::title("title", &request.title)?,
            asker: asked.acting()?,
            opened_at: self.bench.now(),
        };
        self.bench.granted(&asked)?;
        let command = Command::Open(Box::new(opening));
        recorded!(OpenProjectResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn ask_streets(&self, request: Request<AskStreetsRequest>) -> Result<Response<AskStreetsResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("AskStreets"), &request.district, &request.project)?;
        let now = self.bench.now();
        let (due, due_provisional) = due(&asked.charter, LIMIT, request.due.as_ref(), now)?;
        let question = Question {
            streets: fields::streets("streets", &asked.charter, &request.streets)?,
            text: fields::text("question", &request.question)?,
            documents: fields::documents(&request.documents)?,
            due,
            due_provisional,
        };
        self.bench.theirs(&asked, asker).await?;
        let command = Command::Ask { question: Box::new(question), now };
        recorded!(AskStreetsResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn give_opinion(
        &self,
        request: Request<GiveOpinionRequest>,
    ) -> Result<Response<GiveOpinionResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("GiveOpinion"), &request.district, &request.project)?;
        let command = Command::GiveOpinion {
            street: asked.street()?,
            round: fields::optional_round(request.round),
            text: fields::text("text", &request.text)?,
            now: self.bench.now(),
        };
        self.bench.theirs(&asked, parties).await?;
        recorded!(GiveOpinionResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn answer_opinion(
        &self,
        request: Request<AnswerOpinionRequest>,
    ) -> Result<Response<AnswerOpinionResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("AnswerOpinion"), &request.district, &request.project)?;
        let command = Command::Answer {
            street: fields::street("street", &asked.charter, &request.street)?,
            round: fields::optional_round(request.round),
            answer: Answer {
                verdict: from_verdict(request.verdict).map_err(Violation::from)?,
                reason: fields::reason(&request.reason)?,
            },
        };
        self.bench.theirs(&asked, asker).await?;
        recorded!(AnswerOpinionResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn advance_project(
        &self,
        request: Request<AdvanceProjectRequest>,
    ) -> Result<Response<AdvanceProjectResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("AdvanceProject"), &request.district, &request.project)?;
        let command = Command::Advance {
            to: from_advance(request.to).map_err(Violation::from)?,
            reason: fields::reason(&request.reason)?,
            now: self.bench.now(),
        };
        self.bench.theirs(&asked, asker).await?;
        recorded!(AdvanceProjectResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn get_project(&self, request: Request<GetProjectRequest>) -> Result<Response<GetProjectResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("GetProject"), &request.district, &request.project)?;
        let snapshot = self.bench.theirs(&asked, parties).await?;
        let project = snapshot.state.project.as_ref().ok_or_else(|| not_there(&asked.key))?;
        Ok(Response::new(shown(project, snapshot.revision.0)))
    }
}

/// Whose project it is.
fn asker(state: &State) -> Vec<Code> {
    state.project.iter().map(|project| project.opening.asker.clone()).collect()
}

/// Whose it is, and the streets that were asked.
fn parties(state: &State) -> Vec<Code> {
    let streets = state.project.iter().flat_map(|project| &project.rounds).flat_map(|round| &round.question.streets);
    asker(state).into_iter().chain(streets.cloned()).collect()
}

fn item(charter: &Charter, text: &str) -> Result<Code, Violation> {
    let item = fields::code("item", text)?;
    match charter.decision_item(item.as_str()) {
        // A district whose list is not written down yet hears its streets all the same.
        None if !charter.decision_items().is_empty() => {
            Err(Violation::new("item", "known-item", format!("{item} is not on the charter's list of decisions")))
        }
        Some(_) | None => Ok(item),
    }
}

fn shown(project: &Project, revision: u64) -> GetProjectResponse {
    GetProjectResponse {
        revision,
        item: project.opening.item.to_string(),
        title: project.opening.title.clone(),
        asker: project.opening.asker.to_string(),
        phase: to_phase(project.phase),
        ended: project.ended.map(to_advance).unwrap_or_default(),
        rounds: (1..).zip(&project.rounds).map(|(number, round)| round_of(number, round)).collect(),
    }
}

fn round_of(number: u32, round: &Round) -> wire::Round {
    let heard = |street: &Code| {
        let opinion = round.opinions.get(street);
        let answer = opinion.and_then(|opinion| opinion.answer.as_ref());
        wire::Heard {
            street: street.to_string(),
            opinion: opinion.map(|opinion| opinion.text.clone()).unwrap_or_default(),
            given_at: opinion.map(|opinion| opinion.at.to_wire()),
            verdict: answer.map(|answer| to_verdict(answer.verdict)).unwrap_or_default(),
            reason: answer.map(|answer| answer.reason.clone()).unwrap_or_default(),
        }
    };
    wire::Round {
        round: number,
        phase: to_phase(round.phase),
        question: round.question.text.clone(),
        documents: to_documents(&round.question.documents),
        due: Some(round.question.due.to_wire()),
        expired: round.expired,
        streets: round.question.streets.iter().map(heard).collect(),
    }
}
