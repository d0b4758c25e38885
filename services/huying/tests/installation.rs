//! A whole installation, as `huying up` makes it, on a broker of its own: what parties may do, what survives a kill,
//! what a new charter brings.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use chassis::Identity;
use huying::client::authorised;
use huying::up::{Ports, Running, UpConfig};
use proto::responder::v1::ListCallsRequest;
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use record::Broker;

/// Until something that must come about has come about.
const PATIENCE: Duration = Duration::from_secs(20);
/// Until something that must not come about would have.
const SILENCE: Duration = Duration::from_millis(400);

async fn heping(data: &Path) -> Running {
    let config = UpConfig { charters: vec!["heping".to_owned()], ports: Ports::Auto, ..UpConfig::new(data) };
    Running::start(config).await.unwrap()
}

fn huying(data: &Path, args: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_huying")).args(args).arg("--data").arg(data).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

async fn answers(broker: &Broker, subject: &str, payload: &str) -> bool {
    broker.requester().request(subject.to_owned(), payload.as_bytes().to_vec(), SILENCE).await.is_ok()
}

/// What takes something away, on which nobody loses anything here: no case is called so, no message is so far.
const TAKING_AWAY: [(&str, &str); 19] = [
    ("$JS.API.STREAM.PURGE.CASES", r#"{"filter":"case.heping.nobody.>"}"#),
    ("$JS.API.STREAM.PURGE.CALLS", r#"{"filter":"call.heping-police.nobody.*"}"#),
    ("$JS.API.STREAM.PURGE.TIMERS", r#"{"filter":"sched.dispatch.case.heping.nobody"}"#),
    ("$JS.API.STREAM.PURGE.KV_refs", r#"{"filter":"$KV.refs.nobody"}"#),
    ("$JS.API.STREAM.PURGE.OBJ_archive", r#"{"filter":"$O.archive.C.nobody"}"#),
    ("$JS.API.STREAM.MSG.DELETE.CASES", r#"{"seq":999999999}"#),
    ("$JS.API.STREAM.MSG.DELETE.CALLS", r#"{"seq":999999999}"#),
    ("$JS.API.STREAM.MSG.DELETE.TIMERS", r#"{"seq":999999999}"#),
    ("$JS.API.STREAM.PURGE.CHARTERS", r#"{"filter":"charter.nobody.1"}"#),
    ("$JS.API.STREAM.PURGE.DLQ", r#"{"filter":"dlq.nobody.1"}"#),
    ("$JS.API.STREAM.MSG.DELETE.OBJ_archive", r#"{"seq":999999999}"#),
    (OF_A_DEAD_LETTER, r#"{"seq":999999999}"#),
    ("$JS.API.STREAM.PURGE.ANCHORS", r#"{"filter":"anchor.nobody.2019-01-01"}"#),
    ("$JS.API.STREAM.MSG.DELETE.ANCHORS", r#"{"seq":999999999}"#),
    ("$JS.API.STREAM.DELETE.ANCHORS", ""),
    ("$JS.API.STREAM.DELETE.CASES", ""),
    ("$JS.API.STREAM.DELETE.OBJ_archive", ""),
    ("$O.archive.C.nobody", ""),
    ("$JS.API.ACCOUNT.PURGE.HUB", ""),
];
/// What the operator's tool does when somebody has decided about a dead letter.
const OF_A_DEAD_LETTER: &str = "$JS.API.STREAM.MSG.DELETE.DLQ";
/// What of it is the archivist's work.
const FILING: [&str; 7] = [
    "$JS.API.STREAM.PURGE.CASES",
    "$JS.API.STREAM.PURGE.KV_refs",
    "$JS.API.STREAM.PURGE.OBJ_archive",
    "$JS.API.STREAM.MSG.DELETE.CASES",
    "$JS.API.STREAM.MSG.DELETE.CALLS",
    "$JS.API.STREAM.MSG.DELETE.TIMERS",
    "$O.archive.C.nobody",
];

#[tokio::test(flavor = "multi_thread")]
async fn of_all_users_only_the_archivist_takes_anything_away() {
    let folder = tempfile::tempdir().unwrap();
    let running = heping(folder.path()).await;
    // What the broker is asked while everything opens may be answered later than it is waited for here.
    running.departments_open().await;
    let mut users: Vec<String> = std::fs::read_dir(folder.path().join("keys"))
        .unwrap()
        .filter_map(|file| Some(file.unwrap().file_name().into_string().unwrap().strip_suffix(".nk")?.to_owned()))
        .collect();
    users.sort();
    for known in ["archivist", "auditor", "provision", "story", "sys", "dispatch", "heping-board", "heping-police"] {
        assert!(users.iter().any(|user| user == known), "{known} has no key: {users:?}");
    }
    let accounts = std::fs::read_to_string(folder.path().join("accounts.conf")).unwrap();
    assert_eq!(accounts.matches("nkey:").count(), users.len(), "every user of the accounts is tried");

    let mut reached = Vec::new();
    for user in &users {
        let broker = running.connect(user).await.unwrap();
        let attempts = TAKING_AWAY.map(|(subject, payload)| {
            let broker = &broker;
            async move { answers(broker, subject, payload).await.then_some((user.as_str(), subject)) }
        });
        reached.extend(futures::future::join_all(attempts).await.into_iter().flatten());
    }

    let filing = TAKING_AWAY.iter().map(|(subject, _)| ("archivist", *subject)).filter(|(_, it)| FILING.contains(it));
    let expected: Vec<(&str, &str)> = filing.chain([("provision", OF_A_DEAD_LETTER)]).collect();
    assert_eq!(reached, expected);

    // What vouches for the record is written by whoever cannot write the record.
    let mut writers = Vec::new();
    for user in &users {
        let broker = running.connect(user).await.unwrap();
        writers.extend(answers(&broker, "anchor.nobody.2019-01-01", "").await.then_some(user.as_str()));
    }
    assert_eq!(writers, ["auditor"]);
    let auditor = running.connect("auditor").await.unwrap();
    assert!(!answers(&auditor, "case.heping.nobody.dispatch.1", "").await, "an auditor decides nothing");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_reaches_what_is_its_own_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let running = heping(folder.path()).await;
    running.departments_open().await;

    let board = running.connect("heping-board").await.unwrap();
    assert!(answers(&board, "in.heping-board.submit", "{}").await, "intake answers its bridge");
    for not_its_own in [
        "in.heping-hotline.submit",
        "case.heping.261121-7k3q9xf.intake.1",
        "HUB.API.CONSUMER.INFO.CALLS.heping-police",
        "$JS.API.STREAM.INFO.CASES",
    ] {
        assert!(!answers(&board, not_its_own, "{}").await, "a bridge got an answer on {not_its_own}");
    }

    let police = running.connect("heping-police").await.unwrap();
    let pull = r#"{"batch":1,"no_wait":true}"#;
    assert!(answers(&police, "HUB.API.CONSUMER.INFO.CALLS.heping-police", "").await);
    assert!(answers(&police, "HUB.API.CONSUMER.MSG.NEXT.CALLS.heping-police", pull).await);
    assert!(answers(&police, "ans.heping-police.call", "").await, "dispatch answers its department");
    for not_its_own in [
        "HUB.API.CONSUMER.INFO.CALLS.heping-fire",
        "HUB.API.CONSUMER.MSG.NEXT.CALLS.heping-fire",
        "HUB.API.STREAM.INFO.CALLS",
        "$JS.API.STREAM.PURGE.CALLS",
        "ans.heping-fire.call",
        "call.heping-police.261121-7k3q9xf.1",
        "in.heping-board.submit",
    ] {
        assert!(!answers(&police, not_its_own, pull).await, "a department got an answer on {not_its_own}");
    }

    // Among ourselves: each service writes its own commits only.
    let triage = running.connect("triage").await.unwrap();
    for not_its_own in [
        "case.heping.261121-7k3q9xf.dispatch.1",
        "call.heping-police.261121-7k3q9xf.1",
        "$JS.API.CONSUMER.MSG.NEXT.CASES.dispatch",
        "$JS.API.CONSUMER.DELETE.CASES.dispatch",
        "$JS.API.STREAM.DELETE.CASES",
        "$KV.clock.now",
    ] {
        assert!(!answers(&triage, not_its_own, pull).await, "triage got an answer on {not_its_own}");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_twice_is_known_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let running = heping(folder.path()).await;
    let file = folder.path().join("board.csv");
    let rows: String =
        (0..500).map(|n| format!("{n},路灯{n}不亮,\"门口的\n路灯坏了\",2019/2/28 9:05:{:02}\n", n % 60)).collect();
    std::fs::write(&file, format!("\u{feff}id,title,body,at\n{rows}501,,空标题,\n")).unwrap();
    let file = file.to_str().unwrap();
    let send = ["bridge", "file", file, "--map", "external_ref=id,text=body,occurred_at=at"];

    let (all_taken, said, rejected) = huying(folder.path(), &send);
    assert_eq!(said, "501 rows: 500 new, 0 known, 1 rejected\n", "{rejected}");
    assert!(!all_taken && rejected.contains("line 1002: title: required"), "{rejected}");
    let (done, said, _) = huying(folder.path(), &[&send[..], &["--lenient"]].concat());
    assert_eq!((done, said.as_str()), (true, "501 rows: 0 new, 500 known, 1 rejected\n"));
    let (_, said, _) = huying(folder.path(), &[&send[..], &["--resume"]].concat());
    assert_eq!(said, "0 rows: 0 new, 0 known, 0 rejected\n");

    let (_, listed, _) = huying(folder.path(), &["case", "list", "--json"]);
    let cases: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(cases.len(), 500);
    let (found, shown, said) = huying(folder.path(), &["case", "show", cases[0]["case_id"].as_str().unwrap()]);
    assert!(found && shown.contains("Received"), "{shown}{said}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charter_applied_while_it_runs_brings_its_departments() {
    let folder = tempfile::tempdir().unwrap();
    let running = heping(folder.path()).await;
    let charter = folder.path().join("new");
    std::fs::create_dir(&charter).unwrap();
    for file in charter::shipped_sources("heping").unwrap() {
        let text = file.text.replace("version: 2023-3", "version: 2026-1");
        let text = text.replace("departments:\n", "departments:\n  - { code: heping-weather, name: 区气象局 }\n");
        std::fs::write(charter.join(&file.path), text).unwrap();
    }
    let charter = charter.to_str().unwrap();
    let (applied, said, why) = huying(folder.path(), &["charter", "apply", charter]);
    assert!(applied && said.contains("applied"), "{said}{why}");
    assert!(said.contains("consumer heping-weather of CALLS"), "{said}");

    let token = running.token(&Identity {
        role: "department".into(),
        party: "heping-weather".into(),
        district: "heping".into(),
        staff_ref: "w-017".into(),
    });
    let mut desk = ResponderServiceClient::new(authorised(&running.endpoints.grpc, &token).await.unwrap());
    let open = async {
        while desk.list_calls(ListCallsRequest { all: true, ..ListCallsRequest::default() }).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, open).await.expect("its desk opens");
    let weather = running.connect("heping-weather").await.unwrap();
    assert!(answers(&weather, "HUB.API.CONSUMER.INFO.CALLS.heping-weather", "").await, "the broker knows it");

    let (again, said, _) = huying(folder.path(), &["charter", "apply", charter]);
    assert!(again && said.starts_with("as it was"), "{said}");
    let broken = format!("{charter}/limits.yaml");
    std::fs::write(&broken, "colours: 7\n").unwrap();
    let (applied, said, _) = huying(folder.path(), &["charter", "apply", charter]);
    assert!(!applied && said.contains("limits.yaml:1:"), "{said}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_outright_it_starts_again_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut first = Command::new(env!("CARGO_BIN_EXE_huying"))
        .args(["up", "--ports", "auto", "--charter", "heping", "--data"])
        .arg(&data)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ready = async {
        while !data.join("endpoints.json").exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("it gets ready");
    let (submitted, id, why) = huying(&data, &["submit", "--district", "heping", "--title", "路灯不亮"]);
    assert!(submitted, "{why}");
    first.kill().unwrap();
    first.wait().unwrap();
    let leftover = std::fs::read_to_string(data.join("nats.pid")).unwrap();
    assert!(Path::new("/proc").join(leftover.trim()).exists(), "the broker outlives its parent");

    let running = heping(&data).await;
    assert!(!Path::new("/proc").join(leftover.trim()).exists(), "two servers on one store");
    let (found, shown, why) = huying(&data, &["case", "show", id.trim()]);
    assert!(found && shown.contains("路灯不亮"), "{shown}{why}");
    running.stop().await.unwrap();
    assert!(!data.join("endpoints.json").exists());
}
