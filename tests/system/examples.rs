//! What a page about a door tells its reader to type is typed here, as it stands.

use std::process::Command;

use serde_json::Value;

use crate::support::installation::shared;
use crate::support::program::binaries;
use crate::support::root;

/// Runs all blocks of a page in one shell, with `huying` on its path; what every line that asks was answered.
async fn typed(page: &str) -> Vec<String> {
    let installation = shared();
    let text = std::fs::read_to_string(root().join("docs/doors").join(page)).unwrap();
    let blocks: Vec<&str> = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    assert!(blocks.len() >= 3, "{page} has only {} blocks", blocks.len());
    let script = format!("set -euo pipefail\nPATH=\"$BINARIES:$PATH\"\n{}\n", blocks.join("\necho\n"));
    let binaries = binaries();
    let (door, data) = (installation.endpoints.door.clone(), installation.data().path().to_owned());
    let finished = tokio::task::spawn_blocking(move || {
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(script).env("BINARIES", binaries).env("DOOR", door).env("HUYING_DATA", data);
        shell.output().unwrap()
    });
    let output = finished.await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{page}: {}\n{said}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_http_does_what_it_says() {
    let said = typed("http.md").await;
    let [submitted, found, news, catalogue, refused] = &said[..] else { panic!("{said:#?}") };
    assert_eq!(json(found)["summary"]["case_id"], json(submitted)["case_id"]);
    assert!(json(news)["next_cursor"].is_string(), "{news}");
    assert!(catalogue.contains("heping-wudadao"), "{catalogue}");
    assert_eq!(json(refused)["field"], "title", "{refused}");
    // Typed again it is the same case.
    assert_eq!(json(&typed("http.md").await[0])["repeated"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_open311_does_what_it_says() {
    let said = typed("open311.md").await.concat();
    for what in ["\"specification\"", "\"service_code\":\"other\"", "<service_request_id>", "\"update_id\""] {
        assert!(said.contains(what), "{what}: {said}");
    }
}
