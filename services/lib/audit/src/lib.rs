//! Whether the record still is what was written (D18): chains of commits, and anchors of whole days.
//!
//! Each commit names the one before it by its hash; [`chains`] follows them. Once a day somebody with a key of their own
//! writes down what all chains of a district ended in ([`anchor`]), and [`verify`] looks whether everything still fits: on
//! the record, in the archive, and in the row of anchors itself. Open [`chains`] first.
//!
//! Invariants: an anchor is a function of the record alone, so whoever makes it makes the same; what is wrong is a finding
//! and never an error; nothing here is ever mended.

pub mod anchor;
pub mod chains;
mod ends;
mod filed;
pub mod verify;

use archive::ShelfError;
use record::BrokerError;

pub use chains::Break;
pub use verify::{Findings, Progress};

/// Why nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("a filed case cannot be read")]
    Archive(#[from] ShelfError),
    /// What an anchor would have to vouch for.
    #[error("{subject}: expected {expected}, found {found}", subject = .0.subject, expected = .0.expected, found = .0.found)]
    Damaged(Break),
    #[error("cases were filed while the record was read; try again when that is over")]
    Filing,
}
