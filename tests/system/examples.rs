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
    let (endpoints, data) = (installation.endpoints.clone(), installation.data().path().to_owned());
    let finished = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(script).current_dir(folder.path());
        shell.env("BINARIES", binaries).env("HUYING_DATA", data).env("DOOR", endpoints.door);
        shell.env("NATS", endpoints.nats).env("GRPC", endpoints.grpc.trim_start_matches("http://"));
        shell.env("PYTHON", root().join(".tools/venv/bin/python")).env("CLIENTS", root().join("tests/clients"));
        shell.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
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
async fn the_page_about_the_broker_does_what_it_says() {
    let said = typed("nats.md").await;
    let [submitted, found, news, supplemented, refused] = &said[..] else { panic!("{said:#?}") };
    assert_eq!(json(found)["ok"]["case_id"], json(submitted)["ok"]["case_id"]);
    assert!(json(news)["ok"]["next_cursor"].is_string(), "{news}");
    assert!(json(supplemented)["ok"]["position"].is_string(), "{supplemented}");
    assert_eq!(json(refused)["refusal"]["violations"][0]["field"], "title", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_grpc_does_what_it_says() {
    let said = typed("grpc.md").await;
    let [submitted, streamed, refused, watched, listed, found] = &said[..] else { panic!("{said:#?}") };
    assert_eq!(json(found)["case_id"], json(submitted)["case_id"]);
    assert!(json(streamed)["reply"]["ok"]["case_id"].is_string(), "{streamed}");
    assert_eq!(json(refused)["reply"]["refusal"]["violations"][0]["field"], "title", "{refused}");
    assert!(json(watched)["next_cursor"].is_string() && json(listed)["cases"].is_array(), "{watched}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_files_does_what_it_says() {
    let said = typed("file.md").await.join("\n");
    assert!(said.contains("b-1002,title,required"), "{said}");
    let last = json(&said[said.find("{\n").unwrap()..]);
    assert_eq!((&last["known"], &last["rejected"], &last["closed"]), (&1.into(), &1.into(), &1.into()), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_open311_does_what_it_says() {
    let said = typed("open311.md").await.concat();
    for what in ["\"specification\"", "\"service_code\":\"other\"", "<service_request_id>", "\"update_id\""] {
        assert!(said.contains(what), "{what}: {said}");
    }
}
