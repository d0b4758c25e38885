//! A file of cases, brought in as a message board's export is: with long texts over many lines and rows that are wrong.

use serde_json::Value;

use crate::support::installation::shared;
use crate::support::program::{huying, huying_ok};

/// Nobody else brings cases into this district.
const DISTRICT: &str = "heping";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_in_once_however_often_it_is_sent() {
    let installation = shared();
    let data = installation.data();
    let data = ["--data", data.path().to_str().unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let (file, rejects) = (folder.path().join("board.csv"), folder.path().join("rejects.csv"));
    // 7,000 characters in one field: over many lines, with commas and quotes.
    let long: String = "树枝压着电线，\n\"很危险\"。第 7 次说了！\r\n".chars().cycle().take(7000).collect();
    let quoted = long.replace('"', "\"\"");
    let rows = [
        "编号,标题,内容,时间,纬度,经度".to_owned(),
        format!("b-1,一棵大树,\"{quoted}\",2024-03-01 08:30:00,,"),
        "b-2,路口的路灯夜里不亮,晚上没有灯,2024/3/1 20:15:00,39.12,117.20".to_owned(),
        "b-3,没有这个地方,纬度写错了,2024-03-01 08:30:00,391.2,117.20".to_owned(),
        "b-4,何时,时间写错了,前天晚上,,".to_owned(),
        "b-5,少了一列".to_owned(),
        ",没有编号,内容,,,".to_owned(),
        format!("b-6,比信封还大,{},,,", "很长".repeat(200_000)),
        "b-7,桥上的井盖松动,\"走过去会响, 请修\",,,".to_owned(),
    ];
    std::fs::write(&file, format!("\u{feff}{}\r\n", rows.join("\r\n"))).unwrap();

    let map = "external_ref=编号,title=标题,text=内容,occurred_at=时间,latitude=纬度,longitude=经度";
    let send = |more: &[&str]| {
        let said = ["bridge", "file", file.to_str().unwrap(), "--map", map, "--bridge", "heping-board", "--json"];
        huying(&[&said[..], &data[..], more].concat())
    };
    let first = send(&["--rejects", rejects.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&first.stderr);
    assert_eq!(first.status.code(), Some(1), "rejected rows are a failure: {said}");
    let summary: Value = serde_json::from_slice(&first.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(counts(&summary), (8, 3, 0, 5), "{summary:#}");
    let lines_of_long = u64::try_from(quoted.matches('\n').count()).unwrap();
    let wrong = [
        (4, "b-3", "place.latitude", "coordinate-range"),
        (5, "b-4", "occurred_at", "instant"),
        (6, "", "", "columns"),
        (7, "", "external_ref", "required"),
        (8, "b-6", "payload", "size"),
    ]
    .map(|(line, reference, field, rule)| {
        (line + lines_of_long, reference.to_owned(), field.to_owned(), rule.to_owned())
    });
    assert_eq!(reported(&summary), wrong, "{summary:#}");
    let listed = std::fs::read_to_string(&rejects).unwrap();
    assert!(listed.contains(&format!("{},b-3,place.latitude,coordinate-range,", 4 + lines_of_long)), "{listed}");

    let second = send(&["--lenient"]);
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(counts(&serde_json::from_slice(&second.stdout).unwrap()), (8, 0, 3, 5));

    let list = huying_ok(&[&["case", "list", "--district", DISTRICT, "--json"][..], &data[..]].concat());
    let cases: Vec<Value> = serde_json::from_str(&list).unwrap();
    let titles = ["一棵大树", "路口的路灯夜里不亮", "桥上的井盖松动"];
    for title in titles {
        assert_eq!(cases.iter().filter(|case| case["title"] == title).count(), 1, "{title}: {list}");
    }
    let tree = cases.iter().find(|case| case["title"] == "一棵大树").unwrap();
    let show = huying_ok(&[&["case", "show", tree["case_id"].as_str().unwrap(), "--json"][..], &data[..]].concat());
    let shown: Value = serde_json::from_str(&show).unwrap();
    let kept = long.replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(shown["text"].as_str().unwrap(), kept.trim(), "every word of it is there");
}

/// Rows, new, known, rejected.
fn counts(summary: &Value) -> (u64, u64, u64, u64) {
    let count = |name: &str| summary[name].as_u64().unwrap();
    (count("rows"), count("new"), count("known"), count("rejected"))
}

/// Line, reference, field and rule of every rejected row.
fn reported(summary: &Value) -> Vec<(u64, String, String, String)> {
    let rejects = summary["rejects"].as_array().unwrap();
    rejects
        .iter()
        .map(|row| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let reason = &row["reasons"][0];
            (row["line"].as_u64().unwrap(), text(&row["external_ref"]), text(&reason["field"]), text(&reason["rule"]))
        })
        .collect()
}
