//! One inbox: what goes on and is theirs to see, by what is due first, with what is left of each.

use axum::response::Response;
use maud::{Markup, html};
use proto::casebook::v1::{ListOpenRequest, OpenCase};
use tonic::Status;

use super::acting::more;
use super::board::colour_code;
use super::deeds::colour_of;
use super::{Room, has};
use crate::ask::Signed;
use crate::doors::CURRENT;
use crate::form::{Choice, Choices, Fields, Form, hidden};
use crate::page::Page;
use crate::when::read;
use crate::words::{Desk, States, fill, named};

/// Cases on one page.
const PAGE: u32 = 50;

/// `GET /inbox`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Inbox)?;
    let words = Desk::of(signed.language);
    let (only, level, colour) = (signed.query("only"), signed.query("level"), signed.query("colour"));
    let party = &signed.person.identity.party;
    let request = ListOpenRequest {
        district: signed.district(),
        owner: if only == "ours" { party.clone() } else { String::new() },
        level: level.to_owned(),
        colour: colour_of(colour).into(),
        late: only == "late",
        page_size: PAGE,
        page_token: signed.query("page").to_owned(),
        freshness: Some(CURRENT),
    };
    let listed = signed.app.doors.casebook(&signed.person).list_open(request).await?.into_inner();
    let (cases, late) =
        listed.counts.iter().fold((0, 0), |(cases, late), count| (cases + count.cases, late + count.late));
    let filters = [("", words.all), ("ours", words.ours), ("late", words.late_only)];
    let body = html! {
        p { (words.inbox_intro) }
        @if !listed.counts.is_empty() {
            p { strong { (fill(words.wall_open, &[("n", &cases.to_string()), ("late", &late.to_string())])) }
                @if listed.counts_are_at_least { " (" (words.wall_more) ")" } }
        }
        p .filters {
            @for (code, name) in filters.into_iter().filter(|(code, _)| *code != "ours" || !party.is_empty()) {
                a href=(address(code, level, colour)) aria-current=[(code == only).then_some("true")] { (name) }
            }
        }
        (narrowed(signed, words, only, level, colour))
        @if listed.cases.is_empty() { p { (words.no_cases) } } @else { (table(signed, &listed.cases)) }
        (more(signed, &address(only, level, colour), &listed.next_page_token))
    };
    Ok(Page::new(words.inbox_title, body))
}

/// What is chosen is in the address, so that it can be kept as a bookmark.
fn address(only: &str, level: &str, colour: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("only", only), ("level", level), ("colour", colour)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { "/inbox".to_owned() } else { format!("/inbox?{query}") }
}

/// The form by which the list is narrowed to a level or a colour.
fn narrowed(signed: &Signed, words: &Desk, only: &str, level: &str, colour: &str) -> Markup {
    let mut form = Form::default();
    form.put("level", level);
    form.put("colour", colour);
    let fields = Fields::new(signed, "inbox", &form);
    let choices = |codes: &[&'static str]| {
        let named = codes.iter().map(|code| Choice::new(*code, named(signed.language, code)));
        [Choices::from(std::iter::once(Choice::new("", words.all)).chain(named).collect::<Vec<_>>())]
    };
    html! {
        details open[!(level.is_empty() && colour.is_empty())] {
            summary { (words.narrow) }
            form method="get" action="/inbox" {
                @if !only.is_empty() { (hidden("only", only)) }
                (fields.choose("level", words.level, "", &choices(&["A", "B1", "B2", "C", "D"])))
                (fields.choose("colour", words.colour, words.narrow_hint, &choices(&["red", "yellow", "blue"])))
                button .second type="submit" { (words.narrow_send) }
            }
        }
    }
}

/// Open cases as a table, which a small screen shows one below the other.
pub fn table(signed: &Signed, cases: &[OpenCase]) -> Markup {
    let words = Desk::of(signed.language);
    html! {
        div .scroll {
            table .stacked {
                thead { tr {
                    th scope="col" { (words.due) } th scope="col" { (words.case) } th scope="col" { (words.state) }
                    th scope="col" { (words.level) } th scope="col" { (words.holder) } th scope="col" { (words.waits_for) }
                } }
                tbody { @for case in cases { (row(signed, words, case)) } }
            }
        }
    }
}

fn row(signed: &Signed, words: &Desk, open: &OpenCase) -> Markup {
    let case = open.case.clone().unwrap_or_default();
    let colour = colour_code(open.colour());
    html! {
        tr {
            td data-label=(words.due) {
                @match read(open.due.as_ref()) {
                    Some(due) => { (signed.clock().countdown(due)) @if open.due_provisional { " " span .hint { (words.provisional) } } },
                    None => span .hint { (words.nothing_due) },
                }
            }
            th scope="row" { a href=(format!("/cases/{}", case.case_id)) { (case.title) } br; span .hint { (case.case_id) } }
            td data-label=(words.state) {
                span .tag { (named(signed.language, &case.state)) }
                @if !colour.is_empty() { " " span .tag .(colour) { (named(signed.language, colour)) } }
                @if open.suspended { " " span .tag { (words.suspended) } }
            }
            td data-label=(words.level) { (named(signed.language, &case.level)) }
            td data-label=(words.holder) { @if !case.owner.is_empty() { (signed.unit(&case.owner)) } }
            td data-label=(words.waits_for) {
                @if !open.waits_for.is_empty() { (signed.unit(&open.waits_for)) " · " }
                (clock_name(signed, &open.clock))
            }
        }
    }
}

/// What a clock is called.
fn clock_name(signed: &Signed, clock: &str) -> &'static str {
    let states = States::of(signed.language);
    match clock {
        "judgement" => states.clock_judgement,
        "case" => states.clock_case,
        "response" => states.clock_response,
        "report-in" => states.clock_report_in,
        "completion" => states.clock_completion,
        "adjudication" => states.clock_adjudication,
        "supervision" => states.clock_supervision,
        _ => "",
    }
}
