//! Streets ask for things by themselves, and see what comes of it.

use charter::Instrument;
use ids::{Code, Kind};
use proto::ToWireTime;
use proto::powers::v1::suggestion_service_server::SuggestionService;
use proto::powers::v1::{
    AnswerSuggestionRequest, AnswerSuggestionResponse, GetSuggestionRequest, GetSuggestionResponse,
    MakeSuggestionRequest, MakeSuggestionResponse, SuggestionReply, WithdrawSuggestionRequest,
    WithdrawSuggestionResponse,
};
use station::{Caller, Desk, Violation};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench, not_there};
use crate::domain::Answer;
use crate::domain::suggestion::{Command, Rules, State, Suggestion};
use crate::fields;
use crate::wire::{from_verdict, to_verdict};

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::Suggestion, Kind::Suggestion) }
    }

    fn asked(&self, caller: Caller, action: &'static str, district: &str, name: &str) -> Result<Asked, Status> {
        self.bench.asked(caller, action, district, ("suggestion", name))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.SuggestionService/", $name)
    };
}

#[tonic::async_trait]
impl SuggestionService for Door {
    async fn make_suggestion(
        &self,
        request: Request<MakeSuggestionRequest>,
    ) -> Result<Response<MakeSuggestionResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("MakeSuggestion"), &request.district, &request.suggestion)?;
        fields::chosen("suggestion", &request.suggestion)?;
        let suggestion = Suggestion {
            title: fields::title("title", &request.title)?,
            text: fields::text("text", &request.text)?,
            addressees: fields::addressees("addressees", &asked.charter, &request.addressees)?,
            occasion: fields::optional_code("occasion", &request.occasion)?,
            made_at: self.bench.now(),
            street: asked.street()?,
        };
        self.bench.granted(&asked)?;
        let command = Command::Make(Box::new(suggestion));
        recorded!(MakeSuggestionResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn answer_suggestion(
        &self,
        request: Request<AnswerSuggestionRequest>,
    ) -> Result<Response<AnswerSuggestionResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("AnswerSuggestion"), &request.district, &request.suggestion)?;
        let command = Command::Answer {
            addressee: asked.acting()?,
            answer: Answer {
                verdict: from_verdict(request.verdict).map_err(Violation::from)?,
                reason: fields::reason(&request.reason)?,
            },
        };
        self.bench.theirs(&asked, parties).await?;
        recorded!(AnswerSuggestionResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn withdraw_suggestion(
        &self,
        request: Request<WithdrawSuggestionRequest>,
    ) -> Result<Response<WithdrawSuggestionResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("WithdrawSuggestion"), &request.district, &request.suggestion)?;
        let command = Command::Withdraw { reason: fields::reason(&request.reason)? };
        let street = |state: &State| state.suggestion.iter().map(|made| made.street.clone()).collect();
        self.bench.theirs(&asked, street).await?;
        recorded!(WithdrawSuggestionResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn get_suggestion(
        &self,
        request: Request<GetSuggestionRequest>,
    ) -> Result<Response<GetSuggestionResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("GetSuggestion"), &request.district, &request.suggestion)?;
        let snapshot = self.bench.theirs(&asked, parties).await?;
        let made = snapshot.state.suggestion.as_ref().ok_or_else(|| not_there(&asked.key))?;
        Ok(Response::new(shown(&snapshot.state, made, snapshot.revision.0)))
    }
}

fn parties(state: &State) -> Vec<Code> {
    let of = |made: &Suggestion| made.addressees.iter().chain([&made.street]).cloned().collect();
    state.suggestion.as_ref().map(of).unwrap_or_default()
}

fn shown(state: &State, made: &Suggestion, revision: u64) -> GetSuggestionResponse {
    let reply = |addressee: &Code| {
        let answer = state.answers.get(addressee);
        SuggestionReply {
            addressee: addressee.to_string(),
            verdict: answer.map(|answer| to_verdict(answer.verdict)).unwrap_or_default(),
            reason: answer.map(|answer| answer.reason.clone()).unwrap_or_default(),
        }
    };
    GetSuggestionResponse {
        revision,
        street: made.street.to_string(),
        title: made.title.clone(),
        text: made.text.clone(),
        occasion: station::wire::text(made.occasion.as_ref()),
        made_at: Some(made.made_at.to_wire()),
        replies: made.addressees.iter().map(reply).collect(),
        withdrawn: state.withdrawn,
    }
}
