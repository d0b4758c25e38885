//! The funds that come down to a street in one year, and what it pools of them to spend on what it sees fit. What is
//! earmarked (扶贫, 扫黑除恶) is spent by its own rules and never pooled.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;

use super::hundredths::Hundredths;

/// Funds of one ledger.
pub const FUNDS_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allotment {
    pub fund: Code,
    pub title: String,
    pub from: Code,
    pub amount: Hundredths,
    /// Why it must not be pooled; empty: it may be.
    pub earmark: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Allotted(Allotment),
    Pooled { fund: Code, amount: Hundredths },
    Spent { amount: Hundredths, purpose: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Allot(Allotment),
    Pool { fund: Code, amount: Hundredths },
    Spend { amount: Hundredths, purpose: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fund {
    pub title: String,
    pub from: Code,
    pub earmark: String,
    pub allotted: Hundredths,
    pub pooled: Hundredths,
}

impl Fund {
    /// What can still be pooled of it, or spent by its own rules.
    #[must_use]
    pub fn left(&self) -> Hundredths {
        self.allotted.minus(self.pooled).unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub funds: BTreeMap<Code, Fund>,
    pub pooled: Hundredths,
    pub spent: Hundredths,
    pub spendings: Vec<(Hundredths, String)>,
}

impl State {
    #[must_use]
    pub fn pool_left(&self) -> Hundredths {
        self.pooled.minus(self.spent).unwrap_or_default()
    }
}

/// Why the ledger stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no fund {0} in this ledger")]
    NoSuchFund(Code),
    #[error("the fund is earmarked: {0}; it is spent by its own rules and not pooled")]
    Earmarked(String),
    #[error("only {left} yuan of the fund is left, and {asked} is asked for")]
    FundExceeded { left: Hundredths, asked: Hundredths },
    #[error("only {left} yuan is left in the pool, and {asked} is asked for")]
    PoolExceeded { left: Hundredths, asked: Hundredths },
    #[error("an amount is more than nothing")]
    NoAmount,
    #[error("the fund was given by {0}; another one needs another name")]
    AnothersFund(Code),
    #[error("whether a fund is earmarked was said when it was first given")]
    EarmarkChanged,
    #[error("a ledger has at most {0} funds")]
    TooManyFunds(usize),
    #[error("at most {0} yuan fits into a ledger")]
    TooMuch(Hundredths),
}

/// The rule book of a street's ledger of one year.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Allot(Allotment { amount, .. }) | Command::Pool { amount, .. } | Command::Spend { amount, .. }
                if *amount == Hundredths::ZERO =>
            {
                Err(Refusal::NoAmount)
            }
            Command::Allot(allotment) => allot(state, allotment),
            Command::Pool { fund, amount } => pool(state, fund, *amount),
            Command::Spend { amount, .. } if state.pool_left() < *amount => {
                Err(Refusal::PoolExceeded { left: state.pool_left(), asked: *amount })
            }
            Command::Spend { amount, purpose } => Ok(vec![Event::Spent { amount: *amount, purpose: purpose.clone() }]),
        }
    }

    /// What was decided fits: nothing here is more than all that was allotted.
    fn evolve(mut state: State, event: &Event) -> State {
        let add = |sum: &mut Hundredths, amount: Hundredths| *sum = sum.plus(amount).unwrap_or(Hundredths::MAX);
        match event {
            Event::Allotted(Allotment { fund, title, from, amount, earmark }) => {
                let known = state.funds.entry(fund.clone()).or_insert_with(|| Fund {
                    title: title.clone(),
                    from: from.clone(),
                    earmark: earmark.clone(),
                    allotted: Hundredths::ZERO,
                    pooled: Hundredths::ZERO,
                });
                add(&mut known.allotted, *amount);
            }
            Event::Pooled { fund, amount } => {
                if let Some(fund) = state.funds.get_mut(fund) {
                    add(&mut fund.pooled, *amount);
                }
                add(&mut state.pooled, *amount);
            }
            Event::Spent { amount, purpose } => {
                add(&mut state.spent, *amount);
                state.spendings.push((*amount, purpose.clone()));
            }
        }
        state
    }
}

fn allot(state: &State, allotment: &Allotment) -> Result<Vec<Event>, Refusal> {
    match state.funds.get(&allotment.fund) {
        Some(known) if known.from != allotment.from => return Err(Refusal::AnothersFund(known.from.clone())),
        Some(known) if known.earmark != allotment.earmark => return Err(Refusal::EarmarkChanged),
        None if state.funds.len() >= FUNDS_MAX => return Err(Refusal::TooManyFunds(FUNDS_MAX)),
        Some(_) | None => {}
    }
    let all = state.funds.values().try_fold(allotment.amount, |sum, fund| sum.plus(fund.allotted));
    match all {
        Some(_) => Ok(vec![Event::Allotted(allotment.clone())]),
        None => Err(Refusal::TooMuch(Hundredths::MAX)),
    }
}

fn pool(state: &State, fund: &Code, amount: Hundredths) -> Result<Vec<Event>, Refusal> {
    let known = state.funds.get(fund).ok_or_else(|| Refusal::NoSuchFund(fund.clone()))?;
    if !known.earmark.is_empty() {
        return Err(Refusal::Earmarked(known.earmark.clone()));
    }
    if known.left() < amount {
        return Err(Refusal::FundExceeded { left: known.left(), asked: amount });
    }
    Ok(vec![Event::Pooled { fund: fund.clone(), amount }])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn yuan(text: &str) -> Hundredths {
        text.parse().unwrap()
    }

    fn allot(fund: &str, amount: &str, earmark: &str) -> Command {
        Command::Allot(Allotment {
            fund: code(fund),
            title: "社区惠民资金".to_owned(),
            from: code("wuchang-finance"),
            amount: yuan(amount),
            earmark: earmark.to_owned(),
        })
    }

    fn pool(fund: &str, amount: &str) -> Command {
        Command::Pool { fund: code(fund), amount: yuan(amount) }
    }

    fn spend(amount: &str) -> Command {
        Command::Spend { amount: yuan(amount), purpose: "老旧小区改造".to_owned() }
    }

    fn given(commands: &[Command]) -> State {
        commands.iter().fold(State::default(), |state, command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        })
    }

    #[test]
    fn an_earmarked_fund_is_never_pooled() {
        let state = given(&[allot("poverty", "100000", "扶贫")]);
        assert_eq!(Rules::decide(&state, &pool("poverty", "1")), Err(Refusal::Earmarked("扶贫".to_owned())));
        // Nor by saying of what is added that it is not earmarked.
        assert_eq!(Rules::decide(&state, &allot("poverty", "1", "")), Err(Refusal::EarmarkChanged));
        assert!(matches!(Rules::decide(&state, &spend("1")), Err(Refusal::PoolExceeded { .. })));
    }

    #[test]
    fn nobody_pools_or_spends_more_than_there_is_to_the_last_fen() {
        let state = given(&[allot("people", "100.10", ""), pool("people", "100.09")]);
        assert!(matches!(Rules::decide(&state, &pool("people", "0.02")), Err(Refusal::FundExceeded { .. })));
        let state = given(&[allot("people", "100.10", ""), pool("people", "100.10"), spend("100.09")]);
        let left = Err(Refusal::PoolExceeded { left: yuan("0.01"), asked: yuan("0.02") });
        assert_eq!(Rules::decide(&state, &spend("0.02")), left);
        assert_eq!(Rules::decide(&state, &spend("0")), Err(Refusal::NoAmount));
        assert_eq!(Rules::decide(&state, &pool("nothing", "1")), Err(Refusal::NoSuchFund(code("nothing"))));
    }

    proptest! {
        /// Counted once more, in plain numbers: no balance is ever less than nothing, and every fen is somewhere.
        #[test]
        fn every_fen_is_in_a_fund_in_the_pool_or_spent(moves in prop::collection::vec((0u8..3, 0usize..3, 1u64..5_000), 0..60)) {
            let funds = [("a", ""), ("b", ""), ("c", "扶贫")];
            let (mut state, mut allotted, mut spent, mut earmarked) = (State::default(), 0, 0, 0);
            for (what, which, fen) in moves {
                let (fund, earmark) = funds[which];
                let amount = format!("{}.{:02}", fen / 100, fen % 100);
                let command = match what {
                    0 => allot(fund, &amount, earmark),
                    1 => pool(fund, &amount),
                    _ => spend(&amount),
                };
                let Ok(events) = Rules::decide(&state, &command) else { continue };
                match what {
                    0 => { allotted += fen; earmarked += if earmark.is_empty() { 0 } else { fen } }
                    1 => prop_assert!(earmark.is_empty()),
                    _ => spent += fen,
                }
                state = events.iter().fold(state, Rules::evolve);
                let fen_of = |amount: Hundredths| amount.to_string().replace('.', "").parse::<u64>().unwrap();
                let in_funds: u64 = state.funds.values().map(|fund| fen_of(fund.left())).sum();
                prop_assert_eq!(in_funds + fen_of(state.pool_left()) + spent, allotted);
                prop_assert!(spent <= allotted - earmarked);
            }
        }
    }
}
