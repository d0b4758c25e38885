//! Walks through everything that can happen at once, and that they find mistakes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use charter::{Charter, Level, PartyKind};
use dispatch::domain::Command;
use ids::{Code, Owner};
use proto::common::v1::Role;
use triage::domain as judging;

use crate::actors::{self, Pending, a_while};
use crate::after_the_end::{Over, end, over};
use crate::checks::Watch;
use crate::facts;
use crate::mutation::Mutation;
use crate::world::{By, Dice, World};

/// So many walks without a mistake find nothing, and within as many each mistake is found.
const WALKS: u64 = 600;
const STEPS: usize = 150;
const CASES: usize = 3;

static WUCHANG: LazyLock<Arc<Charter>> = LazyLock::new(|| Arc::new(Charter::shipped("wuchang").unwrap()));
static JIANGAN: LazyLock<Arc<Charter>> = LazyLock::new(|| Arc::new(Charter::shipped("jiangan").unwrap()));

/// What a walk has more of than others: some things are seldom together.
#[derive(Clone, Copy, Debug)]
enum Focus {
    Everything,
    /// People take back, merge and leave out.
    Callers,
    /// It is answered, and rated in time or not, while somebody is away.
    Ratings,
    JointOperations,
    /// A special group calls, and departments send back.
    Groups,
}

const FOCUSES: [Focus; 5] = [Focus::Everything, Focus::Callers, Focus::Ratings, Focus::JointOperations, Focus::Groups];

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Follow,
    Ring,
    Answer,
    Intake,
    Triage,
    Dispatch,
    Centre,
    Evaluation,
    Restart,
    /// Somebody's process is down, or up again.
    Away,
    AWhile,
    /// Something runs out, and other things happen before its clock rings.
    Jump,
}

impl Focus {
    /// How often each thing happens.
    const fn weights(self) -> [(Next, usize); 12] {
        let [follow, ring, answer, intake, triage, dispatch, centre, evaluation, restart, away, a_while, until_next] =
            match self {
                Self::Everything => [43, 5, 9, 6, 4, 20, 4, 3, 2, 1, 2, 2],
                Self::Callers => [40, 3, 18, 24, 3, 10, 0, 6, 2, 1, 1, 1],
                Self::Ratings => [22, 6, 6, 4, 1, 6, 0, 22, 4, 12, 6, 6],
                Self::JointOperations => [38, 3, 4, 1, 4, 8, 16, 12, 12, 1, 1, 0],
                Self::Groups => [36, 4, 5, 1, 1, 46, 0, 1, 2, 0, 1, 1],
            };
        [
            (Next::Follow, follow),
            (Next::Ring, ring),
            (Next::Answer, answer),
            (Next::Intake, intake),
            (Next::Triage, triage),
            (Next::Dispatch, dispatch),
            (Next::Centre, centre),
            (Next::Evaluation, evaluation),
            (Next::Restart, restart),
            (Next::Away, away),
            (Next::AWhile, a_while),
            (Next::Jump, until_next),
        ]
    }

    fn next(self, dice: &mut Dice) -> Next {
        let weights = self.weights();
        let mut number = dice.below(weights.iter().map(|(_, weight)| weight).sum());
        for (next, weight) in weights {
            if number < weight {
                return next;
            }
            number -= weight;
        }
        Next::Follow
    }

    /// Where it begins.
    fn world(self) -> World {
        match self {
            Self::Everything | Self::Callers => World::new(&WUCHANG, None),
            Self::Ratings => {
                let (mut world, _) = over(Over::Answered);
                for _ in 0..2 {
                    end(&mut world, Over::Answered);
                }
                world
            }
            Self::JointOperations => facts::joint().0,
            Self::Groups => with_a_group(),
        }
    }
}

/// A hard case that a street handed up to a special group, which this district has.
fn with_a_group() -> World {
    let mut world = World::new(&JIANGAN, None);
    let case = world.submit(None);
    world.settle(&mut Dice(1));
    let street = JIANGAN.find_parties(PartyKind::Street).next().unwrap();
    let centre = JIANGAN.unit_of(&street.code, "command-centre").unwrap().code.clone();
    let judgement = judging::Judgement {
        category: JIANGAN.categories()[0].code.clone(),
        also: vec![],
        level: Level::B1,
        comprehensive: false,
        situation: None,
        colour: None,
        party: centre.clone(),
        proof: judging::Proof::default(),
    };
    let (by, reason) = (By::Desk(Role::Street, centre.to_string()), "街道".to_owned());
    world.triage(case, &by, &judging::Command::Judge { judgement, reason }).unwrap();
    world.settle(&mut Dice(2));
    let (to, reason) = (JIANGAN.groups()[0].code.clone(), "街道协调不了".to_owned());
    let escalate = Command::Escalate { by: centre, to, to_level: Level::C, reason, judged: world.judged(case) };
    world.dispatch(case, &by, &escalate).unwrap();
    world
}

/// One walk, the same for the same seed.
///
/// # Errors
/// Something does not hold.
fn walk(seed: u64, mutation: Option<Mutation>) -> Result<(), String> {
    let mut dice = Dice(seed);
    let focus = FOCUSES[usize::try_from(seed).unwrap() % FOCUSES.len()];
    let mut world = focus.world();
    world.mutation = mutation;
    let known = actors::categories(&world);
    let mut watch = Watch::default();
    let mut pending = Vec::new();
    for _ in 0..STEPS {
        step(&mut world, focus, &mut dice, &known, &mut pending);
        watch.look(&world)?;
        if dice.one_in(40) {
            world.settle(&mut dice);
            watch.at_rest(&mut world)?;
        }
    }
    while !pending.is_empty() {
        world.answer_one(&mut dice, &mut pending);
    }
    world.finish(&mut dice, &mut watch)
}

fn step(world: &mut World, focus: Focus, dice: &mut Dice, known: &[Code], pending: &mut Vec<Pending>) {
    if world.cases.is_empty() || world.cases.len() < CASES && dice.one_in(30) {
        let hint = (!dice.one_in(5)).then(|| known[dice.below(known.len())].clone());
        world.pass(1);
        world.submit(hint.as_ref());
        return;
    }
    match focus.next(dice) {
        Next::Follow => world.follow_one(dice),
        Next::Ring => drop(world.ring_one(dice)),
        Next::Answer => world.answer_one(dice, pending),
        Next::Intake => world.ask_intake(dice, pending),
        Next::Triage => world.ask_triage(dice, known, pending),
        Next::Dispatch => world.ask_dispatch(dice),
        Next::Centre => world.ask_centre(dice),
        Next::Evaluation => world.ask_evaluation(dice),
        Next::Restart => world.restart(dice),
        Next::Away if world.away.is_some() => world.away = None,
        // Whoever ends what is answered is the one to miss then.
        Next::Away => world.away = if dice.one_in(2) { Some(Owner::Dispatch) } else { dice.pick(&Owner::ALL).copied() },
        Next::AWhile => world.now += a_while(dice),
        Next::Jump => world.pass(world.until_next().unwrap_or(60)),
    }
}

/// What a walk leaves on the record, whatever it is.
pub fn walked(seed: u64) -> World {
    let mut dice = Dice(seed);
    let focus = FOCUSES[usize::try_from(seed).unwrap() % FOCUSES.len()];
    let mut world = focus.world();
    let known = actors::categories(&world);
    let mut pending = Vec::new();
    for _ in 0..STEPS {
        step(&mut world, focus, &mut dice, &known, &mut pending);
    }
    world.settle(&mut dice);
    world
}

/// What was found by a walk with a mistake in it: that something does not hold, or that the rules themselves do not bear it.
fn finds(seed: u64, mutation: Mutation) -> bool {
    catch_unwind(AssertUnwindSafe(|| walk(seed, Some(mutation)))).map_or(true, |walked| walked.is_err())
}

#[test]
fn nothing_falls_between_two_owners() {
    for seed in 0..WALKS {
        if let Err(what) = walk(seed, None) {
            panic!("walk {seed}: {what}");
        }
    }
}

#[test]
fn every_mistake_is_found() {
    let found: Vec<(Mutation, Option<u64>)> =
        Mutation::ALL.into_iter().map(|mutation| (mutation, (0..WALKS).find(|seed| finds(*seed, mutation)))).collect();
    let missed: Vec<&(Mutation, Option<u64>)> = found.iter().filter(|(_, seed)| seed.is_none()).collect();
    assert!(missed.is_empty(), "walked past {missed:?}\nof {found:?}");
}
