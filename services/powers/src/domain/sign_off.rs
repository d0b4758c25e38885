//! A work in a street, e.g. a facility or the renewal of a small place: the street signs its planning, its building and its
//! acceptance, each before the next.

use decider::Decider;
use ids::Code;

use super::Document;

/// Times one gate may be submitted: whoever is refused more often has another work in mind.
pub const SUBMISSIONS_MAX: u32 = 20;

/// In order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    Planning,
    Building,
    Acceptance,
}

impl Gate {
    pub const ALL: [Self; 3] = [Self::Planning, Self::Building, Self::Acceptance];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Building => "building",
            Self::Acceptance => "acceptance",
        }
    }

    const fn before(self) -> Option<Self> {
        match self {
            Self::Planning => None,
            Self::Building => Some(Self::Planning),
            Self::Acceptance => Some(Self::Building),
        }
    }

    const fn position(self) -> usize {
        match self {
            Self::Planning => 0,
            Self::Building => 1,
            Self::Acceptance => 2,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub department: Code,
    pub street: Code,
    pub title: String,
}

/// What is put before the street.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    pub documents: Vec<Document>,
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Opened(Work),
    Submitted { gate: Gate, submission: Submission },
    Signed { gate: Gate, note: String },
    Refused { gate: Gate, reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Open(Work),
    Submit { gate: Gate, submission: Submission },
    Sign { gate: Gate, note: String },
    Refuse { gate: Gate, reason: String },
}

/// How a gate stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Closed,
    Submitted,
    Signed,
    Refused,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateState {
    pub standing: Standing,
    pub submitted: u32,
    /// As it was submitted last.
    pub submission: Submission,
    /// By the street, last.
    pub said: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub work: Option<Work>,
    gates: [GateState; 3],
}

impl State {
    #[must_use]
    pub fn gate(&self, gate: Gate) -> &GateState {
        &self.gates[gate.position()]
    }
}

/// Why a gate stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such work")]
    NoSuchWork,
    #[error("there is a work of this name already")]
    WorkExists,
    #[error("the street has not signed the {0}, which comes before")]
    GateBefore(&'static str),
    #[error("the {0} is signed")]
    SignedAlready(&'static str),
    #[error("nobody has put the {0} before the street")]
    NotSubmitted(&'static str),
    #[error("a gate is submitted at most {0} times")]
    TooManySubmissions(u32),
}

/// The rule book of a work that a street signs off.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (command, &state.work) {
            (Command::Open(work), None) => Ok(vec![Event::Opened(work.clone())]),
            (Command::Open(_), Some(_)) => Err(Refusal::WorkExists),
            (_, None) => Err(Refusal::NoSuchWork),
            (Command::Submit { gate, submission }, Some(_)) => submit(state, *gate, submission),
            (Command::Sign { gate, note }, Some(_)) => match state.gate(*gate).standing {
                Standing::Submitted => Ok(vec![Event::Signed { gate: *gate, note: note.clone() }]),
                Standing::Signed => Ok(vec![]),
                Standing::Closed | Standing::Refused => Err(Refusal::NotSubmitted(gate.as_str())),
            },
            (Command::Refuse { gate, reason }, Some(_)) => match state.gate(*gate).standing {
                Standing::Submitted => Ok(vec![Event::Refused { gate: *gate, reason: reason.clone() }]),
                Standing::Signed => Err(Refusal::SignedAlready(gate.as_str())),
                Standing::Refused if state.gate(*gate).said == *reason => Ok(vec![]),
                Standing::Closed | Standing::Refused => Err(Refusal::NotSubmitted(gate.as_str())),
            },
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Opened(work) => state.work = Some(work.clone()),
            Event::Submitted { gate, submission } => {
                let known = &mut state.gates[gate.position()];
                known.standing = Standing::Submitted;
                known.submitted += 1;
                known.submission = submission.clone();
            }
            Event::Signed { gate, note } => {
                let known = &mut state.gates[gate.position()];
                (known.standing, known.said) = (Standing::Signed, note.clone());
            }
            Event::Refused { gate, reason } => {
                let known = &mut state.gates[gate.position()];
                (known.standing, known.said) = (Standing::Refused, reason.clone());
            }
        }
        state
    }
}

fn submit(state: &State, gate: Gate, submission: &Submission) -> Result<Vec<Event>, Refusal> {
    if let Some(before) = gate.before().filter(|before| state.gate(*before).standing != Standing::Signed) {
        return Err(Refusal::GateBefore(before.as_str()));
    }
    let known = state.gate(gate);
    match known.standing {
        Standing::Signed => Err(Refusal::SignedAlready(gate.as_str())),
        Standing::Submitted if known.submission == *submission => Ok(vec![]),
        Standing::Closed | Standing::Submitted | Standing::Refused if known.submitted >= SUBMISSIONS_MAX => {
            Err(Refusal::TooManySubmissions(SUBMISSIONS_MAX))
        }
        Standing::Closed | Standing::Submitted | Standing::Refused => {
            Ok(vec![Event::Submitted { gate, submission: submission.clone() }])
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open() -> Command {
        Command::Open(Work {
            department: "wuchang-planning".parse().unwrap(),
            street: "wuchang-jiyuqiao".parse().unwrap(),
            title: "口袋公园".to_owned(),
        })
    }

    fn submit(gate: Gate) -> Command {
        Command::Submit { gate, submission: Submission { documents: vec![], note: "请签署".to_owned() } }
    }

    fn sign(gate: Gate) -> Command {
        Command::Sign { gate, note: String::new() }
    }

    fn refuse(gate: Gate) -> Command {
        Command::Refuse { gate, reason: "出入口不便".to_owned() }
    }

    fn given(commands: &[Command]) -> State {
        commands.iter().fold(State::default(), |state, command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        })
    }

    #[test]
    fn what_is_not_planned_with_the_street_is_not_built_and_what_is_not_built_not_accepted() {
        let state = given(&[open()]);
        assert_eq!(Rules::decide(&state, &submit(Gate::Building)), Err(Refusal::GateBefore("planning")));
        let state = given(&[open(), submit(Gate::Planning), sign(Gate::Planning)]);
        assert_eq!(Rules::decide(&state, &submit(Gate::Acceptance)), Err(Refusal::GateBefore("building")));
        assert_eq!(Rules::decide(&state, &sign(Gate::Building)), Err(Refusal::NotSubmitted("building")));
        assert!(Rules::decide(&state, &submit(Gate::Building)).is_ok());
    }

    #[test]
    fn what_is_refused_can_be_submitted_again_and_what_is_signed_stays_signed() {
        let state = given(&[open(), submit(Gate::Planning), refuse(Gate::Planning)]);
        assert_eq!(state.gate(Gate::Planning).said, "出入口不便");
        assert_eq!(Rules::decide(&state, &sign(Gate::Planning)), Err(Refusal::NotSubmitted("planning")));
        let again = Rules::decide(&state, &submit(Gate::Planning)).unwrap();
        let state = again.iter().fold(state, Rules::evolve);
        let state = Rules::decide(&state, &sign(Gate::Planning)).unwrap().iter().fold(state, Rules::evolve);
        assert_eq!(Rules::decide(&state, &sign(Gate::Planning)), Ok(vec![]), "twice is once");
        assert_eq!(Rules::decide(&state, &refuse(Gate::Planning)), Err(Refusal::SignedAlready("planning")));
        assert_eq!(Rules::decide(&state, &submit(Gate::Planning)), Err(Refusal::SignedAlready("planning")));
    }

    proptest! {
        /// Whatever is asked in whatever order, no gate is submitted or signed before the one before it is signed.
        #[test]
        fn no_sequence_of_calls_passes_a_gate(moves in prop::collection::vec((0u8..3, 0usize..3), 0..40)) {
            let mut state = given(&[open()]);
            let mut signed = [false; 3];
            for (what, gate) in moves {
                let command = match what {
                    0 => submit(Gate::ALL[gate]),
                    1 => sign(Gate::ALL[gate]),
                    _ => refuse(Gate::ALL[gate]),
                };
                let Ok(events) = Rules::decide(&state, &command) else { continue };
                for event in &events {
                    let (Event::Submitted { gate, .. } | Event::Signed { gate, .. } | Event::Refused { gate, .. }) = event
                    else { panic!("{event:?}") };
                    prop_assert!(signed[..gate.position()].iter().all(|signed| *signed));
                    prop_assert!(!signed[gate.position()]);
                    signed[gate.position()] = matches!(event, Event::Signed { .. });
                }
                state = events.iter().fold(state, Rules::evolve);
            }
        }
    }
}
