//! Nobody is stuck: wherever a case has been handed to, there is somebody who may let go whom it keeps, send away who cannot
//! decide, decide on what is sent back, and end it, by the table of who may what and the rules together.

use std::sync::Arc;

use charter::{Charter, Level, PartyKind};
use dispatch::domain::{Act, Action, Command, InForce, Phase, Plan, Stage, State, allowed_actions};
use dispatch::{above, may, terms};
use ids::Code;
use proto::common::v1::Role;
use triage::domain as judging;
use vocabulary::Outcome;

use crate::world::{By, Dice, World};

/// Walks for each district.
const WALKS: u64 = 60;
const STEPS: usize = 12;
/// Steps of the longest way to an end: whom two calls keep, their tasks, a new holder, its answer.
const WAY_MAX: usize = 80;

/// Whose tokens act for a unit.
fn roles(charter: &Charter, party: &Code) -> Vec<Role> {
    let Some(known) = charter.party(party.as_str()) else { return vec![] };
    match known.kind {
        PartyKind::Grid => vec![Role::Grid],
        PartyKind::Community => vec![Role::Community],
        PartyKind::Unit if charter.is_enforcement_centre(party) => vec![Role::EnforcementCenter],
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad => vec![Role::Street],
        PartyKind::Department => vec![Role::Department],
        // Its secretariat calls for it, and what is given to it is answered by its members.
        PartyKind::Group => vec![Role::District, Role::Department],
        PartyKind::District => vec![Role::District],
        PartyKind::External if known.responder => vec![Role::Department],
        PartyKind::External | PartyKind::City => vec![],
    }
}

/// Everybody with a desk who could have to do with it.
fn seats(charter: &Charter, state: &State) -> Vec<(Role, Code)> {
    let mut parties = state.concerned();
    parties.push(charter.district_centre().code.clone());
    let centres: Vec<Code> = parties.iter().map(|party| above::command_centre_of(charter, party)).collect();
    parties.extend(centres);
    parties.sort();
    parties.dedup();
    parties
        .into_iter()
        .flat_map(|party| roles(charter, &party).into_iter().map(move |role| (role, party.clone())))
        .collect()
}

/// What everybody is offered, and may ask for.
fn offered(world: &World, state: &State) -> Vec<(Role, Code, Action)> {
    let charter = &world.charter;
    let of_seat = |(role, party): (Role, Code)| {
        let asker = above::asker(charter, role, party.clone(), state, world.now);
        let actions = allowed_actions(state, &asker).into_iter().filter(move |action| may(action.act, role));
        actions.map(move |action| (role, party.clone(), action)).collect::<Vec<_>>()
    };
    seats(charter, state).into_iter().flat_map(of_seat).collect()
}

/// For each unit that a case keeps, somebody who can do each of what may become necessary.
fn everybody_can_be_let_go(state: &State, offered: &[(Role, Code, Action)]) -> Result<(), String> {
    for call in state.calls.iter().filter(|call| !call.ended) {
        for called in call.parties.iter().filter(|called| called.stage < Stage::Done) {
            let somebody = |act: Act| {
                let is = |action: &Action| {
                    action.act == act
                        && action.call == Some(call.number)
                        && action.party.as_ref() == Some(&called.party)
                };
                if offered.iter().any(|(_, _, action)| is(action)) {
                    Ok(())
                } else {
                    Err(format!("nobody can {act:?} {} of {call:?}", called.party))
                }
            };
            somebody(Act::Release)?;
            if called.stage == Stage::ReportedIn {
                somebody(Act::Disqualify)?;
            }
            if called.returned.as_ref().is_some_and(|returned| returned.pending) {
                somebody(Act::Adjudicate)?;
            }
        }
    }
    Ok(())
}

/// The next step on the way to an end that somebody is offered.
fn next_step(world: &World, state: &State, offered: &[(Role, Code, Action)]) -> Vec<Command> {
    let charter = &world.charter;
    let (now, rating_due) = (world.now, terms::rating_due(charter, world.now));
    let in_force = || InForce(Arc::clone(charter));
    let reason = || "到此为止".to_owned();
    let shown = || vec!["sha256:77d6".to_owned()];
    let mut steps = Vec::new();
    for (_, by, action) in offered {
        let by = by.clone();
        match (action.act, &action.party, action.task) {
            (Act::Release, Some(party), _) => {
                steps.push((0, Command::Release { by, party: party.clone(), reason: reason(), rating_due }));
            }
            (Act::CompleteTask, _, Some(task)) => {
                steps.push((1, Command::CompleteTask { by, task, note: reason(), evidence: shown(), now, rating_due }));
            }
            (Act::Resolve, ..) => {
                let (outcome, summary, evidence) = (Outcome::NotSolved, reason(), shown());
                steps.push((3, Command::Resolve { by, outcome, summary, evidence, rating_due }));
            }
            (Act::RecordCityDone, ..) => {
                let Some(city) = above::city(charter) else { continue };
                let (outcome, summary, evidence) = (Outcome::NotSolved, reason(), shown());
                steps.push((3, Command::CityDone { by, above: true, city, outcome, summary, evidence, rating_due }));
            }
            (Act::Admit, ..) => steps.push((4, Command::Admit { by, above: true, reason: reason() })),
            _ => {}
        }
    }
    // Whose work somebody else writes down.
    for task in state.tasks.iter().filter(|task| !task.done && !above::has_desk(charter, &task.party)) {
        let (by, note, evidence) = (task.party.clone(), reason(), shown());
        steps.push((2, Command::CompleteTask { by, task: task.number, note, evidence, now, rating_due }));
    }
    // What nobody can answer the district gives to somebody who can.
    let centre = charter.district_centre().code.clone();
    // B2 is B1 with a call.
    let level = state.matter.as_ref().map(|matter| if matter.level == Level::B2 { Level::B1 } else { matter.level });
    let others = charter.parties().iter().filter(|party| Some(above::level_of(party.kind)) == level);
    let has_desk = others.filter(|party| !roles(charter, &party.code).is_empty()).take(30);
    for other in has_desk {
        let (by, to, to_level) = (centre.clone(), other.code.clone(), above::level_of(other.kind));
        steps.push((
            5,
            Command::Assign { by, above_holder: true, to, to_level, reason: reason(), in_force: in_force() },
        ));
    }
    steps.sort_by_key(|(rank, _)| *rank);
    steps.into_iter().map(|(_, command)| command).collect()
}

/// A way to an end by what is offered alone.
fn has_an_end(world: &World, state: &State) -> Result<(), String> {
    use decider::Decider;
    let mut state = state.clone();
    for _ in 0..WAY_MAX {
        if state.phase != Phase::Open {
            return Ok(());
        }
        let matter = state.matter.as_ref().unwrap();
        // The centre ends what it has: see the walks, where it does.
        if matter.comprehensive && state.calls.iter().all(|call| call.ended) {
            let runs_it = world.charter.is_enforcement_centre(&matter.holder);
            return if runs_it { Ok(()) } else { Err(format!("{} cannot conclude {matter:?}", matter.holder)) };
        }
        let offered = offered(world, &state);
        everybody_can_be_let_go(&state, &offered)?;
        let taken = next_step(world, &state, &offered).into_iter().find_map(|command| {
            let events = dispatch::Rules::decide(&state, &command).ok()?;
            let taken = events.iter().any(|event| !event.is_refusal());
            taken.then_some(events)
        });
        let Some(events) = taken else { return Err(format!("stuck: {state:?}\noffered {offered:?}")) };
        state = events.iter().fold(state, dispatch::Rules::evolve);
    }
    Err(format!("no end: {state:?}"))
}

/// Whatever was handed on goes back to where it was judged to, by the same judgement of who is above.
fn can_be_given_back(world: &World, case: usize) -> Result<(), String> {
    use decider::Decider;
    let known = &world.cases[case];
    let (judging::State::Judged { judgement, .. }, Some(matter)) = (&known.triage, &known.dispatch.matter) else {
        return Ok(());
    };
    let waits = matter.graded_by < world.judged(case);
    if known.dispatch.phase != Phase::Open || waits || matter.holder == judgement.party {
        return Ok(());
    }
    let (by, judgement, reason) = (judging::Seat::District, judgement.clone(), "请自行办理".to_owned());
    let back = judging::Command::Regrade { by, judgement, reason, standing: world.standing(case) };
    triage::Rules::decide(&known.triage, &back).map(drop).map_err(|refusal| format!("{refusal}: {matter:?}"))
}

/// Any unit of the charter, each kind as likely as another.
fn anybody(world: &World, dice: &mut Dice) -> Code {
    const KINDS: [PartyKind; 10] = [
        PartyKind::Grid,
        PartyKind::Community,
        PartyKind::Street,
        PartyKind::Unit,
        PartyKind::Squad,
        PartyKind::Department,
        PartyKind::Group,
        PartyKind::District,
        PartyKind::External,
        PartyKind::City,
    ];
    let of_kind: Vec<&Code> =
        world.charter.find_parties(KINDS[dice.below(KINDS.len())]).map(|party| &party.code).collect();
    dice.pick(&of_kind).map_or_else(|| world.charter.district_centre().code.clone(), |code| (*code).clone())
}

/// Judged to be anybody's.
fn judge(world: &mut World, case: usize, dice: &mut Dice) {
    let charter = Arc::clone(&world.charter);
    let party = anybody(world, dice);
    let category = charter.categories()[dice.below(charter.categories().len())].code.clone();
    let level = above::level_of(charter.party(party.as_str()).unwrap().kind);
    let judgement = judging::Judgement {
        category,
        also: vec![],
        level,
        comprehensive: dice.one_in(3),
        situation: None,
        colour: None,
        party,
        proof: judging::Proof::default(),
    };
    let by = By::Desk(Role::District, charter.district_centre().code.to_string());
    let reason = "有理由".to_owned();
    let judged = matches!(world.cases[case].triage, judging::State::Judged { .. });
    let command = match judged {
        true => {
            judging::Command::Regrade { by: judging::Seat::District, judgement, reason, standing: world.standing(case) }
        }
        false => judging::Command::Judge { judgement, reason },
    };
    drop(world.triage(case, &by, &command));
    world.settle(dice);
}

/// Handed on to anybody that the rules take, up, down or sideways; or a task for them.
fn hand_on(world: &mut World, case: usize, dice: &mut Dice) {
    let charter = Arc::clone(&world.charter);
    let Some(matter) = world.cases[case].dispatch.matter.clone() else { return };
    let to = anybody(world, dice);
    let to_level = above::level_of(charter.party(to.as_str()).unwrap().kind);
    let (centre, reason) = (charter.district_centre().code.clone(), "有理由".to_owned());
    let (now, in_force) = (world.now, InForce(Arc::clone(&charter)));
    let dice_is_high = dice.one_in(2);
    let command = match dice.below(4) {
        0 => Command::Assign { by: centre, above_holder: true, to, to_level, reason, in_force },
        // One level up, or to a special group: the door knows nobody else.
        1 => {
            let (above, above_level) = above::above(&charter, &matter.holder);
            let group = dice.pick(charter.groups()).filter(|_| dice_is_high);
            let (to, to_level) =
                group.map_or((above.code.clone(), above_level), |group| (group.code.clone(), Level::C));
            Command::Escalate { by: matter.holder, to, to_level, reason, judged: world.judged(case) }
        }
        2 => {
            let task = Plan { party: to, title: reason, due: None, after: vec![], root_cause: false };
            Command::PlanTasks { by: matter.holder, tasks: vec![task], now, in_force }
        }
        _ => {
            let mut whistle = world.whistle(&matter.holder, dice);
            if whistle.special.is_none() && !above::is_command_centre(&charter, &matter.holder) {
                return;
            }
            whistle.note.clear();
            Command::Call { whistle: Box::new(whistle) }
        }
    };
    drop(world.dispatch(case, &By::Desk(Role::District, String::new()), &command));
}

#[test]
fn what_was_passed_up_goes_back_by_the_judgement_it_had() {
    let charter = Arc::new(Charter::shipped("wuchang").unwrap());
    let mut world = World::new(&charter, None);
    let case = world.submit(None);
    world.settle(&mut Dice(1));
    judge(&mut world, case, &mut Dice(3));
    let judging::State::Judged { judgement, .. } = world.cases[case].triage.clone() else { panic!("not judged") };
    let holder = |world: &World| world.cases[case].dispatch.matter.clone().unwrap();
    let first = holder(&world);
    let (by, to, judged) = (first.holder.clone(), charter.district_centre().code.clone(), world.judged(case));
    let escalate = Command::Escalate { by, to, to_level: Level::C, reason: "协调不了".to_owned(), judged };
    world.dispatch(case, &By::Desk(Role::Street, first.holder.to_string()), &escalate).unwrap();
    let again = |by, standing| judging::Command::Regrade {
        by,
        judgement: judgement.clone(),
        reason: "请自行办理".to_owned(),
        standing,
    };
    let (street, district) =
        (By::Desk(Role::Street, first.holder.to_string()), By::Desk(Role::District, String::new()));
    let standing = world.standing(case);
    let taken = world.triage(case, &street, &again(judging::Seat::Street { own: true }, standing));
    assert_eq!(taken, Err(judging::Refusal::NotAbove));
    world.triage(case, &district, &again(judging::Seat::District, standing)).unwrap();
    world.settle(&mut Dice(5));
    assert_eq!((holder(&world).holder, holder(&world).level), (first.holder, first.level));
    let nothing = again(judging::Seat::District, world.standing(case));
    assert_eq!(world.triage(case, &district, &nothing), Err(judging::Refusal::SameJudgement));
}

#[test]
fn wherever_it_was_handed_to_somebody_can_end_it() {
    for district in ["wuchang", "jiangan", "heping"] {
        let charter = Arc::new(Charter::shipped(district).unwrap());
        for seed in 0..WALKS {
            let mut dice = Dice(seed);
            let mut world = World::new(&charter, None);
            let case = world.submit(None);
            world.settle(&mut dice);
            judge(&mut world, case, &mut dice);
            for step in 0..STEPS {
                match dice.below(10) {
                    0 => judge(&mut world, case, &mut dice),
                    1..=4 => hand_on(&mut world, case, &mut dice),
                    _ => world.ask_dispatch(&mut dice),
                }
                let state = &world.cases[case].dispatch;
                if let Err(what) = has_an_end(&world, state).and_then(|()| can_be_given_back(&world, case)) {
                    panic!("{district}, walk {seed}, step {step}: {what}");
                }
            }
        }
    }
}
