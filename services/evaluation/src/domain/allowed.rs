//! What can be said of a case now, found by asking the rules themselves, as the other desks do: a page shows these and no
//! others.

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{CallbackOutcome, Command, Formula, Mark, Rules, State};

/// What can be said, by its name in the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Rate,
    /// Of this unit.
    RateParty(Code),
    LogCallback,
}

impl Act {
    /// Name of the method.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Rate => "Rate",
            Self::RateParty(_) => "RateParty",
            Self::LogCallback => "LogCallback",
        }
    }
}

/// Who asks, and what the charter says.
#[derive(Clone, Debug)]
pub struct Asker {
    /// None: somebody of no unit.
    pub party: Option<Code>,
    /// A step of the charter's scale; none: nothing can be rated.
    pub rating: Option<Code>,
    /// Calls back about one resolution that the charter has room for.
    pub most: u32,
    pub formula: Formula,
    pub now: Timestamp,
}

/// Everything `asker` could say. Who may ask for what at all is the door's to say.
#[must_use]
pub fn allowed_actions(state: &State, asker: &Asker) -> Vec<Act> {
    let (now, formula) = (asker.now, || asker.formula.clone());
    let rate = asker.rating.clone().map(|rating| {
        let (comment, formula) = (String::new(), formula());
        (Act::Rate, Command::Rate { rating, rate: Decimal::ONE, solved: true, comment, now, formula })
    });
    let called = state.round.iter().flat_map(|round| round.asked.performance.keys());
    let rate_parties = called.filter_map(|party| {
        let (by, mark) = (asker.party.clone()?, Mark::new("1", "").ok()?);
        let command = Command::RateParty { by, party: party.clone(), mark, now, formula: formula() };
        Some((Act::RateParty(party.clone()), command))
    });
    let call_back = Command::LogCallback {
        by: asker.party.clone(),
        outcome: CallbackOutcome::Reached,
        note: String::new(),
        again_at: None,
        most: asker.most,
        now,
    };
    let offers = rate.into_iter().chain(rate_parties).chain([(Act::LogCallback, call_back)]);
    let taken = |command: &Command| Rules::decide(state, command).is_ok_and(|events| !events.is_empty());
    offers.filter(|(_, command)| taken(command)).map(|(act, _)| act).collect()
}
