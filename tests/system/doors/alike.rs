//! One wrong submission at every door: the same field, the same rule, the same words.

use std::path::Path;

use proto::common::v1::FieldViolation;
use proto::intake::v1::SubmitRequest;

use super::*;
use crate::http::Machine;
use crate::support::program::huying;

/// A field of the submission, its value, the field that is named, and the rule.
type Wrong = (&'static str, fn() -> Value, &'static str, &'static str);

/// What is wrong of a submission.
const WRONG: [Wrong; 13] = [
    ("title", || json!("题".repeat(201)), "title", "text-length"),
    ("text", || json!("长".repeat(20_001)), "text", "text-length"),
    ("external_ref", || json!("r".repeat(201)), "external_ref", "text-length"),
    ("caller_ref", || json!("c".repeat(129)), "caller_ref", "text-length"),
    ("category", || json!("ghosts"), "category", "known-category"),
    ("district", || json!("atlantis"), "district", "known-district"),
    ("occurred_at", || json!("2119-01-01T00:00:00Z"), "occurred_at", "not-in-the-future"),
    ("place", || json!({ "party": "jiangan-parks" }), "place.party", "known-party"),
    ("place", || json!({ "address": "址".repeat(501) }), "place.address", "text-length"),
    ("place", || json!({ "longitude": 181, "latitude": 30.5 }), "place.longitude", "coordinate-range"),
    ("place", || json!({ "longitude": 114.3, "latitude": -90.5 }), "place.latitude", "coordinate-range"),
    ("place", || json!({ "longitude": 114.3 }), "place.latitude", "coordinate-pair"),
    ("channel", || json!("carrier-pigeon"), "channel", "known-channel"),
];

/// Under which name Open311 says a field; what it has no name for it cannot get wrong.
const IN_OPEN311: [(&str, &str); 11] = [
    ("/title", "title"),
    ("/text", "description"),
    ("/external_ref", "attribute[external_ref]"),
    ("/caller_ref", "account_id"),
    ("/category", "service_code"),
    ("/district", "jurisdiction_id"),
    ("/occurred_at", "requested_datetime"),
    ("/place/party", "address_id"),
    ("/place/address", "address_string"),
    ("/place/longitude", "long"),
    ("/place/latitude", "lat"),
];
/// Under which column a file says it.
const IN_A_FILE: [(&str, &str); 12] = [
    ("/title", "title"),
    ("/text", "text"),
    ("/external_ref", "external_ref"),
    ("/caller_ref", "caller_ref"),
    ("/category", "category"),
    ("/district", "district"),
    ("/occurred_at", "occurred_at"),
    ("/place/party", "place"),
    ("/place/address", "address"),
    ("/place/longitude", "longitude"),
    ("/place/latitude", "latitude"),
    ("/channel", "channel"),
];

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_submission_is_refused_in_the_same_words_at_every_door() {
    let installation = shared();
    let mut grpc = installation.intake(&bridge(BRIDGE)).await;
    let board = installation.broker(BRIDGE).await;
    let machine = Machine::new(&installation, &bridge(BRIDGE));
    let mut wrong = Vec::new();
    for (number, (name, value, field, rule)) in WRONG.into_iter().enumerate() {
        let mut said = json!({ "external_ref": format!("alike-{number}"), "title": "路灯不亮", "text": "三盏" });
        said[name] = value();
        let request: SubmitRequest = serde_json::from_value(said.clone()).unwrap();
        let over_grpc = refusal_of(&grpc.submit(request).await.unwrap_err());
        let [violation] = over_grpc.violations.as_slice() else { panic!("{name}: {over_grpc:?}") };
        assert_eq!((violation.field.as_str(), violation.rule.as_str()), (field, rule), "{over_grpc:?}");

        let over_http = machine.post("/v1/cases", &said).await;
        let mut doors = vec![
            ("NATS", submitted(&board, &said).await.violations),
            ("HTTP", serde_json::from_value(over_http.body["violations"].clone()).unwrap_or_default()),
            ("a file", in_a_file(installation.data().path(), &said)),
        ];
        if name != "channel" {
            doors.push(("Open311", over_open311(&machine, &said).await));
        }
        for (door, told) in doors {
            if alike(&told) != alike(&over_grpc.violations) {
                wrong.push(format!("{name} by {door}: {told:?}\n    and by gRPC: {:?}", over_grpc.violations));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two looks at the clock are two instants: digits are left out.
fn alike(violations: &[FieldViolation]) -> Vec<(String, String, String)> {
    let plain = |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    violations.iter().map(|it| (it.field.clone(), it.rule.clone(), plain(&it.description))).collect()
}

fn value_at<'v>(said: &'v Value, place: &str) -> Option<&'v Value> {
    said.pointer(place)
}

async fn over_open311(machine: &Machine, said: &Value) -> Vec<FieldViolation> {
    let mut form = vec![("api_key", machine.token().to_owned())];
    for (place, name) in IN_OPEN311 {
        form.extend(value_at(said, place).map(|value| (name, text(value))));
    }
    if said.get("category").is_none() {
        form.push(("service_code", "other".to_owned()));
    }
    let encoded: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let answer = machine.form("/open311/v2/requests.json", &encoded.join("&")).await;
    let errors = answer.body.as_array().unwrap_or_else(|| panic!("{answer:?}"));
    let read = |error: &Value| {
        let (field, rest) = error["description"].as_str().unwrap().split_once(": ").unwrap();
        let (description, rule) = rest.rsplit_once(" (").unwrap();
        let (field, rule) = (field.to_owned(), rule.trim_end_matches(')').to_owned());
        FieldViolation { field, rule, description: description.to_owned() }
    };
    errors.iter().map(read).collect()
}

fn in_a_file(data: &Path, said: &Value) -> Vec<FieldViolation> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alike.csv");
    let columns: Vec<&str> = IN_A_FILE.iter().map(|(_, column)| *column).collect();
    let row: Vec<String> =
        IN_A_FILE.iter().map(|(place, _)| value_at(said, place).map(text).unwrap_or_default()).collect();
    std::fs::write(&file, format!("{}\n{}\n", columns.join(","), row.join(","))).unwrap();
    let args =
        ["bridge", "file", file.to_str().unwrap(), "--bridge", BRIDGE, "--json", "--data", data.to_str().unwrap()];
    let output = huying(&args);
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let reasons = told["rejects"][0]["reasons"].as_array().unwrap_or_else(|| panic!("{told:#}"));
    let read = |reason: &Value| FieldViolation {
        field: text(&reason["field"]),
        rule: text(&reason["rule"]),
        description: text(&reason["description"]),
    };
    reasons.iter().map(read).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded as a whole.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
