//! What a street says of the units and people posted to it in one period: the sheet from which their reward allowance is
//! computed elsewhere.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;

use super::hundredths::Hundredths;

/// Units and people of one sheet.
pub const LINES_MAX: usize = 500;

/// A posted unit; with a person, somebody who is posted with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub unit: Code,
    /// An opaque reference; none: the unit itself.
    pub person: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// 0 to 100.
    pub points: Hundredths,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Assessed { subject: Subject, assessment: Assessment },
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Assess { subject: Subject, assessment: Assessment },
    Close,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub assessed: BTreeMap<Subject, Assessment>,
    pub closed: bool,
}

/// Why the sheet stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the sheet is closed and handed over")]
    SheetClosed,
    #[error("there is nothing on the sheet")]
    SheetEmpty,
    #[error("points are 0 to 100, not {0}")]
    Points(Hundredths),
    #[error("whoever takes points away says why")]
    PointsNeedReason,
    #[error("a sheet has at most {0} lines")]
    TooManyLines(usize),
}

/// The rule book of a street's sheet of one period.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Close if state.closed => Ok(vec![]),
            Command::Close if state.assessed.is_empty() => Err(Refusal::SheetEmpty),
            Command::Close => Ok(vec![Event::Closed]),
            Command::Assess { subject, assessment } if state.assessed.get(subject) == Some(assessment) => Ok(vec![]),
            Command::Assess { .. } if state.closed => Err(Refusal::SheetClosed),
            Command::Assess { assessment, .. } if assessment.points > Hundredths::HUNDRED => {
                Err(Refusal::Points(assessment.points))
            }
            Command::Assess { assessment, .. }
                if assessment.points < Hundredths::HUNDRED && assessment.reason.is_empty() =>
            {
                Err(Refusal::PointsNeedReason)
            }
            Command::Assess { subject, .. }
                if state.assessed.len() >= LINES_MAX && !state.assessed.contains_key(subject) =>
            {
                Err(Refusal::TooManyLines(LINES_MAX))
            }
            Command::Assess { subject, assessment } => {
                Ok(vec![Event::Assessed { subject: subject.clone(), assessment: assessment.clone() }])
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Assessed { subject, assessment } => {
                state.assessed.insert(subject.clone(), assessment.clone());
            }
            Event::Closed => state.closed = true,
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assess(person: Option<&str>, points: &str, reason: &str) -> Command {
        let subject =
            Subject { unit: "wuchang-jiyuqiao-squad-market".parse().unwrap(), person: person.map(str::to_owned) };
        let assessment = Assessment { points: points.parse().unwrap(), reason: reason.to_owned() };
        Command::Assess { subject, assessment }
    }

    fn given(commands: &[Command]) -> State {
        commands.iter().fold(State::default(), |state, command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        })
    }

    #[test]
    fn points_are_taken_away_only_with_a_reason() {
        let decide = |command| Rules::decide(&State::default(), &command);
        assert_eq!(decide(assess(None, "99.99", "")), Err(Refusal::PointsNeedReason));
        assert!(decide(assess(None, "100", "")).is_ok());
        assert!(matches!(decide(assess(None, "100.01", "")), Err(Refusal::Points(_))));
    }

    #[test]
    fn a_newer_assessment_replaces_the_older_until_the_sheet_is_handed_over() {
        let steps = [assess(None, "90", "到社区少"), assess(Some("zf-1"), "100", ""), assess(None, "95", "已改进")];
        let state = given(&steps);
        assert_eq!(state.assessed.len(), 2, "unit and person are two");
        let state = given(&[steps.to_vec(), vec![Command::Close]].concat());
        assert_eq!(Rules::decide(&state, &assess(None, "100", "")), Err(Refusal::SheetClosed));
        assert_eq!(Rules::decide(&state, &assess(None, "95", "已改进")), Ok(vec![]), "said before");
        assert_eq!(Rules::decide(&state, &Command::Close), Ok(vec![]));
        assert_eq!(Rules::decide(&State::default(), &Command::Close), Err(Refusal::SheetEmpty));
    }
}
