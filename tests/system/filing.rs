//! What becomes of a case once it is filed: everything that was shown and counted is shown and counted, nothing is added,
//! and whoever reopens it gets a new case that names it (D15).

use std::fs::File;
use std::io::Read;

use proto::casebook::v1::{
    Case, ExportRequest, ExportedCase, GetScoresRequest, PartyScore, StatisticsRequest, StatisticsResponse,
};
use proto::intake::v1::{ReopenFiledRequest, SupplementRequest};
use story::read;
use tonic::Code;

use crate::stories::played;
use crate::support::installation::{CURRENT, Installation, acting, operator};
use crate::support::program::{huying, huying_ok};
use crate::support::root;

const DISTRICT: &str = "wuchang";
/// The month in which the story's case came in.
const MONTH: &str = "2019-04";

/// What is seen of a district and of its only case.
#[derive(Debug, PartialEq)]
struct Seen {
    scores: Vec<PartyScore>,
    statistics: StatisticsResponse,
    case: Case,
    exported: Vec<ExportedCase>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filed_case_is_shown_and_counted_as_before_and_reopened_as_a_new_one() {
    let installation = Installation::start(&[DISTRICT]);
    let story = read(&root().join("tests/stories/s1-tanhualin.yaml")).unwrap();
    let told = played(&installation, &story).await;
    assert!(told.differences.is_empty(), "{:?}", told.differences);
    let before = Seen::at(&installation).await;
    let old = before.case.summary.clone().unwrap();
    assert_eq!((before.scores.len(), old.state.as_str(), old.filed_at), (3, "closed", None));

    // With the door open, what is not filed is sent to where it is worked on.
    let reopen = |reason: &str| ReopenFiledRequest {
        district: DISTRICT.to_owned(),
        case_id: old.case_id.clone(),
        command_id: format!("reopen-{}", reason.len()),
        reason: reason.to_owned(),
    };
    let street = acting("street", "wuchang-liangdao-command-centre");
    let mut intake = installation.intake(&street).await;
    let refused = intake.reopen_filed(reopen("车又开进来了")).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert!(refused.message().contains("not-filed"), "{refused}");

    let data = installation.data().path().display().to_string();
    let filed = huying_ok(&["archive", "run", "--closed-before", "2019-06-01", "--json", "--data", data.as_str()]);
    let report: serde_json::Value = serde_json::from_str(&filed).unwrap();
    assert_eq!(report["filed"], 1, "{report}");

    let mut after = Seen::at(&installation).await;
    assert!(after.filed_at_is_taken_out(), "the case says that it is filed: {after:?}");
    assert_eq!(after, before);

    // An analyst's file has it too.
    let to = installation.data().path().join("exports").display().to_string();
    let export = ["archive", "export", "--to", to.as_str(), "--data", data.as_str(), "--month"];
    let said = huying_ok(&[&export[..], &[MONTH, "--json"]].concat());
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((said["files"][0]["cases"].clone(), said["month"].clone()), (1.into(), MONTH.into()), "{said}");
    let mut magic = [0; 4];
    File::open(said["files"][0]["file"].as_str().unwrap()).unwrap().read_exact(&mut magic).unwrap();
    assert_eq!(&magic, b"PAR1");
    let wrong = huying(&[&export[..], &["2019-13"]].concat());
    let complaint = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && complaint.contains("month") && complaint.contains("2019-13"), "{complaint}");
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 1, "nothing half done is left behind");

    // Nothing is added to it any more …
    let add = SupplementRequest {
        district: DISTRICT.to_owned(),
        case_id: old.case_id.clone(),
        command_id: "add".to_owned(),
        text: "又堵了".to_owned(),
        evidence: vec![],
    };
    let refused = intake.supplement(add).await.unwrap_err();
    assert!(refused.code() == Code::FailedPrecondition && refused.message().contains("ReopenFiled"), "{refused}");

    // … and it goes on as another, once.
    let stranger = acting("street", "wuchang-zhongnan-command-centre");
    let refused = installation.intake(&stranger).await.reopen_filed(reopen("不是我的")).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "{refused}");
    let first = intake.reopen_filed(reopen("车又开进来了")).await.unwrap().into_inner();
    assert!(!first.repeated && first.case_id != old.case_id, "{first:?}");
    let again = intake.reopen_filed(reopen("车又开进来了")).await.unwrap().into_inner();
    assert!(again.repeated && again.case_id == first.case_id && again.position == first.position, "{again:?}");
    let refused = intake.reopen_filed(reopen("另一个更长的理由")).await.unwrap_err();
    assert!(refused.code() == Code::AlreadyExists && refused.message().contains(&first.case_id), "{refused}");

    let new = installation.case(DISTRICT, &first.case_id).await;
    let summary = new.summary.unwrap();
    assert_eq!((summary.title, summary.channel, summary.caller_class), (old.title, old.channel, old.caller_class));
    assert_eq!(new.related_case, old.case_id, "it names the old one");
    assert!(new.timeline.iter().any(|entry| entry.event == "Supplemented" && entry.summary.contains("车又开进来了")));
    // The old one has not changed.
    let Seen { case, .. } = Seen::at_case(&installation, &old.case_id).await;
    assert_eq!(case.timeline, before.case.timeline);
}

impl Seen {
    /// Of the district's only case.
    async fn at(installation: &Installation) -> Self {
        let listed = installation.cases(DISTRICT).await;
        let [only] = &listed[..] else { panic!("{} cases", listed.len()) };
        Self::at_case(installation, &only.case_id).await
    }

    async fn at_case(installation: &Installation, case: &str) -> Self {
        let mut casebook = installation.casebook(&operator()).await;
        let (district, freshness) = (DISTRICT.to_owned(), Some(CURRENT));
        let asked = GetScoresRequest { district: district.clone(), freshness, ..GetScoresRequest::default() };
        let scores = casebook.get_scores(asked).await.unwrap().into_inner().scores;
        let asked = StatisticsRequest { district: district.clone(), freshness, ..StatisticsRequest::default() };
        let mut statistics = casebook.statistics(asked).await.unwrap().into_inner();
        statistics.as_of = None;
        let asked = ExportRequest { district, month: MONTH.to_owned(), freshness };
        let mut rows = casebook.export(asked).await.unwrap().into_inner();
        let (mut exported, mut last) = (Vec::new(), false);
        while let Some(some) = rows.message().await.unwrap() {
            assert!(!last, "nothing comes after the last answer");
            exported.extend(some.cases);
            last = some.last;
        }
        assert!(last, "an export says that it is whole");
        Self { scores, statistics, case: installation.case(DISTRICT, case).await, exported }
    }

    /// Takes out what alone may be new; false: it is not there.
    fn filed_at_is_taken_out(&mut self) -> bool {
        let of_case = self.case.summary.as_mut().and_then(|summary| summary.filed_at.take());
        let of_rows =
            self.exported.iter_mut().map(|row| row.summary.as_mut().and_then(|summary| summary.filed_at.take()));
        of_case.is_some() && of_rows.collect::<Vec<_>>().iter().all(Option::is_some)
    }
}
