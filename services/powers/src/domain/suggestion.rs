//! What a street asks for by itself, followed with each addressee until it is adopted or not.
//!
//! Nobody is made to answer by a deadline: the list of suggestions shows who has not.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
use jiff::Timestamp;

use super::Answer;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub street: Code,
    pub title: String,
    pub text: String,
    /// Who is to answer.
    pub addressees: Vec<Code>,
    /// What several belong to, e.g. a festival.
    pub occasion: Option<Code>,
    pub made_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Made(Box<Suggestion>),
    Answered { addressee: Code, answer: Answer },
    Withdrawn { reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Make(Box<Suggestion>),
    Answer { addressee: Code, answer: Answer },
    Withdraw { reason: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub suggestion: Option<Suggestion>,
    pub answers: BTreeMap<Code, Answer>,
    pub withdrawn: bool,
}

/// Why a suggestion says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such suggestion")]
    NoSuchSuggestion,
    #[error("there is a suggestion of this name already")]
    SuggestionExists,
    #[error("the street has withdrawn it")]
    SuggestionWithdrawn,
    #[error("it was not made to {0}")]
    NotAddressed(Code),
    #[error("say why it is not adopted as it is")]
    ReasonNeeded,
    #[error("everybody has answered it")]
    AnsweredByAll,
}

/// The rule book of a street's suggestion.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.suggestion) {
            (Command::Make(suggestion), None) => Ok(vec![Event::Made(suggestion.clone())]),
            (Command::Make(_), Some(_)) => Err(Refusal::SuggestionExists),
            (_, None) => Err(Refusal::NoSuchSuggestion),
            (Command::Withdraw { .. }, Some(_)) if state.withdrawn => Ok(vec![]),
            (_, Some(_)) if state.withdrawn => Err(Refusal::SuggestionWithdrawn),
            (Command::Withdraw { .. }, Some(made)) if state.answers.len() == made.addressees.len() => {
                Err(Refusal::AnsweredByAll)
            }
            (Command::Withdraw { reason }, Some(_)) => Ok(vec![Event::Withdrawn { reason: reason.clone() }]),
            (Command::Answer { addressee, .. }, Some(made)) if !made.addressees.contains(addressee) => {
                Err(Refusal::NotAddressed(addressee.clone()))
            }
            (Command::Answer { answer, .. }, Some(_)) if answer.lacks_its_reason() => Err(Refusal::ReasonNeeded),
            (Command::Answer { addressee, answer }, Some(_)) if state.answers.get(addressee) == Some(answer) => {
                Ok(vec![])
            }
            (Command::Answer { addressee, answer }, Some(_)) => {
                Ok(vec![Event::Answered { addressee: addressee.clone(), answer: answer.clone() }])
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Made(suggestion) => state.suggestion = Some(Suggestion::clone(suggestion)),
            Event::Answered { addressee, answer } => _ = state.answers.insert(addressee.clone(), answer.clone()),
            Event::Withdrawn { .. } => state.withdrawn = true,
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Verdict;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn make() -> Command {
        Command::Make(Box::new(Suggestion {
            street: code("heping-wudadao"),
            title: "海棠节期间临时停车".to_owned(),
            text: "开放机关单位停车场".to_owned(),
            addressees: vec![code("heping-culture"), code("heping-centre")],
            occasion: Some(code("crabapple-2023")),
            made_at: Timestamp::from_second(1_680_000_000).unwrap(),
        }))
    }

    fn answer(addressee: &str, verdict: Verdict, reason: &str) -> Command {
        Command::Answer { addressee: code(addressee), answer: Answer { verdict, reason: reason.to_owned() } }
    }

    fn given(commands: &[Command]) -> State {
        commands.iter().fold(State::default(), |state, command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        })
    }

    #[test]
    fn each_addressee_answers_for_itself_and_says_why_not() {
        let made = given(&[make()]);
        let silent = answer("heping-culture", Verdict::Partly, "");
        assert_eq!(Rules::decide(&made, &silent), Err(Refusal::ReasonNeeded));
        let stranger = answer("heping-police", Verdict::Adopted, "");
        assert_eq!(Rules::decide(&made, &stranger), Err(Refusal::NotAddressed(code("heping-police"))));
        let state = given(&[make(), answer("heping-culture", Verdict::Adopted, "")]);
        assert_eq!(state.answers.len(), 1, "the district has not answered");
    }

    #[test]
    fn a_newer_answer_replaces_the_older_and_the_same_is_no_news() {
        let partly = answer("heping-culture", Verdict::Partly, "先试一处");
        let state = given(&[make(), partly.clone()]);
        assert_eq!(Rules::decide(&state, &partly), Ok(vec![]));
        let state = given(&[make(), partly, answer("heping-culture", Verdict::Adopted, "")]);
        assert_eq!(state.answers[&code("heping-culture")].verdict, Verdict::Adopted);
    }

    #[test]
    fn what_is_withdrawn_is_not_answered_and_what_is_answered_not_withdrawn() {
        let withdraw = Command::Withdraw { reason: "活动取消".to_owned() };
        let state = given(&[make(), withdraw.clone()]);
        assert_eq!(Rules::decide(&state, &withdraw), Ok(vec![]), "twice is once");
        let late = answer("heping-culture", Verdict::Adopted, "");
        assert_eq!(Rules::decide(&state, &late), Err(Refusal::SuggestionWithdrawn));
        let done = given(&[make(), late, answer("heping-centre", Verdict::Adopted, "")]);
        assert_eq!(Rules::decide(&done, &withdraw), Err(Refusal::AnsweredByAll));
        assert_eq!(Rules::decide(&State::default(), &withdraw), Err(Refusal::NoSuchSuggestion));
    }
}
