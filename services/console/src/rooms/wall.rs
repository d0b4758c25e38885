//! The district at a glance: what goes on by level and colour, what is late, the scores, and what happens as it happens.

mod league;

use std::convert::Infallible;
use std::pin::Pin;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use maud::{Markup, html};
use proto::casebook::v1::{ListOpenRequest, ListOpenResponse, ListRequest, WatchRequest, WatchResponse};
use proto::common::v1::Colour;
use tonic::Status;

use super::acting::more;
use super::board::colour_code;
use super::inbox::table;
use super::{Room, has};
use crate::ask::Signed;
use crate::doors::CURRENT;
use crate::page::Page;
use crate::told;
use crate::when::read;
use crate::words::{Desk, fill, named};
use league::League;

/// Late cases on one page.
const PAGE: u32 = 25;
/// Cases that came in last, which stand where lines come.
const LATEST: u32 = 8;
/// Levels in the order of the table; empty: not judged yet.
const LEVELS: [&str; 6] = ["A", "B1", "B2", "C", "D", ""];
const COLOURS: [Colour; 4] = [Colour::Red, Colour::Yellow, Colour::Blue, Colour::Unspecified];
/// Facts that a wall shows as they come: what begins, what is late, what ends. Notes and the like are in the cases.
const LIVE: [&str; 16] = [
    "Received",
    "QueuedForJudgement",
    "Assigned",
    "Escalated",
    "Called",
    "ColourRaised",
    "Responded",
    "ReportedIn",
    "PartyDone",
    "Returned",
    "Overdue",
    "Supervised",
    "OnSite",
    "Resolved",
    "Reopened",
    "Closed",
];

/// `GET /wall`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Wall)?;
    let words = Desk::of(signed.language);
    let request = ListOpenRequest {
        district: signed.district(),
        late: true,
        page_size: PAGE,
        page_token: signed.query("page").to_owned(),
        freshness: Some(CURRENT),
        ..ListOpenRequest::default()
    };
    let mut open = signed.app.doors.casebook(&signed.person);
    let mut list = signed.app.doors.casebook(&signed.person);
    let (district, freshness) = (signed.district(), Some(CURRENT));
    let latest = ListRequest { district, page_size: LATEST, freshness, ..ListRequest::default() };
    let (open, league, latest) = tokio::join!(open.list_open(request), League::of(signed), list.list(latest));
    let (open, league, latest) = (open?.into_inner(), league?, latest?.into_inner().cases);
    let address = format!("/wall/live?district={}", signed.district());
    let body = html! {
        @if signed.query("page").is_empty() { (counts(signed, words, &open)) }
        div .columns {
            section aria-labelledby="late" {
                h2 #late { (words.wall_late) }
                @if open.cases.is_empty() { p { (words.wall_none_late) } } @else { (table(signed, &open.cases)) }
                (more(signed, "/wall", &open.next_page_token))
            }
            section aria-labelledby="live" {
                h2 #live { (words.wall_live) }
                p .hint data-live-state data-on=(words.live_on) data-off=(words.live_off) { (words.live_without) }
                ul .cards .live aria-live="polite" data-live=(address) {
                    @for case in &latest {
                        li {
                            (signed.clock().moment_of(case.received_at.as_ref())) " "
                            a href=(format!("/cases/{}", case.case_id)) { (case.title) } " "
                            span .tag { (named(signed.language, &case.state)) }
                        }
                    }
                }
                @if let Some(league) = league { (league.show(signed)) }
            }
        }
    };
    Ok(Page::new(words.wall_title, body).live())
}

fn counts(signed: &Signed, words: &Desk, open: &ListOpenResponse) -> Markup {
    let of = |level: Option<&str>, colour: Option<Colour>| {
        let fitting = open.counts.iter().filter(|count| {
            level.is_none_or(|level| count.level == level) && colour.is_none_or(|colour| count.colour() == colour)
        });
        fitting.fold((0, 0), |(cases, late), count| (cases + count.cases, late + count.late))
    };
    let (cases, late) = of(None, None);
    // A number leads to the cases that it counts, where the inbox can show just these.
    let cell = |level: &str, colour: Option<Colour>| {
        let (cases, late) = of(Some(level), colour);
        let code = colour.map_or("", colour_code);
        let leads = cases > 0 && !level.is_empty() && colour != Some(Colour::Unspecified);
        let name = format!(
            "{} {}",
            named(signed.language, level),
            colour.map_or(words.all, |it| colour_name(signed, words, it))
        );
        html! {
            @if leads { a href=(format!("/inbox?level={level}&colour={code}")) aria-label=(format!("{name}: {cases}")) { (cases) } }
            @else { (cases) }
            @if late > 0 { " " span .missed { "(" (late) " " (words.late_only) ")" } }
        }
    };
    html! {
        p { strong { (fill(words.wall_open, &[("n", &cases.to_string()), ("late", &late.to_string())])) }
            @if open.counts_are_at_least { " (" (words.wall_more) ")" } }
        div .scroll tabindex="0" role="region" aria-label=(words.wall_by) {
            table {
                caption { (words.wall_by) }
                thead { tr {
                    th scope="col" { (words.level) }
                    @for colour in COLOURS { th .count scope="col" { (colour_name(signed, words, colour)) } }
                    th .count scope="col" { (words.all) }
                } }
                tbody { @for level in LEVELS { tr {
                    th scope="row" { (named(signed.language, level)) }
                    @for colour in COLOURS { td .count { (cell(level, Some(colour))) } }
                    td .count { (cell(level, None)) }
                } } }
            }
        }
    }
}

fn colour_name(signed: &Signed, words: &Desk, colour: Colour) -> &'static str {
    match colour {
        Colour::Red | Colour::Yellow | Colour::Blue => named(signed.language, colour_code(colour)),
        Colour::Unspecified => words.no_colour,
    }
}

/// `GET /wall/live`: a line for each fact, as the record has it. Whoever was cut off goes on where they were.
pub async fn live(signed: Signed, headers: axum::http::HeaderMap) -> Response {
    if let Err(status) = has(&signed, Room::Wall) {
        return signed.answer(Err(status));
    }
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).unwrap_or_default();
    let request = WatchRequest { district: signed.district(), after, ..WatchRequest::default() };
    let watched = match signed.app.doors.casebook_for_long(&signed.person).watch(request).await {
        Ok(watched) => watched.into_inner(),
        Err(status) => return signed.answer(Err(status)),
    };
    let stopping = signed.app.stopping.clone();
    let lines = watched.take_until(stopping.cancelled_owned()).filter_map(move |told| {
        let line = told.ok().and_then(|told| line(&signed, &told));
        std::future::ready(line.map(Ok::<Event, Infallible>))
    });
    let lines: Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>> = Box::pin(lines);
    Sse::new(lines).keep_alive(KeepAlive::default()).into_response()
}

fn line(signed: &Signed, told: &WatchResponse) -> Option<Event> {
    let entry = told.entry.as_ref().filter(|entry| LIVE.contains(&entry.event.as_str()))?;
    let at = read(entry.at.as_ref())?;
    let line = serde_json::json!({
        "at": at.to_string(),
        "clock": signed.clock().clock(at),
        "case": told.case_id,
        "address": format!("/cases/{}", told.case_id),
        "said": told::sentence(signed, entry),
    });
    Some(Event::default().event("line").id(told.position.to_string()).data(line.to_string()))
}
