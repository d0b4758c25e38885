//! The two rules a responder has of its own: how far a call has come ([`Call`]), and which answer goes next
//! ([`Queue`]). Whether an answer is right is the hub's to say, not ours.

mod call;
mod queue;

pub use call::{Call, CallKey, Fact, State};
pub use queue::{AnswerId, Delay, Queue};
