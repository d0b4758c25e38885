//! What an operation puts on paper: minutes, the assessment, stop orders, re-inspections, the conclusion.

use ids::Code;
use jiff::Timestamp;
use vocabulary::{Officer, Place};

use super::notice::{Proof, Verdict};

/// The joint assessment before going out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub assessment: String,
    /// The agreed steps, in order.
    pub steps: Vec<PathStep>,
    pub participants: Vec<Participant>,
    /// None only on a record made before times were kept with it.
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    pub action: String,
    /// The legal power it rests on; none only on a record made before powers were kept with it.
    pub power: Option<Code>,
    /// The provision, in words.
    pub basis: String,
}

/// A unit that took part in the assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    pub party: Code,
    pub officer: Option<Officer>,
    /// The legal power it brings; none for a unit that only advises.
    pub power: Option<Code>,
}

impl Path {
    /// The same, whenever it was said.
    #[must_use]
    pub fn says_what(&self, other: &Self) -> bool {
        self.assessment == other.assessment && self.steps == other.steps && self.participants == other.participants
    }
}

/// The units met in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    pub held_at: Timestamp,
    pub venue: String,
    pub present: Vec<Code>,
    pub absent: Vec<Code>,
    pub decisions: Vec<Decision>,
}

/// Something a meeting decided, and whose it is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub text: String,
    pub party: Code,
}

/// Something has to stop at once: a document of its own, without a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopOrder {
    /// The unit that issues it.
    pub party: Code,
    pub subject: String,
    pub address: String,
    pub proof: Proof,
    /// The breached notice of which this is the next step.
    pub follows: Option<u32>,
}

/// Somebody went and looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    pub notice: u32,
    pub passed: bool,
    pub finding: String,
    pub party: Code,
    pub at: Option<Timestamp>,
}

impl Inspection {
    pub(super) fn new(notice: u32, finding: &str, verdict: &Verdict, party: &Code, at: Timestamp) -> Self {
        let passed = *verdict == Verdict::Passed;
        Self { notice, passed, finding: finding.to_owned(), party: party.clone(), at: Some(at) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    pub summary: String,
    pub at: Option<Timestamp>,
}

/// A second hazard, found while on site.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazard {
    pub title: String,
    pub text: String,
    pub place: Place,
    pub category: Option<Code>,
}

/// Which document, by its kind and its count within the kind, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    Assessment(u32),
    StopOrder(u32),
    Notice(u32),
    Reinspection(u32),
    Conclusion(u32),
}
