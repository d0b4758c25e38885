//! An enforcement centre's own room: what it works on, and which notices somebody has to go and look at, by when.

use axum::response::Response;
use futures::{StreamExt, TryStreamExt, stream};
use maud::{Markup, html};
use proto::casebook::v1::{CaseSummary, ListOpenRequest};
use proto::enforcement_center::v1::{GetOperationResponse, Notice};
use tonic::Status;

use super::acting::more;
use super::operation::{self, runs, standing};
use super::{Room, has};
use crate::ask::Signed;
use crate::doors::CURRENT;
use crate::page::Page;
use crate::when::read;
use crate::words::{Desk, Operation, fill};

/// Operations on one page; a centre has a handful.
const PAGE: u32 = 50;
/// Operations asked for at once.
const AT_ONCE: usize = 8;

/// `GET /operations`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

type Known = (CaseSummary, GetOperationResponse);

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Operations)?;
    let (words, desk) = (Operation::of(signed.language), Desk::of(signed.language));
    let request = ListOpenRequest {
        district: signed.district(),
        owner: signed.person.identity.party.clone(),
        page_size: PAGE,
        page_token: signed.query("page").to_owned(),
        freshness: Some(CURRENT),
        ..ListOpenRequest::default()
    };
    let listed = signed.app.doors.casebook(&signed.person).list_open(request).await?.into_inner();
    let cases = listed.cases.into_iter().filter_map(|open| open.case);
    let asked = cases.map(async |case| {
        let known = operation::ask(signed, &case.case_id).await?;
        Ok::<_, Status>(known.map(|known| (case, known)))
    });
    let known: Vec<Option<Known>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let known: Vec<Known> = known.into_iter().flatten().collect();
    let body = html! {
        p { (words.room_intro) }
        section aria-labelledby="reinspect" {
            h2 #reinspect { (words.to_reinspect) }
            (to_reinspect(signed, words, desk, &known))
        }
        section aria-labelledby="going-on" {
            h2 #going-on { (words.going_on) }
            @if known.is_empty() { p { (words.none) } } @else { (going_on(signed, words, desk, &known)) }
        }
        (more(signed, "/operations", &listed.next_page_token))
    };
    Ok(Page::new(words.room, body))
}

fn to_reinspect(signed: &Signed, words: &Operation, desk: &Desk, known: &[Known]) -> Markup {
    let mut waiting: Vec<(&CaseSummary, &Notice)> =
        known.iter().flat_map(|(case, it)| it.notices.iter().map(move |notice| (case, notice))).collect();
    waiting.retain(|(_, notice)| runs(notice));
    waiting.sort_by_key(|(_, notice)| read(notice.due.as_ref()));
    html! {
        @if waiting.is_empty() { p { (words.nothing_to_reinspect) } }
        @else {
            div .scroll { table .stacked {
                thead { tr {
                    th scope="col" { (desk.due) } th scope="col" { (words.subject) } th scope="col" { (words.address) }
                    th scope="col" { (desk.state) } th scope="col" { (desk.case) }
                } }
                tbody { @for (case, notice) in waiting { tr {
                    td data-label=(desk.due) { (operation::due(signed, notice)) }
                    th scope="row" { (notice.subject) }
                    td data-label=(words.address) { (notice.address) }
                    td data-label=(desk.state) { (standing(words, notice)) }
                    td data-label=(desk.case) { a href=(format!("/cases/{}", case.case_id)) { (case.title) } }
                } } }
            } }
        }
    }
}

fn going_on(signed: &Signed, words: &Operation, desk: &Desk, known: &[Known]) -> Markup {
    let waiting = |operation: &GetOperationResponse| {
        let seats = operation.seats.iter().filter(|seat| seat.state == "waiting");
        signed.units(seats.map(|seat| seat.party.as_str()))
    };
    html! {
        div .scroll { table .stacked {
            thead { tr {
                th scope="col" { (desk.case) } th scope="col" { (desk.state) }
                th scope="col" { (words.takes_part) } th scope="col" { (desk.waits_for) }
            } }
            tbody { @for (case, operation) in known { tr {
                th scope="row" { a href=(format!("/cases/{}", case.case_id)) { (case.title) } br; span .hint { (case.case_id) } }
                td data-label=(desk.state) { span .tag { (operation::stage(words, &operation.state)) }
                    @if operation.round > 1 { " " (fill(words.round, &[("n", &operation.round.to_string())])) } }
                td data-label=(words.takes_part) { (signed.units(operation.parties.iter().map(String::as_str))) }
                td data-label=(desk.waits_for) { (waiting(operation)) }
            } } }
        } }
    }
}
