//! Statements as people write them, from the whole system: what was submitted is in them, in every form; a spreadsheet
//! program that nobody here wrote reads what is in ours; what cannot be answered is refused with words.

use jiff::tz::TimeZone;
use proto::casebook::v1::{Freshness, ReportRequest};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::installation::{acting, bridge, shared};
use crate::support::program::{huying, huying_ok};
use crate::support::{python, submission};

const DISTRICT: &str = "jiangan";
/// Nobody else submits anything here.
const COMMUNITY: &str = "jiangan-dazhi-baocheng";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_has_what_was_submitted_and_a_spreadsheet_reads_the_same_numbers() {
    let installation = shared();
    let carrier = bridge("jiangan-board");
    let mut intake = installation.intake(&carrier).await;
    for number in 0..3 {
        let mut report = submission(DISTRICT, &format!("stated-{number}"), "路灯不亮");
        report.place = Some(proto::common::v1::Place { party: COMMUNITY.to_owned(), ..Default::default() });
        intake.submit(report).await.unwrap();
    }
    let (period, last) = around_now();
    let (data, folder) = (installation.data(), tempfile::tempdir().unwrap());
    let data = data.path().to_str().unwrap();
    let told = ["report", "--district", DISTRICT, "--period", &period, "--party", COMMUNITY, "--data", data];
    let stated: Value = serde_json::from_str(&huying_ok(&[&told[..], &["--format", "json"]].concat())).unwrap();
    let table = |code: &str| {
        let tables = stated["tables"].as_array().unwrap();
        tables.iter().find(|table| table["code"] == code).unwrap_or_else(|| panic!("no {code}: {stated:#}"))
    };
    assert_eq!(table("indicators")["rows"][0]["values"]["counted"], 3, "{stated:#}");

    let workbook = folder.path().join("statement.xlsx");
    let workbook = workbook.to_str().unwrap();
    huying_ok(&[&told[..], &["--format", "xlsx", "--lang", "en", "--out", workbook]].concat());
    let read = python::run("workbook.py", &[workbook], &json!({})).await;
    let sheets = read["sheets"].as_object().unwrap();
    assert_eq!(sheets.len(), stated["tables"].as_array().unwrap().len() + 1, "a sheet for each table, and what it is");
    assert_eq!((&read["formulas"], &read["created"]), (&json!([]), &json!(format!("{last} 00:00:00"))));
    assert_eq!(read["parts"].as_array().unwrap().len(), 1, "no part says when it was made: {}", read["parts"]);
    for of in ["indicators", "by-way", "levels", "steps", "streets"].map(table) {
        let title = of["title"]["en"].as_str().unwrap();
        let rows = sheets[title].as_array().unwrap_or_else(|| panic!("no sheet {title}"));
        for (row, of_row) in rows[5..].iter().zip(of["rows"].as_array().unwrap()) {
            assert_eq!(row[0], json!(["text", of_row["code"]]), "codes are text");
            for (at, column) in of["columns"].as_array().unwrap().iter().enumerate() {
                let (value, unit) =
                    (&of_row["values"][column["code"].as_str().unwrap()], column["unit"].as_str().unwrap());
                let cell = &row[at + 2];
                match (value.as_f64(), unit) {
                    (None, _) => assert_eq!(cell[1], Value::Null, "{title} {of_row}"),
                    (Some(seconds), "seconds") => {
                        // A spreadsheet rounds days to the millisecond.
                        assert!((cell[1].as_f64().unwrap() - seconds).abs() < 0.01, "{title} {of_row}: {cell}");
                    }
                    (Some(number), _) => assert_eq!(cell, &json!(["number", cell[1]]), "{title} {number}"),
                }
                if let (Some(number), "count" | "percent" | "number") = (value.as_f64(), unit) {
                    assert_eq!(cell[1].as_f64(), Some(number), "{title} {of_row}");
                }
            }
        }
    }
    let page = huying_ok(&[&told[..], &["--format", "html"]].concat());
    assert!(page.contains("保成社区") && page.starts_with("<!DOCTYPE html>"), "{page}");
    assert_eq!(page, huying_ok(&[&told[..], &["--format", "html"]].concat()), "the same record, the same bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_statement_cannot_say_is_refused_with_words() {
    let installation = shared();
    let data = installation.data();
    let data = data.path().to_str().unwrap();
    for (period, party, said) in [
        ("2999-01", "", "has not begun"),
        ("2026-13", "", "is no period"),
        ("2024-01-01..2025-12-31", "", "at most 366 fit"),
        ("2024-05", "jiangan-parks", "is not a street or a community"),
    ] {
        let told = ["report", "--district", DISTRICT, "--period", period, "--party", party, "--data", data];
        let refused = huying(&told);
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && words.contains(said), "{period} {party}: {words}");
        assert!(refused.stdout.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_is_shown_no_statement_and_a_street_is() {
    let installation = shared();
    let freshness = Some(Freshness { at_least: 0, current: true });
    let ask = |district: &str| ReportRequest {
        district: district.to_owned(),
        period: "2024-05".to_owned(),
        freshness,
        ..ReportRequest::default()
    };
    let mut street = installation.casebook(&acting("street", "jiangan-dazhi-command-centre")).await;
    assert!(street.report(ask(DISTRICT)).await.is_ok());
    assert_eq!(street.report(ask("heping")).await.unwrap_err().code(), Code::NotFound, "another district's");
    let mut department = installation.casebook(&acting("department", "jiangan-parks")).await;
    assert_eq!(department.report(ask(DISTRICT)).await.unwrap_err().code(), Code::PermissionDenied);
}

/// From yesterday to tomorrow, whatever midnight passes meanwhile: it has begun. And its last day.
fn around_now() -> (String, String) {
    #[expect(clippy::disallowed_methods, reason = "the installation of these tests runs on the real clock")]
    let today = jiff::Timestamp::now().to_zoned(TimeZone::get("Asia/Shanghai").unwrap()).date();
    let (first, last) = (today.yesterday().unwrap(), today.tomorrow().unwrap());
    (format!("{first}..{last}"), last.to_string())
}
