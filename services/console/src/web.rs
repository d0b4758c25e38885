//! The addresses of the pages, and what every answer says to the browser.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::ask::{App, Ask};
use crate::assets::Asset;
use crate::failure;
use crate::rooms::{
    calls, case, charter, figures, follow, grid, inbox, list, operation, operations, queue, report, services, sign_in,
    start, wall,
};

/// Nothing from elsewhere, nothing written into a page, nobody's frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A page is of one person at one moment.
const NEVER_KEPT: &str = "no-store";
/// An asset's address changes with it.
const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";

pub fn routes(app: App) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/language", post(sign_in::choose_language))
        .route("/report", get(report::show).post(report::send))
        .route("/mine", get(follow::mine))
        .route("/find", get(follow::find))
        .route("/r/{receipt}", get(follow::by_receipt))
        .route("/cases/{case}", get(case::show))
        .route("/cases/{case}/papers/{document}", get(operation::paper))
        .route("/grid", get(grid::show))
        .route("/grid/card", get(grid::card))
        .route(grid::OFFLINE, get(grid::offline))
        .route("/manifest.webmanifest", get(grid::manifest))
        .route("/worker.js", get(grid::worker))
        .route("/figures", get(figures::show))
        .route("/list", get(list::show))
        .route("/services", get(services::show))
        .route("/charter", get(charter::show))
        .route("/operations", get(operations::show))
        .route("/cases/{case}/{action}", get(case::back_to).post(case::act))
        .route("/inbox", get(inbox::show))
        .route("/queue", get(queue::show))
        .route("/wall", get(wall::show))
        .route("/wall/live", get(wall::live))
        .route("/calls", get(calls::show))
        .route("/calls/{case}/{call}/{action}", post(calls::answer))
        .route("/assets/{name}", get(asset))
        .fallback(nothing)
        .layer(from_fn(guarded))
        .with_state(Arc::new(app))
}

async fn asset(ask: Ask, Path(name): Path<String>) -> Response {
    match Asset::at(&format!("/assets/{name}")) {
        Some(asset) => ([(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, KEPT_FOR_EVER)], asset.text).into_response(),
        None => failure::not_found(&ask).into_response(&ask),
    }
}

async fn nothing(ask: Ask) -> Response {
    failure::not_found(&ask).into_response(&ask)
}

async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    metrics::counter!("console_pages_total", "status" => response.status().as_u16().to_string()).increment(1);
    let headers = response.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(NEVER_KEPT));
    }
    // A paper to print has one of its own.
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // The link of a receipt is a key: it is told to nobody.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
