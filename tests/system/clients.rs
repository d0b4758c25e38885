//! Programs that nobody here wrote, with nothing but the contracts: nats-py with a bridge's key, grpcio by reflection.

use serde_json::json;

use crate::support::installation::{bridge, shared};
use crate::support::python;

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_written_in_python_submits_over_nats() {
    let installation = shared();
    let key = installation.data().key_file("jiangan-weilinli");
    let args = [&installation.endpoints.nats, key.to_str().unwrap(), "jiangan-weilinli"];
    let submission = json!({
        "external_ref": "python-1",
        "title": "路灯不亮",
        "text": "巷口三盏灯都不亮",
        "kind": "CASE_KIND_REPORT",
        "place": { "address": "胜利街158号", "longitude": 114.3, "latitude": 30.6 },
        "occurred_at": "2024-03-01T20:15:00+08:00",
    });
    let first = python::run("bridge.py", &args, &submission).await;
    let case = first["ok"]["case_id"].as_str().unwrap_or_else(|| panic!("{first:#}")).to_owned();
    let again = python::run("bridge.py", &args, &submission).await;
    assert_eq!((again["ok"]["case_id"].as_str(), again["ok"]["repeated"].as_bool()), (Some(case.as_str()), Some(true)));
    let refused = python::run("bridge.py", &args, &json!({ "external_ref": "python-2", "title": "" })).await;
    assert_eq!(refused["refusal"]["code"], "INVALID_ARGUMENT", "{refused:#}");
    assert_eq!(refused["refusal"]["violations"][0]["rule"], "required", "{refused:#}");

    let shown = installation.case("jiangan", &case).await;
    assert_eq!(shown.text, "巷口三盏灯都不亮");
    assert_eq!(shown.summary.unwrap().bridge, "jiangan-weilinli");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_finds_its_way_by_reflection_alone() {
    let installation = shared();
    let address = installation.endpoints.grpc.strip_prefix("http://").unwrap();
    let token = installation.token(&bridge("jiangan-board"));
    let submission = json!({
        "district": "jiangan",
        "external_ref": "reflection-1",
        "title": "井盖松动",
        "text": "走过去会响",
        "category": "courtyard-parking",
        "place": { "party": "jiangan-yiyuan-tongxing-grid-1" },
    });
    let told = python::run("reflection.py", &[address, &token], &submission).await;
    let services: Vec<&str> = told["services"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    for service in [
        "huying.intake.v1.IntakeService",
        "huying.triage.v1.TriageService",
        "huying.dispatch.v1.DispatchService",
        "huying.enforcement_center.v1.EnforcementCenterService",
        "huying.evaluation.v1.EvaluationService",
        "huying.notification.v1.NotificationService",
        "huying.responder.v1.ResponderService",
        "grpc.health.v1.Health",
    ] {
        assert!(services.contains(&service), "{service} is not among {services:?}");
    }
    assert_eq!(told["without_token"], "UNAUTHENTICATED");
    assert_eq!(told["case"]["summary"]["case_id"], told["submitted"]["case_id"]);
    let timeline: Vec<&str> =
        told["case"]["timeline"].as_array().unwrap().iter().filter_map(|entry| entry["event"].as_str()).collect();
    assert_eq!(timeline.first(), Some(&"Received"));
    assert!(timeline.contains(&"Assigned"), "the services did not go on with it: {timeline:?}");
}
