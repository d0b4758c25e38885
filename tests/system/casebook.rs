//! What was recorded is read back: at once by whoever was told where it stands, and without a gap by whoever watches.

use proto::casebook::v1::{Freshness, ListRequest, WatchRequest};
use proto::intake::v1::{SubmitResponse, SupplementRequest};
use tonic::Code;

use crate::support::installation::{bridge, operator, shared};
use crate::support::submission;

const DISTRICT: &str = "heping";
/// What nobody else says: others submit through the same bridge meanwhile.
const SAID: &str = "巷口第三盏路灯不亮";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_recorded_something_reads_it_at_the_position_they_were_told() {
    let installation = shared();
    let carrier = bridge("heping-board");
    let mut intake = installation.intake(&carrier).await;
    let mut casebook = installation.casebook(&carrier).await;
    for number in 0..20 {
        let report = submission(DISTRICT, &format!("read-at-once-{number}"), SAID);
        let SubmitResponse { case_id, position, .. } = intake.submit(report).await.unwrap().into_inner();
        assert!(position > 0, "an answer says where it stands");
        let freshness = Some(Freshness { at_least: position, current: false });
        let newest = ListRequest {
            district: DISTRICT.to_owned(),
            text: SAID.to_owned(),
            page_size: 1,
            freshness,
            ..ListRequest::default()
        };
        let listed = casebook.list(newest).await.unwrap().into_inner();
        assert!(listed.as_of.is_some_and(|as_of| as_of.position >= position));
        let ids: Vec<&str> = listed.cases.iter().map(|line| line.case_id.as_str()).collect();
        assert_eq!(ids, [case_id.as_str()], "the newest of its own");
    }
    let beyond = Some(Freshness { at_least: u64::MAX / 2, current: false });
    let refused = casebook.list(ListRequest { freshness: beyond, ..ListRequest::default() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "nothing is shown as fresher than it is: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_was_cut_off_goes_on_after_what_it_saw() {
    let installation = shared();
    let carrier = bridge("heping-board");
    let mut intake = installation.intake(&carrier).await;
    let report = submission(DISTRICT, "watched", "下水道堵塞");
    let received = intake.submit(report).await.unwrap().into_inner();
    let more = |text: &str| SupplementRequest {
        district: DISTRICT.to_owned(),
        case_id: received.case_id.clone(),
        command_id: format!("{}-{text}", received.case_id),
        text: text.to_owned(),
        evidence: vec![],
    };
    let supplemented = intake.supplement(more("first")).await.unwrap().into_inner();
    intake.supplement(more("second")).await.unwrap();
    // It saw the case received, and what was said first.
    let watch = WatchRequest {
        district: DISTRICT.to_owned(),
        case_id: received.case_id.clone(),
        after: supplemented.position,
        ..WatchRequest::default()
    };
    let mut facts = installation.casebook(&operator()).await.watch(watch).await.unwrap().into_inner();
    loop {
        let told = facts.message().await.unwrap().expect("the feed goes on");
        assert!(told.position > supplemented.position);
        let entry = told.entry.unwrap_or_default();
        if entry.event == "Supplemented" {
            assert!(entry.summary.contains("second"), "{}", entry.summary);
            return;
        }
    }
}
