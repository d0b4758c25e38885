//! Telling a program elsewhere what happened, by HTTP: the scheme of Standard Webhooks, the body a CloudEvent. Whoever tells
//! others (notification, a department's responder) does it through this crate, so that there is one signature, one form of
//! the body and one guard.
//!
//! Open `post.rs` first: one try of one event. `secret.rs` signs, `event.rs` is the body, `guard.rs` says where nothing is
//! sent to, `pauses.rs`
//! and `tries.rs` when it is tried again, and when it is given up.
//!
//! Invariants: the same event is the same id and the same bytes however often it is sent; nothing goes to an address that is
//! neither public nor listed, whatever a name resolves to; what comes back is bounded and not kept.
//!
//! Deliberately absent: any queue. Whoever tells keeps what is to be told where it is safe.

mod event;
mod guard;
mod pauses;
mod post;
mod secret;
mod tries;

pub use event::{Event, short_id};
pub use guard::{Guard, network};
pub use ipnet::IpNet;
pub use pauses::{jittered, pause_after};
pub use post::{Attempt, BadAddress, Poster, Target};
pub use reqwest::Url;
pub use secret::{BadSecret, Secret, Secrets};
pub use tries::Tries;
