//! What is rated, by whom, and what evaluation remembers of a case. The rules are in [`decide`], the arithmetic of a
//! score in [`score`], what a street's mark has to be in [`mark`].

pub mod allowed;
pub mod ballot;
mod decide;
pub mod mark;
pub mod period;
pub mod score;

use std::collections::{BTreeMap, BTreeSet};

use ids::Code;
use jiff::Timestamp;
use rust_decimal::Decimal;

pub use decide::Rules;
pub use mark::{Mark, MarkProblem};
pub use score::{Formula, Part, Score, Weight};

/// Characters of a comment, a reason or a note.
pub const NOTE_LENGTH_MAX: usize = 2000;
/// A resolution that asks to be rated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// 1 for the first resolution of the case, 2 after a reopening.
    pub round: u32,
    /// Until when it can be rated.
    pub due: Timestamp,
    /// Whoever called last; none when nobody was called.
    pub calling_party: Option<Code>,
    /// The unit that answered it. None on older records.
    pub solved_by: Option<Code>,
    /// How each called party kept its clocks, and for whom.
    pub performance: BTreeMap<Code, Performance>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performance {
    /// Who called it, and so rates it. None where the record names only whoever called in the whole case.
    pub calling_party: Option<Code>,
    /// In which it was called last. None on records from before it was written down.
    pub round: Option<u32>,
    pub clocks: Clocks,
}

impl Asked {
    /// Whether a unit did the work of this round.
    #[must_use]
    pub fn was_solved_by(&self, unit: &Code) -> bool {
        let came = |kept: &Performance| kept.round.is_none_or(|round| round == self.round);
        let mut called = self.performance.iter().filter(|(_, kept)| came(kept)).map(|(party, _)| party).peekable();
        if called.peek().is_none() { self.solved_by.as_ref() == Some(unit) } else { called.any(|party| party == unit) }
    }

    /// Who rates a called party.
    #[must_use]
    pub fn rated_by<'a>(&'a self, performance: &'a Performance) -> Option<&'a Code> {
        performance.calling_party.as_ref().or(self.calling_party.as_ref())
    }
}

/// Which limits a party kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    pub responded_in_time: bool,
    pub reported_in_in_time: bool,
    pub done_in_time: bool,
}

impl Clocks {
    /// Of a party that was called twice: a limit counts as kept when it was kept both times.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            responded_in_time: self.responded_in_time && other.responded_in_time,
            reported_in_in_time: self.reported_in_in_time && other.reported_in_in_time,
            done_in_time: self.done_in_time && other.done_in_time,
        }
    }
}

/// How a call back to the caller went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackOutcome {
    Reached,
    NoAnswer,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `rated`: whose mark of an earlier round stands.
    RatingRequested {
        asked: Asked,
        rated: Vec<Code>,
    },
    /// `rating` is a step of the charter's scale, `rate` and `solved` what the charter makes of it.
    Rated {
        round: u32,
        rating: Code,
        rate: Decimal,
        solved: bool,
        comment: String,
    },
    PartyRated {
        round: u32,
        party: Code,
        mark: Mark,
        by: Code,
    },
    CallbackLogged {
        round: u32,
        by: Option<Code>,
        outcome: CallbackOutcome,
        note: String,
        again_at: Option<Timestamp>,
    },
    RatingLapsed {
        round: u32,
    },
    RatingPutOff {
        round: u32,
    },
    Scored(Score),
}

/// Commands that can complete a score carry the formula in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Dispatch resolved the case.
    Ask {
        asked: Asked,
        formula: Formula,
    },
    /// The case is open again after this resolution.
    PutOff {
        asked: Asked,
    },
    /// The case ended otherwise after this resolution, and nobody is asked any more. It was left out of the statistics, and
    /// what is not scored stays unscored; or, with a formula, it was given up: how it was done then is scored as it is known.
    Abandon {
        asked: Asked,
        formula: Option<Formula>,
    },
    Rate {
        rating: Code,
        rate: Decimal,
        solved: bool,
        comment: String,
        now: Timestamp,
        formula: Formula,
    },
    RateParty {
        by: Code,
        party: Code,
        mark: Mark,
        now: Timestamp,
        formula: Formula,
    },
    LogCallback {
        /// Who called; none: somebody of no unit.
        by: Option<Code>,
        outcome: CallbackOutcome,
        note: String,
        again_at: Option<Timestamp>,
        /// Calls back about one resolution that the charter has room for.
        most: u32,
        now: Timestamp,
    },
    CheckDeadlines {
        now: Timestamp,
        formula: Formula,
    },
}

/// What evaluation needs to know of a case: its latest resolution, and the marks that were given before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub round: Option<Round>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    pub asked: Asked,
    /// What the caller's rating is worth, once given.
    pub caller: Option<Decimal>,
    /// What the street gave each party, and in which round: its last word.
    pub street: BTreeMap<Code, (u32, Decimal)>,
    pub scored: BTreeSet<Code>,
    pub callbacks: u32,
    pub lapsed: bool,
    /// The case is open again, and there is nothing to rate before the next answer.
    pub put_off: bool,
}

impl Round {
    /// The next one, with the marks of those `before`.
    #[must_use]
    pub fn after(before: Option<Self>, asked: Asked) -> Self {
        Self {
            asked,
            caller: None,
            street: before.map(|round| round.street).unwrap_or_default(),
            scored: BTreeSet::new(),
            callbacks: 0,
            lapsed: false,
            put_off: false,
        }
    }

    /// Whether something can still come of waiting: the caller's word, or a score.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.put_off && self.is_unfinished()
    }

    /// Whether the caller's word, or a score, has not come.
    fn is_unfinished(&self) -> bool {
        let unscored = self.asked.performance.keys().any(|party| !self.scored.contains(party));
        !self.lapsed && (self.caller.is_none() || unscored)
    }

    /// The round in which a party got the mark that stands: it was not called again after that.
    fn rated_in(&self, party: &Code) -> Option<u32> {
        let called_in = self.asked.performance.get(party)?.round.unwrap_or(self.asked.round);
        self.street.get(party).map(|(round, _)| *round).filter(|round| *round >= called_in)
    }
}

/// Why evaluation says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this case is not resolved, or its caller is still being helped: there is nothing to rate yet")]
    NotResolved,
    #[error("resolution {round} of this case has been rated already")]
    AlreadyRated { round: u32 },
    #[error("{party} has been rated already for resolution {round} of this case")]
    PartyAlreadyRated { party: Code, round: u32 },
    #[error("the time to rate is over; it was {due:.0} at the latest")]
    Lapsed { due: Timestamp },
    #[error("nobody was called in this case, so there is no party to rate")]
    NobodyCalled,
    #[error("{calling} called, and so rates; {by} did not")]
    NotTheCallingParty { by: Code, calling: Code },
    #[error("{party} was not called in this case")]
    NotCalled { party: Code },
    #[error("the caller has been called back {most} times; more is not recorded")]
    CalledBackEnough { most: u32 },
    #[error("{unit} answered this case, and does not ask itself how it was; another unit calls back")]
    OwnWork { unit: Code },
    #[error("{again_at:.0} is no time to try again: after now, until {due:.0}, and only of who was not reached")]
    NoTimeToTry { again_at: Timestamp, due: Timestamp },
}
