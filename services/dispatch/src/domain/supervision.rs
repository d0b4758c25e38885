//! Orders to account for a matter by a day, and what is answered to them. They end with the answer to the case,
//! which is the account; of one that is open again, whoever wants another orders it.

use ids::Code;
use jiff::Timestamp;

use super::decide::Decision;
use super::{Event, Refusal, State};

/// Orders of supervision one case may have.
const SUPERVISIONS_MAX: usize = 20;

/// By whoever is above the holder, or, of a department that was called and is not done, by who called it.
pub(super) fn supervise(
    state: &State,
    by: &Code,
    above: bool,
    party: &Code,
    text: &str,
    due: Timestamp,
    now: Timestamp,
) -> Decision {
    let called = state.calls.iter().any(|call| call.caller == *by && call.is_expecting(party));
    if !above && !called {
        return Err(Refusal::NotAbove(by.clone()));
    }
    Refusal::unless_later(due, now)?;
    if state.supervisions.len() >= SUPERVISIONS_MAX {
        return Err(Refusal::TooMany(SUPERVISIONS_MAX));
    }
    let order = u32::try_from(state.supervisions.len()).unwrap_or(u32::MAX) + 1;
    Ok(vec![Event::Supervised { order, by: by.clone(), party: party.clone(), text: text.to_owned(), due }])
}

pub(super) fn answer_supervision(state: &State, by: &Code, order: u32, note: &str, now: Timestamp) -> Decision {
    let known =
        state.supervisions.iter().find(|known| known.number == order).ok_or(Refusal::NoSuchSupervision(order))?;
    if known.party != *by {
        return Err(Refusal::AnothersSupervision { order, party: known.party.clone() });
    }
    if known.answered {
        return Err(Refusal::SupervisionAnswered(order));
    }
    let in_time = now <= known.due;
    Ok(vec![Event::SupervisionAnswered { order, party: by.clone(), note: note.to_owned(), in_time }])
}

#[cfg(test)]
mod tests {
    use decider::Decider;

    use super::super::tests::{BUILD, POLICE, STREET, answer, at, code, done, given, grade, names, report_in, whistle};
    use super::super::{Command, Refusal, Rules};

    #[test]
    fn whoever_called_supervises_whom_it_called_until_they_are_done() {
        let supervise = |by: &str, party: &str| Command::Supervise {
            by: code(by),
            above: false,
            party: code(party),
            text: "when do you come?".to_owned(),
            due: at(600),
            now: at(60),
        };
        let state = given(&[grade(), whistle(&[POLICE, BUILD])]);
        assert_eq!(names(&Rules::decide(&state, &supervise(STREET, POLICE)).unwrap()), ["Supervised"]);
        for (by, party) in [(STREET, "wuchang-water"), (BUILD, POLICE)] {
            assert_eq!(Rules::decide(&state, &supervise(by, party)), Err(Refusal::NotAbove(code(by))));
        }
        let state =
            given(&[grade(), whistle(&[POLICE, BUILD]), answer(POLICE, 5, report_in()), answer(POLICE, 9, done())]);
        assert_eq!(Rules::decide(&state, &supervise(STREET, POLICE)), Err(Refusal::NotAbove(code(STREET))));
    }
}
