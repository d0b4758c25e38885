//! What the enforcement centre decides: the joint [`operation`] on one case, and the [`roster`] of one centre.

pub mod operation;
pub mod roster;
