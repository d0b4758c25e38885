//! What may happen to a case, and what follows from it.

use charter::{Deadline, Level};
use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Place;

use super::{
    Answer, Assignment, Call, CaseClock, CloseReason, Command, Event, InForce, Matter, Phase, Plan, ProgressKind,
    RELATED_MAX, Refusal, Related, Stage, State, TASKS_MAX, Task, Terms, admission, call, clocks, ending, evolve,
    extension, handing_on, help, joint_operation, meeting, reach, recurrence, returns, supervision, suspension,
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
            Command::Withdraw => Ok(give_up(state, CloseReason::Withdrawn)),
            Command::Merge => Ok(give_up(state, CloseReason::Merged)),
            Command::Exclude => Ok(ending::end(state, CloseReason::Excluded)),
            Command::Conclude { round, summary, by, rating_due } => Ok(match (&state.phase, &state.matter) {
                // One of a round before is over already, however late it is told.
                (Phase::Open, Some(matter))
                    if matter.comprehensive && state.concluded.is_none() && *round >= state.joint_round =>
                {
                    joint_operation::conclude(state, matter, by, summary, *rating_due)
                }
                (Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) => vec![],
            }),
            Command::Rate { round, solved, reason, terms } => Ok(match state.phase {
                Phase::Resolved { outcome, .. } if state.rounds == *round && *solved => {
                    vec![Event::Closed { reason: CloseReason::Rated, outcome: Some(outcome) }]
                }
                Phase::Resolved { .. } if state.rounds == *round => vec![ending::reopened(state, reason, terms)],
                Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed => vec![],
            }),
            Command::Lapse { round } => Ok(match state.phase {
                Phase::Resolved { outcome, .. } if state.rounds == *round => {
                    vec![Event::Closed { reason: CloseReason::Unrated, outcome: Some(outcome) }]
                }
                Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed => vec![],
            }),
            Command::FoundRecurrent { found, leading } => Ok(recurrence::find(state, found, leading)),
            Command::JointDecisions { round, meeting, decisions, in_force } => {
                Ok(match (&state.phase, &state.matter) {
                    (Phase::Open, Some(matter)) => {
                        joint_operation::plan(state, matter, (*round, *meeting), decisions, in_force)
                    }
                    (Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) => vec![],
                })
            }
            Command::HelpOpened { reference, case } => Ok(help::opened(state, reference, *case)),
            Command::AskToHelp(helped) => Ok(help::asked(state, helped)),
            Command::HelpEnded { reference, case, rating_due } => Ok(help::ended(state, reference, *case, *rating_due)),
            Command::CheckDeadlines { now, above, centre, in_force } => {
                Ok(clocks::overdue(state, *now, above, centre, in_force))
            }

            // A resolved case can still be reopened by its street or district.
            Command::Reopen { reason, terms } => match state.phase {
                Phase::Resolved { .. } => Ok(vec![ending::reopened(state, reason, terms)]),
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
            | Command::CityReturn { .. }
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
        Command::Assign { by, above_holder, to, to_level, reason, in_force } => {
            if !above_holder {
                holds(matter, by)?;
            }
            handing_on::assign(state, matter, by, (to, *to_level), reason, in_force)
        }
        Command::Escalate { by, to, to_level, reason, judged } => {
            holds(matter, by)?;
            handing_on::escalate(state, matter, (to, *to_level), reason, *judged)
        }
        Command::Call { whistle } => {
            holds(matter, &whistle.caller)?;
            call::blow(state, whistle)
        }
        Command::PlanTasks { by, tasks, now, in_force } => {
            works_with(matter, by, in_force)?;
            plan(state, matter, by, tasks, (*now, in_force))
        }
        Command::CompleteTask { by, task, note, evidence, now, rating_due } => {
            complete_task(state, by, *task, (note, evidence), *now, *rating_due)
        }
        Command::Progress { by, desk, kind, note, evidence } => {
            if !desk && !state.concerns(by) {
                return Err(Refusal::NotConcerned(by.clone()));
            }
            let (party, kind, note, evidence) = (by.clone(), *kind, note.clone(), evidence.clone());
            Ok(vec![Event::Progressed { party, kind, note, call: None, evidence }])
        }
        Command::AdoptMeasure { by, measure, exceptions } => {
            holds(matter, by)?;
            Ok(vec![Event::MeasureAdopted {
                party: by.clone(),
                measure: measure.clone(),
                exceptions: exceptions.clone(),
            }])
        }
        Command::Release { by, party, reason, rating_due } => {
            commands(state, matter, by, party)?;
            call::release(state, party, reason)
                .map(|events| ending::with_consequences(state, events, party, *rating_due))
        }
        Command::Resolve { by, outcome, summary, evidence, rating_due } => {
            holds(matter, by)?;
            ending::resolve(state, matter, (*outcome, summary, evidence), by, *rating_due)
        }
        Command::Adjudicate { by, call, party, upheld, reason, rating_due } => {
            let decided = returns::adjudicate(state, by, *call, party, upheld.as_deref(), reason)?;
            Ok(ending::with_consequences(state, decided, by, *rating_due))
        }
        Command::Disqualify { by, call, party, reason, response_due, report_in_due } => {
            commands(state, matter, by, party)?;
            returns::disqualify(state, *call, party, reason, *response_due, *report_in_due)
        }
        Command::Supervise { by, above, party, text, due, now } => {
            supervision::supervise(state, by, *above, party, text, *due, *now)
        }
        Command::AnswerSupervision { by, order, note, now } => {
            supervision::answer_supervision(state, by, *order, note, *now)
        }
        Command::Extend { by, above, scope, basis, reason, due, now } => {
            let asked = extension::Extension { basis, reason, due: *due, now: *now };
            extension::extend(state, matter, by, *above, *scope, &asked)
        }
        Command::Suspend { by, above, basis, reason, until, now } => {
            suspension::suspend(state, by, *above, (basis, reason), *until, *now)
        }
        Command::Resume { by, above, now, in_force } => suspension::resume(state, by, *above, *now, in_force),
        Command::HoldMeeting { by, present, minutes, decisions, now, in_force } => {
            works_with(matter, by, in_force)?;
            meeting::hold(state, matter, by, present, (minutes, decisions), (*now, in_force))
        }
        Command::FormTaskForce { by, lead, members, cadence_days, now } => {
            holds(matter, by)?;
            meeting::form_task_force(state, lead, members, *cadence_days, *now)
        }
        Command::Transfer { by, above, city, reference, reason, answer, judged } => {
            handing_on::transfer(state, matter, (by, *above), city, (reference, reason), (answer, *judged))
        }
        Command::CityReturn { by, above, city, centre, reason } => {
            with_the_city(matter, by, *above, city)?;
            handing_on::city_return(state, city, centre, reason)
        }
        Command::CityProgress { by, above, city, note } => {
            with_the_city(matter, by, *above, city)?;
            let (party, kind, note) = (city.clone(), ProgressKind::Note, note.clone());
            Ok(vec![Event::Progressed { party, kind, note, call: None, evidence: vec![] }])
        }
        Command::CityDone { by, above, city, outcome, summary, evidence, rating_due } => {
            with_the_city(matter, by, *above, city)?;
            ending::resolve(state, matter, (*outcome, summary, evidence), city, *rating_due)
        }
        Command::Admit { by, above, reason } => admission::admit(state, matter, by, *above, reason),
        Command::SpawnRelated { by, related, help_until } => {
            if help_until.is_some() {
                holds(matter, by)?;
            }
            spawn_related(state, matter, by, related, *help_until)
        }
        Command::Answer { call, party, answer: Answer::TaskDone { task, note, evidence }, now, rating_due } => {
            call::of(state, *call, party)?;
            complete_task(state, party, *task, (note, evidence), *now, *rating_due)
        }
        Command::Answer { call, party, answer: Answer::Found { related, help_until }, .. } => {
            let (_, called) = call::of(state, *call, party)?;
            // Whom it waits for has met the caller's matter, and is not somebody who has only been asked to come.
            if help_until.is_some() && called.stage != Stage::ReportedIn {
                return Err(Refusal::NotReportedIn(party.clone()));
            }
            spawn_related(state, matter, party, related, *help_until)
        }
        Command::Answer { call, party, answer, now, rating_due } => {
            let said = call::answer(state, *call, party, answer, *now)?;
            let (_, called) = call::of(state, *call, party)?;
            recurrence::finish(state, called, answer, ending::finish(state, said, party, *rating_due)?)
        }

        Command::Grade { .. }
        | Command::Withdraw
        | Command::Exclude
        | Command::Merge
        | Command::Conclude { .. }
        | Command::Rate { .. }
        | Command::Lapse { .. }
        | Command::CheckDeadlines { .. }
        | Command::FoundRecurrent { .. }
        | Command::HelpOpened { .. }
        | Command::AskToHelp(_)
        | Command::HelpEnded { .. }
        | Command::JointDecisions { .. }
        | Command::Reopen { .. } => Ok(vec![]),
    }
}

fn holds(matter: &Matter, asked: &Code) -> Result<(), Refusal> {
    if matter.holder == *asked {
        return Ok(());
    }
    Err(Refusal::NotTheHolder { holder: matter.holder.clone(), asked: asked.clone() })
}

/// Whoever has the case, or writes for who has it.
fn works_with(matter: &Matter, asked: &Code, in_force: &InForce) -> Result<(), Refusal> {
    if handing_on::writes_for_city(matter, asked, in_force) { Ok(()) } else { holds(matter, asked) }
}

/// Whom somebody called, or who works on somebody's case: a case that was handed on leaves nobody behind whom nobody may
/// let go.
fn commands(state: &State, matter: &Matter, asked: &Code, party: &Code) -> Result<(), Refusal> {
    let called_by_them = state.open_calls().any(|call| call.caller == *asked && call.is_expecting(party));
    if called_by_them { Ok(()) } else { holds(matter, asked) }
}

/// What only the district writes down, and only of a case that the city has.
fn with_the_city(matter: &Matter, by: &Code, above: bool, city: &Code) -> Result<(), Refusal> {
    if above { holds(matter, city) } else { Err(Refusal::NotAbove(by.clone())) }
}

/// Whoever called wants nothing of it any more, or it goes on elsewhere. An answer stands, and so does how everybody did:
/// what is answered waits for its rating, and ends when it would be opened again.
fn give_up(state: &State, reason: CloseReason) -> Vec<Event> {
    match state.phase {
        Phase::Resolved { .. } => vec![],
        Phase::Unknown | Phase::Open | Phase::Closed => ending::end(state, reason),
    }
}

/// A first judgement, or a new one, under the clock it runs on.
fn grade(state: &State, judged: &Assignment, clock: CaseClock, terms: &Terms, instead: &Code) -> Vec<Event> {
    let Deadline { due, provisional: due_provisional } = clock.deadline(&terms.in_force);
    let comprehensive = judged.comprehensive && joint_operation::is_run_by(&judged.party, &terms.in_force);
    let stays = |matter: &Matter| comprehensive && matter.comprehensive && matter.holder == judged.party;
    let stays = state.matter.as_ref().is_some_and(stays);
    let dropped = if stays { vec![] } else { joint_operation::dropped(state) };
    let assigned = Assignment { due, due_provisional, start: clock.start, comprehensive, dropped, ..judged.clone() };
    match admission::refusal(state, &assigned.category, &assigned.party, None, &terms.in_force) {
        None => vec![Event::Assigned(Box::new(assigned))],
        Some(refused) => {
            let level = assigned.level.max(Level::B1);
            let assigned = Assignment { party: instead.clone(), level, comprehensive: false, ..assigned };
            vec![refused, Event::Assigned(Box::new(assigned))]
        }
    }
}

/// Where nothing else is said it is where the case is.
fn spawn_related(
    state: &State,
    matter: &Matter,
    by: &Code,
    related: &Related,
    help_until: Option<Timestamp>,
) -> Decision {
    if state.related >= RELATED_MAX {
        return Err(Refusal::TooMany(usize::try_from(RELATED_MAX).unwrap_or(usize::MAX)));
    }
    let reference = format!("found-{}", state.related + 1);
    let place = if related.place == Place::default() { &matter.place } else { &related.place };
    let related = Box::new(Related { place: place.clone(), ..related.clone() });
    let begun = help_until.map(|until| Event::HelpBegun { reference: reference.clone(), until });
    let spawned = Event::RelatedCaseSpawned { by: by.clone(), reference, related };
    Ok(std::iter::once(spawned).chain(begun).collect())
}

pub(super) fn plan(
    state: &State,
    matter: &Matter,
    by: &Code,
    plans: &[Plan],
    (now, in_force): (Timestamp, &InForce),
) -> Decision {
    // Whoever has the case plans its own work with it.
    let others = || plans.iter().filter(|plan| plan.party != *by);
    let is_called = |party: &Code| state.open_calls().any(|call| call.is_expecting(party));
    let may = |party: &Code| is_called(party) || reach::may_give_work(&in_force.0, by, party);
    if let Some(plan) = others().find(|plan| !may(&plan.party)) {
        return Err(Refusal::NotToOrder { by: by.clone(), to: plan.party.clone() });
    }
    let mut refused =
        others().filter_map(|plan| admission::refusal(state, &matter.category, &plan.party, Some(by), in_force));
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
            counts_from: plan.due.map(|_| now).or(call.and_then(|call| call.counts_from)),
            follows: plan.due.is_none(),
            after: plan.after.iter().map(|first| before + first).collect(),
            call: call.map(|call| call.number),
            root_cause: plan.root_cause,
            joint_meeting: None,
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
        return Err(Refusal::AnothersTask { task: number, party: task.party.clone() });
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
    ending::finish(state, vec![done], by, rating_due)
}

impl State {
    /// Every unit that has, had or works on the case, was called or called others, or in whose place it lies; some of
    /// them more than once.
    #[must_use]
    pub fn concerned(&self) -> Vec<Code> {
        let matter = self.matter.iter().flat_map(|matter| matter.place.party.iter().chain([&matter.holder]));
        let called = self.calls.iter().flat_map(|call| {
            let adjudicators =
                call.parties.iter().filter_map(|called| called.returned.as_ref().map(|it| &it.adjudicator));
            call.parties.iter().map(|called| &called.party).chain(adjudicators).chain([&call.caller])
        });
        let tasks = self.tasks.iter().map(|task| &task.party);
        let supervised = self.supervisions.iter().flat_map(|order| [&order.by, &order.party]);
        let leading = self.task_force.iter().map(|force| &force.lead);
        let all = self.holders.iter().chain(matter).chain(called).chain(tasks).chain(supervised).chain(leading);
        all.cloned().collect()
    }

    /// Whether a unit has, had or works on the case.
    fn concerns(&self, party: &Code) -> bool {
        let called = |call: &Call| call.caller == *party || call.parties.iter().any(|called| called.party == *party);
        self.holders.contains(party)
            || self.matter.as_ref().is_some_and(|matter| matter.holder == *party)
            || self.calls.iter().any(called)
            || self.tasks.iter().any(|task| task.party == *party)
            || self.supervisions.iter().any(|order| order.party == *party || order.by == *party)
    }
}

impl Task {
    pub(super) fn is_open(&self) -> bool {
        !self.done
    }
}
