//! The statement of a period as a room: indicators, leagues and a map, each row leading down to what is behind it.

mod map;

use std::cmp::Reverse;

use axum::response::Response;
use charter::PartyKind;
use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};
use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{Pillar, ReportCell, ReportRequest, ReportResponse, ReportRow, ReportTable, Unit, Words};
use tonic::Status;

use super::{Room, has};
use crate::ask::Signed;
use crate::form::{Choice, Choices, Fields, Form};
use crate::language::Language;
use crate::page::Page;
use crate::words::{Figures, fill};

/// Rows of a table that are shown at once; the rest is folded up.
const ROWS: usize = 15;
/// The table of places: what is drawn on the map.
pub const STREETS: &str = "streets";
pub const COMMUNITIES: &str = "communities";

/// `GET /figures`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Figures)?;
    let words = Figures::of(signed.language);
    let today = signed.now().to_zoned(signed.charter.time_zone.clone()).date();
    let mut form = Form::default();
    let asked = signed.query("period").trim();
    form.put("period", if asked.is_empty() { month(today) } else { asked.to_owned() });
    form.put("party", signed.query("party"));
    let request = ReportRequest {
        district: signed.district(),
        period: form.owned("period"),
        party: form.owned("party"),
        freshness: Some(crate::doors::CURRENT),
    };
    let reported = match signed.app.doors.casebook(&signed.person).report(request).await {
        Ok(reported) => Some(reported.into_inner()),
        Err(status) => {
            form.take(signed.language, status)?;
            None
        }
    };
    let fields = Fields::new(signed, "figures", &form);
    let before = month(today.first_of_month().saturating_sub(1.day()));
    let body = html! {
        form method="get" action="/figures" novalidate {
            (fields.summary())
            div .pair {
                (fields.text("period", words.period, words.period_hint))
                (fields.choose("party", words.party, "", &scopes(signed, words)))
            }
            div .buttons {
                button type="submit" { (words.show) }
                a href=(format!("/figures?period={before}")) { (words.earlier) " " (before) }
            }
        }
        @if let Some(reported) = &reported { (statement(signed, words, reported)) }
    };
    Ok(Page::new(words.room, body))
}

fn month(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}

/// The whole, or one street or community of it.
fn scopes(signed: &Signed, words: &Figures) -> Vec<Choices> {
    let charter = &signed.charter;
    let mut groups = vec![Choices::from(vec![Choice::new("", words.whole)])];
    for street in charter.find_parties(PartyKind::Street) {
        let communities = charter.find_parties(PartyKind::Community);
        let inside = communities.filter(|it| charter.street_of(&it.code).is_some_and(|it| it.code == street.code));
        let choices = std::iter::once(street).chain(inside);
        let choices = choices.map(|party| Choice::new(party.code.as_str(), signed.name_of(&party.name))).collect();
        groups.push(Choices { heading: Some(signed.name_of(&street.name)), choices });
    }
    groups
}

fn statement(signed: &Signed, words: &Figures, reported: &ReportResponse) -> Markup {
    let of = reported.party_name.as_ref().filter(|_| !reported.party.is_empty()).or(reported.name.as_ref());
    let name = of.map(|of| said(signed.language, of)).unwrap_or_default();
    let parts = [("name", name.as_str()), ("from", &reported.from), ("to", &reported.to)];
    html! {
        p { (fill(words.intro, &parts)) " " span .hint { (words.print_hint) } }
        (map::show(signed, words, reported))
        @for table in &reported.tables { (one(signed, words, reported, table)) }
    }
}

/// In the language of the page; what has no English is said in Chinese.
pub fn said(language: Language, words: &Words) -> String {
    match language {
        Language::English if !words.en.is_empty() => words.en.clone(),
        Language::English | Language::Hans | Language::Hant => words.zh.clone(),
    }
}

fn one(signed: &Signed, words: &Figures, reported: &ReportResponse, table: &ReportTable) -> Markup {
    let title = table.title.as_ref().map(|title| said(signed.language, title)).unwrap_or_default();
    let base = table.base.as_ref().map(|base| said(signed.language, base)).unwrap_or_default();
    let (first, rest) = table.rows.split_at(table.rows.len().min(ROWS));
    let id = format!("table-{}", table.code);
    html! {
        // Not a landmark: the table in it is one already, by the same name.
        div .figures {
            h2 id=(id) { (title) @if let Some(pillar) = pillar(words, table.pillar()) { " " span .tag { (pillar) } } }
            @if !base.is_empty() { p .hint { (base) } }
            @if table.rows.is_empty() { p { (words.nothing) } }
            @else {
                (rows(signed, reported, table, &title, first))
                @if !rest.is_empty() {
                    details .wide { summary { "+ " (rest.len()) } (rows(signed, reported, table, &format!("{title} +"), rest)) }
                }
            }
            @if table.left_out > 0 { p .hint { (fill(words.left_out, &[("n", &table.left_out.to_string())])) } }
        }
    }
}

fn rows(signed: &Signed, reported: &ReportResponse, table: &ReportTable, title: &str, rows: &[ReportRow]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(title) { table {
            thead { tr {
                th scope="col" { span .unseen { (title) } }
                @for column in &table.columns {
                    th .count scope="col" { (column.title.as_ref().map(|title| said(signed.language, title)).unwrap_or_default()) }
                }
            } }
            tbody { @for row in rows { tr {
                @let name = row.name.as_ref().map_or_else(|| row.code.clone(), |name| said(signed.language, name));
                th scope="row" { @match leads_to(reported, table, row) {
                    Some(address) => a href=(address) { (name) },
                    None => (name),
                } }
                @for (cell, column) in row.cells.iter().zip(&table.columns) { td .count { (figure(signed, cell, column.unit())) } }
            } } }
        } }
    }
}

/// Where whoever wants to know more of a row goes on: a place to its own statement, a sort of case to the cases.
fn leads_to(reported: &ReportResponse, table: &ReportTable, row: &ReportRow) -> Option<String> {
    let period = period_of(reported);
    let of_cases = |what: &str| Some(format!("/list?{what}={}&from={}&to={}", row.code, reported.from, reported.to));
    match (table.code.as_str(), row.code.as_str()) {
        (_, "*" | "") => None,
        (STREETS | COMMUNITIES, party) => Some(format!("/figures?period={period}&party={party}")),
        ("categories", _) => of_cases("category"),
        ("by-channel", _) => of_cases("channel"),
        ("levels", _) => of_cases("level"),
        _ => None,
    }
}

/// As it is asked for.
pub fn period_of(reported: &ReportResponse) -> String {
    if reported.from == reported.to { reported.from.clone() } else { format!("{}..{}", reported.from, reported.to) }
}

fn figure(signed: &Signed, cell: &ReportCell, unit: Unit) -> Markup {
    match (&cell.value, unit) {
        (Some(Value::Count(seconds)), Unit::Seconds) => {
            html! { (signed.clock().length(i64::try_from(*seconds).unwrap_or(i64::MAX))) }
        }
        (Some(Value::Count(count)), _) => html! { (count) },
        (Some(Value::Decimal(decimal)), _) => html! { (decimal) },
        (Some(Value::Text(text)), _) => html! { (text) },
        (None, _) => html! { "–" },
    }
}

const fn pillar(words: &Figures, pillar: Pillar) -> Option<&'static str> {
    match pillar {
        Pillar::Unspecified => None,
        Pillar::Strengthen => Some(words.pillar_strengthen),
        Pillar::Empower => Some(words.pillar_empower),
        Pillar::Duty => Some(words.pillar_duty),
        Pillar::Effect => Some(words.pillar_effect),
    }
}

/// How many came in by place, the most first.
pub fn received(reported: &ReportResponse, table: &str) -> Vec<(String, u64)> {
    let Some(table) = reported.tables.iter().find(|it| it.code == table) else { return Vec::new() };
    let Some(column) = table.columns.iter().position(|column| column.code == "received") else { return Vec::new() };
    let of_row = |row: &ReportRow| match row.cells.get(column)?.value {
        Some(Value::Count(count)) => Some((row.code.clone(), count)),
        Some(Value::Decimal(_) | Value::Text(_)) | None => None,
    };
    let mut received: Vec<(String, u64)> = table.rows.iter().filter_map(of_row).collect();
    received.sort_by_key(|(code, count)| (Reverse(*count), code.clone()));
    received
}
