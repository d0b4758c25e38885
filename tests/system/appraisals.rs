//! Grid members are appraised from the cases they had: published, appealed, exported, and counted again from the record.

use proto::evaluation::v1::appraisal_service_client::AppraisalServiceClient;
use proto::evaluation::v1::{
    AnswerAppraisalAppealRequest, AppealAppraisalRequest, Appraised, GetAppraisalRequest, PublishAppraisalRequest,
};
use tonic::{Code, Status};

use crate::support::installation::{Installation, acting};
use crate::support::program::huying_ok;

/// The grid of story S17, whose member answered one case at once.
const GRID: &str = "jiangan-erqi-changjian-hengdashuangcheng";

struct Desk<'i> {
    installation: &'i Installation,
    district: &'static str,
    period: &'static str,
}

impl Desk<'_> {
    async fn of(&self, role: &str, party: &str) -> AppraisalServiceClient<huying::client::Authorised> {
        AppraisalServiceClient::new(self.installation.channel(&acting(role, party)).await)
    }

    async fn publish(&self, role: &str, party: &str) -> Result<u64, Status> {
        let request = PublishAppraisalRequest {
            district: self.district.to_owned(),
            appraised: Appraised::Grids.into(),
            period: self.period.to_owned(),
            ..PublishAppraisalRequest::default()
        };
        Ok(self.of(role, party).await.publish_appraisal(request).await?.into_inner().position)
    }

    async fn appeal(&self, role: &str, party: &str) -> Result<(), Status> {
        let request = AppealAppraisalRequest {
            district: self.district.to_owned(),
            appraised: Appraised::Grids.into(),
            period: self.period.to_owned(),
            command_id: String::new(),
            reason: "还有两件没有算进来".to_owned(),
        };
        self.of(role, party).await.appeal_appraisal(request).await.map(|_| ())
    }
}

/// On an installation where S17 was played in a month that is over.
pub async fn a_month_of_grids(installation: &Installation, district: &'static str, period: &'static str) {
    let desk = Desk { installation, district, period };
    let centre = format!("{district}-centre");
    assert_eq!(desk.publish("grid", GRID).await.unwrap_err().code(), Code::PermissionDenied);
    desk.publish("district", &centre).await.unwrap();

    let asked = || GetAppraisalRequest {
        district: district.to_owned(),
        appraised: Appraised::Grids.into(),
        period: period.to_owned(),
    };
    let shown = desk.of("grid", GRID).await.get_appraisal(asked()).await.unwrap().into_inner();
    let table = shown.publications[0].published.clone().unwrap().table.unwrap();
    let row = table.units.iter().find(|unit| unit.party == GRID).unwrap();
    let rates: Vec<(&str, &str)> = row.rates.iter().map(|it| (it.component.as_str(), it.mean.as_str())).collect();
    assert_eq!((row.cases, row.mean.as_str(), row.staff.join(" ").as_str()), (1, "100.0000", "jw-0417"));
    assert_eq!(rates, [("in-time", "100.0000"), ("lasting", "100.0000"), ("satisfaction", "100.0000")]);
    // It is no table of departments, and none of them reads it.
    assert!(table.tiers.is_empty() && table.units.iter().all(|unit| unit.tier.is_empty()));
    let by_parks = desk.of("department", "jiangan-parks").await.get_appraisal(asked()).await.unwrap_err();
    assert_eq!(by_parks.code(), Code::PermissionDenied);

    assert_eq!(desk.appeal("community", "jiangan-yiyuan-tongxing").await.unwrap_err().code(), Code::NotFound);
    desk.appeal("grid", GRID).await.unwrap();
    assert_eq!(desk.appeal("grid", GRID).await.unwrap_err().code(), Code::AlreadyExists);
    let answer = AnswerAppraisalAppealRequest {
        district: district.to_owned(),
        appraised: Appraised::Grids.into(),
        period: period.to_owned(),
        appeal: 1,
        answer: "两件是上个月答复的".to_owned(),
        ..AnswerAppraisalAppealRequest::default()
    };
    desk.of("district", &centre).await.answer_appraisal_appeal(answer).await.unwrap();

    let data = installation.data().path().display().to_string();
    let of = ["--district", district, "--data", data.as_str()];
    let csv = huying_ok(&[&["score", "show", "--of", "grids", "--csv", "--period", period], &of[..]].concat());
    let line = format!("{district},grids-{period},1,1,{GRID},1,0,100.0000,20.65,100.00,,,,0,jw-0417,");
    assert!(csv.lines().any(|it| it.starts_with(&line)), "{csv}");
    let verified = huying_ok(&[&["score", "recompute", "--verify"], &of[..]].concat());
    assert!(verified.contains(&format!("grids-{period} publication 1: the same to the last byte")), "{verified}");
}
