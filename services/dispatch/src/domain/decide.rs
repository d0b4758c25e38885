//! What may happen to a case, and what follows from it.

use charter::{Deadline, Level};
use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::{Outcome, Place};

use super::{
    Answer, Assignment, Call, CallEnding, CaseClock, CloseReason, Command, Event, InForce, Matter, Phase, Plan,
    ProgressKind, RELATED_MAX, Refusal, Related, Resolution, State, TASKS_MAX, Task, Terms, admission, call, clocks,
    evolve, handing_on, meeting, patience, recurrence, returns,
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
            Command::Grade { assignment, terms, instead } => Ok(match (&state.phase, &state.matter) {
                (Phase::Unknown, _) => {
                    grade(state, assignment, CaseClock::starting(Some(terms.start()), terms.now), terms, instead)
                }
                (Phase::Open, Some(matter)) if matter.graded_by < assignment.graded_by && !state.has_open_call() => {
                    grade(state, assignment, matter.clock.under(terms), terms, instead)
                }
                (Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) => vec![],
            }),
            Command::Withdraw => Ok(end(state, CloseReason::Withdrawn)),
            Command::Exclude => Ok(end(state, CloseReason::Excluded)),
            Command::Merge => Ok(end(state, CloseReason::Merged)),
            Command::Conclude { summary, by, rating_due } => Ok(match (&state.phase, &state.matter) {
                (Phase::Open, Some(matter)) if matter.comprehensive => {
                    let mut events = let_everybody_go(state, summary);
                    let after = events.iter().fold(state.clone(), evolve::evolve);
                    // What the centre served and inspected is on its own record.
                    events.push(resolution(&after, matter, (Outcome::Solved, summary, &[]), by.clone(), *rating_due));
                    events
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
            Command::FoundRecurrent(found) => Ok(recurrence::find(state, found)),
            Command::CheckDeadlines { now, above, centre, in_force } => {
                Ok(clocks::overdue(state, *now, above, centre, in_force))
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
            | Command::Transfer { .. }
            | Command::CityProgress { .. }
            | Command::CityDone { .. }
            | Command::Admit { .. }
            | Command::SpawnRelated { .. }
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
        Command::Assign { by, above_owner, to, to_level, reason, in_force } => {
            if !above_owner {
                owns(matter, by)?;
            }
            handing_on::assign(state, matter, by, (to, *to_level), reason, in_force)
        }
        Command::Escalate { by, to, to_level, reason } => {
            owns(matter, by)?;
            handing_on::escalate(matter, to, *to_level, reason)
        }
        Command::Call { whistle } => {
            owns(matter, &whistle.caller)?;
            call::blow(state, whistle)
        }
        Command::PlanTasks { by, tasks, in_force } => {
            owns(matter, by)?;
            plan(state, matter, by, tasks, in_force)
        }
        Command::CompleteTask { by, task, note, evidence, now, rating_due } => {
            complete_task(state, by, *task, (note, evidence), *now, *rating_due)
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
        Command::Resolve { by, outcome, summary, evidence, rating_due } => {
            owns(matter, by)?;
            resolve(state, matter, (*outcome, summary, evidence), by, *rating_due)
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
        Command::Resume { by, above, now, in_force } => patience::resume(state, by, *above, *now, in_force),
        Command::HoldMeeting { by, present, minutes, decisions, now, in_force } => {
            owns(matter, by)?;
            meeting::hold(state, matter, by, present, (minutes, decisions), (*now, in_force))
        }
        Command::FormTaskForce { by, lead, members, cadence_days, now } => {
            owns(matter, by)?;
            meeting::form_task_force(state, lead, members, *cadence_days, *now)
        }
        Command::Transfer { by, above, city, reference, reason } => {
            handing_on::transfer(state, matter, (by, *above), city, reference, reason)
        }
        Command::CityProgress { by, above, city, note } => {
            with_the_city(matter, by, *above, city)?;
            let (party, kind, note) = (city.clone(), ProgressKind::Note, note.clone());
            Ok(vec![Event::Progressed { party, kind, note, call: None }])
        }
        Command::CityDone { by, above, city, outcome, summary, evidence, rating_due } => {
            with_the_city(matter, by, *above, city)?;
            resolve(state, matter, (*outcome, summary, evidence), city, *rating_due)
        }
        Command::Admit { by, above, reason } => admission::admit(state, matter, by, *above, reason),
        Command::SpawnRelated { by, related } => spawn_related(state, matter, by, related),
        Command::Answer { call, party, answer: Answer::TaskDone { task, note, evidence }, now, rating_due } => {
            call::of(state, *call, party)?;
            complete_task(state, party, *task, (note, evidence), *now, *rating_due)
        }
        Command::Answer { call, party, answer: Answer::Found(related), .. } => {
            call::of(state, *call, party)?;
            spawn_related(state, matter, party, related)
        }
        Command::Answer { call, party, answer, now, rating_due } => {
            let said = call::answer(state, *call, party, answer, *now)?;
            recurrence::finish(state, answer, finish(state, said, party, *rating_due)?)
        }

        Command::Grade { .. }
        | Command::Withdraw
        | Command::Exclude
        | Command::Merge
        | Command::Conclude { .. }
        | Command::Rate { .. }
        | Command::CheckDeadlines { .. }
        | Command::FoundRecurrent(_)
        | Command::Reopen { .. } => Ok(vec![]),
    }
}

fn owns(matter: &Matter, asked: &Code) -> Result<(), Refusal> {
    if matter.owner == *asked {
        return Ok(());
    }
    Err(Refusal::NotTheOwner { owner: matter.owner.clone(), asked: asked.clone() })
}

/// What only the district writes down, and only of a case that the city has.
fn with_the_city(matter: &Matter, by: &Code, above: bool, city: &Code) -> Result<(), Refusal> {
    if above { owns(matter, city) } else { Err(Refusal::NotAbove(by.clone())) }
}

/// A first judgement, or a new one, under the clock it runs on.
fn grade(state: &State, judged: &Assignment, clock: CaseClock, terms: &Terms, instead: &Code) -> Vec<Event> {
    let Deadline { due, provisional: due_provisional } = clock.deadline(&terms.in_force);
    let assigned = Assignment { due, due_provisional, start: clock.start, ..judged.clone() };
    match admission::refusal(state, &assigned.category, &assigned.party, None, &terms.in_force) {
        None => vec![Event::Assigned(Box::new(assigned))],
        Some(refused) => {
            let assigned = Assignment { party: instead.clone(), level: assigned.level.max(Level::B1), ..assigned };
            vec![refused, Event::Assigned(Box::new(assigned))]
        }
    }
}

/// Where nothing else is said it is where the case is.
fn spawn_related(state: &State, matter: &Matter, by: &Code, related: &Related) -> Decision {
    if state.related >= RELATED_MAX {
        return Err(Refusal::TooMany(usize::try_from(RELATED_MAX).unwrap_or(usize::MAX)));
    }
    let reference = format!("found-{}", state.related + 1);
    let place = if related.place == Place::default() { &matter.place } else { &related.place };
    let related = Box::new(Related { place: place.clone(), ..related.clone() });
    Ok(vec![Event::RelatedCaseSpawned { by: by.clone(), reference, related }])
}

pub(super) fn plan(state: &State, matter: &Matter, by: &Code, plans: &[Plan], in_force: &InForce) -> Decision {
    // Whoever has the case plans its own work with it.
    let others = plans.iter().filter(|plan| plan.party != *by);
    let mut refused =
        others.filter_map(|plan| admission::refusal(state, &matter.category, &plan.party, Some(by), in_force));
    if let Some(refused) = refused.next() {
        return Ok(vec![refused]);
    }
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
            root_cause: plan.root_cause,
        });
    }
    Ok(events)
}

fn complete_task(
    state: &State,
    by: &Code,
    number: u32,
    (note, evidence): (&str, &[String]),
    now: Timestamp,
    rating_due: Timestamp,
) -> Decision {
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
    if task.root_cause && note.trim().is_empty() {
        return Err(Refusal::FindingNeeded(number));
    }
    call::may_work(state, task, by)?;
    let done = Event::TaskDone {
        task: number,
        party: by.clone(),
        note: note.to_owned(),
        in_time: state.is_in_time(task.due, now),
        evidence: evidence.to_vec(),
    };
    finish(state, vec![done], by, rating_due)
}

fn resolve(
    state: &State,
    matter: &Matter,
    said: (Outcome, &str, &[String]),
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
    let (outcome, _, evidence) = said;
    if recurrence::is_superficial(state, outcome) {
        return Err(Refusal::RootCauseNeeded);
    }
    if !is_shown(state, matter, outcome, !evidence.is_empty()) {
        return Err(Refusal::EvidenceNeeded);
    }
    Ok(vec![resolution(state, matter, said, by.clone(), rating_due)])
}

/// What the charter wants evidence for is not solved without.
fn is_shown(state: &State, matter: &Matter, outcome: Outcome, now: bool) -> bool {
    outcome != Outcome::Solved || !matter.evidence_needed || state.evidenced || now
}

/// As [`with_consequences`], for whoever says that their part is done: the last of them has to have something to show,
/// if it is needed and nobody before had. What comes back to its place stays open without that, until its cause is found.
fn finish(state: &State, events: Vec<Event>, by: &Code, rating_due: Timestamp) -> Decision {
    let events = with_consequences(state, events, by, rating_due);
    let after = events.iter().fold(state.clone(), evolve::evolve);
    let is_missing = |matter: &Matter| !matter.comprehensive && !is_shown(&after, matter, Outcome::Solved, false);
    match &after.matter {
        Some(matter) if after.phase == Phase::Open && after.is_worked_off() && is_missing(matter) => {
            Err(Refusal::EvidenceNeeded)
        }
        Some(_) | None => Ok(events),
    }
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
    if let Some(matter) = &after.matter
        && after.is_worked_off()
        && !matter.comprehensive
    {
        let (outcome, note) = lead_outcome(&after, &events);
        // What keeps coming back stays with its owner until the cause is found.
        if is_shown(&after, matter, outcome, false) && !recurrence::is_superficial(&after, outcome) {
            events.push(resolution(&after, matter, (outcome, &note, &[]), by.clone(), rating_due));
        }
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
        | Event::ColourRaised { .. }
        | Event::Admitted { .. }
        | Event::AdmissionRefused { .. }
        | Event::Transferred { .. }
        | Event::RelatedCaseSpawned { .. }
        | Event::Resolved(_)
        | Event::Reopened { .. }
        | Event::RecurrenceFound { .. }
        | Event::Closed { .. } => None,
    });
    let (outcome, note) = said.unwrap_or((Outcome::Solved, String::new()));
    let worst = after.worst_outcome().unwrap_or(outcome);
    (worst, note)
}

fn resolution(
    state: &State,
    matter: &Matter,
    (outcome, summary, evidence): (Outcome, &str, &[String]),
    by: Code,
    rating_due: Timestamp,
) -> Event {
    Event::Resolved(Box::new(Resolution {
        outcome,
        summary: summary.to_owned(),
        by,
        round: state.rounds + 1,
        calling_party: state.calls.last().map(|call| call.caller.clone()),
        performance: state.performance(),
        rating_due,
        owner: matter.owner.clone(),
        evidence: evidence.to_vec(),
    }))
}

/// The clock starts anew: the case has waited once.
fn reopened(reason: &str, terms: &Terms) -> Event {
    Event::Reopened { reason: reason.to_owned(), due: terms.deadline().due, start: Some(terms.start()) }
}

/// Nobody has to come any more for what the enforcement centre is through with, and nobody's clocks suffer from it.
fn let_everybody_go(state: &State, reason: &str) -> Vec<Event> {
    let of_call = |call: &Call| {
        let number = call.number;
        let waiting = call.parties.iter().filter(|called| called.is_expected());
        let released = waiting.map(|called| Event::Released {
            call: number,
            party: called.party.clone(),
            reason: reason.to_owned(),
        });
        released.chain([Event::CallEnded { call: number, ending: call.natural_ending() }]).collect::<Vec<_>>()
    };
    state.open_calls().flat_map(of_call).collect()
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

impl State {
    /// It was called on, somebody came and did it, and nothing is left to do.
    fn is_worked_off(&self) -> bool {
        let all_done = !self.has_open_call() && self.tasks.iter().all(|task| task.done);
        all_done && self.calls.iter().any(|call| call.natural_ending() == CallEnding::Done)
    }
}

impl Task {
    pub(super) fn is_open(&self) -> bool {
        !self.done
    }
}
