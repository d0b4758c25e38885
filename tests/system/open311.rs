//! The door for machines as other cities' programs know it: Open311 GeoReport v2, in both of its formats, and read by a client that
//! nobody here wrote.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::http::{Answer, Machine};
use crate::support::installation::{bridge, shared};
use crate::support::{python, until};

const BRIDGE: &str = "heping-board";
const DISTRICT: &str = "heping";

fn description(answer: &Answer) -> &str {
    answer.body[0]["description"].as_str().unwrap_or_default()
}

fn request_id(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body[0]["service_request_id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_round_with_a_client_nobody_here_wrote() {
    let installation = shared();
    let city = Machine::new(&installation, &bridge(BRIDGE));
    let key = city.token().to_owned();
    let report = |more: &str| format!("api_key={key}&service_code=other&lat=39.12&long=117.2&{more}");
    let first =
        city.form("/open311/v2/requests.json", &report("description=路灯不亮%0A<三盏>&address_string=和平路1号")).await;
    let first = request_id(&first);
    // The standard has no name for a request; with one it may be sent again.
    let named = report("description=井盖松动&attribute[external_ref]=o-1&attribute[colour][]=red&account_id=c-7");
    let second = request_id(&city.form("/open311/v2/requests.json", &named).await);
    assert_eq!(request_id(&city.form("/open311/v2/requests.json", &named).await), second);
    let shown = installation.case(DISTRICT, &second).await;
    assert_eq!((shown.text.as_str(), shown.callers[0].caller_ref.as_str()), ("井盖松动\ncolour：red", "c-7"));

    let root = format!("{}/open311/v2", installation.endpoints.door);
    let ids = json!([first, second]);
    let json = python::run("open311.py", &[&root, &key, "json"], &ids).await;
    let xml = python::run("open311.py", &[&root, &key, "xml"], &ids).await;
    assert_eq!(json["one"]["service_request_id"], first.as_str(), "{json:#}");
    assert_eq!((&json["one"]["status"], &json["one"]["description"]), (&json!("open"), &json!("路灯不亮\n<三盏>")));
    assert_eq!(xml["one"]["description"], json["one"]["description"]);
    assert_eq!(xml["named"], xml["one"], "one element is an object to it");
    let both = |said: &Value| -> Vec<Value> {
        said["both"].as_array().unwrap().iter().map(|one| one["service_request_id"].clone()).collect()
    };
    assert_eq!((both(&json), both(&xml)), (vec![json!(first), json!(second)], vec![json!(first), json!(second)]));
    for said in [&json, &xml] {
        assert_eq!(
            (&said["unknown"], &said["unknown_among"], &said["without_key"]),
            (&json!(404), &json!(404), &json!(403))
        );
        let codes: Vec<&str> =
            said["services"].as_array().unwrap().iter().filter_map(|it| it["service_code"].as_str()).collect();
        assert!(codes.len() > 10 && codes.contains(&"other"), "{codes:?}");
        let open = said["open"].as_array().unwrap();
        assert!(open.iter().any(|one| one["service_request_id"] == second.as_str()), "{open:?}");
    }
    assert_eq!(json["services"].as_array().unwrap().len(), xml["services"].as_array().unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_standard_refuses_is_refused_in_its_form() {
    let installation = shared();
    let city = Machine::new(&installation, &bridge(BRIDGE));
    let key = city.token().to_owned();
    let post = async |said: &str| city.form("/open311/v2/requests.json", &format!("api_key={key}&{said}")).await;
    for (said, wrong) in [
        ("description=a", "service_code: is missing (required)"),
        ("service_code=ghosts&description=a", "category: "),
        ("service_code=other&description=a&lat=95&long=117", "place.latitude: "),
        ("service_code=other&description=a&lat=39", "place.longitude: "),
        ("service_code=other&description=a&lat=north", "place.latitude: "),
        ("service_code=other&description=a&address_id=heping-market", "place.party: "),
        ("service_code=other&description=a&requested_datetime=gestern", "requested_datetime: "),
        ("service_code=other&description=a&jurisdiction_id=atlantis", "district: "),
        ("service_code=other&descripton=a", "descripton: it is no parameter here"),
    ] {
        let answer = post(said).await;
        assert_eq!(
            (answer.status, &answer.body[0]["code"]),
            (StatusCode::BAD_REQUEST, &json!("400")),
            "{said}: {answer:?}"
        );
        assert!(description(&answer).starts_with(wrong), "{said}: {answer:?}");
    }
    let json = city.post("/open311/v2/requests.json", &json!({ "service_code": "other" })).await;
    assert_eq!(json.status, StatusCode::BAD_REQUEST);
    assert!(description(&json).contains("application/x-www-form-urlencoded"), "{json:?}");
    let get = async |said: &str| city.get(&format!("/open311/v2/requests.json?{said}")).await;
    let too_long = get("start_date=2026-01-01T00:00:00Z&end_date=2026-06-01T00:00:00Z").await;
    assert_eq!(too_long.status, StatusCode::BAD_REQUEST);
    assert!(description(&too_long).contains("90 days"), "{too_long:?}");
    assert!(description(&get("status=done").await).starts_with("status: "));
    let xml = city.get("/open311/v2/requests/260101-0000000.xml").await;
    assert_eq!(
        (xml.status, xml.headers["content-type"].to_str().unwrap()),
        (StatusCode::NOT_FOUND, "text/xml; charset=utf-8")
    );
    assert!(xml.body.as_str().unwrap().contains("<errors><error><code>404</code>"), "{xml:?}");
    assert_eq!(city.get("/open311/v2/requests").await.status, StatusCode::NOT_FOUND);
    assert_eq!(city.get("/open311/v2/nothing.json").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_listed_by_time_and_what_became_of_them_is_told() {
    let installation = shared();
    let city = Machine::new(&installation, &bridge("heping-weilinli"));
    let mut ids = Vec::new();
    for title in ["树倒了", "水管爆了", "井盖丢了"] {
        let form = format!("api_key={}&service_code=other&description={title}", city.token());
        ids.push(request_id(&city.form("/open311/v2/requests.json", &form).await));
    }
    ids.reverse();
    // The list is a moment behind.
    let listed = |query: &'static str| {
        let city = &city;
        async move {
            let listed = city.get(&format!("/open311/v2/requests.json?{query}")).await;
            let of = listed.body.as_array().unwrap_or_else(|| panic!("{listed:?}")).clone();
            of.iter().map(|one| one["service_request_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    until("all three are listed", async || Some(listed("").await).filter(|found| found.len() == ids.len())).await;
    assert_eq!(listed("").await, ids, "newest first");
    assert_eq!(listed("page_size=2").await, ids[..2]);
    assert_eq!(listed("page_size=2&page=2").await, ids[2..]);
    assert_eq!(listed("status=closed").await, Vec::<String>::new());
    assert_eq!(listed("end_date=2020-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(listed("service_code=no-such").await, Vec::<String>::new());
    let token = city.get(&format!("/open311/v2/tokens/{}.json", ids[0])).await;
    assert_eq!(request_id(&token), ids[0]);

    let said = format!("service_request_id={}&update_id=u-1&description=又响了", ids[0]);
    for _ in 0..2 {
        let told = city.form("/open311/v2/servicerequestupdates.json", &said).await;
        assert_eq!((told.status, &told.body[0]["update_id"]), (StatusCode::OK, &json!("u-1")), "{told:?}");
    }
    let shown = installation.case(DISTRICT, &ids[0]).await;
    assert_eq!(shown.timeline.iter().filter(|entry| entry.event == "Supplemented").count(), 1);
    let updates = city.get(&format!("/open311/v2/servicerequestupdates.json?service_request_id={}", ids[1])).await;
    assert_eq!(updates.body[0]["description"], "已受理", "{updates:?}");
    assert_eq!(updates.body[0]["service_request_id"], ids[1].as_str());
    let none = city.get("/open311/v2/servicerequestupdates.json?start_date=2100-01-01T00:00:00Z").await;
    assert_eq!(none.body, json!([]));
    let discovery = city.get("/open311/v2/discovery.json").await;
    assert_eq!(discovery.body["endpoints"][0]["url"], format!("{}/open311/v2", installation.endpoints.door));
}
