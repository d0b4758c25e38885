//! The table of evaluation.

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::limit::late_from;

use super::{Asked, CallbackOutcome, Command, Event, Formula, Refusal, Round, State};

/// Evaluation's rule book.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.round) {
            // A newer resolution supersedes; an older one, or the same again, is no news.
            (Command::Ask { asked, formula }, known) if is_news(asked, known.as_ref()) => {
                Ok(with_scores(state, requested(state, asked), formula))
            }
            (Command::Ask { .. }, _) => Ok(vec![]),

            (Command::PutOff { asked }, known) if is_news(asked, known.as_ref()) => {
                Ok(vec![requested(state, asked), Event::RatingPutOff { round: asked.round }])
            }
            (Command::PutOff { asked }, Some(round)) if round.asked.round == asked.round && !round.put_off => {
                Ok(vec![Event::RatingPutOff { round: asked.round }])
            }
            (Command::PutOff { .. }, _) => Ok(vec![]),

            (Command::Abandon { asked, formula }, known) if is_news(asked, known.as_ref()) => {
                let requested = requested(state, asked);
                let lapsed = abandoned(&Rules::evolve(state.clone(), &requested), asked, formula.as_ref());
                Ok(std::iter::once(requested).chain(lapsed).collect())
            }
            (Command::Abandon { asked, formula }, Some(round))
                if round.asked.round == asked.round && round.is_unfinished() =>
            {
                Ok(abandoned(state, asked, formula.as_ref()))
            }
            (Command::Abandon { .. }, _) => Ok(vec![]),

            (Command::CheckDeadlines { now, formula }, Some(round))
                if round.waits() && *now >= late_from(round.asked.due) =>
            {
                Ok(with_scores(state, Event::RatingLapsed { round: round.asked.round }, formula))
            }
            (Command::CheckDeadlines { .. }, _) => Ok(vec![]),

            (Command::Rate { .. } | Command::RateParty { .. } | Command::LogCallback { .. }, None) => {
                Err(Refusal::NotResolved)
            }

            (Command::Rate { .. }, Some(Round { caller: Some(_), asked, .. })) => {
                Err(Refusal::AlreadyRated { round: asked.round })
            }
            (Command::Rate { .. } | Command::RateParty { .. } | Command::LogCallback { .. }, Some(round))
                if round.put_off =>
            {
                Err(Refusal::NotResolved)
            }
            (Command::Rate { rating, rate, solved, comment, now, formula }, Some(round)) => {
                in_time(round, *now)?;
                let rated = Event::Rated {
                    round: round.asked.round,
                    rating: rating.clone(),
                    rate: *rate,
                    solved: *solved,
                    comment: comment.clone(),
                };
                Ok(with_scores(state, rated, formula))
            }

            (Command::RateParty { by, party, mark, now, formula }, Some(round)) => {
                may_rate(round, by, party)?;
                in_time(round, *now)?;
                let (round, party, mark, by) = (round.asked.round, party.clone(), mark.clone(), by.clone());
                let rated = Event::PartyRated { round, party, mark, by };
                Ok(with_scores(state, rated, formula))
            }

            (Command::LogCallback { most, .. }, Some(round)) if round.callbacks >= *most => {
                Err(Refusal::CalledBackEnough { most: *most })
            }
            // Also when the caller has rated meanwhile: that is often what the call was for.
            (Command::LogCallback { by, outcome, note, again_at, now, .. }, Some(round)) => {
                independent(round, by.as_ref())?;
                if let Some(again_at) = again_at {
                    to_try_again(round, *outcome, *again_at, *now)?;
                }
                Ok(vec![Event::CallbackLogged {
                    round: round.asked.round,
                    by: by.clone(),
                    outcome: *outcome,
                    note: note.clone(),
                    again_at: *again_at,
                }])
            }
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        let mut round = match (event, state.round) {
            (Event::RatingRequested { asked, .. }, before) => Round::after(before, asked.clone()),
            (_, None) => return State { round: None },
            (_, Some(round)) => round,
        };
        match event {
            Event::RatingRequested { .. } => {}
            Event::Rated { rate, .. } => round.caller = Some(*rate),
            Event::PartyRated { round: given_in, party, mark, .. } => {
                round.street.insert(party.clone(), (*given_in, mark.rate()));
            }
            Event::CallbackLogged { .. } => round.callbacks += 1,
            Event::RatingLapsed { .. } => round.lapsed = true,
            Event::RatingPutOff { .. } => round.put_off = true,
            Event::Scored(score) => {
                round.scored.insert(score.party.clone());
            }
        }
        State { round: Some(round) }
    }
}

fn is_news(asked: &Asked, known: Option<&Round>) -> bool {
    known.is_none_or(|round| asked.round > round.asked.round)
}

fn requested(state: &State, asked: &Asked) -> Event {
    let round = Round::after(state.round.clone(), asked.clone());
    let rated = asked.performance.keys().filter(|party| round.rated_in(party).is_some());
    Event::RatingRequested { asked: asked.clone(), rated: rated.cloned().collect() }
}

/// Who calls, rates, once, and only whom they called.
fn may_rate(round: &Round, by: &Code, party: &Code) -> Result<(), Refusal> {
    let asked = &round.asked;
    if asked.calling_party.is_none() {
        return Err(Refusal::NobodyCalled);
    }
    let not_called = || Refusal::NotCalled { party: party.clone() };
    let performance = asked.performance.get(party).ok_or_else(not_called)?;
    match (asked.rated_by(performance), round.rated_in(party)) {
        (Some(calling), _) if calling != by => {
            Err(Refusal::NotTheCallingParty { by: by.clone(), calling: calling.clone() })
        }
        (_, Some(round)) => Err(Refusal::PartyAlreadyRated { party: party.clone(), round }),
        (_, None) => Ok(()),
    }
}

/// Whoever solved it does not ask how it was solved: those who were called, or, where nobody was, the unit that had it. A street
/// that had others come asks for its people.
fn independent(round: &Round, by: Option<&Code>) -> Result<(), Refusal> {
    match by.filter(|by| round.asked.was_solved_by(by)) {
        Some(unit) => Err(Refusal::OwnWork { unit: unit.clone() }),
        None => Ok(()),
    }
}

/// When nobody answered there is a next time, while it can still lead to a rating.
fn to_try_again(round: &Round, outcome: CallbackOutcome, again_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let due = round.asked.due;
    if outcome == CallbackOutcome::NoAnswer && again_at > now && again_at < late_from(due) {
        return Ok(());
    }
    Err(Refusal::NoTimeToTry { again_at, due })
}

/// Nobody is asked any more; by a formula, what is known is scored.
fn abandoned(state: &State, asked: &Asked, formula: Option<&Formula>) -> Vec<Event> {
    let lapsed = Event::RatingLapsed { round: asked.round };
    match formula {
        Some(formula) => with_scores(state, lapsed, formula),
        None => vec![lapsed],
    }
}

/// Whoever rates within the second in which the time ends is in time, and nobody after it, also while the alarm is on its way.
fn in_time(round: &Round, now: Timestamp) -> Result<(), Refusal> {
    if round.lapsed || now >= late_from(round.asked.due) {
        Err(Refusal::Lapsed { due: round.asked.due })
    } else {
        Ok(())
    }
}

/// A fact, and every score that it completes.
fn with_scores(state: &State, fact: Event, formula: &Formula) -> Vec<Event> {
    let after = Rules::evolve(state.clone(), &fact);
    let scores = after.round.map(|round| round.scores_due(formula)).unwrap_or_default();
    std::iter::once(fact).chain(scores.into_iter().map(Event::Scored)).collect()
}

#[cfg(test)]
mod tests;
