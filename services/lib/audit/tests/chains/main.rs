//! Chains and anchors on a real broker: made, made by two at once, made up for, and looked at on copies of the record in
//! which somebody has changed something. A copy lies on a server of its own, in streams that the test made itself: in ours
//! nothing can be changed.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod anchoring;
mod tampering;
mod world;
