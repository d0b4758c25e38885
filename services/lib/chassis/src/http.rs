//! What the platform asks over HTTP: is it alive, may it be sent work, how is it doing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::life::Life;
use crate::readiness::Readiness;

pub(crate) fn router(life: Arc<Life>, readiness: Readiness, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/healthz", get(healthz).with_state(life))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(render).with_state(metrics))
}

async fn healthz(State(life): State<Arc<Life>>) -> impl IntoResponse {
    if life.has_failed() { (StatusCode::SERVICE_UNAVAILABLE, "a task failed") } else { (StatusCode::OK, "alive") }
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    let state = readiness.state();
    let status = if state.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut answer = json!({ "ready": state.is_ready(), "closed": state.closed() });
    let why = state.why();
    if !why.is_empty() {
        answer["why"] = json!(why);
    }
    (status, Json(answer))
}

async fn render(State(metrics): State<PrometheusHandle>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
}
