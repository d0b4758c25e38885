//! The same services as processes of their own, with keys and doors of their own, on one broker.

use serde_json::Value;

use crate::support::city::City;
use crate::support::program::huying;
use crate::support::root;
use huying_tests::checker::complaints;

#[tokio::test(flavor = "multi_thread")]
async fn a_story_ends_the_same_when_every_service_is_a_process_of_its_own() {
    let city = City::start(&["jiangan-parks", "jiangan-traffic-police"]);
    let story = root().join("tests/stories/s19-tree.yaml");
    let args = ["story", "run", story.to_str().unwrap(), "--json", "--nats", city.nats_url()];
    let (doors, data) = (city.doors(), city.data());
    let whereabouts = ["--doors", doors.to_str().unwrap(), "--data", data.path().to_str().unwrap()];
    let output = huying(&[&args[..], &whereabouts[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let played: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("no JSON ({error}), {}:\n{said}\n{}", output.status, city.said());
    });
    assert_eq!(played[0]["differences"], Value::Array(Vec::new()), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");

    let record = city.record().await;
    assert!(record.len() > 20, "only {} commits: that was no story", record.len());
    assert_eq!(complaints(&record, &[]), Vec::<String>::new());
    assert_eq!(city.stop(), Vec::<String>::new(), "told to stop, these did not do so politely");
}
