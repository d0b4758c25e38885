//! What a joint operation of the enforcement centre leaves to dispatch: its meetings' decisions become tasks of the case
//! and the case is resolved when the operation is concluded and every task is done, whichever comes last.

use ids::Code;
use jiff::Timestamp;
use vocabulary::Outcome;

use super::{Dropped, Event, InForce, Matter, Plan, State, TASKS_MAX, admission, ending, evolve};

/// Whether a unit can run one: the enforcement centre of a street. With anybody else nobody could end it.
pub(super) fn is_run_by(party: &Code, in_force: &InForce) -> bool {
    in_force.0.is_enforcement_centre(party)
}

/// Its tasks that are not done, when the case goes elsewhere: the operation is over, and nobody could drop them later.
pub(super) fn dropped(state: &State) -> Vec<Dropped> {
    let open = state.tasks.iter().filter(|task| task.joint_meeting.is_some() && !task.done);
    open.map(|task| Dropped { task: task.number, party: task.party.clone() }).collect()
}

/// A meeting's decisions are planned once, however often they are told. The centre has met already, so nobody is refused
/// here: what a community's list does not hold goes on the record as refused, and the rest is planned.
pub(super) fn plan(
    state: &State,
    matter: &Matter,
    (round, meeting): (u32, u32),
    decisions: &[Plan],
    in_force: &InForce,
) -> Vec<Event> {
    if !matter.comprehensive || round < state.joint_round || state.joint_meetings.contains(&meeting) {
        return vec![];
    }
    let mut events = Vec::new();
    let room = TASKS_MAX.saturating_sub(state.tasks.len());
    let mut task = state.last_task;
    for decision in decisions.iter().take(room) {
        let asked_by = Some(&matter.holder);
        if let Some(refused) = admission::refusal(state, &matter.category, &decision.party, asked_by, in_force) {
            events.push(refused);
            continue;
        }
        task += 1;
        let call = state.open_calls().find(|call| call.is_expecting(&decision.party));
        events.push(Event::TaskPlanned {
            task,
            party: decision.party.clone(),
            title: decision.title.clone(),
            due: decision.due.unwrap_or(call.map_or(matter.clock.due, |call| call.completion_due)),
            counts_from: call.and_then(|call| call.counts_from),
            follows: decision.due.is_none(),
            after: vec![],
            call: call.map(|call| call.number),
            root_cause: false,
            joint_meeting: Some(meeting),
        });
    }
    // Refused altogether, it would be refused again each time it is told.
    if events.iter().all(Event::is_refusal) && events.iter().all(|refused| state.is_refused(refused)) {
        return vec![];
    }
    events
}

/// The centre is through. What was planned with it and belongs to no call is still to be done.
pub(super) fn conclude(state: &State, matter: &Matter, by: &Code, summary: &str, rating_due: Timestamp) -> Vec<Event> {
    let mut events = ending::let_everybody_go(state, summary);
    let after = events.iter().fold(state.clone(), evolve::evolve);
    events.push(if after.tasks.iter().all(|task| task.done) {
        // What the centre served and inspected is on its own record.
        ending::resolution(&after, matter, (Outcome::Solved, summary, &[]), by.clone(), rating_due)
    } else {
        Event::Concluded { by: by.clone(), summary: summary.to_owned() }
    });
    events
}

/// The resolution that a concluded operation waited for, once the last task is done.
pub(super) fn concluded(after: &State, rating_due: Timestamp) -> Option<Event> {
    let (matter, concluded) = after.matter.as_ref().zip(after.concluded.as_ref())?;
    let is_over = !after.has_open_call() && after.tasks.iter().all(|task| task.done);
    let said = (Outcome::Solved, concluded.summary.as_str(), [].as_slice());
    is_over.then(|| ending::resolution(after, matter, said, concluded.by.clone(), rating_due))
}

impl State {
    fn is_refused(&self, event: &Event) -> bool {
        self.refused.iter().any(|known| matches!(event, Event::AdmissionRefused { party, .. } if party == known))
    }
}

#[cfg(test)]
mod tests {
    use decider::Decider;

    use super::super::tests::{
        BUILD, CENTRE, POLICE, STREET, after, at, check, code, given, grade_as, in_force, names, passed_up, terms,
    };
    use super::super::{Command, Phase, Refusal, Rules};
    use super::*;

    fn joint() -> Command {
        let Command::Grade { mut assignment, terms, instead } = grade_as(1, terms(0, "14d")) else { unreachable!() };
        assignment.comprehensive = true;
        assignment.party = code(CENTRE);
        Command::Grade { assignment, terms, instead }
    }

    fn decided(meeting: u32, parties: &[&str]) -> Command {
        let decision = |party: &&str| Plan {
            party: code(party),
            title: "seal the doors".to_owned(),
            due: None,
            after: vec![],
            root_cause: false,
        };
        let decisions = parties.iter().map(decision).collect();
        Command::JointDecisions { round: 1, meeting, decisions, in_force: in_force() }
    }

    fn conclude() -> Command {
        concluding(1)
    }

    fn concluding(round: u32) -> Command {
        Command::Conclude { round, summary: "complied".to_owned(), by: code(CENTRE), rating_due: at(30_000) }
    }

    fn complete(by: &str, task: u32) -> Command {
        let (note, evidence) = (String::new(), vec![]);
        Command::CompleteTask { by: code(by), task, note, evidence, now: at(9), rating_due: at(30_000) }
    }

    #[test]
    fn what_a_joint_meeting_decides_is_planned_once() {
        let state = given(&[joint()]);
        let planned = Rules::decide(&state, &decided(1, &[POLICE, BUILD])).unwrap();
        assert_eq!(names(&planned), ["TaskPlanned", "TaskPlanned"]);
        assert!(matches!(&planned[1], Event::TaskPlanned { task: 2, joint_meeting: Some(1), call: None, .. }));
        let state = planned.iter().fold(state, Rules::evolve);
        assert_eq!(Rules::decide(&state, &decided(1, &[POLICE, BUILD])), Ok(vec![]), "told twice");
        // The second meeting may be told before the first is told again, and counts on.
        let second = Rules::decide(&state, &decided(2, &[POLICE])).unwrap();
        assert!(matches!(&second[..], [Event::TaskPlanned { task: 3, joint_meeting: Some(2), .. }]));
        // Of a case that is no joint operation the centre decides nothing.
        assert_eq!(Rules::decide(&given(&[grade_as(1, terms(0, "14d"))]), &decided(1, &[POLICE])), Ok(vec![]));
    }

    #[test]
    fn a_concluded_operation_waits_for_its_tasks_and_is_resolved_with_the_last() {
        let state = given(&[joint(), decided(1, &[POLICE, BUILD])]);
        let over = Rules::decide(&state, &conclude()).unwrap();
        assert_eq!(names(&over), ["Concluded"]);
        let state = over.iter().fold(state, Rules::evolve);
        assert_eq!(Rules::decide(&state, &conclude()), Ok(vec![]), "told twice");
        assert_eq!(
            Rules::decide(&state, &complete(POLICE, 2)),
            Err(Refusal::AnothersTask { task: 2, party: code(BUILD) })
        );
        let state = after(state, &complete(POLICE, 1));
        assert_eq!(state.phase, Phase::Open);
        // Whoever is late with such a task is late like with any other.
        assert!(names(&Rules::decide(&state, &check(14 * 24 * 60)).unwrap()).iter().any(|name| name == "Overdue"));
        let last = Rules::decide(&state, &complete(BUILD, 2)).unwrap();
        assert_eq!(names(&last), ["TaskDone", "Resolved"]);
        let Some(Event::Resolved(resolution)) = last.last() else { panic!("no resolution") };
        assert_eq!((resolution.summary.as_str(), &resolution.by), ("complied", &code(CENTRE)));
    }

    #[test]
    fn the_end_of_one_round_told_again_does_not_end_the_next() {
        let again = Command::Reopen { reason: "open again".to_owned(), terms: terms(10, "3d") };
        let state = given(&[joint(), conclude(), again]);
        assert_eq!(Rules::decide(&state, &conclude()), Ok(vec![]));
        assert_eq!(Rules::decide(&state, &decided(1, &[POLICE])), Ok(vec![]));
        assert_eq!(names(&Rules::decide(&state, &concluding(2)).unwrap()), ["Resolved"]);
    }

    #[test]
    fn nobody_but_an_enforcement_centre_has_a_joint_operation() {
        let Command::Grade { mut assignment, terms, instead } = joint() else { unreachable!() };
        assignment.party = code(STREET);
        let of_street = given(&[Command::Grade { assignment, terms, instead }]);
        let hand_on = Command::Assign {
            by: code(STREET),
            above_holder: true,
            to: code(STREET),
            to_level: charter::Level::B1,
            reason: "one power is enough".to_owned(),
            in_force: in_force(),
        };
        for state in [of_street, given(&[joint(), hand_on])] {
            assert!(!state.matter.as_ref().unwrap().comprehensive);
        }
    }

    fn hand_on(to: &str) -> Command {
        Command::Assign {
            by: code(STREET),
            above_holder: true,
            to: code(to),
            to_level: charter::Level::B1,
            reason: "yours".to_owned(),
            in_force: in_force(),
        }
    }

    fn escalate() -> Command {
        let (by, to, reason) = (code(CENTRE), code(STREET), "the powers disagree".to_owned());
        Command::Escalate { by, to, to_level: charter::Level::B1, reason, judged: 1 }
    }

    #[test]
    fn a_centres_case_that_comes_back_is_a_joint_operation_again() {
        for away in [escalate(), hand_on(STREET)] {
            let state = given(&[joint(), away]);
            assert!(!state.matter.as_ref().unwrap().comprehensive, "with nobody else");
            let state = after(state, &hand_on(CENTRE));
            assert!(state.matter.as_ref().unwrap().comprehensive);
            assert_eq!(Rules::decide(&state, &conclude()), Ok(vec![]), "the first one's end");
            assert_eq!(names(&Rules::decide(&state, &concluding(2)).unwrap()), ["Resolved"]);
        }
        // Judged to be one power's, it is none any more.
        let state = given(&[joint(), escalate(), grade_as(2, terms(0, "14d")), hand_on(CENTRE)]);
        assert!(!state.matter.as_ref().unwrap().comprehensive);
    }

    #[test]
    fn what_a_meeting_decided_and_nobody_has_done_ends_with_the_operation() {
        let state = given(&[joint(), decided(1, &[POLICE, BUILD]), complete(POLICE, 1)]);
        for away in [escalate(), hand_on(STREET), grade_as(2, terms(0, "14d"))] {
            let gone = Rules::decide(&state, &away).unwrap();
            let left: Vec<u32> =
                gone.iter().fold(state.clone(), Rules::evolve).tasks.iter().map(|it| it.number).collect();
            assert_eq!(left, [1], "{gone:?}");
        }
        // Judged once more for the same centre, the operation goes on with its tasks.
        let Command::Grade { mut assignment, terms, instead } = joint() else { unreachable!() };
        assignment.graded_by = 2;
        let state = after(state, &Command::Grade { assignment, terms, instead });
        assert_eq!(state.tasks.len(), 2);
    }

    #[test]
    fn tasks_done_before_the_end_hold_nothing_up() {
        let state = given(&[joint(), decided(1, &[POLICE]), complete(POLICE, 1)]);
        assert_eq!(state.phase, Phase::Open, "the centre is not through");
        assert_eq!(names(&Rules::decide(&state, &conclude()).unwrap()), ["Resolved"]);
    }

    #[test]
    fn whoever_has_it_after_the_centre_does_not_wait_for_it() {
        let up = passed_up(CENTRE, "wuchang-centre");
        let state = given(&[joint(), decided(1, &[POLICE]), conclude(), up]);
        assert_eq!(state.concluded, None);
        assert_eq!(
            Rules::decide(&state, &complete(POLICE, 1)),
            Err(Refusal::NoSuchTask(1)),
            "it ended with the operation"
        );
    }
}
