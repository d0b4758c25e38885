//! The archive (归档): cases that were closed long ago leave the record for volumes, and are read back from there.
//!
//! Every commit on the record has a subject of its own, and the broker keeps each in memory for ever. So what nobody
//! works on any more is written into *volumes*, thousands of case files each ([`volume`]), and what stays of a case is
//! one tombstone that says where its file lies. [`filing`] is how a case gets there without ever being in no place,
//! whatever dies when; [`Shelf`] hands a filed case out again, [`verify`] looks whether all of it is as it was put.
//!
//! Invariants: nothing is taken off the record before it was read back from the archive; a volume never changes; what
//! filing has done so far is noted in the volumes themselves and nowhere else.

mod facts;
pub mod filing;
mod shelf;
pub mod verify;
pub mod volume;

pub use facts::Facts;
pub use shelf::{FiledCase, Shelf, ShelfError};
pub use volume::{Damage, VolumeName};
