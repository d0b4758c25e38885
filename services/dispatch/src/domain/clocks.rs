//! Which clocks run, and which have run out. Each acts once, and never early (I7).

use std::collections::BTreeMap;

use charter::Colour;
use ids::Code;
use jiff::Timestamp;
use vocabulary::limit::{self, SECOND};

use super::{
    Call, CalledParty, Clock, Event, InForce, Phase, Stage, State, evolve, help, in_force, meeting, suspension,
};

/// One running clock.
struct Running<'s> {
    clock: Clock,
    call: Option<u32>,
    task: Option<u32>,
    order: Option<u32>,
    party: &'s Code,
    due: Timestamp,
}

impl Running<'_> {
    fn late_from(&self) -> Timestamp {
        limit::late_from(self.due)
    }

    /// A clock that starts again by itself and was missed several times is told of once.
    fn last_missed(mut self, state: &State, now: Timestamp) -> Self {
        if let (Clock::Meeting, Some(force)) = (self.clock, &state.task_force) {
            loop {
                let next = meeting::after(self.due, force.cadence_days);
                if next > now || next <= self.due {
                    break;
                }
                self.due = next;
            }
        }
        self
    }
}

/// The earliest deadline that is still open.
#[must_use]
pub fn next_deadline(state: &State) -> Option<Timestamp> {
    match state.phase {
        // What is answered ends by what evaluation says, which has the clock of the rating; unless it waits to be asked about.
        Phase::Unknown | Phase::Resolved { .. } | Phase::Closed => help::next_deadline(state),
        Phase::Open => {
            let ends = state.suspension.iter().map(|suspension| suspension.until);
            let reminders = reminders(state).map(|(_, _, _, at)| at);
            let of_city = city_reminders(state).map(|(_, at)| at);
            running(state).map(|clock| clock.late_from()).chain(ends).chain(reminders).chain(of_city).min()
        }
    }
}

/// What has run out by `now`, and who is told: one level above whoever is late.
pub(super) fn overdue(
    state: &State,
    now: Timestamp,
    above: &BTreeMap<Code, Code>,
    centre: &Code,
    in_force: &InForce,
) -> Vec<Event> {
    match state.phase {
        Phase::Unknown | Phase::Resolved { .. } | Phase::Closed => help::overdue(state, now, in_force),
        Phase::Open => {
            // What stood still goes on first, so that nothing is late for the time it stood.
            let over = state.suspension.as_ref().filter(|suspension| suspension.until <= now);
            let resumed = over.map(|over| suspension::resumed(state, over, None, over.until, in_force));
            let then = resumed.iter().fold(state.clone(), evolve::evolve);
            let reminded = reminders(&then).filter(|(_, _, _, at)| *at <= now).map(|(call, party, nth, _)| {
                Event::Reminded { call: call.number, party: party.clone(), reminder: nth, due: call.completion_due }
            });
            let asked_after = city_reminders(&then).filter(|(_, at)| *at <= now);
            let asked_after: Vec<Event> = then.city_reminded(asked_after.map(|(nth, _)| nth), above, centre);
            let late =
                running(&then).filter(|clock| clock.late_from() <= now).map(|clock| clock.last_missed(&then, now));
            let late = late.map(|clock| Event::Overdue {
                clock: clock.clock,
                call: clock.call,
                party: clock.party.clone(),
                task: clock.task,
                order: clock.order,
                due: clock.due,
                told: above.get(clock.party).unwrap_or(centre).clone(),
            });
            let late: Vec<Event> = late.collect();
            let raised = then.open_calls().filter(|call| is_late(call.number, &late));
            // As of the second that was missed: after it an office may have closed.
            let missed = now.saturating_sub(SECOND).unwrap_or(now);
            let raised: Vec<Event> = raised.filter_map(|call| raised_colour(call, missed, in_force)).collect();
            let events: Vec<Event> = reminded.chain(asked_after).chain(late).chain(raised).collect();
            resumed.into_iter().chain(events).collect()
        }
    }
}

/// Whether one of the clocks of a call is among what has just run out.
fn is_late(number: u32, late: &[Event]) -> bool {
    let of_calls = [Clock::Response, Clock::ReportIn, Clock::Completion];
    late.iter().any(|event| {
        matches!(event, Event::Overdue { clock, call: Some(call), .. } if *call == number && of_calls.contains(clock))
    })
}

/// The call one colour more urgent, if the charter raises this one. What the new colour leaves counts from now:
/// counted from the call it might be over already.
fn raised_colour(call: &Call, now: Timestamp, in_force: &InForce) -> Option<Event> {
    let to = match call.colour {
        Colour::Blue => Colour::Yellow,
        Colour::Yellow => Colour::Red,
        Colour::Red => return None,
    };
    if !in_force.0.colour_limits(call.colour).raise_on_overdue {
        return None;
    }
    let limits = in_force.0.colour_limits(to);
    let [response_due, report_in_due, completion_due] =
        [&limits.response, &limits.report_in, &limits.completion].map(|limit| in_force.0.deadline(now, limit).due);
    let expected = call.parties.iter().filter(|called| called.is_expected());
    Some(Event::ColourRaised {
        call: call.number,
        from: call.colour,
        to,
        response_due,
        report_in_due,
        completion_due,
        reminders: in_force::reminders(&in_force.0, now, completion_due),
        counts_from: Some(now),
        caller: Some(call.caller.clone()),
        parties: expected.map(|called| called.party.clone()).collect(),
    })
}

fn running(state: &State) -> impl Iterator<Item = Running<'_>> {
    let suspended = state.suspension.is_some();
    let calls = state.open_calls().flat_map(|call| call.parties.iter().flat_map(|called| of_party(call, called)));
    let tasks = state.tasks.iter().filter(|task| task.is_open() && !task.late).map(|task| Running {
        clock: Clock::Task,
        call: task.call,
        task: Some(task.number),
        order: None,
        party: &task.party,
        due: task.due,
    });
    let case = state.matter.iter().filter(|matter| !matter.overdue).map(|matter| Running {
        clock: Clock::Case,
        call: None,
        task: None,
        order: None,
        party: &matter.holder,
        due: matter.clock.due,
    });
    let returns = state.open_calls().flat_map(|call| {
        let pending = call.parties.iter().filter_map(|called| called.returned.as_ref());
        pending.filter(|returned| returned.pending && !returned.late).map(|returned| Running {
            clock: Clock::Adjudication,
            call: Some(call.number),
            task: None,
            order: None,
            party: &returned.adjudicator,
            due: returned.due,
        })
    });
    let supervisions = state.supervisions.iter().filter(|order| !order.answered && !order.late).map(|order| Running {
        clock: Clock::Supervision,
        call: None,
        task: None,
        order: Some(order.number),
        party: &order.party,
        due: order.due,
    });
    let meetings = state.task_force.iter().map(|force| Running {
        clock: Clock::Meeting,
        call: None,
        task: None,
        order: None,
        party: &force.lead,
        due: force.meets_by,
    });
    let work = calls
        .chain(tasks)
        .chain(case)
        .chain(meetings)
        .filter(move |clock| !suspended || matches!(clock.clock, Clock::Response | Clock::ReportIn));
    // Nobody here can keep the city waiting, or stop its clock.
    let city = state.asked_city.iter().filter(|asked| !asked.late).flat_map(|asked| {
        state.matter.iter().map(|matter| Running {
            clock: Clock::City,
            call: None,
            task: None,
            order: None,
            party: &matter.holder,
            due: asked.answer.due,
        })
    });
    work.chain(returns).chain(supervisions).chain(city)
}

/// When the city is still to be asked after, by their numbers from 1.
fn city_reminders(state: &State) -> impl Iterator<Item = (u32, Timestamp)> {
    let asked = state.asked_city.iter().filter(|asked| !asked.late);
    asked.flat_map(|asked| (1u32..).zip(asked.answer.reminders.iter().copied()).skip(asked.reminded))
}

impl State {
    fn city_reminded(
        &self,
        reminders: impl Iterator<Item = u32>,
        above: &BTreeMap<Code, Code>,
        centre: &Code,
    ) -> Vec<Event> {
        let Some((asked, matter)) = self.asked_city.as_ref().zip(self.matter.as_ref()) else { return vec![] };
        let told = above.get(&matter.holder).unwrap_or(centre);
        let event = |reminder| Event::CityReminded {
            city: matter.holder.clone(),
            told: told.clone(),
            reminder,
            due: asked.answer.due,
        };
        reminders.map(event).collect()
    }
}

/// Reminders to come, of every party that is not done: its call, its number from 1, when.
fn reminders(state: &State) -> impl Iterator<Item = (&Call, &Code, u32, Timestamp)> {
    let calls = state.open_calls().filter(|_| state.suspension.is_none());
    calls.flat_map(|call| {
        let waiting = call.parties.iter().filter(|called| called.is_expected());
        // With its time over there is nothing to remind of.
        let waiting = waiting.filter(|called| !called.late.contains(&Clock::Completion));
        waiting.flat_map(move |called| {
            let numbered = (1u32..).zip(&call.reminders).skip(called.reminded);
            numbered.map(move |(nth, at)| (call, &called.party, nth, *at))
        })
    })
}

fn of_party<'s>(call: &'s Call, called: &'s CalledParty) -> impl Iterator<Item = Running<'s>> {
    let waiting = [
        (Clock::Response, called.response_due, called.stage < Stage::Responded),
        (Clock::ReportIn, called.report_in_due, called.stage < Stage::ReportedIn),
        (Clock::Completion, call.completion_due, called.stage < Stage::Done),
    ];
    waiting.into_iter().filter(|(clock, _, runs)| *runs && !called.late.contains(clock)).map(|(clock, due, _)| {
        Running { clock, call: Some(call.number), task: None, order: None, party: &called.party, due }
    })
}

#[cfg(test)]
mod tests {
    use charter::Colour;
    use decider::Decider;

    use super::super::Rules;
    use super::super::tests::{POLICE, after, at, check, given, grade, names, whistle};

    #[test]
    fn a_call_found_late_takes_the_next_colour_and_of_each_limit_the_earlier() {
        let called = given(&[grade(), whistle(&[POLICE])]);
        let late = Rules::decide(&called, &check(30)).unwrap();
        assert_eq!(names(&late), ["Overdue", "ColourRaised"]);
        let state = late.iter().fold(called, Rules::evolve);
        let call = &state.calls[0];
        assert_eq!(call.colour, Colour::Yellow);
        // Yellow leaves 2 hours to come and 5 days in all; coming was due earlier than that already.
        assert_eq!((call.parties[0].report_in_due, call.completion_due), (at(120), at(30 + 5 * 24 * 60)));
        // Half of that, and four fifths: earlier than the reminders blue had left.
        assert_eq!(call.reminders, [at(30 + 3600), at(30 + 5760)]);
        // Once more is red, and there it ends.
        let red = after(state, &check(120));
        assert_eq!((red.calls[0].colour, red.calls[0].completion_due), (Colour::Red, at(120 + 2 * 24 * 60)));
        let over = Rules::decide(&red, &check(120 + 2 * 24 * 60)).unwrap();
        let over = names(&over);
        let tells = |name: &str| over.iter().any(|told| told == name);
        assert!(tells("Overdue") && !tells("ColourRaised"), "{over:?}");
    }
}
