//! The powers of a street, one rule book each: [`consultation`] (heard on decisions), [`suggestion`] (asks by itself),
//! [`personnel`] (heard on people), [`sign_off`] (signs what is planned, built and accepted), [`funds`] (pools money),
//! [`headcount`] (posts approved and filled), [`allowance`] (assesses who is posted to it). [`letters`] is the register in
//! which letters get their numbers; [`hundredths`] counts yuan and points.
//!
//! Whether a district has given its streets a power at all is the charter's to say, and asked at the door
//! ([`crate::bench`]): a rule book here is about one thing, and a district that takes a power back still has its history.

pub mod allowance;
pub mod consultation;
pub mod funds;
pub mod headcount;
pub mod hundredths;
pub mod letters;
pub mod personnel;
pub mod sign_off;
pub mod suggestion;

/// What became of an opinion or a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Adopted,
    Partly,
    NotAdopted,
}

/// An answer to what a street has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    pub reason: String,
}

impl Answer {
    /// Whoever does not take an opinion as it is says why.
    #[must_use]
    pub fn lacks_its_reason(&self) -> bool {
        self.verdict != Verdict::Adopted && self.reason.is_empty()
    }
}

/// A file that lies elsewhere, and what it was when somebody was asked about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub name: String,
    /// Of its content, in hexadecimal digits.
    pub sha256: String,
}
