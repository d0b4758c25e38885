//! What may happen to a case, and what follows from it.

use charter::{Deadline, Level};
use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Outcome;

use super::{
    Answer, Assignment, Call, CallEnding, CloseReason, Command, Event, Matter, Phase, Plan, Refusal, Resolution, State,
    TASKS_MAX, Task, Terms, call, clocks, evolve, meeting, patience, returns,
};

/// Dispatch's rule book.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

pub(super) type Decision = Result<Vec<Event>, Refusal>;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Decision {
        match command {
            // Facts of others. What comes too late, or again, is no news.
            Command::Grade { assignment, terms } => Ok(match (&state.phase, &state.matter) {
                (Phase::Unknown, _) => {
                    let Deadline { due, provisional: due_provisional } = terms.deadline();
                    let start = Some(terms.start());
                    vec![Event::Assigned(Box::new(Assignment {
                        due,
                        due_provisional,
                        start,
                        ..(**assignment).clone()
                    }))]
                }
                (Phase::Open, Some(matter)) if matter.graded_by < assignment.graded_by && !state.has_open_call() => {
                    let clock = matter.clock.under(terms);
                    let Deadline { due, provisional: due_provisional } = clock.deadline(&terms.timetable);
                    let start = clock.start;
                    vec![Event::Assigned(Box::new(Assignment {
                        due,
                        due_provisional,
                        start,
                        ..(**assignment).clone()
                    }))]
                }
                (Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) => vec![],
            }),
            Command::Withdraw => Ok(end(state, CloseReason::Withdrawn)),
            Command::Exclude => Ok(end(state, CloseReason::Excluded)),
            Command::Merge => Ok(end(state, CloseReason::Merged)),
            Command::Conclude { summary, by, rating_due } => Ok(match (&state.phase, &state.matter) {
                (Phase::Open, Some(matter)) if matter.comprehensive => {
                    vec![resolution(state, matter, Outcome::Solved, summary.clone(), by.clone(), *rating_due)]
                }
                (Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) => vec![],
            }),
            Command::Rate { round, solved, reason, terms } => Ok(match state.phase {
                Phase::Resolved { outcome, .. } if state.rounds == *round && *solved => {
                    vec![Event::Closed { reason: CloseReason::Rated, outcome: Some(outcome) }]
                }
                Phase::Resolved { .. } if state.rounds == *round => vec![reopened(reason, terms)],
                Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed => vec![],
            }),
            Command::CheckDeadlines { now, above, centre, timetable } => {
                Ok(clocks::overdue(state, *now, above, centre, timetable))
            }

            // A resolved case can still be reopened by its street or district.
            Command::Reopen { reason, terms } => match state.phase {
                Phase::Resolved { .. } => Ok(vec![reopened(reason, terms)]),
                Phase::Unknown => Err(Refusal::NoSuchCase),
                Phase::Open => Err(Refusal::NotResolved),
                Phase::Closed => Err(Refusal::Closed),
            },

            // Everything else happens on an open case.
            Command::Assign { .. }
            | Command::Escalate { .. }
            | Command::Call { .. }
            | Command::PlanTasks { .. }
            | Command::CompleteTask { .. }
            | Command::Progress { .. }
            | Command::AdoptMeasure { .. }
            | Command::Release { .. }
            | Command::Resolve { .. }
            | Command::Adjudicate { .. }
            | Command::Disqualify { .. }
            | Command::Supervise { .. }
            | Command::AnswerSupervision { .. }
            | Command::Extend { .. }
            | Command::Suspend { .. }
            | Command::Resume { .. }
            | Command::HoldMeeting { .. }
            | Command::FormTaskForce { .. }
            | Command::Answer { .. } => on_open(state, command),
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        evolve::evolve(state, event)
    }
}

fn on_open(state: &State, command: &Command) -> Decision {
    let matter = match (&state.phase, &state.matter) {
        (Phase::Open, Some(matter)) => matter,
        (Phase::Resolved { .. }, _) => return Err(Refusal::ResolvedAlready),
        (Phase::Closed, _) => return Err(Refusal::Closed),
        (Phase::Unknown | Phase::Open, _) => return Err(Refusal::NoSuchCase),
    };
    match command {
        Command::Assign { by, above_owner, to, to_level, reason } => {
            if !above_owner {
                owns(matter, by)?;
            }
            assign(state, matter, to, *to_level, reason)
        }
        Command::Escalate { by, to, to_level, reason } => {
            owns(matter, by)?;
            escalate(matter, to, *to_level, reason)
        }
        Command::Call { whistle } => {
            owns(matter, &whistle.caller)?;
            call::blow(state, whistle)
        }
        Command::PlanTasks { by, tasks } => {
            owns(matter, by)?;
            plan(state, matter, tasks)
        }
        Command::CompleteTask { by, task, note, now, rating_due } => {
            complete_task(state, by, *task, note, *now, *rating_due)
        }
        Command::Progress { by, kind, note } => {
            Ok(vec![Event::Progressed { party: by.clone(), kind: *kind, note: note.clone(), call: None }])
        }
        Command::AdoptMeasure { by, measure, exceptions } => {
            owns(matter, by)?;
            Ok(vec![Event::MeasureAdopted {
                party: by.clone(),
                measure: measure.clone(),
                exceptions: exceptions.clone(),
            }])
        }
        Command::Release { by, party, reason, rating_due } => {
            owns(matter, by)?;
            call::release(state, party, reason).map(|events| with_consequences(state, events, party, *rating_due))
        }
        Command::Resolve { by, outcome, summary, rating_due } => {
            owns(matter, by)?;
            resolve(state, matter, *outcome, summary, by, *rating_due)
        }
        Command::Adjudicate { by, call, party, upheld, reason, rating_due } => {
            let decided = returns::adjudicate(state, by, *call, party, upheld.as_deref(), reason)?;
            Ok(with_consequences(state, decided, by, *rating_due))
        }
        Command::Disqualify { by, call, party, reason, response_due, report_in_due } => {
            owns(matter, by)?;
            returns::disqualify(state, *call, party, reason, *response_due, *report_in_due)
        }
        Command::Supervise { by, above, party, text, due, now } => {
            patience::supervise(state, by, *above, party, text, *due, *now)
        }
        Command::AnswerSupervision { by, order, note, now } => {
            patience::answer_supervision(state, by, *order, note, *now)
        }
        Command::Extend { by, above, scope, basis, reason, due, now } => {
            let asked = patience::Extension { basis, reason, due: *due, now: *now };
            patience::extend(state, matter, by, *above, *scope, &asked)
        }
        Command::Suspend { by, above, basis, reason, until, now } => {
            patience::suspend(state, by, *above, (basis, reason), *until, *now)
        }
        Command::Resume { by, above, now, timetable } => patience::resume(state, by, *above, *now, timetable),
        Command::HoldMeeting { by, present, minutes, decisions, now } => {
            owns(matter, by)?;
            meeting::hold(state, matter, by, present, (minutes, decisions), *now)
        }
        Command::FormTaskForce { by, lead, members, cadence_days, now } => {
            owns(matter, by)?;
            meeting::form_task_force(state, lead, members, *cadence_days, *now)
        }
        Command::Answer { call, party, answer: Answer::TaskDone { task, note }, now, rating_due } => {
            call::of(state, *call, party)?;
            complete_task(state, party, *task, note, *now, *rating_due)
        }
        Command::Answer { call, party, answer, now, rating_due } => call::answer(state, *call, party, answer, *now)
            .map(|events| with_consequences(state, events, party, *rating_due)),

        Command::Grade { .. }
        | Command::Withdraw
        | Command::Exclude
        | Command::Merge
        | Command::Conclude { .. }
        | Command::Rate { .. }
        | Command::CheckDeadlines { .. }
        | Command::Reopen { .. } => Ok(vec![]),
    }
}

fn owns(matter: &Matter, asked: &Code) -> Result<(), Refusal> {
    if matter.owner == *asked {
        return Ok(());
    }
    Err(Refusal::NotTheOwner { owner: matter.owner.clone(), asked: asked.clone() })
}

fn assign(state: &State, matter: &Matter, to: &Code, to_level: Level, reason: &str) -> Decision {
    if matter.owner == *to {
        return Err(Refusal::AlreadyThere(to.clone()));
    }
    if let Some(open) = state.open_calls().next() {
        return Err(Refusal::CallOpen(open.number));
    }
    if to_level != level_without_call(matter.level) {
        return Err(Refusal::WrongLevel { party: to.clone(), level: to_level, case: matter.level });
    }
    Ok(vec![Event::Assigned(Box::new(super::Assignment {
        party: to.clone(),
        level: matter.level,
        comprehensive: matter.comprehensive,
        category: matter.category.clone(),
        also: matter.also.clone(),
        situation: matter.situation.clone(),
        colour: matter.colour,
        title: matter.title.clone(),
        place: matter.place.clone(),
        // The clock goes on: a new owner is no new start.
        due: matter.clock.due,
        due_provisional: false,
        start: matter.clock.start,
        reason: reason.to_owned(),
        graded_by: matter.graded_by,
    }))])
}

/// B2 is B1 with a call: the street's units hold both.
fn level_without_call(level: Level) -> Level {
    match level {
        Level::B2 => Level::B1,
        Level::A | Level::B1 | Level::C | Level::D => level,
    }
}

fn escalate(matter: &Matter, to: &Code, to_level: Level, reason: &str) -> Decision {
    if matter.owner == *to || to_level < level_without_call(matter.level) {
        return Err(Refusal::NotUpwards(to.clone()));
    }
    Ok(vec![Event::Escalated {
        from_party: matter.owner.clone(),
        to_party: to.clone(),
        from: matter.level,
        to: to_level.max(matter.level),
        reason: reason.to_owned(),
    }])
}

pub(super) fn plan(state: &State, matter: &Matter, plans: &[Plan]) -> Decision {
    if state.tasks.len() + plans.len() > TASKS_MAX {
        return Err(Refusal::TooMany(TASKS_MAX));
    }
    let before = state.last_task;
    let mut events = Vec::new();
    for (position, plan) in (1u32..).zip(plans) {
        if plan.after.iter().any(|first| *first == 0 || *first >= position) {
            return Err(Refusal::TaskOrder);
        }
        let call = state.open_calls().find(|call| call.is_expecting(&plan.party));
        events.push(Event::TaskPlanned {
            task: before + position,
            party: plan.party.clone(),
            title: plan.title.clone(),
            due: plan.due.unwrap_or(call.map_or(matter.clock.due, |call| call.completion_due)),
            after: plan.after.iter().map(|first| before + first).collect(),
            call: call.map(|call| call.number),
        });
    }
    Ok(events)
}

fn complete_task(state: &State, by: &Code, number: u32, note: &str, now: Timestamp, rating_due: Timestamp) -> Decision {
    let task = state.tasks.iter().find(|task| task.number == number).ok_or(Refusal::NoSuchTask(number))?;
    if task.party != *by {
        return Err(Refusal::AnothersTask { task: number, owner: task.party.clone() });
    }
    if task.done {
        return Err(Refusal::TaskDoneAlready(number));
    }
    let undone = |first: &&u32| state.tasks.iter().any(|task| task.number == **first && !task.done);
    if let Some(first) = task.after.iter().find(undone) {
        return Err(Refusal::TaskBlocked { task: number, first: *first });
    }
    call::may_work(state, task, by)?;
    let done = Event::TaskDone {
        task: number,
        party: by.clone(),
        note: note.to_owned(),
        in_time: state.is_in_time(task.due, now),
    };
    Ok(with_consequences(state, vec![done], by, rating_due))
}

fn resolve(
    state: &State,
    matter: &Matter,
    outcome: Outcome,
    summary: &str,
    by: &Code,
    rating_due: Timestamp,
) -> Decision {
    if matter.comprehensive {
        return Err(Refusal::JointOperation);
    }
    if let Some(open) = state.open_calls().next() {
        return Err(Refusal::CallOpen(open.number));
    }
    if let Some(open) = state.tasks.iter().find(|task| !task.done) {
        return Err(Refusal::TaskOpen(open.number));
    }
    Ok(vec![resolution(state, matter, outcome, summary.to_owned(), by.clone(), rating_due)])
}

/// A call ends with its last party, and a called case is resolved when its last call and task are done.
fn with_consequences(state: &State, mut events: Vec<Event>, by: &Code, rating_due: Timestamp) -> Vec<Event> {
    let mut after = events.iter().fold(state.clone(), evolve::evolve);
    let ended: Vec<Event> = after
        .open_calls()
        .filter(|call| call.parties.iter().all(|called| !called.is_expected()))
        .map(|call| Event::CallEnded { call: call.number, ending: call.natural_ending() })
        .collect();
    after = ended.iter().fold(after, evolve::evolve);
    events.extend(ended);
    let all_done = !after.has_open_call() && after.tasks.iter().all(|task| task.done);
    let somebody_did = after.calls.iter().any(|call| call.natural_ending() == CallEnding::Done);
    if let Some(matter) = &after.matter
        && all_done
        && somebody_did
        && !matter.comprehensive
    {
        let (outcome, note) = lead_outcome(&after, &events);
        events.push(resolution(&after, matter, outcome, note, by.clone(), rating_due));
    }
    events
}

/// What the party that finished last says, unless somebody before it had to leave it unsolved.
fn lead_outcome(after: &State, events: &[Event]) -> (Outcome, String) {
    let said = events.iter().find_map(|event| match event {
        Event::PartyDone { outcome, note, .. } => Some((*outcome, note.clone())),
        Event::Assigned(_)
        | Event::Escalated { .. }
        | Event::Called { .. }
        | Event::Responded { .. }
        | Event::ReportedIn { .. }
        | Event::TaskPlanned { .. }
        | Event::TaskDone { .. }
        | Event::Progressed { .. }
        | Event::MeasureAdopted { .. }
        | Event::Released { .. }
        | Event::CallEnded { .. }
        | Event::Returned { .. }
        | Event::ReturnAdjudicated { .. }
        | Event::Unqualified { .. }
        | Event::Reminded { .. }
        | Event::Supervised { .. }
        | Event::SupervisionAnswered { .. }
        | Event::Extended { .. }
        | Event::Suspended { .. }
        | Event::Resumed { .. }
        | Event::MeetingHeld { .. }
        | Event::TaskForceFormed { .. }
        | Event::Overdue { .. }
        | Event::Resolved(_)
        | Event::Reopened { .. }
        | Event::Closed { .. } => None,
    });
    let (outcome, note) = said.unwrap_or((Outcome::Solved, String::new()));
    let worst = after.worst_outcome().unwrap_or(outcome);
    (worst, note)
}

fn resolution(
    state: &State,
    matter: &Matter,
    outcome: Outcome,
    summary: String,
    by: Code,
    rating_due: Timestamp,
) -> Event {
    Event::Resolved(Box::new(Resolution {
        outcome,
        summary,
        by,
        round: state.rounds + 1,
        calling_party: state.calls.last().map(|call| call.caller.clone()),
        performance: state.performance(),
        rating_due,
        owner: matter.owner.clone(),
    }))
}

/// The clock starts anew: the case has waited once.
fn reopened(reason: &str, terms: &Terms) -> Event {
    Event::Reopened { reason: reason.to_owned(), due: terms.deadline().due, start: Some(terms.start()) }
}

/// Ends whatever is open: nobody works on a case that nobody wants solved any more.
fn end(state: &State, reason: CloseReason) -> Vec<Event> {
    if state.phase == Phase::Closed {
        return vec![];
    }
    let cancelled =
        state.open_calls().map(|call: &Call| Event::CallEnded { call: call.number, ending: CallEnding::Cancelled });
    cancelled.chain([Event::Closed { reason, outcome: None }]).collect()
}

impl Task {
    pub(super) fn is_open(&self) -> bool {
        !self.done
    }
}
