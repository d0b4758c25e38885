//! What somebody could do with a case now, found by asking the rules themselves: every action is offered to
//! [`decide`](super::Rules) with arguments it could have, and those it takes are listed. A desk shows these and no others.

use charter::{Colour, Instrument, Level, Limit, LimitUnit};
use decider::Decider;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use vocabulary::{Duty, Officer, Outcome, Place};

use super::decide::Decision;
use super::{
    Answer, Attendee, Command, Expected, InForce, Plan, ProgressKind, Related, ReturnBasis, Rules, Scope, Special,
    State, Terms, Whistle,
};

/// What can be done, by its name in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    Assign,
    Escalate,
    Call,
    PlanTasks,
    CompleteTask,
    RecordProgress,
    AdoptMeasure,
    Release,
    Resolve,
    Reopen,
    Adjudicate,
    Disqualify,
    Supervise,
    AnswerSupervision,
    Extend,
    Suspend,
    Resume,
    HoldMeeting,
    FormTaskForce,
    CallSpecial,
    Transfer,
    RecordCityProgress,
    RecordCityDone,
    Admit,
    SpawnRelatedCase,
    Respond,
    ReportIn,
    Done,
    Return,
    RecordCityReturn,
}

/// One thing that can be done, and to what of the case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    pub act: Act,
    pub call: Option<u32>,
    pub party: Option<Code>,
    pub task: Option<u32>,
    pub order: Option<u32>,
}

/// Who asks, and what the charter says about them and this case.
#[derive(Clone, Debug)]
pub struct Asker {
    pub party: Code,
    /// It is above the unit that has the case.
    pub above: bool,
    /// It sits in the street or the district, and not in a department.
    pub desk: bool,
    /// Somebody else of the district, for actions that need a second unit.
    pub other: Code,
    pub other_level: Level,
    /// To whom it could pass a case on: whoever is above it, and a special group.
    pub upwards: Vec<(Code, Level)>,
    /// Whom it schedules, if it is a special group.
    pub departments: Vec<Code>,
    /// The city, if the charter has one.
    pub city: Option<Code>,
    /// Units with a task here whose work it writes down, because they have no desk of their own.
    pub speaks_for: Vec<Code>,
    pub now: Timestamp,
    pub in_force: InForce,
}

/// Everything `asker` could do, each with what it would be done to. Who may ask for what at all is the door's to say.
#[must_use]
pub fn allowed_actions(state: &State, asker: &Asker) -> Vec<Action> {
    let taken = |(_, command): &(Action, Command)| is_taken(&Rules::decide(state, command));
    let may = |(action, _): &(Action, Command)| {
        action.act != Act::Call || asker.in_force.0.may_use(Instrument::Calling, &asker.party)
    };
    let mut actions: Vec<Action> =
        offers(state, asker).into_iter().filter(may).filter(taken).map(|(action, _)| action).collect();
    actions.sort();
    actions.dedup();
    actions
}

/// Whether something comes of it that was asked for.
pub(super) fn is_taken(decided: &Decision) -> bool {
    decided.as_ref().is_ok_and(|events| events.iter().any(|event| !event.is_refusal()))
}

/// Every action with arguments that could be right.
fn offers(state: &State, asker: &Asker) -> Vec<(Action, Command)> {
    let mut offers: Vec<(Action, Command)> =
        on_case(state, asker).into_iter().map(|(act, command)| (Action::on_case(act), command)).collect();
    for call in &state.calls {
        for called in &call.parties {
            offers.extend(on_party(call.number, &called.party, asker));
        }
        let action = Action { call: Some(call.number), ..Action::on_case(Act::Extend) };
        let due = state.as_it_stands(call.completion_due, call.counts_from, asker.now).0;
        offers.push((action, extend(asker, Scope::Call(call.number), due)));
        offers.extend(answers(call.number, asker));
    }
    for task in &state.tasks {
        let on_task = |act| Action { task: Some(task.number), ..Action::on_case(act) };
        let speaks_for = asker.speaks_for.contains(&task.party);
        let complete = Command::CompleteTask {
            by: if speaks_for { task.party.clone() } else { asker.party.clone() },
            task: task.number,
            // What the cause of a problem is has to be said.
            note: "found".to_owned(),
            evidence: something(),
            now: asker.now,
            rating_due: asker.now,
        };
        offers.push((on_task(Act::CompleteTask), complete));
        let due = state.as_it_stands(task.due, task.counts_from, asker.now).0;
        offers.push((on_task(Act::Extend), extend(asker, Scope::Task(task.number), due)));
        if task.call.is_none() {
            let (by, party, reason) = (asker.party.clone(), task.party.clone(), String::new());
            let action = Action { party: Some(party.clone()), ..on_task(Act::Release) };
            offers.push((action, Command::Release { by, party, reason, rating_due: asker.now }));
        }
    }
    offers.extend(asker.upwards.iter().map(|up| (Action::on_case(Act::Escalate), escalate(asker, up))));
    offers.extend(of_the_city(asker));
    for order in &state.supervisions {
        let action = Action { order: Some(order.number), ..Action::on_case(Act::AnswerSupervision) };
        let by = asker.party.clone();
        let answer = Command::AnswerSupervision { by, order: order.number, note: String::new(), now: asker.now };
        offers.push((action, answer));
    }
    offers
}

fn on_case(state: &State, asker: &Asker) -> Vec<(Act, Command)> {
    let by = || asker.party.clone();
    let (above, now) = (asker.above, asker.now);
    let due = state
        .matter
        .as_ref()
        .map_or(now, |matter| state.as_it_stands(matter.clock.due, matter.clock.granted_at, now).0);
    let plan = Plan { party: asker.party.clone(), title: String::new(), due: None, after: vec![], root_cause: false };
    let officer = Officer { staff_ref: String::new(), post: String::new() };
    let whistle = Box::new(whistle(asker));
    let limit = Limit { amount: 1, unit: LimitUnit::Hours };
    let terms = Terms { now, limit, in_force: asker.in_force.clone() };
    vec![
        (
            Act::Assign,
            Command::Assign {
                by: by(),
                above_holder: above,
                to: asker.other.clone(),
                to_level: asker.other_level,
                reason: "another's".to_owned(),
                in_force: asker.in_force.clone(),
            },
        ),
        (Act::Call, Command::Call { whistle }),
        (Act::PlanTasks, Command::PlanTasks { by: by(), tasks: vec![plan], now, in_force: asker.in_force.clone() }),
        (
            Act::RecordProgress,
            Command::Progress { by: by(), desk: asker.desk, kind: ProgressKind::Note, note: String::new() },
        ),
        (Act::AdoptMeasure, Command::AdoptMeasure { by: by(), measure: String::new(), exceptions: vec![] }),
        (
            Act::Resolve,
            Command::Resolve {
                by: by(),
                outcome: Outcome::Solved,
                summary: String::new(),
                evidence: something(),
                rating_due: now,
            },
        ),
        (
            Act::Resolve,
            Command::Resolve {
                by: by(),
                outcome: Outcome::NotSolved,
                summary: String::new(),
                evidence: vec![],
                rating_due: now,
            },
        ),
        (Act::Reopen, Command::Reopen { reason: String::new(), terms }),
        (
            Act::Supervise,
            Command::Supervise { by: by(), above, party: by(), text: String::new(), due: later(now), now },
        ),
        (Act::Extend, extend(asker, Scope::Case, due)),
        (
            Act::Suspend,
            Command::Suspend { by: by(), above, basis: String::new(), reason: String::new(), until: later(now), now },
        ),
        (Act::Resume, Command::Resume { by: by(), above, now, in_force: asker.in_force.clone() }),
        (
            Act::HoldMeeting,
            Command::HoldMeeting {
                by: by(),
                present: vec![Attendee { party: by(), officer }],
                minutes: String::new(),
                decisions: vec![],
                now,
                in_force: asker.in_force.clone(),
            },
        ),
        (
            Act::FormTaskForce,
            Command::FormTaskForce {
                by: by(),
                lead: by(),
                members: vec![by(), asker.other.clone()],
                cadence_days: 7,
                now,
            },
        ),
        (Act::CallSpecial, Command::Call { whistle: Box::new(special(asker)) }),
        (Act::Admit, Command::Admit { by: by(), above, reason: String::new() }),
        (Act::SpawnRelatedCase, Command::SpawnRelated { by: by(), related: Box::new(found()), help_until: None }),
    ]
}

fn escalate(asker: &Asker, (to, to_level): &(Code, Level)) -> Command {
    let (by, to, to_level) = (asker.party.clone(), to.clone(), *to_level);
    Command::Escalate { by, to, to_level, reason: String::new(), judged: 0 }
}

fn of_the_city(asker: &Asker) -> Vec<(Action, Command)> {
    let Some(city) = &asker.city else { return vec![] };
    let (by, above) = (asker.party.clone(), asker.above);
    let (note, reference, reason, summary) = (String::new(), String::new(), String::new(), String::new());
    let done = Command::CityDone {
        by: by.clone(),
        above,
        city: city.clone(),
        outcome: Outcome::Solved,
        summary,
        evidence: something(),
        rating_due: asker.now,
    };
    let answer = Expected { due: later(asker.now), reminders: vec![] };
    let transfer =
        Command::Transfer { by: by.clone(), above, city: city.clone(), reference, reason, answer, judged: 0 };
    let back =
        Command::CityReturn { by: by.clone(), above, city: city.clone(), centre: by.clone(), reason: String::new() };
    vec![
        (Action::on_case(Act::RecordCityReturn), back),
        (Action::on_case(Act::Transfer), transfer),
        (Action::on_case(Act::RecordCityProgress), Command::CityProgress { by, above, city: city.clone(), note }),
        (Action::on_case(Act::RecordCityDone), done),
    ]
}

/// What may be done to one called unit.
fn on_party(call: u32, party: &Code, asker: &Asker) -> Vec<(Action, Command)> {
    let action = |act| Action { call: Some(call), party: Some(party.clone()), ..Action::on_case(act) };
    let by = || asker.party.clone();
    let now = asker.now;
    let (reason, rating_due) = (String::new(), now);
    vec![
        (action(Act::Release), Command::Release { by: by(), party: party.clone(), reason: reason.clone(), rating_due }),
        (
            action(Act::Adjudicate),
            Command::Adjudicate {
                by: by(),
                call,
                party: party.clone(),
                upheld: None,
                reason: reason.clone(),
                rating_due,
            },
        ),
        (
            action(Act::Disqualify),
            Command::Disqualify {
                by: by(),
                call,
                party: party.clone(),
                reason,
                response_due: later(now),
                report_in_due: later(now),
            },
        ),
        (
            action(Act::Supervise),
            Command::Supervise {
                by: by(),
                above: false,
                party: party.clone(),
                text: String::new(),
                due: later(now),
                now,
            },
        ),
    ]
}

/// What a called unit may say.
fn answers(call: u32, asker: &Asker) -> Vec<(Action, Command)> {
    let officer = Officer { staff_ref: String::new(), post: String::new() };
    let said = [
        (Act::Respond, Answer::Respond { officer: officer.clone() }),
        (Act::ReportIn, Answer::ReportIn { officer, owns_matter: true, check_in: Place::default() }),
        (Act::Done, Answer::Done { outcome: Outcome::Solved, note: String::new(), evidence: something() }),
        (Act::Done, Answer::Done { outcome: Outcome::NotSolved, note: String::new(), evidence: vec![] }),
        (
            Act::Return,
            Answer::Return {
                basis: ReturnBasis::Duty,
                reason: String::new(),
                proposes: asker.other.clone(),
                due: later(asker.now),
                district: asker.other.clone(),
            },
        ),
    ];
    let answer = |(act, answer)| {
        let party = asker.party.clone();
        let command = Command::Answer { call, party, answer, now: asker.now, rating_due: asker.now };
        (Action { call: Some(call), ..Action::on_case(act) }, command)
    };
    said.into_iter().map(answer).collect()
}

fn extend(asker: &Asker, scope: Scope, due: Timestamp) -> Command {
    Command::Extend {
        by: asker.party.clone(),
        above: asker.above,
        scope,
        basis: String::new(),
        reason: String::new(),
        due: later(due),
        now: asker.now,
    }
}

fn whistle(asker: &Asker) -> Whistle {
    Whistle {
        caller: asker.party.clone(),
        situation: None,
        colour: Colour::Blue,
        parties: vec![(asker.other.clone(), Duty::Lead)],
        response_due: asker.now,
        report_in_due: asker.now,
        completion_due: asker.now,
        reminders: vec![],
        due_provisional: false,
        counts_from: Some(asker.now),
        note: String::new(),
        special: None,
    }
}

/// The call a special group could make: of nobody, for whoever is none.
fn special(asker: &Asker) -> Whistle {
    let chair = Some(Officer { staff_ref: String::new(), post: String::new() });
    Whistle {
        parties: asker.departments.iter().map(|party| (party.clone(), Duty::Assist)).collect(),
        special: Some(Special { group: asker.party.clone(), chair }),
        ..whistle(asker)
    }
}

fn found() -> Related {
    Related { title: String::new(), text: String::new(), place: Place::default(), category: None }
}

/// Evidence that could be there.
fn something() -> Vec<String> {
    vec![String::new()]
}

fn later(time: Timestamp) -> Timestamp {
    time.saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX)
}

impl Action {
    fn on_case(act: Act) -> Self {
        Self { act, call: None, party: None, task: None, order: None }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use charter::{Charter, shipped_sources};

    use super::super::tests::{POLICE, STREET, at, code, given, grade};
    use super::*;

    #[test]
    fn a_call_is_offered_only_where_the_district_has_given_the_whistle() {
        let offered = |charter: Charter| {
            let state = given(&[grade()]);
            let asker = Asker {
                party: code(STREET),
                above: false,
                desk: true,
                other: code(POLICE),
                other_level: Level::C,
                upwards: vec![],
                departments: vec![],
                speaks_for: vec![],
                city: None,
                now: at(1),
                in_force: InForce(Arc::new(charter)),
            };
            allowed_actions(&state, &asker).iter().any(|action| action.act == Act::Call)
        };
        let mut files = shipped_sources("wuchang").unwrap();
        assert!(offered(Charter::parse(&files).unwrap()));
        let powers = files.iter_mut().find(|file| file.path == "powers.yaml").unwrap();
        powers.text =
            powers.text.replacen("Dispatching departments } }", "Dispatching departments }, instruments: [] }", 1)
                + "not-given: [calling]\n";
        assert!(!offered(Charter::parse(&files).unwrap()));
    }
}
