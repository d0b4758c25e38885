//! One joint operation per comprehensive case: assessed together before anybody goes out, on site with
//! notices that have a deadline, and over only when every notice has been complied with. The table is in [`decide`].

mod decide;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ids::Code;
use jiff::Timestamp;
use vocabulary::{Officer, Place};

pub use decide::Rules;

/// Notices one operation may serve. A building of many shops needs a dozen; the bound keeps the history of a case
/// short enough to be read in one go, re-inspections included.
pub const NOTICES_MAX: usize = 50;

/// A comprehensive case, as it comes to the centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// 1 for the first time, 2 after the case was reopened.
    pub round: u32,
    pub centre: Code,
    pub categories: Vec<Code>,
    /// Units that sit there permanently: they take part without being called.
    pub residents: Vec<Code>,
    pub title: String,
    pub place: Place,
}

/// The joint assessment before going out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub assessment: String,
    /// The agreed steps, in order.
    pub steps: Vec<String>,
    pub parties: Vec<Code>,
}

/// A legal order, as it is served on somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The unit that issues it.
    pub party: Code,
    pub subject: String,
    pub address: String,
    pub due: Timestamp,
    /// How it was served: handed over, posted up, by mail.
    pub service_proof: String,
}

/// A second hazard, found while on site.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazard {
    pub title: String,
    pub text: String,
    pub place: Place,
    pub category: Option<Code>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    OperationOpened(Box<Opening>),
    SeatCalled { party: Code },
    SeatTaken { party: Code, officer: Officer },
    PathDecided(Path),
    OnSite { parties: Vec<Code>, stop_order: String },
    NoticeServed { notice: u32, order: Order },
    ReinspectionDue { notice: u32, due: Timestamp },
    Reinspected { notice: u32, passed: bool, finding: String, party: Code },
    NoticeComplied { notice: u32 },
    NoticeBreached { notice: u32, next_step: String, due: Timestamp },
    RelatedCaseSpawned { reference: String, hazard: Box<Hazard> },
    OperationConcluded { summary: String },
    OperationCancelled,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Dispatch gave the centre a comprehensive case, for the first time or again.
    Open(Box<Opening>),
    /// Dispatch closed the case.
    Cancel,
    /// A unit that was asked comes.
    TakeSeat {
        party: Code,
        officer: Officer,
    },
    /// `centre` wants something done on its operation.
    Act {
        centre: Code,
        action: Action,
    },
    CheckDeadlines {
        now: Timestamp,
    },
}

/// What only the operation's own centre may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `seats` are the units that have one, by the charter or by the roster.
    CallSeat {
        party: Code,
        seats: Vec<Code>,
    },
    DecidePath(Path),
    ArriveOnSite {
        parties: Vec<Code>,
        stop_order: String,
    },
    ServeNotice(Order),
    Reinspect {
        notice: u32,
        finding: String,
        verdict: Verdict,
    },
    SpawnRelatedCase(Box<Hazard>),
    Conclude {
        summary: String,
    },
}

/// What a re-inspection found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// What the law has next, and until when.
    Failed {
        next_step: String,
        due: Timestamp,
    },
}

/// What the centre knows of a case: nothing, or its joint operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub operation: Option<Box<Operation>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    pub opening: Opening,
    pub stage: Stage,
    /// Units on call that were asked, each with the officer who came.
    pub seats: BTreeMap<Code, Option<Officer>>,
    /// Notice `n` stands at position `n - 1`.
    pub notices: Vec<Notice>,
    pub hazards: Vec<Hazard>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Opened,
    PathDecided(Path),
    OnSite { parties: Vec<Code>, stop_order: String },
    Concluded,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub order: Order,
    /// The deadline it runs under now.
    pub due: Timestamp,
    pub standing: Standing,
    /// The last deadline that was recorded as come. It never comes again (I7).
    pub run_out: Option<Timestamp>,
    /// Of the last re-inspection.
    pub finding: String,
    pub next_step: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Served,
    /// Not complied with at a re-inspection; open again under a new deadline.
    Breached,
    /// The deadline has come and was recorded: somebody has to go and look.
    ReinspectionDue,
    Complied,
}

impl Notice {
    fn served(order: &Order) -> Self {
        Self {
            order: order.clone(),
            due: order.due,
            standing: Standing::Served,
            run_out: None,
            finding: String::new(),
            next_step: String::new(),
        }
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.standing {
            Standing::Served | Standing::Breached | Standing::ReinspectionDue => true,
            Standing::Complied => false,
        }
    }

    /// The deadline nobody has been told of yet.
    fn coming_due(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Served | Standing::Breached => Some(self.due),
            Standing::ReinspectionDue | Standing::Complied => None,
        }
    }
}

impl Operation {
    /// Every unit that takes part: the residents and whoever has taken a seat.
    pub fn parties(&self) -> impl Iterator<Item = &Code> {
        let residents = &self.opening.residents;
        let seated = self.seats.iter().filter(|(_, officer)| officer.is_some()).map(|(party, _)| party);
        residents.iter().chain(seated.filter(|party| !residents.contains(party)))
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.stage {
            Stage::Opened | Stage::PathDecided(_) | Stage::OnSite { .. } => false,
            Stage::Concluded | Stage::Cancelled => true,
        }
    }

    /// Notices with their numbers, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Notice)> {
        (1..).zip(&self.notices)
    }

    /// The earliest deadline of a notice that nobody has been told of yet.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.is_over() { None } else { self.notices.iter().filter_map(Notice::coming_due).min() }
    }
}

/// Why the centre says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no joint operation on this case")]
    NoOperation,
    #[error("this operation is run by {0}")]
    AnotherCentre(Code),
    #[error("the operation is concluded")]
    Concluded,
    #[error("the case was closed, and the operation with it")]
    Cancelled,
    #[error("{0} sits in the centre permanently and needs no call")]
    ResidentNeedsNoCall(Code),
    #[error("{party} has no seat in this centre; {} have one", list(.seats))]
    NoSeat { party: Code, seats: Vec<Code> },
    #[error("{0} was not asked to take a seat")]
    NotAsked(Code),
    #[error("{0} takes no part in this operation: it is neither resident nor has it taken a seat")]
    TakesNoPart(Code),
    #[error("no path has been decided; assess together before going out")]
    NoPathDecided,
    #[error("the units are on site already; the path was decided before they went out")]
    OnSiteAlready,
    #[error("nobody is on site yet")]
    NotOnSite,
    #[error("notice {0} says the same to the same address and is still open")]
    ServedAlready(u32),
    #[error("one operation serves at most {NOTICES_MAX} notices; open a related case for the rest")]
    TooManyNotices,
    #[error("this operation has no notice {0}")]
    NoSuchNotice(u32),
    #[error("notice {0} has been complied with")]
    CompliedAlready(u32),
    #[error("still open: {}; inspect again first", notices(.0))]
    NoticesOpen(Vec<u32>),
}

fn list(codes: &[Code]) -> String {
    if codes.is_empty() { "none".to_owned() } else { codes.iter().map(Code::as_str).collect::<Vec<_>>().join(", ") }
}

fn notices(numbers: &[u32]) -> String {
    numbers.iter().map(|number| format!("notice {number}")).collect::<Vec<_>>().join(", ")
}
