//! Pages of what did not work. Each says what to do next.

use axum::http::StatusCode;
use maud::{Markup, html};
use tonic::{Code, Status};

use crate::ask::Ask;
use crate::form::why;
use crate::page::Page;
use crate::words::Frame;

/// Why there is no page.
pub fn page(ask: &Ask, status: &Status) -> Page {
    let words = Frame::of(ask.language);
    match status.code() {
        Code::NotFound | Code::InvalidArgument => not_found(ask),
        Code::PermissionDenied => {
            let said = html! { p { (why(ask.language, status)) } p { (words.forbidden_text) } (to_start(ask)) };
            Page::new(words.forbidden, said).with(StatusCode::FORBIDDEN)
        }
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => {
            tracing::warn!(code = ?status.code(), message = status.message(), "a service did not answer");
            let again =
                html! { p { (words.unavailable_text) } p { a .button href=(ask.address) { (words.try_again) } } };
            Page::new(words.unavailable, again).with(StatusCode::SERVICE_UNAVAILABLE)
        }
        Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists | Code::OutOfRange => {
            let said = html! { p { (why(ask.language, status)) } (to_start(ask)) };
            Page::new(words.there_is_a_problem, said).with(StatusCode::CONFLICT)
        }
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss | Code::Unauthenticated => {
            tracing::error!(code = ?status.code(), message = status.message(), "a service failed");
            let said = html! { p { (words.broken_text) } p { a .button href=(ask.address) { (words.try_again) } } };
            Page::new(words.broken, said).with(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// There is no such page, or no such case that they may see: which of both is not said.
pub fn not_found(ask: &Ask) -> Page {
    let words = Frame::of(ask.language);
    Page::new(words.not_found, html! { p { (words.not_found_text) } (to_start(ask)) }).with(StatusCode::NOT_FOUND)
}

/// It came from another visit, or from no page of ours.
pub fn stale_form(ask: &Ask) -> Page {
    let words = Frame::of(ask.language);
    Page::new(words.stale_form, html! { p { (words.stale_form_text) } (to_start(ask)) }).with(StatusCode::FORBIDDEN)
}

pub fn too_large(ask: &Ask) -> Page {
    let words = Frame::of(ask.language);
    Page::new(words.too_large, to_start(ask)).with(StatusCode::PAYLOAD_TOO_LARGE)
}

fn to_start(ask: &Ask) -> Markup {
    html! { p { a .button href="/" { (Frame::of(ask.language).back_to_start) } } }
}
