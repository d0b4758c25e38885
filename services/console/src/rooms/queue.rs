//! The judgement queue: what the rules were not sure of, why, and what they thought of.

use axum::response::Response;
use maud::html;
use proto::casebook::v1::ListQueueRequest;
use tonic::Status;

use super::{Room, has};
use crate::ask::Signed;
use crate::doors::CURRENT;
use crate::page::Page;
use crate::when::read;
use crate::words::{Desk, Frame, fill};

/// Cases shown; the queue has no pages, and whoever judges takes the oldest.
const SHOWN_MAX: u32 = 50;

/// `GET /queue`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Queue)?;
    let words = Desk::of(signed.language);
    let request = ListQueueRequest { district: signed.district(), page_size: SHOWN_MAX, freshness: Some(CURRENT) };
    let queued = signed.app.doors.casebook(&signed.person).list_queue(request).await?.into_inner().cases;
    let clock = signed.clock();
    let body = html! {
        p { (words.queue_intro) }
        @if queued.is_empty() { p { (words.queue_empty) } }
        @else {
            div .scroll { table .stacked {
                thead { tr {
                    th scope="col" { (words.due) } th scope="col" { (words.case) }
                    th scope="col" { (words.why_here) } th scope="col" { (words.candidates) }
                } }
                tbody { @for case in &queued { tr {
                    td data-label=(words.due) { @if let Some(due) = read(case.due.as_ref()) { (clock.countdown(due)) } }
                    th scope="row" {
                        a href=(format!("/cases/{}", case.case_id)) { (case.title) } br; span .hint { (case.case_id) }
                        @if !case.claimed_by.is_empty() { br; span .tag { (fill(words.claimed_by, &[("who", &case.claimed_by)])) } }
                    }
                    td data-label=(words.why_here) { (case.reason) }
                    td data-label=(words.candidates) {
                        @for candidate in &case.candidates {
                            (signed.category(&candidate.category)) " " span .hint { (format!("{:.0} %", candidate.confidence * 100.0)) } br;
                        }
                    }
                } } }
            } }
        }
        p .hint { a href="/queue" { (Frame::of(signed.language).try_again) } }
    };
    Ok(Page::new(words.queue_title, body))
}
