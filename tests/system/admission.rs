//! A refusal that is on the record stays a refusal, also for whoever asks again under the same command id.

use proto::common::v1::Place;
use proto::dispatch::v1::{AdmitRequest, AssignRequest, GetRequest, PlanTasksRequest, PlannedTask};
use proto::intake::v1::SubmitRequest;
use tonic::Code;

use crate::support::installation::{Installation, acting, bridge};
use crate::support::{submission, until};

const DISTRICT: &str = "wuchang";
const CENTRE: &str = "wuchang-liangdao-command-centre";
const COMMUNITY: &str = "wuchang-liangdao-tanhualin";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_on_the_record_is_refused_again_and_recorded_once() {
    // One of its own: others count the cases of this district.
    let installation = Installation::start(&[DISTRICT]);
    let request = SubmitRequest {
        category: "elevators".to_owned(),
        place: Some(Place { party: COMMUNITY.to_owned(), ..Place::default() }),
        ..submission(DISTRICT, "admission-1", "电梯经常停运")
    };
    let case = installation.intake(&bridge("wuchang-grid")).await.submit(request).await.unwrap().into_inner().case_id;
    let mut district = installation.dispatch(&acting("district", "wuchang-centre")).await;
    let mut street = installation.dispatch(&acting("street", CENTRE)).await;
    let named = |case: &str| (DISTRICT.to_owned(), case.to_owned());
    until("the case has an owner", async || {
        let (district, case_id) = named(&case);
        let known = street.get(GetRequest { district, case_id }).await.ok()?.into_inner();
        (known.phase == "open").then_some(())
    })
    .await;
    let (district_code, case_id) = named(&case);
    let to_the_centre = AssignRequest {
        district: district_code,
        case_id,
        command_id: "to-the-centre".to_owned(),
        party: CENTRE.to_owned(),
        ..AssignRequest::default()
    };
    district.assign(to_the_centre).await.unwrap();

    let plan = |command: &str| {
        let (district, case_id) = named(&case);
        let task =
            PlannedTask { party: COMMUNITY.to_owned(), title: "逐户登记".to_owned(), ..PlannedTask::default() };
        PlanTasksRequest { district, case_id, command_id: command.to_owned(), tasks: vec![task] }
    };
    for _ in 0..2 {
        let refused = street.plan_tasks(plan("first")).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        assert!(refused.message().contains("list of communities"), "{refused}");
    }
    let (district_code, case_id) = named(&case);
    let reason = "只此一次".to_owned();
    let admit = AdmitRequest { district: district_code, case_id, command_id: "admit".to_owned(), reason };
    district.admit(admit).await.unwrap();
    // What was asked before the admission was answered then; asked anew it is taken.
    assert_eq!(street.plan_tasks(plan("first")).await.unwrap_err().code(), Code::FailedPrecondition);
    street.plan_tasks(plan("second")).await.unwrap();
    let timeline = until("the timeline shows it", async || {
        let timeline = installation.case(DISTRICT, &case).await.timeline;
        timeline.iter().any(|entry| entry.event == "TaskPlanned").then_some(timeline)
    })
    .await;
    let times = |event: &str| timeline.iter().filter(|entry| entry.event == event).count();
    assert_eq!((times("AdmissionRefused"), times("Admitted"), times("TaskPlanned")), (1, 1, 1));
}
