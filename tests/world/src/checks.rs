//! What has to hold: of each commit as it comes, and of everything once nothing is left to follow. Counted from the facts on
//! the record, beside what the owners keep.

use std::collections::{BTreeMap, BTreeSet};

use casebook::Line;
use charter::Level;
use dispatch::above;
use dispatch::domain::{Clock, CloseReason, Event, Phase, Scope};
use enforcement_center::domain::operation::Stage;
use evaluation::domain as evaluating;
use ids::{Code, Owner};
use intake::domain as taking;
use jiff::Timestamp;
use proto::FromWireTime;
use record::{Aggregate, StoredCommit};
use triage::domain as judging;

use crate::helped::{nobody_was_asked, waits_for_somebody};
use crate::merged::merged;
use crate::world::World;

pub type Found = Result<(), String>;

pub fn wrong(what: impl Into<String>) -> Found {
    Err(what.into())
}

/// One clock that was found late: which, of what, due when.
type Missed = (String, Option<u32>, Code, Option<u32>, Option<u32>, Timestamp);

/// What somebody who reads the record knows of one case.
#[derive(Default)]
struct Known {
    called: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    gone: BTreeSet<(u32, Code)>,
    /// Parties of calls by how they went: there, released, sent back; and whether they failed.
    parties: BTreeMap<(u32, Code), Went>,
    resolved: Option<u32>,
    /// A called party has said since the case was opened last that it was done.
    worked: bool,
    closed: bool,
    missed: BTreeSet<Missed>,
    level: Option<Level>,
    /// When the clock of the case started.
    start: Option<Timestamp>,
    /// Until when each call is to be done, as long as time never stood still.
    completion: BTreeMap<u32, Timestamp>,
    stood_still: bool,
    requested: BTreeSet<u32>,
    scored: BTreeSet<(u32, Code)>,
}

#[derive(Default)]
struct Went {
    /// It was late, or sent somebody who could not decide.
    failed: bool,
    /// Somebody has come who could decide.
    there: bool,
    released: bool,
    sent_back: bool,
}

/// Reads the record as it grows.
#[derive(Default)]
pub struct Watch {
    read: usize,
    known: BTreeMap<usize, Known>,
}

impl Watch {
    pub fn look(&mut self, world: &World) -> Found {
        for stored in &world.record[self.read..] {
            let case = world.cases.iter().position(|case| case.key == stored.subject.key).unwrap();
            let known = self.known.entry(case).or_default();
            let at = stored.commit.at.time().unwrap();
            for fact in stored.commit.facts() {
                match stored.subject.owner {
                    Owner::Dispatch => {
                        let event = dispatch::Rules::from_wire(fact).unwrap();
                        known.dispatched(&event, at).map_err(|what| format!("case {case}: {what}\n{event:?}"))?;
                    }
                    Owner::Evaluation => {
                        let event = evaluation::Rules::from_wire(fact).unwrap();
                        known.evaluated(&event).map_err(|what| format!("case {case}: {what}"))?;
                    }
                    Owner::Intake | Owner::Triage | Owner::EnforcementCenter | Owner::Notification | Owner::Powers => {}
                }
            }
        }
        self.read = world.record.len();
        Ok(())
    }

    /// Once nothing is left to follow, and every alarm that is due has rung.
    pub fn at_rest(&mut self, world: &mut World) -> Found {
        self.look(world)?;
        for case in 0..world.cases.len() {
            let known = self.known.entry(case).or_default();
            let all = || {
                known.agrees(world, case)?;
                words_have_their_effect(world, case)?;
                somebody_has_it(world, case)?;
                clocks_run(world, case)?;
                scores_are_complete(world, case, known)?;
                joint_work_is_where_the_case_is(world, case)?;
                waits_for_somebody(world, case)?;
                merged(world, case)
            };
            all().map_err(|what| format!("case {case}: {what}"))?;
        }
        Ok(())
    }
}

impl Known {
    fn has_open_call(&self) -> bool {
        self.called != self.ended
    }

    fn went(&mut self, call: u32, party: &Code) -> &mut Went {
        self.parties.entry((call, party.clone())).or_default()
    }

    /// One fact of dispatch after the others: a legal step, and never early.
    #[allow(clippy::wildcard_enum_match_arm, reason = "only what is counted here is of interest")]
    fn dispatched(&mut self, event: &Event, at: Timestamp) -> Found {
        if self.closed {
            return wrong("after the end");
        }
        match event {
            Event::Assigned(assigned) => {
                if self.has_open_call() {
                    return wrong("given to somebody, or judged anew, while departments are called");
                }
                let start = assigned.start.map(|start| start.at);
                if self.start.is_some_and(|known| Some(known) != start) {
                    return wrong("its clock does not go on");
                }
                self.start = start;
                self.level = Some(assigned.level);
                // Judged to have longer, and then as long as before, it may be late for the same day once more.
                self.missed.retain(|missed| missed.0 != "Case");
            }
            Event::Escalated { to, .. } => self.level = Some(*to),
            Event::Transferred { .. } => self.level = Some(Level::D),
            Event::CityReturned { .. } => self.level = Some(Level::C),
            Event::Called { call, whistle } => {
                if !self.called.insert(*call) {
                    return wrong("called twice under one number");
                }
                self.level = self.level.map(|level| level.max(Level::B2));
                self.completion.insert(*call, whistle.completion_due);
                for (party, _) in &whistle.parties {
                    self.went(*call, party);
                }
            }
            Event::Responded { call, party, in_time, .. } => {
                self.goes_on(*call)?;
                self.went(*call, party).failed |= !in_time;
            }
            Event::ReportedIn { call, party, in_time, .. } => {
                self.goes_on(*call)?;
                let went = self.went(*call, party);
                (went.there, went.failed) = (true, went.failed || !in_time);
            }
            Event::Reminded { call, .. } => self.goes_on(*call)?,
            Event::PartyDone { call, party, .. } => {
                self.goes_on(*call)?;
                self.goes(*call, party)?;
                self.worked = true;
            }
            Event::Released { call, party, .. } => {
                self.goes_on(*call)?;
                self.goes(*call, party)?;
                self.went(*call, party).released = true;
            }
            Event::ReturnAdjudicated { call, party, upheld: true, .. } => {
                self.goes(*call, party)?;
                let went = self.went(*call, party);
                (went.released, went.sent_back) = (true, true);
            }
            Event::Unqualified { call, party, .. } => {
                let went = self.went(*call, party);
                (went.there, went.failed) = (false, true);
            }
            Event::CallEnded { call, .. } if !self.called.contains(call) || !self.ended.insert(*call) => {
                return wrong("a call ends once");
            }
            Event::ColourRaised { call, completion_due, .. } => {
                let due = self.completion.entry(*call).or_insert(*completion_due);
                *due = (*due).min(*completion_due);
            }
            Event::Extended { scope: Scope::Call(call), due, .. } => drop(self.completion.insert(*call, *due)),
            Event::Suspended { .. } => self.stood_still = true,
            Event::Overdue { clock, call, party, task, order, due, .. } => {
                if *due > at {
                    return wrong(format!("found late at {at}, before it was"));
                }
                let missed = (format!("{clock:?}"), *call, party.clone(), *task, *order, *due);
                if !self.missed.insert(missed) {
                    return wrong("told twice");
                }
                if matches!(clock, Clock::Response | Clock::ReportIn | Clock::Completion) {
                    self.went(call.unwrap(), party).failed = true;
                }
            }
            Event::Resolved(resolution) => {
                if self.resolved.replace(resolution.round).is_some() || self.has_open_call() {
                    return wrong("answered twice, or while departments are called");
                }
                // A round ends by the work of this round, or by the word of its holder.
                if !self.worked && resolution.by != resolution.holder {
                    return wrong("answered, and nobody has worked on it since it was opened last");
                }
                let measured: BTreeSet<Code> = resolution.performance.iter().map(|it| it.party.clone()).collect();
                let due: BTreeSet<Code> = self
                    .parties
                    .iter()
                    .filter(|(_, went)| !went.sent_back && (!went.released || went.there || went.failed))
                    .map(|((_, party), _)| party.clone())
                    .collect();
                if measured != due {
                    return wrong(format!("it measures {measured:?}, and should {due:?}"));
                }
            }
            Event::Reopened { start, .. } => {
                if self.resolved.take().is_none() {
                    return wrong("opened again, and was open");
                }
                self.worked = false;
                self.start = start.map(|start| start.at);
            }
            Event::Closed { reason, .. } => {
                if self.has_open_call() {
                    return wrong("closed while departments are called");
                }
                let given_up = matches!(reason, CloseReason::Withdrawn | CloseReason::Merged);
                if given_up && self.resolved.is_some() {
                    return wrong("taken back after it was answered");
                }
                self.closed = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn goes_on(&self, call: u32) -> Found {
        if self.ended.contains(&call) { wrong("on a call that is over") } else { Ok(()) }
    }

    fn goes(&mut self, call: u32, party: &Code) -> Found {
        if self.gone.insert((call, party.clone())) { Ok(()) } else { wrong("gone twice") }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "only what is counted here is of interest")]
    fn evaluated(&mut self, event: &evaluating::Event) -> Found {
        match event {
            evaluating::Event::RatingRequested { asked, .. } if !self.requested.insert(asked.round) => {
                wrong(format!("round {} is asked about twice", asked.round))
            }
            evaluating::Event::Scored(score) if !self.scored.insert((score.round, score.party.clone())) => {
                wrong(format!("{} is scored twice for round {}", score.party, score.round))
            }
            _ => Ok(()),
        }
    }

    /// What dispatch keeps, and what a list shows, is what the facts say.
    fn agrees(&self, world: &World, case: usize) -> Found {
        let kept = &world.cases[case];
        let Some(matter) = &kept.dispatch.matter else { return Ok(()) };
        if self.level != Some(matter.level) {
            return wrong(format!("its level is {:?}, and dispatch has {:?}", self.level, matter.level));
        }
        if self.start != matter.clock.start.map(|start| start.at) {
            return wrong(format!("its clock started at {:?}, and dispatch has {:?}", self.start, matter.clock.start));
        }
        for call in kept.dispatch.calls.iter().filter(|_| !self.stood_still) {
            if self.completion[&call.number] != call.completion_due {
                return wrong(format!("call {} is due {}", call.number, self.completion[&call.number]));
            }
        }
        if let Some(start) = matter.clock.start
            && !self.stood_still
            && matter.clock.granted.is_none()
            && world.charter.deadline(start.at, &start.limit).due != matter.clock.due
        {
            return wrong("its deadline is not what the calendar says");
        }
        let mut line = Line::of(&kept.key);
        world.whole(case).iter().for_each(|stored| line.add(&stored.commit));
        let shown = (line.summary.owner.as_str(), line.summary.level.as_str(), line.summary.category.as_str());
        let has = (matter.holder.as_str(), matter.level.as_str(), matter.category.as_str());
        if shown != has {
            return wrong(format!("the list shows {shown:?}, and {has:?} has it"));
        }
        let said = ["closed", "resolved", "called"].into_iter().find(|state| *state == line.summary.state);
        let is = match kept.dispatch.phase {
            Phase::Closed => Some("closed"),
            Phase::Resolved { .. } => Some("resolved"),
            Phase::Unknown | Phase::Open => self.has_open_call().then_some("called"),
        };
        if said != is {
            return wrong(format!("the list says {}, and it is {is:?}", line.summary.state));
        }
        Ok(())
    }
}

fn dispatch_events(world: &World, case: usize) -> Vec<Event> {
    let history = world.history(case, Owner::Dispatch);
    history
        .iter()
        .flat_map(|stored| stored.commit.facts())
        .map(|fact| dispatch::Rules::from_wire(fact).unwrap())
        .collect()
}

/// Whatever somebody was told was taken has done something.
fn words_have_their_effect(world: &World, case: usize) -> Found {
    let kept = &world.cases[case];
    let phase = kept.dispatch.phase;
    let over = phase == Phase::Closed;
    let answered = matches!(phase, Phase::Resolved { .. });
    if kept.intake.withdrawal_asked && !over && !answered {
        return wrong("its caller took it back, and it goes on");
    }
    if kept.intake.exclusion == taking::Exclusion::Approved && !over {
        return wrong("it is left out, and goes on");
    }
    if kept.intake.merged_into.is_some() && !over && !answered {
        return wrong("it is part of another, and goes on");
    }
    if let Some(round) = &kept.evaluation.round {
        if phase == Phase::Open && round.waits() {
            return wrong("it is open again, and whoever was asked to rate still is");
        }
        let rated = round.caller.is_some();
        let same_round = answered && kept.dispatch.rounds == round.asked.round;
        if same_round && (rated || round.lapsed) {
            return wrong("it was rated, or nobody did in time, and it still waits");
        }
    }
    // "Not solved" is stronger than the end of the time to say so.
    let mut unsolved = BTreeSet::new();
    for stored in world.history(case, Owner::Evaluation) {
        for fact in stored.commit.facts() {
            let event = evaluation::Rules::from_wire(fact).unwrap();
            if let evaluating::Event::Rated { round, solved: false, .. } = event {
                unsolved.insert(round);
            }
        }
    }
    let mut current = 0;
    for event in dispatch_events(world, case) {
        if let Event::Resolved(resolution) = &event {
            current = resolution.round;
        }
        let ends = matches!(event, Event::Closed { reason: CloseReason::Rated | CloseReason::Unrated, .. });
        if ends && unsolved.contains(&current) {
            return wrong(format!("the caller said of round {current} that it is not solved, and it was closed"));
        }
    }
    let newest = newest_judgement(world, case);
    if phase == Phase::Open
        && kept.dispatch.calls.iter().all(|call| call.ended)
        && let (Some(newest), Some(matter)) = (newest, &kept.dispatch.matter)
        && matter.graded_by != newest
    {
        return wrong(format!("judgement {newest} does not hold, {} does", matter.graded_by));
    }
    Ok(())
}

fn newest_judgement(world: &World, case: usize) -> Option<u64> {
    let judges = |stored: &StoredCommit| {
        stored.commit.triage_facts().any(|fact| ["Classified", "Judged", "Regraded"].contains(&fact.name()))
    };
    let history = world.history(case, Owner::Triage);
    history.iter().filter(|stored| judges(stored)).map(|stored| stored.subject.revision.0).max()
}

/// A case is never nobody's.
fn somebody_has_it(world: &World, case: usize) -> Found {
    let kept = &world.cases[case];
    let gave_up = kept.intake.has_left() || kept.intake.merged_into.is_some();
    match (&kept.triage, kept.dispatch.phase) {
        (judging::State::Unknown, _) => wrong("triage never heard of it"),
        (judging::State::Judged { .. }, Phase::Unknown) => wrong("judged, and dispatch never heard of it"),
        (judging::State::Waiting { .. } | judging::State::Judged { .. }, _) if gave_up => {
            wrong("its caller gave up, and triage still has it")
        }
        (judging::State::Dismissed, Phase::Unknown) => wrong("it left, and dispatch has not closed it"),
        (judging::State::Waiting { .. } | judging::State::Judged { .. } | judging::State::Dismissed, _) => {
            let Some(matter) = &kept.dispatch.matter else { return Ok(()) };
            let Some(party) = world.charter.party(matter.holder.as_str()) else { return wrong("nobody has it") };
            if matter.level < above::level_of(party.kind) {
                return wrong(format!("{} has it at level {}", party.code, matter.level));
            }
            Ok(())
        }
    }
}

/// No deadline is forgotten: what is due has acted, and what will be has its alarm.
fn clocks_run(world: &World, case: usize) -> Found {
    let kept = &world.cases[case];
    let next = [
        (Owner::Triage, triage::Rules::next_deadline(&kept.triage)),
        (Owner::Dispatch, dispatch::Rules::next_deadline(&kept.dispatch)),
        (
            Owner::EnforcementCenter,
            <enforcement_center::domain::operation::Rules as Aggregate>::next_deadline(&kept.centre),
        ),
        (Owner::Evaluation, evaluation::Rules::next_deadline(&kept.evaluation)),
    ];
    for (owner, next) in next {
        let Some(next) = next else { continue };
        if next <= world.now {
            return wrong(format!("{owner} has missed a deadline at {next}"));
        }
        if world.alarms.get(&(owner, case)).is_none_or(|alarm| *alarm > next) {
            return wrong(format!("{owner} has no alarm for {next}"));
        }
    }
    Ok(())
}

/// Everybody who is measured has a score, once whoever rates has rated or has not in time.
fn scores_are_complete(world: &World, case: usize, known: &Known) -> Found {
    let kept = &world.cases[case];
    let events = dispatch_events(world, case);
    let last = events.iter().rev().find_map(|event| if let Event::Resolved(it) = event { Some(it) } else { None });
    let Some(last) = last else { return Ok(()) };
    if nobody_was_asked(&events) {
        return Ok(());
    }
    let left = events.iter().any(|event| matches!(event, Event::Closed { reason: CloseReason::Excluded, .. }));
    let Some(round) = &kept.evaluation.round else { return wrong("answered, and nobody is asked to rate") };
    if round.asked.round != last.round {
        return wrong(format!("round {} is answered, and {} is rated", last.round, round.asked.round));
    }
    let comes_later = round.waits() || round.put_off && !round.lapsed;
    if left || comes_later {
        return Ok(());
    }
    for performance in &last.performance {
        if !known.scored.contains(&(last.round, performance.party.clone())) {
            return wrong(format!("{} has no score", performance.party));
        }
    }
    Ok(())
}

/// An operation is under way where, and only where, a centre has the case.
fn joint_work_is_where_the_case_is(world: &World, case: usize) -> Found {
    let kept = &world.cases[case];
    let operation = kept.centre.operation.as_deref();
    let is_over = operation.is_none_or(|operation| operation.is_over());
    let joint = kept.dispatch.matter.as_ref().filter(|matter| matter.comprehensive);
    match (kept.dispatch.phase, joint) {
        (Phase::Open, Some(matter)) => {
            let Some(operation) = operation else { return wrong("a centre has it, and there is no operation") };
            if operation.opening.centre != matter.holder {
                return wrong(format!("{} has it, and {} runs it", matter.holder, operation.opening.centre));
            }
            if operation.opening.round != kept.dispatch.joint_round {
                return wrong("the centre counts other rounds");
            }
            let waits_for_tasks = operation.stage == Stage::Concluded && kept.dispatch.concluded.is_some();
            if operation.is_over() && !waits_for_tasks {
                return wrong("a centre has it, and its operation is over");
            }
            Ok(())
        }
        (Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) if is_over => Ok(()),
        (Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed, _) => {
            wrong("it is over or elsewhere, and its operation goes on")
        }
    }
}
