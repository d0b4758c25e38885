//! What each fact changes.

use charter::{Level, Standstill};
use ids::Code;
use jiff::Timestamp;

use super::{
    AskedCity, Call, CalledParty, CaseClock, Clock, Concluded, Dropped, Event, Expected, Kept, Matter, Phase, Return,
    Scope, Stage, State, Supervision, Suspension, Task, TaskForce, case_clock, help, meeting,
};

pub(super) fn evolve(mut state: State, event: &Event) -> State {
    match event {
        Event::Assigned(assigned) => {
            let stays = |matter: &Matter| matter.comprehensive && matter.holder == assigned.party;
            if !assigned.comprehensive {
                state.concluded = None;
            } else if !state.matter.as_ref().is_some_and(stays) {
                state.concluded = None;
                state.joint_round += 1;
            }
            drop_tasks(&mut state, &assigned.dropped);
            // About something else, it is another problem.
            if state.matter.as_ref().is_some_and(|matter| matter.category != assigned.category) {
                state.earlier.clear();
            }
            let before = state.matter.take();
            arrive(&mut state, &assigned.party);
            state.asked_city = None;
            state.phase = Phase::Open;
            state.matter = Some(Matter {
                holder: assigned.party.clone(),
                level: assigned.level,
                comprehensive: assigned.comprehensive,
                // Handed on by hand it is still what it was judged to be.
                joint: assigned.comprehensive
                    || before.as_ref().is_some_and(|before| before.joint && before.graded_by >= assigned.graded_by),
                with_city: false,
                category: assigned.category.clone(),
                also: assigned.also.clone(),
                situation: assigned.situation.clone(),
                colour: assigned.colour,
                title: assigned.title.clone(),
                place: assigned.place.clone(),
                // The clock goes on: a new holder or judgement is no new start.
                evidence_needed: assigned.evidence_needed,
                clock: CaseClock {
                    start: assigned.start,
                    due: assigned.due,
                    ..before.as_ref().map_or_else(
                        || CaseClock::starting(assigned.start, assigned.due),
                        |before| before.clock.clone(),
                    )
                },
                // What somebody was told of is told again only when there was more time, and that is up.
                overdue: before.is_some_and(|before| before.overdue && assigned.due <= before.clock.due),
                graded_by: assigned.graded_by,
            });
        }
        Event::Escalated { to_party, to, graded_by, dropped, .. } => {
            drop_tasks(&mut state, dropped);
            arrive(&mut state, to_party);
            state.asked_city = None;
            state.concluded = None;
            if let Some(matter) = &mut state.matter {
                matter.holder = to_party.clone();
                matter.level = *to;
                matter.comprehensive = false;
                matter.with_city = false;
                matter.graded_by = matter.graded_by.max(*graded_by);
            }
        }
        Event::Transferred { to_party, answer, graded_by, dropped, .. } => {
            drop_tasks(&mut state, dropped);
            arrive(&mut state, to_party);
            state.asked_city = answer.as_ref().map(AskedCity::from_now);
            state.concluded = None;
            if let Some(matter) = &mut state.matter {
                matter.holder = to_party.clone();
                matter.level = Level::D;
                matter.comprehensive = false;
                matter.with_city = true;
                matter.graded_by = matter.graded_by.max(*graded_by);
            }
        }
        Event::CityReturned { to_party, .. } => {
            arrive(&mut state, to_party);
            state.asked_city = None;
            if let Some(matter) = &mut state.matter {
                matter.holder = to_party.clone();
                matter.level = Level::C;
                matter.with_city = false;
            }
        }
        Event::CityReminded { .. } => {
            if let Some(asked) = &mut state.asked_city {
                asked.reminded += 1;
            }
        }
        // Any word of the city is its answer.
        Event::Progressed { party, .. } => {
            if state.matter.as_ref().is_some_and(|matter| matter.holder == *party) {
                state.asked_city = None;
            }
        }
        Event::Concluded { by, summary } => {
            state.concluded = Some(Concluded { by: by.clone(), summary: summary.clone() });
        }
        Event::Called { call, whistle } => {
            if let Some(matter) = &mut state.matter {
                matter.level = matter.level.max(Level::B2);
            }
            state.calls.push(Call {
                number: *call,
                round: state.rounds + 1,
                caller: whistle.caller.clone(),
                colour: whistle.colour,
                parties: whistle
                    .parties
                    .iter()
                    .map(|(party, duty)| CalledParty {
                        party: party.clone(),
                        duty: *duty,
                        stage: Stage::Called,
                        response_due: whistle.response_due,
                        report_in_due: whistle.report_in_due,
                        returned: None,
                        reminded: 0,
                        kept: Kept::default(),
                        kept_before: None,
                        outcome: None,
                        late: vec![],
                    })
                    .collect(),
                completion_due: whistle.completion_due,
                due_provisional: whistle.due_provisional,
                counts_from: whistle.counts_from,
                reminders: whistle.reminders.clone(),
                extended: false,
                ended: false,
            });
        }
        Event::Responded { call, party, in_time, .. } => on_party(&mut state, *call, party, |called| {
            called.stage = Stage::Responded;
            called.kept.responded_in_time = *in_time;
            called.found(Clock::Response, *in_time);
        }),
        Event::ReportedIn { call, party, in_time, .. } => on_party(&mut state, *call, party, |called| {
            called.stage = Stage::ReportedIn;
            called.kept.reported_in_in_time = *in_time;
            called.found(Clock::ReportIn, *in_time);
        }),
        Event::PartyDone { call, party, outcome, in_time, evidence, .. } => {
            state.evidenced |= !evidence.is_empty();
            on_party(&mut state, *call, party, |called| {
                called.stage = Stage::Done;
                called.outcome = Some(*outcome);
                called.kept.done_in_time = *in_time;
            });
        }
        Event::Released { call, party, .. } => {
            on_party(&mut state, *call, party, CalledParty::let_go);
            drop_open_tasks(&mut state, *call, party);
        }
        Event::CallEnded { call, .. } => {
            if let Some(known) = state.calls.iter_mut().find(|known| known.number == *call) {
                known.ended = true;
            }
        }
        Event::TaskPlanned {
            task,
            party,
            title,
            due,
            counts_from,
            follows,
            after,
            call,
            root_cause,
            joint_meeting,
        } => {
            state.last_task = state.last_task.max(*task);
            state.joint_meetings.extend(joint_meeting.filter(|meeting| !state.joint_meetings.contains(meeting)));
            let of_call = || state.calls.iter().find(|known| Some(known.number) == *call)?.counts_from;
            state.tasks.push(Task {
                number: *task,
                party: party.clone(),
                title: title.clone(),
                due: *due,
                counts_from: counts_from.or_else(of_call),
                follows: *follows,
                after: after.clone(),
                call: *call,
                extended: false,
                done: false,
                late: false,
                root_cause: *root_cause,
                joint_meeting: *joint_meeting,
            });
        }
        Event::TaskDone { task, evidence, .. } => {
            state.evidenced |= !evidence.is_empty();
            on_task(&mut state, *task, |task| task.done = true);
        }
        Event::Returned { call, party, adjudicator, due, bounce, .. } => {
            state.returns = *bounce;
            on_party(&mut state, *call, party, |called| {
                called.returned = Some(Return {
                    adjudicator: adjudicator.clone(),
                    due: *due,
                    pending: true,
                    late: false,
                    upheld: false,
                });
            });
        }
        Event::ReturnAdjudicated { call, party, upheld, .. } => {
            on_party(&mut state, *call, party, |called| {
                if let Some(returned) = &mut called.returned {
                    returned.pending = false;
                    returned.upheld = *upheld;
                }
                if *upheld {
                    called.stage = Stage::Released;
                }
            });
            if *upheld {
                drop_open_tasks(&mut state, *call, party);
            }
        }
        Event::Unqualified { call, party, response_due, report_in_due, .. } => {
            on_party(&mut state, *call, party, |called| {
                called.stage = Stage::Called;
                called.kept_before = Some(called.kept_so_far());
                called.kept = Kept::default();
                called.response_due = *response_due;
                called.report_in_due = *report_in_due;
                called.late.retain(|clock| !matches!(clock, Clock::Response | Clock::ReportIn));
            });
        }
        Event::Reminded { call, party, .. } => on_party(&mut state, *call, party, |called| called.reminded += 1),
        Event::Supervised { order, by, party, due, .. } => state.supervisions.push(Supervision {
            number: *order,
            by: by.clone(),
            party: party.clone(),
            due: *due,
            answered: false,
            late: false,
        }),
        Event::SupervisionAnswered { order, .. } => {
            on_supervision(&mut state, *order, |supervision| supervision.answered = true);
        }
        Event::Extended { scope, due, counts_from, .. } => extend(&mut state, *scope, *due, *counts_from),
        Event::Suspended { since, until, .. } => {
            state.suspension = Some(Suspension { since: *since, until: *until });
        }
        Event::Resumed { held, due, .. } => {
            if let Some(Suspension { since, .. }) = state.suspension.take() {
                go_on(
                    &mut state,
                    Standstill { from: since, until: since.saturating_add(*held).unwrap_or(since) },
                    *due,
                );
            }
        }
        Event::MeetingHeld { next, .. } => {
            if let (Some(force), Some(next)) = (&mut state.task_force, next) {
                force.meets_by = *next;
            }
        }
        Event::TaskForceFormed { lead, cadence_days, meets_by, .. } => {
            state.task_force = Some(TaskForce { lead: lead.clone(), cadence_days: *cadence_days, meets_by: *meets_by });
        }
        Event::Overdue { clock: Clock::Adjudication, call, due, .. } => {
            let call = state.calls.iter_mut().find(|known| Some(known.number) == *call);
            let returned = call.into_iter().flat_map(|call| &mut call.parties).filter_map(|it| it.returned.as_mut());
            returned.filter(|returned| returned.pending && returned.due == *due).for_each(|it| it.late = true);
        }
        Event::Overdue { clock: Clock::Supervision, order, .. } => {
            on_supervision(&mut state, order.unwrap_or_default(), |supervision| supervision.late = true);
        }
        // A week missed is told once; the next one counts from when this one was over.
        Event::Overdue { clock: Clock::Meeting, due, .. } => {
            if let Some(force) = &mut state.task_force {
                force.meets_by = meeting::after(*due, force.cadence_days);
            }
        }
        Event::Overdue { clock: Clock::City, .. } => {
            if let Some(asked) = &mut state.asked_city {
                asked.late = true;
            }
        }
        Event::Overdue { clock: Clock::Case, .. } => {
            if let Some(matter) = &mut state.matter {
                matter.overdue = true;
            }
        }
        Event::Overdue { clock: Clock::Task, task, .. } => {
            on_task(&mut state, task.unwrap_or_default(), |task| task.late = true);
        }
        Event::Overdue {
            clock: clock @ (Clock::Response | Clock::ReportIn | Clock::Completion), call, party, ..
        } => on_party(&mut state, call.unwrap_or_default(), party, |called| called.found(*clock, false)),
        Event::Resolved(resolution) => {
            state.phase = Phase::Resolved { outcome: resolution.outcome, asking: resolution.asking };
            state.rounds = resolution.round;
            state.suspension = None;
            state.asked_city = None;
            state.concluded = None;
            // The answer is the account of the matter; whoever wants another one orders it.
            state.supervisions.iter_mut().for_each(|order| order.answered = true);
        }
        Event::Reopened { due, start, answer, .. } => {
            state.phase = Phase::Open;
            state.joint_round += 1;
            state.evidenced = false;
            state.asked_city = answer.as_ref().map(AskedCity::from_now);
            if let (Some(force), Some(start)) = (&mut state.task_force, start) {
                force.meets_by = meeting::after(start.at, force.cadence_days);
            }
            state.holders = state.matter.iter().map(|matter| matter.holder.clone()).collect();
            if let Some(matter) = &mut state.matter {
                matter.clock = CaseClock::starting(*start, *due);
                matter.overdue = false;
            }
        }
        Event::Closed { .. } => state.phase = Phase::Closed,
        Event::RecurrenceFound { earlier, .. } => state.earlier.clone_from(earlier),
        Event::ColourRaised {
            call, to, response_due, report_in_due, completion_due, reminders, counts_from, ..
        } => {
            if let Some(known) = state.calls.iter_mut().find(|known| known.number == *call) {
                known.colour = *to;
                if let Some(raised_at) = counts_from {
                    known.stand(state.suspension.as_ref(), *raised_at);
                }
                known.completion_due = known.completion_due.min(*completion_due);
                for (known, earlier) in known.reminders.iter_mut().zip(reminders) {
                    *known = (*known).min(*earlier);
                }
                for called in &mut known.parties {
                    called.response_due = called.response_due.min(*response_due);
                    called.report_in_due = called.report_in_due.min(*report_in_due);
                }
            }
        }
        Event::Admitted { category, .. } => state.admitted.push(category.clone()),
        Event::RelatedCaseSpawned { .. } => state.related += 1,
        Event::AdmissionRefused { party, .. } => {
            if !state.refused.contains(party) {
                state.refused.push(party.clone());
            }
        }
        Event::HelpBegun { .. }
        | Event::HelpOpened { .. }
        | Event::AskedToHelp(_)
        | Event::HelpEnded { .. }
        | Event::RatingOpened { .. } => help::evolve(&mut state, event),
        Event::MeasureAdopted { .. } => {}
    }
    keep_up(&mut state);
    state
}

/// Tasks without a day of their own are due with their call, or with the case, whatever has just become of that.
fn keep_up(state: &mut State) {
    let State { tasks, calls, matter, .. } = state;
    for task in tasks.iter_mut().filter(|task| task.follows && !task.done) {
        let call = calls.iter().find(|call| Some(call.number) == task.call);
        let of_call = call.map(|call| (call.completion_due, call.counts_from));
        let Some((due, counts_from)) = of_call.or(matter.as_ref().map(|matter| (matter.clock.due, None))) else {
            continue;
        };
        // What somebody was told of is told again only when there was more time, and that is up.
        task.late &= due <= task.due;
        (task.due, task.counts_from) = (due, counts_from);
    }
}

/// It has a new holder; who judges the same one again does not hand it on.
fn arrive(state: &mut State, holder: &Code) {
    if state.holders.last() != Some(holder) {
        state.holders.push(holder.clone());
    }
}

fn on_party(state: &mut State, call: u32, party: &Code, change: impl FnOnce(&mut CalledParty)) {
    let call = state.calls.iter_mut().find(|known| known.number == call);
    if let Some(called) = call.and_then(|call| call.parties.iter_mut().find(|called| called.party == *party)) {
        change(called);
    }
}

/// What a joint operation had left to do goes with it.
fn drop_tasks(state: &mut State, dropped: &[Dropped]) {
    state.tasks.retain(|task| !dropped.iter().any(|gone| gone.task == task.number));
}

impl AskedCity {
    fn from_now(answer: &Expected) -> Self {
        Self { answer: answer.clone(), reminded: 0, late: false }
    }
}

impl CalledParty {
    fn found(&mut self, clock: Clock, in_time: bool) {
        if !in_time && !self.late.contains(&clock) {
            self.late.push(clock);
        }
    }

    /// Whoever is there and may go has done its part, in time unless its time was up by then.
    fn let_go(&mut self) {
        self.kept.done_in_time = self.stage == Stage::ReportedIn && !self.late.contains(&Clock::Completion);
        self.stage = Stage::Released;
    }

    /// What it kept until somebody came who could not decide: nobody in charge has come in time.
    fn kept_so_far(&self) -> Kept {
        Kept { reported_in_in_time: false, done_in_time: true, ..self.kept_throughout() }
    }
}

/// What a party had left to do goes with it.
fn drop_open_tasks(state: &mut State, call: u32, party: &Code) {
    state.tasks.retain(|task| task.done || task.party != *party || task.call.unwrap_or_default() != call);
}

impl Call {
    /// In the middle of a suspension everything of it gets what it has waited for, and counts from then on.
    fn stand(&mut self, suspension: Option<&Suspension>, now: Timestamp) {
        let stand = |day| case_clock::as_it_stands(suspension, (day, self.counts_from), now);
        let (completion_due, counts_from) = stand(self.completion_due);
        let reminders = self.reminders.iter().map(|at| stand(*at).0).collect();
        (self.completion_due, self.reminders, self.counts_from) = (completion_due, reminders, counts_from);
    }
}

fn extend(state: &mut State, scope: Scope, due: Timestamp, counts_from: Option<Timestamp>) {
    match scope {
        Scope::Case => {
            if let Some(matter) = &mut state.matter {
                matter.clock.due = due;
                matter.clock.granted = Some(due);
                matter.clock.granted_at = counts_from;
            }
        }
        Scope::Call(number) => {
            if let Some(call) = state.calls.iter_mut().find(|call| call.number == number) {
                if let Some(said_at) = counts_from {
                    call.stand(state.suspension.as_ref(), said_at);
                }
                call.completion_due = due;
                call.extended = true;
            }
        }
        Scope::Task(number) => on_task(state, number, |task| {
            task.due = due;
            task.follows = false;
            task.counts_from = counts_from.or(task.counts_from);
            task.extended = true;
        }),
    }
}

/// Everything that stood still is later; what had run out before stays late. `due` is the case's, if it is recorded.
fn go_on(state: &mut State, standstill: Standstill, due: Option<Timestamp>) {
    if let Some(matter) = &mut state.matter {
        let due = due.unwrap_or_else(|| case_clock::later(matter.clock.due, standstill));
        matter.clock = CaseClock { due, ..matter.clock.after_standstill(standstill) };
    }
    for call in state.calls.iter_mut().filter(|call| !call.ended) {
        let held = case_clock::rest_of(standstill, call.counts_from);
        call.completion_due = case_clock::later(call.completion_due, held);
        call.reminders.iter_mut().for_each(|at| *at = case_clock::later(*at, held));
    }
    for task in state.tasks.iter_mut().filter(|task| !task.done && !task.follows) {
        task.due = case_clock::later(task.due, case_clock::rest_of(standstill, task.counts_from));
    }
    if let Some(force) = &mut state.task_force {
        let met = meeting::before(force.meets_by, force.cadence_days);
        force.meets_by = case_clock::later(force.meets_by, case_clock::rest_of(standstill, Some(met)));
    }
}

fn on_supervision(state: &mut State, number: u32, change: impl FnOnce(&mut Supervision)) {
    if let Some(supervision) = state.supervisions.iter_mut().find(|known| known.number == number) {
        change(supervision);
    }
}

fn on_task(state: &mut State, number: u32, change: impl FnOnce(&mut Task)) {
    if let Some(task) = state.tasks.iter_mut().find(|task| task.number == number) {
        change(task);
    }
}
