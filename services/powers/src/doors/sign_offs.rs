//! Departments put a work before its street, gate by gate.

use charter::Instrument;
use ids::{Code, Kind};
use proto::powers::v1::sign_off_service_server::SignOffService;
use proto::powers::v1::{
    GateStanding, GateState as WireGate, GetWorkRequest, GetWorkResponse, OpenWorkRequest, OpenWorkResponse,
    RefuseGateRequest, RefuseGateResponse, SignGateRequest, SignGateResponse, SubmitGateRequest, SubmitGateResponse,
};
use station::{Caller, Desk, Violation, prose};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench, not_there};
use crate::domain::sign_off::{Command, Gate, Rules, Standing, State, Submission, Work};
use crate::fields::{self, REASON_LENGTH_MAX};
use crate::wire::{from_gate, to_documents, to_gate};

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::SignOff, Kind::SignOff) }
    }

    fn asked(&self, caller: Caller, action: &'static str, district: &str, work: &str) -> Result<Asked, Status> {
        self.bench.asked(caller, action, district, ("work", work))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.SignOffService/", $name)
    };
}

#[tonic::async_trait]
impl SignOffService for Door {
    async fn open_work(&self, request: Request<OpenWorkRequest>) -> Result<Response<OpenWorkResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("OpenWork"), &request.district, &request.work)?;
        fields::chosen("work", &request.work)?;
        let work = Work {
            street: fields::street("street", &asked.charter, &request.street)?,
            title: fields::title("title", &request.title)?,
            department: asked.acting()?,
        };
        self.bench.granted(&asked)?;
        recorded!(OpenWorkResponse, self.bench.ask(&asked, &request.command_id, &request, Command::Open(work)).await?)
    }

    async fn submit_gate(&self, request: Request<SubmitGateRequest>) -> Result<Response<SubmitGateResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("SubmitGate"), &request.district, &request.work)?;
        let command = Command::Submit {
            gate: from_gate(request.gate).map_err(Violation::from)?,
            submission: Submission {
                documents: fields::documents(&request.documents)?,
                note: fields::note("note", &request.note)?,
            },
        };
        self.bench.theirs(&asked, |state| of(state, |work| [work.department.clone()])).await?;
        recorded!(SubmitGateResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn sign_gate(&self, request: Request<SignGateRequest>) -> Result<Response<SignGateResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("SignGate"), &request.district, &request.work)?;
        let gate = from_gate(request.gate).map_err(Violation::from)?;
        let command = Command::Sign { gate, note: fields::note("note", &request.note)? };
        self.bench.theirs(&asked, |state| of(state, |work| [work.street.clone()])).await?;
        recorded!(SignGateResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn refuse_gate(&self, request: Request<RefuseGateRequest>) -> Result<Response<RefuseGateResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("RefuseGate"), &request.district, &request.work)?;
        let gate = from_gate(request.gate).map_err(Violation::from)?;
        let command = Command::Refuse { gate, reason: prose("reason", &request.reason, REASON_LENGTH_MAX)? };
        self.bench.theirs(&asked, |state| of(state, |work| [work.street.clone()])).await?;
        recorded!(RefuseGateResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn get_work(&self, request: Request<GetWorkRequest>) -> Result<Response<GetWorkResponse>, Status> {
        let (caller, request) = taken!(request);
        let asked = self.asked(caller, method!("GetWork"), &request.district, &request.work)?;
        let both = |state: &State| of(state, |work| [work.department.clone(), work.street.clone()]);
        let snapshot = self.bench.theirs(&asked, both).await?;
        let work = snapshot.state.work.as_ref().ok_or_else(|| not_there(&asked.key))?;
        Ok(Response::new(GetWorkResponse {
            revision: snapshot.revision.0,
            department: work.department.to_string(),
            street: work.street.to_string(),
            title: work.title.clone(),
            gates: Gate::ALL.map(|gate| shown(&snapshot.state, gate)).to_vec(),
        }))
    }
}

fn of<const N: usize>(state: &State, parties: impl FnOnce(&Work) -> [Code; N]) -> Vec<Code> {
    state.work.as_ref().map(|work| parties(work).to_vec()).unwrap_or_default()
}

fn shown(state: &State, gate: Gate) -> WireGate {
    let known = state.gate(gate);
    let standing = match known.standing {
        Standing::Closed => GateStanding::Unspecified,
        Standing::Submitted => GateStanding::Submitted,
        Standing::Signed => GateStanding::Signed,
        Standing::Refused => GateStanding::Refused,
    };
    WireGate {
        gate: to_gate(gate),
        submitted: known.submitted,
        standing: standing.into(),
        said: known.said.clone(),
        documents: to_documents(&known.submission.documents),
    }
}
