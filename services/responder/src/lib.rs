//! The service each department runs in its own network: it takes the department's calls from the hub and brings the
//! department's answers back, and goes on working while the hub is out of reach.
//!
//! Open `department.rs` first: one department at work. An order comes in through `inbox.rs`, an answer goes out through
//! `outbox.rs`, both over `store/`, the department's own disk. `domain/` has the two rules: how far a call has come,
//! and which answer goes next. `grpc.rs` is the door for the department's systems; `telling.rs` tells one of them by webhook.
//!
//! Invariants:
//!
//! - An order is on disk before it is acknowledged, once, however often it comes (I11).
//! - An answer is on disk before anybody is told so, and is sent under the same command id until the hub takes or
//!   refuses it; answers of one call arrive in the order in which they were given.
//! - It is ready without the hub: `responder_hub_connected` says whether the hub is there, readiness does not. A hub that is
//!   there and does not let it in by this key closes readiness: that does not pass.
//! - A token sees its own department only.
//!
//! Deliberately absent: any judgement on an answer beyond its form. The hub decides; a refusal is kept for whoever asks.
//!
//! # Writing your own
//!
//! A department that wants more than a desk brings its own program, and keeps all of the above:
//!
//! ```no_run
//! use futures::StreamExt;
//! use proto::common::v1::Officer;
//! use proto::dispatch::v1::{Answer, Respond, answer, order};
//! use responder::{Department, fleet};
//!
//! async fn start(config: responder::Config, service: &mut chassis::Service) -> anyhow::Result<()> {
//!     let department = Department::open(config.department.clone(), config.into(), service).await?;
//!     service.grpc(fleet([department.clone()]));
//!     service.spawn("duty officer", async move {
//!         let mut orders = std::pin::pin!(department.orders());
//!         while let Some(order) = orders.next().await {
//!             let Some(order::Order::Call(call)) = order.order else { continue };
//!             let officer = Officer { staff_ref: "w-017".to_owned(), post: "duty officer".to_owned() };
//!             department
//!                 .answer(Answer {
//!                     district: order.district,
//!                     case_id: order.case_id,
//!                     call: call.call,
//!                     // Made of the order's own name, so that it is the same after a restart.
//!                     command_id: format!("duty-{}-{}", department.code(), order.n),
//!                     answer: Some(answer::Answer::Respond(Respond { officer: Some(officer) })),
//!                 })
//!                 .await?;
//!         }
//!         Ok(())
//!     });
//!     Ok(())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     chassis::run("water-bureau", start)
//! }
//! ```

mod auto;
mod config;
mod copies;
mod department;
pub mod domain;
#[cfg(test)]
mod fixtures;
mod grpc;
mod hub;
mod inbox;
mod outbox;
mod store;
mod telling;
mod wire;

use anyhow::Context;
use chassis::{Service, Starting};

pub use auto::Policy;
pub use config::Config;
pub use copies::copies;
pub use department::{BadCursor, Department, DepartmentConfig, PageOfOrders, Since};
pub use grpc::{Fleet, fleet};
pub use outbox::AnswerError;
pub use store::StoreError;

/// Opens one department and serves its desk.
///
/// # Errors
/// Its data cannot be opened. That the hub is away is no error.
pub fn start(config: Config, service: &mut Service) -> Starting<'_> {
    Box::pin(begin(config, service))
}

async fn begin(config: Config, service: &mut Service) -> anyhow::Result<()> {
    describe_metrics();
    if let Some(pem) = config.people_key()? {
        service
            .recognises_people(&pem, config::ROLE, config.department.as_str())
            .context("loading --people-key-file")?;
    }
    let webhook = config.webhook()?;
    let department = Department::open(config.department.clone(), config.into(), service).await?;
    if let Some((poster, target)) = webhook {
        department.tells(poster, target, service);
    }
    service.descriptors(proto::DESCRIPTORS);
    service.admits_by(station::access::admits);
    service.grpc(fleet([department]));
    Ok(())
}

/// What each figure is, for whoever meets it without docs/department.md.
fn describe_metrics() {
    metrics::describe_gauge!("responder_hub_connected", "1 while the connection to the hub stands");
    metrics::describe_gauge!("responder_answers_waiting", "Answers that the hub has not taken or refused yet");
    metrics::describe_gauge!(
        "responder_answers_refused_unseen",
        "Answers that the hub refused when nobody waited, and that nobody has seen yet"
    );
    metrics::describe_counter!("responder_answers_total", "Answers sent to the hub, by what it said");
    metrics::describe_counter!("responder_orders_total", "Orders received from the hub, by kind");
    metrics::describe_counter!("responder_webhooks_total", "Orders told to the department's own system, by outcome");
    metrics::describe_gauge!("responder_webhooks_waiting", "Orders that the department's own system has not taken");
    metrics::describe_histogram!("responder_group_writes", "Writes that went to disk together");
}
