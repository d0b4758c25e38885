//! A problem that comes back to its place is solved only with its cause found.
//!
//! Whoever has such a case plans a task that finds the cause, and that task is done only with a finding. Until then
//! nothing ends the case as solved; ending it honestly as something else stays possible. Of what the city has, the
//! district plans it, and finds the cause or writes down what the city found. A joint operation is left out:
//! it begins with an assessment on the spot, and its conclusion says what was found.

use charter::Recurrence;
use ids::{CaseId, Code};
use vocabulary::{Duty, Outcome, Place};

use super::{Answer, CalledParty, Event, Matter, Phase, Refusal, State};

/// What the record has of the same problem at the same place.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    /// What the case was about when it was looked up; about something else by now, it is another problem.
    pub category: Code,
    /// Cases that were handled before this one came, earliest first.
    pub earlier: Vec<CaseId>,
    pub rule: Recurrence,
}

/// Whether two places are one: the same words in one street, or points of one party that are near each other. Without
/// either, a place is nowhere: a whole community is no place.
#[must_use]
pub fn is_same_place(one: &Place, other: &Place, same_street: bool, distance_m: u32) -> bool {
    let words = plain(&one.address);
    let same_words = same_street && !words.is_empty() && words == plain(&other.address);
    let near = one.party.is_some()
        && one.party == other.party
        && one
            .position()
            .zip(other.position())
            .is_some_and(|(one, other)| one.distance_m(other) <= f64::from(distance_m));
    same_words || near
}

/// An address as it is compared: people put blanks where they like.
#[must_use]
pub fn plain(address: &str) -> String {
    address.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// `leading`: departments that lead what the case is about. They are told beside whoever has it.
pub(super) fn find(state: &State, found: &Recurrent, leading: &[Code]) -> Vec<Event> {
    let times = u32::try_from(found.earlier.len()).unwrap_or(u32::MAX).saturating_add(1);
    let same = state.matter.as_ref().is_some_and(|matter| matter.category == found.category);
    match state.phase {
        Phase::Open | Phase::Resolved { .. } if same && state.earlier.is_empty() && times >= found.rule.times => {
            let holder = state.matter.iter().map(|matter| matter.holder.clone());
            let mut told: Vec<Code> = holder.collect();
            for leading in leading {
                if !told.contains(leading) {
                    told.push(leading.clone());
                }
            }
            let (earlier, within_days) = (found.earlier.clone(), found.rule.within_days);
            vec![Event::RecurrenceFound { earlier, times, within_days, told }]
        }
        Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed => vec![],
    }
}

/// Whether ending the case with `outcome` would leave the cause where it is.
pub(super) fn is_superficial(state: &State, outcome: Outcome) -> bool {
    match outcome {
        Outcome::Solved => state.needs_root_cause(),
        Outcome::Explained | Outcome::NotAccepted | Outcome::NotSolved => false,
    }
}

/// The last unit of a call cannot leave a problem that keeps coming back as solved if it leads, because it answers for the
/// matter. Who only assisted has done its part, and the case stays with its holder until the cause is found.
pub(super) fn finish(
    state: &State,
    called: &CalledParty,
    answer: &Answer,
    events: Vec<Event>,
) -> Result<Vec<Event>, Refusal> {
    let is_done = match answer {
        Answer::Done { outcome, .. } => called.duty == Duty::Lead && is_superficial(state, *outcome),
        Answer::Respond { .. }
        | Answer::ReportIn { .. }
        | Answer::Progress { .. }
        | Answer::TaskDone { .. }
        | Answer::Return { .. }
        | Answer::Found { .. } => false,
    };
    let ends_the_call = events.iter().any(|event| matches!(event, Event::CallEnded { .. }));
    let ends_the_case = events.iter().any(|event| matches!(event, Event::Resolved(_)));
    let work_left = state.tasks.iter().any(|task| !task.done);
    if is_done && ends_the_call && !ends_the_case && !work_left {
        return Err(Refusal::RootCauseNeeded);
    }
    Ok(events)
}

impl State {
    /// Whether the cause of what keeps coming back is still to be found.
    #[must_use]
    pub fn needs_root_cause(&self) -> bool {
        let joint = |matter: &Matter| matter.comprehensive;
        let found = self.tasks.iter().any(|task| task.root_cause && task.done);
        !self.earlier.is_empty() && !found && !self.matter.as_ref().is_some_and(joint)
    }
}

#[cfg(test)]
mod tests {
    use decider::Decider;
    use vocabulary::Point;

    use super::super::tests::{
        BUILD, POLICE, STREET, after, answer, at, code, done, given, grade, in_force, plan, report_in, whistle,
    };
    use super::super::{Command, Plan, Rules};
    use super::*;

    fn earlier(count: usize) -> Vec<CaseId> {
        let ids = ["190301-7k3q9x", "190315-7k3q9x", "190402-7k3q9x"];
        ids.iter()
            .map(|id| {
                ("0123456789abcdefghjkmnpqrstvwxyz".chars())
                    .find_map(|check| format!("{id}{check}").parse().ok())
                    .unwrap()
            })
            .take(count)
            .collect()
    }

    fn found(count: usize) -> Command {
        let rule = Recurrence { times: 3, within_days: 60, distance_m: 50 };
        let recurrent = Recurrent { category: code("vehicle-time-window"), earlier: earlier(count), rule };
        Command::FoundRecurrent { found: Box::new(recurrent), leading: vec![code(BUILD), code(STREET)] }
    }

    fn resolve(outcome: Outcome) -> Command {
        Command::Resolve {
            by: code(STREET),
            outcome,
            summary: "swept".to_owned(),
            evidence: vec![],
            rating_due: at(30_000),
        }
    }

    fn root_cause(party: &str) -> Command {
        let task = Plan {
            party: code(party),
            title: "open every manhole".to_owned(),
            due: None,
            after: vec![],
            root_cause: true,
        };
        Command::PlanTasks { by: code(STREET), tasks: vec![task], now: at(0), in_force: in_force() }
    }

    fn complete(by: &str, note: &str) -> Command {
        Command::CompleteTask {
            by: code(by),
            task: 1,
            note: note.to_owned(),
            evidence: vec![],
            now: at(9),
            rating_due: at(30_000),
        }
    }

    #[test]
    fn the_third_time_is_one_too_many_and_the_second_is_not() {
        let state = given(&[grade()]);
        assert_eq!(Rules::decide(&state, &found(1)), Ok(vec![]));
        let events = Rules::decide(&state, &found(2)).unwrap();
        let told = vec![code(STREET), code(BUILD)];
        assert_eq!(events, [Event::RecurrenceFound { earlier: earlier(2), times: 3, within_days: 60, told }]);
        let state = events.iter().fold(state, Rules::evolve);
        assert_eq!(Rules::decide(&state, &found(3)), Ok(vec![]), "found once");
        assert_eq!(Rules::decide(&State::default(), &found(2)), Ok(vec![]));
    }

    #[test]
    fn without_the_cause_it_is_not_solved_and_with_it_it_is() {
        let state = given(&[grade(), found(2)]);
        assert_eq!(Rules::decide(&state, &resolve(Outcome::Solved)), Err(Refusal::RootCauseNeeded));
        assert!(Rules::decide(&state, &resolve(Outcome::NotSolved)).is_ok(), "an honest end stays possible");
        let state = given(&[grade(), found(2), root_cause(STREET)]);
        assert_eq!(Rules::decide(&state, &complete(STREET, " ")), Err(Refusal::FindingNeeded(1)));
        let state = given(&[grade(), found(2), root_cause(STREET), complete(STREET, "a mound of earth on the pipe")]);
        assert!(Rules::decide(&state, &resolve(Outcome::Solved)).is_ok());
    }

    #[test]
    fn work_that_is_not_about_the_cause_is_not_enough() {
        let state = given(&[grade(), found(2), plan(&[(STREET, &[])]), complete(STREET, "swept again")]);
        assert_eq!(Rules::decide(&state, &resolve(Outcome::Solved)), Err(Refusal::RootCauseNeeded));
    }

    #[test]
    fn the_last_unit_stays_until_the_cause_is_found_if_it_leads() {
        let mut both = whistle(&[POLICE, BUILD]);
        if let Command::Call { whistle } = &mut both {
            whistle.parties[1].1 = Duty::Lead;
        }
        let there = [grade(), found(2), both, answer(POLICE, 5, report_in()), answer(BUILD, 5, report_in())];
        let there = given(&there);
        // Who assists has done its part: the call ends, and what its holder has is still not solved.
        let state = after(after(there.clone(), &answer(BUILD, 6, done())), &answer(POLICE, 7, done()));
        assert!(!state.has_open_call());
        assert_eq!(Rules::decide(&state, &resolve(Outcome::Solved)), Err(Refusal::RootCauseNeeded));
        let state = after(there, &answer(POLICE, 6, done()));
        assert_eq!(Rules::decide(&state, &answer(BUILD, 7, done())), Err(Refusal::RootCauseNeeded));
        let state = [
            root_cause(BUILD),
            answer(BUILD, 8, Answer::TaskDone { task: 1, note: "the pipe is blocked".to_owned(), evidence: vec![] }),
        ]
        .iter()
        .fold(state, |state, command| Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve));
        let last = Rules::decide(&state, &answer(BUILD, 9, done())).unwrap();
        assert!(matches!(last[..], [.., Event::Resolved(_)]));
    }

    #[test]
    fn about_something_else_it_is_another_problem() {
        let Command::Grade { assignment, terms, instead } = grade() else { unreachable!() };
        let other = super::super::Assignment { category: code("noise"), graded_by: 2, ..*assignment };
        let state = given(&[grade(), found(2), Command::Grade { assignment: Box::new(other), terms, instead }]);
        assert!(!state.needs_root_cause());
        assert_eq!(Rules::decide(&state, &found(2)), Ok(vec![]), "what was looked up for the old category");
    }

    #[test]
    fn one_place_is_the_same_words_in_one_street_or_two_near_points_of_one_party() {
        let place = |party: &str, address: &str, latitude: Option<f64>| Place {
            party: Some(code(party)),
            address: address.to_owned(),
            point: latitude.map(|latitude| Point { longitude: 114.3, latitude }),
        };
        let bridge = place("wuchang-yangyuan-simei", "橋梁村 路口", None);
        assert!(is_same_place(&bridge, &place("wuchang-yangyuan", "橋梁村路口", None), true, 50));
        assert!(!is_same_place(&bridge, &place("wuchang-liangdao", "橋梁村路口", None), false, 50), "another street");
        let nowhere = place("wuchang-yangyuan-simei", "", None);
        assert!(!is_same_place(&nowhere, &nowhere, true, 50), "a whole community is no place");
        let (here, near, far) = (30.60, 30.600_4, 30.601);
        let point = |latitude| place("wuchang-yangyuan-simei", "", Some(latitude));
        assert!(is_same_place(&point(here), &point(near), true, 50));
        assert!(!is_same_place(&point(here), &point(far), true, 50));
        let unknown = Place { point: Some(Point { longitude: 0.0, latitude: 0.0 }), ..point(here) };
        assert!(!is_same_place(&unknown, &unknown, true, 50), "what a device says that does not know where it is");
    }
}
