//! What joins the platform to the outside, by the commands of the operator's tool: a department that answers its call, and a bridge and a
//! department that are paused, and lose nothing by it.

use proto::common::v1::{Duty, Place};
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::intake::v1::SubmitRequest;
use proto::subjects::BridgeSubject;
use serde_json::{Value, json};

use crate::http::Machine;
use crate::support::installation::{Installation, acting, bridge, shared};
use crate::support::program::{huying, huying_ok};
use crate::support::{WAIT, until};

const DISTRICT: &str = "jiangan";
const STREET: &str = "jiangan-yiyuan-command-centre";
/// Nobody else has calls for it.
const HOUSING: &str = "jiangan-housing";
/// Nobody else brings anything in through it.
const BRIDGE: &str = "jiangan-superior";

/// A command of `huying`, on the installation of the tests, with what it prints as JSON.
async fn said(installation: &Installation, args: &[&str]) -> Value {
    let (status, printed) = ran(installation, args).await;
    assert_eq!(status, Some(0), "{args:?}: {printed}");
    printed
}

async fn ran(installation: &Installation, args: &[&str]) -> (Option<i32>, Value) {
    let data = installation.data().path().display().to_string();
    let args: Vec<String> = args.iter().copied().chain(["--data", &data, "--json"]).map(str::to_owned).collect();
    let output = tokio::task::spawn_blocking(move || huying(&args)).await.unwrap();
    let printed = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), printed)
}

/// A tree for which the street calls.
async fn called(installation: &Installation, reference: &str) -> String {
    let request = SubmitRequest {
        external_ref: reference.to_owned(),
        category: "dangerous-tree".to_owned(),
        title: "路边大树歪斜".to_owned(),
        place: Some(Place { party: "jiangan-yiyuan-tongxing-grid-1".to_owned(), ..Place::default() }),
        ..SubmitRequest::default()
    };
    let case_id =
        installation.intake(&bridge("jiangan-grid")).await.submit(request).await.unwrap().into_inner().case_id;
    let call = CallRequest {
        district: DISTRICT.to_owned(),
        case_id: case_id.clone(),
        situation: "dangerous-tree".to_owned(),
        parties: vec![CalledParty { party: HOUSING.to_owned(), duty: Duty::Lead.into() }],
        ..CallRequest::default()
    };
    let mut street = installation.dispatch(&acting("street", STREET)).await;
    until("the street may call", async || street.call(call.clone()).await.ok()).await;
    case_id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_department_gets_its_calls_afterwards_and_answers_them_at_a_terminal() {
    let installation = shared();
    let paused = said(&installation, &["connector", "pause", HOUSING, "--reason", "机房搬迁", "--by", "wang"]).await;
    assert_eq!((&paused["health"], &paused["decided"]["by"]), (&json!("paused"), &json!("wang")), "{paused}");
    let case = called(&installation, "paused-1").await;
    until("the order waits", async || {
        let shown = said(&installation, &["connector", "show", HOUSING]).await;
        (shown["backlog"].as_u64() >= Some(1)).then_some(())
    })
    .await;
    let calls = async || {
        let listed = said(&installation, &["call", "list", "--department", HOUSING, "--open"]).await;
        let calls = listed["calls"].as_array().cloned().unwrap_or_default();
        calls.into_iter().find(|call| call["case_id"] == case.as_str())
    };
    assert_eq!(calls().await, None, "what is held back does not come");
    said(&installation, &["connector", "resume", HOUSING, "--by", "wang"]).await;
    let call = until("the order comes", calls).await;
    assert_eq!(call["state"], "called");

    let answer = async |what: &[&str]| {
        let about = ["call", what[0], case.as_str(), "--department", HOUSING];
        ran(&installation, &[&about[..], &what[1..]].concat()).await
    };
    let (_, early) = answer(&["done", "--outcome", "solved", "--evidence", "photo/1.jpg"]).await;
    assert_eq!((&early["state"], early["refusal"]["code"].as_str()), (&json!("refused"), Some("FAILED_PRECONDITION")));
    let respond = ["respond", "--officer", "yl-17", "--post", "值班长", "--command-id", "t-1"];
    let (status, first) = answer(&respond).await;
    assert_eq!((status, &first["state"]), (Some(0), &json!("accepted")), "{first}");
    assert_eq!(answer(&respond).await.1, first, "the same again");
    for what in [
        &["report-in", "--officer", "yl-17", "--in-charge"][..],
        &["progress", "--kind", "action", "--note", "已锯除"],
        &["done", "--outcome", "solved", "--note", "已清运", "--evidence", "photo/1.jpg"],
    ] {
        let (status, taken) = answer(what).await;
        assert_eq!((status, &taken["state"]), (Some(0), &json!("accepted")), "{what:?}: {taken}");
    }
    let (status, late) =
        answer(&["return", "--basis", "duty", "--reason", "不是我们的", "--proposes", "jiangan-traffic-police"]).await;
    assert_eq!((status, &late["state"]), (Some(1), &json!("refused")), "{late}");
    let timeline = installation.case(DISTRICT, &case).await.timeline;
    let events: Vec<&str> = timeline.iter().map(|entry| entry.event.as_str()).collect();
    let own = ["Responded", "ReportedIn", "Progressed", "PartyDone"];
    assert_eq!(events.into_iter().filter(|event| own.contains(event)).collect::<Vec<_>>(), own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_bridge_is_told_to_come_again_and_loses_nothing() {
    let installation = shared();
    let submission = json!({ "external_ref": "p-1", "title": "井盖松动", "category": "dangerous-tree" });
    let board = installation.broker(BRIDGE).await;
    let submit = async || -> Value {
        let subject = BridgeSubject::submit(&BRIDGE.parse().unwrap());
        let payload = submission.to_string().into_bytes();
        serde_json::from_slice(&board.requester().request(subject, payload, WAIT).await.unwrap()).unwrap()
    };
    said(&installation, &["connector", "pause", BRIDGE, "--reason", "重复报送", "--by", "wang"]).await;
    let refused = until("intake knows", async || Some(submit().await).filter(|it| it["refusal"].is_object())).await;
    let refusal = &refused["refusal"];
    assert_eq!((&refusal["code"], &refusal["retry_after_s"]), (&json!("UNAVAILABLE"), &json!(60)), "{refused}");
    let words = refusal["message"].as_str().unwrap();
    assert!(words.contains("重复报送") && words.contains("connector-paused"), "{words}");
    let over_http = Machine::new(&installation, &bridge(BRIDGE)).post("/v1/cases", &submission).await;
    assert_eq!(
        (over_http.status.as_u16(), &over_http.body["rule"]),
        (503, &json!("connector-paused")),
        "{over_http:?}"
    );

    let listed = said(&installation, &["connector", "list", "--trouble"]).await;
    let all = listed.as_array().unwrap();
    assert!(
        all.iter().any(|it| it["code"] == BRIDGE && it["kind"] == "bridge" && it["health"] == "paused"),
        "{listed}"
    );
    said(&installation, &["connector", "resume", BRIDGE, "--by", "wang"]).await;
    let taken = until("intake knows", async || Some(submit().await).filter(|it| it["ok"].is_object())).await;
    let shown = said(&installation, &["connector", "show", BRIDGE]).await;
    assert_eq!((&shown["health"], &shown["connections"]), (&json!("connected"), &json!(1)), "{taken}: {shown}");
    assert!(shown["last_exchange"].is_string() && shown["decided"]["paused"] == false, "{shown}");
    let data = installation.data().path().display().to_string();
    let table = huying_ok(&["connector", "list", "--district", DISTRICT, "--data", &data]);
    assert!(table.lines().any(|line| line.starts_with("notification") && line.contains(" out ")), "{table}");
}
