//! The cases behind a figure: by sort, level, channel or holder, and by when they came in.

use axum::response::Response;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use maud::html;
use proto::ToWireTime;
use proto::casebook::v1::ListRequest;
use tonic::Status;

use super::acting::more;
use super::follow::card;
use super::{Room, has};
use crate::ask::Signed;
use crate::doors::CURRENT;
use crate::page::Page;
use crate::words::{Figures, Frame, fill, named};

/// Cases on one page.
const PAGE: u32 = 50;

/// `GET /list`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    // Whoever has the figures has what is behind them.
    has(signed, Room::Figures)?;
    let (words, frame) = (Figures::of(signed.language), Frame::of(signed.language));
    let asked = |name: &str| signed.query(name).to_owned();
    let request = ListRequest {
        district: signed.district(),
        category: asked("category"),
        channel: asked("channel"),
        level: asked("level"),
        owner: asked("owner"),
        received_from: day(signed, "from").and_then(|day| begins(signed, day)).map(|at| at.to_wire()),
        received_until: day(signed, "to")
            .and_then(|day| begins(signed, day.saturating_add(1.day())))
            .map(|at| at.to_wire()),
        page_size: PAGE,
        page_token: asked("page"),
        freshness: Some(CURRENT),
        ..ListRequest::default()
    };
    let listed = signed.app.doors.casebook(&signed.person).list(request).await?.into_inner();
    let total = if listed.total_is_at_least { words.list_total_least } else { words.list_total };
    let body = html! {
        p { (about(signed).join(" · ")) }
        p role="status" { (fill(total, &[("n", &listed.total.to_string())])) }
        @if listed.cases.is_empty() { p { (frame.nothing) } }
        ul .cards { @for case in &listed.cases { li { (card(signed, case)) } } }
        (more(signed, &address(signed), &listed.next_page_token))
        p { a href="/figures" { (words.room) } }
    };
    Ok(Page::new(words.list, body))
}

/// What was asked for, in words.
fn about(signed: &Signed) -> Vec<String> {
    let name = |what: &str| match (what, signed.query(what)) {
        (_, "") => None,
        ("category", code) => Some(signed.category(code)),
        ("level", code) => Some(named(signed.language, code).to_owned()),
        ("channel", code) => {
            Some(signed.charter.channel(code).map_or_else(|| code.to_owned(), |it| signed.name_of(&it.name)))
        }
        ("owner", code) => Some(signed.unit(code)),
        (_, other) => Some(other.to_owned()),
    };
    ["category", "level", "channel", "owner", "from", "to"].into_iter().filter_map(name).collect()
}

fn address(signed: &Signed) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for what in ["category", "level", "channel", "owner", "from", "to"] {
        if !signed.query(what).is_empty() {
            query.append_pair(what, signed.query(what));
        }
    }
    format!("/list?{}", query.finish())
}

fn day(signed: &Signed, name: &str) -> Option<Date> {
    signed.query(name).parse().ok()
}

/// When a day begins in the district.
fn begins(signed: &Signed, day: Date) -> Option<Timestamp> {
    day.to_zoned(signed.charter.time_zone.clone()).ok().map(|day| day.timestamp())
}
