//! A street assesses the units and people posted to it.

use charter::Instrument;
use ids::{Code, Kind};
use proto::powers::v1::allowance_service_server::AllowanceService;
use proto::powers::v1::{
    Assessed, CloseSheetRequest, CloseSheetResponse, GetSheetRequest, GetSheetResponse, RecordAssessmentRequest,
    RecordAssessmentResponse,
};
use station::{Caller, Desk};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench};
use crate::domain::allowance::{Assessment, Command, Rules, State, Subject};
use crate::fields;

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::Allowance, Kind::Allowance) }
    }

    /// The sheet of a street in a period.
    fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        (street, period): (&str, &str),
    ) -> Result<(Asked, Code), Status> {
        let whole = self.bench.asked(caller, action, district, ("street", street))?;
        let street = fields::street("street", &whole.charter, street)?;
        let period = fields::period("period", period)?;
        Ok((whole.about(format!("{street}-{period}")), street))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.AllowanceService/", $name)
    };
}

#[tonic::async_trait]
impl AllowanceService for Door {
    async fn record_assessment(
        &self,
        request: Request<RecordAssessmentRequest>,
    ) -> Result<Response<RecordAssessmentResponse>, Status> {
        let (caller, request) = taken!(request);
        let sheet = (request.street.as_str(), request.period.as_str());
        let (asked, street) = self.asked(caller, method!("RecordAssessment"), &request.district, sheet)?;
        let person = match request.person.as_str() {
            "" => None,
            person => Some(fields::person("person", person)?),
        };
        let command = Command::Assess {
            subject: Subject { unit: fields::office("unit", &asked.charter, &street, &request.unit)?, person },
            assessment: Assessment {
                points: fields::hundredths("points", &request.points)?,
                reason: fields::reason(&request.reason)?,
            },
        };
        self.bench.theirs(&asked, |_| vec![street]).await?;
        recorded!(RecordAssessmentResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn close_sheet(&self, request: Request<CloseSheetRequest>) -> Result<Response<CloseSheetResponse>, Status> {
        let (caller, request) = taken!(request);
        let sheet = (request.street.as_str(), request.period.as_str());
        let (asked, street) = self.asked(caller, method!("CloseSheet"), &request.district, sheet)?;
        self.bench.theirs(&asked, |_| vec![street]).await?;
        let recorded = self.bench.ask(&asked, &request.command_id, &request, Command::Close).await?;
        recorded!(CloseSheetResponse, recorded)
    }

    async fn get_sheet(&self, request: Request<GetSheetRequest>) -> Result<Response<GetSheetResponse>, Status> {
        let (caller, request) = taken!(request);
        let sheet = (request.street.as_str(), request.period.as_str());
        let (asked, street) = self.asked(caller, method!("GetSheet"), &request.district, sheet)?;
        let snapshot = self.bench.theirs(&asked, |_| vec![street]).await?;
        Ok(Response::new(shown(&snapshot.state, snapshot.revision.0)))
    }
}

fn shown(state: &State, revision: u64) -> GetSheetResponse {
    let assessed = state.assessed.iter().map(|(subject, assessment)| Assessed {
        unit: subject.unit.to_string(),
        person: subject.person.clone().unwrap_or_default(),
        points: assessment.points.to_string(),
        reason: assessment.reason.clone(),
    });
    GetSheetResponse { revision, closed: state.closed, assessed: assessed.collect() }
}
