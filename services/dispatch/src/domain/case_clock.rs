//! The clock of the case: a pure function of what happened to it and of the calendar.
//!
//! It starts when the case is first given to somebody, not when anybody signs for it, and again when the case is
//! reopened. Its limit is that of the last judgement: a new one counts from the same start, with the standstills there have
//! been, as if it had held from the beginning. What a standstill costs is the calendar's to say
//! ([`charter::Charter::deadline_after`]). An extension names a day; the time ends there unless the limit ends later,
//! and a standstill moves that day.
//!
//! Calls, tasks with a day of their own, reminders, extensions and the next meeting of a task force have days and not
//! limits in their record; any other task is due with its call or its case. A
//! standstill moves them by its length, unless their time was up before it began; and what was said in the middle of it by
//! as much as was left of it then.

use charter::{Deadline, Limit, Standstill};
use jiff::Timestamp;

use super::{InForce, Suspension};

/// Since when a clock runs, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    pub at: Timestamp,
    pub limit: Limit,
}

/// From when and how long a clock that starts, or is judged anew, runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub now: Timestamp,
    pub limit: Limit,
    pub in_force: InForce,
}

/// Everything that bears on when the time of a case is up.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseClock {
    /// None on records from before starts were written down.
    pub start: Option<Start>,
    /// In order, without overlap.
    pub standstills: Vec<Standstill>,
    /// The day an extension named, later by every standstill since.
    pub granted: Option<Timestamp>,
    /// When it was named; none where the record does not say.
    pub granted_at: Option<Timestamp>,
    /// As it was recorded last.
    pub due: Timestamp,
}

impl CaseClock {
    /// Starts with what an assignment or a reopening says.
    #[must_use]
    pub fn starting(start: Option<Start>, due: Timestamp) -> Self {
        Self { start, standstills: vec![], granted: None, granted_at: None, due }
    }

    /// The start it would have under a new judgement: the same instant, the new limit.
    #[must_use]
    pub fn under(&self, terms: &Terms) -> Self {
        let at = self.start.map_or(terms.now, |start| start.at);
        Self { start: Some(Start { at, limit: terms.limit }), ..self.clone() }
    }

    /// The clock after it stood still once more.
    #[must_use]
    pub fn after_standstill(&self, standstill: Standstill) -> Self {
        let mut after = self.clone();
        after.granted = self.granted.map(|granted| later(granted, rest_of(standstill, self.granted_at)));
        after.standstills.push(standstill);
        after
    }

    /// When the time is up. Without a known start, as it was recorded.
    #[must_use]
    pub fn deadline(&self, in_force: &InForce) -> Deadline {
        let recorded = Deadline { due: self.due, provisional: false };
        let counted =
            self.start.map_or(recorded, |start| in_force.0.deadline_after(start.at, &start.limit, &self.standstills));
        match self.granted {
            Some(granted) if granted > counted.due => Deadline { due: granted, provisional: false },
            Some(_) | None => counted,
        }
    }
}

/// As much of a standstill as comes after `counts_from`; all of it where that is not known.
pub(super) fn rest_of(standstill: Standstill, counts_from: Option<Timestamp>) -> Standstill {
    let from = counts_from.map_or(standstill.from, |from| from.max(standstill.from));
    Standstill { from, until: standstill.until.max(from) }
}

/// A day in the middle of a suspension, with what has stood still up to `now`; and since when it counts from then on.
pub(super) fn as_it_stands(
    suspension: Option<&Suspension>,
    (day, counts_from): (Timestamp, Option<Timestamp>),
    now: Timestamp,
) -> (Timestamp, Option<Timestamp>) {
    let Some(suspension) = suspension else { return (day, counts_from) };
    let now = now.min(suspension.until).max(suspension.since);
    let so_far = Standstill { from: suspension.since, until: now };
    (later(day, rest_of(so_far, counts_from)), Some(now))
}

/// A day that somebody named, after a standstill.
pub(super) fn later(day: Timestamp, standstill: Standstill) -> Timestamp {
    if standstill.from < day { day.saturating_add(standstill.length()).unwrap_or(Timestamp::MAX) } else { day }
}

impl Terms {
    /// When a clock that starts now runs out.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.in_force.0.deadline(self.now, &self.limit)
    }

    #[must_use]
    pub fn start(&self) -> Start {
        Start { at: self.now, limit: self.limit }
    }
}
