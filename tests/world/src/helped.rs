//! A caller who is helped otherwise (S6), in two cases that hear of each other by their facts alone: the walks, and what has to
//! hold of them. Nobody is asked how a case was while the help goes on, and everybody is when it is over.

use std::sync::Arc;

use charter::Charter;
use decider::Decider;
use dispatch::domain::{Asking, Command, Event, Phase};
use dispatch::help::{Standing, standing};
use dispatch::terms;
use evaluation::domain as evaluating;
use ids::Owner;
use intake::domain as taking;
use proto::common::v1::Role;
use record::Aggregate;
use triage::domain as judging;
use vocabulary::Outcome;

use crate::actors::{a_while, caller_of};
use crate::after_the_end::{STREET, judge, related, shown, to_the_street};
use crate::checks::{Found, Watch, wrong};
use crate::world::{By, Dice, World, code};

/// So many walks without a mistake find nothing.
const WALKS: u64 = 150;
const STEPS: usize = 60;

/// At rest: whoever waits has somebody to wait for, and nobody is asked meanwhile.
pub fn waits_for_somebody(world: &World, case: usize) -> Found {
    let kept = &world.cases[case];
    for help in kept.dispatch.helps.iter().filter(|help| !help.ended && kept.dispatch.phase != Phase::Closed) {
        let Some(id) = help.case else { return wrong(format!("{} was never taken in", help.reference)) };
        if world.help_is_over(case, &help.reference, world.number_of(id)) {
            return wrong(format!("{} is over, and nobody has said so", help.reference));
        }
    }
    if kept.dispatch.waits_for_help() {
        if kept.dispatch.helps.iter().all(|help| help.ended) {
            return wrong("it waits for help, and there is none under way");
        }
        if kept.evaluation.round.as_ref().is_some_and(|round| round.asked.round == kept.dispatch.rounds) {
            return wrong("it waits for help, and somebody is asked how it was");
        }
    }
    opened_once(&world.history(case, Owner::Dispatch))
}

/// What can be rated is so once, and by then nobody is asked.
#[allow(clippy::wildcard_enum_match_arm, reason = "only what is counted here is of interest")]
fn opened_once(history: &[record::StoredCommit]) -> Found {
    let mut waits = false;
    for fact in history.iter().flat_map(|stored| stored.commit.facts()) {
        match dispatch::Rules::from_wire(fact).unwrap() {
            Event::Resolved(resolution) => waits = matches!(resolution.asking, Asking::AfterHelp(_)),
            Event::Reopened { .. } => waits = false,
            Event::RatingOpened { .. } if !std::mem::take(&mut waits) => {
                return wrong("it can be rated twice, or what is not answered can");
            }
            Event::Closed { .. } if waits => {
                let left = history.iter().flat_map(|stored| stored.commit.facts()).any(|fact| {
                    matches!(
                        dispatch::Rules::from_wire(fact).unwrap(),
                        Event::Closed { reason: dispatch::domain::CloseReason::Excluded, .. }
                    )
                });
                return if left { Ok(()) } else { wrong("closed, and nobody was asked") };
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the last answer was opened again, or still waits, before anybody was asked about it.
pub fn nobody_was_asked(events: &[Event]) -> bool {
    let mut asked = true;
    for event in events {
        if let Event::Resolved(resolution) = event {
            asked = matches!(resolution.asking, Asking::Until(_));
        } else if let Event::RatingOpened { .. } = event {
            asked = true;
        }
    }
    !asked && !events.iter().any(|event| matches!(event, Event::Closed { .. }))
}

impl World {
    fn help_is_over(&self, case: usize, reference: &str, helping: usize) -> bool {
        let helped = dispatch::domain::Helped { case: self.cases[case].id, reference: reference.to_owned() };
        let mut helping = helping;
        loop {
            match standing(&self.cases[helping].dispatch, &helped, &self.history(helping, Owner::Intake)).unwrap() {
                Standing::UnderWay => return false,
                Standing::Over => return true,
                Standing::GoesOnIn(into) => helping = self.number_of(into),
            }
        }
    }

    fn begin_help(&mut self, case: usize) {
        let (by, help_until) = (code(STREET), Some(terms::help_until(&self.charter, self.now)));
        let spawn = Command::SpawnRelated { by, related: related(), help_until };
        drop(self.dispatch(case, &By::Desk(Role::Street, STREET.to_owned()), &spawn));
    }

    fn answer_it(&mut self, case: usize) {
        let (by, outcome, summary) = (code(STREET), Outcome::Explained, "人均收入高于低保线".to_owned());
        let rating_due = terms::rating_due(&self.charter, self.now);
        let resolve = Command::Resolve { by, outcome, summary, evidence: shown(), rating_due };
        drop(self.dispatch(case, &By::Desk(Role::Street, STREET.to_owned()), &resolve));
    }

    fn judge_it(&mut self, case: usize) {
        if let judging::State::Waiting { .. } = self.cases[case].triage {
            let judge = judging::Command::Judge { judgement: to_the_street(self), reason: "街道".to_owned() };
            drop(self.triage(case, &By::Desk(Role::Street, STREET.to_owned()), &judge));
        }
    }

    fn open_again(&mut self, case: usize) {
        let reopen = Command::Reopen { reason: "没有".to_owned(), terms: terms::general(&self.charter, self.now) };
        drop(self.dispatch(case, &By::Desk(Role::Street, STREET.to_owned()), &reopen));
    }

    fn take_back(&mut self, case: usize) {
        let (reason, course, gone) = ("不用了".to_owned(), self.course(case), self.gone(case));
        drop(self.intake(
            case,
            &By::Desk(Role::Caller, caller_of(case)),
            &taking::Command::Withdraw { reason, course, gone },
        ));
    }

    fn leave_out(&mut self, case: usize) {
        let (reason, course, gone) = ("误报".to_owned(), self.course(case), self.gone(case));
        let propose = taking::Command::ProposeExclusion { reason, by: "s-1".to_owned(), course, gone: gone.clone() };
        let by = By::Desk(Role::District, String::new());
        drop(self.intake(case, &by, &propose));
        drop(self.intake(case, &by, &taking::Command::ApproveExclusion { by: "s-2".to_owned(), course, gone }));
    }

    fn merge_into(&mut self, later: usize, into: usize) {
        let (earlier, course) = (self.cases[into].id, self.course(into));
        if intake::merging::may_join(earlier, course, self.course(later)).is_err() {
            return;
        }
        let into_received_at = self.cases[into].intake.received.as_ref().unwrap().received_at;
        let link = taking::Command::Link { into: earlier, reason: "同一件事".to_owned(), into_received_at };
        if intake::Rules::decide(&self.cases[later].intake, &link).is_err() {
            return;
        }
        let callers = self.cases[later].intake.callers(self.cases[later].id, None, "同一件事");
        let by = By::Desk(Role::Street, STREET.to_owned());
        if self.intake(into, &by, &taking::Command::Join { case: earlier, callers }).is_ok() {
            drop(self.intake(later, &by, &link));
        }
    }
}

/// A case of the street, and another one that a third can become part of.
fn two_open() -> World {
    let charter = Arc::new(Charter::shipped("wuchang").unwrap());
    let mut world = World::new(&charter, None);
    for _ in 0..2 {
        world.pass(1);
        let case = world.submit(None);
        judge(&mut world, case);
    }
    world
}

fn asking(world: &World, case: usize) -> Option<Asking> {
    if let Phase::Resolved { asking, .. } = world.cases[case].dispatch.phase { Some(asking) } else { None }
}

/// Answered while somebody is helped; the case that helps is the third.
pub fn answered_meanwhile() -> World {
    let mut world = two_open();
    world.begin_help(1);
    world.settle(&mut Dice(1));
    judge(&mut world, 2);
    world.answer_it(1);
    world.settle(&mut Dice(2));
    assert!(matches!(asking(&world, 1), Some(Asking::AfterHelp(_))), "{:?}", world.cases[1].dispatch.phase);
    assert!(world.cases[1].evaluation.round.is_none(), "nobody is asked yet");
    world
}

/// The same when the help is over.
pub fn asked_at_last() -> World {
    let mut world = answered_meanwhile();
    world.answer_it(2);
    world.settle(&mut Dice(3));
    world
}

fn is_asked(world: &World, case: usize) -> bool {
    let asked = |state: &evaluating::State| state.round.as_ref().is_some_and(evaluating::Round::waits);
    matches!(asking(world, case), Some(Asking::Until(_))) && asked(&world.cases[case].evaluation)
}

#[test]
fn whoever_is_helped_is_asked_when_that_is_answered_withdrawn_or_left_out() {
    for end in [World::answer_it as fn(&mut World, usize), World::take_back, World::leave_out] {
        let mut world = answered_meanwhile();
        end(&mut world, 2);
        world.settle(&mut Dice(3));
        assert!(is_asked(&world, 1), "{:?}", world.cases[1].dispatch);
        // Everything is followed once more, and nothing comes of it.
        let recorded = world.record.len();
        for position in 0..recorded {
            world.follow(Owner::Dispatch, position);
        }
        assert_eq!(world.record.len(), recorded);
        // What helped comes back: whoever was asked stays asked.
        world.open_again(2);
        world.settle(&mut Dice(4));
        assert!(is_asked(&world, 1));
    }
}

#[test]
fn help_goes_on_in_what_it_has_become_part_of() {
    let mut world = answered_meanwhile();
    world.merge_into(2, 0);
    world.settle(&mut Dice(3));
    assert_eq!(world.cases[2].dispatch.phase, Phase::Closed);
    assert!(!is_asked(&world, 1), "it goes on in another");
    world.answer_it(0);
    world.settle(&mut Dice(4));
    assert!(is_asked(&world, 1));
    // Part of the very case whose caller it helps, it is over.
    let mut world = two_open();
    world.begin_help(1);
    world.settle(&mut Dice(1));
    judge(&mut world, 2);
    world.merge_into(2, 1);
    world.settle(&mut Dice(3));
    assert!(world.cases[1].dispatch.helps.iter().all(|help| help.ended));
}

#[test]
fn help_that_is_over_before_anybody_looks_is_found_over() {
    let mut world = two_open();
    world.begin_help(1);
    world.answer_it(1);
    // Dispatch has not followed itself yet: it takes the help in when the helping case has gone already.
    assert!(asking(&world, 1).is_some_and(|asking| matches!(asking, Asking::AfterHelp(_))));
    let position = world.record.len() - 2;
    world.follow(Owner::Dispatch, position);
    world.take_back(2);
    world.settle(&mut Dice(5));
    assert!(is_asked(&world, 1));
}

#[test]
fn nobody_waits_longer_than_the_charter_says() {
    let mut world = answered_meanwhile();
    world.pass(90 * 24 * 60);
    world.settle(&mut Dice(6));
    assert!(is_asked(&world, 1), "{:?}", world.cases[1].dispatch.phase);
    assert!(!world.cases[2].dispatch.is_over(), "it is still under way");
}

#[test]
fn whatever_comes_between_whoever_is_helped_is_asked_once_and_not_before() {
    for seed in 0..WALKS {
        walk(seed).unwrap_or_else(|what| panic!("walk {seed}: {what}"));
    }
}

fn walk(seed: u64) -> Found {
    let (mut world, mut dice, mut watch) = (two_open(), Dice(seed), Watch::default());
    world.begin_help(1);
    for _ in 0..STEPS {
        let case = dice.below(world.cases.len());
        match dice.below(32) {
            0..=14 => world.follow_one(&mut dice),
            15 => drop(world.ring_one(&mut dice)),
            16 => world.restart(&mut dice),
            17 => world.away = if world.away.is_some() { None } else { dice.pick(&Owner::ALL).copied() },
            18 | 19 => world.now += a_while(&mut dice),
            20 if world.cases.len() < 6 => world.begin_help(case),
            21..=24 => world.answer_it(case),
            25 => world.open_again(case),
            26 => world.take_back(case),
            27 => world.leave_out(case),
            28 if case > 0 => world.merge_into(case, dice.below(case)),
            29 => world.ask_evaluation(&mut dice),
            _ => world.judge_it(case),
        }
        watch.look(&world)?;
    }
    world.finish(&mut dice, &mut watch)
}
