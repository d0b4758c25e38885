//! The suite for outsiders, tried itself: programs that are right pass it, and each mistake is found in its own line.

use std::process::Output;

use serde_json::Value;

use crate::support::installation::shared;
use crate::support::program::{huying, huying_ok};
use crate::support::root;

const DEPARTMENT: &str = "heping-housing";
const BRIDGE: &str = "heping-board";

/// Runs the suite on one of `tests/clients`.
async fn tried(kind: &str, party: &str, only: &[&str], program: Vec<String>) -> (Output, Value) {
    let python = root().join(".tools/venv/bin/python");
    let mut args: Vec<String> = ["conformance", kind, "--party", party, "--json"].map(str::to_owned).to_vec();
    // What is wrong is seen sooner than what is right is waited for.
    if !only.is_empty() {
        args.extend(["--wait".to_owned(), "10".to_owned()]);
    }
    args.extend(only.iter().flat_map(|name| ["--only".to_owned(), (*name).to_owned()]));
    args.extend(["--".to_owned(), python.display().to_string(), "-B".to_owned()]);
    let mut program = program.into_iter();
    args.push(root().join("tests/clients").join(program.next().unwrap()).display().to_string());
    args.extend(program);
    let output = tokio::task::spawn_blocking(move || huying(&args)).await.unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("no JSON ({error}), {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr))
    });
    (output, said)
}

/// Names of the trials in one state.
fn named(said: &Value, state: &str) -> Vec<String> {
    let trials = said["trials"].as_array().unwrap().iter();
    trials.filter(|it| it["state"] == state).map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_written_in_python_passes_every_trial() {
    let (output, said) = tried("department", DEPARTMENT, &[], vec!["department.py".to_owned()]).await;
    let every = ["acknowledged", "answered", "returned", "tasks", "order", "once", "hub-away", "killed", "away"];
    assert_eq!(named(&said, "passed"), every, "{said:#}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_written_in_python_passes_every_trial() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json").display().to_string();
    let (output, said) = tried("bridge", BRIDGE, &[], vec!["board.py".to_owned(), state]).await;
    let every = ["brought", "once", "as-written", "refused", "news", "away", "killed", "hub-away"];
    assert_eq!(named(&said, "passed"), every, "{said:#}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_with_a_mistake_fails_where_the_mistake_is() {
    for (mistake, trial, seen) in [
        ("acks-first", "killed", "expected respond, report-in, done, on record "),
        ("new-names", "once", "said as "),
        ("never-returns", "returned", "expected return, on record respond"),
    ] {
        let program = vec!["broken_department.py".to_owned(), mistake.to_owned()];
        let (output, said) = tried("department", DEPARTMENT, &[trial], program).await;
        assert_eq!(named(&said, "failed"), [trial], "{mistake}: {said:#}");
        let line = &said["trials"][0];
        assert!(line["seen"].as_str().unwrap().contains(seen), "{mistake}: {line:#}");
        assert_ne!(line["breaks"], "", "{mistake}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_with_a_mistake_fails_where_the_mistake_is() {
    for (mistake, trial, seen) in [
        ("new-references", "once", "12 references became "),
        ("no-cursor", "away", "told again"),
        ("stops-at-refusal", "brought", "the program ended by itself"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json").display().to_string();
        let program = vec!["broken_board.py".to_owned(), mistake.to_owned(), state];
        let (output, said) = tried("bridge", BRIDGE, &[trial], program).await;
        assert_eq!(named(&said, "failed"), [trial], "{mistake}: {said:#}");
        let line = &said["trials"][0];
        assert!(line["seen"].as_str().unwrap().contains(seen), "{mistake}: {line:#}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_tried_with_a_partys_key() {
    let installation = shared();
    for (kind, party, passed) in [("bridge", BRIDGE, 7), ("department", DEPARTMENT, 4)] {
        let key = installation.data().key_file(party).display().to_string();
        let args =
            ["conformance", kind, "--party", party, "--nats", &installation.endpoints.nats, "--creds", &key, "--json"]
                .map(str::to_owned);
        let said = tokio::task::spawn_blocking(move || huying_ok(&args)).await.unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["passed"], &said["failed"]), (&passed.into(), &0.into()), "{said:#}");
    }
    // The key of another is nobody's but the other's.
    let key = installation.data().key_file("heping-weilinli").display().to_string();
    let nats = installation.endpoints.nats.clone();
    let args = ["conformance", "bridge", "--party", BRIDGE, "--nats", &nats, "--creds", &key].map(str::to_owned);
    let refused = tokio::task::spawn_blocking(move || huying(&args)).await.unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stdout));
    assert!(String::from_utf8_lossy(&refused.stdout).starts_with("failed     submitted"), "{refused:?}");
}
