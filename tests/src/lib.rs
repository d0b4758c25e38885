//! The whole system under test: `system/` holds the tests, `stories/` the worked examples, `clients/` what others write.
//! Here is what the benchmarks and the long runs share.

#![allow(clippy::disallowed_methods, reason = "the load is not part of any service; every phase waits for its own")]
#![allow(clippy::cast_precision_loss, reason = "figures")]

pub mod against;
pub mod checker;
pub mod cpu;
pub mod day;
pub mod figures;
pub mod load;
pub mod size;
