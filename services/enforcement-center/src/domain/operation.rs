//! One joint operation per comprehensive case: assessed together before anybody goes out, on site with
//! notices that have a deadline, and over only when every notice has been complied with or what its breach made
//! mandatory is done. The table is in [`decide`]; what it is about in [`paper`], [`notice`] and [`seat`].

pub mod allowed;
mod decide;
mod evolve;
pub mod notice;
pub mod paper;
mod refusal;
pub mod seat;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use ids::Code;
use jiff::Timestamp;
use vocabulary::{Officer, Place};

pub use decide::Rules;
pub use notice::{NextStep, Notice, Order, Proof, Standing, Verdict};
pub use paper::{Conclusion, Decision, Document, Hazard, Inspection, Meeting, Participant, Path, PathStep, StopOrder};
pub use refusal::Refusal;
pub use seat::{Seat, SeatCall, Waiting};

/// Notices one operation may serve. A building of many shops needs a dozen; the bound keeps the history of a case
/// short enough to be read in one go, re-inspections included.
pub const NOTICES_MAX: usize = 50;
/// Stop orders of one operation, by the same measure.
pub const STOP_ORDERS_MAX: usize = 20;
/// Meetings of one operation: a week of three a day.
pub const MEETINGS_MAX: usize = 20;
/// Legal powers that an assessment needs, or it is not a joint one.
pub const POWERS_MIN: usize = 2;

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

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    OperationOpened(Box<Opening>),
    SeatCalled(SeatCall),
    SeatTaken { party: Code, officer: Officer },
    SeatLapsed { party: Code, officer: Option<Officer>, due: Timestamp },
    SeatEscalated { party: Code, told: Code },
    MeetingHeld { meeting: u32, held: Meeting },
    PathDecided(Path),
    OnSite { parties: Vec<Code>, stop_order: String },
    StopOrdered { number: u32, order: StopOrder },
    NoticeServed { notice: u32, order: Order },
    ReinspectionDue { notice: u32, due: Timestamp },
    Reinspected(Inspection),
    NoticeComplied { notice: u32 },
    NoticeBreached { notice: u32, step: NextStep, next_step: String, due: Timestamp },
    NextStepTaken { notice: u32, step: NextStep, text: String, to: Code, at: Timestamp },
    RelatedCaseSpawned { reference: String, hazard: Box<Hazard> },
    OperationConcluded(Conclusion),
    OperationCancelled,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Dispatch gave the centre a comprehensive case, for the first time or again.
    Open(Box<Opening>),
    /// Dispatch closed the case.
    Cancel,
    /// A unit that was asked comes, or one that was missing.
    TakeSeat { party: Code, officer: Officer },
    /// `centre` wants something done on its operation.
    Act { centre: Code, action: Action },
    CheckDeadlines {
        now: Timestamp,
        /// Until when a substitute called now has to come: the charter's limit, after `now`.
        seat_due: Timestamp,
        /// Who is told when nobody is left to call.
        told: Code,
        /// Staff numbers of substitutes who cannot be called now: away, or without their place.
        away: BTreeSet<String>,
    },
}

/// What only the operation's own centre may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `seats` are the units that have one, by the charter or by the roster.
    CallSeat {
        call: SeatCall,
        seats: Vec<Code>,
    },
    HoldMeeting {
        held_at: Timestamp,
        venue: String,
        present: Vec<Code>,
        decisions: Vec<Decision>,
    },
    DecidePath(Path),
    ArriveOnSite {
        parties: Vec<Code>,
        /// Said by word of mouth.
        stop_order: String,
    },
    OrderStop(StopOrder),
    ServeNotice(Order),
    Reinspect {
        notice: u32,
        finding: String,
        verdict: Verdict,
        at: Timestamp,
    },
    /// What a breach made mandatory, unless that is served as a document of its own.
    TakeNextStep {
        notice: u32,
        step: NextStep,
        text: String,
        to: Code,
        at: Timestamp,
    },
    SpawnRelatedCase(Box<Hazard>),
    Conclude(Conclusion),
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
    /// Units on call that were asked.
    pub seats: BTreeMap<Code, Seat>,
    /// Units that were missing at the last meeting and have not come since: they are not reported in.
    pub absent: BTreeSet<Code>,
    pub meetings: Vec<Meeting>,
    /// The last one is the one that holds.
    pub paths: Vec<Path>,
    pub stop_orders: Vec<StopOrder>,
    /// Notice `n` stands at position `n - 1`.
    pub notices: Vec<Notice>,
    pub inspections: Vec<Inspection>,
    pub hazards: Vec<Hazard>,
    /// One for each round that came to its end.
    pub conclusions: Vec<Conclusion>,
    /// Every document in the order it was made, and the centre that made it.
    pub documents: Vec<(Document, Code)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Opened,
    PathDecided,
    OnSite { parties: Vec<Code>, stop_order: String },
    Concluded,
    Cancelled,
}

impl Operation {
    /// Every unit that takes part: the residents and whoever has taken a seat, unless they missed the last meeting.
    pub fn parties(&self) -> impl Iterator<Item = &Code> {
        let residents = &self.opening.residents;
        let seated = self.seats.iter().filter(|(_, seat)| seat.is_taken()).map(|(party, _)| party);
        let all = residents.iter().chain(seated.filter(|party| !residents.contains(party)));
        all.filter(|party| !self.absent.contains(*party))
    }

    /// Whoever is called next for some seat when nobody comes in time.
    pub fn substitutes(&self) -> impl Iterator<Item = &Officer> {
        self.seats.values().flat_map(|seat| match seat {
            Seat::Waiting(waiting) => waiting.substitutes.as_slice(),
            Seat::Taken(_) | Seat::Escalated { .. } => &[],
        })
    }

    /// Every unit that is expected at a meeting: the residents and whoever was called.
    pub fn expected(&self) -> impl Iterator<Item = &Code> {
        let residents = &self.opening.residents;
        residents.iter().chain(self.seats.keys().filter(|party| !residents.contains(party)))
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.stage {
            Stage::Opened | Stage::PathDecided | Stage::OnSite { .. } => false,
            Stage::Concluded | Stage::Cancelled => true,
        }
    }

    /// Notices with their numbers, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Notice)> {
        (1..).zip(&self.notices)
    }

    #[must_use]
    pub fn notice(&self, number: u32) -> Option<&Notice> {
        self.numbered().find(|(known, _)| *known == number).map(|(_, notice)| notice)
    }

    /// The earliest deadline of a notice or a called seat that nobody has been told of yet.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.is_over() {
            return None;
        }
        let seats = self.seats.values().filter_map(Seat::coming_due);
        self.notices.iter().filter_map(Notice::coming_due).chain(seats).min()
    }
}
