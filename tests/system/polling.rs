//! A department's own system polls for orders over HTTP, and answers them, with the department's token.

use serde_json::{Value, json};

use crate::access::called_case;
use crate::http::Machine;
use crate::support::installation::{acting, bridge, shared};
use crate::support::until;

const DISTRICT: &str = "jiangan";
const PARKS: &str = "jiangan-parks";

#[tokio::test(flavor = "multi_thread")]
async fn a_departments_own_system_polls_its_orders_and_answers_them() {
    let installation = shared();
    let case = called_case(&installation, "polling").await;
    let system = Machine::new(&installation, &acting("department", PARKS));
    let mut cursor = String::new();
    let order = until("the order is listed", async || {
        let page = system.get(&format!("/v1/orders?limit=20&after={cursor}")).await;
        cursor = page.body["next_cursor"].as_str().unwrap_or_else(|| panic!("{page:?}")).to_owned();
        let orders = page.body["orders"].as_array().cloned().unwrap_or_default();
        orders.into_iter().find(|it| it["order"]["case_id"] == case.as_str() && it["order"]["call"].is_object())
    })
    .await;
    let behind = order["cursor"].as_str().unwrap();
    let next = system.get(&format!("/v1/orders?after={behind}")).await;
    let again = next.body["orders"].as_array().cloned().unwrap_or_default();
    assert!(again.iter().all(|it| it["order"]["n"] != order["order"]["n"] || it["order"]["case_id"] != case.as_str()));
    let listed = system.get("/v1/calls?open=true&limit=1000").await;
    let is_it = |call: &Value| call["case_id"] == case.as_str();
    assert!(listed.body["calls"].as_array().unwrap().iter().any(is_it), "{listed:?}");

    let officer = json!({ "staff_ref": "yl-0021", "post": "科长" });
    let response = json!({ "district": DISTRICT, "command_id": "h-1", "officer": officer });
    let path = |what: &str| format!("/v1/calls/{case}/1/{what}");
    let responded = system.post(&path("response"), &response).await;
    assert_eq!(responded.body["status"]["state"], "ANSWER_STATE_ACCEPTED", "{responded:?}");
    let repeated = system.post(&path("response"), &response).await;
    assert_eq!((repeated.status.as_u16(), &repeated.body), (200, &responded.body));
    let report = |owns_matter: bool, name: &str| json!({ "district": DISTRICT, "command_id": name, "officer": officer, "owns_matter": owns_matter });
    let refused = system.post(&path("report-in"), &report(false, "h-2")).await;
    assert_eq!((refused.status.as_u16(), &refused.body["rule"]), (409, &json!("refused-by-the-hub")), "{refused:?}");
    assert_eq!(system.post(&path("report-in"), &report(true, "h-3")).await.status.as_u16(), 200);

    // What does not fit is named.
    let twice = system.post(&path("progress"), &json!({ "district": DISTRICT, "call": 2, "note": "在路上" })).await;
    assert_eq!((&twice.body["field"], &twice.body["rule"]), (&json!("call"), &json!("said-twice")), "{twice:?}");
    let unsaid = system.post(&path("progress"), &json!({ "district": DISTRICT })).await;
    assert_eq!((unsaid.status.as_u16(), unsaid.body["violations"].as_array().unwrap().len()), (400, 2), "{unsaid:?}");
    let bogus = system.get("/v1/orders?after=yesterday").await;
    assert_eq!((bogus.status.as_u16(), &bogus.body["field"]), (400, &json!("after")), "{bogus:?}");
    let stranger = Machine::new(&installation, &bridge("jiangan-board"));
    assert_eq!(stranger.get("/v1/orders").await.status.as_u16(), 403);
}
