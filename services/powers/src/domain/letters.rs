//! The register of a district's letters on personnel in one year: each gets the next number, once.
//!
//! A history is read in one go and so cannot grow without end; a register has pages. The numbers go on from page to page,
//! and the next page is begun when this one is full: a full page never changes again.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;

/// Numbers of one page: a history of that many commits is read in one request.
pub const PAGE_MAX: u32 = 500;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Registered { letter: Code, number: u32 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `page` counts from 0.
    Register { letter: Code, page: u32 },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub numbers: BTreeMap<Code, u32>,
}

/// Why a letter gets no number here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the page is full; the next one goes on")]
    Full,
}

/// The rule book of a register's page.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, Command::Register { letter, page }: &Command) -> Result<Vec<Event>, Refusal> {
        if state.numbers.contains_key(letter) {
            return Ok(vec![]);
        }
        let before = u32::try_from(state.numbers.len()).unwrap_or(u32::MAX);
        if before >= PAGE_MAX {
            return Err(Refusal::Full);
        }
        Ok(vec![Event::Registered { letter: letter.clone(), number: page * PAGE_MAX + before + 1 }])
    }

    fn evolve(mut state: State, Event::Registered { letter, number }: &Event) -> State {
        state.numbers.insert(letter.clone(), *number);
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is asked, however often: every number once, none left out, and a letter keeps its own.
        #[test]
        fn letters_are_numbered_without_a_gap_and_none_twice(asked in prop::collection::vec(0u32..700, 0..900)) {
            let mut pages = vec![State::default()];
            for letter in asked {
                let letter: Code = format!("letter-{letter}").parse().unwrap();
                for page in 0.. {
                    if pages.len() == page {
                        pages.push(State::default());
                    }
                    let command = Command::Register { letter: letter.clone(), page: u32::try_from(page).unwrap() };
                    if let Ok(events) = Rules::decide(&pages[page], &command) {
                        let state = std::mem::take(&mut pages[page]);
                        pages[page] = events.iter().fold(state, Rules::evolve);
                        break;
                    }
                }
            }
            let mut numbers: Vec<u32> = pages.iter().flat_map(|page| page.numbers.values().copied()).collect();
            numbers.sort_unstable();
            let expected: Vec<u32> = (1..=u32::try_from(numbers.len()).unwrap()).collect();
            prop_assert_eq!(numbers, expected);
        }
    }
}
