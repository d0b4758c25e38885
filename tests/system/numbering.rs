//! Two operations of one centre at once: every paper has a number, none twice, none left out.

use std::collections::BTreeSet;

use ids::{HistoryKey, Kind, Owner};
use proto::common::v1::Place;
use proto::enforcement_center::v1::enforcement_center_service_client::EnforcementCenterServiceClient;
use proto::enforcement_center::v1::{DecidePathRequest, GetOperationRequest, PathStep, RenderDocumentRequest};
use proto::intake::v1::SubmitRequest;
use proto::triage::v1::RegradeRequest;

use crate::support::installation::{Installation, acting, bridge, shared};
use crate::support::until;

const DISTRICT: &str = "jiangan";
const CENTRE: &str = "jiangan-huaqiao-enforcement-centre";
/// At once, and how many papers each makes.
const OPERATIONS: usize = 2;
const PAPERS: usize = 3;

/// A case that two legal powers make one of the centre, once its operation is open.
async fn operation(installation: &Installation, number: usize) -> String {
    let submission = SubmitRequest {
        district: DISTRICT.to_owned(),
        external_ref: format!("numbering-{number}"),
        title: format!("占道经营 {number}"),
        place: Some(Place { party: "jiangan-huaqiao".to_owned(), ..Place::default() }),
        category: "occupied-road".to_owned(),
        ..SubmitRequest::default()
    };
    let case = installation.intake(&bridge("jiangan-board")).await.submit(submission).await.unwrap();
    let case = case.into_inner().case_id;
    let triage = installation.triage(&acting("district", "jiangan-centre")).await;
    let request = RegradeRequest {
        district: DISTRICT.to_owned(),
        case_id: case.clone(),
        category: "occupied-road".to_owned(),
        also: vec!["fire-hazard".to_owned()],
        reason: "占道、消防、经营".to_owned(),
        ..RegradeRequest::default()
    };
    until("it is judged", async || triage.clone().regrade(request.clone()).await.ok()).await;
    let centre = desk(installation).await;
    let look = GetOperationRequest { district: DISTRICT.to_owned(), case_id: case.clone() };
    until("its operation is open", async || centre.clone().get_operation(look.clone()).await.ok()).await;
    case
}

async fn desk(installation: &Installation) -> EnforcementCenterServiceClient<huying::client::Authorised> {
    EnforcementCenterServiceClient::new(installation.channel(&acting("enforcement-center", CENTRE)).await)
}

/// An assessment, agreed on again and again.
async fn assess(installation: &Installation, case: &str) {
    let mut desk = desk(installation).await;
    for paper in 0..PAPERS {
        let request = DecidePathRequest {
            district: DISTRICT.to_owned(),
            case_id: case.to_owned(),
            assessment: format!("第{paper}次研判"),
            steps: vec![PathStep {
                action: "现场叫停".to_owned(),
                power: "urban-management".to_owned(),
                ..PathStep::default()
            }],
            parties: vec![
                "jiangan-urban-management".to_owned(),
                "jiangan-market".to_owned(),
                "jiangan-police".to_owned(),
            ],
            ..DecidePathRequest::default()
        };
        desk.decide_path(request).await.unwrap();
    }
}

async fn printed(installation: &Installation, case: &str) -> Vec<String> {
    let mut desk = desk(installation).await;
    let mut numbers = Vec::new();
    for paper in 1..=PAPERS {
        let (district, case_id) = (DISTRICT.to_owned(), case.to_owned());
        let request = RenderDocumentRequest { district, case_id, document: format!("assessment-{paper}") };
        numbers.push(desk.render_document(request).await.unwrap().into_inner().number);
    }
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_two_operations_at_once_are_numbered_without_a_gap() {
    let installation = shared();
    let mut cases = Vec::new();
    for number in 0..OPERATIONS {
        cases.push(operation(&installation, number).await);
    }
    let (one, other) = (&cases[0], &cases[1]);
    tokio::join!(assess(&installation, one), assess(&installation, other));
    let (first, second) = tokio::join!(printed(&installation, one), printed(&installation, other));
    let all: BTreeSet<&String> = first.iter().chain(&second).collect();
    assert_eq!(all.len(), OPERATIONS * PAPERS, "{first:?} {second:?}");
    let year = year();
    let expected: Vec<String> =
        (1..=OPERATIONS * PAPERS).map(|number| format!("岸花综执研〔{year}〕{number:04}号")).collect();
    assert_eq!(all.into_iter().cloned().collect::<Vec<_>>(), expected);
    // Asked for again, each keeps its own; and the register has one fact for each.
    assert_eq!(printed(&installation, one).await, first);
    let broker = installation.broker("enforcement-center").await;
    let key =
        HistoryKey { kind: Kind::Register, district: DISTRICT.parse().unwrap(), id: format!("{CENTRE}-{year}-0") };
    let entered = broker.load_owner(&key, Owner::EnforcementCenter).await.unwrap();
    let facts = entered.iter().flat_map(|stored| &stored.commit.decisions).flat_map(|decision| &decision.events);
    assert_eq!(facts.count(), OPERATIONS * PAPERS);
}

fn year() -> i16 {
    let now = chassis::Clock::real().real_now();
    jiff::tz::TimeZone::get("Asia/Shanghai").unwrap().to_datetime(now).year()
}
