//! How a call goes: response, report-in, done; and nobody leaves before.

use std::collections::BTreeMap;

use ids::Code;
use jiff::Timestamp;
use vocabulary::Outcome;

use super::decide::Decision;
use super::returns::{self, Sent};
use super::{
    Answer, CALLS_MAX, Call, CallEnding, CalledParty, Event, Kept, PARTIES_MAX, Performance, Refusal, Stage, State,
    Task, Whistle,
};

/// The call and the party's place in it, if the call goes on and the party is in it.
pub(super) fn of<'s>(state: &'s State, number: u32, party: &Code) -> Result<(&'s Call, &'s CalledParty), Refusal> {
    let call = state.calls.iter().find(|call| call.number == number).ok_or(Refusal::NoSuchCall(number))?;
    let called = call
        .parties
        .iter()
        .find(|called| called.party == *party)
        .ok_or_else(|| Refusal::NotCalled { call: number, party: party.clone() })?;
    match (called.stage, call.ended) {
        (Stage::Done, _) => Err(Refusal::DoneAlready(party.clone())),
        (Stage::Released, _) => Err(Refusal::ReleasedAlready(party.clone())),
        (Stage::Called | Stage::Responded | Stage::ReportedIn, true) => Err(Refusal::CallOver(number)),
        (Stage::Called | Stage::Responded | Stage::ReportedIn, false) => Ok((call, called)),
    }
}

pub(super) fn blow(state: &State, whistle: &Whistle) -> Decision {
    if whistle.parties.is_empty() {
        return Err(Refusal::NobodyToCall);
    }
    if state.calls.len() >= CALLS_MAX || whistle.parties.len() > PARTIES_MAX {
        return Err(Refusal::TooMany(CALLS_MAX.max(PARTIES_MAX)));
    }
    if let Some(special) = &whistle.special {
        if special.chair.is_none() {
            return Err(Refusal::ChairNeeded);
        }
        // With one there is nothing to schedule between.
        let first = whistle.parties.first().map(|(party, _)| party);
        if whistle.parties.iter().all(|(party, _)| Some(party) == first) {
            return Err(Refusal::TwoDepartments);
        }
    }
    let at_work = |party: &Code| state.open_calls().any(|call| call.is_expecting(party));
    if let Some((busy, _)) = whistle.parties.iter().find(|(party, _)| at_work(party)) {
        return Err(Refusal::CalledAlready(busy.clone()));
    }
    Ok(vec![Event::Called { call: state.next_call(), whistle: Box::new(whistle.clone()) }])
}

pub(super) fn answer(state: &State, number: u32, party: &Code, answer: &Answer, now: Timestamp) -> Decision {
    let (call, called) = of(state, number, party)?;
    let responded = |officer: &vocabulary::Officer| Event::Responded {
        call: number,
        party: party.clone(),
        officer: officer.clone(),
        in_time: now <= called.response_due,
    };
    match (answer, called.stage) {
        (Answer::Respond { officer }, Stage::Called) => Ok(vec![responded(officer)]),
        (Answer::Respond { .. }, _) => Err(Refusal::RespondedAlready(party.clone())),

        (Answer::ReportIn { owns_matter: false, .. }, _) => Err(Refusal::NotInCharge),
        (Answer::ReportIn { officer, check_in, .. }, stage @ (Stage::Called | Stage::Responded)) => {
            let there = Event::ReportedIn {
                call: number,
                party: party.clone(),
                officer: officer.clone(),
                check_in: check_in.clone(),
                in_time: now <= called.report_in_due,
            };
            // Whoever comes without having answered has answered by coming.
            Ok(if stage == Stage::Called { vec![responded(officer), there] } else { vec![there] })
        }
        (Answer::ReportIn { .. }, _) => Err(Refusal::ReportedInAlready(party.clone())),

        (Answer::Progress { kind, note, evidence }, _) => {
            let (kind, note, evidence) = (*kind, note.clone(), evidence.clone());
            Ok(vec![Event::Progressed { party: party.clone(), kind, note, call: Some(number), evidence }])
        }

        (Answer::Done { outcome, note, evidence }, Stage::ReportedIn) => {
            let own_open = |task: &&Task| task.is_open() && task.party == *party && task.call == Some(number);
            if let Some(task) = state.tasks.iter().find(own_open) {
                return Err(Refusal::TaskOpen(task.number));
            }
            Ok(vec![Event::PartyDone {
                call: number,
                party: party.clone(),
                outcome: *outcome,
                note: note.clone(),
                in_time: state.is_in_time(call.completion_due, now),
                evidence: evidence.clone(),
            }])
        }
        (Answer::Return { basis, reason, proposes, due, district }, _) => {
            let sent = Sent { basis: *basis, reason, proposes, due: *due, district };
            returns::send_back(state, number, party, &sent)
        }
        (Answer::Done { .. }, _) => Err(Refusal::NotReportedIn(party.clone())),
        // These are said the same way by those who were not called: see `decide.rs`.
        (Answer::TaskDone { .. } | Answer::Found { .. }, _) => Ok(vec![]),
    }
}

/// A called party works on its tasks only once it is there.
pub(super) fn may_work(state: &State, task: &Task, by: &Code) -> Result<(), Refusal> {
    let Some(number) = task.call else { return Ok(()) };
    let (_, called) = of(state, number, by)?;
    if called.stage == Stage::ReportedIn { Ok(()) } else { Err(Refusal::NotReportedIn(by.clone())) }
}

/// The street lets a party go; what it had left to do nobody has to do any more. Who was not called, but was given tasks, is
/// let go from those: of a call that is none.
pub(super) fn release(state: &State, party: &Code, reason: &str) -> Decision {
    let called = state.open_calls().find(|call| call.is_expecting(party)).map(|call| call.number);
    let works = state.tasks.iter().any(|task| task.is_open() && task.party == *party && task.call.is_none());
    let call = called.or(works.then_some(0)).ok_or_else(|| Refusal::NotCalled {
        call: state.calls.last().map_or(0, |call| call.number),
        party: party.clone(),
    })?;
    Ok(vec![Event::Released { call, party: party.clone(), reason: reason.to_owned() }])
}

impl CalledParty {
    /// Whether something is still to come from it.
    pub(super) fn is_expected(&self) -> bool {
        self.stage < Stage::Done
    }

    /// Being let go wipes out nothing: whoever was there, was late or sent somebody who could not decide is measured all
    /// the same. Before that it was simply not needed; and whose matter it was not is nobody's to rate.
    fn is_measured(&self) -> bool {
        let was_right = self.returned.as_ref().is_some_and(|returned| returned.upheld);
        let has_failed = !self.late.is_empty() || self.kept_before.is_some();
        !was_right && (self.stage != Stage::Released || self.kept.done_in_time || has_failed)
    }

    /// Of clocks that started anew, both times count.
    pub(super) fn kept_throughout(&self) -> Kept {
        self.kept_before.map_or(self.kept, |before| before.and(self.kept))
    }
}

impl Kept {
    /// A limit counts as kept when it was kept both times.
    fn and(self, other: Self) -> Self {
        Self {
            responded_in_time: self.responded_in_time && other.responded_in_time,
            reported_in_in_time: self.reported_in_in_time && other.reported_in_in_time,
            done_in_time: self.done_in_time && other.done_in_time,
        }
    }
}

impl Call {
    pub(super) fn is_expecting(&self, party: &Code) -> bool {
        !self.ended && self.parties.iter().any(|called| called.party == *party && called.is_expected())
    }

    /// How the call ends when nobody is expected any more.
    pub(super) fn natural_ending(&self) -> CallEnding {
        let somebody_did = self.parties.iter().any(|called| called.stage == Stage::Done);
        if somebody_did { CallEnding::Done } else { CallEnding::Released }
    }
}

impl State {
    /// The number of the call that would be made now.
    pub(super) fn next_call(&self) -> u32 {
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    pub(super) fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| !call.ended)
    }

    /// Those made since the case was opened last.
    pub(super) fn calls_of_this_round(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.round > self.rounds)
    }

    pub(super) fn has_open_call(&self) -> bool {
        self.open_calls().next().is_some()
    }

    /// Whether a party is still expected on a call: what an order to it is derived from.
    #[must_use]
    pub fn expects(&self, call: u32, party: &Code) -> bool {
        self.calls.iter().any(|known| known.number == call && known.is_expecting(party))
    }

    /// How every called party kept its clocks, in every round, because the last resolution is what is scored; one called
    /// twice has to keep them twice, and whoever called it last rates it.
    pub(super) fn performance(&self) -> Vec<Performance> {
        let mut all: Vec<Performance> = Vec::new();
        let called = self.calls.iter().flat_map(|call| call.parties.iter().map(move |called| (call, called)));
        for (call, called) in called.filter(|(_, called)| called.is_measured()) {
            let last = Performance {
                party: called.party.clone(),
                calling_party: Some(call.caller.clone()),
                round: Some(call.round),
                kept: called.kept_throughout(),
            };
            match all.iter_mut().find(|known| known.party == last.party) {
                Some(known) => *known = Performance { kept: known.kept.and(last.kept), ..last },
                None => all.push(last),
            }
        }
        all
    }

    /// The least good of what the parties called in this round said, each with its last word.
    pub(super) fn worst_outcome(&self) -> Option<Outcome> {
        let rank = |outcome: &Outcome| Outcome::ALL.iter().position(|known| known == outcome);
        let called = self.calls_of_this_round().flat_map(|call| &call.parties);
        let said: BTreeMap<&Code, Outcome> =
            called.filter_map(|called| Some((&called.party, called.outcome?))).collect();
        said.into_values().max_by_key(rank)
    }
}

#[cfg(test)]
mod tests {
    use charter::Level;
    use decider::Decider;

    use super::super::tests::{BUILD, POLICE, STREET, after, code, given, grade, officer, passed_up, whistle};
    use super::super::{Command, Rules, Special};
    use super::*;

    fn special(parties: &[&str], chair: bool) -> Command {
        let Command::Call { mut whistle } = whistle(parties) else { unreachable!() };
        whistle.caller = code("wuchang-group");
        whistle.special = Some(Special { group: code("wuchang-group"), chair: chair.then(officer) });
        Command::Call { whistle }
    }

    #[test]
    fn a_special_group_calls_two_departments_under_a_chair_and_the_case_stays_the_districts() {
        let escalate = passed_up(STREET, "wuchang-group");
        let state = given(&[grade(), escalate]);
        assert_eq!(Rules::decide(&state, &special(&[POLICE, BUILD], false)), Err(Refusal::ChairNeeded));
        assert_eq!(Rules::decide(&state, &special(&[POLICE], true)), Err(Refusal::TwoDepartments));
        assert_eq!(Rules::decide(&state, &special(&[POLICE, POLICE], true)), Err(Refusal::TwoDepartments));
        let state = after(state, &special(&[POLICE, BUILD], true));
        assert_eq!(state.matter.as_ref().unwrap().level, Level::C);
        let not_holder = given(&[grade()]);
        assert!(matches!(
            Rules::decide(&not_holder, &special(&[POLICE, BUILD], true)),
            Err(Refusal::NotTheHolder { .. })
        ));
    }
}
