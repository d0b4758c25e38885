//! A period on a whole installation: published when it is over, appealed, corrected, and counted again from the record, before
//! and after its cases are filed (R-70, R-71, R-74, R-75, R-141, I9).

use std::num::NonZeroUsize;

use archive::Shelf;
use charter::SourceFile;
use evaluation::audit::{Recount, recount};
use proto::charter::v1::CharterBundle;
use proto::evaluation::v1::period_service_client::PeriodServiceClient;
use proto::evaluation::v1::{
    AnswerPeriodAppealRequest, AppealPeriodRequest, GetPeriodRequest, GetPeriodResponse, ImportMarksRequest,
    PeriodUnit, PublishPeriodRequest,
};
use station::{Charters, refusal_of};
use story::{Story, read};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::stories::played;
use crate::support::installation::{Installation, acting};
use crate::support::program::{huying, huying_ok};
use crate::support::root;

const DISTRICT: &str = "heping";
const YEAR: &str = "2023";
const MONTH: &str = "2023-04";
const FIRE: &str = "heping-fire";

/// Nobody does anything until the year after.
const A_YEAR_LATER: &str = r#"
story: LATER
title: a year goes by
district: heping
begins: "2024-01-08T09:00:00+08:00"
actors:
  street: { role: street, party: heping-nanyingmen-command-centre, staff: ny-0001 }
steps:
  - { at: +0m, actor: street, do: wait }
expect:
  - cases: { count: 0 }
"#;

/// The desk of periods, for somebody.
struct Desk<'i> {
    installation: &'i Installation,
    role: &'static str,
    party: &'static str,
}

impl Desk<'_> {
    async fn client(&self) -> PeriodServiceClient<huying::client::Authorised> {
        PeriodServiceClient::new(self.installation.channel(&acting(self.role, self.party)).await)
    }

    async fn publish(&self, period: &str, reason: &str, command: &str) -> Result<u64, Status> {
        let request = PublishPeriodRequest {
            district: DISTRICT.to_owned(),
            period: period.to_owned(),
            command_id: command.to_owned(),
            reason: reason.to_owned(),
        };
        Ok(self.client().await.publish_period(request).await?.into_inner().revision)
    }

    async fn appeal(&self, period: &str, reason: &str) -> Result<(), Status> {
        let request = AppealPeriodRequest {
            district: DISTRICT.to_owned(),
            period: period.to_owned(),
            command_id: String::new(),
            reason: reason.to_owned(),
        };
        self.client().await.appeal_period(request).await.map(|_| ())
    }

    async fn answer(&self, appeal: u32) -> Result<(), Status> {
        let request = AnswerPeriodAppealRequest {
            district: DISTRICT.to_owned(),
            period: MONTH.to_owned(),
            command_id: String::new(),
            appeal,
            upheld: false,
            answer: "任务逾期有记录可查".to_owned(),
        };
        self.client().await.answer_period_appeal(request).await.map(|_| ())
    }

    async fn import(&self, content: &str) -> Result<(), Status> {
        let request = ImportMarksRequest {
            district: DISTRICT.to_owned(),
            period: YEAR.to_owned(),
            command_id: String::new(),
            source: "区委考核办".to_owned(),
            file: "marks.csv".to_owned(),
            content: content.to_owned(),
        };
        self.client().await.import_marks(request).await.map(|_| ())
    }

    async fn shown(&self, period: &str) -> GetPeriodResponse {
        let request = GetPeriodRequest { district: DISTRICT.to_owned(), period: period.to_owned() };
        self.client().await.get_period(request).await.unwrap().into_inner()
    }
}

/// The rule by which something was refused.
fn rule<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let refused = answer.unwrap_err();
    let of_field = refusal_of(&refused).violations.first().map(|violation| violation.rule.clone());
    let details = refused.get_error_details();
    of_field.or_else(|| details.error_info().map(|info| info.reason.clone())).unwrap_or_else(|| refused.to_string())
}

/// Rank, unit, cases, mean, interval, tier.
fn row(unit: &PeriodUnit) -> String {
    let PeriodUnit { rank, party, cases, mean, low, high, tier, .. } = unit;
    format!("{rank} {party} {cases} {mean} {low}-{high} {tier}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_published_appealed_and_counted_again_to_the_last_byte() {
    let installation = Installation::start(&[DISTRICT]);
    let told = played(&installation, &read(&root().join("tests/stories/s12-fortune-tower.yaml")).unwrap()).await;
    assert!(told.differences.is_empty(), "{:?}", told.differences);
    let centre = Desk { installation: &installation, role: "district", party: "heping-centre" };
    let fire = Desk { installation: &installation, role: "department", party: FIRE };

    // April goes on, and nobody but the district publishes it.
    assert_eq!(rule(centre.publish(MONTH, "", "").await), "period-open");
    assert_eq!(fire.publish(MONTH, "", "").await.unwrap_err().code(), Code::PermissionDenied);
    played(&installation, &Story::parse(A_YEAR_LATER).unwrap()).await;
    assert_eq!(rule(fire.appeal(MONTH, "方案其实按时交了").await), "not-published");
    assert_eq!(rule(centre.publish(MONTH, "一件被剔除", "").await), "nothing-to-correct");
    assert_eq!(rule(centre.publish(MONTH, "----", "").await), "reason-required");
    let published = centre.publish(MONTH, "", "april").await.unwrap();
    assert_eq!(centre.publish(MONTH, "", "april").await.unwrap(), published, "said again, it is the same");

    let shown = fire.shown(MONTH).await;
    let publication = shown.publications.first().unwrap();
    let table = publication.published.clone().unwrap().table.unwrap();
    let rows: Vec<String> = table.units.iter().map(row).collect();
    // One case each, and tiers are a year's.
    assert_eq!(rows, ["1 heping-housing 1 100.0000 20.65-100.00 ", "2 heping-fire 1 85.0000 15.00-99.46 "]);
    let data = installation.data().path().display().to_string();
    let of_april = ["--district", DISTRICT, "--period", MONTH, "--data", data.as_str()];
    let text = huying_ok(&[&["score", "show", "--text"], &of_april[..]].concat());
    assert_eq!(text, publication.text);
    assert_eq!(evaluation::audit::sha256(&text), publication.published.clone().unwrap().sha256);

    assert_eq!(rule(centre.publish(MONTH, "", "").await), "published-already");
    assert_eq!(rule(centre.publish(MONTH, "重新核对一遍", "").await), "nothing-changed");
    let stranger = Desk { installation: &installation, role: "department", party: "heping-water" };
    assert_eq!(rule(stranger.appeal(MONTH, "没有我们的名字").await), "not-in-the-table");
    assert_eq!(rule(fire.appeal(MONTH, "无").await), "reason-required");
    fire.appeal(MONTH, "方案其实按时交了").await.unwrap();
    assert_eq!(rule(fire.appeal(MONTH, "方案其实按时交了").await), "appealed-already");
    assert_eq!(fire.answer(1).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(rule(centre.answer(2).await), "no-such-appeal");
    centre.answer(1).await.unwrap();
    assert_eq!(rule(centre.answer(1).await), "appeal-answered");

    assert_eq!(rule(centre.import("party,mark\nheping-fire,101\n").await), "mark-0-to-100");
    assert_eq!(rule(centre.import("party,mark\nheping-ghosts,10\n").await), "known-unit");
    centre.publish(YEAR, "", "").await.unwrap();
    let year = centre.shown(YEAR).await.publications.remove(0).published.unwrap().table.unwrap();
    let tiers: Vec<&str> = year.units.iter().map(|unit| unit.tier.as_str()).collect();
    assert_eq!(tiers, ["excellent", "good"], "of two, 1.2 and 0.6 seats");

    // From the record, and again when the case has left it for the archive.
    assert_same(&again(&installation, &charters(&installation, |text| text).await).await);
    let filed = huying_ok(&["archive", "run", "--closed-before", "2023-12-01", "--json", "--data", data.as_str()]);
    let filed: serde_json::Value = serde_json::from_str(&filed).unwrap();
    assert_eq!(filed["filed"], 1, "{filed}");
    assert_same(&again(&installation, &charters(&installation, |text| text).await).await);
    let verified = huying_ok(&["score", "recompute", "--verify", "--district", DISTRICT, "--data", data.as_str()]);
    assert_eq!(verified.matches("the same to the last byte").count(), 2, "{verified}");
    assert!(!huying(&["score", "recompute", "--verify", "--district", "wuchang", "--data", &data]).status.success());

    // Under another charter the same record gives other scores, and that is said of the first of them.
    let other =
        charters(&installation, |text| text.replace("weight: 50", "weight: 40").replace("weight: 30", "weight: 40"));
    let found = again(&installation, &other.await).await;
    let said = found.iter().flat_map(|recount| &recount.differences).next().unwrap();
    assert!(said.contains("heping-fire"), "{said}");
}

fn assert_same(recounts: &[Recount]) {
    assert_eq!(recounts.len(), 2);
    for recount in recounts {
        assert_eq!((recount.scores, recount.differences.as_slice()), (2, &[][..]), "{recount:?}");
    }
}

/// The month and the year, from what is on record and in the archive now.
async fn again(installation: &Installation, charters: &Charters) -> Vec<Recount> {
    let broker = installation.broker("provision").await;
    let shelf = Shelf::open(&broker, NonZeroUsize::MIN).await.unwrap();
    let (district, stop) = (DISTRICT.parse().unwrap(), CancellationToken::new());
    let mut found = Vec::new();
    for period in [MONTH, YEAR] {
        let span = period.parse().unwrap();
        found.extend(recount(&broker, &shelf, charters, &district, span, &stop).await.unwrap());
    }
    found
}

/// The charters on the record, with the rules of evaluation as somebody else would have them.
async fn charters(installation: &Installation, of_evaluation: impl Fn(String) -> String) -> Charters {
    let (bundles, _) = installation.broker("provision").await.charters().await.unwrap();
    let charters = Charters::default();
    for CharterBundle { files, .. } in &bundles {
        let files = files.iter().map(|file| {
            let text =
                if file.path == "evaluation.yaml" { of_evaluation(file.text.clone()) } else { file.text.clone() };
            SourceFile { path: file.path.clone(), text }
        });
        let files: Vec<SourceFile> = files.collect();
        charters.take(&station::bundle(&charter::Charter::from_record(&files).unwrap().charter));
    }
    charters
}
