//! How a case ends, and how it comes back.

use charter::Level;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Outcome;

use super::decide::Decision;
use super::{
    Call, CallEnding, CloseReason, Event, Matter, Phase, Refusal, Resolution, Stage, State, Terms, evolve, handing_on,
    joint_operation, recurrence,
};

pub(super) fn resolve(
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
    if is_uncalled(state, matter, outcome) {
        return Err(Refusal::CallNeeded);
    }
    if !is_shown(state, matter, outcome, !evidence.is_empty()) {
        return Err(Refusal::EvidenceNeeded);
    }
    Ok(vec![resolution(state, matter, said, by.clone(), rating_due)])
}

/// B2 is what a street solves with departments: solved without one having been called, it was B1. Any call counts,
/// whoever came to it and in whichever round; an honest end as something else needs none.
fn is_uncalled(state: &State, matter: &Matter, outcome: Outcome) -> bool {
    outcome == Outcome::Solved && matter.level == Level::B2 && state.calls.is_empty()
}

/// What the charter wants evidence for is not solved without.
fn is_shown(state: &State, matter: &Matter, outcome: Outcome, now: bool) -> bool {
    outcome != Outcome::Solved || !matter.evidence_needed || state.evidenced || now
}

/// As [`with_consequences`], for whoever says that their part is done: the last of them has to have something to show,
/// if it is needed and nobody before had. What comes back to its place stays open without that, until its cause is found.
pub(super) fn finish(state: &State, events: Vec<Event>, by: &Code, rating_due: Timestamp) -> Decision {
    let (events, after) = consequences(state, events, by, rating_due);
    let is_missing = |matter: &Matter| !matter.comprehensive && !is_shown(&after, matter, Outcome::Solved, false);
    match &after.matter {
        Some(matter) if after.phase == Phase::Open && after.is_worked_off() && is_missing(matter) => {
            Err(Refusal::EvidenceNeeded)
        }
        Some(_) | None => Ok(events),
    }
}

/// A call ends with its last party, and a called case is resolved when its last call and task are done.
pub(super) fn with_consequences(state: &State, events: Vec<Event>, by: &Code, rating_due: Timestamp) -> Vec<Event> {
    consequences(state, events, by, rating_due).0
}

/// The events with what follows from them, and the state after all of it.
fn consequences(state: &State, mut events: Vec<Event>, by: &Code, rating_due: Timestamp) -> (Vec<Event>, State) {
    let mut after = events.iter().fold(state.clone(), evolve::evolve);
    let ended: Vec<Event> = after
        .open_calls()
        .filter(|call| call.parties.iter().all(|called| !called.is_expected()))
        .map(|call| Event::CallEnded { call: call.number, ending: call.natural_ending() })
        .collect();
    after = ended.iter().fold(after, evolve::evolve);
    events.extend(ended);
    if let Some(resolved) = joint_operation::concluded(&after, rating_due) {
        after = evolve::evolve(after, &resolved);
        events.push(resolved);
    } else if let Some(matter) = &after.matter
        && after.is_worked_off()
        && !matter.comprehensive
    {
        let (outcome, note) = lead_outcome(&after, &events);
        // What keeps coming back stays with its holder until the cause is found.
        if is_shown(&after, matter, outcome, false) && !recurrence::is_superficial(&after, outcome) {
            let resolved = resolution(&after, matter, (outcome, &note, &[]), by.clone(), rating_due);
            after = evolve::evolve(after, &resolved);
            events.push(resolved);
        }
    }
    (events, after)
}

/// What the party that finished last says, unless somebody before it had to leave it unsolved.
fn lead_outcome(after: &State, events: &[Event]) -> (Outcome, String) {
    let said = events.iter().find_map(|event| {
        let Event::PartyDone { outcome, note, .. } = event else { return None };
        Some((*outcome, note.clone()))
    });
    let (outcome, note) = said.unwrap_or((Outcome::Solved, String::new()));
    let worst = after.worst_outcome().unwrap_or(outcome);
    (worst, note)
}

pub(super) fn resolution(
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
        asking: state.asking(rating_due),
        holder: matter.holder.clone(),
        evidence: evidence.to_vec(),
    }))
}

/// The clock starts anew under the limit of the last judgement; the one of `terms` counts where none is on the record. It
/// reaches its holder again, and everybody who came to a call of this round and said that it was done.
pub(super) fn reopened(state: &State, reason: &str, terms: &Terms) -> Event {
    let mut told: Vec<Code> = state.matter.iter().map(|matter| matter.holder.clone()).collect();
    let this_round = state.calls.iter().filter(|call| call.round == state.rounds);
    let called = this_round.flat_map(|call| &call.parties);
    for done in called.filter(|called| called.stage == Stage::Done) {
        if !told.contains(&done.party) {
            told.push(done.party.clone());
        }
    }
    let answer = handing_on::asked_again(state, terms);
    let own = state.matter.as_ref().and_then(|matter| matter.clock.start).map(|start| start.limit);
    let terms = Terms { limit: own.unwrap_or(terms.limit), ..terms.clone() };
    Event::Reopened { reason: reason.to_owned(), due: terms.deadline().due, start: Some(terms.start()), told, answer }
}

/// Nobody has to come any more for what the enforcement centre is through with, and nobody's clocks suffer from it.
pub(super) fn let_everybody_go(state: &State, reason: &str) -> Vec<Event> {
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
pub(super) fn end(state: &State, reason: CloseReason) -> Vec<Event> {
    if state.phase == Phase::Closed {
        return vec![];
    }
    let cancelled =
        state.open_calls().map(|call: &Call| Event::CallEnded { call: call.number, ending: CallEnding::Cancelled });
    cancelled.chain([Event::Closed { reason, outcome: None }]).collect()
}

impl State {
    /// It was called on since it was opened last, somebody came and did it, and nothing is left to do. What the city has ends
    /// by its word alone.
    pub(super) fn is_worked_off(&self) -> bool {
        if self.matter.as_ref().is_some_and(|matter| matter.with_city) {
            return false;
        }
        let all_done = !self.has_open_call() && self.tasks.iter().all(|task| task.done);
        all_done && self.calls_of_this_round().any(|call| call.natural_ending() == CallEnding::Done)
    }
}

#[cfg(test)]
mod tests {
    use decider::Decider;

    use super::super::tests::{
        BUILD, POLICE, STREET, after, answer, at, check, code, done, given, grade_as, judged, names, passed_up, plan,
        report_in, respond, terms, whistle,
    };
    use super::super::{Answer, Command, Kept, Rules};
    use super::*;

    const DISTRICT: &str = "wuchang-centre";

    fn resolve(evidence: &[&str]) -> Command {
        Command::Resolve {
            by: code(STREET),
            outcome: Outcome::Solved,
            summary: "fine".to_owned(),
            evidence: evidence.iter().map(|reference| (*reference).to_owned()).collect(),
            rating_due: at(30_000),
        }
    }

    #[test]
    fn what_needs_evidence_is_not_solved_without_and_may_still_end_otherwise() {
        let state = given(&[judged(1, "street-lights", true)]);
        assert_eq!(Rules::decide(&state, &resolve(&[])), Err(Refusal::EvidenceNeeded));
        assert_eq!(names(&Rules::decide(&state, &resolve(&["sha256:77d6"])).unwrap()), ["Resolved"]);
        let mut explained = resolve(&[]);
        if let Command::Resolve { outcome, .. } = &mut explained {
            *outcome = Outcome::Explained;
        }
        assert_eq!(names(&Rules::decide(&state, &explained).unwrap()), ["Resolved"]);
    }

    #[test]
    fn b2_is_solved_with_a_call_or_was_b1() {
        let judged_at = |graded_by: u64, level: Level| {
            let Command::Grade { mut assignment, terms, instead } = grade_as(graded_by, terms(0, "14d")) else {
                unreachable!()
            };
            assignment.level = level;
            Command::Grade { assignment, terms, instead }
        };
        let state = given(&[judged_at(1, Level::B2)]);
        assert_eq!(Rules::decide(&state, &resolve(&["swept.jpg"])), Err(Refusal::CallNeeded));
        let mut explained = resolve(&[]);
        if let Command::Resolve { outcome, .. } = &mut explained {
            *outcome = Outcome::NotSolved;
        }
        assert_eq!(names(&Rules::decide(&state, &explained).unwrap()), ["Resolved"], "an honest end stays possible");
        let regraded = after(state.clone(), &judged_at(2, Level::B1));
        assert_eq!(names(&Rules::decide(&regraded, &resolve(&[])).unwrap()), ["Resolved"]);
        // Whoever was called and was let go was called all the same.
        let called = after(after(state.clone(), &whistle(&[POLICE])), &release(POLICE));
        assert_eq!(names(&Rules::decide(&called, &resolve(&[])).unwrap()), ["Resolved"]);
        // What goes up is no longer the street's to call on.
        let escalate = passed_up(STREET, DISTRICT);
        let state = after(state, &escalate);
        let mut of_district = resolve(&[]);
        if let Command::Resolve { by, .. } = &mut of_district {
            *by = code(DISTRICT);
        }
        assert_eq!(names(&Rules::decide(&state, &of_district).unwrap()), ["Resolved"]);
    }

    #[test]
    fn the_last_party_shows_something_if_nobody_before_it_has() {
        let called = given(&[judged(1, "street-lights", true), whistle(&[POLICE]), answer(POLICE, 5, report_in())]);
        assert_eq!(Rules::decide(&called, &answer(POLICE, 9, done())), Err(Refusal::EvidenceNeeded));
        let shown =
            Answer::Done { outcome: Outcome::Solved, note: String::new(), evidence: vec!["lamp.jpg".to_owned()] };
        assert_eq!(
            names(&Rules::decide(&called, &answer(POLICE, 9, shown)).unwrap()),
            ["PartyDone", "CallEnded", "Resolved"]
        );
        // What was shown with a task counts for the case; after a reopening it does not any more.
        let task = Answer::TaskDone { task: 1, note: String::new(), evidence: vec!["lamp.jpg".to_owned()] };
        let state = after(after(called, &plan(&[(POLICE, &[])])), &answer(POLICE, 7, task));
        let state = after(state, &answer(POLICE, 9, done()));
        let state = after(state, &Command::Reopen { reason: "dark again".to_owned(), terms: terms(10, "3d") });
        assert_eq!(Rules::decide(&state, &resolve(&[])), Err(Refusal::EvidenceNeeded));
    }

    #[test]
    fn what_is_opened_again_has_as_long_as_it_had() {
        let done = given(&[grade_as(1, terms(0, "15d")), resolve(&[])]);
        // Whoever opens it again knows of a general limit only.
        let again = after(done.clone(), &Command::Reopen { reason: "dark again".to_owned(), terms: terms(60, "7d") });
        assert_eq!(again.matter.unwrap().clock.due, at(60 + 15 * 24 * 60));
        let rated = Command::Rate { round: 1, solved: false, reason: "no".to_owned(), terms: terms(60, "7d") };
        assert_eq!(after(done, &rated).matter.unwrap().clock.due, at(60 + 15 * 24 * 60));
    }

    #[test]
    fn nobody_takes_back_what_is_answered() {
        let done = given(&[grade_as(1, terms(0, "15d")), resolve(&[])]);
        assert_eq!(Rules::decide(&done, &Command::Withdraw), Ok(vec![]), "it waits for who rates it");
        let open = given(&[grade_as(1, terms(0, "15d"))]);
        assert_eq!(names(&Rules::decide(&open, &Command::Withdraw).unwrap()), ["Closed"]);
    }

    fn release(party: &str) -> Command {
        let reason = "somebody else does it".to_owned();
        Command::Release { by: code(STREET), party: code(party), reason, rating_due: at(30_000) }
    }

    fn not_solved() -> Answer {
        Answer::Done { outcome: Outcome::NotSolved, note: "no budget".to_owned(), evidence: vec![] }
    }

    fn resolved(events: &[Event]) -> &Resolution {
        let resolution = events
            .iter()
            .find_map(|event| if let Event::Resolved(resolution) = event { Some(resolution) } else { None });
        resolution.unwrap_or_else(|| panic!("not resolved: {events:?}"))
    }

    #[test]
    fn what_was_done_before_it_was_opened_again_solves_nothing_now() {
        let first = [grade_as(1, terms(0, "15d")), whistle(&[POLICE]), answer(POLICE, 5, report_in())];
        let again = Command::Reopen { reason: "still there".to_owned(), terms: terms(60, "7d") };
        let state = given(&[&first[..], &[answer(POLICE, 9, not_solved()), again]].concat());
        // Nobody worked now: whoever is called is let go again, and it stays its holder's.
        let called = after(state.clone(), &whistle(&[BUILD]));
        assert_eq!(names(&Rules::decide(&called, &release(BUILD)).unwrap()), ["Released", "CallEnded"]);
        // Neither does a task of its own end it, and as what it was before least of all.
        let planned = after(state, &plan(&[(STREET, &[])]));
        let (note, evidence) = (String::new(), vec![]);
        let task_done =
            Command::CompleteTask { by: code(STREET), task: 1, note, evidence, now: at(70), rating_due: at(30_000) };
        let worked = Rules::decide(&planned, &task_done).unwrap();
        assert_eq!(names(&worked), ["TaskDone"]);
        let said = Rules::decide(&after(planned, &task_done), &resolve(&[])).unwrap();
        assert_eq!(resolved(&said).outcome, Outcome::Solved);
    }

    #[test]
    fn what_one_called_party_could_not_solve_is_not_solved_whoever_was_called_after_it() {
        let on_call_2 = |mut said: Command| {
            if let Command::Answer { call, .. } = &mut said {
                *call = 2;
            }
            said
        };
        let first = [grade_as(1, terms(0, "15d")), whistle(&[POLICE]), answer(POLICE, 5, report_in())];
        let both = given(&[&first[..], &[whistle(&[BUILD]), on_call_2(answer(BUILD, 6, report_in()))]].concat());
        let state = after(both, &on_call_2(answer(BUILD, 8, done())));
        let last = Rules::decide(&state, &answer(POLICE, 9, not_solved())).unwrap();
        assert_eq!(resolved(&last).outcome, Outcome::NotSolved);
        // Called once more, it may take its word back.
        let waits = [plan(&[(STREET, &[])]), answer(POLICE, 9, not_solved()), whistle(&[POLICE])];
        let state = given(&[&first[..], &waits, &[on_call_2(answer(POLICE, 10, report_in()))]].concat());
        let state = after(state, &on_call_2(answer(POLICE, 11, done())));
        let (note, evidence) = (String::new(), vec![]);
        let task_done =
            Command::CompleteTask { by: code(STREET), task: 1, note, evidence, now: at(70), rating_due: at(30_000) };
        assert_eq!(resolved(&Rules::decide(&state, &task_done).unwrap()).outcome, Outcome::Solved);
    }

    #[test]
    fn who_was_late_and_is_let_go_has_not_kept_its_clocks() {
        let called = given(&[grade_as(1, terms(0, "15d")), whistle(&[POLICE, BUILD]), answer(BUILD, 5, report_in())]);
        let let_go = |minute| after(after(called.clone(), &check(minute)), &release(POLICE));
        let kept = |state: State| -> Vec<(String, bool)> {
            let done = after(state, &answer(BUILD, 40, done()));
            done.performance().into_iter().map(|it| (it.party.to_string(), it.kept.responded_in_time)).collect()
        };
        assert_eq!(kept(let_go(29)), [(BUILD.to_owned(), true)], "in time it was simply not needed");
        assert_eq!(kept(let_go(30)), [(POLICE.to_owned(), false), (BUILD.to_owned(), true)]);
        // Before the clock rang its own answer said so.
        let answered = after(called.clone(), &answer(POLICE, 31, respond()));
        assert_eq!(kept(after(answered, &release(POLICE)))[0], (POLICE.to_owned(), false));
    }

    #[test]
    fn whoever_came_and_is_let_go_has_done_its_part_unless_its_time_was_up() {
        let there = given(&[
            grade_as(1, terms(0, "15d")),
            whistle(&[POLICE, BUILD]),
            answer(POLICE, 5, report_in()),
            answer(BUILD, 5, report_in()),
        ]);
        let kept = |state: State| after(state, &release(POLICE)).performance()[0].kept;
        let all = Kept { responded_in_time: true, reported_in_in_time: true, done_in_time: true };
        assert_eq!(kept(there.clone()), all);
        assert_eq!(kept(after(there, &check(10_000))), Kept { done_in_time: false, ..all });
    }

    /// The new start of its clocks is no second chance.
    #[test]
    fn whoever_sent_somebody_who_could_not_decide_has_been_late_all_the_same() {
        let disqualify = Command::Disqualify {
            by: code(STREET),
            call: 1,
            party: code(POLICE),
            reason: "could not show the rule it rests on".to_owned(),
            response_due: at(200),
            report_in_due: at(300),
        };
        let came = |minute| {
            let called = given(&[grade_as(1, terms(0, "15d")), whistle(&[POLICE, BUILD])]);
            after(after(called, &answer(POLICE, minute, report_in())), &disqualify)
        };
        let let_go = |minute| after(came(minute), &release(POLICE)).performance()[0].kept;
        let again = |minute| {
            let state = after(came(minute), &answer(POLICE, 140, report_in()));
            after(state, &answer(POLICE, 150, done())).performance()[0].kept
        };
        assert_eq!((let_go(5), let_go(125)), (Kept::default(), Kept::default()));
        let nobody_in_charge = Kept { responded_in_time: true, reported_in_in_time: false, done_in_time: true };
        assert_eq!(again(5), nobody_in_charge);
        assert_eq!(again(125), Kept { responded_in_time: false, ..nobody_in_charge });
    }

    #[test]
    fn whoever_called_a_party_rates_it() {
        let escalate = passed_up(STREET, DISTRICT);
        let mut theirs = whistle(&[BUILD]);
        if let Command::Call { whistle } = &mut theirs {
            whistle.caller = code(DISTRICT);
        }
        let state = given(&[grade_as(1, terms(0, "15d")), whistle(&[POLICE]), escalate, theirs]);
        let raters: Vec<_> = state.performance().into_iter().map(|it| it.calling_party.unwrap()).collect();
        assert_eq!(raters, [code(STREET), code(DISTRICT)]);
    }

    #[test]
    fn whoever_called_lets_go_also_when_the_case_has_gone_up() {
        let escalate = passed_up(STREET, DISTRICT);
        let called = given(&[grade_as(1, terms(0, "15d")), whistle(&[POLICE, BUILD])]);
        let gone_up = after(called, &escalate);
        for by in [STREET, DISTRICT] {
            let release = Command::Release {
                by: code(by),
                party: code(POLICE),
                reason: "not needed".to_owned(),
                rating_due: at(9),
            };
            assert_eq!(names(&Rules::decide(&gone_up, &release).unwrap()), ["Released"], "{by}");
        }
    }

    /// Nobody who is released can be asked for evidence: the holder ends such a case.
    #[test]
    fn a_release_never_solves_what_nobody_has_shown() {
        let two = given(&[judged(1, "street-lights", true), whistle(&[POLICE, BUILD]), answer(POLICE, 5, report_in())]);
        let state = after(two, &answer(POLICE, 9, done()));
        let released = Rules::decide(&state, &release(BUILD)).unwrap();
        assert_eq!(names(&released), ["Released", "CallEnded"]);
        let state = released.iter().fold(state, Rules::evolve);
        assert_eq!(names(&Rules::decide(&state, &resolve(&["lamp.jpg"])).unwrap()), ["Resolved"]);
    }
}
