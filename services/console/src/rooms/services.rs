//! How the services are: which answer, and how far behind the record what is looked at is.

use axum::response::Response;
use maud::{Markup, html};
use proto::casebook::v1::ListRequest;
use tonic::Status;

use super::{Room, has};
use crate::ask::Signed;
use crate::page::Page;
use crate::words::{Standing, fill};

/// `GET /services`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Services)?;
    let words = Standing::of(signed.language);
    let mut casebook = signed.app.doors.casebook(&signed.person);
    // The answer itself says how far it reads, whatever is in it.
    let request = ListRequest { district: signed.district(), page_size: 1, ..ListRequest::default() };
    let (services, listed) = tokio::join!(signed.app.doors.standing(), casebook.list(request));
    let as_of = listed.ok().and_then(|listed| listed.into_inner().as_of);
    let body = html! {
        p { (words.intro) }
        div .scroll tabindex="0" role="region" aria-label=(words.room) { table {
            thead { tr { th scope="col" { (words.service) } th scope="col" { (words.how) } } }
            tbody { @for (name, ready) in &services { tr { th scope="row" { code { (name) } } td { (how(words, *ready)) } } } }
        } }
        h2 { (words.copy) }
        @match as_of {
            Some(as_of) => {
                p { (fill(words.reads_to, &[("n", &as_of.position.to_string())])) }
                p { strong .missed[as_of.behind > 0] { (fill(words.behind, &[("n", &as_of.behind.to_string())])) } }
            },
            None => p .missed { (words.no_answer) },
        }
        h2 { (words.letters) }
        p { (words.letters_hint) }
        ul { @for command in ["huying dlq list", "huying dlq show CONSUMER POSITION", "huying dlq retry", "huying dlq drop"] {
            li { code { (command) } }
        } }
    };
    Ok(Page::new(words.room, body))
}

fn how(words: &Standing, ready: Option<bool>) -> Markup {
    match ready {
        Some(true) => html! { span .tag .kept { (words.ready) } },
        Some(false) => html! { span .tag .missed { (words.not_ready) } },
        None => html! { span .tag .missed { (words.no_answer) } },
    }
}
