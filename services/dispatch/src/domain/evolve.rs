//! What each fact changes.

use charter::Level;
use ids::Code;

use super::{Call, CalledParty, Clock, Event, Kept, Matter, Phase, Stage, State, Task};

pub(super) fn evolve(mut state: State, event: &Event) -> State {
    match event {
        Event::Assigned(assigned) => {
            state.phase = Phase::Open;
            state.matter = Some(Matter {
                owner: assigned.party.clone(),
                level: assigned.level,
                comprehensive: assigned.comprehensive,
                category: assigned.category.clone(),
                also: assigned.also.clone(),
                situation: assigned.situation.clone(),
                colour: assigned.colour,
                title: assigned.title.clone(),
                place: assigned.place.clone(),
                due: assigned.due,
                overdue: false,
                graded_by: assigned.graded_by,
            });
        }
        Event::Escalated { to_party, to, .. } => {
            if let Some(matter) = &mut state.matter {
                matter.owner = to_party.clone();
                matter.level = *to;
                matter.comprehensive = false;
            }
        }
        Event::Called { call, whistle } => {
            if let Some(matter) = &mut state.matter {
                matter.level = matter.level.max(Level::B2);
            }
            state.calls.push(Call {
                number: *call,
                caller: whistle.caller.clone(),
                parties: whistle
                    .parties
                    .iter()
                    .map(|(party, duty)| CalledParty {
                        party: party.clone(),
                        duty: *duty,
                        stage: Stage::Called,
                        kept: Kept::default(),
                        outcome: None,
                        late: vec![],
                    })
                    .collect(),
                response_due: whistle.response_due,
                report_in_due: whistle.report_in_due,
                completion_due: whistle.completion_due,
                ended: false,
            });
        }
        Event::Responded { call, party, in_time, .. } => on_party(&mut state, *call, party, |called| {
            called.stage = Stage::Responded;
            called.kept.responded_in_time = *in_time;
        }),
        Event::ReportedIn { call, party, in_time, .. } => on_party(&mut state, *call, party, |called| {
            called.stage = Stage::ReportedIn;
            called.kept.reported_in_in_time = *in_time;
        }),
        Event::PartyDone { call, party, outcome, in_time, .. } => on_party(&mut state, *call, party, |called| {
            called.stage = Stage::Done;
            called.outcome = Some(*outcome);
            called.kept.done_in_time = *in_time;
        }),
        Event::Released { call, party, .. } => {
            on_party(&mut state, *call, party, |called| called.stage = Stage::Released);
            // Its open tasks go with it.
            state.tasks.retain(|task| task.done || task.party != *party || task.call != Some(*call));
        }
        Event::CallEnded { call, .. } => {
            if let Some(known) = state.calls.iter_mut().find(|known| known.number == *call) {
                known.ended = true;
            }
        }
        Event::TaskPlanned { task, party, title, due, after, call } => {
            state.last_task = state.last_task.max(*task);
            state.tasks.push(Task {
                number: *task,
                party: party.clone(),
                title: title.clone(),
                due: *due,
                after: after.clone(),
                call: *call,
                done: false,
                late: false,
            });
        }
        Event::TaskDone { task, .. } => on_task(&mut state, *task, |task| task.done = true),
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
        } => on_party(&mut state, call.unwrap_or_default(), party, |called| called.late.push(*clock)),
        Event::Resolved(resolution) => {
            state.phase = Phase::Resolved { outcome: resolution.outcome, rating_due: resolution.rating_due };
            state.rounds = resolution.round;
        }
        Event::Reopened { due, .. } => {
            state.phase = Phase::Open;
            if let Some(matter) = &mut state.matter {
                matter.due = *due;
                matter.overdue = false;
            }
        }
        Event::Closed { .. } => state.phase = Phase::Closed,
        Event::Progressed { .. } | Event::MeasureAdopted { .. } => {}
    }
    state
}

fn on_party(state: &mut State, call: u32, party: &Code, change: impl FnOnce(&mut CalledParty)) {
    let call = state.calls.iter_mut().find(|known| known.number == call);
    if let Some(called) = call.and_then(|call| call.parties.iter_mut().find(|called| called.party == *party)) {
        change(called);
    }
}

fn on_task(state: &mut State, number: u32, change: impl FnOnce(&mut Task)) {
    if let Some(task) = state.tasks.iter_mut().find(|task| task.number == number) {
        change(task);
    }
}
