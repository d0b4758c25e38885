//! A case put aside for a time. Only the clocks of the work stand still meanwhile; those of response and report-in never
//! do: nobody stops a clock by not signing.

use charter::Standstill;
use ids::Code;
use jiff::Timestamp;

use super::decide::Decision;
use super::{Event, InForce, Refusal, State, Suspension, case_clock};

pub(super) fn suspend(
    state: &State,
    by: &Code,
    above: bool,
    (basis, reason): (&str, &str),
    until: Timestamp,
    now: Timestamp,
) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    if state.suspension.is_some() {
        return Err(Refusal::SuspendedAlready);
    }
    Refusal::unless_later(until, now)?;
    Ok(vec![Event::Suspended { by: by.clone(), basis: basis.to_owned(), reason: reason.to_owned(), since: now, until }])
}

pub(super) fn resume(state: &State, by: &Code, above: bool, now: Timestamp, in_force: &InForce) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    let suspension = state.suspension.as_ref().ok_or(Refusal::NotSuspended)?;
    Ok(vec![resumed(state, suspension, Some(by), now.min(suspension.until), in_force)])
}

/// The clocks go on at `until`; when that of the case runs out is counted anew.
pub(super) fn resumed(
    state: &State,
    suspension: &Suspension,
    by: Option<&Code>,
    until: Timestamp,
    in_force: &InForce,
) -> Event {
    let standstill = Standstill { from: suspension.since, until };
    let due = state.matter.as_ref().map(|matter| {
        let clock = matter.clock.after_standstill(standstill);
        match clock.start {
            Some(_) => clock.deadline(in_force).due,
            None => case_clock::later(clock.due, standstill),
        }
    });
    Event::Resumed { by: by.cloned(), held: standstill.length(), due }
}

impl State {
    /// A day that has counted from `counts_from`, as it stands now, and since when it counts from now on: what it has waited
    /// for in a suspension is on it already.
    #[must_use]
    pub fn as_it_stands(
        &self,
        day: Timestamp,
        counts_from: Option<Timestamp>,
        now: Timestamp,
    ) -> (Timestamp, Option<Timestamp>) {
        case_clock::as_it_stands(self.suspension.as_ref(), (day, counts_from), now)
    }

    /// Whether work due at `due` is in time at `now`. Time does not pass for it while the case is suspended.
    pub(super) fn is_in_time(&self, due: Timestamp, now: Timestamp) -> bool {
        let reached = self.suspension.as_ref().map_or(now, |suspension| suspension.since.min(now));
        reached <= due
    }
}

#[cfg(test)]
mod tests {
    use decider::Decider;

    use super::super::tests::{POLICE, after, at, code, given, grade, in_force, whistle};
    use super::super::{Command, Rules};

    const DISTRICT: &str = "wuchang-centre";

    #[test]
    fn what_begins_while_it_stands_still_waits_only_for_what_is_left_of_that() {
        let suspend = Command::Suspend {
            by: code(DISTRICT),
            above: true,
            basis: "rule 12".to_owned(),
            reason: "dug up".to_owned(),
            until: at(2_000),
            now: at(1_000),
        };
        let called = |counts_from: Option<i64>| {
            let Command::Call { mut whistle } = whistle(&[POLICE]) else { unreachable!() };
            whistle.counts_from = counts_from.map(at);
            Command::Call { whistle }
        };
        let resume = Command::Resume { by: code(DISTRICT), above: true, now: at(2_000), in_force: in_force() };
        let due = |counts_from| {
            let state = after(after(given(&[grade(), suspend.clone()]), &called(counts_from)), &resume);
            (state.calls[0].completion_due, state.calls[0].reminders.clone())
        };
        let Command::Call { whistle } = whistle(&[POLICE]) else { unreachable!() };
        let moved = |minutes: i64| {
            let by = |day: jiff::Timestamp| day + jiff::SignedDuration::from_mins(minutes);
            (by(whistle.completion_due), whistle.reminders.iter().map(|day| by(*day)).collect::<Vec<_>>())
        };
        assert_eq!(due(Some(1_600)), moved(400));
        assert_eq!(due(Some(0)), moved(1_000), "it began before");
        assert_eq!(due(None), moved(1_000), "as it was counted before that was written down");
        assert!(Rules::decide(&given(&[grade()]), &resume).is_err());
    }
}
