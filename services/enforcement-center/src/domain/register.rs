//! The register of a centre's documents in one year: each gets the next number, once.
//!
//! A history is read in one go and so cannot grow without end; a register has pages. The numbers go on from page to page,
//! and the next page is begun when this one is full: a full page never changes again.

use std::collections::BTreeMap;

use decider::Decider;

/// Numbers of one page: a history of that many commits is read in one request.
pub const PAGE_MAX: u32 = 500;

/// A document of an operation: the case, and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paper {
    pub case: String,
    pub document: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Numbered { paper: Paper, number: u32 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `page` counts from 0.
    Number { paper: Paper, page: u32 },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub numbers: BTreeMap<Paper, u32>,
}

impl State {
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.numbers.len() >= usize::try_from(PAGE_MAX).unwrap_or(usize::MAX)
    }
}

/// Why a document gets no number here.
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

    fn decide(state: &State, Command::Number { paper, page }: &Command) -> Result<Vec<Event>, Refusal> {
        if state.numbers.contains_key(paper) {
            return Ok(vec![]);
        }
        if state.is_full() {
            return Err(Refusal::Full);
        }
        let before = u32::try_from(state.numbers.len()).unwrap_or(u32::MAX);
        Ok(vec![Event::Numbered { paper: paper.clone(), number: page * PAGE_MAX + before + 1 }])
    }

    fn evolve(mut state: State, Event::Numbered { paper, number }: &Event) -> State {
        state.numbers.insert(paper.clone(), *number);
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paper(case: u32, document: u32) -> Paper {
        Paper { case: format!("case-{case}"), document: format!("notice-{document}") }
    }

    proptest! {
        /// Whatever is asked, however often: every number once, none left out, and a document keeps its own.
        #[test]
        fn numbers_have_no_gap_and_no_document_has_two(asked in prop::collection::vec((0u32..40, 0u32..30), 0..900)) {
            let mut pages = vec![State::default()];
            for (case, document) in asked {
                // As the service does: page after page, until one takes it or has it.
                for page in 0.. {
                    if pages.len() == page {
                        pages.push(State::default());
                    }
                    let command =
                        Command::Number { paper: paper(case, document), page: u32::try_from(page).unwrap() };
                    match Rules::decide(&pages[page], &command) {
                        Ok(events) => {
                            let state = std::mem::take(&mut pages[page]);
                            pages[page] = events.iter().fold(state, Rules::evolve);
                            break;
                        }
                        Err(Refusal::Full) => prop_assert!(pages[page].is_full()),
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
