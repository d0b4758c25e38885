//! The desk of appraisals: tables of grid members and of those who work in communities, published as periods are.

use std::sync::Arc;

use proto::evaluation::v1::appraisal_service_server::AppraisalService;
use proto::evaluation::v1::{
    AnswerAppraisalAppealRequest, AnswerAppraisalAppealResponse, AppealAppraisalRequest, AppealAppraisalResponse,
    Appraised, GetAppraisalRequest, GetAppraisalResponse, PublishAppraisalRequest, PublishAppraisalResponse,
};
use station::desk::named;
use station::{Caller, Recorded, Violation};
use tonic::{Request, Response, Status};

use crate::domain::period::Whose;
use crate::periods::{Asked, Tables, shown};

pub struct AppraisalDoor(pub Arc<Tables>);

/// Reads caller and table of a request, and whether they may.
macro_rules! asked {
    ($self:ident, $request:ident, $method:literal) => {{
        let caller = Caller::of(&$request)?;
        let $request = $request.into_inner();
        let action = concat!("huying.evaluation.v1.AppraisalService/", $method);
        let table = (whose($request.appraised)?, $request.period.as_str());
        let asked: Asked = $self.0.asked(caller, action, &$request.district, table).await?;
        ($request, asked)
    }};
}

fn whose(appraised: i32) -> Result<Whose, Violation> {
    match Appraised::try_from(appraised) {
        Ok(Appraised::Grids) => Ok(Whose::Grids),
        Ok(Appraised::Communities) => Ok(Whose::Communities),
        Ok(Appraised::Unspecified) => {
            Err(Violation::new("appraised", "required", "say whose work: grids or communities"))
        }
        Err(_) => {
            Err(Violation::new("appraised", "known-appraised", format!("{appraised} is nobody who is appraised")))
        }
    }
}

#[tonic::async_trait]
impl AppraisalService for AppraisalDoor {
    async fn publish_appraisal(
        &self,
        request: Request<PublishAppraisalRequest>,
    ) -> Result<Response<PublishAppraisalResponse>, Status> {
        let (request, asked) = asked!(self, request, "PublishAppraisal");
        let named = named(&request.command_id, &request)?;
        let Recorded { revision, position } = self.0.publish(&asked, named, &request.reason).await?;
        Ok(Response::new(PublishAppraisalResponse { revision, position }))
    }

    async fn appeal_appraisal(
        &self,
        request: Request<AppealAppraisalRequest>,
    ) -> Result<Response<AppealAppraisalResponse>, Status> {
        let (request, asked) = asked!(self, request, "AppealAppraisal");
        let named = named(&request.command_id, &request)?;
        let Recorded { revision, position } = self.0.appeal(&asked, named, &request.reason).await?;
        Ok(Response::new(AppealAppraisalResponse { revision, position }))
    }

    async fn answer_appraisal_appeal(
        &self,
        request: Request<AnswerAppraisalAppealRequest>,
    ) -> Result<Response<AnswerAppraisalAppealResponse>, Status> {
        let (request, asked) = asked!(self, request, "AnswerAppraisalAppeal");
        let named = named(&request.command_id, &request)?;
        let said = (request.appeal, request.upheld, request.answer.as_str());
        let Recorded { revision, position } = self.0.answer(&asked, named, said).await?;
        Ok(Response::new(AnswerAppraisalAppealResponse { revision, position }))
    }

    async fn get_appraisal(
        &self,
        request: Request<GetAppraisalRequest>,
    ) -> Result<Response<GetAppraisalResponse>, Status> {
        let (_, asked) = asked!(self, request, "GetAppraisal");
        let (publications, appeals) = shown(&asked.snapshot.state);
        Ok(Response::new(GetAppraisalResponse { revision: asked.snapshot.revision.0, publications, appeals }))
    }
}
