//! What the enforcement centre decides: the joint [`operation`] on one case, the [`roster`] of one centre, and whose an
//! officer is ([`staff`]).

pub mod operation;
pub mod register;
pub mod roster;
pub mod staff;
