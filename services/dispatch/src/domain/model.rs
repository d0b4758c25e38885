//! Every way a case can go, walked at random: no dead end, nothing after the end, and what is offered is what the rules
//! take, for each who asks.

use std::collections::{BTreeMap, BTreeSet};

use charter::{Colour, Level};
use decider::Decider;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use vocabulary::{Duty, Outcome, Place};

use super::allowed::is_taken;
use super::tests::{BUILD, POLICE, STREET, at, code, in_force, officer, terms};
use super::*;

const DISTRICT: &str = "wuchang-centre";
const CITY: &str = "wuhan";
const EARLIER: &str = "261121-7k3q9x7";
const PARTIES: [&str; 4] = [STREET, DISTRICT, POLICE, BUILD];

fn whistle(party: &str, minute: i64) -> Whistle {
    Whistle {
        caller: code(STREET),
        situation: None,
        colour: Colour::Blue,
        parties: vec![(code(party), Duty::Lead)],
        response_due: at(minute + 30),
        report_in_due: at(minute + 120),
        completion_due: at(minute + 1000),
        reminders: vec![at(minute + 500), at(minute + 800)],
        due_provisional: false,
        counts_from: Some(at(minute)),
        note: String::new(),
        special: None,
    }
}

fn is_desk(party: &str) -> bool {
    [STREET, DISTRICT].contains(&party)
}

/// Every command there is, with the arguments `by`, `party`, a number of call, task or order, and the minute.
fn commands(by: &str, party: &str, number: u32, minute: i64) -> Vec<Command> {
    let (by, party, now, later) = (code(by), code(party), at(minute), at(minute + 200));
    let text = || "because".to_owned();
    let above = by.as_str() == DISTRICT;
    let answer = |answer| Command::Answer { call: number, party: by.clone(), answer, now, rating_due: later };
    let grade = |graded_by| {
        let assignment = Box::new(Assignment {
            party: code(STREET),
            level: if graded_by == 2 { Level::B2 } else { Level::B1 },
            comprehensive: false,
            category: code("ponding"),
            also: vec![],
            situation: None,
            colour: None,
            title: text(),
            place: Place::default(),
            due: now,
            due_provisional: false,
            start: None,
            evidence_needed: graded_by == 2,
            reason: String::new(),
            graded_by,
            dropped: vec![],
        });
        Command::Grade { assignment, terms: terms(minute, "33h"), instead: code(STREET) }
    };
    let plan = |root_cause| Plan { party: party.clone(), title: text(), due: None, after: vec![], root_cause };
    let rule = charter::Recurrence { times: 2, within_days: 60, distance_m: 50 };
    let earlier = vec![EARLIER.parse().unwrap()];
    vec![
        grade(1),
        grade(2),
        Command::Withdraw,
        Command::Exclude,
        Command::Merge,
        Command::Rate { round: number, solved: true, reason: text(), terms: terms(minute, "3h") },
        Command::Rate { round: number, solved: false, reason: text(), terms: terms(minute, "3h") },
        Command::Lapse { round: number },
        Command::Assign {
            by: by.clone(),
            above_holder: above,
            to: party.clone(),
            to_level: Level::B1,
            reason: text(),
            in_force: in_force(),
        },
        Command::Escalate { by: by.clone(), to: party.clone(), to_level: Level::C, reason: text(), judged: 0 },
        Command::Call { whistle: Box::new(Whistle { caller: by.clone(), ..whistle(party.as_str(), minute) }) },
        Command::PlanTasks { by: by.clone(), tasks: vec![plan(false)], now, in_force: in_force() },
        Command::PlanTasks { by: by.clone(), tasks: vec![plan(true)], now, in_force: in_force() },
        Command::FoundRecurrent {
            found: Box::new(Recurrent { category: code("ponding"), earlier, rule }),
            leading: vec![code(BUILD)],
        },
        Command::Resolve {
            by: by.clone(),
            outcome: Outcome::NotSolved,
            summary: text(),
            evidence: vec![],
            rating_due: later,
        },
        Command::CompleteTask { by: by.clone(), task: number, note: text(), evidence: vec![], now, rating_due: later },
        Command::CompleteTask { by: by.clone(), task: number, note: text(), evidence: shown(), now, rating_due: later },
        Command::Progress { by: by.clone(), desk: is_desk(by.as_str()), kind: ProgressKind::Note, note: text() },
        Command::AdoptMeasure { by: by.clone(), measure: text(), exceptions: vec![] },
        Command::Release { by: by.clone(), party: party.clone(), reason: text(), rating_due: later },
        resolve(&by, vec![], later),
        resolve(&by, shown(), later),
        Command::Reopen { reason: text(), terms: terms(minute, "3h") },
        Command::Adjudicate {
            by: by.clone(),
            call: number,
            party: party.clone(),
            upheld: None,
            reason: text(),
            rating_due: later,
        },
        Command::Adjudicate {
            by: by.clone(),
            call: number,
            party: party.clone(),
            upheld: Some(Box::new(whistle(BUILD, minute))),
            reason: text(),
            rating_due: later,
        },
        Command::Disqualify {
            by: by.clone(),
            call: number,
            party: party.clone(),
            reason: text(),
            response_due: later,
            report_in_due: later,
        },
        Command::Supervise { by: by.clone(), above, party: party.clone(), text: text(), due: later, now },
        Command::AnswerSupervision { by: by.clone(), order: number, note: text(), now },
        extend(&by, above, Scope::Case, minute),
        extend(&by, above, Scope::Call(number), minute),
        extend(&by, above, Scope::Task(number), minute),
        Command::Suspend { by: by.clone(), above, basis: text(), reason: text(), until: later, now },
        Command::Resume { by: by.clone(), above, now, in_force: in_force() },
        Command::HoldMeeting {
            by: by.clone(),
            present: vec![Attendee { party: party.clone(), officer: officer() }],
            minutes: text(),
            decisions: vec![plan(false)],
            now,
            in_force: in_force(),
        },
        Command::FormTaskForce {
            by: by.clone(),
            lead: by.clone(),
            members: vec![by.clone(), party.clone()],
            cadence_days: 7,
            now,
        },
        answer(Answer::Respond { officer: officer() }),
        answer(Answer::ReportIn { officer: officer(), owns_matter: true, check_in: Place::default() }),
        answer(Answer::Done { outcome: Outcome::Solved, note: text(), evidence: vec![] }),
        answer(Answer::Done { outcome: Outcome::Solved, note: text(), evidence: shown() }),
        answer(Answer::Done { outcome: Outcome::NotSolved, note: text(), evidence: vec![] }),
        answer(Answer::Return {
            basis: ReturnBasis::Legal,
            reason: text(),
            proposes: party.clone(),
            due: later,
            district: code(DISTRICT),
        }),
        Command::Call { whistle: Box::new(special(&by, minute)) },
        Command::Transfer {
            by: by.clone(),
            above,
            city: code(CITY),
            reference: text(),
            reason: text(),
            answer: Expected { due: later, reminders: vec![at(minute + 100)] },
            judged: 0,
        },
        Command::CityReturn { by: by.clone(), above, city: code(CITY), centre: code(DISTRICT), reason: text() },
        Command::CityProgress { by: by.clone(), above, city: code(CITY), note: text() },
        Command::CityDone {
            by: by.clone(),
            above,
            city: code(CITY),
            outcome: Outcome::Solved,
            summary: text(),
            evidence: shown(),
            rating_due: later,
        },
        Command::Admit { by: by.clone(), above, reason: text() },
        Command::SpawnRelated { by: by.clone(), related: related(), help_until: None },
        Command::SpawnRelated { by: by.clone(), related: related(), help_until: Some(later) },
        Command::HelpEnded { reference: format!("found-{number}"), case: EARLIER.parse().unwrap(), rating_due: later },
        answer(Answer::Found(related())),
        check(minute),
    ]
}

fn shown() -> Vec<String> {
    vec!["sha256:77d6".to_owned()]
}

fn resolve(by: &Code, evidence: Vec<String>, rating_due: Timestamp) -> Command {
    Command::Resolve { by: by.clone(), outcome: Outcome::Solved, summary: "fine".to_owned(), evidence, rating_due }
}

/// Only the district is a group here.
fn special(by: &Code, minute: i64) -> Whistle {
    let departments: &[&str] = if by.as_str() == DISTRICT { &[POLICE, BUILD] } else { &[] };
    Whistle {
        caller: by.clone(),
        parties: departments.iter().map(|party| (code(party), Duty::Assist)).collect(),
        special: Some(Special { group: by.clone(), chair: Some(officer()) }),
        ..whistle(POLICE, minute)
    }
}

fn related() -> Box<Related> {
    let place = Place::default();
    Box::new(Related { title: "a lamp".to_owned(), text: String::new(), place, category: None })
}

fn extend(by: &Code, above: bool, scope: Scope, minute: i64) -> Command {
    let basis = "rule 12".to_owned();
    Command::Extend {
        by: by.clone(),
        above,
        scope,
        reason: basis.clone(),
        basis,
        due: at(minute + 9000),
        now: at(minute),
    }
}

fn check(minute: i64) -> Command {
    Command::CheckDeadlines { now: at(minute), above: BTreeMap::new(), centre: code(DISTRICT), in_force: in_force() }
}

/// The act a command stands for; facts of others and the clock are nobody's.
fn act(command: &Command) -> Option<Act> {
    Some(match command {
        Command::Assign { .. } => Act::Assign,
        Command::Escalate { .. } => Act::Escalate,
        Command::Call { whistle } if whistle.special.is_some() => Act::CallSpecial,
        Command::Call { .. } => Act::Call,
        Command::PlanTasks { .. } => Act::PlanTasks,
        Command::CompleteTask { .. } => Act::CompleteTask,
        Command::Progress { .. } => Act::RecordProgress,
        Command::AdoptMeasure { .. } => Act::AdoptMeasure,
        Command::Release { .. } => Act::Release,
        Command::Resolve { .. } => Act::Resolve,
        Command::Reopen { .. } => Act::Reopen,
        Command::Adjudicate { .. } => Act::Adjudicate,
        Command::Disqualify { .. } => Act::Disqualify,
        Command::Supervise { .. } => Act::Supervise,
        Command::AnswerSupervision { .. } => Act::AnswerSupervision,
        Command::Extend { .. } => Act::Extend,
        Command::Suspend { .. } => Act::Suspend,
        Command::Resume { .. } => Act::Resume,
        Command::HoldMeeting { .. } => Act::HoldMeeting,
        Command::FormTaskForce { .. } => Act::FormTaskForce,
        Command::Transfer { .. } => Act::Transfer,
        Command::CityProgress { .. } => Act::RecordCityProgress,
        Command::CityDone { .. } => Act::RecordCityDone,
        Command::CityReturn { .. } => Act::RecordCityReturn,
        Command::Admit { .. } => Act::Admit,
        Command::SpawnRelated { .. } => Act::SpawnRelatedCase,
        Command::Answer { answer: Answer::Respond { .. }, .. } => Act::Respond,
        Command::Answer { answer: Answer::ReportIn { .. }, .. } => Act::ReportIn,
        Command::Answer { answer: Answer::Done { .. }, .. } => Act::Done,
        Command::Answer { answer: Answer::Return { .. }, .. } => Act::Return,
        Command::Answer { answer: Answer::Progress { .. } | Answer::TaskDone { .. } | Answer::Found(_), .. }
        | Command::Grade { .. }
        | Command::Withdraw
        | Command::Exclude
        | Command::Merge
        | Command::Conclude { .. }
        | Command::Rate { .. }
        | Command::Lapse { .. }
        | Command::FoundRecurrent { .. }
        | Command::HelpOpened { .. }
        | Command::AskToHelp(_)
        | Command::HelpEnded { .. }
        | Command::JointDecisions { .. }
        | Command::CheckDeadlines { .. } => return None,
    })
}

/// A minute more than the walk asks for, which may have got that in this very minute.
fn longer(mut command: Command) -> Command {
    if let Command::Extend { due, .. } = &mut command {
        *due += SignedDuration::from_mins(1);
    }
    command
}

/// What the rules take from `by` now, whatever the arguments.
fn taken(state: &State, by: &str, minute: i64) -> BTreeSet<Act> {
    let numbers =
        0..=u32::try_from(state.calls.len().max(state.tasks.len()).max(state.supervisions.len())).unwrap() + 1;
    let all = PARTIES.iter().flat_map(|party| numbers.clone().flat_map(|number| commands(by, party, number, minute)));
    all.map(longer)
        .filter(|command| is_taken(&Rules::decide(state, command)))
        .filter_map(|command| act(&command))
        .collect()
}

/// What is offered to `by`. Two different others, because one of them may be at work already.
fn offered(state: &State, by: &str, minute: i64) -> BTreeSet<Act> {
    let others = PARTIES.iter().filter(|other| **other != by);
    let asked = others.flat_map(|other| {
        let asker = Asker {
            party: code(by),
            above: by == DISTRICT,
            desk: is_desk(by),
            other: code(other),
            other_level: Level::B1,
            upwards: vec![(code(other), Level::C)],
            departments: if by == DISTRICT { vec![code(POLICE), code(BUILD)] } else { vec![] },
            speaks_for: vec![],
            city: Some(code(CITY)),
            now: at(minute),
            in_force: in_force(),
        };
        allowed_actions(state, &asker)
    });
    asked.map(|action| action.act).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_life_is_legal_and_every_desk_is_shown_what_it_may_do(
        steps in prop::collection::vec((0usize..4, 0usize..4, 0u32..4, 0i64..900, 0usize..64), 1..40)
    ) {
        let mut state = State::default();
        let mut minute = 0;
        let mut closed = false;
        for event in Rules::decide(&state, &commands(STREET, STREET, 1, 0)[0]).unwrap() {
            state = Rules::evolve(state, &event);
        }
        for (by, party, number, pause, which) in steps {
            minute += pause;
            // Time is never passed over: whatever is due happens before anybody acts.
            let all = commands(PARTIES[by], PARTIES[party], number, minute);
            for command in [check(minute), all[which % all.len()].clone()] {
                let Ok(events) = Rules::decide(&state, &command) else { continue };
                for event in &events {
                    prop_assert!(!closed, "{event:?} after the end");
                    closed |= matches!(event, Event::Closed { .. });
                    state = Rules::evolve(state, event);
                }
                if let Command::CheckDeadlines { .. } = command {
                    prop_assert_eq!(Rules::decide(&state, &command), Ok(vec![]), "a deadline acts once");
                }
            }
            let clock = next_deadline(&state);
            match state.phase {
                // What is answered ends by what evaluation says, whose clock it is, when it has been asked about.
                Phase::Resolved { asking: Asking::AfterHelp(until), .. } => prop_assert_eq!(clock, Some(until)),
                Phase::Unknown | Phase::Resolved { .. } | Phase::Closed => prop_assert_eq!(clock, None),
                // The holder or its district can always go on.
                Phase::Open => {
                    let holder = state.matter.as_ref().unwrap().holder.clone();
                    let ways = taken(&state, holder.as_str(), minute);
                    prop_assert!(!ways.is_empty(), "{holder} has it and can do nothing");
                }
            }
            for desk in PARTIES {
                let (may, shown) = (taken(&state, desk, minute), offered(&state, desk, minute));
                // Escalation needs a unit above, which only the charter knows: the model names any.
                let unlike: Vec<&Act> = may.symmetric_difference(&shown).filter(|act| **act != Act::Escalate).collect();
                prop_assert!(unlike.is_empty(), "{desk}: {unlike:?} in {state:?}");
            }
        }
    }

    /// Pausing adds: what stood for two spans is later by both, and nothing else moves (R-50, D9).
    #[test]
    fn a_suspension_moves_every_clock_of_the_work_by_as_long_as_it_stood(first in 1i64..180, second in 1i64..180) {
        let called = [
            commands(STREET, STREET, 1, 0)[0].clone(),
            Command::Call { whistle: Box::new(whistle(POLICE, 0)) },
        ];
        let apply = |state: State, command: &Command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        };
        let before = called.iter().fold(State::default(), apply);
        let pause = |state: State, from: i64, minutes: i64| {
            let by = code(DISTRICT);
            let (basis, reason) = ("rule 3".to_owned(), "waiting for the court".to_owned());
            let until = at(from + 1000);
            let suspend = Command::Suspend { by: by.clone(), above: true, basis, reason, until, now: at(from) };
            let state = apply(state, &suspend);
            apply(state, &Command::Resume { by, above: true, now: at(from + minutes), in_force: in_force() })
        };
        let after = pause(pause(before.clone(), 5, first), 200, second);
        let moved = SignedDuration::from_mins(first + second);
        prop_assert_eq!(after.calls[0].completion_due, before.calls[0].completion_due + moved);
        let due = |state: &State| state.matter.as_ref().unwrap().clock.due;
        prop_assert_eq!(due(&after), due(&before) + moved);
        let party = |state: &State| state.calls[0].parties[0].clone();
        prop_assert_eq!(party(&after).response_due, party(&before).response_due, "nobody stops this clock");
        prop_assert_eq!(party(&after).report_in_due, party(&before).report_in_due);
    }
}
