//! The judgement desk.

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Owner};
use proto::ToWireTime;
use proto::common::v1::Role;
use proto::triage::v1::triage_service_server::TriageService;
use proto::triage::v1::{
    Candidate, ClaimRequest, ClaimResponse, GetRequest, GetResponse, JudgeRequest, JudgeResponse, RegradeRequest,
    RegradeResponse, SuggestRequest, SuggestResponse,
};
use station::desk::{case_key, named, named_by};
use station::{Caller, Desk, Named, Recorded, Violation, bad_field, broker_status, optional_prose, prose, wire};
use tonic::{Request, Response, Status};

use crate::domain::{Act, Command, Judgement, Rules, Seat, Standing, State, Subject, allowed_actions};
use crate::grading;
use crate::standing::standing;
use crate::wire::to_judgement;

/// Characters of a reason.
const REASON_LENGTH_MAX: usize = 2000;
pub struct Door {
    desk: Desk<Rules>,
}

/// What a person says a case is.
struct Judging<'a> {
    category: &'a str,
    also: &'a [String],
    level: i32,
    situation: &'a str,
}

/// One request about one case, with everything needed to decide it.
struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    state: Arc<State>,
    revision: u64,
    standing: Standing,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    async fn asked(&self, caller: Caller, action: &'static str, district: &str, case: &str) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case)?;
        let charter = charter_of(&self.desk, &district)?;
        self.desk.may(&caller, action, &key, &charter).await?;
        let snapshot = self.desk.read(&key).await?;
        if *snapshot.state == State::Unknown {
            return Err(station::not_found(&key.id));
        }
        let (state, revision) = (snapshot.state, snapshot.revision.0);
        let standing = match &*state {
            State::Judged { judgement, .. } => self.standing(&key, judgement, revision).await?,
            State::Unknown | State::Waiting { .. } | State::Dismissed => Standing::default(),
        };
        Ok(Asked { caller, charter, key, state, revision, standing })
    }

    async fn standing(&self, key: &HistoryKey, judged: &Judgement, revision: u64) -> Result<Standing, Status> {
        let commits = self.desk.station.broker.load_owner(key, Owner::Dispatch).await;
        let commits = commits.map_err(|error| broker_status(&error))?;
        standing(&commits, judged, revision).map_err(|error| station::unreadable(&error))
    }

    async fn decide(&self, asked: &Asked, named: Named, command: Command) -> Result<Recorded, Status> {
        Ok(self.desk.ask(&asked.key, &asked.caller, named, &asked.charter, command).await?.into())
    }
}

impl Asked {
    fn subject(&self) -> Subject {
        match &*self.state {
            State::Waiting { subject, .. } | State::Judged { subject, .. } => subject.clone(),
            State::Unknown | State::Dismissed => Subject::default(),
        }
    }

    /// Where the asker sits, seen from this case, which concerns them.
    fn seat(&self) -> Seat {
        match self.caller.role {
            Role::District if self.caller.is_the_district(&self.charter) => Seat::District,
            Role::Street => Seat::Street { own: true },
            Role::Unspecified
            | Role::Bridge
            | Role::Caller
            | Role::Grid
            | Role::Community
            | Role::EnforcementCenter
            | Role::Department
            | Role::District
            | Role::Operator
            | Role::Auditor
            | Role::System => Seat::Reader,
        }
    }

    fn judgement(&self, said: &Judging<'_>) -> Result<Judgement, Status> {
        let charter = &self.charter;
        let categories = grading::categories(charter, said.category, said.also)?;
        let level = wire::optional_level(said.level).map_err(bad_field)?;
        let situation = match said.situation {
            "" => None,
            code => {
                let unknown = || {
                    Violation::new(
                        "situation",
                        "known-situation",
                        format!("{code:?} is not a situation of this charter"),
                    )
                };
                Some(charter.situation(code).ok_or_else(unknown)?.code.clone())
            }
        };
        let subject = self.subject();
        Ok(match level {
            None => grading::judge(charter, &categories, situation, &subject),
            Some(level) => grading::judge_at(charter, &categories, situation, &subject, level)?,
        })
    }

    /// The names of what the asker could do now.
    fn allowed(&self) -> Vec<String> {
        let somehow = match &*self.state {
            State::Judged { judgement, .. } => Some(judgement.clone()),
            State::Waiting { subject, .. } => {
                let any = self.charter.categories().first();
                any.map(|category| grading::judge(&self.charter, &[category], None, subject))
            }
            State::Unknown | State::Dismissed => None,
        };
        let Some(somehow) = somehow else { return Vec::new() };
        let acts = allowed_actions(&self.state, self.seat(), &self.caller.staff_ref, &somehow, self.standing);
        acts.into_iter().map(|act: Act| act.name().to_owned()).collect()
    }
}

#[tonic::async_trait]
impl TriageService for Door {
    async fn claim(&self, request: Request<ClaimRequest>) -> Result<Response<ClaimResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.triage.v1.TriageService/Claim", &request.district, &request.case_id).await?;
        let by = asked.caller.staff_ref.clone();
        let named = named_by(&request.command_id, &request, &by)?;
        let Recorded { revision, position } = self.decide(&asked, named, Command::Claim { by }).await?;
        Ok(Response::new(ClaimResponse { revision, position }))
    }

    async fn judge(&self, request: Request<JudgeRequest>) -> Result<Response<JudgeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.triage.v1.TriageService/Judge", &request.district, &request.case_id).await?;
        let said = Judging {
            category: &request.category,
            also: &request.also,
            level: request.level,
            situation: &request.situation,
        };
        let judgement = asked.judgement(&said)?;
        let reason = optional_prose("reason", &request.reason, REASON_LENGTH_MAX)?;
        let command = Command::Judge { judgement, reason };
        let Recorded { revision, position } =
            self.decide(&asked, named(&request.command_id, &request)?, command).await?;
        Ok(Response::new(JudgeResponse { revision, position }))
    }

    async fn regrade(&self, request: Request<RegradeRequest>) -> Result<Response<RegradeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.triage.v1.TriageService/Regrade", &request.district, &request.case_id).await?;
        let said = Judging {
            category: &request.category,
            also: &request.also,
            level: request.level,
            situation: &request.situation,
        };
        let judgement = asked.judgement(&said)?;
        let reason = prose("reason", &request.reason, REASON_LENGTH_MAX)?;
        let command = Command::Regrade { by: asked.seat(), judgement, reason, standing: asked.standing };
        let Recorded { revision, position } =
            self.decide(&asked, named(&request.command_id, &request)?, command).await?;
        Ok(Response::new(RegradeResponse { revision, position }))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.triage.v1.TriageService/Get", &request.district, &request.case_id).await?;
        let allowed_actions = asked.allowed();
        let answer = GetResponse { revision: asked.revision, allowed_actions, ..GetResponse::default() };
        Ok(Response::new(match &*asked.state {
            State::Waiting { claimed_by, due, .. } => GetResponse {
                phase: "waiting".to_owned(),
                claimed_by: claimed_by.clone().unwrap_or_default(),
                due: Some(due.to_wire()),
                due_provisional: {
                    let limit = asked.charter.limit("judgement");
                    limit.is_some_and(|limit| asked.charter.is_provisional(*limit, *due))
                },
                ..answer
            },
            State::Judged { judgement, .. } => {
                GetResponse { phase: "judged".to_owned(), judgement: Some(to_judgement(judgement)), ..answer }
            }
            State::Unknown | State::Dismissed => GetResponse { phase: "dismissed".to_owned(), ..answer },
        }))
    }

    async fn suggest(&self, request: Request<SuggestRequest>) -> Result<Response<SuggestResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let charter = self.desk.station.charter(&request.district)?;
        caller.may_in("huying.triage.v1.TriageService/Suggest", &charter)?;
        let candidates = charter
            .classify(&request.title, &request.text)
            .iter()
            .map(|found| Candidate { category: found.category.code.to_string(), confidence: found.confidence })
            .collect();
        Ok(Response::new(SuggestResponse { candidates }))
    }
}

fn charter_of(desk: &Desk<Rules>, district: &Code) -> Result<Arc<Charter>, Status> {
    Ok(desk.station.charter(district.as_str())?)
}
