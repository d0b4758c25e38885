//! Somebody whose name and number we keep, so that they can be called back (D8): that we do, who read it and why, and that it was
//! erased. What is kept itself is not here, nor anywhere else on the record.
//!
//! ```text
//! Unknown ──Keep──▶ Kept ──Disclose──▶ Kept ──Erase──▶ Erased ──Keep──▶ Kept, as somebody new
//! ```

use decider::Decider;
use ids::CaseId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Kept,
    /// Somebody read it; who, the commit says.
    Disclosed {
        /// For which case; none: to see what is kept.
        case: Option<CaseId>,
        reason: String,
    },
    Erased {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Keep,
    Disclose { case: Option<CaseId>, reason: String },
    Erase { reason: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub is_kept: bool,
    pub was_erased: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nothing is kept of this person")]
    NotKept,
}

/// The rule book of what is kept of people.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, state.is_kept) {
            (Command::Keep, true) | (Command::Erase { .. }, false) => Ok(vec![]),
            (Command::Keep, false) => Ok(vec![Event::Kept]),
            (Command::Disclose { .. }, false) => Err(Refusal::NotKept),
            (Command::Disclose { case, reason }, true) => {
                Ok(vec![Event::Disclosed { case: *case, reason: reason.clone() }])
            }
            (Command::Erase { reason }, true) => Ok(vec![Event::Erased { reason: reason.clone() }]),
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Kept => State { is_kept: true, ..state },
            Event::Disclosed { .. } => state,
            Event::Erased { .. } => State { is_kept: false, was_erased: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(events: &[Event]) -> State {
        events.iter().fold(State::default(), Rules::evolve)
    }

    #[test]
    fn what_is_erased_is_read_by_nobody_until_it_is_given_anew() {
        let ask = Command::Disclose { case: None, reason: "to call back".to_owned() };
        let erase = Command::Erase { reason: "asked for it".to_owned() };
        assert_eq!(Rules::decide(&given(&[]), &ask), Err(Refusal::NotKept));
        let kept = given(&[Event::Kept]);
        let disclosed = Rules::decide(&kept, &ask).unwrap();
        assert_eq!(disclosed, [Event::Disclosed { case: None, reason: "to call back".to_owned() }]);
        let erased = given(&[Event::Kept, Rules::decide(&kept, &erase).unwrap().remove(0)]);
        assert_eq!(Rules::decide(&erased, &ask), Err(Refusal::NotKept));
        assert_eq!(Rules::decide(&erased, &erase), Ok(vec![]), "the second time nothing happens");
        assert_eq!(Rules::decide(&erased, &Command::Keep), Ok(vec![Event::Kept]));
        assert_eq!(Rules::decide(&kept, &Command::Keep), Ok(vec![]));
    }
}
