//! One statement in every form: the same numbers, the same bytes, and nothing that a hostile name could do.

use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{Pillar, ReportCell, ReportColumn, ReportResponse, ReportRow, ReportTable, Unit, Words};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Format, Lang, Manner, written};

const PLAIN: Manner = Manner { colour: false };
const FORMATS: [Format; 5] = [Format::Table, Format::Csv, Format::Json, Format::Xlsx, Format::Html];
/// A unit that somebody named to do harm: to a page, to a spreadsheet, to a terminal, to a column of commas.
const HOSTILE: &str = "<script>alert('x')</script>\"&]]>=cmd|' /C calc'!A0,\u{1b}[31m\u{7}";

fn words(zh: &str, en: &str) -> Option<Words> {
    Some(Words { zh: zh.to_owned(), en: en.to_owned() })
}

fn column(code: &str, unit: Unit) -> ReportColumn {
    ReportColumn { code: code.to_owned(), title: words(&format!("{code}（中）"), code), unit: unit.into() }
}

fn cells<const N: usize>(values: [Option<Value>; N]) -> Vec<ReportCell> {
    values.into_iter().map(|value| ReportCell { value }).collect()
}

fn count(count: u64) -> Option<Value> {
    Some(Value::Count(count))
}

fn decimal(text: &str) -> Option<Value> {
    Some(Value::Decimal(text.to_owned()))
}

fn row(code: &str, name: &str, cells: Vec<ReportCell>) -> ReportRow {
    ReportRow { code: code.to_owned(), name: words(name, ""), cells, ..ReportRow::default() }
}

fn statement() -> ReportResponse {
    let base = || words("本期的诉求", "Cases of the period");
    let table = |code: &str, pillar: Pillar, columns: &[ReportColumn], rows: Vec<ReportRow>| ReportTable {
        code: code.to_owned(),
        pillar: pillar.into(),
        title: words(&format!("{code}表"), &format!("The table {code}")),
        base: base(),
        requirements: vec!["R-58".to_owned()],
        columns: columns.to_vec(),
        rows,
        left_out: 0,
    };
    let league = [
        column("rank", Unit::Count),
        column("in-time", Unit::Percent),
        column("in-time-of", Unit::Count),
        column("low", Unit::Percent),
        column("high", Unit::Percent),
    ];
    let trend =
        [column("received", Unit::Count), column("closed", Unit::Count), column("before-received", Unit::Count)];
    let mut indicator = row("received", "受理量", cells([count(1_234), decimal("93.98")]));
    (indicator.base, indicator.requirements) = (base(), vec!["R-80".to_owned()]);
    let mut indicators = table(
        "indicators",
        Pillar::Unspecified,
        &[column("counted", Unit::Count), column("share", Unit::Percent)],
        vec![indicator],
    );
    indicators.base = None;
    ReportResponse {
        district: "wuchang".to_owned(),
        name: words("武昌区", "Wuchang District"),
        from: "2026-04-01".to_owned(),
        to: "2026-04-30".to_owned(),
        before_from: "2026-03-01".to_owned(),
        before_to: "2026-03-31".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        until: Some(pbjson_types::Timestamp { seconds: 1_777_000_000, nanos: 0 }),
        charter_version: "2019-1".to_owned(),
        tables: vec![
            indicators,
            table(
                "trend",
                Pillar::Unspecified,
                &trend,
                vec![
                    row("2026-04-01", "2026-04-01", cells([count(40), count(30), count(50)])),
                    row("2026-04-02", "2026-04-02", cells([count(41), count(0), None])),
                ],
            ),
            table(
                "departments",
                Pillar::Empower,
                &league,
                vec![
                    row(
                        "wuchang-housing",
                        HOSTILE,
                        cells([count(1), decimal("93.98"), count(83), decimal("86.65"), decimal("97.40")]),
                    ),
                    row("wuchang-water", "区水务局", cells([None, None, count(0), None, None])),
                ],
            ),
            table(
                "steps",
                Pillar::Empower,
                &[column("p50", Unit::Seconds)],
                vec![row("held-called", "接手", cells([count(93_784)]))],
            ),
            table("outside", Pillar::Empower, &league, vec![]),
        ],
        ..ReportResponse::default()
    }
}

fn text(format: Format, lang: Lang) -> String {
    String::from_utf8(written(&statement(), format, lang, PLAIN).unwrap()).unwrap()
}

#[test]
fn the_same_statement_gives_the_same_bytes_in_every_form() {
    for format in FORMATS {
        for lang in [Lang::Zh, Lang::En] {
            let bytes = || written(&statement(), format, lang, PLAIN).unwrap();
            let first = bytes();
            assert_eq!(first, bytes(), "{format:?} {lang:?}");
        }
    }
}

#[test]
fn a_page_is_well_formed_and_says_nothing_that_a_name_brings_in() {
    for lang in [Lang::Zh, Lang::En] {
        let page = text(Format::Html, lang);
        let mut reader = Reader::from_str(&page);
        let mut open: Vec<String> = Vec::new();
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.buffer_position())) {
                Event::Start(tag) => open.push(format!("{:?}", tag.name())),
                Event::End(tag) => assert_eq!(open.pop(), Some(format!("{:?}", tag.name()))),
                Event::Eof => break,
                Event::Text(_)
                | Event::Empty(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
        assert!(open.is_empty(), "{open:?} is not closed");
        for never in ["<script", "alert('", "\u{1b}", "\u{7}", " src=", " href=\"http", "url(", "@import"] {
            assert!(!page.contains(never), "{never:?}");
        }
        assert!(page.contains("&lt;script&gt;alert("), "it is shown, harmless");
        for shown in ["1234", "93.98", "86.65", "R-80", "R-58", "wuchang-housing"] {
            assert!(page.contains(shown), "{shown} is missing");
        }
        let lengths = lang.either("1天2小时", "1 d 2 h");
        assert!(page.contains(lengths), "{lengths} is missing");
        assert_eq!(page.matches("<svg").count(), 2, "the trend and the league");
        assert_eq!(page.matches("<svg").count(), page.matches("<desc").count(), "each is described");
        assert_eq!(page.matches("<table>").count(), 4, "what has no rows has no table");
        assert!(page.contains(lang.tag()));
    }
}

/// What is drawn is what stands in the table.
#[test]
fn a_bar_is_as_long_as_its_share_and_its_interval_lies_around_it() {
    let page = text(Format::Html, Lang::En);
    // 350 units are 100 %: 93.98 % of them, from 210 on.
    assert!(page.contains("x=\"210.0\" y=\"13.0\" width=\"328.9\""), "{page}");
    assert!(page.contains("M513.3 16.0V26.0M513.3 21.0H550.9M550.9 16.0V26.0"), "{page}");
    assert!(page.contains("93.98% (83)"));
    // Who has no share has no bar, and a dash.
    assert_eq!(page.matches("<rect class=\"bar\" x=\"210.0\"").count(), 1);
    assert!(page.contains("– (0)"));
}

#[test]
fn a_line_of_the_csv_is_one_figure_and_every_figure_is_there() {
    let mut lines = csv::Reader::from_reader(text(Format::Csv, Lang::Zh).into_bytes().leak() as &[u8]);
    let head: Vec<String> = lines.headers().unwrap().iter().map(str::to_owned).collect();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let read: Vec<csv::StringRecord> = lines.records().collect::<Result<_, _>>().unwrap();
    let figures: usize = statement().tables.iter().map(|table| table.rows.len() * table.columns.len()).sum();
    assert_eq!(read.len(), figures);
    let found = |table: &str, row: &str, column: &str| {
        let is = |line: &&csv::StringRecord| {
            line[at("table")] == *table && line[at("row")] == *row && line[at("column")] == *column
        };
        read.iter().find(is).unwrap()
    };
    assert_eq!(&found("departments", "wuchang-housing", "in-time")[at("value")], "93.98");
    assert_eq!(&found("departments", "wuchang-housing", "in-time")[at("name")], HOSTILE, "as the charter has it");
    assert_eq!(&found("departments", "wuchang-water", "in-time")[at("value")], "");
    assert_eq!(&found("indicators", "received", "counted")[at("base")], "本期的诉求");
    assert_eq!(&found("steps", "held-called", "p50")[at("unit")], "seconds");
}

#[test]
fn json_has_numbers_as_numbers_and_both_languages() {
    let read: serde_json::Value = serde_json::from_str(&text(Format::Json, Lang::Zh)).unwrap();
    assert_eq!(read["form"], 1);
    assert_eq!((&read["from"], &read["before"]["to"]), (&"2026-04-01".into(), &"2026-03-31".into()));
    let departments = &read["tables"][2];
    assert_eq!(departments["pillar"], "empower");
    let [first, second] = [0, 1].map(|row| departments["rows"][row]["values"].clone());
    assert_eq!((first["in-time"].as_f64(), first["rank"].as_u64()), (Some(93.98), Some(1)));
    assert!(second["in-time"].is_null());
    assert_eq!(read["name"]["en"], "Wuchang District");
    assert_eq!(text(Format::Json, Lang::Zh), text(Format::Json, Lang::En));
}

#[test]
fn a_terminal_is_not_moved_by_a_name() {
    let page = text(Format::Table, Lang::En);
    assert!(!page.chars().any(|character| character.is_control() && character != '\n'), "{page:?}");
    for shown in ["Statement of calls and responses", "1234", "93.98", "[R-58]", "nothing in this period", "1 d 2 h"] {
        assert!(page.contains(shown), "{shown} is missing");
    }
    assert!(text(Format::Table, Lang::Zh).contains("武昌区 民呼我应运行报表"));
}

#[test]
fn lengths_of_time_are_said_by_their_two_largest_parts() {
    let said = |seconds| super::words::shown(&ReportCell { value: count(seconds) }, Unit::Seconds, Lang::En);
    assert_eq!([0, 59, 60, 3_661, 86_400, 90_061].map(said), ["0 s", "59 s", "1 min", "1 h 1 min", "1 d", "1 d 1 h"]);
}
