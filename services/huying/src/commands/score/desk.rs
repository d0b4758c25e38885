//! One desk for tables of those who were called and for appraisals: the same is done about either.

use proto::evaluation::v1::appraisal_service_client::AppraisalServiceClient;
use proto::evaluation::v1::period_service_client::PeriodServiceClient;
use proto::evaluation::v1::{
    AnswerAppraisalAppealRequest, AnswerPeriodAppealRequest, AppealAppraisalRequest, AppealPeriodRequest, Appraised,
    GetAppraisalRequest, GetPeriodRequest, GetPeriodResponse, ImportMarksRequest, PublishAppraisalRequest,
    PublishPeriodRequest,
};
use tonic::Status;

use crate::client::Authorised;

/// Whose work a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Of {
    Called,
    Grids,
    Communities,
}

impl Of {
    fn appraised(self) -> Option<i32> {
        match self {
            Self::Called => None,
            Self::Grids => Some(Appraised::Grids.into()),
            Self::Communities => Some(Appraised::Communities.into()),
        }
    }

    /// Who appeals against such a table.
    pub fn role(self) -> &'static str {
        match self {
            Self::Called => "department",
            Self::Grids => "grid",
            Self::Communities => "community",
        }
    }
}

/// What is asked about one table.
pub(super) struct Desk {
    pub channel: Authorised,
    pub of: Of,
    pub district: String,
    pub period: String,
}

impl Desk {
    fn periods(&self) -> PeriodServiceClient<Authorised> {
        PeriodServiceClient::new(self.channel.clone())
    }

    fn appraisals(&self) -> AppraisalServiceClient<Authorised> {
        AppraisalServiceClient::new(self.channel.clone())
    }

    pub async fn publish(&self, reason: String) -> Result<(), Status> {
        let (district, period, command_id) = (self.district.clone(), self.period.clone(), String::new());
        match self.of.appraised() {
            None => {
                let request = PublishPeriodRequest { district, period, command_id, reason };
                self.periods().publish_period(request).await.map(|_| ())
            }
            Some(appraised) => {
                let request = PublishAppraisalRequest { district, appraised, period, command_id, reason };
                self.appraisals().publish_appraisal(request).await.map(|_| ())
            }
        }
    }

    pub async fn appeal(&self, reason: String) -> Result<(), Status> {
        let (district, period, command_id) = (self.district.clone(), self.period.clone(), String::new());
        match self.of.appraised() {
            None => {
                let request = AppealPeriodRequest { district, period, command_id, reason };
                self.periods().appeal_period(request).await.map(|_| ())
            }
            Some(appraised) => {
                let request = AppealAppraisalRequest { district, appraised, period, command_id, reason };
                self.appraisals().appeal_appraisal(request).await.map(|_| ())
            }
        }
    }

    pub async fn answer(&self, appeal: u32, upheld: bool, answer: String) -> Result<(), Status> {
        let (district, period, command_id) = (self.district.clone(), self.period.clone(), String::new());
        match self.of.appraised() {
            None => {
                let request = AnswerPeriodAppealRequest { district, period, command_id, appeal, upheld, answer };
                self.periods().answer_period_appeal(request).await.map(|_| ())
            }
            Some(appraised) => {
                let request =
                    AnswerAppraisalAppealRequest { district, appraised, period, command_id, appeal, upheld, answer };
                self.appraisals().answer_appraisal_appeal(request).await.map(|_| ())
            }
        }
    }

    pub async fn import(&self, source: String, file: String, content: String) -> Result<(), Status> {
        let (district, period, command_id) = (self.district.clone(), self.period.clone(), String::new());
        let request = ImportMarksRequest { district, period, command_id, source, file, content };
        self.periods().import_marks(request).await.map(|_| ())
    }

    /// An appraisal has no marks from elsewhere; everything else is the same.
    pub async fn shown(&self) -> Result<GetPeriodResponse, Status> {
        let (district, period) = (self.district.clone(), self.period.clone());
        match self.of.appraised() {
            None => Ok(self.periods().get_period(GetPeriodRequest { district, period }).await?.into_inner()),
            Some(appraised) => {
                let request = GetAppraisalRequest { district, appraised, period };
                let shown = self.appraisals().get_appraisal(request).await?.into_inner();
                let (revision, publications, appeals) = (shown.revision, shown.publications, shown.appeals);
                Ok(GetPeriodResponse { revision, publications, appeals, marks: None })
            }
        }
    }
}
